/* mongo_message.h — whether bytes from the network are a whole reply of the database.
 *
 * libmongoc 1.23 trusts the lengths inside a reply: one wrong number makes it read beyond its
 * buffer. So each reply is looked at before the driver sees it. Must never be included outside the
 * MongoDB adapter and its tests.
 *
 * Layer: vault/store. Thread-safe: pure. Requirement: R-T7. */
#ifndef MUSUBI_MONGO_MESSAGE_H
#define MUSUBI_MONGO_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MONGO_HEADER_BYTES ((size_t)16)
#define MONGO_MESSAGE_BYTES_MAX ((size_t)48000000)

/* The length that a header of MONGO_HEADER_BYTES bytes announces; 0 for one that announces no
 * reply. */
size_t mongo_message_bytes(const uint8_t *header);
/* Whether the n bytes of a message hold exactly one sound document (OP_MSG without extra sections,
 * or OP_REPLY). */
bool mongo_message_is_sound(const uint8_t *message, size_t n);

#endif
