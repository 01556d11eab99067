#include "pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "pattern_syntax.h"

#define MATCH_LIMIT 100000
#define DEPTH_LIMIT 5000
#define HEAP_LIMIT_KIB 1024

/* PCRE2 counts its match limit anew from each place of the subject at which a match could begin, so
 * the limits above bound one try, not the whole. Steps are counted over all tries by callouts
 * between the items of the pattern; a long run over the subject inside one item counts by its
 * length. */
#define BYTES_PER_STEP 16

struct Pattern {
    Arena *arena;
    Str text;
    pcre2_code *code;
    pcre2_match_context *context;
    pcre2_match_data *data;
    uint64_t steps;       /* of all matches so far */
    uint64_t steps_limit; /* for this match */
    size_t position;      /* of the subject at the last step */
};

static void *take_from_arena(size_t size, void *arena)
{
    return arena_alloc(arena, size);
}

static void leave_to_arena(void *memory, void *arena)
{
    (void)memory;
    (void)arena;
}

static int count_step(pcre2_callout_block *block, void *pattern_of_match)
{
    Pattern *pattern = pattern_of_match;
    size_t position = block->current_position;
    size_t distance =
        position > pattern->position ? position - pattern->position : pattern->position - position;
    pattern->position = position;
    pattern->steps += 1 + distance / BYTES_PER_STEP;
    return pattern->steps > pattern->steps_limit ? PCRE2_ERROR_MATCHLIMIT : 0;
}

static Error refuse(Arena *arena, const char *what, const char *why)
{
    const Str parts[] = {str_from(what), STR(": "), str_from(why)};
    Str argument;
    TRY(str_join_in(arena, parts, 3, &argument));
    return FAIL(PATTERN_INVALID, str_argument(arena, argument));
}

static Error compile(Pattern *pattern, const char *what, pcre2_general_context *memory)
{
    pcre2_compile_context *rules = pcre2_compile_context_create(memory);
    ENSURE_ALLOC(rules, pattern->arena);
    int code = 0;
    size_t offset = 0;
    /* Subjects are valid UTF-8, all but those that came into a store by another way: what is not
     * matches nothing. */
    uint32_t options =
        PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C | PCRE2_AUTO_CALLOUT;
    pattern->code =
        pcre2_compile((PCRE2_SPTR)pattern->text.p, pattern->text.n, options, &code, &offset, rules);
    if (pattern->code != NULL) {
        return OK;
    }
    if (code == PCRE2_ERROR_HEAP_FAILED) {
        return arena_failure(pattern->arena);
    }
    char why[128];
    int length = pcre2_get_error_message(code, (PCRE2_UCHAR *)why, sizeof why);
    return refuse(pattern->arena, what, length > 0 ? why : "not a regular expression");
}

static Error prepare_matching(Pattern *pattern, pcre2_general_context *memory)
{
    pattern->context = pcre2_match_context_create(memory);
    ENSURE_ALLOC(pattern->context, pattern->arena);
    (void)pcre2_set_match_limit(pattern->context, MATCH_LIMIT);
    (void)pcre2_set_depth_limit(pattern->context, DEPTH_LIMIT);
    (void)pcre2_set_heap_limit(pattern->context, HEAP_LIMIT_KIB);
    (void)pcre2_set_callout(pattern->context, count_step, pattern);
    pattern->data = pcre2_match_data_create(1, memory);
    ENSURE_ALLOC(pattern->data, pattern->arena);
    return OK;
}

Error pattern_compile_in(Arena *arena, const char *what, Str text, Pattern **ret_pattern)
{
    const char *fault = pattern_syntax_fault(text);
    if (fault != NULL) {
        return refuse(arena, what, fault);
    }
    Pattern *pattern = ARENA_ONE(arena, Pattern);
    ENSURE_ALLOC(pattern, arena);
    pattern->arena = arena;
    TRY(str_copy_in(arena, text, &pattern->text));
    pcre2_general_context *memory =
        pcre2_general_context_create(take_from_arena, leave_to_arena, arena);
    ENSURE_ALLOC(memory, arena);
    TRY(compile(pattern, what, memory));
    TRY(prepare_matching(pattern, memory));
    *ret_pattern = pattern;
    return OK;
}

Error pattern_matches(Pattern *pattern, Str subject, bool *ret_matches)
{
    ENSURE(pattern->steps < PATTERN_STEPS_MAX, PATTERN_COSTLY, NULL);
    uint64_t left = PATTERN_STEPS_MAX - pattern->steps;
    pattern->steps_limit =
        pattern->steps + (left < PATTERN_MATCH_STEPS_MAX ? left : PATTERN_MATCH_STEPS_MAX);
    pattern->position = 0;
    int result = pcre2_match(pattern->code, (PCRE2_SPTR)subject.p, subject.n, 0, 0, pattern->data,
                             pattern->context);
    if (result == PCRE2_ERROR_NOMEMORY) {
        return arena_failure(pattern->arena);
    }
    ENSURE(result >= PCRE2_ERROR_NOMATCH, PATTERN_COSTLY, NULL);
    *ret_matches = result != PCRE2_ERROR_NOMATCH;
    return OK;
}

Str pattern_text(const Pattern *pattern)
{
    return pattern->text;
}
