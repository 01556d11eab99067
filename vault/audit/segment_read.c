#include "segment_read.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEGMENTS_MAX 1000000

struct SegmentFile {
    const FilePort *port;
    int fd;
    uint32_t number;
    uint8_t *bytes; /* SEGMENT_RECORD_BYTES_MAX: the record last read */
    uint8_t head_bytes[SEGMENT_HEAD_BYTES_MAX];
    SegmentHead head;
    SegmentBatch batch;
    uint64_t offset;
    uint64_t record_offset;
    SegmentFault fault;
};

struct SegmentReader {
    const FilePort *port;
    char *folder;
    SegmentFile *file; /* NULL: no segment yet */
    uint32_t number;   /* of file, or of the one to come */
    uint64_t seq;
};

Error segment_path(const char *folder, uint32_t number, char ret_path[SEGMENT_PATH_BYTES])
{
    char name[SEGMENT_NAME_BYTES];
    segment_name(number, name);
    int n = snprintf(ret_path, SEGMENT_PATH_BYTES, "%s/%s", folder, name);
    ENSURE(n > 0 && n < SEGMENT_PATH_BYTES, FILE_IO, "path of the log folder is too long");
    return OK;
}

static int compare_numbers(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

static Error collect_numbers(DIR *dir, Buf *numbers)
{
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(dir);
        if (entry == NULL) {
            ENSURE(errno == 0, FILE_IO, NULL);
            return OK;
        }
        uint32_t number = 0;
        if (segment_name_parse(str_from(entry->d_name), &number)) {
            buf_add(numbers, str_bytes(&number, sizeof number));
        }
    }
}

Error segment_list_in(const FilePort *port, Arena *arena, const char *folder,
                      uint32_t **ret_numbers, size_t *ret_count)
{
    int fd = port->open(port, folder, O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0) {
        return errno == ENOENT ? FAIL(FILE_MISSING, "the folder with the log's segments")
                               : FAIL(FILE_IO, "the folder with the log's segments");
    }
    DIR *dir = fdopendir(fd); /* owns fd from here */
    if (dir == NULL) {
        (void)port->close(port, fd); /* read-only: nothing to lose */
        return FAIL(FILE_IO, NULL);
    }
    Buf found = buf_in(arena);
    Error error = collect_numbers(dir, &found);
    (void)closedir(dir); /* read-only */
    TRY(error);
    Str bytes;
    TRY(buf_finish(&found, &bytes));
    size_t count = bytes.n / sizeof(uint32_t);
    ENSURE(count <= SEGMENTS_MAX, LOG_CORRUPT, "fewer segments");
    uint32_t *numbers = ARENA_MANY(arena, uint32_t, count);
    ENSURE_ALLOC(numbers, arena);
    if (count > 0) {
        memcpy(numbers, bytes.p, bytes.n);
        qsort(numbers, count, sizeof *numbers, compare_numbers);
    }
    *ret_numbers = numbers;
    *ret_count = count;
    return OK;
}

/* Reads n bytes at an offset, fewer only where the file ends. */
static Error read_at(const SegmentFile *file, void *out, size_t n, uint64_t at, size_t *ret_n)
{
    size_t done = 0;
    while (done < n) {
        ssize_t got = file->port->pread(file->port, file->fd, (uint8_t *)out + done, n - done,
                                        (off_t)(at + done));
        if (got < 0 && errno == EINTR) {
            continue;
        }
        ENSURE(got >= 0, FILE_IO, NULL);
        if (got == 0) {
            break;
        }
        done += (size_t)got;
    }
    *ret_n = done;
    return OK;
}

static Error read_head(SegmentFile *file)
{
    size_t got = 0;
    TRY(read_at(file, file->head_bytes, sizeof file->head_bytes, 0, &got));
    size_t length = 0;
    file->fault = segment_head_length(str_bytes(file->head_bytes, got), &length);
    if (file->fault == SEGMENT_FINE) {
        size_t present = got < length ? got : length;
        file->fault = segment_head_decode(str_bytes(file->head_bytes, present), &file->head);
    }
    if (file->fault == SEGMENT_FINE && file->head.number != file->number) {
        file->fault = SEGMENT_BAD_SHAPE;
    }
    if (file->fault == SEGMENT_FINE) {
        file->offset = length;
    }
    return OK;
}

Error segment_file_open(const FilePort *port, const char *folder, uint32_t number,
                        SegmentFile **ret_file)
{
    char path[SEGMENT_PATH_BYTES];
    TRY(segment_path(folder, number, path));
    CLEANUP(segment_file_close) SegmentFile *file = calloc(1, sizeof *file);
    ENSURE(file != NULL, OUT_OF_MEMORY, NULL);
    file->port = port;
    file->number = number;
    file->fd = port->open(port, path, O_RDONLY, 0);
    if (file->fd < 0) {
        return errno == ENOENT ? FAIL(FILE_MISSING, NULL) : FAIL(FILE_IO, NULL);
    }
    file->bytes = malloc(SEGMENT_RECORD_BYTES_MAX);
    ENSURE(file->bytes != NULL, OUT_OF_MEMORY, NULL);
    TRY(read_head(file));
    *ret_file = TAKE(file);
    return OK;
}

SegmentFile *segment_file_close(SegmentFile *file)
{
    if (file != NULL) {
        if (file->fd >= 0) {
            (void)file->port->close(file->port, file->fd); /* read-only: nothing to lose */
        }
        free(file->bytes);
        free(file);
    }
    return NULL;
}

const SegmentHead *segment_file_head(const SegmentFile *file)
{
    return &file->head;
}

SegmentFault segment_file_fault(const SegmentFile *file)
{
    return file->fault;
}

uint64_t segment_file_offset(const SegmentFile *file)
{
    return file->offset;
}

uint64_t segment_file_record_offset(const SegmentFile *file)
{
    return file->record_offset;
}

Error segment_file_next(SegmentFile *file, const SegmentBatch **ret_batch)
{
    *ret_batch = NULL;
    if (file->fault != SEGMENT_FINE) {
        return OK;
    }
    size_t got = 0;
    TRY(read_at(file, file->bytes, SEGMENT_RECORD_FIXED_BYTES, file->offset, &got));
    if (got == 0) {
        return OK;
    }
    size_t length = 0;
    file->fault = segment_record_length(str_bytes(file->bytes, got), &length);
    if (file->fault != SEGMENT_FINE) {
        return OK;
    }
    size_t rest = 0;
    TRY(read_at(file, file->bytes + got, length - got, file->offset + got, &rest));
    file->fault = segment_record_decode(str_bytes(file->bytes, got + rest), &file->batch);
    if (file->fault != SEGMENT_FINE) {
        return OK;
    }
    file->record_offset = file->offset;
    file->offset += length;
    *ret_batch = &file->batch;
    return OK;
}

/* Whether a whole record begins at this offset of the file. */
static Error probe_record(SegmentFile *file, uint64_t at, bool *ret_is_record)
{
    size_t got = 0;
    size_t length = 0;
    *ret_is_record = false;
    TRY(read_at(file, file->bytes, SEGMENT_RECORD_FIXED_BYTES, at, &got));
    if (segment_record_length(str_bytes(file->bytes, got), &length) != SEGMENT_FINE) {
        return OK;
    }
    TRY(read_at(file, file->bytes, length, at, &got));
    *ret_is_record =
        segment_record_decode(str_bytes(file->bytes, got), &file->batch) == SEGMENT_FINE;
    return OK;
}

static Error probe_window(SegmentFile *file, const char *window, size_t n, uint64_t at,
                          bool *ret_has_record)
{
    for (size_t i = 0; i + 4 <= n; i++) {
        if (memcmp(window + i, "MBAT", 4) == 0 && at + i > file->offset) {
            TRY(probe_record(file, at + i, ret_has_record));
            if (*ret_has_record) {
                return OK;
            }
        }
    }
    return OK;
}

Error segment_file_look_behind(SegmentFile *file, bool *ret_has_record, uint64_t *ret_bytes)
{
    char window[16384];
    uint64_t at = file->offset;
    bool has_record = false;
    for (;;) {
        size_t got = 0;
        TRY(read_at(file, window, sizeof window, at, &got));
        if (!has_record) {
            TRY(probe_window(file, window, got, at, &has_record));
        }
        if (got < sizeof window) {
            *ret_has_record = has_record;
            *ret_bytes = at + got - file->offset;
            return OK;
        }
        at += sizeof window - 3; /* a mark may lie across two windows */
    }
}

/* Opens the last segment that begins at or before the wanted sequence. */
static Error reader_seek(SegmentReader *reader, const uint32_t *numbers, size_t count)
{
    for (size_t i = count; i > 0; i--) {
        CLEANUP(segment_file_close) SegmentFile *file = NULL;
        TRY(segment_file_open(reader->port, reader->folder, numbers[i - 1], &file));
        bool has_head = segment_file_fault(file) == SEGMENT_FINE;
        ENSURE(has_head || i == count, LOG_CORRUPT, segment_fault_text(segment_file_fault(file)));
        if (has_head && (file->head.frontier.size <= reader->seq)) {
            reader->number = numbers[i - 1];
            reader->file = TAKE(file);
            return OK;
        }
    }
    ENSURE(count == 0, LOG_CORRUPT, "a segment that holds this sequence");
    reader->number = 1;
    return OK;
}

Error segment_reader_open(const FilePort *port, const char *folder, uint64_t from_seq,
                          SegmentReader **ret_reader)
{
    CLEANUP(segment_reader_close) SegmentReader *reader = calloc(1, sizeof *reader);
    ENSURE(reader != NULL, OUT_OF_MEMORY, NULL);
    *reader = (SegmentReader){.port = port, .folder = strdup(folder), .seq = from_seq};
    ENSURE(reader->folder != NULL, OUT_OF_MEMORY, NULL);
    CLEANUP(arena_free) Arena *arena = arena_new((size_t)16 << 20);
    ENSURE(arena != NULL, OUT_OF_MEMORY, NULL);
    uint32_t *numbers = NULL;
    size_t count = 0;
    TRY(segment_list_in(port, arena, folder, &numbers, &count));
    TRY(reader_seek(reader, numbers, count));
    *ret_reader = TAKE(reader);
    return OK;
}

SegmentReader *segment_reader_close(SegmentReader *reader)
{
    if (reader != NULL) {
        (void)segment_file_close(reader->file);
        free(reader->folder);
        free(reader);
    }
    return NULL;
}

/* Goes on to the segment after the current one; *ret_is_there is false when there is none. */
static Error reader_step(SegmentReader *reader, bool *ret_is_there)
{
    uint32_t number = reader->file == NULL ? reader->number : reader->number + 1;
    SegmentFile *next = NULL;
    Error error = segment_file_open(reader->port, reader->folder, number, &next);
    if (error.reason == REASON_FILE_MISSING) {
        *ret_is_there = false;
        return OK;
    }
    TRY(error);
    (void)segment_file_close(reader->file);
    reader->file = next;
    reader->number = number;
    *ret_is_there = true;
    return OK;
}

/* The current file gave no record: its end, a torn tail that the next file makes good, or damage.
 */
static Error reader_turn_page(SegmentReader *reader, uint64_t until_seq, bool *ret_is_end)
{
    SegmentFault fault = reader->file == NULL ? SEGMENT_FINE : segment_file_fault(reader->file);
    bool is_there = false;
    TRY(reader_step(reader, &is_there));
    if (is_there) {
        SegmentFault head = segment_file_fault(reader->file);
        ENSURE(head == SEGMENT_FINE, LOG_CORRUPT, segment_fault_text(head));
        ENSURE(reader->file->head.frontier.size <= reader->seq, LOG_CORRUPT,
               "a segment without a gap before it");
        *ret_is_end = false;
        return OK;
    }
    ENSURE(fault == SEGMENT_FINE, LOG_CORRUPT, segment_fault_text(fault));
    ENSURE(until_seq == UINT64_MAX, LOG_CORRUPT, "leaves up to the durable size");
    *ret_is_end = true;
    return OK;
}

Error segment_reader_next(SegmentReader *reader, uint64_t until_seq, const SegmentBatch **ret_batch)
{
    *ret_batch = NULL;
    while (reader->seq < until_seq) {
        const SegmentBatch *batch = NULL;
        if (reader->file != NULL) {
            TRY(segment_file_next(reader->file, &batch));
        }
        if (batch == NULL) {
            bool is_end = false;
            TRY(reader_turn_page(reader, until_seq, &is_end));
            if (is_end) {
                return OK;
            }
            continue;
        }
        ENSURE(batch->first_seq <= reader->seq, LOG_CORRUPT, "a record without a gap before it");
        if (batch->first_seq + batch->count > reader->seq) {
            reader->seq = batch->first_seq + batch->count;
            *ret_batch = batch;
            return OK;
        }
    }
    return OK;
}
