#include "secret.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>

#include "locked_memory.h"

struct Secret {
    pthread_mutex_t lock;
    unsigned openers;
    void *bytes;
    size_t size_bytes;
};

Error secret_new(size_t size_bytes, Secret **ret_secret)
{
    Secret *secret = calloc(1, sizeof *secret);
    ENSURE(secret != NULL, OUT_OF_MEMORY, NULL);
    Error error = locked_memory_new(size_bytes, &secret->bytes);
    if (FAILED(error)) {
        free(secret);
        return error;
    }
    secret->size_bytes = size_bytes;
    (void)pthread_mutex_init(&secret->lock, NULL); /* a default mutex can't fail on Linux */
    (void)sodium_mprotect_noaccess(secret->bytes); /* hardening: a refusal leaves it readable */
    *ret_secret = secret;
    return OK;
}

Secret *secret_free(Secret *secret)
{
    if (secret != NULL) {
        sodium_free(secret->bytes); /* opens, wipes, unlocks */
        (void)pthread_mutex_destroy(&secret->lock);
        free(secret);
    }
    return NULL;
}

Secret *secret_open(Secret *secret)
{
    (void)pthread_mutex_lock(&secret->lock);
    if (secret->openers++ == 0) {
        /* Can't fail on pages of our own; if it did, the next touch faults rather than leaks. */
        (void)sodium_mprotect_readwrite(secret->bytes);
    }
    (void)pthread_mutex_unlock(&secret->lock);
    return secret;
}

Secret *secret_close(Secret *secret)
{
    (void)pthread_mutex_lock(&secret->lock);
    if (--secret->openers == 0) {
        (void)sodium_mprotect_noaccess(secret->bytes);
    }
    (void)pthread_mutex_unlock(&secret->lock);
    return NULL;
}

uint8_t *secret_bytes(Secret *secret)
{
    return secret->bytes;
}

size_t secret_size_bytes(const Secret *secret)
{
    return secret->size_bytes;
}
