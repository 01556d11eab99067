#include "orion_read.h"
#include "orion_upstream.h"

#define PAGE_TYPES 1000

static Error ask(const OrionHalf *half, BrokerCall *call, OrionTarget *target,
                 HttpAnswer *ret_answer)
{
    OrionRequest request = {
        .method = "GET", .accept = STR("application/json"), .is_repeatable = true};
    TRY(orion_target_finish(target, &request.target));
    return orion_send(half, call, &request, ret_answer);
}

static OrionTarget types_target(const BrokerCall *call)
{
    OrionTarget target = orion_target(call->vault.arena);
    orion_target_segment(&target, STR("v2"));
    orion_target_segment(&target, STR("types"));
    return target;
}

static Error ask_one(const OrionHalf *half, BrokerCall *call, Str type, TypeList *ret_types)
{
    Arena *arena = call->vault.arena;
    OrionTarget target = types_target(call);
    HttpAnswer answer;
    JsonValue root;
    orion_target_segment(&target, type);
    TRY(ask(half, call, &target, &answer));
    if (answer.status == 404) {
        *ret_types = (TypeList){.count = 0};
        return OK;
    }
    ENSURE(orion_is_success(&answer), UPSTREAM_REFUSED, NULL);
    TypeInfo *info = ARENA_ONE(arena, TypeInfo);
    ENSURE_ALLOC(info, arena);
    info->name = type;
    TRY(orion_read_json(arena, answer.body, &root));
    TRY(orion_read_type(arena, root, info));
    *ret_types = (TypeList){.types = info, .count = 1};
    return OK;
}

/* One page of the list. */
static Error ask_page(const OrionHalf *half, BrokerCall *call, size_t offset, JsonValue *ret_root)
{
    Arena *arena = call->vault.arena;
    OrionTarget target = types_target(call);
    Buf number = buf_in(arena);
    HttpAnswer answer;
    Str text;
    buf_add_int(&number, (int64_t)offset);
    TRY(buf_finish(&number, &text));
    orion_target_param(&target, STR("limit"), STR("1000"));
    orion_target_param(&target, STR("offset"), text);
    TRY(ask(half, call, &target, &answer));
    ENSURE(orion_is_success(&answer), UPSTREAM_REFUSED, NULL);
    TRY(orion_read_json(arena, answer.body, ret_root));
    ENSURE(json_is(*ret_root, JSON_ARRAY), UPSTREAM_ANSWER, "a list that is no array");
    return OK;
}

static Error read_page(Arena *arena, JsonValue root, TypeList *types)
{
    size_t count = json_count(root);
    TypeInfo *all = ARENA_MANY(arena, TypeInfo, types->count + count);
    ENSURE_ALLOC(all, arena);
    for (size_t i = 0; i < types->count; i++) {
        all[i] = types->types[i];
    }
    JsonIter iter = json_iter(root);
    JsonValue item;
    while (json_next(&iter, NULL, &item)) {
        TypeInfo *info = &all[types->count++];
        JsonValue name;
        ENSURE(json_member(item, STR("type"), &name) && json_is(name, JSON_STRING), UPSTREAM_ANSWER,
               "a type without a name");
        TRY(json_string_in(arena, name, &info->name));
        TRY(orion_read_type(arena, item, info));
    }
    types->types = all;
    return OK;
}

/* Always in full: which types may be told is decided here, and the page with it. */
Error orion_types(Broker *broker, BrokerCall *call, const TypesQuery *query, TypeList *ret_types)
{
    const OrionHalf *half = (const OrionHalf *)(void *)broker;
    if (query->type.n > 0) {
        return ask_one(half, call, query->type, ret_types);
    }
    TypeList types = {.count = 0};
    size_t seen = 0;
    do {
        JsonValue root;
        TRY(ask_page(half, call, types.count, &root));
        seen = json_count(root);
        TRY(read_page(call->vault.arena, root, &types));
    } while (seen == PAGE_TYPES);
    *ret_types = types;
    return OK;
}
