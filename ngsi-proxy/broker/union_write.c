#include "union_half.h"

/* One half's share of a batch, and where each of its writes stood in the whole. */
typedef struct Share {
    Broker *half;
    EntityWrite *writes;
    size_t *places;
    size_t count;
} Share;

static Error share_in(Arena *arena, Broker *half, size_t capacity, Share *ret_share)
{
    Share share = {.half = half};
    share.writes = ARENA_MANY(arena, EntityWrite, capacity);
    ENSURE_ALLOC(share.writes, arena);
    share.places = ARENA_MANY(arena, size_t, capacity);
    ENSURE_ALLOC(share.places, arena);
    *ret_share = share;
    return OK;
}

static void share_add(Share *share, const EntityWrite *write, size_t place)
{
    share->writes[share->count] = *write;
    share->places[share->count] = place;
    share->count++;
}

static bool creates(EntityWriteKind kind)
{
    return kind == ENTITY_CREATE || kind == ENTITY_UPSERT || kind == ENTITY_UPSERT_STRICT;
}

/* --- what may become open data ---------------------------------------------------------------- */

static Error check_text(const UnionBroker *self, Arena *arena, Str text)
{
    const EntityTypeSpec *spec = classify_text(&self->classifier, text);
    ENSURE(spec == NULL, VALUE_IS_PERSONAL, str_argument(arena, spec->name));
    return OK;
}

/* A person's id is told to no other broker, not even as the value of an attribute. */
static Error check_values(const UnionBroker *self, Arena *arena, const Entity *entity)
{
    TRY(check_text(self, arena, entity->type));
    for (size_t i = 0; i < entity->attribute_count; i++) {
        const Attribute *attribute = &entity->attributes[i];
        TRY(check_text(self, arena, attribute->name));
        TRY(check_text(self, arena, attribute->type));
        TRY(check_text(self, arena, attribute->value));
        for (size_t m = 0; m < attribute->metadata_count; m++) {
            TRY(check_text(self, arena, attribute->metadata[m].name));
            TRY(check_text(self, arena, attribute->metadata[m].type));
            TRY(check_text(self, arena, attribute->metadata[m].value));
        }
    }
    return OK;
}

/* Attributes that only personal types have tell what is meant, whatever the type says. Without a
 * type: something personal that the caller's view lacks, so it is nowhere as far as he can know. */
static Error check_names(const UnionBroker *self, Arena *arena, const Entity *entity)
{
    for (size_t i = 0; i < entity->attribute_count && !self->classifier.are_unlisted_public; i++) {
        Str name = entity->attributes[i].name;
        bool is_personal = classify_is_personal_name(&self->classifier, name);
        ENSURE(!is_personal || entity->type.n > 0, ENTITY_NOT_FOUND, NULL);
        ENSURE(!is_personal, NAME_IS_PERSONAL, str_argument(arena, name));
    }
    return OK;
}

/* --- which half ------------------------------------------------------------------------------- */

static Error check_type(const UnionBroker *self, Arena *arena, Str id, Str type)
{
    const EntityTypeSpec *form = classify_id(&self->classifier, id);
    switch (classify_type(&self->classifier, type)) {
    case TYPE_PERSONAL:
        return OK;
    case TYPE_PUBLIC:
        ENSURE(form == NULL, ID_IS_PERSONAL, str_argument(arena, form->name));
        return OK;
    case TYPE_UNLISTED:
    case TYPE_CLASS_COUNT_:
        break;
    }
    return FAIL(TYPE_NOT_REGISTERED, str_argument(arena, type));
}

/* A write without a type goes where the caller's view has the entity, else to open data, which says
 * so when it lacks it too. One that may create says by its type where: Thing, when none is given.
 */
static Error half_of_write(const UnionBroker *self, BrokerCall *call, const EntityWrite *write,
                           Broker **ret_half)
{
    Str id = write->entity.id;
    Str type = write->entity.type;
    if (type.n > 0) {
        TRY(check_type(self, call->vault.arena, id, type));
    }
    TRY(union_half_of(self, call, id, type, ret_half));
    ENSURE(*ret_half != NULL, INTERNAL, "write of no half");
    if (*ret_half != self->public_half) {
        return OK;
    }
    if (type.n == 0 && creates(write->kind)) {
        TRY(check_type(self, call->vault.arena, id, STR("Thing")));
    }
    TRY(check_names(self, call->vault.arena, &write->entity));
    return check_values(self, call->vault.arena, &write->entity);
}

static Error share_write(BrokerCall *call, const Share *share, const EntityBatch *whole,
                         EntityOutcome *ret_outcomes)
{
    if (share->count == 0) {
        return OK;
    }
    EntityOutcome *outcomes = ARENA_MANY(call->vault.arena, EntityOutcome, share->count);
    ENSURE_ALLOC(outcomes, call->vault.arena);
    const EntityBatch batch = {.writes = share->writes,
                               .count = share->count,
                               .is_batch_call = whole->is_batch_call,
                               .is_rehearsal = whole->is_rehearsal};
    TRY(share->half->ops->write(share->half, call, &batch, outcomes));
    for (size_t i = 0; i < share->count; i++) {
        ret_outcomes[share->places[i]] = outcomes[i];
    }
    return OK;
}

/* Both shares may be refused as a whole, and then nothing of the batch is to be done: what the open
 * one would say is heard before the personal one is written. */
Error union_write(Broker *broker, BrokerCall *call, const EntityBatch *batch,
                  EntityOutcome *ret_outcomes)
{
    const UnionBroker *self = union_of(broker);
    Share personal;
    Share open;
    TRY(share_in(call->vault.arena, self->personal_half, batch->count, &personal));
    TRY(share_in(call->vault.arena, self->public_half, batch->count, &open));
    for (size_t i = 0; i < batch->count; i++) {
        Broker *half = NULL;
        TRY(half_of_write(self, call, &batch->writes[i], &half));
        share_add(half == self->personal_half ? &personal : &open, &batch->writes[i], i);
    }
    if (personal.count > 0) {
        call->raw = NULL; /* the answer is made of both shares */
    }
    if (personal.count > 0 && open.count > 0) {
        EntityBatch rehearsal = *batch;
        rehearsal.is_rehearsal = true;
        TRY(share_write(call, &open, &rehearsal, ret_outcomes));
    }
    TRY(share_write(call, &personal, batch, ret_outcomes));
    return share_write(call, &open, batch, ret_outcomes);
}
