/* doc.h — the body of a stored document: a flat record of named members, written once and read in
 * place.
 *
 * The bytes are BSON, so that MongoDB's validators can look at them and both adapters keep the same
 * bytes; nobody outside store/ sees libbson. Members are integers, text, binary, or a list of such
 * records (one level: a list's items hold no lists). Must never carry a personal value that is not
 * sealed.
 *
 * Layer: vault/store. Thread-safe: single-owner. */
#ifndef MUSUBI_DOC_H
#define MUSUBI_DOC_H

#include <stdint.h>

#include "arena.h"
#include "error.h"
#include "str.h"

#define DOC_MEMBERS_MAX 64 /* in one record */
#define DOC_NAME_BYTES_MAX 63
/* Of a whole body; a commit takes less (STORE_BATCH_BYTES_MAX). */
#define DOC_BYTES_MAX ((size_t)12 << 20)

/* A finished body. Lives as long as the arena it was written or read in. */
typedef struct DocBody {
    Str bytes;
} DocBody;

typedef struct DocWriter DocWriter;

/* A writer in the arena; NULL when memory is short. `format` is the document's format number,
 * stored as member "f". */
DocWriter *doc_writer_in(Arena *arena, int32_t format) MUST_USE;
/* Members. Names are short, constant ASCII (they must outlive the writer) without '.' and '$' and
 * unique in a record; the first failure sticks until doc_finish. Text must be UTF-8 without NUL. */
void doc_put_int(DocWriter *writer, const char *name, int64_t value);
void doc_put_text(DocWriter *writer, const char *name, Str text);
void doc_put_bytes(DocWriter *writer, const char *name, Str bytes);
/* A list of records: open, then item / puts / item … and close. */
void doc_open_list(DocWriter *writer, const char *name);
void doc_next_item(DocWriter *writer);
void doc_close_list(DocWriter *writer);
/* The body; the writer is used up. Errors: OUT_OF_MEMORY, BUDGET_EXCEEDED, STORE_MISUSE (bad
 * nesting, name, text). */
Error doc_finish(DocWriter *writer, DocBody *ret_body) MUST_USE;

/* Readers. Views into the body, no copies. A missing member or one of another kind is
 * STORE_CORRUPT. */
Error doc_format(DocBody body, int32_t *ret_format) MUST_USE;
Error doc_get_int(DocBody body, const char *name, int64_t *ret_value) MUST_USE;
Error doc_get_text(DocBody body, const char *name, Str *ret_text) MUST_USE;
Error doc_get_bytes(DocBody body, const char *name, Str *ret_bytes) MUST_USE;
/* Several members in one pass, for those who read many bodies: quickest when the fields stand in
 * the order in which the body was written. */
typedef enum DocKind { DOC_INT, DOC_TEXT, DOC_BYTES } DocKind;
typedef struct DocField {
    const char *name;
    DocKind kind;
    int64_t number; /* DOC_INT */
    Str bytes;      /* DOC_TEXT, DOC_BYTES */
    bool is_there;
} DocField;
/* Fills number or bytes of each field. On an error the fields hold nothing of use. */
Error doc_get_fields(DocBody body, DocField *fields, size_t count) MUST_USE;
/* The list's items as bodies of their own (no format member). Array in the arena. */
Error doc_get_list(DocBody body, const char *name, Arena *arena, DocBody **ret_items,
                   size_t *ret_count) MUST_USE;
/* Whether the member exists, of whatever kind. */
bool doc_has(DocBody body, const char *name);

#endif
