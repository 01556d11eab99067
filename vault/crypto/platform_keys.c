#include <sodium.h>
#include <string.h>

#include "derive.h"
#include "keyring.h"
#include "keyring_internal.h"

/* Document v1 is drawn in keyring.h. */

#define DOCUMENT_FORMAT 0x01
#define ENTRY_HEAD_BYTES 7
#define FIRST_GENERATION 1u

typedef struct PlatformSubject {
    uint8_t bytes[SUBJECT_ID_BYTES];
} PlatformSubject;

/* The fixed name under which a platform key is wrapped, so that none can stand in for another. */
static PlatformSubject platform_subject(uint8_t kind)
{
    PlatformSubject subject;
    _Static_assert(sizeof "musubi.platform" == SUBJECT_ID_BYTES, "name and kind fill a subject id");
    memcpy(subject.bytes, "musubi.platform", SUBJECT_ID_BYTES - 1);
    subject.bytes[SUBJECT_ID_BYTES - 1] = kind;
    return subject;
}

static uint8_t kind_of(PlatformKey which)
{
    return (uint8_t)(which + 1);
}

static WrapContext platform_context(const Keyring *ring, const PlatformSubject *subject,
                                    uint32_t generation)
{
    return (WrapContext){.environment = keyring_environment(ring),
                         .tenant = STR_EMPTY,
                         .subject = subject->bytes,
                         .generation = generation};
}

static void derive_seed(Keyring *ring, PlatformKey which, Str name)
{
    Derive derive;
    derive_begin(&derive, DERIVE_SIGNING_SEED, key_slab_slot(ring->slab, PLATFORM_TOKEN));
    derive_lp(&derive, name);
    derive_end(&derive, key_slab_slot(ring->slab, which), KEY_SLOT_BYTES);
}

static void become_loaded(Keyring *ring)
{
    derive_seed(ring, PLATFORM_TOKEN_SEED, STR("token"));
    derive_seed(ring, PLATFORM_RECEIPT_SEED, STR("receipt"));
    atomic_store(&ring->has_platform_keys, true);
}

static void zero_slots(Keyring *ring)
{
    sodium_memzero(key_slab_slot(ring->slab, 0), (size_t)PLATFORM_KEY_COUNT_ * KEY_SLOT_BYTES);
}

/* Inside the slab: a random key, its wrapped form appended to the document. */
static Error make_one(Keyring *ring, PlatformKey which, Buf *document)
{
    uint8_t wrapped[KEK_WRAPPED_BYTES_MAX];
    size_t wrapped_bytes = 0;
    uint8_t *bytes = key_slab_slot(ring->slab, which);
    const PlatformSubject subject = platform_subject(kind_of(which));
    const WrapContext context = platform_context(ring, &subject, FIRST_GENERATION);
    TRY(ring->ports->entropy->fill(ring->ports->entropy, bytes, KEY_SLOT_BYTES));
    TRY(ring->provider->wrap(ring->provider, &context, bytes, wrapped, &wrapped_bytes));
    buf_add_char(document, (char)kind_of(which));
    buf_add_u32be(document, FIRST_GENERATION);
    buf_add_char(document, (char)(wrapped_bytes >> 8));
    buf_add_char(document, (char)(wrapped_bytes & 0xff));
    buf_add(document, str_bytes(wrapped, wrapped_bytes));
    return OK;
}

static Error make_all(Keyring *ring, Arena *arena, Str *ret_wrapped)
{
    Buf document = buf_in(arena);
    buf_add_char(&document, DOCUMENT_FORMAT);
    buf_add_char(&document, PLATFORM_STORED_COUNT_);
    for (unsigned which = 0; which < PLATFORM_STORED_COUNT_; which++) {
        TRY(make_one(ring, (PlatformKey)which, &document));
    }
    return buf_finish(&document, ret_wrapped);
}

typedef struct Entry {
    uint8_t kind;
    uint32_t generation;
    Str wrapped;
} Entry;

static bool cut_entry(Str *rest, Entry *ret_entry)
{
    if (rest->n < ENTRY_HEAD_BYTES) {
        return false;
    }
    const uint8_t *head = (const uint8_t *)rest->p;
    size_t n = (size_t)head[5] << 8 | head[6];
    if (n > rest->n - ENTRY_HEAD_BYTES) {
        return false;
    }
    ret_entry->kind = head[0];
    ret_entry->generation =
        (uint32_t)head[1] << 24 | (uint32_t)head[2] << 16 | (uint32_t)head[3] << 8 | head[4];
    ret_entry->wrapped = str_slice(*rest, ENTRY_HEAD_BYTES, n);
    *rest = str_slice(*rest, ENTRY_HEAD_BYTES + n, rest->n);
    return true;
}

static Error load_one(Keyring *ring, const Entry *entry, unsigned *seen)
{
    ENSURE(entry->kind >= 1 && entry->kind <= PLATFORM_STORED_COUNT_, CRYPTO_OPEN, NULL);
    unsigned which = entry->kind - 1u;
    ENSURE((*seen & 1u << which) == 0, CRYPTO_OPEN, NULL);
    *seen |= 1u << which;
    const PlatformSubject subject = platform_subject(entry->kind);
    const WrapContext context = platform_context(ring, &subject, entry->generation);
    return ring->provider->unwrap(ring->provider, &context, entry->wrapped,
                                  key_slab_slot(ring->slab, which));
}

static Error load_all(Keyring *ring, Str document)
{
    ENSURE(document.n >= 2 && document.p[0] == DOCUMENT_FORMAT &&
               document.p[1] == PLATFORM_STORED_COUNT_,
           CRYPTO_OPEN, NULL);
    Str rest = str_slice(document, 2, document.n);
    unsigned seen = 0;
    for (unsigned i = 0; i < PLATFORM_STORED_COUNT_; i++) {
        Entry entry;
        ENSURE(cut_entry(&rest, &entry), CRYPTO_OPEN, NULL);
        TRY(load_one(ring, &entry, &seen));
    }
    ENSURE(rest.n == 0, CRYPTO_OPEN, NULL);
    return OK;
}

/* With the control lock held and the KEK at hand: the slab entered around the filling, all or
 * nothing. */
static Error fill_slots(Keyring *ring, Str document, Arena *arena, Str *ret_wrapped)
{
    ENSURE(key_slab_enter(ring->slab), VAULT_SEALED, NULL);
    Error error = arena != NULL ? make_all(ring, arena, ret_wrapped) : load_all(ring, document);
    if (FAILED(error)) {
        zero_slots(ring);
    } else {
        become_loaded(ring);
    }
    key_slab_leave(ring->slab);
    return error;
}

static Error fill_once(Keyring *ring, Str document, Arena *arena, Str *ret_wrapped)
{
    (void)pthread_mutex_lock(&ring->control);
    Error error = OK;
    if (!ring->has_kek) {
        error = FAIL(VAULT_SEALED, NULL);
    } else if (atomic_load(&ring->has_platform_keys)) {
        error = FAIL(INTERNAL, "platform keys are loaded already");
    } else {
        error = fill_slots(ring, document, arena, ret_wrapped);
    }
    (void)pthread_mutex_unlock(&ring->control);
    return error;
}

Error keyring_new_platform_keys(Keyring *ring, Arena *arena, Str *ret_wrapped)
{
    return fill_once(ring, STR_EMPTY, arena, ret_wrapped);
}

Error keyring_load_platform_keys(Keyring *ring, Str wrapped)
{
    return fill_once(ring, wrapped, NULL, NULL);
}

void platform_keys_drop(Keyring *ring)
{
    atomic_store(&ring->has_platform_keys, false);
}

Error platform_key_begin(Keyring *ring, PlatformKey which, const uint8_t **ret_bytes)
{
    ENSURE(key_slab_enter(ring->slab), VAULT_SEALED, NULL);
    /* Inside, keys can't be wiped; the flag fell before the wipe, so what it promises holds until
     * we leave. */
    if (!atomic_load(&ring->has_platform_keys)) {
        key_slab_leave(ring->slab);
        return FAIL(VAULT_SEALED, NULL);
    }
    *ret_bytes = key_slab_slot(ring->slab, which);
    return OK;
}

void platform_key_end(Keyring *ring)
{
    key_slab_leave(ring->slab);
}
