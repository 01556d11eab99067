#include "segment_recover.h"

#include <string.h>

#include "hash.h"
#include "segment.h"
#include "segment_read.h"

/* One recovery on its way: segments are looked at from the last one backwards. */
typedef struct Walk {
    const FilePort *port;
    const char *folder;
    const LogPolicy *policy;
    Arena *arena;
    SegmentRecovery *found;
    uint8_t *last; /* SEGMENT_RECORD_BYTES_MAX: copy of the newest record seen */
    size_t last_n;
    uint32_t *numbers;
    size_t count; /* segments left; the last of them is under the lens */
} Walk;

static Error take_batch(SegmentRecovery *found, const SegmentBatch *batch)
{
    ENSURE(batch->first_seq == found->frontier.size, LOG_CORRUPT, "the next sequence");
    found->before_last = found->frontier;
    for (size_t i = 0; i < batch->count; i++) {
        MerkleHash leaf;
        merkle_hash_leaf(batch->leaves[i], &leaf);
        merkle_append(&found->frontier, &leaf);
    }
    MerkleHash root;
    merkle_root(&found->frontier, &root);
    ENSURE(memcmp(root.bytes, batch->root, sizeof root.bytes) == 0, LOG_CORRUPT,
           "the root of these leaves");
    return OK;
}

/* The segment under the lens, record by record, up to its end or its first fault. */
static Error walk_records(Walk *walk, SegmentFile *file)
{
    SegmentRecovery *found = walk->found;
    const SegmentBatch *batch = NULL;
    found->frontier = segment_file_head(file)->frontier;
    walk->last_n = 0;
    for (;;) {
        TRY(segment_file_next(file, &batch));
        if (batch == NULL) {
            return OK;
        }
        TRY(take_batch(found, batch));
        memcpy(walk->last, batch->record.p, batch->record.n);
        walk->last_n = batch->record.n;
        found->last_offset = segment_file_record_offset(file);
    }
}

/* A fault that may be cut is a torn end: nothing whole stands behind it. Any other fault stops the
 * start. */
static Error measure_torn_end(SegmentFile *file, uint64_t *ret_torn_bytes)
{
    SegmentFault fault = segment_file_fault(file);
    if (fault == SEGMENT_FINE) {
        *ret_torn_bytes = 0;
        return OK;
    }
    ENSURE(fault != SEGMENT_NEWER, LOG_NEWER, NULL);
    bool has_record = false;
    TRY(segment_file_look_behind(file, &has_record, ret_torn_bytes));
    ENSURE(!has_record, LOG_CORRUPT, segment_fault_text(fault));
    return OK;
}

/* Proves the last record by its signature and hands it to the caller. */
static Error keep_last(Walk *walk)
{
    SegmentRecovery *found = walk->found;
    SegmentBatch *batch = ARENA_ONE(walk->arena, SegmentBatch);
    ENSURE_ALLOC(batch, walk->arena);
    found->last_record = str_bytes(walk->last, walk->last_n);
    SegmentFault fault = segment_record_decode(found->last_record, batch);
    ENSURE(fault == SEGMENT_FINE, LOG_CORRUPT, segment_fault_text(fault));
    Checkpoint checkpoint = {.origin = walk->policy->origin, .size = found->frontier.size};
    merkle_root(&found->frontier, &checkpoint.root);
    memcpy(found->last_signature, batch->signature, SIGN_SIGNATURE_BYTES);
    bool is_genuine = false;
    TRY(checkpoint_verify(walk->arena, walk->policy, &checkpoint,
                          str_bytes(batch->signature, SEGMENT_SIGNATURE_BYTES), &is_genuine));
    ENSURE(is_genuine, LOG_CORRUPT, "a signature by the log's key");
    found->last_leaf = batch->leaves[batch->count - 1];
    found->last_number = walk->numbers[walk->count - 1];
    return OK;
}

/* Looks at the last segment: cuts its torn end; removes it when it holds no batch, which leaves
 * last_n at 0. */
static Error settle_last(Walk *walk)
{
    uint32_t number = walk->numbers[walk->count - 1];
    CLEANUP(segment_file_close) SegmentFile *file = NULL;
    TRY(segment_file_open(walk->port, walk->folder, number, &file));
    walk->last_n = 0;
    bool has_head = segment_file_fault(file) == SEGMENT_FINE;
    if (has_head) {
        ENSURE(str_eq(segment_file_head(file)->origin, walk->policy->origin), LOG_CORRUPT,
               "the origin of this log");
        TRY(walk_records(walk, file));
    }
    uint64_t torn = 0;
    TRY(measure_torn_end(file, &torn));
    walk->found->cut_bytes += torn;
    if (walk->last_n == 0) {
        return segment_remove(walk->port, walk->folder, number);
    }
    return torn == 0 ? OK
                     : segment_cut(walk->port, walk->folder, number, segment_file_offset(file));
}

/* The end of the segment before, as far as the joint between the two is concerned. */
typedef struct Joint {
    uint64_t end_seq;
    uint64_t record_seq; /* of its last record */
    uint64_t record_offset;
    uint8_t record_hash[SHA256_BYTES];
} Joint;

static Error read_joint(SegmentFile *file, Joint *ret_joint)
{
    Joint joint = {.end_seq = segment_file_head(file)->frontier.size, .record_seq = UINT64_MAX};
    const SegmentBatch *batch = NULL;
    for (;;) {
        TRY(segment_file_next(file, &batch));
        if (batch == NULL) {
            *ret_joint = joint;
            return OK;
        }
        ENSURE(batch->first_seq == joint.end_seq, LOG_CORRUPT, "the next sequence");
        joint.record_seq = batch->first_seq;
        joint.end_seq = batch->first_seq + batch->count;
        joint.record_offset = segment_file_record_offset(file);
        sha256_of(&batch->record, 1, joint.record_hash);
    }
}

/* The first record of the segment behind a joint. */
typedef struct FirstRecord {
    uint64_t seq;
    uint8_t hash[SHA256_BYTES];
    bool is_alone; /* no record follows it */
} FirstRecord;

static Error read_first_record(const Walk *walk, uint32_t number, FirstRecord *ret_first)
{
    CLEANUP(segment_file_close) SegmentFile *file = NULL;
    FirstRecord first = {0};
    TRY(segment_file_open(walk->port, walk->folder, number, &file));
    const SegmentBatch *batch = NULL;
    TRY(segment_file_next(file, &batch));
    ENSURE(batch != NULL, LOG_CORRUPT, "a record");
    first.seq = batch->first_seq;
    sha256_of(&batch->record, 1, first.hash);
    TRY(segment_file_next(file, &batch));
    first.is_alone = batch == NULL;
    *ret_first = first;
    return OK;
}

/* Opens the older segment of a joint and measures where it ends. */
static Error open_before(const Walk *walk, SegmentFile **ret_file, Joint *ret_joint,
                         uint64_t *ret_torn)
{
    uint32_t before = walk->numbers[walk->count - 2];
    ENSURE(before + 1 == walk->numbers[walk->count - 1], LOG_CORRUPT, "segments without a gap");
    TRY(segment_file_open(walk->port, walk->folder, before, ret_file));
    ENSURE(segment_file_offset(*ret_file) > 0, LOG_CORRUPT, "the head of a segment");
    TRY(read_joint(*ret_file, ret_joint));
    return measure_torn_end(*ret_file, ret_torn);
}

/* A start that was stopped between copying the last record and cutting it leaves it twice, or torn
 * in the older segment: finishes that work. Nobody knows whether a copy that stands alone was ever
 * synced, while the older record is durable if it was ever acknowledged: then the copy goes,
 * *ret_is_removed, and this start makes its own. */
static Error settle_joint(const Walk *walk, bool *ret_is_removed)
{
    uint32_t last = walk->numbers[walk->count - 1];
    CLEANUP(segment_file_close) SegmentFile *file = NULL;
    FirstRecord first;
    Joint joint = {0};
    uint64_t torn = 0;
    TRY(read_first_record(walk, last, &first));
    TRY(open_before(walk, &file, &joint, &torn));
    uint64_t size = segment_file_offset(file);
    bool is_copy = joint.end_seq != first.seq;
    if (is_copy) {
        ENSURE(joint.record_seq == first.seq &&
                   memcmp(joint.record_hash, first.hash, SHA256_BYTES) == 0,
               LOG_CORRUPT, "a segment that goes on where the one before ends");
        size = joint.record_offset;
    }
    *ret_is_removed = is_copy && first.is_alone;
    if (*ret_is_removed) {
        return segment_remove(walk->port, walk->folder, last);
    }
    bool is_clean = torn == 0 && size == segment_file_offset(file);
    return is_clean ? OK : segment_cut(walk->port, walk->folder, last - 1, size);
}

/* Finds the segment that the log ends with. */
static Error settle_end(Walk *walk)
{
    bool is_settled = false;
    while (walk->count > 0 && !is_settled) {
        bool is_removed = false;
        TRY(settle_last(walk));
        if (walk->last_n > 0 && walk->count >= 2) {
            TRY(settle_joint(walk, &is_removed));
        }
        is_settled = walk->last_n > 0 && !is_removed;
        walk->count -= is_settled ? 0 : 1;
    }
    return OK;
}

Error segment_recover(const FilePort *port, Arena *arena, const char *folder,
                      const LogPolicy *policy, SegmentRecovery *ret_recovery)
{
    SegmentRecovery *found = ARENA_ONE(arena, SegmentRecovery);
    ENSURE_ALLOC(found, arena);
    Walk walk = {.port = port,
                 .folder = folder,
                 .policy = policy,
                 .arena = arena,
                 .found = found,
                 .last = arena_alloc(arena, SEGMENT_RECORD_BYTES_MAX)};
    ENSURE_ALLOC(walk.last, arena);
    TRY(segment_list_in(port, arena, folder, &walk.numbers, &walk.count));
    TRY(settle_end(&walk));
    if (walk.count == 0) {
        found->frontier = (MerkleFrontier){0};
    } else {
        TRY(keep_last(&walk));
    }
    found->next_number = walk.count == 0 ? 1 : walk.numbers[walk.count - 1] + 1;
    *ret_recovery = *found;
    return OK;
}
