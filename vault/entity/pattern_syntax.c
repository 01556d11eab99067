#include "pattern_syntax.h"

#include "pattern.h"

#define NO_FAULT NULL

/* products[d]: the largest product of bounded repeats so far in the group that is open at depth d;
 * item: the same of what a repeat that comes next would repeat. */
typedef struct Scan {
    Str text;
    size_t at;
    size_t depth;
    uint32_t products[PATTERN_NESTING_MAX + 1];
    uint32_t item;
} Scan;

static bool is_ahead(const Scan *scan, Str piece)
{
    return str_starts_with(str_slice(scan->text, scan->at, scan->text.n), piece);
}

static bool skip_if(Scan *scan, Str piece)
{
    bool is_there = is_ahead(scan, piece);
    scan->at += is_there ? piece.n : 0;
    return is_there;
}

/* Steps behind the next c, or to the end. */
static void skip_past(Scan *scan, char c)
{
    scan->at += str_find(str_slice(scan->text, scan->at, scan->text.n), c) + 1;
    scan->at = scan->at < scan->text.n ? scan->at : scan->text.n;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The number in \x{…} and \o{…} repeats nothing. */
static void skip_braces_of(Scan *scan, char letter)
{
    if ((letter == 'x' || letter == 'o') && is_ahead(scan, STR("{"))) {
        skip_past(scan, '}');
    }
}

/* Behind a backslash. */
static const char *scan_escape(Scan *scan, bool is_in_class)
{
    if (scan->at >= scan->text.n) {
        return NO_FAULT;
    }
    char letter = scan->text.p[scan->at++];
    if (letter == 'Q' || letter == 'E') {
        return "\\Q and \\E are not allowed";
    }
    if (!is_in_class && ((letter >= '1' && letter <= '9') || letter == 'g' || letter == 'k')) {
        return "back-references are not allowed";
    }
    if (letter == 'C') {
        return "\\C is not allowed";
    }
    if (letter == 'c' && scan->at < scan->text.n) {
        scan->at++; /* any character may be a control character's name, '{' and '(' too */
    }
    skip_braces_of(scan, letter);
    return NO_FAULT;
}

/* [:alpha:] inside a class; anything else that begins so is an ordinary bracket. */
static void skip_named_class(Scan *scan)
{
    size_t end = scan->at + 1;
    while (end < scan->text.n && (is_letter(scan->text.p[end]) || scan->text.p[end] == '^')) {
        end++;
    }
    if (str_starts_with(str_slice(scan->text, end, scan->text.n), STR(":]"))) {
        scan->at = end + 2;
    }
}

/* Behind the opening bracket. */
static const char *scan_class(Scan *scan)
{
    (void)skip_if(scan, STR("^"));
    (void)skip_if(scan, STR("]")); /* first in a class, it stands for itself */
    while (scan->at < scan->text.n) {
        char c = scan->text.p[scan->at++];
        if (c == ']') {
            return NO_FAULT;
        }
        if (c == '[' && is_ahead(scan, STR(":"))) {
            skip_named_class(scan);
        }
        const char *fault = c == '\\' ? scan_escape(scan, true) : NO_FAULT;
        if (fault != NO_FAULT) {
            return fault;
        }
    }
    return "a class does not end";
}

/* (?ims-ims) and (?ims-ims: — the first opens no group. x would make comments of what follows. */
static const char *scan_options(Scan *scan, bool *ret_opens_group)
{
    while (scan->at < scan->text.n &&
           str_find(STR("ims-"), scan->text.p[scan->at]) < STR("ims-").n) {
        scan->at++;
    }
    if (skip_if(scan, STR(")"))) {
        *ret_opens_group = false;
        return NO_FAULT;
    }
    return skip_if(scan, STR(":")) ? NO_FAULT : "this kind of group is not allowed";
}

/* Behind "(?". */
static const char *scan_group_kind(Scan *scan, bool *ret_opens_group)
{
    static const Str PLAIN[] = {STR_INIT(":"), STR_INIT("="),  STR_INIT("!"),
                                STR_INIT(">"), STR_INIT("<="), STR_INIT("<!")};
    for (size_t i = 0; i < sizeof PLAIN / sizeof PLAIN[0]; i++) {
        if (skip_if(scan, PLAIN[i])) {
            return NO_FAULT;
        }
    }
    if (skip_if(scan, STR("<")) || skip_if(scan, STR("P<"))) {
        skip_past(scan, '>');
        return NO_FAULT;
    }
    if (skip_if(scan, STR("'"))) {
        skip_past(scan, '\'');
        return NO_FAULT;
    }
    return scan_options(scan, ret_opens_group);
}

/* Behind the opening parenthesis. */
static const char *scan_group(Scan *scan)
{
    if (is_ahead(scan, STR("*"))) {
        return "verbs are not allowed";
    }
    bool opens_group = true;
    if (skip_if(scan, STR("?"))) {
        const char *fault = scan_group_kind(scan, &opens_group);
        if (fault != NO_FAULT || !opens_group) {
            return fault;
        }
    }
    if (scan->depth == PATTERN_NESTING_MAX) {
        return "groups are nested too deeply";
    }
    scan->products[++scan->depth] = 1;
    return NO_FAULT;
}

static void keep_product(Scan *scan)
{
    uint32_t *product = &scan->products[scan->depth];
    *product = *product > scan->item ? *product : scan->item;
}

static void close_group(Scan *scan)
{
    if (scan->depth > 0) { /* else the compiler refuses */
        scan->item = scan->products[scan->depth--];
        keep_product(scan);
    }
}

static uint32_t scan_number(Scan *scan)
{
    uint32_t number = 0;
    while (scan->at < scan->text.n && is_digit(scan->text.p[scan->at])) {
        number = number * 10 + (uint32_t)(scan->text.p[scan->at++] - '0');
        number = number < 100000 ? number : 100000;
    }
    return number;
}

/* Behind an opening brace: {n}, {n,}, {n,m}; anything else is ordinary text. */
static const char *scan_repeat(Scan *scan)
{
    size_t start = scan->at;
    uint32_t from = scan_number(scan);
    uint32_t to = skip_if(scan, STR(",")) ? scan_number(scan) : from;
    if (scan->at == start || !skip_if(scan, STR("}"))) {
        scan->at = start;
        scan->item = 1;
        return NO_FAULT;
    }
    uint32_t times = from > to ? from : to;
    scan->item *= times > 1 ? times : 1; /* at most 1,000 times 100,000 */
    keep_product(scan);
    return scan->item > PATTERN_REPEATS_MAX ? "repeats multiply beyond 1000" : NO_FAULT;
}

static const char *scan_one(Scan *scan)
{
    char c = scan->text.p[scan->at++];
    if (c == '{') {
        return scan_repeat(scan);
    }
    if (c == ')') {
        close_group(scan);
        return NO_FAULT;
    }
    if (c == '*' || c == '+' || c == '?') {
        return NO_FAULT; /* the item before may still be repeated further */
    }
    scan->item = 1;
    if (c == '(') {
        return scan_group(scan);
    }
    if (c == '[') {
        return scan_class(scan);
    }
    return c == '\\' ? scan_escape(scan, false) : NO_FAULT;
}

const char *pattern_syntax_fault(Str text)
{
    if (text.n > PATTERN_BYTES_MAX) {
        return "longer than 256 bytes";
    }
    if (str_find(text, '\0') < text.n) {
        return "a NUL character is not allowed";
    }
    Scan scan = {.text = text, .products = {1}, .item = 1};
    const char *fault = NO_FAULT;
    while (fault == NO_FAULT && scan.at < text.n) {
        fault = scan_one(&scan);
    }
    return fault;
}
