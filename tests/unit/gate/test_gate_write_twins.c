/* Non-interference of writes: two citizens who look alike to a service, whatever else is stored
 * about them. Each is written to in the same way, and the service must not be able to tell them
 * apart: not by an outcome, not by an error, not by what it reads afterwards. Random grants, hidden
 * parts and batches; the seed is printed (MUSUBI_TEST_SEED repeats it). */
#include <stdio.h>
#include <string.h>

#include "test_vault.h"

#define PAY "neppi-pay", EXCHANGE
#define PAIRS 12
#define STEPS 14
#define BATCH_MAX 4
#define NAMES 3

static const struct {
    const char *type;
    const char *names[NAMES];
} TYPES[] = {{"Person", {"familyName", "fullName", "givenName"}},
             {"PointAccount", {"balance", "currency", "status"}}};

/* The same words for both twins but for this letter. */
static const char TWINS[2] = {'x', 'y'};

static TestVault vault;
static uint64_t random_state;

static size_t below(size_t n)
{
    return (size_t)fake_random_below(&random_state, n);
}

static int setup(void **state)
{
    (void)state;
    random_state = fake_seed("twins_can_not_be_told_apart");
    test_vault_init(&vault, random_state);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    test_vault_done(&vault);
    return 0;
}

static const char *name_in(const char *prefix, char twin, size_t number)
{
    char *text = arena_alloc(vault.arena, 96);
    assert_non_null(text);
    (void)snprintf(text, 96, "%s%c%zu", prefix, twin, number);
    return text;
}

static const char *id_of(size_t type, char twin, size_t pair)
{
    return name_in(type == 0 ? TEST_PERSON "np-" : TEST_ACCOUNT "acc-", twin, pair);
}

/* --- a pair ----------------------------------------------------------------------------------- */

/* Bits: attribute a of the type. */
typedef struct Pair {
    size_t number;
    TestCitizen twins[2];
    unsigned readable[2];
    unsigned writable[2];
    bool reads_subject;
    bool writes_subject;
} Pair;

static void names_of(size_t type, unsigned mask, char out[96])
{
    size_t n = 0;
    out[0] = '\0';
    for (size_t a = 0; a < NAMES; a++) {
        if ((mask & 1U << a) != 0) {
            n += (size_t)snprintf(out + n, 96 - n, "%s%s", n == 0 ? "" : ",", TYPES[type].names[a]);
        }
    }
}

static void give(const Pair *pair, size_t type, unsigned mask, const char *operations)
{
    char names[96];
    names_of(type, mask, names);
    for (size_t t = 0; t < 2 && mask != 0; t++) {
        test_give(&vault, pair->twins[t], PAY, TYPES[type].type, names, operations);
    }
}

/* What is granted to be read is alike; what is not is anything, or nothing. An account whose
 * subject is seen is seen, so it is there for both. */
static void store_twin(const Pair *pair, size_t type, size_t twin, unsigned seen)
{
    char text[160] = "";
    size_t n = 0;
    for (size_t a = 0; a < NAMES; a++) {
        bool is_seen = (pair->readable[type] & 1U << a) != 0;
        bool is_there = is_seen ? (seen & 1U << a) != 0 : below(2) == 0;
        size_t value = is_seen ? pair->number : below(1000);
        if (is_there) {
            n += (size_t)snprintf(text + n, sizeof text - n, "%s%s=v%zu", n == 0 ? "" : " ",
                                  TYPES[type].names[a], value);
        }
    }
    if (n == 0 && (type == 0 || !pair->reads_subject)) {
        return;
    }
    if (type == 0) {
        test_person(&vault, pair->twins[twin], text);
    } else {
        test_entity(&vault, pair->twins[twin], "neppi-pay", TYPES[type].type,
                    id_of(type, TWINS[twin], pair->number), text);
    }
}

static void give_subject(const Pair *pair)
{
    for (size_t t = 0; t < 2; t++) {
        if (pair->reads_subject) {
            test_give(&vault, pair->twins[t], PAY, "PointAccount", "refPerson", "read");
        }
        if (pair->writes_subject) {
            test_give(&vault, pair->twins[t], PAY, "PointAccount", "refPerson", "write");
        }
    }
}

static Pair make_pair(size_t number)
{
    Pair pair = {.number = number, .reads_subject = below(2) == 0, .writes_subject = below(4) > 0};
    for (size_t t = 0; t < 2; t++) {
        pair.twins[t] = test_citizen(&vault, name_in("neppi-pay=np-", TWINS[t], number));
    }
    give_subject(&pair);
    for (size_t type = 0; type < 2; type++) {
        pair.readable[type] = (unsigned)(below(8) | below(8));
        pair.writable[type] = (unsigned)(below(8) | below(8));
        give(&pair, type, pair.readable[type], "read");
        give(&pair, type, pair.writable[type], "write");
        unsigned seen = (unsigned)below(8);
        for (size_t t = 0; t < 2; t++) {
            store_twin(&pair, type, t, seen);
        }
    }
    return pair;
}

/* --- the same for both ------------------------------------------------------------------------ */

/* One write in words, to be said of either twin. */
typedef struct Asked {
    EntityWriteKind kind;
    size_t type;
    bool is_typeless;
    bool names_subject;
    char attributes[160];
} Asked;

/* Mostly what is granted: refusals are soon seen. */
static Asked make_asked(const Pair *pair)
{
    static const char *const VALUES[] = {"=w",  "=v1",   ":={\"$inc\":1}", ":={\"$set\":{\"a\":1}}",
                                         ":=1", ":=null"};
    Asked asked = {.kind = (EntityWriteKind)below(ENTITY_WRITE_KIND_COUNT_),
                   .type = below(2),
                   .is_typeless = below(4) == 0,
                   .names_subject = below(2) == 0};
    size_t n = 0;
    unsigned mask = asked.kind == ENTITY_DELETE ? 0 : (unsigned)below(8);
    mask &= below(4) > 0 ? pair->writable[asked.type] : mask;
    for (size_t a = 0; a < NAMES; a++) {
        if ((mask & 1U << a) != 0) {
            n += (size_t)snprintf(asked.attributes + n, sizeof asked.attributes - n, "%s%s%s",
                                  n == 0 ? "" : " ", TYPES[asked.type].names[a],
                                  VALUES[below(sizeof VALUES / sizeof VALUES[0])]);
        }
    }
    return asked;
}

static EntityWrite write_for(const Asked *asked, const Pair *pair, size_t twin)
{
    char attributes[256];
    bool has_subject = asked->type == 1 && asked->names_subject && asked->kind != ENTITY_DELETE;
    (void)snprintf(attributes, sizeof attributes, "%s%s", asked->attributes,
                   asked->attributes[0] != '\0' && has_subject ? " " : "");
    if (has_subject) {
        size_t n = strlen(attributes);
        (void)snprintf(attributes + n, sizeof attributes - n, "refPerson=" TEST_PERSON "np-%c%zu",
                       TWINS[twin], pair->number);
    }
    const char *kept = str_z(vault.arena, str_from(attributes));
    assert_non_null(kept);
    return test_write_of(&vault, asked->kind, id_of(asked->type, TWINS[twin], pair->number),
                         asked->is_typeless ? "" : TYPES[asked->type].type, kept);
}

/* The second twin's words in the first one's. */
static Str as_first(Str text)
{
    char *copy = str_z(vault.arena, text);
    assert_non_null(copy);
    for (size_t i = 0; i + 3 < text.n; i++) {
        bool is_name = copy[i] == 'n' && copy[i + 1] == 'p' && copy[i + 2] == '-';
        bool is_account = copy[i] == 'c' && copy[i + 1] == 'c' && copy[i + 2] == '-';
        if ((is_name || is_account) && copy[i + 3] == TWINS[1]) {
            copy[i + 3] = TWINS[0];
        }
    }
    return str_bytes(copy, text.n);
}

static void add_error(Buf *buf, Error error)
{
    buf_add(buf, str_from(error_words(error.reason)->name));
    buf_add_char(buf, ' ');
    buf_add(buf, str_from(error.argument == NULL ? "-" : error.argument));
    buf_add_char(buf, ' ');
    buf_add(buf, str_from(error.site == NULL ? "-" : error.site));
    buf_add_char(buf, '\n');
}

static void add_outcome(Buf *buf, const EntityOutcome *outcome)
{
    add_error(buf, outcome->refusal);
    for (size_t i = 0; i < outcome->names.count; i++) {
        buf_add(buf, outcome->names.items[i]);
        buf_add_char(buf, ',');
    }
    buf_add(buf, outcome->type);
    buf_add(buf, outcome->was_there ? STR(" there") : STR(" new"));
    buf_add(buf, outcome->is_applied ? STR(" applied\n") : STR(" not\n"));
}

static void add_view(Buf *buf, const Pair *pair, size_t twin)
{
    for (size_t type = 0; type < 2; type++) {
        Str text = STR_EMPTY;
        Error error = test_read(&vault, PAY, id_of(type, TWINS[twin], pair->number), "", "", &text);
        add_error(buf, error);
        buf_add(buf, text);
    }
}

/* All that the service learns from a batch and from looking afterwards. */
static Str learn(const Pair *pair, size_t twin, const Asked *asked, size_t count)
{
    EntityWrite writes[BATCH_MAX];
    EntityOutcome outcomes[BATCH_MAX];
    for (size_t i = 0; i < count; i++) {
        writes[i] = write_for(&asked[i], pair, twin);
    }
    Buf buf = buf_in(vault.arena);
    Error error = test_write_batch(&vault, PAY, writes, count, outcomes);
    add_error(&buf, error);
    for (size_t i = 0; i < count && !FAILED(error); i++) {
        add_outcome(&buf, &outcomes[i]);
    }
    add_view(&buf, pair, twin);
    Str text;
    assert_ok(buf_finish(&buf, &text));
    return as_first(text);
}

static void live(const Pair *pair, unsigned *applied)
{
    for (size_t step = 0; step < STEPS; step++) {
        Asked asked[BATCH_MAX];
        size_t count = 1 + (below(2) == 0 ? 0 : below(BATCH_MAX));
        for (size_t i = 0; i < count; i++) {
            asked[i] = make_asked(pair);
        }
        Str first = learn(pair, 0, asked, count);
        assert_str_eq(learn(pair, 1, asked, count), first);
        *applied += strstr(str_z(vault.arena, first), " applied") != NULL;
    }
}

static void twins_can_not_be_told_apart(void **state)
{
    (void)state;
    unsigned applied = 0;
    for (size_t number = 0; number < PAIRS; number++) {
        Pair pair = make_pair(number);
        live(&pair, &applied);
    }
    assert_true(applied > PAIRS); /* else it would all be about refusals */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(twins_can_not_be_told_apart, setup, teardown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
