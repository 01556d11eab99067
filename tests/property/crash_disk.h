/* crash_disk.h — a file port over a folder of segments that can die at any call, and a disk that
 * forgets what was not synced.
 *
 * Calls go to the real files, which stand for the kernel's memory; beside them it remembers what
 * each sync made durable: a file's bytes by its own sync, its name by the folder's. At the ordered
 * call the program "dies": that call and all later ones fail and change nothing, but for a torn
 * write. Then either the files stay as they are (kill -9) or they become what the disk holds, plus
 * some of what was written but not synced (no power). A failed sync drops its pages for good.
 *
 * Must never be linked outside tests.
 *
 * Layer: tests. Thread-safe: calls yes, as far as the log makes them one after the other; the rest
 * single-owner. Requirement: L-14. */
#ifndef MUSUBI_CRASH_DISK_H
#define MUSUBI_CRASH_DISK_H

#include "clock.h"

#define CRASH_DISK_FILES 64
#define CRASH_DISK_DESCRIPTORS 1024

typedef struct CrashFile {
    char *bytes; /* durable */
    size_t n;
    size_t lost_from; /* bytes from here on were dropped by a failed sync; SIZE_MAX: none */
    bool is_named;    /* the folder's sync has seen it */
} CrashFile;

typedef struct CrashDisk {
    FilePort port;
    const char *folder;
    uint64_t random;
    CrashFile files[CRASH_DISK_FILES];
    uint32_t numbers[CRASH_DISK_DESCRIPTORS]; /* segment of a descriptor; 0: the folder */
    uint64_t calls;                           /* that change something, in this life */
    uint64_t dies_at;                         /* 0: never */
    uint64_t fails_at;                        /* a write or sync that fails alone; 0: none */
    bool is_dead;
} CrashDisk;

void crash_disk_init(CrashDisk *disk, const char *folder, uint64_t seed);
void crash_disk_done(CrashDisk *disk);
/* A new life. */
void crash_disk_live(CrashDisk *disk, uint64_t dies_at, uint64_t fails_at);
/* The power goes: the files become what the disk holds. */
void crash_disk_lose_power(CrashDisk *disk);

#endif
