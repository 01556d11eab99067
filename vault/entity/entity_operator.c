#include "entity_operator.h"

#include <stdlib.h>

#include "exact_number.h"
#include "json_write.h"
#include "moment.h"
#include "timestamp.h"

/* A value that operators let grow stays one that could have been sent. */
#define RESULT_BYTES_MAX ((size_t)1 << 20)

typedef enum Operator {
    OPERATOR_INC,
    OPERATOR_MUL,
    OPERATOR_MIN,
    OPERATOR_MAX,
    OPERATOR_PUSH,
    OPERATOR_ADD_TO_SET,
    OPERATOR_PULL,
    OPERATOR_PULL_ALL,
    OPERATOR_SET,
    OPERATOR_UNSET,
    OPERATOR_COUNT_
} Operator;

static const Str NAMES[OPERATOR_COUNT_] = {
    STR_INIT("$inc"),  STR_INIT("$mul"),      STR_INIT("$min"),  STR_INIT("$max"),
    STR_INIT("$push"), STR_INIT("$addToSet"), STR_INIT("$pull"), STR_INIT("$pullAll"),
    STR_INIT("$set"),  STR_INIT("$unset"),
};

/* One application: what is asked, what it meets, what comes out. */
typedef struct Work {
    Arena *arena;
    const OperatorGround *ground;
    JsonValue before; /* valid when ground->is_there */
    JsonValue operand;
    Str result;
    bool is_nothing;
} Work;

static Operator operator_of(Str name)
{
    Operator at = 0;
    while (at < OPERATOR_COUNT_ && !str_eq(NAMES[at], name)) {
        at++;
    }
    return at;
}

/* The name of the first member of canonical JSON; "" when there is none. Names of operators need no
 * escapes, so none that has one is taken for it. */
static Str first_name(Str value)
{
    if (!str_starts_with(value, STR("{\""))) {
        return STR_EMPTY;
    }
    Str rest = str_slice(value, 2, value.n);
    return str_slice(rest, 0, str_find(rest, '"'));
}

bool entity_operator_is(Str value)
{
    return operator_of(first_name(value)) != OPERATOR_COUNT_;
}

static Error refuse(const Work *work)
{
    return FAIL(OPERATOR_VALUE, str_argument(work->arena, work->ground->attribute));
}

#define ENSURE_WORKS(condition_, work_)                                                            \
    do {                                                                                           \
        if (!(condition_)) {                                                                       \
            return refuse(work_);                                                                  \
        }                                                                                          \
    } while (0)

static Error keep(Work *work)
{
    work->result = work->ground->before;
    work->is_nothing = !work->ground->is_there;
    return OK;
}

static Error take_operand(Work *work)
{
    work->result = json_text(work->operand);
    return OK;
}

/* --- numbers ---------------------------------------------------------------------------------- */

/* A sum that an int64 can't hold is not the integer that its double looks like. */
static bool is_same(ExactNumber left, ExactNumber right)
{
    return left.is_exact == right.is_exact && exact_number_compare(left, right) == 0;
}

static Error calculate(Work *work, ExactNumber (*operation)(ExactNumber, ExactNumber))
{
    ExactNumber right;
    ExactNumber left = {.is_exact = true};
    ENSURE_WORKS(exact_number_of(work->operand, &right), work);
    ENSURE_WORKS(!work->ground->is_there || exact_number_of(work->before, &left), work);
    ExactNumber result = operation(left, right);
    ENSURE_WORKS(exact_number_is_finite(result), work);
    /* What does not change stays as it was written. */
    if (work->ground->is_there && is_same(result, left)) {
        return keep(work);
    }
    return is_same(result, right) ? take_operand(work)
                                  : exact_number_text_in(work->arena, result, &work->result);
}

/* --- the lesser and the greater --------------------------------------------------------------- */

/* Kinds among each other, as MongoDB orders them. */
static int rank_of(JsonValue value)
{
    static const int ranks[] = {
        [JSON_NULL] = 0,  [JSON_NUMBER] = 1, [JSON_STRING] = 2, [JSON_OBJECT] = 3,
        [JSON_ARRAY] = 4, [JSON_FALSE] = 5,  [JSON_TRUE] = 6};
    return ranks[json_kind(value)];
}

static Error compare_strings(Arena *arena, JsonValue left, JsonValue right, int *ret_order)
{
    Str left_text;
    Str right_text;
    TRY(json_string_in(arena, left, &left_text));
    TRY(json_string_in(arena, right, &right_text));
    *ret_order = str_compare(left_text, right_text);
    return OK;
}

/* Two objects or two arrays have no order that anybody could mean. */
static Error compare(const Work *work, JsonValue left, JsonValue right, int *ret_order)
{
    if (rank_of(left) != rank_of(right)) {
        *ret_order = rank_of(left) - rank_of(right);
        return OK;
    }
    if (json_is(left, JSON_STRING)) {
        return compare_strings(work->arena, left, right, ret_order);
    }
    ENSURE_WORKS(json_count(left) == 0 && json_count(right) == 0, work);
    *ret_order = 0;
    ExactNumber left_number;
    ExactNumber right_number;
    if (json_is(left, JSON_NUMBER)) {
        ENSURE_WORKS(exact_number_of(left, &left_number) && exact_number_of(right, &right_number),
                     work);
        *ret_order = exact_number_compare(left_number, right_number);
    }
    return OK;
}

/* Moments are kept in one form, in which they compare as texts do. */
static Error settle_moment(Work *work)
{
    if (!moment_is_type(work->ground->type) || json_is(work->operand, JSON_NULL)) {
        return OK;
    }
    int64_t at_us = 0;
    ENSURE_WORKS(moment_from_json(json_text(work->operand), &at_us), work);
    Buf text = buf_in(work->arena);
    buf_add_char(&text, '"');
    timestamp_add(&text, at_us);
    buf_add_char(&text, '"');
    Str json;
    TRY(buf_finish(&text, &json));
    return json_parse(work->arena, json, JSON_LIMITS_REQUEST, &work->operand);
}

/* In a new entity numbers are compared with 0 and moments with 1970; nothing else has a start. */
static Error start_of(const Work *work, JsonValue *ret_start, Str *ret_text)
{
    bool is_moment = moment_is_type(work->ground->type) && json_is(work->operand, JSON_STRING);
    Str text = is_moment ? STR("\"1970-01-01T00:00:00.000Z\"") : STR("0");
    bool has_start = is_moment || json_is(work->operand, JSON_NUMBER);
    *ret_text = has_start ? text : json_text(work->operand);
    return json_parse(work->arena, *ret_text, JSON_LIMITS_REQUEST, ret_start);
}

static Error choose(Work *work, int sign)
{
    JsonValue other = work->before;
    Str other_text = work->ground->before;
    TRY(settle_moment(work));
    if (!work->ground->is_there) {
        if (!work->ground->is_new) {
            return take_operand(work);
        }
        TRY(start_of(work, &other, &other_text));
    }
    int order = 0;
    TRY(compare(work, work->operand, other, &order));
    if (order * sign > 0) {
        return take_operand(work);
    }
    work->result = other_text;
    return OK;
}

/* --- arrays ----------------------------------------------------------------------------------- */

static bool is_plain_integer(Str text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '.' || text.p[i] == 'e' || text.p[i] == 'E') {
            return false;
        }
    }
    return !str_eq(text, STR("-0"));
}

static void add_normal(Arena *arena, JsonWriter *writer, JsonValue value)
{
    ExactNumber number;
    Str text = json_text(value);
    bool is_rewritten = json_is(value, JSON_NUMBER) && !is_plain_integer(text) &&
                        exact_number_of(value, &number) &&
                        !FAILED(exact_number_text_in(arena, number, &text));
    if (json_is(value, JSON_NUMBER) && is_rewritten) {
        json_write_raw(writer, text);
        return;
    }
    bool is_object = json_is(value, JSON_OBJECT);
    if (!is_object && !json_is(value, JSON_ARRAY)) {
        json_write_raw(writer, text);
        return;
    }
    JsonIter iter = json_iter(value);
    JsonValue item;
    Str name;
    (is_object ? json_write_begin_object : json_write_begin_array)(writer);
    while (json_next(&iter, &name, &item)) {
        if (is_object) {
            json_write_key(writer, name);
        }
        add_normal(arena, writer, item);
    }
    (is_object ? json_write_end_object : json_write_end_array)(writer);
}

/* A text that is the same for equal values: 1.0 and 1 are one number. Members keep their order. */
static Error normal_in(Arena *arena, JsonValue value, Str *ret_text)
{
    Str text = json_text(value);
    bool is_compound = json_is(value, JSON_OBJECT) || json_is(value, JSON_ARRAY);
    bool is_number = json_is(value, JSON_NUMBER);
    if (!is_compound && (!is_number || is_plain_integer(text))) {
        *ret_text = text;
        return OK;
    }
    Buf buf = buf_in(arena);
    JsonWriter writer = json_writer(&buf);
    add_normal(arena, &writer, value);
    return json_write_finish(&writer, ret_text);
}

static Error add_item(Work *work)
{
    Str before = work->ground->is_there ? work->ground->before : STR("[]");
    bool is_empty = before.n <= 2;
    const Str parts[] = {str_slice(before, 0, before.n - 1), is_empty ? STR_EMPTY : STR(","),
                         json_text(work->operand), STR("]")};
    return str_join_in(work->arena, parts, sizeof parts / sizeof parts[0], &work->result);
}

static Error push(Work *work)
{
    ENSURE_WORKS(!work->ground->is_there || json_is(work->before, JSON_ARRAY), work);
    return add_item(work);
}

static Error add_to_set(Work *work)
{
    if (!work->ground->is_there) {
        return add_item(work);
    }
    ENSURE_WORKS(json_is(work->before, JSON_ARRAY), work);
    Str wanted;
    TRY(normal_in(work->arena, work->operand, &wanted));
    JsonIter iter = json_iter(work->before);
    JsonValue item;
    while (json_next(&iter, NULL, &item)) {
        Str text;
        TRY(normal_in(work->arena, item, &text));
        if (str_eq(text, wanted)) {
            return keep(work);
        }
    }
    return add_item(work);
}

/* The texts of the values to be pulled, ascending. */
static Error pulled_in(const Work *work, bool is_many, Str **ret_texts, size_t *ret_count)
{
    size_t count = is_many ? json_count(work->operand) : 1;
    Str *texts = ARENA_MANY(work->arena, Str, count);
    ENSURE_ALLOC(texts, work->arena);
    JsonIter iter = json_iter(work->operand);
    JsonValue item = work->operand;
    for (size_t i = 0; i < count && (!is_many || json_next(&iter, NULL, &item)); i++) {
        TRY(normal_in(work->arena, item, &texts[i]));
    }
    if (count > 1) {
        qsort(texts, count, sizeof *texts, str_compare_void);
    }
    *ret_texts = texts;
    *ret_count = count;
    return OK;
}

static Error pull(Work *work, bool is_many)
{
    ENSURE_WORKS(!is_many || json_is(work->operand, JSON_ARRAY), work);
    if (!work->ground->is_there) {
        return keep(work);
    }
    ENSURE_WORKS(json_is(work->before, JSON_ARRAY), work);
    Str *texts = NULL;
    size_t count = 0;
    TRY(pulled_in(work, is_many, &texts, &count));
    Buf buf = buf_in(work->arena);
    JsonWriter writer = json_writer(&buf);
    JsonIter iter = json_iter(work->before);
    JsonValue item;
    json_write_begin_array(&writer);
    while (json_next(&iter, NULL, &item)) {
        Str text;
        TRY(normal_in(work->arena, item, &text));
        if (count == 0 || bsearch(&text, texts, count, sizeof *texts, str_compare_void) == NULL) {
            json_write_raw(&writer, json_text(item));
        }
    }
    json_write_end_array(&writer);
    return json_write_finish(&writer, &work->result);
}

/* --- members ---------------------------------------------------------------------------------- */

typedef struct Member {
    Str name; /* first: compared as a Str */
    JsonValue value;
    bool is_used;
} Member;

/* Members of an object, ascending by name. */
typedef struct Members {
    Member *items;
    size_t count;
} Members;

static Error members_in(Arena *arena, JsonValue object, Members *ret_members)
{
    Members members = {.count = json_count(object)};
    members.items = ARENA_MANY(arena, Member, members.count);
    ENSURE_ALLOC(members.items, arena);
    JsonIter iter = json_iter(object);
    for (size_t i = 0; i < members.count; i++) {
        (void)json_next(&iter, &members.items[i].name, &members.items[i].value);
    }
    if (members.count > 1) {
        qsort(members.items, members.count, sizeof *members.items, str_compare_void);
    }
    *ret_members = members;
    return OK;
}

static Member *member_find(const Members *members, Str name)
{
    if (members->count == 0) {
        return NULL;
    }
    return bsearch(&name, members->items, members->count, sizeof *members->items, str_compare_void);
}

static void write_member(JsonWriter *writer, Str name, JsonValue value)
{
    json_write_member_raw(writer, name, json_text(value));
}

/* What was there, changed in place; what is new comes behind it in the order sent. */
static Error rewrite(Work *work, JsonValue set, Members *given, const Members *gone)
{
    Buf buf = buf_in(work->arena);
    JsonWriter writer = json_writer(&buf);
    Str name;
    JsonValue value;
    json_write_begin_object(&writer);
    if (work->ground->is_there) {
        JsonIter iter = json_iter(work->before);
        while (json_next(&iter, &name, &value)) {
            Member *member = member_find(given, name);
            if (member != NULL) {
                member->is_used = true;
                value = member->value;
            }
            if (member_find(gone, name) == NULL) {
                write_member(&writer, name, value);
            }
        }
    }
    if (given->count > 0) {
        JsonIter iter = json_iter(set);
        while (json_next(&iter, &name, &value)) {
            const Member *member = member_find(given, name);
            if (member != NULL && !member->is_used) {
                write_member(&writer, name, value);
            }
        }
    }
    json_write_end_object(&writer);
    return json_write_finish(&writer, &work->result);
}

/* Both at once: `asked` holds $set, $unset or the two of them. */
static Error edit_members(Work *work, JsonValue asked)
{
    JsonValue set;
    JsonValue unset;
    Members given = {0};
    Members gone = {0};
    bool has_set = json_member(asked, NAMES[OPERATOR_SET], &set);
    bool has_unset = json_member(asked, NAMES[OPERATOR_UNSET], &unset) && json_count(unset) > 0 &&
                     json_is(unset, JSON_OBJECT);
    if (has_set && !json_is(set, JSON_OBJECT)) {
        ENSURE_WORKS(!has_unset, work);
        work->operand = set;
        return take_operand(work);
    }
    bool is_object = work->ground->is_there && json_is(work->before, JSON_OBJECT);
    if (!has_set && !is_object) {
        return keep(work);
    }
    ENSURE_WORKS(is_object || !work->ground->is_there, work);
    if (has_set) {
        TRY(members_in(work->arena, set, &given));
    }
    if (has_unset) {
        TRY(members_in(work->arena, unset, &gone));
    }
    for (size_t i = 0; i < given.count; i++) {
        ENSURE_WORKS(member_find(&gone, given.items[i].name) == NULL, work);
    }
    return rewrite(work, set, &given, &gone);
}

/* --- the whole -------------------------------------------------------------------------------- */

static Error run(Work *work, Operator operation, JsonValue asked)
{
    switch (operation) {
    case OPERATOR_INC:
        return calculate(work, exact_number_add);
    case OPERATOR_MUL:
        return calculate(work, exact_number_multiply);
    case OPERATOR_MIN:
        return choose(work, -1);
    case OPERATOR_MAX:
        return choose(work, 1);
    case OPERATOR_PUSH:
        return push(work);
    case OPERATOR_ADD_TO_SET:
        return add_to_set(work);
    case OPERATOR_PULL:
        return pull(work, false);
    case OPERATOR_PULL_ALL:
        return pull(work, true);
    case OPERATOR_SET:
    case OPERATOR_UNSET:
        return edit_members(work, asked);
    case OPERATOR_COUNT_:
        break;
    }
    return refuse(work);
}

static bool edits_members(Str name)
{
    Operator operation = operator_of(name);
    return operation == OPERATOR_SET || operation == OPERATOR_UNSET;
}

/* One operator alone, or $set and $unset. */
static bool is_well_formed(JsonValue asked)
{
    bool is_pair = json_count(asked) == 2;
    JsonIter iter = json_iter(asked);
    JsonValue value;
    Str name;
    while (is_pair && json_next(&iter, &name, &value)) {
        is_pair = edits_members(name);
    }
    return is_pair || json_count(asked) == 1;
}

static Error parse_stored(Arena *arena, Str value, JsonValue *ret_value)
{
    Error error = json_parse(arena, value, JSON_LIMITS_REQUEST, ret_value);
    bool is_text_wrong = error.reason == REASON_JSON_SYNTAX || error.reason == REASON_JSON_LIMIT;
    return is_text_wrong ? FAIL(STORE_CORRUPT, "attribute value") : error;
}

Error entity_operator_apply(Arena *arena, Str value, const OperatorGround *ground, Str *ret_value,
                            bool *ret_is_nothing)
{
    Work work = {.arena = arena, .ground = ground};
    JsonValue asked;
    Str name;
    TRY(json_parse(arena, value, JSON_LIMITS_REQUEST, &asked));
    ENSURE_WORKS(is_well_formed(asked), &work);
    JsonIter iter = json_iter(asked);
    (void)json_next(&iter, &name, &work.operand);
    if (ground->is_there) {
        TRY(parse_stored(arena, ground->before, &work.before));
    }
    TRY(run(&work, operator_of(name), asked));
    ENSURE_WORKS(work.result.n <= RESULT_BYTES_MAX, &work);
    *ret_value = work.result;
    *ret_is_nothing = work.is_nothing;
    return OK;
}
