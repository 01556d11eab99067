#include "crypto_init.h"

#include <sodium.h>
#include <sys/prctl.h>
#include <sys/resource.h>

Error crypto_init(void)
{
    ENSURE(sodium_init() >= 0, INTERNAL, "libsodium");
    const struct rlimit no_core = {.rlim_cur = 0, .rlim_max = 0};
    ENSURE(setrlimit(RLIMIT_CORE, &no_core) == 0, INTERNAL, "RLIMIT_CORE");
#ifndef MUSUBI_SANITIZED
    ENSURE(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0, INTERNAL, "PR_SET_DUMPABLE");
#endif
    return OK;
}
