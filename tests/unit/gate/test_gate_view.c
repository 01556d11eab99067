/* Non-interference: what a service is answered is what a plain list made from its grants alone
 * would answer, and changing anything that the service may not see changes nothing of it. Random
 * cities, grants, withdrawals, expiries; the seed is printed (MUSUBI_TEST_SEED repeats it). */
#include <stdio.h>
#include <string.h>

#include "test_vault.h"

#define CITIZENS_MAX 14
#define GRANTS_MAX 200
#define ATTRIBUTES 6
#define SERVICES 2
#define STEPS 50

static const char *const NAMES[ATTRIBUTES] = {"familyName",   "familyNameKana", "fullName",
                                              "fullNameKana", "givenName",      "givenNameKana"};

static const struct {
    const char *client;
    const char *purpose;
    const char *prefix;
} ASKERS[SERVICES] = {{"kenko", HEALTH, "k-"}, {"neppi-pay", EXCHANGE, "p-"}};

typedef struct ModelCitizen {
    TestCitizen who;
    bool is_linked[SERVICES];
    unsigned has; /* bit a: attribute a is stored */
    unsigned value[ATTRIBUTES];
} ModelCitizen;

typedef struct ModelGrant {
    size_t citizen;
    size_t service;
    unsigned attributes;
    unsigned operations;
    int64_t until_us;
    bool is_withdrawn;
    Str id;
} ModelGrant;

typedef struct Model {
    ModelCitizen citizens[CITIZENS_MAX];
    size_t citizen_count;
    ModelGrant grants[GRANTS_MAX];
    size_t grant_count;
    size_t order[SERVICES][CITIZENS_MAX]; /* citizens in the order of each service's list */
    size_t order_count[SERVICES];
    uint64_t random;
} Model;

static TestVault vault;
static Model model;

static size_t below(size_t n)
{
    return (size_t)fake_random_below(&model.random, n);
}

static int64_t now(void)
{
    return vault.fake.now_us;
}

/* --- the plain reference ---------------------------------------------------------------------- */

static bool is_living(const ModelGrant *grant)
{
    return !grant->is_withdrawn && now() < grant->until_us;
}

static bool has_living(size_t citizen, size_t service)
{
    for (size_t g = 0; g < model.grant_count; g++) {
        const ModelGrant *grant = &model.grants[g];
        if (grant->citizen == citizen && grant->service == service && is_living(grant)) {
            return true;
        }
    }
    return false;
}

static unsigned granted(size_t citizen, size_t service, unsigned operation)
{
    unsigned attributes = 0;
    for (size_t g = 0; g < model.grant_count; g++) {
        const ModelGrant *grant = &model.grants[g];
        bool counts = grant->citizen == citizen && grant->service == service && is_living(grant) &&
                      (grant->operations & operation) != 0;
        attributes |= counts ? grant->attributes : 0;
    }
    return attributes;
}

static unsigned visible(size_t citizen, size_t service)
{
    return model.citizens[citizen].is_linked[service]
               ? granted(citizen, service, CONSENT_READ) & model.citizens[citizen].has
               : 0;
}

static void add_expected(Buf *buf, size_t citizen, size_t service)
{
    char text[64];
    (void)snprintf(text, sizeof text, TEST_PERSON "%s%zu Person", ASKERS[service].prefix, citizen);
    buf_add(buf, str_from(text));
    for (size_t a = 0; a < ATTRIBUTES; a++) {
        if ((visible(citizen, service) & 1U << a) != 0) {
            (void)snprintf(text, sizeof text, " %s=\"v%u\"", NAMES[a],
                           model.citizens[citizen].value[a]);
            buf_add(buf, str_from(text));
        }
    }
    buf_add_char(buf, '\n');
}

static Str expected_page(size_t service, int64_t limit, int64_t offset, int64_t *ret_total)
{
    Buf buf = buf_in(vault.arena);
    int64_t seen = 0;
    for (size_t i = 0; i < model.order_count[service]; i++) {
        size_t citizen = model.order[service][i];
        if (visible(citizen, service) == 0) {
            continue;
        }
        if (seen >= offset && seen < offset + limit) {
            add_expected(&buf, citizen, service);
        }
        seen++;
    }
    *ret_total = seen;
    Str text;
    assert_ok(buf_finish(&buf, &text));
    return text;
}

static void order_move_last(size_t citizen, size_t service)
{
    size_t kept = 0;
    for (size_t i = 0; i < model.order_count[service]; i++) {
        if (model.order[service][i] != citizen) {
            model.order[service][kept++] = model.order[service][i];
        }
    }
    model.order[service][kept++] = citizen;
    model.order_count[service] = kept;
}

/* --- what happens in the city ----------------------------------------------------------------- */

static void store_person(size_t citizen)
{
    const ModelCitizen *person = &model.citizens[citizen];
    char text[256] = "";
    size_t n = 0;
    for (size_t a = 0; a < ATTRIBUTES; a++) {
        if ((person->has & 1U << a) != 0) {
            n += (size_t)snprintf(text + n, sizeof text - n, "%s%s=v%u", n == 0 ? "" : " ",
                                  NAMES[a], person->value[a]);
        }
    }
    test_person(&vault, person->who, text);
}

/* New values, and new ideas of what is there, for the attributes of the mask. */
static void scramble(size_t citizen, unsigned mask)
{
    ModelCitizen *person = &model.citizens[citizen];
    for (size_t a = 0; a < ATTRIBUTES; a++) {
        if ((mask & 1U << a) == 0) {
            continue;
        }
        person->value[a] = (unsigned)below(1000);
        person->has = below(3) > 0 ? person->has | 1U << a : person->has & ~(1U << a);
    }
    store_person(citizen);
}

static void citizen_arrives(bool is_linked_with_all, size_t without)
{
    if (model.citizen_count == CITIZENS_MAX) {
        return;
    }
    size_t number = model.citizen_count++;
    ModelCitizen *person = &model.citizens[number];
    char links[64] = "";
    size_t n = 0;
    for (size_t s = 0; s < SERVICES; s++) {
        person->is_linked[s] = is_linked_with_all || (s != without && below(4) > 0);
        if (person->is_linked[s]) {
            n += (size_t)snprintf(links + n, sizeof links - n, "%s%s=%s%zu", n == 0 ? "" : " ",
                                  ASKERS[s].client, ASKERS[s].prefix, number);
        }
    }
    person->who = test_citizen(&vault, links);
    scramble(number, (1U << ATTRIBUTES) - 1);
}

static void attributes_text(unsigned mask, char *out, size_t out_bytes)
{
    size_t n = 0;
    out[0] = '\0';
    for (size_t a = 0; a < ATTRIBUTES; a++) {
        if ((mask & 1U << a) != 0) {
            n += (size_t)snprintf(out + n, out_bytes - n, "%s%s", n == 0 ? "" : ",", NAMES[a]);
        }
    }
}

static void citizen_gives(size_t citizen, size_t service)
{
    static const struct {
        unsigned bits;
        const char *names;
    } OPERATIONS[] = {{CONSENT_READ, "read"},
                      {CONSENT_WRITE, "write"},
                      {CONSENT_READ | CONSENT_WRITE, "read,write"}};
    if (model.grant_count == GRANTS_MAX) {
        return;
    }
    unsigned mask = 1 + (unsigned)below((1U << ATTRIBUTES) - 1);
    size_t operation = below(3);
    int64_t until = now() + (below(2) == 0 ? 1 + (int64_t)below(20) : 100000) * CLOCK_SECOND_US;
    char names[160];
    attributes_text(mask, names, sizeof names);
    if (!has_living(citizen, service)) {
        order_move_last(citizen, service);
    }
    Str id = test_give_until(&vault, model.citizens[citizen].who, ASKERS[service].client,
                             ASKERS[service].purpose, "Person", names, OPERATIONS[operation].names,
                             until);
    model.grants[model.grant_count++] = (ModelGrant){.citizen = citizen,
                                                     .service = service,
                                                     .attributes = mask,
                                                     .operations = OPERATIONS[operation].bits,
                                                     .until_us = until,
                                                     .id = id};
}

static void somebody_withdraws(size_t service)
{
    for (size_t tries = 0; tries < 20 && model.grant_count > 0; tries++) {
        ModelGrant *grant = &model.grants[below(model.grant_count)];
        if (grant->service == service && is_living(grant)) {
            test_withdraw(&vault, model.citizens[grant->citizen].who, grant->id);
            grant->is_withdrawn = true;
            return;
        }
    }
}

static void something_happens(void)
{
    size_t service = below(SERVICES);
    switch (below(6)) {
    case 0:
        citizen_arrives(false, SERVICES);
        break;
    case 1:
        scramble(below(model.citizen_count), (unsigned)below(1U << ATTRIBUTES));
        break;
    case 2:
        somebody_withdraws(service);
        break;
    case 3:
        fake_clock_advance(&vault.fake, (int64_t)below(8) * CLOCK_SECOND_US);
        break;
    default:
        citizen_gives(below(model.citizen_count), service);
        break;
    }
}

/* --- asking ----------------------------------------------------------------------------------- */

static Error read_citizen(size_t service, size_t citizen, Str *ret_text)
{
    char id[64];
    (void)snprintf(id, sizeof id, TEST_PERSON "%s%zu", ASKERS[service].prefix, citizen);
    return test_read(&vault, ASKERS[service].client, ASKERS[service].purpose, id, "", "", ret_text);
}

/* Everything that a service can ask in these tests, as one text. */
static Str everything_seen(size_t service, size_t citizens)
{
    Buf buf = buf_in(vault.arena);
    for (int64_t offset = 0; offset < 4; offset++) {
        Str text;
        int64_t total;
        assert_ok(test_list(&vault, ASKERS[service].client, ASKERS[service].purpose,
                            offset == 0 ? "" : "Person", "", offset == 0 ? 1000 : 2, offset, &text,
                            &total));
        buf_add(&buf, text);
        buf_add_int(&buf, total);
    }
    for (size_t c = 0; c < citizens; c++) {
        Str text = STR_EMPTY;
        Error error = read_citizen(service, c, &text);
        buf_add(&buf, text);
        buf_add(&buf, str_from(FAILED(error) ? error.site : ""));
    }
    Str text;
    assert_ok(buf_finish(&buf, &text));
    return text;
}

static void compare_with_the_reference(size_t service)
{
    const char *client = ASKERS[service].client;
    const char *purpose = ASKERS[service].purpose;
    Str text;
    int64_t total;
    int64_t wanted_total;
    int64_t limit = 1 + (int64_t)below(5);
    int64_t offset = (int64_t)below(4);
    assert_ok(test_list(&vault, client, purpose, "Person", "", 1000, 0, &text, &total));
    assert_str_eq(text, expected_page(service, 1000, 0, &wanted_total));
    assert_int_equal(total, wanted_total);
    assert_ok(test_list(&vault, client, purpose, "", "", limit, offset, &text, NULL));
    assert_str_eq(text, expected_page(service, limit, offset, &wanted_total));
    for (size_t c = 0; c < model.citizen_count; c++) {
        Error error = read_citizen(service, c, &text);
        assert_int_equal(FAILED(error), visible(c, service) == 0);
        if (FAILED(error)) {
            assert_int_equal(error.reason, REASON_ENTITY_NOT_FOUND);
            continue;
        }
        Buf buf = buf_in(vault.arena);
        Str wanted;
        add_expected(&buf, c, service);
        assert_ok(buf_finish(&buf, &wanted));
        assert_str_eq(text, wanted);
    }
}

/* No id, name or common ID of anybody else's stands in what a service is told. */
static void assert_no_foreign_name(size_t service, Str seen)
{
    const char *z = str_z(vault.arena, seen);
    assert_null(strstr(z, ASKERS[1 - service].prefix));
    for (size_t c = 0; c < model.citizen_count; c++) {
        char subject[PSEUDONYM_TEXT_16_BYTES];
        pseudonym_text_16(model.citizens[c].who.subject, subject);
        assert_null(strstr(z, subject));
    }
}

/* Whatever the service may not see is changed: hidden values, unlinked citizens, grants to the
 * other service. */
static void change_the_hidden(size_t service)
{
    size_t other = 1 - service;
    for (size_t c = 0; c < model.citizen_count; c++) {
        scramble(c, ~granted(c, service, CONSENT_READ) & ((1U << ATTRIBUTES) - 1));
    }
    citizen_arrives(false, service);
    citizen_gives(model.citizen_count - 1, other);
    citizen_gives(below(model.citizen_count), other);
    somebody_withdraws(other);
}

static void a_city_lives(uint64_t seed)
{
    test_vault_init(&vault, seed);
    memset(&model, 0, sizeof model);
    model.random = seed;
    citizen_arrives(true, SERVICES);
    for (size_t step = 0; step < STEPS; step++) {
        something_happens();
        compare_with_the_reference(below(SERVICES));
        if (step % 10 == 9) {
            size_t service = below(SERVICES);
            size_t citizens = model.citizen_count;
            Str before = everything_seen(service, citizens);
            assert_no_foreign_name(service, before);
            change_the_hidden(service);
            assert_str_eq(everything_seen(service, citizens), before);
        }
    }
    test_vault_done(&vault);
}

static void answers_are_a_function_of_the_view(void **state)
{
    (void)state;
    uint64_t seed = fake_seed("answers_are_a_function_of_the_view");
    for (uint64_t city = 0; city < 3; city++) {
        a_city_lives(seed + city);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(answers_are_a_function_of_the_view)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
