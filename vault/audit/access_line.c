#include "access_line.h"

#include "byte_reader.h"

Error access_line_encode_in(Arena *arena, Str node, const Leaf *leaf, Str detail_plaintext,
                            Str *ret_plaintext)
{
    Buf buf = buf_in(arena);
    buf_add_char(&buf, ACCESS_LINE_FORMAT);
    buf_add_u64be(&buf, (uint64_t)leaf->at_ms);
    buf_add_u64be(&buf, leaf->seq);
    buf_add_lp(&buf, node);
    buf_add_char(&buf, (char)leaf->act);
    buf_add_char(&buf, leaf->is_denied ? 1 : 0);
    buf_add_lp(&buf, leaf->why);
    buf_add_lp(&buf, leaf->client);
    buf_add_lp(&buf, leaf->operator_id);
    buf_add_lp(&buf, leaf->purpose);
    buf_add_lp(&buf, leaf->entity_type);
    buf_add_lp(&buf, leaf->request_id);
    buf_add_lp(&buf, detail_plaintext);
    return buf_finish(&buf, ret_plaintext);
}

Error access_line_decode_in(Arena *arena, Str plaintext, AccessLine *ret_line)
{
    ByteReader reader = byte_reader(plaintext);
    ENSURE(byte_take_u8(&reader) == ACCESS_LINE_FORMAT, LOG_NEWER, NULL);
    AccessLine line = {0};
    line.at_ms = (int64_t)byte_take_u64(&reader);
    line.seq = byte_take_u64(&reader);
    line.node = byte_take_lp(&reader);
    unsigned act = byte_take_u8(&reader);
    unsigned denied = byte_take_u8(&reader);
    line.why = byte_take_lp(&reader);
    line.client = byte_take_lp(&reader);
    line.operator_id = byte_take_lp(&reader);
    line.purpose = byte_take_lp(&reader);
    line.entity_type = byte_take_lp(&reader);
    line.request_id = byte_take_lp(&reader);
    Str detail = byte_take_lp(&reader);
    ENSURE(byte_reader_is_done(&reader) && act < LEAF_ACT_COUNT_ && denied <= 1, LOG_CORRUPT,
           "the fields of a line");
    line.act = (LeafAct)act;
    line.is_denied = denied == 1;
    TRY(leaf_detail_decode_in(arena, detail, &line.salt, &line.subject, &line.detail));
    *ret_line = line;
    return OK;
}

int access_line_compare(const void *a, const void *b)
{
    const AccessLine *left = a;
    const AccessLine *right = b;
    if (left->at_ms != right->at_ms) {
        return left->at_ms < right->at_ms ? 1 : -1;
    }
    int nodes = str_compare(right->node, left->node);
    if (nodes != 0) {
        return nodes;
    }
    return (left->seq < right->seq) - (left->seq > right->seq);
}
