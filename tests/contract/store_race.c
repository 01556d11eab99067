#include "store_race.h"

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

RaceProcess race_start(const char *kind, const char *location, int count)
{
    RaceProcess process = {0};
    char number[16];
    char worker[] = "store_worker";
    char kind_copy[16];
    char location_copy[200];
    const char *program = getenv("MUSUBI_STORE_WORKER");
    (void)snprintf(number, sizeof number, "%d", count);
    (void)snprintf(kind_copy, sizeof kind_copy, "%s", kind);
    (void)snprintf(location_copy, sizeof location_copy, "%s", location);
    char *const arguments[] = {worker, kind_copy, location_copy, number, NULL};
    if (program == NULL ||
        posix_spawn(&process.pid, program, NULL, NULL, arguments, environ) != 0) {
        (void)fprintf(stderr, "MUSUBI_STORE_WORKER does not name the worker program\n");
        abort();
    }
    return process;
}

int race_wait(RaceProcess process)
{
    int status = 0;
    if (waitpid(process.pid, &status, 0) != process.pid) {
        return -1;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
