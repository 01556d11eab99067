#include <string.h>

#include "access_log_state.h"
#include "timed_wait.h"

Error access_log_checkpoint(AccessLog *log, Arena *arena, Str *ret_note)
{
    uint8_t signature[SIGN_SIGNATURE_BYTES];
    (void)pthread_mutex_lock(&log->lock);
    Checkpoint newest = log->newest;
    memcpy(signature, log->newest_signature, sizeof signature);
    (void)pthread_mutex_unlock(&log->lock);
    return checkpoint_note_in(arena, &newest, log->signer.public_key, signature, ret_note);
}

Error access_log_health(AccessLog *log)
{
    const char *down = log->down;
    ENSURE(down == NULL, LOG_UNAVAILABLE, down);
    return OK;
}

uint64_t access_log_size(AccessLog *log)
{
    (void)pthread_mutex_lock(&log->lock);
    uint64_t size = log->newest.size;
    (void)pthread_mutex_unlock(&log->lock);
    return size;
}

Str access_log_origin(const AccessLog *log)
{
    return str_from(log->origin);
}

Str access_log_node(const AccessLog *log)
{
    return str_from(log->node);
}

const char *access_log_folder(const AccessLog *log)
{
    return log->folder;
}

const Ports *access_log_ports(const AccessLog *log)
{
    return log->ports;
}

const uint8_t *access_log_public_key(const AccessLog *log)
{
    return log->signer.public_key;
}

void access_log_follow(AccessLog *log)
{
    (void)pthread_mutex_lock(&log->lock);
    log->is_followed = true;
    (void)pthread_mutex_unlock(&log->lock);
}

uint64_t access_log_wait(AccessLog *log, uint64_t size, int64_t timeout_us)
{
    Deadline deadline = deadline_in(ports_system()->clock, timeout_us);
    (void)pthread_mutex_lock(&log->lock);
    while (log->newest.size <= size && !log->is_woken &&
           timed_wait_on(&log->follower, &log->lock, deadline)) {
    }
    log->is_woken = false;
    uint64_t durable = log->newest.size;
    (void)pthread_mutex_unlock(&log->lock);
    return durable;
}

void access_log_wake(AccessLog *log)
{
    (void)pthread_mutex_lock(&log->lock);
    log->is_woken = true;
    (void)pthread_cond_broadcast(&log->follower);
    (void)pthread_mutex_unlock(&log->lock);
}

size_t access_log_take_owners(AccessLog *log, uint64_t until_seq, LogOwner *ret_owners, size_t max)
{
    size_t taken = 0;
    (void)pthread_mutex_lock(&log->lock);
    while (taken < max && log->owners_count > 0 && log->owners[log->owners_from].seq < until_seq) {
        ret_owners[taken++] = log->owners[log->owners_from];
        log->owners_from = (log->owners_from + 1) % ACCESS_LOG_OWNERS_MAX;
        log->owners_count--;
    }
    (void)pthread_mutex_unlock(&log->lock);
    return taken;
}

void access_log_drop_owners(AccessLog *log)
{
    while (log->owners_count > 0) {
        (void)subject_key_unref(log->owners[log->owners_from].key);
        log->owners_from = (log->owners_from + 1) % ACCESS_LOG_OWNERS_MAX;
        log->owners_count--;
    }
}
