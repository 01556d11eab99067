#include <stdlib.h>
#include <string.h>

#include "json_tape.h"
#include "utf8.h"

typedef struct Parser {
    Arena *arena;
    JsonTape *tape;
    const char *at;
    const char *end;
    Buf names;
    uint32_t capacity;
    uint32_t depth;
    uint32_t depth_max;
} Parser;

static Error parse_value(Parser *parser);

static Error fail_at(const Parser *parser, ErrorReason reason, const char *what)
{
    int64_t line = 1;
    int64_t column = 1;
    for (const char *p = parser->tape->text.p; p < parser->at; p++) {
        column = *p == '\n' ? 1 : column + 1;
        line += *p == '\n';
    }
    Buf buf = buf_in(parser->arena);
    buf_add(&buf, STR("line "));
    buf_add_int(&buf, line);
    buf_add(&buf, STR(", column "));
    buf_add_int(&buf, column);
    buf_add(&buf, STR(": "));
    buf_add(&buf, str_from(what));
    buf_add_char(&buf, '\0');
    Str text = STR_EMPTY;
    bool is_told = !FAILED(buf_finish(&buf, &text)); /* memory is short: the reason alone must do */
    return error_make(reason, is_told ? text.p : "", ERROR_SITE);
}

#define REFUSE(parser_, what_) return fail_at((parser_), REASON_JSON_SYNTAX, (what_))
#define REFUSE_LIMIT(parser_, what_) return fail_at((parser_), REASON_JSON_LIMIT, (what_))

static int peek(const Parser *parser)
{
    return parser->at < parser->end ? (unsigned char)*parser->at : -1;
}

static void skip_blanks(Parser *parser)
{
    while (parser->at < parser->end && (*parser->at == ' ' || *parser->at == '\n' ||
                                        *parser->at == '\r' || *parser->at == '\t')) {
        parser->at++;
    }
}

static bool accept(Parser *parser, char c)
{
    skip_blanks(parser);
    if (peek(parser) != c) {
        return false;
    }
    parser->at++;
    return true;
}

static Error push(Parser *parser, Node node)
{
    JsonTape *tape = parser->tape;
    if (tape->count == parser->capacity) {
        REFUSE_LIMIT(parser, "too many values");
    }
    node.next = tape->count + 1;
    tape->nodes[tape->count++] = node;
    return OK;
}

static Error push_span(Parser *parser, JsonKind kind, const char *from)
{
    return push(parser, (Node){.offset = (uint32_t)(from - parser->tape->text.p),
                               .length = (uint32_t)(parser->at - from),
                               .meta = kind});
}

/* --- strings --- */

/* Checks the escape at parser->at (the backslash) and steps over it. */
static Error check_escape(Parser *parser)
{
    const char *p = parser->at + 1;
    if (p == parser->end) {
        REFUSE(parser, "string without end");
    }
    if (*p != 'u') {
        if (*p == '\0' || strchr("\"\\/bfnrt", *p) == NULL) {
            REFUSE(parser, "unknown escape");
        }
        parser->at = p + 1;
        return OK;
    }
    int32_t unit = json_tape_hex_unit(p + 1, parser->end);
    if (unit <= 0) {
        REFUSE(parser, unit == 0 ? "NUL character" : "escape without four hex digits");
    }
    p += 5;
    if (json_tape_is_high(unit)) {
        bool is_pair = parser->end - p >= 6 && p[0] == '\\' && p[1] == 'u' &&
                       json_tape_is_low(json_tape_hex_unit(p + 2, parser->end));
        if (!is_pair) {
            REFUSE(parser, "half a surrogate pair");
        }
        p += 6;
    } else if (json_tape_is_low(unit)) {
        REFUSE(parser, "half a surrogate pair");
    }
    parser->at = p;
    return OK;
}

/* Steps over the string at parser->at (its opening quote). */
static Error check_string(Parser *parser, bool *ret_has_escapes)
{
    bool has_escapes = false;
    parser->at++;
    for (;;) {
        int c = peek(parser);
        if (c < 0) {
            REFUSE(parser, "string without end");
        } else if (c == '"') {
            parser->at++;
            *ret_has_escapes = has_escapes;
            return OK;
        } else if (c == '\\') {
            has_escapes = true;
            TRY(check_escape(parser));
        } else if (c < 0x20) {
            REFUSE(parser, "control character in a string");
        } else if (c < 0x80) {
            parser->at++;
        } else {
            size_t n = utf8_decode(str_bytes(parser->at, (size_t)(parser->end - parser->at)), NULL);
            if (n == 0) {
                REFUSE(parser, "invalid UTF-8");
            }
            parser->at += n;
        }
    }
}

static Error parse_string(Parser *parser)
{
    const char *from = parser->at;
    bool has_escapes = false;
    TRY(check_string(parser, &has_escapes));
    TRY(push_span(parser, JSON_STRING, from));
    parser->tape->nodes[parser->tape->count - 1].meta |= has_escapes ? META_ESCAPES : 0;
    return OK;
}

/* A name's node spans what is between the quotes; decoded names lie aside, so that looking one up
 * never allocates. */
static Error parse_name(Parser *parser)
{
    skip_blanks(parser);
    if (peek(parser) != '"') {
        REFUSE(parser, "a member name is expected here");
    }
    const char *from = parser->at + 1;
    bool has_escapes = false;
    TRY(check_string(parser, &has_escapes));
    Str inside = str_bytes(from, (size_t)(parser->at - 1 - from));
    Node node = {.offset = (uint32_t)(from - parser->tape->text.p),
                 .length = (uint32_t)inside.n,
                 .meta = JSON_STRING};
    if (has_escapes) {
        node.offset = (uint32_t)parser->names.n;
        json_tape_decode(&parser->names, inside);
        TRY(buf_finish(&parser->names, &parser->tape->names));
        node.length = (uint32_t)(parser->names.n - node.offset);
        node.meta |= META_ESCAPES;
    }
    return push(parser, node);
}

/* --- numbers and literals --- */

static const char *skip_digits(const char *p, const char *end)
{
    while (p < end && *p >= '0' && *p <= '9') {
        p++;
    }
    return p;
}

/* The end of the number that starts at p, NULL when none does. */
static const char *number_end(const char *p, const char *end)
{
    p += p < end && *p == '-';
    const char *digits = p;
    p = skip_digits(p, end);
    if (p == digits || (*digits == '0' && p - digits > 1)) {
        return NULL;
    }
    if (p < end && *p == '.') {
        digits = p + 1;
        p = skip_digits(digits, end);
        if (p == digits) {
            return NULL;
        }
    }
    if (p < end && (*p == 'e' || *p == 'E')) {
        digits = p + 1;
        digits += digits < end && (*digits == '+' || *digits == '-');
        p = skip_digits(digits, end);
        if (p == digits) {
            return NULL;
        }
    }
    return p;
}

bool json_is_number_text(Str text)
{
    return text.n > 0 && text.n <= JSON_NUMBER_BYTES_MAX &&
           number_end(text.p, text.p + text.n) == text.p + text.n;
}

static Error parse_number(Parser *parser)
{
    const char *from = parser->at;
    const char *to = number_end(from, parser->end);
    if (to == NULL) {
        REFUSE(parser, "a value is expected here");
    }
    if (to - from > JSON_NUMBER_BYTES_MAX) {
        REFUSE_LIMIT(parser, "number of more than 64 characters");
    }
    parser->at = to;
    return push_span(parser, JSON_NUMBER, from);
}

static Error parse_literal(Parser *parser, Str word, JsonKind kind)
{
    const char *from = parser->at;
    if (!str_starts_with(str_bytes(from, (size_t)(parser->end - from)), word)) {
        REFUSE(parser, "a value is expected here");
    }
    parser->at += word.n;
    return push_span(parser, kind, from);
}

/* --- containers --- */

#define PAIRWISE_NAMES 16

/* Few names are compared pair by pair; many are sorted, which no choice of names can slow down. */
static bool has_duplicate(Str *names, uint32_t count)
{
    if (count > PAIRWISE_NAMES) {
        qsort(names, count, sizeof *names, str_compare_void);
        for (uint32_t i = 1; i < count; i++) {
            if (str_eq(names[i - 1], names[i])) {
                return true;
            }
        }
        return false;
    }
    for (uint32_t i = 1; i < count; i++) {
        for (uint32_t j = 0; j < i; j++) {
            if (str_eq(names[i], names[j])) {
                return true;
            }
        }
    }
    return false;
}

static Error refuse_duplicates(const Parser *parser, uint32_t object, uint32_t count)
{
    Str few[PAIRWISE_NAMES];
    Str *names = few;
    if (count > PAIRWISE_NAMES) {
        names = ARENA_MANY(parser->arena, Str, count);
        ENSURE_ALLOC(names, parser->arena);
    }
    uint32_t at = object + 1;
    for (uint32_t i = 0; i < count; i++) {
        names[i] = json_tape_name(parser->tape, at);
        at = parser->tape->nodes[at + 1].next;
    }
    if (has_duplicate(names, count)) {
        REFUSE(parser, "the object that ends here has the same member twice");
    }
    return OK;
}

static Error open_container(Parser *parser, JsonKind kind, uint32_t *ret_node)
{
    if (parser->depth == parser->depth_max) {
        REFUSE_LIMIT(parser, "nested too deep");
    }
    parser->depth++;
    uint32_t node = parser->tape->count;
    TRY(push_span(parser, kind, parser->at));
    parser->at++;
    *ret_node = node;
    return OK;
}

static void close_container(Parser *parser, uint32_t at, uint32_t count)
{
    JsonTape *tape = parser->tape;
    Node *node = &tape->nodes[at];
    node->length = (uint32_t)(parser->at - tape->text.p) - node->offset;
    node->next = tape->count;
    node->meta |= count << META_COUNT_SHIFT;
    parser->depth--;
}

static Error parse_array(Parser *parser)
{
    uint32_t node = 0;
    uint32_t count = 0;
    TRY(open_container(parser, JSON_ARRAY, &node));
    if (!accept(parser, ']')) {
        do {
            TRY(parse_value(parser));
            count++;
        } while (accept(parser, ','));
        if (!accept(parser, ']')) {
            REFUSE(parser, "a comma or ] is expected here");
        }
    }
    close_container(parser, node, count);
    return OK;
}

static Error parse_object(Parser *parser)
{
    uint32_t node = 0;
    uint32_t count = 0;
    TRY(open_container(parser, JSON_OBJECT, &node));
    if (!accept(parser, '}')) {
        do {
            TRY(parse_name(parser));
            if (!accept(parser, ':')) {
                REFUSE(parser, "a colon is expected here");
            }
            TRY(parse_value(parser));
            count++;
        } while (accept(parser, ','));
        if (!accept(parser, '}')) {
            REFUSE(parser, "a comma or } is expected here");
        }
    }
    close_container(parser, node, count);
    return refuse_duplicates(parser, node, count);
}

/* Recursion is bounded by depth_max ≤ JSON_DEPTH_MAX. */
static Error parse_value(Parser *parser)
{
    skip_blanks(parser);
    switch (peek(parser)) {
    case '{':
        return parse_object(parser);
    case '[':
        return parse_array(parser);
    case '"':
        return parse_string(parser);
    case 't':
        return parse_literal(parser, STR("true"), JSON_TRUE);
    case 'f':
        return parse_literal(parser, STR("false"), JSON_FALSE);
    case 'n':
        return parse_literal(parser, STR("null"), JSON_NULL);
    default:
        return parse_number(parser);
    }
}

/* --- the whole text --- */

/* No text has more nodes than this: each but the root stands behind a bracket, comma or colon of
 * its own. One look ahead gives the tape one block of the right size, where growing would leave the
 * outgrown halves in the arena. */
static size_t nodes_bound(Str text)
{
    size_t count = 1;
    bool is_inside = false;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (is_inside) {
            i += c == '\\';
            is_inside = c != '"';
        } else {
            is_inside = c == '"';
            count += c == ',' || c == ':' || c == '[' || c == '{';
        }
    }
    return count;
}

static Error start(Parser *parser, Arena *arena, Str text, JsonLimits limits)
{
    JsonTape *tape = ARENA_ONE(arena, JsonTape);
    ENSURE_ALLOC(tape, arena);
    *tape = (JsonTape){.text = text, .names = STR_EMPTY};
    *parser = (Parser){.arena = arena,
                       .tape = tape,
                       .at = text.p,
                       .end = text.p + text.n,
                       .names = buf_in(arena),
                       .depth_max =
                           limits.depth_max < JSON_DEPTH_MAX ? limits.depth_max : JSON_DEPTH_MAX};
    if (text.n > limits.bytes_max || text.n > TEXT_BYTES_MAX) {
        REFUSE_LIMIT(parser, "text too long");
    }
    size_t bound = nodes_bound(text);
    parser->capacity = bound < limits.nodes_max ? (uint32_t)bound : limits.nodes_max;
    tape->nodes = ARENA_MANY(arena, Node, parser->capacity);
    ENSURE_ALLOC(tape->nodes, arena);
    return OK;
}

Error json_parse(Arena *arena, Str text, JsonLimits limits, JsonValue *ret_root)
{
    Parser parser;
    TRY(start(&parser, arena, text.n == 0 ? STR_EMPTY : text, limits));
    TRY(parse_value(&parser));
    skip_blanks(&parser);
    if (parser.at != parser.end) {
        REFUSE(&parser, "nothing more is expected here");
    }
    *ret_root = (JsonValue){.tape = parser.tape, .at = 0};
    return OK;
}
