#include "gate_citizen.h"

#include "access_line.h"
#include "gate_leaves.h"
#include "id_link.h"
#include "log_projection.h"
#include "service_account.h"
#include "subject.h"

_Static_assert(CITIZEN_ACCESSES_MAX <= LOG_PAGE_MAX, "a page of the log holds a page of accesses");

static Error citizen_load(VaultCall *call, const Principal *principal, Subject *ret_subject)
{
    bool is_citizen = principal->kind == ACTOR_CITIZEN && str_eq(principal->tenant, call->tenant);
    ENSURE(is_citizen, CITIZEN_REQUIRED, NULL);
    return subject_load(call, principal->subject, ret_subject);
}

/* "" when the client is not known any more. */
static Error service_name(VaultCall *call, Str client, Str *ret_name)
{
    ServiceAccount account;
    Error error = service_account_find(call, client, &account);
    if (FAILED(error) && error.reason == REASON_SERVICE_UNKNOWN) {
        *ret_name = STR_EMPTY;
        return OK;
    }
    TRY(error);
    *ret_name = account.name_ja;
    return OK;
}

/* --- me --------------------------------------------------------------------------------------- */

static Error links_show(VaultCall *call, Subject *subject, CitizenMe *me)
{
    IdLink *links;
    size_t count;
    TRY(id_link_list(call, subject, &links, &count));
    me->links = ARENA_MANY(call->arena, CitizenLink, count);
    ENSURE_ALLOC(me->links, call->arena);
    for (size_t i = 0; i < count; i++) {
        me->links[i] = (CitizenLink){.service = links[i].service,
                                     .state = id_link_state_text(links[i].state),
                                     .linked_us = links[i].linked_us};
        TRY(service_name(call, links[i].service, &me->links[i].name_ja));
    }
    me->link_count = count;
    return OK;
}

Error gate_citizen_me(const Gate *gate, VaultCall *call, const Principal *principal,
                      CitizenMe *ret_me)
{
    CLEANUP(subject_done) Subject subject = {0};
    TRY(citizen_load(call, principal, &subject));
    CitizenMe me = {0};
    TRY(links_show(call, &subject, &me));
    TRY(gate_internal(gate, call, GATE_REASON_CITIZEN_SELF, principal, subject.id, &me.entities,
                      &me.entity_count));
    *ret_me = me;
    return OK;
}

/* --- grants ----------------------------------------------------------------------------------- */

Error gate_citizen_grants(VaultCall *call, const Principal *principal, size_t limit, Str cursor,
                          CitizenGrantPage *ret_page)
{
    CLEANUP(subject_done) Subject subject = {0};
    TRY(citizen_load(call, principal, &subject));
    ENSURE(limit >= 1 && limit <= GRANT_PAGE_MAX, INTERNAL, NULL);
    CitizenGrantPage page;
    TRY(grant_list(call, &subject, cursor, limit, &page.grants, &page.count, &page.next));
    for (size_t i = 0; i < page.count; i++) {
        page.grants[i].state = grant_state_at(&page.grants[i], call->now_us);
    }
    *ret_page = page;
    return OK;
}

/* --- accesses --------------------------------------------------------------------------------- */

static Error grants_text(Arena *arena, const LeafDetail *detail, Str *ret_text)
{
    if (detail->grant_id.n == 0) {
        *ret_text = STR_EMPTY;
        return OK;
    }
    Buf buf = buf_in(arena);
    buf_add(&buf, detail->grant_id);
    buf_add_char(&buf, '@');
    buf_add_int(&buf, (int64_t)detail->grant_version);
    return buf_finish(&buf, ret_text);
}

static Error access_show(VaultCall *call, const AccessLine *line, CitizenAccess *ret_access)
{
    CitizenAccess access = {
        .at_us = line->at_ms * 1000,
        .act = str_from(leaf_act_name(line->act)),
        .decision = line->is_denied ? STR("deny") : STR("permit"),
        .service = line->client,
        .purpose = line->purpose,
        .type = line->entity_type,
        .attributes = {.items = line->detail.attributes, .count = line->detail.attribute_count},
        .filtered = {.items = line->detail.filtered, .count = line->detail.filtered_count},
        .reason = line->why,
        .request_id = line->request_id};
    TRY(grants_text(call->arena, &line->detail, &access.grants));
    *ret_access = access;
    return OK;
}

/* A page mostly names few services: each is looked up once. */
static Error access_name(VaultCall *call, CitizenAccess *accesses, size_t i)
{
    for (size_t before = 0; before < i; before++) {
        if (str_eq(accesses[before].service, accesses[i].service)) {
            accesses[i].service_name = accesses[before].service_name;
            return OK;
        }
    }
    return service_name(call, accesses[i].service, &accesses[i].service_name);
}

static Error page_show(VaultCall *call, const AccessLine *lines, size_t count,
                       CitizenAccessPage *page)
{
    page->accesses = ARENA_MANY(call->arena, CitizenAccess, count);
    ENSURE_ALLOC(page->accesses, call->arena);
    for (size_t i = 0; i < count; i++) {
        TRY(access_show(call, &lines[i], &page->accesses[i]));
        TRY(access_name(call, page->accesses, i));
    }
    page->count = count;
    return OK;
}

Error gate_citizen_accesses(VaultCall *call, const Principal *principal, size_t limit, Str cursor,
                            CitizenAccessPage *ret_page)
{
    CLEANUP(subject_done) Subject subject = {0};
    TRY(citizen_load(call, principal, &subject));
    LogCursor before;
    bool is_from_newest = cursor.n == 0;
    ENSURE(is_from_newest || log_cursor_parse(cursor, &before), CURSOR_INVALID, NULL);
    ENSURE(limit >= 1 && limit <= CITIZEN_ACCESSES_MAX, INTERNAL, NULL);
    AccessLine *lines = NULL;
    size_t count = 0;
    bool has_more = false;
    TRY(log_projection_read(call->snapshot, call->arena, subject.key,
                            is_from_newest ? NULL : &before, limit, &lines, &count, &has_more));
    CitizenAccessPage page = {.next = STR_EMPTY};
    TRY(page_show(call, lines, count, &page));
    if (has_more && count > 0) {
        TRY(log_cursor_text_in(call->arena, &lines[count - 1], &page.next));
    }
    *ret_page = page;
    return OK;
}
