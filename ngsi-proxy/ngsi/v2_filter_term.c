#include "v2_filter_term.h"

#include "v2_filter_value.h"

typedef struct OperatorRow {
    char first;
    bool has_equal_sign;
    FilterTest test;
} OperatorRow;

static const OperatorRow OPERATORS[] = {
    {'=', true, FILTER_EQUAL},         {'~', true, FILTER_MATCHES},    {'!', true, FILTER_UNEQUAL},
    {'>', true, FILTER_GREATER_EQUAL}, {'<', true, FILTER_LESS_EQUAL}, {'>', false, FILTER_GREATER},
    {'<', false, FILTER_LESS},         {':', false, FILTER_EQUAL},
};

/* An item cut at its operator. */
typedef struct Parts {
    FilterTest test;
    Str left;
    Str right;
} Parts;

static const OperatorRow *operator_at(Str item, size_t at)
{
    bool has_equal_sign = at + 1 < item.n && item.p[at + 1] == '=';
    for (size_t i = 0; i < sizeof OPERATORS / sizeof OPERATORS[0]; i++) {
        if (OPERATORS[i].first == item.p[at] && OPERATORS[i].has_equal_sign == has_equal_sign) {
            return &OPERATORS[i];
        }
    }
    return NULL;
}

static Parts cut_item(Str item)
{
    if (item.p[0] == '!') {
        Str rest = str_trim(str_slice(item, 1, item.n));
        return (Parts){FILTER_IS_ABSENT, rest, rest};
    }
    bool is_quoted = false;
    for (size_t i = 0; i < item.n; i++) {
        if (item.p[i] == '\'') {
            is_quoted = !is_quoted;
            continue;
        }
        const OperatorRow *row = is_quoted ? NULL : operator_at(item, i);
        if (row != NULL) {
            size_t after = i + (row->has_equal_sign ? 2U : 1U);
            return (Parts){row->test, str_trim(str_slice(item, 0, i)),
                           str_trim(str_slice(item, after, item.n))};
        }
    }
    return (Parts){FILTER_IS_THERE, item, item};
}

static bool has_forbidden_but_quotes(Str text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] != '\'' && v2_is_forbidden_text(str_slice(text, i, 1))) {
            return true;
        }
    }
    return false;
}

static size_t count_tokens(Str path)
{
    size_t count = 1;
    for (size_t i = 0; i < path.n; i++) {
        count += path.p[i] == '.' ? 1U : 0U;
    }
    return count;
}

/* Quotes enclose whole tokens: what is glued to them has no meaning. */
static Error take_token(Str *rest, Str *ret_token)
{
    size_t end = v2_find_unquoted(*rest, '.');
    Str token = str_slice(*rest, 0, end);
    *rest = end < rest->n ? str_slice(*rest, end + 1, rest->n) : (Str){.p = NULL, .n = 0};
    if (token.n > 0 && token.p[0] == '\'') {
        ENSURE(token.n >= 2 && token.p[token.n - 1] == '\'', FILTER_CHARACTER, NULL);
        token = str_slice(token, 1, token.n - 2);
    }
    ENSURE(str_find(token, '\'') == token.n, FILTER_CHARACTER, NULL);
    *ret_token = token;
    return OK;
}

static const char *param_name(V2FilterParam param)
{
    return param == V2_FILTER_Q ? "q" : "mq";
}

/* The first token names the attribute, in mq the second its metadata; the rest leads into the
 * value. */
static Error read_path(Arena *arena, V2FilterParam param, Str path, FilterTerm *term)
{
    Str *tokens = ARENA_MANY(arena, Str, count_tokens(path));
    ENSURE_ALLOC(tokens, arena);
    size_t count = 0;
    while (path.p != NULL) {
        TRY(take_token(&path, &tokens[count]));
        ENSURE(tokens[count].n > 0, FILTER_NAME, param_name(param));
        count++;
    }
    size_t names = param == V2_FILTER_MQ && count > 1 ? 2 : 1;
    term->attribute = tokens[0];
    term->metadata = names == 2 ? tokens[1] : STR_EMPTY;
    term->path = (StrList){.items = tokens + names, .count = count - names};
    return OK;
}

static Error read_pattern(Arena *arena, Str text, FilterTerm *term)
{
    ENSURE(!v2_is_forbidden_text(text), FILTER_CHARACTER, NULL);
    Error error = pattern_compile_in(arena, "q", text, &term->pattern);
    if (FAILED(error) && error.reason == REASON_PATTERN_INVALID) {
        return FAIL(FILTER_PATTERN, str_argument(arena, str_slice(text, 0, PATTERN_BYTES_MAX)));
    }
    return error;
}

static bool is_unary(FilterTest test)
{
    return test == FILTER_IS_THERE || test == FILTER_IS_ABSENT;
}

static Error read_right(Arena *arena, V2FilterParam param, Str text, size_t *values_left,
                        FilterTerm *term)
{
    if (is_unary(term->test)) {
        ENSURE(param == V2_FILTER_Q || term->metadata.n > 0, FILTER_METADATA_RIGHT, NULL);
        return OK;
    }
    return term->test == FILTER_MATCHES ? read_pattern(arena, text, term)
                                        : v2_filter_values_read(arena, text, values_left, term);
}

Error v2_filter_term_read(Arena *arena, V2FilterParam param, Str item, size_t *values_left,
                          FilterTerm *ret_term)
{
    Parts parts = cut_item(item);
    ENSURE(parts.left.n > 0 || is_unary(parts.test), FILTER_LEFT_EMPTY, NULL);
    ENSURE(!has_forbidden_but_quotes(parts.left), FILTER_NAME, param_name(param));
    ENSURE(parts.right.n > 0, FILTER_RIGHT_EMPTY, NULL);
    FilterTerm term = {.test = parts.test};
    TRY(read_path(arena, param, parts.left, &term));
    TRY(read_right(arena, param, parts.right, values_left, &term));
    *ret_term = term;
    return OK;
}
