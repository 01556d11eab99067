#include "gate_words.h"

#include <stdio.h>

#include "log_projection.h"
#include "service_subject.h"

/* Citizen number n, known to kenko as k-n and to neppi-pay as p-n. */
TestCitizen citizen(TestVault *vault, int n, const char *attributes)
{
    char links[64];
    (void)snprintf(links, sizeof links, "kenko=k-%d neppi-pay=p-%d", n, n);
    TestCitizen made = test_citizen(vault, links);
    test_person(vault, made, attributes);
    return made;
}

/* Who gives kenko these attributes of the Person to read. */
TestCitizen giver(TestVault *vault, int n, const char *attributes, const char *given)
{
    TestCitizen made = citizen(vault, n, attributes);
    test_give(vault, made, KENKO, "Person", given, "read");
    return made;
}

/* One condition; text NULL: a test that needs no value. */
const Filter *term(TestVault *vault, const char *attribute, FilterTest test, const char *text)
{
    Filter *filter = ARENA_ONE(vault->arena, Filter);
    FilterValue *value = ARENA_ONE(vault->arena, FilterValue);
    assert_non_null(filter);
    assert_non_null(value);
    *value = (FilterValue){.kind = FILTER_TEXT, .text = str_from(text)};
    *filter = (Filter){.kind = FILTER_TERM,
                       .term = {.attribute = str_from(attribute),
                                .test = test,
                                .values = value,
                                .value_count = text == NULL ? 0 : 1}};
    return filter;
}

static const EntitySelector *persons(void)
{
    static const Str types[] = {STR_INIT("Person")};
    static const EntitySelector selector = {.types = {.items = types, .count = 1}};
    return &selector;
}

EntityQuery person_query(void)
{
    return (EntityQuery){.selectors = persons(), .selector_count = 1, .limit = 20};
}

const EntityOrder *by(TestVault *vault, EntityOrderKind kind, const char *attribute,
                      bool is_descending)
{
    EntityOrder *order = ARENA_ONE(vault->arena, EntityOrder);
    assert_non_null(order);
    *order = (EntityOrder){
        .kind = kind, .attribute = str_from(attribute), .is_descending = is_descending};
    return order;
}

Pattern *pattern(TestVault *vault, const char *text)
{
    Pattern *compiled;
    assert_ok(pattern_compile_in(vault->arena, "pattern", str_from(text), &compiled));
    return compiled;
}

/* A citizen whose cityAndCounty kenko may write, and fills with a place. */
TestCitizen placed(TestVault *vault, int n, const char *place, const char *operations)
{
    TestCitizen made = giver(vault, n, "familyName=A", "familyName");
    test_give(vault, made, KENKO, "Person", "cityAndCounty", operations);
    char id[64];
    (void)snprintf(id, sizeof id, TEST_PERSON "k-%d", n);
    Attribute attribute = {.name = STR("cityAndCounty"),
                           .type = STR("geo:point"),
                           .value = str_from(place),
                           .dataset_id = STR_EMPTY};
    EntityWrite write = {
        .kind = ENTITY_APPEND,
        .entity = {.id = str_from(id), .attributes = &attribute, .attribute_count = 1}};
    EntityBatch batch = {.writes = &write, .count = 1};
    EntityOutcome outcome = {0};
    VaultCall call = test_call(vault);
    Principal principal = test_service(KENKO);
    assert_ok(gate_write(&vault->gate, &call, &principal, &batch, &outcome));
    assert_ok(entity_outcomes_error(vault->arena, &batch, &outcome));
    vault_call_close(&call);
    return made;
}

/* The newest scan of a client: "type why query | names". */
const char *last_scan(TestVault *vault, const char *client)
{
    Deadline deadline = deadline_in(ports_system()->clock, 60 * CLOCK_SECOND_US);
    assert_ok(log_projection_wait(vault->projection, access_log_size(vault->log), deadline));
    VaultCall call = test_call(vault);
    CLEANUP(subject_done) Subject service = {0};
    assert_ok(service_subject_load(&call, str_from(client), &service));
    AccessLine *lines;
    size_t count;
    bool has_more;
    assert_ok(log_projection_read(call.snapshot, vault->arena, service.key, NULL, 1, &lines, &count,
                                  &has_more));
    vault_call_close(&call);
    assert_int_equal(count, 1);
    assert_int_equal(lines[0].act, LEAF_SCAN);
    Buf buf = buf_in(vault->arena);
    buf_add(&buf, lines[0].why);
    buf_add_char(&buf, ' ');
    buf_add(&buf, lines[0].detail.query);
    buf_add(&buf, STR(" |"));
    for (size_t i = 0; i < lines[0].detail.filtered_count; i++) {
        buf_add_char(&buf, ' ');
        buf_add(&buf, lines[0].detail.filtered[i]);
    }
    buf_add_char(&buf, '\0');
    Str text;
    assert_ok(buf_finish(&buf, &text));
    return text.p;
}
