/* The guard: whatever passes can be read in one way only, by a second reader written without it.
 * Input: method, target, version, then one header a line ("name:value"), each line up to the
 * newline. */
#include <stdlib.h>
#include <strings.h>

#include "guard.h"

#define HEADERS_MAX 32

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static Str next_line(Str *rest)
{
    size_t end = str_find(*rest, '\n');
    Str line = str_slice(*rest, 0, end);
    *rest = str_slice(*rest, end + 1, rest->n);
    return line;
}

static size_t count(const RequestHead *head, const char *name)
{
    size_t found = 0;
    Str wanted = str_from(name);
    for (size_t i = 0; i < head->header_count; i++) {
        Str is = head->headers[i].name;
        found += is.n == wanted.n && strncasecmp(is.p, wanted.p, is.n) == 0;
    }
    return found;
}

static void check_bytes(const RequestHead *head)
{
    require(head->target.n > 0 && head->target.p[0] == '/');
    for (size_t i = 0; i < head->target.n; i++) {
        require((unsigned char)head->target.p[i] > ' ' && head->target.p[i] != 0x7f);
    }
    for (size_t i = 0; i < head->header_count; i++) {
        Str name = head->headers[i].name;
        Str value = head->headers[i].value;
        require(name.n > 0);
        for (size_t at = 0; at < name.n; at++) {
            require(name.p[at] > ' ' && name.p[at] < 0x7f && name.p[at] != ':');
        }
        for (size_t at = 0; at < value.n; at++) {
            unsigned char byte = (unsigned char)value.p[at];
            require((byte >= ' ' || byte == '\t') && byte != 0x7f);
        }
    }
}

static void check_framing(const RequestHead *head, const RequestFraming *framing)
{
    static const char *const SINGLE[] = {"Authorization", "Content-Type", "Fiware-Service",
                                         "Fiware-ServicePath", "Expect"};
    bool is_1_1 = str_eq(head->version, STR("HTTP/1.1"));
    require(is_1_1 || str_eq(head->version, STR("HTTP/1.0")));
    require(count(head, "Host") == 1);
    require(count(head, "Content-Length") + count(head, "Transfer-Encoding") <= 1);
    require(framing->has_length == (count(head, "Content-Length") == 1));
    require(framing->is_chunked == (count(head, "Transfer-Encoding") == 1));
    require(!framing->is_chunked || is_1_1);
    require(framing->length_bytes <= UINT64_C(999999999999999999));
    bool has_body = framing->is_chunked || framing->length_bytes > 0;
    require(!has_body || (framing->method != HTTP_GET && framing->method != HTTP_HEAD));
    for (size_t i = 0; i < sizeof SINGLE / sizeof SINGLE[0]; i++) {
        require(count(head, SINGLE[i]) <= 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    HttpHeader headers[HEADERS_MAX];
    RequestFraming framing = {.length_bytes = 77};
    Str rest = str_bytes(data, size);
    RequestHead head = {.headers = headers};
    head.method = next_line(&rest);
    head.target = next_line(&rest);
    head.version = next_line(&rest);
    while (rest.n > 0 && head.header_count < HEADERS_MAX) {
        Str line = next_line(&rest);
        size_t colon = str_find(line, ':');
        headers[head.header_count++] = (HttpHeader){.name = str_slice(line, 0, colon),
                                                    .value = str_slice(line, colon + 1, line.n)};
    }
    if (FAILED(guard_check(&head, &framing))) {
        require(framing.length_bytes == 77); /* untouched */
        return 0;
    }
    check_bytes(&head);
    check_framing(&head, &framing);
    return 0;
}
