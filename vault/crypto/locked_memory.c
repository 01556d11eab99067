#include "locked_memory.h"

#include <sodium.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>

/* The sentence outlives the call without an owner: one buffer for the thread that failed to
 * start. */
static const char *limit_sentence(size_t size_bytes)
{
    static _Thread_local char sentence[256];
    struct rlimit limit = {0};
    (void)getrlimit(RLIMIT_MEMLOCK, &limit); /* 0 KiB is then shown, the advice stands */
    (void)snprintf(
        sentence, sizeof sentence,
        "the key memory needs %zu KiB of locked pages, the limit (ulimit -l) is %llu KiB "
        "in all: raise it (systemd: LimitMEMLOCK=16M, docker: --ulimit memlock=16777216) "
        "or use fewer key slots",
        size_bytes / 1024 + 1, (unsigned long long)limit.rlim_cur / 1024);
    return sentence;
}

Error locked_memory_new(size_t size_bytes, void **ret_memory)
{
    void *memory = sodium_malloc(size_bytes);
    ENSURE(memory != NULL, OUT_OF_MEMORY, NULL);
    /* Locking twice counts once; this call is there for its answer. */
    if (mlock(memory, size_bytes) != 0) {
        sodium_free(memory);
        return FAIL(KEY_MEMORY, limit_sentence(size_bytes));
    }
    sodium_memzero(memory, size_bytes);
    *ret_memory = memory;
    return OK;
}
