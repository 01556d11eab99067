#include "log_verify.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "leaf.h"
#include "segment_read.h"
#include "timestamp.h"

/* One replay on its way. */
typedef struct Replay {
    const FilePort *port;
    const char *folder;
    const LogPolicy *policy;
    Checkpoint older; /* size 0: none to compare with */
    LogReport *report;
    Arena *arena; /* of the record at hand */
    MerkleFrontier frontier;
    MerkleFrontier before_last;      /* the tree before the last record of the segment at hand */
    uint8_t last_hash[SHA256_BYTES]; /* of that record */
    bool has_last;
    uint32_t number;
    uint64_t offset;
} Replay;

__attribute__((format(printf, 2, 3))) static void flaw(Replay *replay, const char *format, ...)
{
    LogReport *report = replay->report;
    if (!report->is_genuine) {
        return; /* the first one counts */
    }
    report->is_genuine = false;
    report->flaw.offset = replay->offset;
    report->flaw.seq = replay->frontier.size;
    if (replay->number != 0) {
        segment_name(replay->number, report->flaw.file);
    }
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(report->flaw.expected, sizeof report->flaw.expected, format, arguments);
    va_end(arguments);
}

static Error check_leaf(Replay *replay, const SegmentBatch *batch, size_t i)
{
    LogReport *report = replay->report;
    Leaf leaf;
    Error error = leaf_parse(replay->arena, batch->leaves[i], &leaf);
    if (error.reason == REASON_LOG_CORRUPT) {
        flaw(replay, "a leaf of the right form (%s)", error.argument);
        return OK;
    }
    TRY(error);
    bool is_right = false;
    TRY(leaf_detail_matches(replay->arena, &leaf, batch->details[i], &is_right));
    if (leaf.seq != replay->frontier.size) {
        flaw(replay, "leaf number %" PRIu64 " to say so, it says %" PRIu64, replay->frontier.size,
             leaf.seq);
    } else if (leaf.at_ms < report->last_ms) {
        flaw(replay, "a time not before that of the leaf before");
    } else if (!is_right) {
        flaw(replay, "the detail whose hash the leaf holds");
    }
    report->first_ms = replay->frontier.size == 0 ? leaf.at_ms : report->first_ms;
    report->last_ms = leaf.at_ms;
    report->boots += leaf.act == LEAF_BOOT;
    report->details += batch->details[i].n > 0;
    return OK;
}

static void check_older(Replay *replay)
{
    MerkleHash root;
    if (replay->older.size == 0 || replay->frontier.size != replay->older.size) {
        return;
    }
    merkle_root(&replay->frontier, &root);
    if (memcmp(root.bytes, replay->older.root.bytes, sizeof root.bytes) != 0) {
        flaw(replay, "the tree of %" PRIu64 " leaves that the older checkpoint states",
             replay->older.size);
    }
}

static Error check_leaves(Replay *replay, const SegmentBatch *batch)
{
    for (size_t i = 0; i < batch->count && replay->report->is_genuine; i++) {
        TRY(check_leaf(replay, batch, i));
        if (!replay->report->is_genuine) {
            return OK;
        }
        MerkleHash hash;
        merkle_hash_leaf(batch->leaves[i], &hash);
        merkle_append(&replay->frontier, &hash);
        check_older(replay);
    }
    return OK;
}

/* The key that signed, or NULL. */
static const LogKey *find_signer(const LogPolicy *policy, Str text, Str signature)
{
    for (size_t i = 0; i < policy->key_count; i++) {
        if (sign_verify(policy->keys[i].bytes, text, signature)) {
            return &policy->keys[i];
        }
    }
    return NULL;
}

static Error check_signature(Replay *replay, const SegmentBatch *batch)
{
    LogReport *report = replay->report;
    Checkpoint checkpoint = {.origin = replay->policy->origin, .size = replay->frontier.size};
    merkle_root(&replay->frontier, &checkpoint.root);
    if (memcmp(checkpoint.root.bytes, batch->root, MERKLE_HASH_BYTES) != 0) {
        flaw(replay, "the root of the leaves up to here");
        return OK;
    }
    Str text;
    TRY(checkpoint_text_in(replay->arena, &checkpoint, &text));
    const LogKey *signer =
        find_signer(replay->policy, text, str_bytes(batch->signature, SEGMENT_SIGNATURE_BYTES));
    if (signer == NULL) {
        flaw(replay, "a signature by a key of this log");
        return OK;
    }
    Str note;
    TRY(checkpoint_note_in(replay->arena, &checkpoint, signer->bytes, batch->signature, &note));
    (void)snprintf(report->last_note, sizeof report->last_note, "%.*s", STR_FORMAT(note));
    report->root = checkpoint.root;
    report->leaves = checkpoint.size;
    report->batches++;
    return OK;
}

static Error check_record(Replay *replay, const SegmentBatch *batch)
{
    if (batch->first_seq != replay->frontier.size) {
        flaw(replay, "a record that begins with leaf %" PRIu64 ", not %" PRIu64,
             replay->frontier.size, batch->first_seq);
        return OK;
    }
    CLEANUP(arena_free) Arena *arena = arena_new((size_t)64 << 20);
    ENSURE(arena != NULL, OUT_OF_MEMORY, NULL);
    replay->arena = arena;
    replay->before_last = replay->frontier;
    TRY(check_leaves(replay, batch));
    if (replay->report->is_genuine) {
        TRY(check_signature(replay, batch));
    }
    sha256_of(&batch->record, 1, replay->last_hash);
    replay->has_last = true;
    return OK;
}

static bool same_frontier(const MerkleFrontier *a, const MerkleFrontier *b)
{
    return a->size == b->size &&
           (a->size == 0 ||
            memcmp(a->hashes, b->hashes, merkle_frontier_count(a->size) * MERKLE_HASH_BYTES) == 0);
}

/* The head of the next segment: it goes on where the log is, or repeats the last record. */
static bool check_head(Replay *replay, const SegmentFile *file, bool *ret_repeats)
{
    const SegmentHead *head = segment_file_head(file);
    *ret_repeats = false;
    if (segment_file_fault(file) != SEGMENT_FINE) {
        flaw(replay, "%s, at the head", segment_fault_text(segment_file_fault(file)));
    } else if (!str_eq(head->origin, replay->policy->origin)) {
        flaw(replay, "the origin %.*s", STR_FORMAT(replay->policy->origin));
    } else if (replay->has_last && same_frontier(&head->frontier, &replay->before_last)) {
        *ret_repeats = true;
    } else if (!same_frontier(&head->frontier, &replay->frontier)) {
        flaw(replay, "a head with the tree of the %" PRIu64 " leaves before it",
             replay->frontier.size);
    }
    return replay->report->is_genuine;
}

static Error check_repetition(Replay *replay, const SegmentBatch *batch)
{
    uint8_t hash[SHA256_BYTES];
    sha256_of(&batch->record, 1, hash);
    if (memcmp(hash, replay->last_hash, sizeof hash) != 0) {
        flaw(replay, "the last record of the segment before, repeated byte for byte");
    }
    return OK;
}

static Error check_segment(Replay *replay)
{
    CLEANUP(segment_file_close) SegmentFile *file = NULL;
    TRY(segment_file_open(replay->port, replay->folder, replay->number, &file));
    bool repeats = false;
    replay->offset = 0;
    if (!check_head(replay, file, &repeats)) {
        return OK;
    }
    replay->report->segments++;
    replay->has_last = replay->has_last && repeats;
    for (;;) {
        const SegmentBatch *batch = NULL;
        replay->offset = segment_file_offset(file);
        TRY(segment_file_next(file, &batch));
        if (batch == NULL) {
            break;
        }
        TRY(repeats ? check_repetition(replay, batch) : check_record(replay, batch));
        repeats = false;
        if (!replay->report->is_genuine) {
            return OK;
        }
    }
    if (segment_file_fault(file) != SEGMENT_FINE) {
        flaw(replay, "%s", segment_fault_text(segment_file_fault(file)));
    }
    return OK;
}

static Error check_all(Replay *replay, const uint32_t *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        replay->number = (uint32_t)(i + 1);
        replay->offset = 0;
        if (numbers[i] != i + 1) {
            flaw(replay, "this segment, which is missing");
            return OK;
        }
        TRY(check_segment(replay));
        if (!replay->report->is_genuine) {
            return OK;
        }
    }
    if (replay->older.size > replay->frontier.size) {
        flaw(replay, "the %" PRIu64 " leaves that the older checkpoint states", replay->older.size);
    }
    return OK;
}

Error log_verify_folder(const FilePort *port, const char *folder, const LogPolicy *policy,
                        Str older_note, LogReport *ret_report)
{
    CLEANUP(arena_free) Arena *arena = arena_new((size_t)64 << 20);
    ENSURE(arena != NULL, OUT_OF_MEMORY, NULL);
    LogReport *report = ARENA_ONE(arena, LogReport);
    ENSURE_ALLOC(report, arena);
    Replay *replay = ARENA_ONE(arena, Replay);
    ENSURE_ALLOC(replay, arena);
    report->is_genuine = true;
    *replay = (Replay){.port = port, .folder = folder, .policy = policy, .report = report};
    merkle_root(&replay->frontier, &report->root);
    if (older_note.n > 0) {
        TRY(checkpoint_open(arena, policy, older_note, &replay->older));
    }
    uint32_t *numbers = NULL;
    size_t count = 0;
    TRY(segment_list_in(port, arena, folder, &numbers, &count));
    TRY(check_all(replay, numbers, count));
    *ret_report = *report;
    return OK;
}

__attribute__((format(printf, 2, 3))) static void add_line(Buf *buf, const char *format, ...)
{
    char line[LOG_VERIFY_NOTE_BYTES + 100];
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    buf_add(buf, str_bytes(line, n < 0                     ? 0
                                 : (size_t)n < sizeof line ? (size_t)n
                                                           : sizeof line - 1));
    buf_add_char(buf, '\n');
}

Error log_verify_text_in(Arena *arena, const LogReport *report, Str *ret_text)
{
    char first[TIMESTAMP_TEXT_BYTES];
    char last[TIMESTAMP_TEXT_BYTES];
    timestamp_text(report->first_ms * 1000, first);
    timestamp_text(report->last_ms * 1000, last);
    Buf buf = buf_in(arena);
    add_line(&buf, "%s", report->is_genuine ? "The log is genuine." : "The log is NOT genuine.");
    if (!report->is_genuine) {
        const LogFlaw *bad = &report->flaw;
        add_line(&buf, "first bad place: %s, offset %" PRIu64 ", leaf %" PRIu64,
                 bad->file[0] != '\0' ? bad->file : "folder", bad->offset, bad->seq);
        add_line(&buf, "expected there: %s", bad->expected);
        add_line(&buf, "proven before it:");
    }
    add_line(&buf,
             "leaves %" PRIu64 ", batches %" PRIu64 ", segments %" PRIu64
             ", sealed details %" PRIu64 ", starts %" PRIu64,
             report->leaves, report->batches, report->segments, report->details, report->boots);
    if (report->leaves > 0) {
        add_line(&buf, "from %s to %s", first, last);
        add_line(&buf, "last checkpoint:\n%s", report->last_note);
    }
    return buf_finish(&buf, ret_text);
}

Error log_verify_each_leaf(const FilePort *port, const char *folder, uint64_t from_seq,
                           LogLeafVisit visit, void *context)
{
    CLEANUP(segment_reader_close) SegmentReader *reader = NULL;
    TRY(segment_reader_open(port, folder, from_seq, &reader));
    uint64_t next = from_seq;
    for (;;) {
        const SegmentBatch *batch = NULL;
        TRY(segment_reader_next(reader, UINT64_MAX, &batch));
        if (batch == NULL) {
            return OK;
        }
        for (size_t i = (size_t)(next - batch->first_seq); i < batch->count; i++) {
            TRY(visit(context, batch->first_seq + i, batch->leaves[i], batch->details[i]));
        }
        next = batch->first_seq + batch->count;
    }
}
