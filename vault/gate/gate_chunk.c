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
    chunk->links = (GateLinks){.arena = call->arena, .subjects = ids, .count = chunk->count};
    return OK;
}

static Error entity_key(Arena *arena, const uint8_t id[SEALED_ID_BYTES], Str *ret_key)
{
    char text[PSEUDONYM_TEXT_16_BYTES];
    pseudonym_text_16(id, text);
    return str_copy_in(arena, str_from(text), ret_key);
}

static Error person_keys(VaultCall *call, SubjectIds ids, GateChunk *chunk)
{
    chunk->entities = ARENA_MANY(call->arena, Str, chunk->count);
    ENSURE_ALLOC(chunk->entities, call->arena);
    for (size_t i = 0; i < chunk->count; i++) {
        uint8_t id[SEALED_ID_BYTES];
        TRY(sealed_entity_id_of_subject(call, ids[i], id));
        TRY(entity_key(call->arena, id, &chunk->entities[i]));
    }
    return OK;
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
    return gate_type_is_person(type) ? person_keys(call, (SubjectIds)ids, chunk) : OK;
}

Error gate_chunk_find(GateCaller *reader, const GateType *type, const GatePlace *const *places,
                      GateChunk *chunk)
{
    VaultCall *call = reader->call;
    uint8_t(*ids)[SUBJECT_ID_BYTES] = arena_alloc_array(call->arena, chunk->count, sizeof *ids);
    ENSURE_ALLOC(ids, call->arena);
    chunk->entities = ARENA_MANY(call->arena, Str, chunk->count);
    ENSURE_ALLOC(chunk->entities, call->arena);
    for (size_t i = 0; i < chunk->count; i++) {
        memcpy(ids[i], places[i]->subject, SUBJECT_ID_BYTES);
        TRY(entity_key(call->arena, places[i]->id, &chunk->entities[i]));
    }
    chunk->rows = ARENA_MANY(call->arena, ViewRow, chunk->count);
    ENSURE_ALLOC(chunk->rows, call->arena);
    TRY(view_row_find_many(call, &type->list, (SubjectIds)ids, chunk->count, chunk->rows));
    return load_subjects(call, (SubjectIds)ids, chunk);
}

Error gate_chunk_target(GateCaller *inner, const GateType *type, GateChunk *chunk, size_t i,
                        GateTarget *ret_target)
{
    const Subject *subject = &chunk->subjects[i];
    const ViewRow *row = &chunk->rows[i];
    GateTarget target = {
        .type = type, .row = *row, .links = &chunk->links, .link_at = i, .why = "UNKNOWN_ID"};
    if (subject->key != NULL && row->doc.version > 0) {
        TRY(view_row_open(inner->call, &type->list, subject, row, &target.rules));
        target.subject = *subject;
    }
    *ret_target = target;
    return OK;
}
