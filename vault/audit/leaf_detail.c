#include "leaf_detail.h"

#include "byte_reader.h"

static void add_names(Buf *buf, const Str *names, size_t count)
{
    buf_add_u32be(buf, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        buf_add_lp(buf, names[i]);
    }
}

static size_t names_bytes(const Str *names, size_t count)
{
    size_t bytes = 4;
    for (size_t i = 0; i < count; i++) {
        bytes += 4 + names[i].n;
    }
    return bytes;
}

size_t leaf_detail_bytes(const uint8_t *subject, const LeafDetail *detail)
{
    const Str texts[] = {detail->entity_id,  detail->grant_id, detail->address,
                         detail->user_agent, detail->query,    detail->state_hash};
    size_t bytes = 1 + COMMITMENT_SALT_BYTES + 4 + (subject == NULL ? 0 : SUBJECT_ID_BYTES) + 8;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        bytes += 4 + texts[i].n;
    }
    return bytes + names_bytes(detail->attributes, detail->attribute_count) +
           names_bytes(detail->filtered, detail->filtered_count);
}

void leaf_detail_encode(Buf *buf, const uint8_t salt[COMMITMENT_SALT_BYTES], const uint8_t *subject,
                        const LeafDetail *detail)
{
    buf_add_char(buf, LEAF_DETAIL_FORMAT);
    buf_add(buf, str_bytes(salt, COMMITMENT_SALT_BYTES));
    buf_add_lp(buf, subject == NULL ? STR_EMPTY : str_bytes(subject, SUBJECT_ID_BYTES));
    buf_add_lp(buf, detail->entity_id);
    add_names(buf, detail->attributes, detail->attribute_count);
    add_names(buf, detail->filtered, detail->filtered_count);
    buf_add_lp(buf, detail->grant_id);
    buf_add_u64be(buf, detail->grant_version);
    buf_add_lp(buf, detail->address);
    buf_add_lp(buf, detail->user_agent);
    buf_add_lp(buf, detail->query);
    buf_add_lp(buf, detail->state_hash);
}

static Error take_names(Arena *arena, ByteReader *reader, const Str **ret_names, size_t *ret_count)
{
    size_t count = byte_take_count(reader, 4);
    ENSURE(!reader->has_failed, LOG_CORRUPT, "a list of names");
    Str *names = ARENA_MANY(arena, Str, count);
    ENSURE_ALLOC(names, arena);
    for (size_t i = 0; i < count; i++) {
        names[i] = byte_take_lp(reader);
    }
    *ret_names = names;
    *ret_count = count;
    return OK;
}

Error leaf_detail_decode_in(Arena *arena, Str plaintext, const uint8_t **ret_salt,
                            const uint8_t **ret_subject, LeafDetail *ret_detail)
{
    ByteReader reader = byte_reader(plaintext);
    ENSURE(byte_take_u8(&reader) == LEAF_DETAIL_FORMAT, LOG_NEWER, NULL);
    LeafDetail detail = {0};
    Str salt = byte_take(&reader, COMMITMENT_SALT_BYTES);
    Str subject = byte_take_lp(&reader);
    detail.entity_id = byte_take_lp(&reader);
    TRY(take_names(arena, &reader, &detail.attributes, &detail.attribute_count));
    TRY(take_names(arena, &reader, &detail.filtered, &detail.filtered_count));
    detail.grant_id = byte_take_lp(&reader);
    detail.grant_version = byte_take_u64(&reader);
    detail.address = byte_take_lp(&reader);
    detail.user_agent = byte_take_lp(&reader);
    detail.query = byte_take_lp(&reader);
    detail.state_hash = byte_take_lp(&reader);
    ENSURE(byte_reader_is_done(&reader), LOG_CORRUPT, "the fields of a detail record");
    ENSURE(subject.n == 0 || subject.n == SUBJECT_ID_BYTES, LOG_CORRUPT,
           "a subject id of 16 bytes");
    *ret_salt = (const uint8_t *)salt.p;
    *ret_subject = subject.n == 0 ? NULL : (const uint8_t *)subject.p;
    *ret_detail = detail;
    return OK;
}
