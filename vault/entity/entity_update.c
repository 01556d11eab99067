#include "entity_update.h"

#include <stdlib.h>
#include <string.h>

#include "entity_operator.h"
#include "geo.h"

/* Attributes by name, so that a body of thousands takes no time by their square. */
typedef struct Lookup {
    const Attribute **items;
    size_t count;
} Lookup;

typedef struct Plan {
    Arena *arena;
    const EntityWrite *write;
    const Entity *before; /* NULL: nothing */
    Lookup there;
    int64_t now_us;
    EntityEdit edit;
    Str *names;
    Str *removed;
} Plan;

/* --- looking up ------------------------------------------------------------------------------- */

static int compare_attributes(const Attribute *left, const Attribute *right)
{
    int order = str_compare(left->name, right->name);
    return order != 0 ? order : str_compare(left->dataset_id, right->dataset_id);
}

static int compare_items(const void *a, const void *b)
{
    return compare_attributes(*(const Attribute *const *)a, *(const Attribute *const *)b);
}

static Error lookup_in(Arena *arena, const Attribute *attributes, size_t count, Lookup *ret_lookup)
{
    const Attribute **items = ARENA_MANY(arena, const Attribute *, count);
    ENSURE_ALLOC(items, arena);
    for (size_t i = 0; i < count; i++) {
        items[i] = &attributes[i];
    }
    if (count > 1) {
        qsort(items, count, sizeof *items, compare_items);
    }
    *ret_lookup = (Lookup){items, count};
    return OK;
}

static const Attribute *lookup_find(const Lookup *lookup, const Attribute *like)
{
    if (lookup->count == 0) {
        return NULL;
    }
    const Attribute **found =
        bsearch(&like, lookup->items, lookup->count, sizeof *lookup->items, compare_items);
    return found == NULL ? NULL : *found;
}

/* --- one attribute ---------------------------------------------------------------------------- */

static Str type_of_value(Str value)
{
    switch (value.n > 0 ? value.p[0] : 'n') {
    case '"':
        return STR("Text");
    case '{':
    case '[':
        return STR("StructuredValue");
    case 't':
    case 'f':
        return STR("Boolean");
    case 'n':
        return STR("None");
    default:
        return STR("Number");
    }
}

static Metadata *find_metadata(Metadata *list, size_t count, Str name)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq(list[i].name, name)) {
            return &list[i];
        }
    }
    return NULL;
}

static bool same_metadata(const Metadata *left, const Metadata *right)
{
    return str_eq(left->type, right->type) && str_eq(left->value, right->value);
}

/* Old ones stay, given ones replace or join. */
static Error merge_metadata(const Plan *plan, const Attribute *old, const Attribute *asked,
                            Attribute *result, bool *is_changed)
{
    size_t old_count = plan->write->overrides_metadata ? 0 : old->metadata_count;
    size_t count = old_count;
    Metadata *merged = ARENA_MANY(plan->arena, Metadata, old_count + asked->metadata_count);
    ENSURE_ALLOC(merged, plan->arena);
    if (old_count > 0) {
        memcpy(merged, old->metadata, old_count * sizeof *merged);
    }
    for (size_t i = 0; i < asked->metadata_count; i++) {
        Metadata *same = find_metadata(merged, old_count, asked->metadata[i].name);
        if (same == NULL) {
            same = &merged[count++];
        }
        *same = asked->metadata[i];
    }
    result->metadata = merged;
    result->metadata_count = count;
    *is_changed |= count != old->metadata_count;
    for (size_t i = 0; i < old->metadata_count && !*is_changed; i++) {
        const Metadata *now = find_metadata(merged, count, old->metadata[i].name);
        *is_changed = now == NULL || !same_metadata(now, &old->metadata[i]);
    }
    return OK;
}

/* The value that the attribute is to have, and its type. */
static Error settle_value(const Plan *plan, const Attribute *old, const Attribute *asked,
                          bool is_new_entity, Attribute *result, bool *ret_is_nothing)
{
    result->value = asked->value;
    result->type = asked->type;
    if (result->type.n == 0 && old != NULL) {
        result->type = old->type;
    }
    *ret_is_nothing = false;
    if (entity_operator_is(asked->value)) {
        OperatorGround ground = {.attribute = asked->name,
                                 .type = result->type,
                                 .is_there = old != NULL,
                                 .before = old != NULL ? old->value : STR_EMPTY,
                                 .is_new = is_new_entity};
        TRY(entity_operator_apply(plan->arena, asked->value, &ground, &result->value,
                                  ret_is_nothing));
    }
    if (result->type.n == 0) {
        result->type = type_of_value(result->value);
    }
    return OK;
}

static Error put_new(Plan *plan, const Attribute *asked, bool is_new_entity)
{
    Attribute result = *asked;
    bool is_nothing = false;
    TRY(settle_value(plan, NULL, asked, is_new_entity, &result, &is_nothing));
    result.writer = STR_EMPTY;
    result.created_us = plan->now_us;
    result.modified_us = plan->now_us;
    if (!is_nothing) {
        plan->edit.put[plan->edit.put_count++] = result;
    }
    plan->edit.outcome.is_applied = true;
    return OK;
}

static Error put_over(Plan *plan, const Attribute *old, const Attribute *asked)
{
    Attribute result = *old;
    bool is_nothing = false;
    TRY(settle_value(plan, old, asked, false, &result, &is_nothing));
    bool is_changed = !str_eq(result.value, old->value) || !str_eq(result.type, old->type);
    TRY(merge_metadata(plan, old, asked, &result, &is_changed));
    if (is_changed) {
        result.modified_us = plan->now_us;
        plan->edit.put[plan->edit.put_count++] = result;
    }
    plan->edit.outcome.is_applied = true;
    return OK;
}

/* --- the one location ------------------------------------------------------------------------- */

static Error check_place(const Plan *plan, const Attribute *place)
{
    JsonValue value;
    TRY(json_parse(plan->arena, place->value, JSON_LIMITS_REQUEST, &value));
    return geo_value_check(plan->arena, place->type, value);
}

/* What is put counts, and what was there and stays. */
static Error check_stored_places(const Plan *plan)
{
    Lookup put;
    TRY(lookup_in(plan->arena, plan->edit.put, plan->edit.put_count, &put));
    for (size_t i = 0; i < plan->before->attribute_count; i++) {
        const Attribute *attribute = &plan->before->attributes[i];
        bool stays = plan->write->kind != ENTITY_REPLACE && lookup_find(&put, attribute) == NULL;
        ENSURE(!stays || !geo_is_location(attribute), LOCATION_SECOND, NULL);
    }
    return OK;
}

static Error check_places(const Plan *plan)
{
    size_t count = 0;
    bool is_any_new = false;
    for (size_t i = 0; i < plan->edit.put_count; i++) {
        const Attribute *attribute = &plan->edit.put[i];
        if (geo_is_location(attribute)) {
            ENSURE(count == 0, LOCATION_SECOND, NULL);
            count++;
            TRY(check_place(plan, attribute));
            const Attribute *old = lookup_find(&plan->there, attribute);
            is_any_new |= old == NULL || !geo_is_location(old);
        }
    }
    return is_any_new && plan->before != NULL ? check_stored_places(plan) : OK;
}

/* --- the kinds: what each does ---------------------------------------------------------------- */

static void name_it(Plan *plan, Str name)
{
    plan->names[plan->edit.outcome.names.count++] = name;
}

static void remove_it(Plan *plan, Str name)
{
    plan->removed[plan->edit.removed.count++] = name;
}

static Str type_of_new(const EntityWrite *write)
{
    return write->entity.type.n > 0 ? write->entity.type : ENTITY_TYPE_DEFAULT;
}

static Error create(Plan *plan)
{
    const Entity *asked = &plan->write->entity;
    for (size_t i = 0; i < asked->attribute_count; i++) {
        TRY(put_new(plan, &asked->attributes[i], true));
    }
    plan->edit.is_created = true;
    plan->edit.outcome.type = type_of_new(plan->write);
    return OK;
}

static Error change(Plan *plan, bool may_add, bool may_change)
{
    const Entity *asked = &plan->write->entity;
    for (size_t i = 0; i < asked->attribute_count; i++) {
        const Attribute *attribute = &asked->attributes[i];
        const Attribute *old = lookup_find(&plan->there, attribute);
        if (old == NULL && may_add) {
            TRY(put_new(plan, attribute, false));
        } else if (old != NULL && may_change) {
            TRY(put_over(plan, old, attribute));
        } else {
            name_it(plan, attribute->name);
        }
    }
    return OK;
}

static Error replace(Plan *plan)
{
    const Entity *asked = &plan->write->entity;
    for (size_t i = 0; i < asked->attribute_count; i++) {
        TRY(put_new(plan, &asked->attributes[i], true));
    }
    Lookup put;
    TRY(lookup_in(plan->arena, plan->edit.put, plan->edit.put_count, &put));
    for (size_t i = 0; i < plan->before->attribute_count; i++) {
        if (lookup_find(&put, &plan->before->attributes[i]) == NULL) {
            remove_it(plan, plan->before->attributes[i].name);
        }
    }
    plan->edit.outcome.is_applied = true;
    plan->edit.is_changed = true;
    return OK;
}

static void delete_attributes(Plan *plan)
{
    const Entity *asked = &plan->write->entity;
    for (size_t i = 0; i < asked->attribute_count; i++) {
        if (lookup_find(&plan->there, &asked->attributes[i]) != NULL) {
            remove_it(plan, asked->attributes[i].name);
            plan->edit.outcome.is_applied = true;
        } else {
            name_it(plan, asked->attributes[i].name);
        }
    }
}

static void delete_entity(Plan *plan)
{
    for (size_t i = 0; i < plan->before->attribute_count; i++) {
        remove_it(plan, plan->before->attributes[i].name);
    }
    plan->edit.is_deleted = true;
    plan->edit.outcome.is_applied = true;
}

static Error do_kind(Plan *plan)
{
    switch (plan->write->kind) {
    case ENTITY_CREATE:
        return create(plan);
    case ENTITY_UPSERT:
    case ENTITY_APPEND:
        return change(plan, true, true);
    case ENTITY_UPSERT_STRICT:
    case ENTITY_APPEND_STRICT:
        return change(plan, true, false);
    case ENTITY_UPDATE:
        return change(plan, false, true);
    case ENTITY_REPLACE:
        return replace(plan);
    case ENTITY_DELETE_ATTRIBUTES:
        delete_attributes(plan);
        return OK;
    case ENTITY_DELETE:
        delete_entity(plan);
        return OK;
    case ENTITY_WRITE_KIND_COUNT_:
        break;
    }
    return FAIL(INTERNAL, NULL);
}

/* --- the whole -------------------------------------------------------------------------------- */

static bool makes_entities(EntityWriteKind kind)
{
    return kind == ENTITY_CREATE || kind == ENTITY_UPSERT || kind == ENTITY_UPSERT_STRICT;
}

static bool is_strict(EntityWriteKind kind)
{
    return kind == ENTITY_UPSERT_STRICT || kind == ENTITY_APPEND_STRICT;
}

static Error open_plan(Plan *plan)
{
    size_t asked_count = plan->write->entity.attribute_count;
    size_t there_count = plan->before == NULL ? 0 : plan->before->attribute_count;
    EntityEdit *edit = &plan->edit;
    edit->put = ARENA_MANY(plan->arena, Attribute, asked_count);
    ENSURE_ALLOC(edit->put, plan->arena);
    plan->names = ARENA_MANY(plan->arena, Str, asked_count);
    ENSURE_ALLOC(plan->names, plan->arena);
    plan->removed = ARENA_MANY(plan->arena, Str, there_count + asked_count);
    ENSURE_ALLOC(plan->removed, plan->arena);
    edit->outcome = (EntityOutcome){.refusal = OK,
                                    .names = {.items = plan->names},
                                    .type = plan->write->entity.type,
                                    .was_there = plan->before != NULL};
    edit->removed = (StrList){.items = plan->removed};
    if (plan->before != NULL) {
        edit->outcome.type = plan->before->type;
        TRY(lookup_in(plan->arena, plan->before->attributes, there_count, &plan->there));
    }
    return OK;
}

static void close_plan(Plan *plan)
{
    EntityEdit *edit = &plan->edit;
    if (edit->outcome.names.count > 0) {
        edit->outcome.refusal = is_strict(plan->write->kind) ? FAIL(ATTRIBUTES_EXIST, NULL)
                                                             : FAIL(ATTRIBUTES_MISSING, NULL);
    } else {
        edit->outcome.is_applied = true;
    }
    edit->is_changed |=
        edit->put_count > 0 || edit->removed.count > 0 || edit->is_created || edit->is_deleted;
}

Error entity_update_plan(Arena *arena, const EntityWrite *write, const Entity *before,
                         int64_t now_us, EntityEdit *ret_edit)
{
    Plan plan = {.arena = arena, .write = write, .before = before, .now_us = now_us};
    TRY(open_plan(&plan));
    if (before == NULL && !makes_entities(write->kind)) {
        plan.edit.outcome.refusal = FAIL(ENTITY_NOT_FOUND, NULL);
    } else if (before != NULL && write->kind == ENTITY_CREATE) {
        plan.edit.outcome.refusal = FAIL(ENTITY_EXISTS, NULL);
    } else {
        TRY(before == NULL ? create(&plan) : do_kind(&plan));
        TRY(check_places(&plan));
        close_plan(&plan);
    }
    *ret_edit = plan.edit;
    return OK;
}

/* Whether the attribute may become a location: by its type, or under the stored type by its value
 * or metadata. */
static bool may_bring_place(const EntityWrite *write, const Attribute *attribute)
{
    if (attribute->type.n > 0) {
        return geo_is_type(attribute->type);
    }
    bool is_place_like =
        attribute->value.n > 0 && (attribute->value.p[0] == '"' || attribute->value.p[0] == '[' ||
                                   attribute->value.p[0] == '{');
    return is_place_like || write->overrides_metadata || attribute->metadata_count > 0;
}

bool entity_update_needs_all(const EntityWrite *write)
{
    bool keeps_others = write->kind != ENTITY_CREATE && write->kind != ENTITY_REPLACE &&
                        write->kind != ENTITY_DELETE && write->kind != ENTITY_DELETE_ATTRIBUTES;
    for (size_t i = 0; keeps_others && i < write->entity.attribute_count; i++) {
        if (may_bring_place(write, &write->entity.attributes[i])) {
            return true;
        }
    }
    return false;
}

bool entity_update_is_operator(Arena *scratch, Str value)
{
    (void)scratch;
    return entity_operator_is(value);
}

/* --- what is stored --------------------------------------------------------------------------- */

static Entity head_of(const EntityWrite *write, const Entity *before, const EntityEdit *edit,
                      int64_t now_us)
{
    if (before != NULL) {
        Entity head = *before;
        head.modified_us = edit->is_changed ? now_us : before->modified_us;
        return head;
    }
    return (Entity){.id = write->entity.id,
                    .type = type_of_new(write),
                    .service_path = write->service_path.n > 0 ? write->service_path : STR("/"),
                    .created_us = now_us,
                    .modified_us = now_us};
}

/* Whether the edit leaves an attribute that was there as it is. */
static bool is_kept(const Lookup *put, const Str *removed, size_t removed_count,
                    const Attribute *attribute)
{
    bool is_removed = removed_count > 0 && bsearch(&attribute->name, removed, removed_count,
                                                   sizeof *removed, str_compare_void) != NULL;
    return !is_removed && lookup_find(put, attribute) == NULL;
}

static Error sorted_names_in(Arena *arena, StrList names, Str **ret_sorted)
{
    Str *sorted = ARENA_MANY(arena, Str, names.count);
    ENSURE_ALLOC(sorted, arena);
    if (names.count > 0) {
        memcpy(sorted, names.items, names.count * sizeof *sorted);
        qsort(sorted, names.count, sizeof *sorted, str_compare_void);
    }
    *ret_sorted = sorted;
    return OK;
}

Error entity_update_result_in(Arena *arena, const EntityWrite *write, const Entity *before,
                              const EntityEdit *edit, int64_t now_us, Entity *ret_entity)
{
    Entity entity = head_of(write, before, edit, now_us);
    size_t there_count = before == NULL ? 0 : before->attribute_count;
    Lookup put;
    Str *removed = NULL;
    TRY(lookup_in(arena, edit->put, edit->put_count, &put));
    TRY(sorted_names_in(arena, edit->removed, &removed));
    entity.attributes = ARENA_MANY(arena, Attribute, there_count + edit->put_count);
    ENSURE_ALLOC(entity.attributes, arena);
    entity.attribute_count = 0;
    for (size_t i = 0; i < there_count; i++) {
        if (is_kept(&put, removed, edit->removed.count, &before->attributes[i])) {
            entity.attributes[entity.attribute_count++] = before->attributes[i];
        }
    }
    for (size_t i = 0; i < edit->put_count; i++) {
        entity.attributes[entity.attribute_count++] = edit->put[i];
    }
    entity_attributes_sort(&entity);
    *ret_entity = entity;
    return OK;
}
