#include "demo.h"

#include <stdio.h>

#include "demo_entities.h"
#include "demo_plan.h"
#include "demo_truth.h"
#include "encode.h"
#include "grant.h"
#include "id_link.h"
#include "person.h"
#include "service_account.h"
#include "store.h"
#include "vault_call.h"
#include "view_row.h"

/* A chunk of citizens goes through three moments: over a year ago they joined and gave grants that
 * have run out since; a month ago they gave today's; yesterday some withdrew. Each moment is one
 * commit. */
#define CHUNK 20
#define CHUNK_ARENA_BYTES ((size_t)64 << 20)
/* Citizens after which the store is asked to tidy: each commit has a snapshot open. */
#define CHECKPOINT_EVERY 1000
#define DAY_US (86400 * CLOCK_SECOND_US)
#define JOINED_AGO_US (400 * DAY_US)
#define EXPIRED_AFTER_US (180 * DAY_US)
#define GAVE_AGO_US (30 * DAY_US)
#define WITHDREW_AGO_US (1 * DAY_US)
#define COMMIT_TIMEOUT_US (60 * CLOCK_SECOND_US)

typedef struct DemoLoad {
    const VaultCore *core;
    const PurposeRegistry *purposes;
    const DemoOptions *options;
    DemoTruth *truth; /* NULL: not asked for */
    int64_t started_us;
} DemoLoad;

typedef struct DemoCitizen {
    DemoPlan plan;
    uint8_t subject[SUBJECT_ID_BYTES];
    DemoGrants grants;
} DemoCitizen;

/* One moment in the life of a chunk. */
typedef struct DemoMoment {
    VaultCall call;
    StoreBatch *batch;
    ViewRowWork *rows;
} DemoMoment;

/* The rows remember the call, so the moment is filled where it lives. */
static Error moment_open(const DemoLoad *load, Arena *arena, int64_t ago_us, DemoMoment *moment)
{
    Deadline deadline = deadline_in(load->core->ports->clock, COMMIT_TIMEOUT_US);
    TRY(vault_call_open(load->core, arena, STR(""), deadline, &moment->call));
    moment->call.now_us = load->started_us - ago_us;
    moment->batch = store_batch_in(arena);
    moment->rows = view_row_work_in(&moment->call);
    if (moment->batch == NULL || moment->rows == NULL) {
        vault_call_close(&moment->call);
        return arena_failure(arena);
    }
    return OK;
}

static Error moment_commit(const DemoLoad *load, DemoMoment *moment)
{
    TRY(view_row_work_finish(moment->rows, moment->batch));
    if (store_batch_count(moment->batch) == 0) {
        return OK;
    }
    return store_commit(load->core->store, moment->batch, moment->call.deadline, NULL);
}

static bool is_given_at(DemoConsent consent, bool is_first_moment)
{
    bool is_expired = consent == DEMO_CONSENT_EXPIRED;
    return consent != DEMO_CONSENT_NONE && is_expired == is_first_moment;
}

/* Whoever only needs to know a citizen's name does not get to change it: that is for the portal. */
static unsigned operations_for(DemoService service, const PurposeType *type)
{
    bool is_reader = service != DEMO_LINE_PORTAL && str_eq(type->type, STR("Person"));
    return is_reader ? type->operations & ~(unsigned)CONSENT_WRITE : type->operations;
}

static Error give(const DemoLoad *load, DemoMoment *moment, DemoCitizen *citizen, Subject *subject,
                  DemoService service)
{
    const DemoServiceFacts *facts = demo_service(service);
    const Purpose *purpose = purpose_find(load->purposes, facts->purpose);
    ENSURE(purpose != NULL, PURPOSE_UNKNOWN, "demo");
    DemoConsent consent = citizen->plan.consent[service];
    for (size_t t = 0; t < purpose->type_count; t++) {
        const PurposeType *type = &purpose->types[t];
        GrantRequest request = {.recipient = facts->client_id,
                                .purpose = facts->purpose,
                                .type = type->type,
                                .operations = operations_for(service, type),
                                .collection_method = STR("line"),
                                .valid_until_us = consent == DEMO_CONSENT_EXPIRED
                                                      ? load->started_us - 2 * GAVE_AGO_US
                                                      : 0};
        size_t step = consent == DEMO_CONSENT_PARTIAL ? 2 : 1;
        ConsentAttribute *attributes =
            ARENA_MANY(moment->call.arena, ConsentAttribute, type->attributes.count);
        ENSURE_ALLOC(attributes, moment->call.arena);
        for (size_t a = 0; a < type->attributes.count; a += step) {
            attributes[request.attribute_count++].name = type->attributes.items[a];
        }
        request.attributes = attributes;
        Grant grant = {0};
        TRY(grant_give(&moment->call, load->purposes, subject, moment->batch, moment->rows,
                       &request, &grant));
        TRY(demo_grants_add(&citizen->grants, &grant, consent));
    }
    return OK;
}

static Error give_all(const DemoLoad *load, DemoMoment *moment, DemoCitizen *citizen,
                      Subject *subject, bool is_first_moment)
{
    for (unsigned s = 0; s < DEMO_SERVICE_COUNT_; s++) {
        if (is_given_at(citizen->plan.consent[s], is_first_moment)) {
            TRY(give(load, moment, citizen, subject, (DemoService)s));
        }
    }
    return OK;
}

static Error link_all(DemoMoment *moment, const DemoPlan *plan, Subject *subject)
{
    LinkProof proof = {.method = STR("demo"),
                       .citizen_at_us = moment->call.now_us,
                       .service_at_us = moment->call.now_us};
    for (unsigned s = 0; s < DEMO_SERVICE_COUNT_; s++) {
        if (plan->is_linked[s]) {
            TRY(id_link_add(&moment->call, moment->batch, subject,
                            demo_service((DemoService)s)->client_id, str_from(plan->user_id[s]),
                            &proof));
        }
    }
    return OK;
}

static Error join(const DemoLoad *load, DemoMoment *moment, DemoCitizen *citizen,
                  Subject *ret_subject)
{
    TRY(person_create(&moment->call, moment->batch, ret_subject));
    for (size_t i = 0; i < SUBJECT_ID_BYTES; i++) {
        citizen->subject[i] = ret_subject->id[i];
    }
    TRY(link_all(moment, &citizen->plan, ret_subject));
    TRY(demo_entities_add(&moment->call, moment->batch, ret_subject, &citizen->plan, load->truth));
    return give_all(load, moment, citizen, ret_subject, true);
}

/* All keys stay on loan until the rows of the moment are finished. */
static Error chunk_join(const DemoLoad *load, Arena *arena, DemoCitizen *citizens, size_t count)
{
    DemoMoment moment = {0};
    Subject subjects[CHUNK] = {0};
    TRY(moment_open(load, arena, JOINED_AGO_US, &moment));
    Error outcome = OK;
    for (size_t i = 0; i < count && !FAILED(outcome); i++) {
        outcome = join(load, &moment, &citizens[i], &subjects[i]);
    }
    if (!FAILED(outcome)) {
        outcome = moment_commit(load, &moment);
    }
    subjects_done(subjects, count);
    vault_call_close(&moment.call);
    return outcome;
}

static Error withdraw_all(DemoMoment *moment, DemoCitizen *citizen, Subject *subject)
{
    for (size_t g = 0; g < citizen->grants.count; g++) {
        if (citizen->grants.items[g].consent == DEMO_CONSENT_WITHDRAWN) {
            Grant grant = {0};
            TRY(grant_withdraw(&moment->call, subject, moment->batch, moment->rows,
                               str_from(citizen->grants.items[g].id), STR("使わなくなったため"),
                               &grant));
        }
    }
    return OK;
}

static Error chunk_later(const DemoLoad *load, Arena *arena, DemoCitizen *citizens, size_t count,
                         bool is_withdrawal)
{
    DemoMoment moment = {0};
    Subject subjects[CHUNK] = {0};
    TRY(moment_open(load, arena, is_withdrawal ? WITHDREW_AGO_US : GAVE_AGO_US, &moment));
    Error outcome = OK;
    for (size_t i = 0; i < count && !FAILED(outcome); i++) {
        outcome = subject_load(&moment.call, citizens[i].subject, &subjects[i]);
        if (!FAILED(outcome)) {
            outcome = is_withdrawal ? withdraw_all(&moment, &citizens[i], &subjects[i])
                                    : give_all(load, &moment, &citizens[i], &subjects[i], false);
        }
    }
    if (!FAILED(outcome)) {
        outcome = moment_commit(load, &moment);
    }
    subjects_done(subjects, count);
    vault_call_close(&moment.call);
    return outcome;
}

static Error load_chunk(const DemoLoad *load, int64_t first, size_t count)
{
    CLEANUP(arena_free) Arena *arena = arena_new_sensitive(CHUNK_ARENA_BYTES);
    ENSURE(arena != NULL, OUT_OF_MEMORY, NULL);
    DemoCitizen *citizens = ARENA_MANY(arena, DemoCitizen, count);
    ENSURE_ALLOC(citizens, arena);
    for (size_t i = 0; i < count; i++) {
        citizens[i].plan =
            demo_plan_for(load->options->seed, first + (int64_t)i, load->options->consenting);
    }
    TRY(chunk_join(load, arena, citizens, count));
    TRY(chunk_later(load, arena, citizens, count, false));
    TRY(chunk_later(load, arena, citizens, count, true));
    for (size_t i = 0; i < count && load->truth != NULL; i++) {
        demo_truth_grants(load->truth, &citizens[i].plan, &citizens[i].grants);
    }
    return OK;
}

static Error register_service(const DemoLoad *load, DemoService service)
{
    CLEANUP(arena_free) Arena *arena = arena_new_sensitive(ARENA_REQUEST_BYTES);
    ENSURE(arena != NULL, OUT_OF_MEMORY, NULL);
    static const Str HERE[] = {STR_INIT("127.0.0.0/8"), STR_INIT("::1"), STR_INIT("unix")};
    const DemoServiceFacts *facts = demo_service(service);
    const Str path[] = {str_from(load->options->service_keys_folder), STR("/"), facts->client_id,
                        STR(".jwks.json")};
    Str path_text = STR_EMPTY;
    TRY(str_join_in(arena, path, 4, &path_text));
    ServiceAccount account = {.client_id = facts->client_id,
                              .name_ja = facts->name_ja,
                              .purposes = {.items = &facts->purpose, .count = 1},
                              .allow_from = {.items = HERE, .count = 3}};
    TRY(file_read_in(load->core->ports->file, arena, str_z(arena, path_text), 65536,
                     &account.jwks));
    VaultCall call = {0};
    TRY(vault_call_open(load->core, arena, STR(""),
                        deadline_in(load->core->ports->clock, COMMIT_TIMEOUT_US), &call));
    Error outcome = service_account_create(&call, &account);
    vault_call_close(&call);
    return outcome;
}

static Error require_empty(const DemoLoad *load)
{
    CLEANUP(arena_free) Arena *arena = arena_new_sensitive(ARENA_REQUEST_BYTES);
    ENSURE(arena != NULL, OUT_OF_MEMORY, NULL);
    VaultCall call = {0};
    TRY(vault_call_open(load->core, arena, STR(""),
                        deadline_in(load->core->ports->clock, COMMIT_TIMEOUT_US), &call));
    int64_t count = 0;
    Error outcome = person_count(&call, &count);
    vault_call_close(&call);
    TRY(outcome);
    ENSURE(count == 0, DEMO_NOT_EMPTY, NULL);
    return OK;
}

static Error load_all(DemoLoad *load)
{
    TRY(require_empty(load));
    for (unsigned s = 0; s < DEMO_SERVICE_COUNT_; s++) {
        TRY(register_service(load, (DemoService)s));
    }
    for (int64_t first = 0; first < load->options->citizens; first += CHUNK) {
        int64_t left = load->options->citizens - first;
        TRY(load_chunk(load, first, left < CHUNK ? (size_t)left : CHUNK));
        if ((first + CHUNK) % CHECKPOINT_EVERY == 0) {
            TRY(store_checkpoint(load->core->store,
                                 deadline_in(load->core->ports->clock, COMMIT_TIMEOUT_US)));
        }
    }
    return load->truth == NULL
               ? OK
               : demo_truth_write(load->truth, load->core->ports, load->options->truth_path);
}

Error demo_load(const VaultCore *core, const PurposeRegistry *purposes, const DemoOptions *options)
{
    DemoLoad load = {.core = core,
                     .purposes = purposes,
                     .options = options,
                     .started_us = core->ports->clock->now_us(core->ports->clock)};
    if (options->truth_path[0] != '\0') {
        load.truth = demo_truth_new(options->seed);
        ENSURE(load.truth != NULL, OUT_OF_MEMORY, NULL);
    }
    Error outcome = load_all(&load);
    demo_truth_free(load.truth);
    return outcome;
}
