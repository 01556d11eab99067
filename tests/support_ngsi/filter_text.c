#include "filter_text.h"

#include <ctype.h>
#include <stdio.h>

static const char *const OPERATORS[] = {
    [FILTER_EQUAL] = "==",      [FILTER_UNEQUAL] = "!=", [FILTER_LESS] = "<",
    [FILTER_LESS_EQUAL] = "<=", [FILTER_GREATER] = ">",  [FILTER_GREATER_EQUAL] = ">=",
    [FILTER_MATCHES] = "~=",
};

static bool is_plain(Str name)
{
    for (size_t i = 0; i < name.n; i++) {
        if (!isalnum((unsigned char)name.p[i]) && name.p[i] != '_') {
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

static void add_name(Buf *buf, Str name)
{
    if (is_plain(name)) {
        buf_add(buf, name);
    } else {
        add_quoted(buf, name);
    }
}

static void add_path(Buf *buf, const FilterTerm *term)
{
    add_name(buf, term->attribute);
    if (term->metadata.n > 0) {
        buf_add_char(buf, '.');
        add_name(buf, term->metadata);
    }
    for (size_t i = 0; i < term->path.count; i++) {
        buf_add_char(buf, '.');
        add_name(buf, term->path.items[i]);
    }
}

static void add_value(Buf *buf, const FilterValue *value)
{
    char digits[32];
    switch (value->kind) {
    case FILTER_NUMBER:
        (void)snprintf(digits, sizeof digits, "%.17g", value->number);
        buf_add(buf, str_from(digits));
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

static void add_right(Buf *buf, const FilterTerm *term)
{
    buf_add(buf, str_from(OPERATORS[term->test]));
    if (term->test == FILTER_MATCHES) {
        buf_add(buf, pattern_text(term->pattern));
    }
    for (size_t i = 0; i < term->value_count; i++) {
        if (i > 0) {
            buf_add(buf, term->is_range ? STR("..") : STR(","));
        }
        add_value(buf, &term->values[i]);
    }
}

static void add_term(Buf *buf, const FilterTerm *term)
{
    if (buf->n > 0) {
        buf_add_char(buf, ';');
    }
    if (term->test == FILTER_IS_ABSENT) {
        buf_add_char(buf, '!');
    }
    add_path(buf, term);
    if (term->test != FILTER_IS_ABSENT && term->test != FILTER_IS_THERE) {
        add_right(buf, term);
    }
}

Error filter_text_in(Arena *arena, const Filter *filter, Str *ret_q, Str *ret_mq)
{
    Buf q = buf_in(arena);
    Buf mq = buf_in(arena);
    for (size_t i = 0; filter != NULL && i < filter->child_count; i++) {
        const FilterTerm *term = &filter->children[i].term;
        add_term(term->metadata.n > 0 ? &mq : &q, term);
    }
    TRY(buf_finish(&q, ret_q));
    return buf_finish(&mq, ret_mq);
}
