/* Whatever a broken network or a broken server may send in place of a reply: what passes for sound
 * can be read by the driver's own means to its end, and nothing is read beyond the bytes. */
#include <bson/bson.h>
#include <stdlib.h>
#include <string.h>

#include "mongo_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* The document of a sound message, as the driver finds it. */
static void read_document(const uint8_t *message, size_t n)
{
    uint32_t code = 0;
    memcpy(&code, message + 12, sizeof code);
    size_t head = code == 2013 ? 5 : 20;
    uint32_t length = 0;
    bson_iter_t at;
    require(n >= MONGO_HEADER_BYTES + head + 5);
    memcpy(&length, message + MONGO_HEADER_BYTES + head, sizeof length);
    require(MONGO_HEADER_BYTES + head + length <= n);
    require(bson_iter_init_from_data(&at, message + MONGO_HEADER_BYTES + head, length));
    while (bson_iter_next(&at)) {
        require(strlen(bson_iter_key(&at)) < length);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy =
        malloc(size == 0 ? 1 : size); /* its own block, so that a step too far is seen */
    require(copy != NULL);
    if (size > 0) {
        memcpy(copy, data, size);
    }
    if (size >= MONGO_HEADER_BYTES) {
        require(mongo_message_bytes(copy) <= MONGO_MESSAGE_BYTES_MAX);
    }
    if (mongo_message_is_sound(copy, size)) {
        read_document(copy, size);
    }
    free(copy);
    return 0;
}
