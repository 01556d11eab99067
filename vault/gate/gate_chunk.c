#include "gate_chunk.h"

#include <string.h>

void gate_chunk_done(GateChunk *chunk)
{
    if (chunk->subjects != NULL) {
        subjects_done(chunk->subjects, chunk->count);
    }
}

typedef const uint8_t (*SubjectIds)[SUBJECT_ID_BYTES];

static Error load_subjects(VaultCall *call, SubjectIds ids, GateChunk *chunk)
{
    Subject *subjects = ARENA_MANY(call->arena, Subject, chunk->count);
    ENSURE_ALLOC(subjects, call->arena);
    TRY(subject_load_many(call, ids, chunk->count, subjects));
    chunk->subjects = subjects;
    return OK;
}

static Error load_links(GateCaller *reader, SubjectIds ids, GateChunk *chunk)
{
    VaultCall *call = reader->call;
    Str *keys = ARENA_MANY(call->arena, Str, chunk->count);
    ENSURE_ALLOC(keys, call->arena);
    chunk->links = ARENA_MANY(call->arena, StoreDoc, chunk->count);
    ENSURE_ALLOC(chunk->links, call->arena);
    for (size_t i = 0; i < chunk->count; i++) {
        TRY(id_link_key_of_subject(call, ids[i], reader->principal->client, &keys[i]));
    }
    return store_get_many(call->snapshot, call->arena, STORE_LINKS, keys, chunk->count,
                          chunk->links);
}

static Error load_entities(VaultCall *call, const Str *keys, GateChunk *chunk)
{
    chunk->entities = ARENA_MANY(call->arena, StoreDoc, chunk->count);
    ENSURE_ALLOC(chunk->entities, call->arena);
    return store_get_many(call->snapshot, call->arena, STORE_ENTITIES, keys, chunk->count,
                          chunk->entities);
}

static Error entity_key(Arena *arena, const uint8_t id[SEALED_ID_BYTES], Str *ret_key)
{
    char text[PSEUDONYM_TEXT_16_BYTES];
    pseudonym_text_16(id, text);
    return str_copy_in(arena, str_from(text), ret_key);
}

static Error load_persons(VaultCall *call, SubjectIds ids, GateChunk *chunk)
{
    Str *keys = ARENA_MANY(call->arena, Str, chunk->count);
    ENSURE_ALLOC(keys, call->arena);
    for (size_t i = 0; i < chunk->count; i++) {
        uint8_t id[SEALED_ID_BYTES];
        TRY(sealed_entity_id_of_subject(call, ids[i], id));
        TRY(entity_key(call->arena, id, &keys[i]));
    }
    return load_entities(call, keys, chunk);
}

Error gate_chunk_load(GateCaller *reader, const GateType *type, GateChunk *chunk)
{
    VaultCall *call = reader->call;
    uint8_t(*ids)[SUBJECT_ID_BYTES] = arena_alloc_array(call->arena, chunk->count, sizeof *ids);
    ENSURE_ALLOC(ids, call->arena);
    for (size_t i = 0; i < chunk->count; i++) {
        memcpy(ids[i], chunk->rows[i].subject, SUBJECT_ID_BYTES);
    }
    TRY(load_subjects(call, (SubjectIds)ids, chunk));
    TRY(load_links(reader, (SubjectIds)ids, chunk));
    return gate_type_is_person(type) ? load_persons(call, (SubjectIds)ids, chunk) : OK;
}

Error gate_chunk_find(GateCaller *reader, const GateType *type, const GatePlace *const *places,
                      GateChunk *chunk)
{
    VaultCall *call = reader->call;
    uint8_t(*ids)[SUBJECT_ID_BYTES] = arena_alloc_array(call->arena, chunk->count, sizeof *ids);
    ENSURE_ALLOC(ids, call->arena);
    Str *keys = ARENA_MANY(call->arena, Str, chunk->count);
    ENSURE_ALLOC(keys, call->arena);
    for (size_t i = 0; i < chunk->count; i++) {
        memcpy(ids[i], places[i]->subject, SUBJECT_ID_BYTES);
        TRY(entity_key(call->arena, places[i]->id, &keys[i]));
    }
    chunk->rows = ARENA_MANY(call->arena, ViewRow, chunk->count);
    ENSURE_ALLOC(chunk->rows, call->arena);
    TRY(view_row_find_many(call, &type->list, (SubjectIds)ids, chunk->count, chunk->rows));
    TRY(load_subjects(call, (SubjectIds)ids, chunk));
    TRY(load_links(reader, (SubjectIds)ids, chunk));
    return load_entities(call, keys, chunk);
}

Error gate_chunk_target(GateCaller *inner, const GateType *type, const GateChunk *chunk, size_t i,
                        GateTarget *ret_target)
{
    VaultCall *call = inner->call;
    const Subject *subject = &chunk->subjects[i];
    GateTarget target = {.type = type, .row = chunk->rows[i], .why = "UNKNOWN_ID"};
    *ret_target = target;
    if (subject->key == NULL || chunk->links[i].version == 0 || target.row.doc.version == 0) {
        return OK;
    }
    TRY(id_link_open(call, subject, &chunk->links[i], &target.link));
    if (target.link.state != LINK_ACTIVE) {
        return OK;
    }
    TRY(view_row_open(call, &type->list, subject, &chunk->rows[i], &target.rules));
    target.subject = *subject;
    *ret_target = target;
    return OK;
}
