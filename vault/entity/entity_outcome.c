#include "entity_update.h"

/* What Orion says of a request: the first thing that went wrong gives status and sentence, the
 * others are added to it. */
typedef struct Words {
    const EntityBatch *batch;
    const EntityOutcome *outcomes;
    Buf text;
    size_t listed;
} Words;

static ErrorReason reason_of(const EntityOutcome *outcome)
{
    return FAILED(outcome->refusal) ? outcome->refusal.reason : REASON_NONE;
}

/* Those that name entities or attributes in one sentence with others. */
static bool is_listed(ErrorReason reason)
{
    return reason == REASON_ENTITY_NOT_FOUND || reason == REASON_ATTRIBUTES_MISSING ||
           reason == REASON_ATTRIBUTES_EXIST;
}

static void add_entity(Words *words, size_t at)
{
    const EntityOutcome *outcome = &words->outcomes[at];
    buf_add(&words->text, words->listed > 0 ? STR(", ") : STR_EMPTY);
    buf_add(&words->text, words->batch->writes[at].entity.id);
    if (outcome->type.n > 0) {
        buf_add_char(&words->text, '/');
        buf_add(&words->text, outcome->type);
    }
}

static void add_names(Words *words, StrList names)
{
    buf_add(&words->text, STR(" - [ "));
    for (size_t i = 0; i < names.count; i++) {
        buf_add(&words->text, i > 0 ? STR(", ") : STR_EMPTY);
        buf_add(&words->text, names.items[i]);
    }
    buf_add(&words->text, STR(" ]"));
}

/* The dash is missing from the second on: clients have learnt to read it so. */
static void add_itself(Words *words)
{
    buf_add(&words->text, words->listed > 0 ? STR(" [entity itself]") : STR(" - [entity itself]"));
}

static void add_item(Words *words, size_t at)
{
    add_entity(words, at);
    if (reason_of(&words->outcomes[at]) == REASON_ENTITY_NOT_FOUND) {
        add_itself(words);
    } else {
        add_names(words, words->outcomes[at].names);
    }
    words->listed++;
}

static Error word(ErrorReason first, bool is_partial, const char *text)
{
    if (first == REASON_ATTRIBUTES_EXIST) {
        return is_partial ? FAIL(ATTRIBUTES_EXIST, text) : FAIL(ATTRIBUTES_ALL_EXIST, text);
    }
    if (is_partial) {
        return FAIL(PARTIAL_UPDATE, text);
    }
    return first == REASON_ENTITY_NOT_FOUND ? FAIL(BATCH_MISSING, text)
                                            : FAIL(ATTRIBUTES_MISSING, text);
}

/* The first refusal that can't be said in one sentence with others speaks alone. */
static const EntityOutcome *find_lone(const EntityBatch *batch, const EntityOutcome *outcomes)
{
    for (size_t i = 0; i < batch->count; i++) {
        ErrorReason reason = reason_of(&outcomes[i]);
        bool is_lone_entity = reason == REASON_ENTITY_NOT_FOUND && !batch->is_batch_call;
        if (reason != REASON_NONE && (!is_listed(reason) || is_lone_entity)) {
            return &outcomes[i];
        }
    }
    return NULL;
}

Error entity_outcomes_error(Arena *arena, const EntityBatch *batch, const EntityOutcome *outcomes)
{
    const EntityOutcome *lone = find_lone(batch, outcomes);
    if (lone != NULL) {
        return lone->refusal;
    }
    Words words = {.batch = batch, .outcomes = outcomes, .text = buf_in(arena)};
    ErrorReason first = REASON_NONE;
    bool is_partial = false;
    for (size_t i = 0; i < batch->count; i++) {
        is_partial |= outcomes[i].is_applied;
        if (reason_of(&outcomes[i]) != REASON_NONE) {
            first = words.listed == 0 ? reason_of(&outcomes[i]) : first;
            add_item(&words, i);
        }
    }
    if (words.listed == 0) {
        return OK;
    }
    Str text;
    TRY(buf_finish(&words.text, &text));
    return word(first, is_partial, str_argument(arena, text));
}
