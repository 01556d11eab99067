#include "guard.h"

#include <string.h>
#include <strings.h>

/* Headers that decide something: two of them could be read differently by two readers. */
static const Str SINGLE[] = {
    STR_INIT("Host"),         STR_INIT("Content-Length"), STR_INIT("Transfer-Encoding"),
    STR_INIT("Content-Type"), STR_INIT("Authorization"),  STR_INIT("Idempotency-Key"),
    STR_INIT("Expect"),
};

static bool name_is(Str name, Str wanted)
{
    return name.n == wanted.n && strncasecmp(name.p, wanted.p, name.n) == 0;
}

static bool is_token_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool is_token(Str text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (!is_token_char(text.p[i])) {
            return false;
        }
    }
    return text.n > 0;
}

static bool has_control(Str value)
{
    for (size_t i = 0; i < value.n; i++) {
        unsigned char byte = (unsigned char)value.p[i];
        if ((byte < 0x20 && byte != '\t') || byte == 0x7f) {
            return true;
        }
    }
    return false;
}

static bool must_be_single(Str name)
{
    if (name.n >= 7 && strncasecmp(name.p, "Fiware-", 7) == 0) {
        return true;
    }
    for (size_t i = 0; i < sizeof SINGLE / sizeof SINGLE[0]; i++) {
        if (name_is(name, SINGLE[i])) {
            return true;
        }
    }
    return false;
}

static size_t count_name(const RequestHead *head, Str name)
{
    size_t count = 0;
    for (size_t i = 0; i < head->header_count; i++) {
        count += name_is(head->headers[i].name, name);
    }
    return count;
}

static const HttpHeader *find(const RequestHead *head, Str name)
{
    for (size_t i = 0; i < head->header_count; i++) {
        if (name_is(head->headers[i].name, name)) {
            return &head->headers[i];
        }
    }
    return NULL;
}

static Error check_headers(const RequestHead *head)
{
    for (size_t i = 0; i < head->header_count; i++) {
        const HttpHeader *header = &head->headers[i];
        ENSURE(is_token(header->name), HTTP_BAD_HEAD, "a header's name is not a token");
        ENSURE(!has_control(header->value), HTTP_BAD_HEAD, "a control byte in a header");
        ENSURE(!must_be_single(header->name) || count_name(head, header->name) == 1, HTTP_BAD_HEAD,
               "a header that may stand only once stands twice");
    }
    const HttpHeader *host = find(head, STR("Host"));
    ENSURE(host != NULL && host->value.n > 0, HTTP_BAD_HEAD, "Host is missing");
    for (size_t i = 0; i < host->value.n; i++) {
        ENSURE((unsigned char)host->value.p[i] > 0x20 &&
                   strchr("/?#@,\\", host->value.p[i]) == NULL,
               HTTP_BAD_HEAD, "Host is not a host");
    }
    return OK;
}

static Error check_target(Str target)
{
    ENSURE(target.n > 0 && target.p[0] == '/', HTTP_BAD_TARGET, NULL);
    for (size_t i = 0; i < target.n; i++) {
        unsigned char byte = (unsigned char)target.p[i];
        ENSURE(byte > 0x20 && byte != 0x7f, HTTP_BAD_TARGET, NULL);
    }
    return OK;
}

static Error read_length(const HttpHeader *header, RequestFraming *framing)
{
    if (header == NULL) {
        return OK;
    }
    ENSURE(header->value.n >= 1 && header->value.n <= 18, HTTP_BAD_HEAD,
           "Content-Length is not a length");
    for (size_t i = 0; i < header->value.n; i++) {
        char c = header->value.p[i];
        ENSURE(c >= '0' && c <= '9', HTTP_BAD_HEAD, "Content-Length is not a length");
        framing->length_bytes = framing->length_bytes * 10 + (uint64_t)(c - '0');
    }
    framing->has_length = true;
    return OK;
}

static Error check_framing(const RequestHead *head, bool is_1_0, RequestFraming *framing)
{
    const HttpHeader *coding = find(head, STR("Transfer-Encoding"));
    TRY(read_length(find(head, STR("Content-Length")), framing));
    if (coding != NULL) {
        ENSURE(!framing->has_length, HTTP_BAD_HEAD, "both Content-Length and Transfer-Encoding");
        ENSURE(!is_1_0, HTTP_BAD_HEAD, "Transfer-Encoding in HTTP/1.0");
        ENSURE(name_is(coding->value, STR("chunked")), HTTP_BAD_CODING, NULL);
        framing->is_chunked = true;
    }
    bool has_body = framing->is_chunked || framing->length_bytes > 0;
    bool may_have_body = framing->method != HTTP_GET && framing->method != HTTP_HEAD;
    ENSURE(!has_body || may_have_body, HTTP_BAD_HEAD, "a body on GET or HEAD");
    return OK;
}

Error guard_check(const RequestHead *head, RequestFraming *ret_framing)
{
    bool is_1_0 = str_eq(head->version, STR("HTTP/1.0"));
    ENSURE(is_1_0 || str_eq(head->version, STR("HTTP/1.1")), HTTP_BAD_VERSION, NULL);
    ENSURE(is_token(head->method), HTTP_BAD_HEAD, "the method is not a token");
    RequestFraming framing = {.method = http_method_from(head->method)};
    TRY(check_target(head->target));
    TRY(check_headers(head));
    TRY(check_framing(head, is_1_0, &framing));
    *ret_framing = framing;
    return OK;
}
