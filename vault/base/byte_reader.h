/* byte_reader.h — takes canonical bytes apart: the counterpart of buf_add_lp, buf_add_u32be and
 * buf_add_u64be.
 *
 * A straight line of takes; the first that finds too few bytes sticks, and the caller asks once at
 * the end. Must never copy, allocate or trust a length.
 *
 * Layer: vault/base. Thread-safe: single-owner. */
#ifndef MUSUBI_BYTE_READER_H
#define MUSUBI_BYTE_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "str.h"

typedef struct ByteReader {
    Str rest;
    bool has_failed;
} ByteReader;

/* Starts at the first byte. */
ByteReader byte_reader(Str bytes);
/* The next n bytes; empty once it has failed. A view. */
Str byte_take(ByteReader *reader, size_t n);
/* Zero or empty once it has failed. Views into the bytes. */
uint8_t byte_take_u8(ByteReader *reader);
uint32_t byte_take_u32(ByteReader *reader);
uint64_t byte_take_u64(ByteReader *reader);
Str byte_take_lp(ByteReader *reader);
/* A count of things that take at least item_bytes each: fails when so many can't be there, which
 * bounds what a caller allocates. */
size_t byte_take_count(ByteReader *reader, size_t item_bytes);
/* Everything was there and nothing is left. */
bool byte_reader_is_done(const ByteReader *reader);

#endif
