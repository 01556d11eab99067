/* scan_bytes PATTERNS FILE…: prints each pattern (hex, one a line in PATTERNS, at least 8 bytes
 * each) that occurs anywhere in the files. Used by test_at_rest.py, for which grep is too slow: a
 * table of the patterns' first 8 bytes is asked at every offset. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Pattern {
    unsigned char *bytes;
    size_t n;
    bool is_found;
    struct Pattern *next;
} Pattern;

#define SLOTS ((size_t)1 << 20)
static Pattern *table[SLOTS];

static size_t slot_of(const unsigned char *eight)
{
    uint64_t word = 0;
    memcpy(&word, eight, sizeof word);
    return (size_t)((word * 0x9E3779B97F4A7C15u) >> 44);
}

static int nibble(int c)
{
    return c <= '9' ? c - '0' : c - 'a' + 10;
}

static void *must(void *memory)
{
    if (memory == NULL) {
        fprintf(stderr, "out of memory\n");
        exit(2);
    }
    return memory;
}

static void add_pattern(const char *hex, size_t digits)
{
    if (digits < 16) {
        fprintf(stderr, "pattern of fewer than 8 bytes: %s", hex);
        exit(2);
    }
    Pattern *pattern = must(calloc(1, sizeof *pattern));
    pattern->n = digits / 2;
    pattern->bytes = must(malloc(pattern->n));
    for (size_t i = 0; i < pattern->n; i++) {
        pattern->bytes[i] = (unsigned char)(nibble(hex[2 * i]) << 4 | nibble(hex[2 * i + 1]));
    }
    Pattern **slot = &table[slot_of(pattern->bytes)];
    pattern->next = *slot;
    *slot = pattern;
}

static void read_patterns(const char *path)
{
    FILE *file = must(fopen(path, "r"));
    char *line = NULL;
    size_t room = 0;
    ssize_t n = 0;
    while ((n = getline(&line, &room, file)) > 1) {
        add_pattern(line, (size_t)n - 1);
    }
    free(line);
    fclose(file);
}

static void scan(const unsigned char *bytes, size_t n)
{
    for (size_t at = 0; at + 8 <= n; at++) {
        for (Pattern *p = table[slot_of(bytes + at)]; p != NULL; p = p->next) {
            if (!p->is_found && p->n <= n - at && memcmp(p->bytes, bytes + at, p->n) == 0) {
                p->is_found = true;
                for (size_t i = 0; i < p->n; i++) {
                    printf("%02x", p->bytes[i]);
                }
                printf("\n");
            }
        }
    }
}

static void scan_file(const char *path)
{
    FILE *file = must(fopen(path, "rb"));
    fseek(file, 0, SEEK_END);
    size_t n = (size_t)ftell(file);
    rewind(file);
    unsigned char *bytes = must(malloc(n + 1));
    if (fread(bytes, 1, n, file) != n) {
        fprintf(stderr, "%s can't be read\n", path);
        exit(2);
    }
    fclose(file);
    scan(bytes, n);
    free(bytes);
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: scan_bytes PATTERNS FILE…\n");
        return 2;
    }
    read_patterns(argv[1]);
    for (int i = 2; i < argc; i++) {
        scan_file(argv[i]);
    }
    return 0; /* the patterns live until the process ends */
}
