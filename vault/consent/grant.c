#include "grant.h"

#include <stdlib.h>
#include <string.h>

#include "ids.h"
#include "record.h"
#include "view_row.h"

#define GRANT_RECORD STR("Grant")
#define LANGUAGE_BYTES_MAX 20

/* --- states ----------------------------------------------------------------------------------- */

static const Str STATE_TEXTS[] = {
    [GRANT_PROPOSED] = STR_INIT("proposed"),   [GRANT_ACTIVE] = STR_INIT("active"),
    [GRANT_SUSPENDED] = STR_INIT("suspended"), [GRANT_WITHDRAWN] = STR_INIT("withdrawn"),
    [GRANT_EXPIRED] = STR_INIT("expired"),     [GRANT_SUPERSEDED] = STR_INIT("superseded"),
    [GRANT_REFUSED] = STR_INIT("refused"),
};
_Static_assert(sizeof STATE_TEXTS / sizeof STATE_TEXTS[0] == GRANT_STATE_COUNT_,
               "one text for each state");

/* Bits of the states that may follow. What is over stays over. */
#define STATE(state_) (1U << (state_))
static const unsigned FOLLOWERS[] = {
    [GRANT_PROPOSED] = STATE(GRANT_ACTIVE) | STATE(GRANT_REFUSED) | STATE(GRANT_EXPIRED),
    [GRANT_ACTIVE] = STATE(GRANT_SUSPENDED) | STATE(GRANT_WITHDRAWN) | STATE(GRANT_EXPIRED) |
                     STATE(GRANT_SUPERSEDED),
    [GRANT_SUSPENDED] = STATE(GRANT_ACTIVE) | STATE(GRANT_WITHDRAWN) | STATE(GRANT_EXPIRED) |
                        STATE(GRANT_SUPERSEDED),
    [GRANT_WITHDRAWN] = 0,
    [GRANT_EXPIRED] = 0,
    [GRANT_SUPERSEDED] = 0,
    [GRANT_REFUSED] = 0,
};
_Static_assert(sizeof FOLLOWERS / sizeof FOLLOWERS[0] == GRANT_STATE_COUNT_,
               "followers of each state");

Str grant_state_text(GrantState state)
{
    return state < GRANT_STATE_COUNT_ ? STATE_TEXTS[state] : STR_EMPTY;
}

bool grant_state_parse(Str text, GrantState *ret_state)
{
    for (int state = 0; state < GRANT_STATE_COUNT_; state++) {
        if (str_eq(text, STATE_TEXTS[state])) {
            *ret_state = (GrantState)state;
            return true;
        }
    }
    return false;
}

bool grant_state_may_follow(GrantState from, GrantState to)
{
    return from < GRANT_STATE_COUNT_ && to < GRANT_STATE_COUNT_ &&
           (FOLLOWERS[from] & STATE(to)) != 0;
}

GrantState grant_state_at(const Grant *grant, int64_t now_us)
{
    bool is_over =
        now_us >= grant->valid_until_us && grant_state_may_follow(grant->state, GRANT_EXPIRED);
    return is_over ? GRANT_EXPIRED : grant->state;
}

ConsentRule grant_rule(const Grant *grant)
{
    return (ConsentRule){.grant_id = grant->id,
                         .grant_version = grant->version,
                         .attributes = grant->attributes,
                         .attribute_count = grant->attribute_count,
                         .operations = grant->operations,
                         .valid_from_us = grant->valid_from_us,
                         .valid_until_us = grant->valid_until_us,
                         .legal_basis = grant->legal_basis};
}

/* --- checking --------------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
    return str_compare(((const ConsentAttribute *)a)->name, ((const ConsentAttribute *)b)->name);
}

static Error check_attributes(VaultCall *call, const PurposeType *allowed, GrantRequest *request)
{
    size_t count = request->attribute_count;
    ENSURE(count >= 1 && count <= GRANT_ATTRIBUTES_MAX, GRANT_INVALID, "attributes");
    const EntityTypeSpec *spec = type_registry_find(call->core->types, request->type);
    ConsentAttribute *sorted = ARENA_MANY(call->arena, ConsentAttribute, count);
    ENSURE_ALLOC(sorted, call->arena);
    memcpy(sorted, request->attributes, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, by_name);
    for (size_t i = 0; i < count; i++) {
        Str name = sorted[i].name;
        bool is_known = spec != NULL && entity_type_attribute(spec, name) != NULL;
        bool is_twice = i > 0 && str_eq(sorted[i - 1].name, name);
        bool is_allowed = is_known && !is_twice && str_list_has(allowed->attributes, name) &&
                          sorted[i].level < CONSENT_LEVEL_COUNT_;
        ENSURE(is_allowed, GRANT_INVALID, str_argument(call->arena, name));
    }
    request->attributes = sorted;
    return OK;
}

static Error check_times(VaultCall *call, const Purpose *purpose, GrantRequest *request)
{
    int64_t longest = purpose->validity_max_us < GRANT_VALIDITY_MAX_US ? purpose->validity_max_us
                                                                       : GRANT_VALIDITY_MAX_US;
    if (request->valid_from_us == 0) {
        request->valid_from_us = call->now_us;
    }
    /* A start long ahead would reach beyond the years after which a citizen must be asked again. */
    bool is_from_good =
        request->valid_from_us >= call->now_us && request->valid_from_us - call->now_us < longest;
    ENSURE(is_from_good, GRANT_INVALID, "validFrom");
    if (request->valid_until_us == 0) {
        request->valid_until_us = call->now_us + longest;
    }
    bool is_until_good = request->valid_until_us > request->valid_from_us &&
                         request->valid_until_us - call->now_us <= longest;
    ENSURE(is_until_good, GRANT_INVALID, "validUntil");
    return OK;
}

static Error check_texts(GrantRequest *request)
{
    static const Str METHODS[] = {STR_INIT("portal"), STR_INIT("line"), STR_INIT("counter"),
                                  STR_INIT("paper")};
    if (request->source_party.n == 0) {
        request->source_party = STR("vault");
    }
    if (request->collection_method.n == 0) {
        request->collection_method = STR("portal");
    }
    if (request->language.n == 0) {
        request->language = STR("ja");
    }
    ENSURE(str_eq(request->source_party, STR("vault")), GRANT_INVALID, "sourceParty");
    StrList methods = {.items = METHODS, .count = sizeof METHODS / sizeof METHODS[0]};
    ENSURE(str_list_has(methods, request->collection_method), GRANT_INVALID, "collectionMethod");
    ENSURE(request->language.n <= LANGUAGE_BYTES_MAX, GRANT_INVALID, "language");
    return OK;
}

Error grant_check(VaultCall *call, const PurposeRegistry *purposes, const GrantRequest *request,
                  GrantRequest *ret_full)
{
    GrantRequest full = *request;
    const Purpose *purpose = purpose_find(purposes, full.purpose);
    ENSURE(purpose != NULL, PURPOSE_UNKNOWN, str_argument(call->arena, full.purpose));
    bool is_recipient = purpose_has_service(purpose, full.recipient);
    ENSURE(is_recipient, RECIPIENT_UNKNOWN, str_argument(call->arena, full.recipient));
    const PurposeType *allowed = purpose_type(purpose, full.type);
    ENSURE(allowed != NULL, GRANT_INVALID, "type");
    bool is_operation = full.operations != 0 && (full.operations & ~allowed->operations) == 0;
    ENSURE(is_operation, GRANT_INVALID, "operations");
    TRY(check_attributes(call, allowed, &full));
    TRY(check_times(call, purpose, &full));
    TRY(check_texts(&full));
    *ret_full = full;
    return OK;
}

/* --- storing ---------------------------------------------------------------------------------- */

static Error grant_key(VaultCall *call, Str grant_id, RecordKey *ret_key)
{
    return record_key(call, STR("grant"), &grant_id, 1, ret_key);
}

static ViewList grant_list_of(const Grant *grant)
{
    return (ViewList){
        .recipient = grant->recipient, .purpose = grant->purpose, .type = grant->type};
}

/* Record, grant and document versions rise together. */
static Error grant_put(VaultCall *call, StoreBatch *batch, Subject *subject, Grant *grant)
{
    RecordKey key;
    Str json;
    Str envelope;
    TRY(grant_key(call, grant->id, &key));
    TRY(grant_to_json(call->arena, grant, &json));
    TRY(record_seal(call->arena, subject, &key, GRANT_RECORD, grant->version, json, &envelope));
    DocWriter *writer = record_doc_in(call->arena, subject, grant->version, envelope);
    ENSURE_ALLOC(writer, call->arena);
    doc_put_int(writer, "n", grant->events[0].at_us / RECORD_HOUR_US);
    DocBody body;
    TRY(doc_finish(writer, &body));
    subject_require(subject, batch);
    if (grant->doc_version == 0) {
        store_batch_insert(batch, STORE_GRANTS, key.text, body);
    } else {
        store_batch_replace(batch, STORE_GRANTS, key.text, grant->doc_version, body);
    }
    grant->key = key.text;
    return OK;
}

static Error event_add(Arena *arena, Grant *grant, const GrantEvent *event)
{
    ENSURE(grant->event_count < GRANT_HISTORY_MAX, STORE_LIMIT, "history of a grant");
    GrantEvent *events = ARENA_MANY(arena, GrantEvent, grant->event_count + 1);
    ENSURE_ALLOC(events, arena);
    if (grant->event_count > 0) {
        memcpy(events, grant->events, grant->event_count * sizeof *events);
    }
    events[grant->event_count] = *event;
    grant->events = events;
    grant->event_count++;
    grant->state = event->state;
    return OK;
}

static Error grant_make(VaultCall *call, const Purpose *purpose, const GrantRequest *full,
                        Grant *ret_grant)
{
    Grant grant = {.version = 1,
                   .source_party = full->source_party,
                   .recipient = full->recipient,
                   .purpose = purpose->code,
                   .purpose_version = purpose->version,
                   .type = full->type,
                   .attributes = full->attributes,
                   .attribute_count = full->attribute_count,
                   .operations = full->operations,
                   .legal_basis = purpose->legal_basis,
                   .collection_method = full->collection_method,
                   .language = full->language,
                   .valid_from_us = full->valid_from_us,
                   .valid_until_us = full->valid_until_us};
    grant.id = full->id;
    if (grant.id.n == 0) {
        TRY(id_uuid7_in(call->core->ports, call->arena, &grant.id));
    }
    GrantEvent event = {
        .at_us = call->now_us, .actor = STR("citizen"), .state = GRANT_ACTIVE, .reason = STR_EMPTY};
    TRY(event_add(call->arena, &grant, &event));
    *ret_grant = grant;
    return OK;
}

static Error grant_open(VaultCall *call, Subject *subject, const StoreDoc *doc, Grant *ret_grant)
{
    uint64_t record_version;
    Str plaintext;
    Grant grant;
    TRY(record_doc_open(call->arena, subject, GRANT_RECORD, doc, &record_version, &plaintext));
    TRY(grant_from_json(call->arena, plaintext, &grant));
    ENSURE(grant.version == record_version, STORE_CORRUPT, "grant version");
    grant.key = doc->key;
    grant.doc_version = doc->version;
    *ret_grant = grant;
    return OK;
}

Error grant_find(VaultCall *call, Subject *subject, Str grant_id, Grant *ret_grant)
{
    RecordKey key;
    TRY(grant_key(call, grant_id, &key));
    StoreDoc doc;
    TRY(store_get(call->snapshot, call->arena, STORE_GRANTS, key.text, &doc));
    ENSURE(doc.version > 0, GRANT_UNKNOWN, NULL);
    Str owner;
    TRY(doc_get_text(doc.body, "s", &owner));
    ENSURE(str_eq(owner, subject_text(subject)), GRANT_UNKNOWN, NULL);
    return grant_open(call, subject, &doc, ret_grant);
}

Error grant_withdraw(VaultCall *call, Subject *subject, StoreBatch *batch, ViewRowWork *work,
                     Str grant_id, Str reason, Grant *ret_grant)
{
    ENSURE(reason.n <= GRANT_REASON_BYTES_MAX, GRANT_INVALID, "reason");
    Grant grant;
    TRY(grant_find(call, subject, grant_id, &grant));
    GrantState state = grant_state_at(&grant, call->now_us);
    bool may_withdraw = grant_state_may_follow(state, GRANT_WITHDRAWN);
    ENSURE(may_withdraw, GRANT_STATE, grant_state_text(state).p);
    GrantEvent event = {
        .at_us = call->now_us, .actor = STR("citizen"), .state = GRANT_WITHDRAWN, .reason = reason};
    TRY(event_add(call->arena, &grant, &event));
    grant.version++;
    TRY(grant_put(call, batch, subject, &grant));
    ViewList list = grant_list_of(&grant);
    TRY(view_row_remove(work, subject, &list, grant.id));
    *ret_grant = grant;
    return OK;
}

/* Ends a grant that the new one makes superfluous; its history names the new one. */
static Error grant_supersede(VaultCall *call, Subject *subject, StoreBatch *batch, Str old_id,
                             Str new_id)
{
    Grant old;
    TRY(grant_find(call, subject, old_id, &old));
    GrantState state = grant_state_at(&old, call->now_us);
    /* The row says that it is in force. Somebody just ended it, seen here and not yet there: the
     * commit would find that out too. */
    ENSURE(grant_state_may_follow(state, GRANT_SUPERSEDED), STORE_CONFLICT, NULL);
    GrantEvent event = {.at_us = call->now_us,
                        .actor = STR("citizen"),
                        .state = GRANT_SUPERSEDED,
                        .reason = new_id};
    TRY(event_add(call->arena, &old, &event));
    old.version++;
    return grant_put(call, batch, subject, &old);
}

/* A grant given again takes the place of the older one, so that nobody has to withdraw it twice. */
static Error row_take_over(VaultCall *call, Subject *subject, StoreBatch *batch, ViewRowWork *work,
                           const Grant *grant)
{
    ViewList list = grant_list_of(grant);
    ConsentRule rule = grant_rule(grant);
    Str old_id = STR_EMPTY;
    TRY(view_row_covered(work, subject, &list, &rule, &old_id));
    if (old_id.n == 0) {
        return view_row_add(work, subject, &list, &rule);
    }
    TRY(view_row_replace(work, subject, &list, old_id, &rule));
    return grant_supersede(call, subject, batch, old_id, grant->id);
}

Error grant_give(VaultCall *call, const PurposeRegistry *purposes, Subject *subject,
                 StoreBatch *batch, ViewRowWork *work, const GrantRequest *request,
                 Grant *ret_grant)
{
    GrantRequest full;
    TRY(grant_check(call, purposes, request, &full));
    Grant grant;
    TRY(grant_make(call, purpose_find(purposes, full.purpose), &full, &grant));
    TRY(grant_put(call, batch, subject, &grant));
    TRY(row_take_over(call, subject, batch, work, &grant));
    *ret_grant = grant;
    return OK;
}

static int by_beginning(const void *a, const void *b)
{
    const Grant *left = a;
    const Grant *right = b;
    if (left->events[0].at_us != right->events[0].at_us) {
        return left->events[0].at_us < right->events[0].at_us ? -1 : 1;
    }
    return str_compare(left->id, right->id);
}

static Error page_read(VaultCall *call, Subject *subject, Str after_key, size_t limit,
                       StoreDoc **ret_docs, size_t *ret_count)
{
    StoreFind find = {.collection = STORE_GRANTS,
                      .index = "by_subject",
                      .equal = {STORE_TEXT(subject_text(subject))},
                      .equal_count = 1,
                      .limit = limit};
    StoreDoc after = {0};
    if (after_key.n > 0) {
        TRY(store_get(call->snapshot, call->arena, STORE_GRANTS, after_key, &after));
        find.after = &after;
    }
    return store_find(call->snapshot, call->arena, &find, ret_docs, ret_count);
}

Error grant_list(VaultCall *call, Subject *subject, Str after, size_t limit, Grant **ret_grants,
                 size_t *ret_count, Str *ret_next)
{
    Grant last = {.key = STR_EMPTY};
    if (after.n > 0) {
        Error error = grant_find(call, subject, after, &last);
        bool is_unknown = FAILED(error) && error.reason == REASON_GRANT_UNKNOWN;
        ENSURE(!is_unknown, CURSOR_INVALID, NULL);
        TRY(error);
    }
    StoreDoc *docs;
    size_t count;
    TRY(page_read(call, subject, last.key, limit + 1, &docs, &count));
    size_t shown = count < limit ? count : limit;
    Grant *grants = ARENA_MANY(call->arena, Grant, shown);
    ENSURE_ALLOC(grants, call->arena);
    for (size_t i = 0; i < shown; i++) {
        TRY(grant_open(call, subject, &docs[i], &grants[i]));
    }
    /* The store walks by the hour: the page ends where the walk stood, and is put in order then. */
    *ret_next = count > limit ? grants[shown - 1].id : STR_EMPTY;
    qsort(grants, shown, sizeof *grants, by_beginning);
    *ret_grants = grants;
    *ret_count = shown;
    return OK;
}
