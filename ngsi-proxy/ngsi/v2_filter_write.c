#include "v2_filter_write.h"

#include <stdio.h>
#include <stdlib.h>

#define NUMBER_BYTES 32
#define DIGITS_SHORT 15
#define DIGITS_EXACT 17

typedef struct Texts {
    Buf q;
    Buf mq;
} Texts;

static bool is_plain(Str token)
{
    for (size_t i = 0; i < token.n; i++) {
        char c = token.p[i];
        bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '_' || c == '-';
        if (!is_word) {
            return false;
        }
    }
    return true;
}

static void add_quoted(Buf *buf, Str text)
{
    buf_add_char(buf, '\'');
    buf_add(buf, text);
    buf_add_char(buf, '\'');
}

static void add_token(Buf *buf, Str token)
{
    if (is_plain(token)) {
        buf_add(buf, token);
    } else {
        add_quoted(buf, token);
    }
}

static void add_path(Buf *buf, const FilterTerm *term)
{
    add_token(buf, term->attribute);
    if (term->metadata.n > 0) {
        buf_add_char(buf, '.');
        add_token(buf, term->metadata);
    }
    for (size_t i = 0; i < term->path.count; i++) {
        buf_add_char(buf, '.');
        add_token(buf, term->path.items[i]);
    }
}

/* As few digits as tell the number from its neighbours. */
static void add_number(Buf *buf, double number)
{
    char text[NUMBER_BYTES];
    for (int digits = DIGITS_SHORT; digits <= DIGITS_EXACT; digits++) {
        (void)snprintf(text, sizeof text, "%.*g", digits, number);
        if (strtod(text, NULL) == number) {
            break;
        }
    }
    buf_add(buf, str_from(text));
}

static void add_value(Buf *buf, const FilterValue *value)
{
    switch (value->kind) {
    case FILTER_NUMBER:
        add_number(buf, value->number);
        break;
    case FILTER_TEXT:
        add_quoted(buf, value->text);
        break;
    case FILTER_BOOL:
        buf_add(buf, value->truth ? STR("true") : STR("false"));
        break;
    case FILTER_NULL:
        buf_add(buf, STR("null"));
        break;
    case FILTER_MOMENT:
        buf_add(buf, value->text);
        break;
    }
}

static const char *const OPERATORS[] = {
    [FILTER_IS_THERE] = "",  [FILTER_IS_ABSENT] = "",       [FILTER_EQUAL] = "==",
    [FILTER_UNEQUAL] = "!=", [FILTER_LESS] = "<",           [FILTER_LESS_EQUAL] = "<=",
    [FILTER_GREATER] = ">",  [FILTER_GREATER_EQUAL] = ">=", [FILTER_MATCHES] = "~=",
};

static void add_term(Texts *texts, const FilterTerm *term)
{
    Buf *buf = term->metadata.n > 0 ? &texts->mq : &texts->q;
    buf_add(buf, buf->n > 0 ? STR(";") : STR_EMPTY);
    buf_add(buf, term->test == FILTER_IS_ABSENT ? STR("!") : STR_EMPTY);
    add_path(buf, term);
    buf_add(buf, str_from(OPERATORS[term->test]));
    if (term->test == FILTER_MATCHES) {
        buf_add(buf, pattern_text(term->pattern));
        return;
    }
    for (size_t i = 0; i < term->value_count; i++) {
        Str separator = term->is_range ? STR("..") : STR(",");
        buf_add(buf, i > 0 ? separator : STR_EMPTY);
        add_value(buf, &term->values[i]);
    }
}

static Error add_tree(Texts *texts, const Filter *filter, unsigned depth)
{
    if (filter->kind == FILTER_TERM) {
        add_term(texts, &filter->term);
        return OK;
    }
    ENSURE(filter->kind == FILTER_AND && depth < FILTER_DEPTH_MAX, INTERNAL,
           "a filter that NGSIv2 can't say");
    for (size_t i = 0; i < filter->child_count; i++) {
        TRY(add_tree(texts, &filter->children[i], depth + 1));
    }
    return OK;
}

Error v2_filter_write_in(Arena *arena, const Filter *filter, Str *ret_q, Str *ret_mq)
{
    Texts texts = {buf_in(arena), buf_in(arena)};
    if (filter != NULL) {
        TRY(add_tree(&texts, filter, 0));
    }
    Str q;
    TRY(buf_finish(&texts.q, &q));
    TRY(buf_finish(&texts.mq, ret_mq));
    *ret_q = q;
    return OK;
}
