#include "segment.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "segment_read.h"

#define SEGMENT_MODE 0600

void segment_writer_init(SegmentWriter *writer, const FilePort *port, const char *folder,
                         Str origin, uint32_t next_number)
{
    *writer = (SegmentWriter){
        .port = port, .folder = folder, .origin = origin, .fd = -1, .number = next_number};
}

/* One write, one fdatasync. A write that took only a part counts as failed: whatever it left is cut
 * later. */
static Error write_durably(const FilePort *port, int fd, Str bytes)
{
    ssize_t wrote = -1;
    do {
        wrote = port->write(port, fd, bytes.p, bytes.n);
    } while (wrote < 0 && errno == EINTR); /* interrupted before it took a byte */
    ENSURE(wrote >= 0 && (size_t)wrote == bytes.n, FILE_IO, "write");
    ENSURE(port->fdatasync(port, fd) == 0, FILE_IO, "fdatasync");
    return OK;
}

static Error write_head(SegmentWriter *writer, const MerkleFrontier *frontier)
{
    SegmentHead head = {.number = writer->number, .origin = writer->origin, .frontier = *frontier};
    uint8_t bytes[SEGMENT_HEAD_BYTES_MAX];
    size_t n = segment_head_encode(&head, bytes);
    TRY(write_durably(writer->port, writer->fd, str_bytes(bytes, n)));
    TRY(file_sync_folder(writer->port, writer->folder));
    writer->size_bytes = n;
    return OK;
}

Error segment_create(SegmentWriter *writer, const MerkleFrontier *frontier)
{
    assert(writer->fd < 0 && !writer->is_poisoned);
    char path[SEGMENT_PATH_BYTES];
    TRY(segment_path(writer->folder, writer->number, path));
    TRY(segment_remove(writer->port, writer->folder, writer->number));
    writer->fd = writer->port->open(writer->port, path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND,
                                    SEGMENT_MODE);
    ENSURE(writer->fd >= 0, FILE_IO, "open");
    writer->records = 0;
    Error error = write_head(writer, frontier);
    if (FAILED(error)) {
        /* Nothing acknowledged is in it; the next attempt removes it. */
        segment_writer_done(writer);
        return error;
    }
    return OK;
}

Error segment_append(SegmentWriter *writer, Str record)
{
    assert(writer->fd >= 0 && !writer->is_poisoned);
    Error error = write_durably(writer->port, writer->fd, record);
    if (FAILED(error)) {
        writer->is_poisoned = true;
        return error;
    }
    writer->tail_offset = writer->size_bytes;
    writer->size_bytes += record.n;
    writer->records++;
    memcpy(writer->tail_end, record.p + record.n - sizeof writer->tail_end,
           sizeof writer->tail_end);
    return OK;
}

Error segment_finish(SegmentWriter *writer)
{
    assert(writer->fd >= 0 && !writer->is_poisoned);
    int closed = writer->port->close(writer->port, writer->fd);
    writer->fd = -1; /* gone in either case */
    if (closed != 0) {
        writer->is_poisoned = true;
        return FAIL(FILE_IO, "close");
    }
    writer->number++;
    return OK;
}

static Error verify_tail(const SegmentWriter *writer)
{
    CLEANUP(segment_file_close) SegmentFile *file = NULL;
    TRY(segment_file_open(writer->port, writer->folder, writer->number, &file));
    const SegmentBatch *batch = NULL;
    do {
        TRY(segment_file_next(file, &batch));
        ENSURE(batch != NULL, LOG_CORRUPT, "the last acknowledged record");
    } while (segment_file_record_offset(file) != writer->tail_offset);
    const char *end = batch->record.p + batch->record.n - sizeof writer->tail_end;
    ENSURE(memcmp(end, writer->tail_end, sizeof writer->tail_end) == 0 &&
               segment_file_offset(file) == writer->size_bytes,
           LOG_CORRUPT, "the last acknowledged record as it was written");
    return OK;
}

Error segment_abandon(SegmentWriter *writer)
{
    segment_writer_done(writer);
    if (writer->is_poisoned && writer->records == 0) {
        writer->is_poisoned = false; /* segment_create removes the file and takes its number */
        return OK;
    }
    if (writer->is_poisoned) {
        TRY(verify_tail(writer));
        TRY(segment_cut(writer->port, writer->folder, writer->number, writer->size_bytes));
        writer->number++;
        writer->records = 0;
        writer->is_poisoned = false;
    }
    return OK;
}

void segment_writer_done(SegmentWriter *writer)
{
    if (writer->fd >= 0) {
        /* Every acknowledged byte is synced; a poisoned file's error tells nothing new. */
        (void)writer->port->close(writer->port, writer->fd);
        writer->fd = -1;
    }
}

Error segment_cut(const FilePort *port, const char *folder, uint32_t number, uint64_t size_bytes)
{
    char path[SEGMENT_PATH_BYTES];
    TRY(segment_path(folder, number, path));
    int fd = port->open(port, path, O_WRONLY, 0);
    ENSURE(fd >= 0, FILE_IO, "open");
    bool is_cut =
        port->ftruncate(port, fd, (off_t)size_bytes) == 0 && port->fdatasync(port, fd) == 0;
    int closed = port->close(port, fd);
    ENSURE(is_cut && closed == 0, FILE_IO, "ftruncate");
    return OK;
}

Error segment_remove(const FilePort *port, const char *folder, uint32_t number)
{
    char path[SEGMENT_PATH_BYTES];
    TRY(segment_path(folder, number, path));
    if (port->unlink(port, path) != 0) {
        ENSURE(errno == ENOENT, FILE_IO, "unlink");
        return OK;
    }
    return file_sync_folder(port, folder);
}
