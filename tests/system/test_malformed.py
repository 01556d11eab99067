"""Malformed requests get one answer and carry no second request with them: straight and through nginx.

Runs on a demo city: ./dev with-demo -- python3 tests/system/test_malformed.py
"""
import contextlib
import json
import pathlib
import re
import socket
import ssl
import sys
import urllib.parse

import client
import nginx_front
from client import Checks, city, service

REFUSED = range(400, 600)
SILENCE_SECONDS = 1
NGINX_CLEARS = ["length of 20 digits", "a chunked body on GET"]  # written anew in the one way that can be read


class Way:
    """One way to the service: bytes in, bytes out."""

    def __init__(self, name, connect):
        self.name, self.connect = name, connect

    def exchange(self, text):
        """All that comes back until the other side closes or falls silent."""
        received = b""
        with self.connect() as wire:
            wire.settimeout(SILENCE_SECONDS)
            with contextlib.suppress(OSError):  # refused while it was still being sent
                wire.sendall(text)
            with contextlib.suppress(OSError):
                while piece := wire.recv(65536):
                    received += piece
        return received


def straight():
    address = urllib.parse.urlsplit(client.base_url())
    return Way("straight", lambda: socket.create_connection((address.hostname, address.port)))


def through_nginx(port):
    context = nginx_front.client_context()
    return Way("nginx", lambda: context.wrap_socket(socket.create_connection(("127.0.0.1", port))))


def statuses(answer):
    """The statuses of the responses, one after the other as a client cuts them: by head and Content-Length. What
    libmicrohttpd refuses by itself (a length that is none) comes with its head twice; the second lies in the body."""
    found = []
    while match := re.match(rb"HTTP/1\.[01] (\d{3}) ", answer):
        head, _, rest = answer.partition(b"\r\n\r\n")
        length = re.search(rb"\r\ncontent-length: (\d+)", head.lower())
        found.append(int(match.group(1)))
        answer = rest[int(length.group(1)) if length else 0:]
    return found


# --- the table -------------------------------------------------------------------------------------------------------

GET = b"GET /version HTTP/1.1\r\nHost: h\r\n"
POST = b"POST /v2/entities HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"


def unclear():
    """(name, bytes): where the request ends, or for whom it is, can be read in two ways."""
    return [
        ("length and chunked", POST + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        ("chunked and length", POST + b"Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\n"),
        ("two lengths", POST + b"Content-Length: 2\r\nContent-Length: 4\r\n\r\n{}"),
        ("the same length twice", POST + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}"),
        ("lengths in a list", POST + b"Content-Length: 2, 2\r\n\r\n{}"),
        ("length with a sign", POST + b"Content-Length: +2\r\n\r\n{}"),
        ("negative length", POST + b"Content-Length: -2\r\n\r\n{}"),
        ("length in hex", POST + b"Content-Length: 0x2\r\n\r\n{}"),
        ("length beyond 64 bits", POST + b"Content-Length: 99999999999999999999999\r\n\r\n{}"),
        ("unknown coding", POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
        ("coding with a prefix", POST + b"Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n"),
        ("coding with a suffix", POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"),
        ("identity", POST + b"Transfer-Encoding: identity\r\nContent-Length: 2\r\n\r\n{}"),
        ("chunked twice", POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        ("blank before the colon", POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"),
        ("chunked in HTTP/1.0", POST.replace(b"1.1", b"1.0") + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        ("a chunk that is no number", POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"),
        ("a chunk beyond 64 bits", POST + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{}\r\n0\r\n\r\n"),
        ("no Host", b"GET /version HTTP/1.1\r\n\r\n"),
        ("two Hosts", GET + b"Host: other\r\n\r\n"),
        ("Host with a path", b"GET /version HTTP/1.1\r\nHost: h/x\r\n\r\n"),
        ("Host with a blank", b"GET /version HTTP/1.1\r\nHost: h x\r\n\r\n"),
        ("bare CR in a value", GET + b"A: b\rc\r\n\r\n"),
    ]


def wrong():
    """(name, bytes): where it ends is clear, but what it says is refused. nginx passes most of these on, and what
    follows them there is a request of its own."""
    return [
        ("length of 20 digits", POST + b"Content-Length: 00000000000000000002\r\n\r\n{}"),
        ("method in lower case", GET.replace(b"GET", b"get") + b"\r\n"),
        ("a method that is no token", GET.replace(b"GET", b"FO(O") + b"\r\n"),
        ("TRACE", GET.replace(b"GET", b"TRACE") + b"\r\n"),
        ("CONNECT", b"CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n"),
        ("HTTP/2.0", GET.replace(b"HTTP/1.1", b"HTTP/2.0") + b"\r\n"),
        ("HTTP/1.2 in words", GET.replace(b"HTTP/1.1", b"HTTP/one") + b"\r\n"),
        ("asterisk", b"GET * HTTP/1.1\r\nHost: h\r\n\r\n"),
        ("NUL in the path", b"GET /version%00 HTTP/1.1\r\nHost: h\r\n\r\n"),
        ("a broken percent code", b"GET /version?a=%zz HTTP/1.1\r\nHost: h\r\n\r\n"),
        ("no UTF-8", b"GET /v2/entities/%c3%28 HTTP/1.1\r\nHost: h\r\n\r\n"),
        ("an empty segment", b"GET //version HTTP/1.1\r\nHost: h\r\n\r\n"),
        ("two dots", b"GET /v2/../version HTTP/1.1\r\nHost: h\r\n\r\n"),
        ("two dots in code", b"GET /v2/%2e%2e/version HTTP/1.1\r\nHost: h\r\n\r\n"),
        ("a slash in code", b"GET /v2%2fentities HTTP/1.1\r\nHost: h\r\n\r\n"),
        ("a name in two words", GET + b"A B: c\r\n\r\n"),
        ("a body on GET", GET + b"Content-Length: 2\r\n\r\n{}"),
        ("a chunked body on GET", GET + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        ("two Authorizations", GET + b"Authorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n"),
        ("two tenants", GET + b"Fiware-Service: a\r\nFIWARE-SERVICE: b\r\n\r\n"),
        ("two media types", POST + b"Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}"),
    ]


def borderline():
    """(name, status straight, status through nginx, bytes): forms that one of the two readers puts in order before the
    guard can see them (200, or 401 where a token is missing), and nothing decides by them; the rest is refused."""
    return [
        ("absolute form", 400, 200, b"GET http://h/version HTTP/1.1\r\nHost: h\r\n\r\n"),
        ("bare LF", 200, 200, b"GET /version HTTP/1.1\nHost: h\n\n"),
        ("a folded header", 200, 400, GET + b"A: b\r\n c\r\n\r\n"),
        ("NUL in a value", 200, 400, GET + b"A: b\0c\r\n\r\n"),
        ("a control byte in a value", 400, 400, GET + b"A: b\x01c\r\n\r\n"),
        ("empty Host", 400, 400, b"GET /version HTTP/1.1\r\nHost:\r\n\r\n"),
        ("a line without a colon", 400, 200, GET + b"nonsense\r\n\r\n"),
        ("chunk extensions", 401, 401, POST + b"Transfer-Encoding: chunked\r\n\r\n2;a=b\r\n{}\r\n0\r\n\r\n"),
        ("bare LF in chunks", 401, 401, POST + b"Transfer-Encoding: chunked\r\n\r\n2\n{}\n0\n\n"),
        ("a target of 20 KB", 200, 200, b"GET /version?a=" + b"x" * 20000 + b" HTTP/1.1\r\nHost: h\r\n\r\n"),
        ("a head of 400 KB", 431, 400, GET + b"".join(b"A%d: %s\r\n" % (i, b"x" * 60000) for i in range(7)) + b"\r\n"),
        ("200 headers", 431, 431, GET + b"".join(b"A%d: b\r\n" % i for i in range(200)) + b"\r\n"),
        ("an empty length", 400, 400, POST + b"Content-Length:\r\n\r\n"),
    ]


def inner_request(token, entity_id):
    """What an attacker wants done behind the first request."""
    body = json.dumps({"id": entity_id, "type": "AED"}).encode()
    return (b"POST /v2/entities HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer " + token.encode() +
            b"\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


# --- checks ----------------------------------------------------------------------------------------------------------


def check_baseline(checks, way):
    checks.equal(statuses(way.exchange(GET + b"Connection: close\r\n\r\n")), [200], "%s: the good one" % way.name)
    pair = GET + b"\r\n" + GET + b"Connection: close\r\n\r\n"
    checks.equal(statuses(way.exchange(pair)), [200, 200], "%s: two good ones on a connection" % way.name)


def check_table(checks, way, sdgs):
    for number, (name, text) in enumerate(unclear() + wrong()):
        entity_id = "smuggled-%s-%d" % (way.name, number)
        is_alone = way.name == "nginx" and number >= len(unclear())
        allowed = [200, *REFUSED] if way.name == "nginx" and name in NGINX_CLEARS else REFUSED
        seen = statuses(way.exchange(text + (b"" if is_alone else inner_request(sdgs.token, entity_id))))
        checks.that(len(seen) == 1 and seen[0] in allowed, "%s: one refusal: %s" % (way.name, name), seen)
        checks.equal(sdgs.get("/v2/entities/%s?type=AED" % entity_id).status, 404, "%s: not done: %s" % (way.name, name))


def check_borderline(checks, way):
    for name, by_guard, by_nginx, text in borderline():
        wanted = by_nginx if way.name == "nginx" else by_guard
        checks.equal(statuses(way.exchange(text)), [wanted], "%s: one answer: %s" % (way.name, name))


def check_own_words(checks, way):
    """The guard's refusals are in the API's form, and close the connection."""
    for name, text in (("two lengths", POST + b"Content-Length: 2\r\nContent-Length: 4\r\n\r\n{}"),
                       ("two Hosts", GET + b"Host: other\r\n\r\n"), ("a body on GET", GET + b"Content-Length: 2\r\n\r\n{}")):
        head, _, body = way.exchange(text).partition(b"\r\n\r\n")
        checks.that(b"connection: close" in head.lower(), "%s closes" % name, head)
        checks.equal(json.loads(body).get("error"), "BadRequest", "%s in words" % name)


def check_tls(checks, port):
    """TLS 1.2 and 1.3, nothing older; the client's address and certificate are nginx's word alone."""
    for version, is_fine in ((ssl.TLSVersion.TLSv1_1, False), (ssl.TLSVersion.TLSv1_2, True), (ssl.TLSVersion.TLSv1_3, True)):
        try:
            context = nginx_front.client_context(version=version)
            with context.wrap_socket(socket.create_connection(("127.0.0.1", port))) as wire:
                wire.sendall(GET + b"Connection: close\r\n\r\n")
                spoke = wire.recv(65536).startswith(b"HTTP/1.1 200")
        except (ssl.SSLError, OSError, ValueError):
            spoke = False
        checks.equal(spoke, is_fine, str(version))


def check_certificates(checks, run, port):
    certificate, key = nginx_front.make_certificate(run / "nginx", "client")
    context = nginx_front.client_context(certificate, key)
    way = Way("with a certificate", lambda: context.wrap_socket(socket.create_connection(("127.0.0.1", port))))
    check_baseline(checks, way)
    forged = GET + b"Musubi-Client-Certificate: forged\r\nMusubi-Client-Certificate: twice\r\nConnection: close\r\n\r\n"
    checks.equal(statuses(way.exchange(forged)), [200], "what a caller writes in nginx's name is replaced")


def check_addresses(checks, way, node):
    """Personal data through nginx: the caller's address is the one nginx saw, whatever the caller writes."""
    kenko = service("kenko")
    ask = (b"GET /v2/entities?type=Person&limit=1 HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer " + kenko.token.encode() +
           b"\r\nX-Forwarded-For: %s\r\nConnection: close\r\n\r\n")
    checks.equal(statuses(way.exchange(ask % b"203.0.113.9")), [200], "from here")
    checks.equal(statuses(way.exchange(ask % b"nonsense")), [200], "whatever was written")
    with socket.socket(socket.AF_UNIX) as wire:
        wire.connect(node.url.removeprefix("unix:"))
        wire.sendall(ask % b"203.0.113.9")
        checks.that(b" 403 " in wire.recv(65536), "an address that kenko has not registered")


def check_limits(checks, way, port):
    big = b"x" * ((1 << 20) + 1)
    answer = way.exchange(POST + b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(big) + big)
    checks.that(b" 413 " in answer and b"RequestEntityTooLarge" in answer, "too large, in JSON", answer[:300])
    checks.equal(statuses(way.exchange(GET.replace(b"/version", b"/metrics") + b"Connection: close\r\n\r\n")), [404],
                 "no figures for the world")


def main():
    checks = Checks()
    run, sdgs = client.run_folder(), service("sdgs")
    way = straight()
    check_baseline(checks, way)
    check_table(checks, way, sdgs)
    check_borderline(checks, way)
    check_own_words(checks, way)
    build = pathlib.Path(client.os.environ["MUSUBI_BUILD"])
    node = city.Node(run, build, "edge", listen="unix:%s" % (run / "http.sock"), extra=["--trusted-proxies=unix"])
    try:
        with nginx_front.front(run, run / "http.sock") as port:
            way = through_nginx(port)
            check_baseline(checks, way)
            check_table(checks, way, sdgs)
            check_borderline(checks, way)
            check_tls(checks, port)
            check_certificates(checks, run, port)
            check_addresses(checks, way, node)
            check_limits(checks, way, port)
    finally:
        checks.equal(node.stop(), 0, "the node behind nginx stops in order")
    return checks.close()


if __name__ == "__main__":
    sys.exit(main())
