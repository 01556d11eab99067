#include "byte_reader.h"

ByteReader byte_reader(Str bytes)
{
    return (ByteReader){.rest = bytes};
}

Str byte_take(ByteReader *reader, size_t n)
{
    if (reader->has_failed || reader->rest.n < n) {
        reader->has_failed = true;
        return STR_EMPTY;
    }
    Str part = str_slice(reader->rest, 0, n);
    reader->rest = str_slice(reader->rest, n, reader->rest.n - n);
    return part;
}

static uint64_t take_number(ByteReader *reader, size_t n)
{
    Str bytes = byte_take(reader, n);
    uint64_t number = 0;
    for (size_t i = 0; i < bytes.n; i++) {
        number = number << 8 | (uint8_t)bytes.p[i];
    }
    return number;
}

uint8_t byte_take_u8(ByteReader *reader)
{
    return (uint8_t)take_number(reader, 1);
}

uint32_t byte_take_u32(ByteReader *reader)
{
    return (uint32_t)take_number(reader, 4);
}

uint64_t byte_take_u64(ByteReader *reader)
{
    return take_number(reader, 8);
}

Str byte_take_lp(ByteReader *reader)
{
    return byte_take(reader, byte_take_u32(reader));
}

size_t byte_take_count(ByteReader *reader, size_t item_bytes)
{
    size_t count = byte_take_u32(reader);
    if (count > reader->rest.n / item_bytes) {
        reader->has_failed = true;
        return 0;
    }
    return count;
}

bool byte_reader_is_done(const ByteReader *reader)
{
    return !reader->has_failed && reader->rest.n == 0;
}
