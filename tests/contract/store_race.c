#include "store_race.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void give_up(const char *what)
{
    perror(what);
    abort();
}

/* Starts the program with the pipe's writing end as its output. */
static pid_t spawn(const char *program, char *const *arguments, int output)
{
    posix_spawn_file_actions_t actions;
    pid_t pid = 0;
    if (posix_spawn_file_actions_init(&actions) != 0 ||
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO) != 0 ||
        posix_spawn(&pid, program, &actions, NULL, arguments, environ) != 0) {
        give_up(program);
    }
    (void)posix_spawn_file_actions_destroy(&actions); /* cannot fail on what was made */
    return pid;
}

RaceProcess race_start(const char *kind, const char *location, int count)
{
    char number[16];
    char worker[] = "store_worker";
    char kind_copy[16];
    char location_copy[200];
    int ends[2];
    const char *program = getenv("MUSUBI_STORE_WORKER");
    (void)snprintf(number, sizeof number, "%d", count);
    (void)snprintf(kind_copy, sizeof kind_copy, "%s", kind);
    (void)snprintf(location_copy, sizeof location_copy, "%s", location);
    char *const arguments[] = {worker, kind_copy, location_copy, number, NULL};
    if (program == NULL || pipe2(ends, O_CLOEXEC) != 0) {
        give_up("MUSUBI_STORE_WORKER");
    }
    RaceProcess process = {spawn(program, arguments, ends[1]), ends[0]};
    (void)close(ends[1]); /* the worker has its own */
    return process;
}

long race_told(RaceProcess process, long wanted)
{
    char bytes[4096];
    long told = 0;
    while (wanted < 0 || told < wanted) {
        ssize_t n = read(process.told, bytes, sizeof bytes);
        if (n <= 0) {
            break;
        }
        told += (long)n;
    }
    return told;
}

int race_wait(RaceProcess process)
{
    int status = 0;
    if (waitpid(process.pid, &status, 0) != process.pid) {
        return -1;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void race_done(RaceProcess process)
{
    (void)close(process.told); /* only read from */
}
