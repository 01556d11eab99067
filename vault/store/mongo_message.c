#include "mongo_message.h"

#include <bson/bson.h>

#define OP_REPLY 1
#define OP_MSG 2013
#define MSG_CHECKSUM_PRESENT 1u
#define CHECKSUM_BYTES ((size_t)4)
/* flags and the kind of the only section; flags, cursor, offset and count */
#define MSG_HEAD_BYTES ((size_t)5)
#define REPLY_HEAD_BYTES ((size_t)20)

static uint32_t u32_at(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

size_t mongo_message_bytes(const uint8_t *header)
{
    size_t n = u32_at(header);
    uint32_t code = u32_at(header + 12);
    bool is_reply = code == OP_MSG || code == OP_REPLY;
    return is_reply && n > MONGO_HEADER_BYTES && n <= MONGO_MESSAGE_BYTES_MAX ? n : 0;
}

static bool is_sound_document(const uint8_t *bytes, size_t n)
{
    bson_t view;
    return bson_init_static(&view, bytes, n) && bson_validate(&view, BSON_VALIDATE_NONE, NULL);
}

static bool is_sound_msg(const uint8_t *body, size_t n)
{
    if (n < MSG_HEAD_BYTES || body[4] != 0) {
        return false;
    }
    size_t tail = (u32_at(body) & MSG_CHECKSUM_PRESENT) != 0 ? CHECKSUM_BYTES : 0;
    return n >= MSG_HEAD_BYTES + tail &&
           is_sound_document(body + MSG_HEAD_BYTES, n - MSG_HEAD_BYTES - tail);
}

static bool is_sound_reply(const uint8_t *body, size_t n)
{
    return n >= REPLY_HEAD_BYTES && u32_at(body + 16) == 1 &&
           is_sound_document(body + REPLY_HEAD_BYTES, n - REPLY_HEAD_BYTES);
}

bool mongo_message_is_sound(const uint8_t *message, size_t n)
{
    if (n < MONGO_HEADER_BYTES || mongo_message_bytes(message) != n) {
        return false;
    }
    const uint8_t *body = message + MONGO_HEADER_BYTES;
    size_t left = n - MONGO_HEADER_BYTES;
    return u32_at(message + 12) == OP_MSG ? is_sound_msg(body, left) : is_sound_reply(body, left);
}
