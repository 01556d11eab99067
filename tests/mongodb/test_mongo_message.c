/* The check of replies: sound ones pass, and no single byte of a length may be wrong. */
#include "check.h"

#include <bson/bson.h>
#include <string.h>

#include "mongo_message.h"

#define OP_REPLY 1
#define OP_COMPRESSED 2012
#define OP_MSG 2013

typedef struct Message {
    uint8_t bytes[512];
    size_t n;
} Message;

static void put_u32(Message *message, size_t at, uint32_t value)
{
    for (size_t i = 0; i < 4; i++) {
        message->bytes[at + i] = (uint8_t)(value >> (8 * i));
    }
}

/* A reply with a document of a few members; head is what stands between header and document. */
static Message make(uint32_t code, size_t head)
{
    Message message = {.n = MONGO_HEADER_BYTES + head};
    bson_t document = BSON_INITIALIZER;
    bson_t inner;
    BSON_APPEND_DOUBLE(&document, "ok", 1.0);
    BSON_APPEND_DOCUMENT_BEGIN(&document, "b", &inner);
    BSON_APPEND_UTF8(&inner, "s", "text");
    BSON_APPEND_BINARY(&inner, "x", BSON_SUBTYPE_BINARY, (const uint8_t *)"\x00\xff", 2);
    bson_append_document_end(&document, &inner);
    memcpy(message.bytes + message.n, bson_get_data(&document), document.len);
    message.n += document.len;
    bson_destroy(&document);
    put_u32(&message, 0, (uint32_t)message.n);
    put_u32(&message, 12, code);
    return message;
}

static Message make_msg(void)
{
    return make(OP_MSG, 5);
}

static Message make_reply(uint32_t documents)
{
    Message message = make(OP_REPLY, 20);
    put_u32(&message, MONGO_HEADER_BYTES + 16, documents);
    return message;
}

static bool is_sound(const Message *message)
{
    return mongo_message_is_sound(message->bytes, message->n);
}

static void test_sound(void **state)
{
    (void)state;
    Message message = make_msg();
    assert_true(is_sound(&message));
    assert_int_equal(mongo_message_bytes(message.bytes), message.n);
    message = make_reply(1);
    assert_true(is_sound(&message));
    message = make_msg();
    put_u32(&message, MONGO_HEADER_BYTES, 1); /* a checksum follows */
    message.n += 4;
    put_u32(&message, 0, (uint32_t)message.n);
    assert_true(is_sound(&message));
}

static void test_unknown_forms(void **state)
{
    (void)state;
    Message message = make_reply(2);
    assert_false(is_sound(&message));
    message = make_reply(0);
    assert_false(is_sound(&message));
    message = make(OP_COMPRESSED, 5);
    assert_int_equal(mongo_message_bytes(message.bytes), 0);
    assert_false(is_sound(&message));
    message = make_msg();
    message.bytes[MONGO_HEADER_BYTES + 4] = 1; /* a section of another kind */
    assert_false(is_sound(&message));
}

/* Every length in the message, changed in every way of a byte. */
static void test_wrong_lengths(void **state)
{
    static const size_t PLACES[] = {0, MONGO_HEADER_BYTES + 5,
                                    MONGO_HEADER_BYTES + 5 + 4 + 4 + 8 + 3};
    (void)state;
    for (size_t p = 0; p < sizeof PLACES / sizeof PLACES[0]; p++) {
        for (size_t i = 0; i < 4; i++) {
            for (unsigned change = 1; change < 256; change++) {
                Message message = make_msg();
                message.bytes[PLACES[p] + i] ^= (uint8_t)change;
                assert_false(is_sound(&message));
            }
        }
    }
}

static void test_every_cut(void **state)
{
    (void)state;
    Message message = make_msg();
    for (size_t n = 0; n < message.n; n++) {
        assert_false(mongo_message_is_sound(message.bytes, n));
        Message cut = message;
        cut.n = n;
        if (n >= MONGO_HEADER_BYTES) {
            put_u32(&cut, 0, (uint32_t)n); /* the header knows of the cut, the document doesn't */
            assert_false(is_sound(&cut));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sound),
        cmocka_unit_test(test_unknown_forms),
        cmocka_unit_test(test_wrong_lengths),
        cmocka_unit_test(test_every_cut),
    };
    return cmocka_run_group_tests_name("mongo_message", tests, NULL, NULL);
}
