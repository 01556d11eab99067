"""What is wrong with a request is said in the API's own form, and nothing is lost or half-written.

Runs on a demo city: ./dev with-demo -- python3 tests/system/test_bad_input.py
"""
import json
import os
import pathlib
import socket
import sys
import urllib.parse

import client
from client import Checks, service, truth

PERSON = json.loads((client.ROOT / "schemas/purposes/health-promotion.json").read_text())["types"]["Person"]["attributes"]
PARSE_ERROR = {"error": "ParseError", "description": "Errors found in incoming JSON buffer"}
BROKEN_JSON = [b"{", b"", b"[]", b"7", b'{"id":"a",}', b'{"id":"a" "type":"b"}', b"{'id':'a'}", b'{"id":"\xff"}',
               b'{"id":"a"} x', b'{"a":01}', b'{"a":+1}', b'{"a":NaN}', b'\xef\xbb\xbf{"id":"a"}', b'{"a":"\\ud800"}']


def check_json(checks):
    sdgs = service("sdgs")
    for body in BROKEN_JSON:
        answer = sdgs.request("POST", "/v2/entities", raw=body)
        if body == b"":
            checks.equal(answer.status, 411, "no body %r" % answer)
            continue
        checks.equal((answer.status, answer.body), (400, PARSE_ERROR), "broken JSON %r" % body)
    deep = b'{"id":"deep","type":"AED","a":{"value":' + b"[" * 3000 + b"]" * 3000 + b"}}"
    checks.equal(sdgs.request("POST", "/v2/entities", raw=deep).status, 400, "depth")
    checks.equal(sdgs.get("/v2/entities?type=AED&id=deep").raw, b"[]", "nothing was written")


def check_size(checks):
    sdgs = service("sdgs")
    body = json.dumps({"id": "big", "type": "AED", "name": {"value": "x" * (1 << 20)}}).encode()
    answer = sdgs.request("POST", "/v2/entities", raw=body)
    checks.equal(answer.status, 413, "over 1 MiB %r" % answer)
    checks.equal(answer.body, {"error": "RequestEntityTooLarge",
                               "description": "payload size: %d, max size supported: 1048576" % len(body)}, "in JSON")
    checks.equal(service("sdgs").get("/v2/entities?type=AED&id=big").raw, b"[]", "nothing was written")


def check_parameters(checks):
    sdgs = service("sdgs")
    for query, what in (("limit=1001", "Bad pagination limit: /1001/ [max: 1000]"),
                        ("limit=-1", "Bad pagination limit: /-1/ [must be a positive integer number]"),
                        ("offset=x", "Bad pagination offset: /x/ [must be a decimal number]"),
                        ("type=", "Empty right-hand-side for URI param /type/"),
                        ("options=shout", "Invalid value for URI param /options/")):
        answer = sdgs.get("/v2/entities?" + query)
        checks.equal((answer.status, answer.body), (400, {"error": "BadRequest", "description": what}), query)
    for query in ("q=a==1", "mq=a.b==1", "georel=coveredBy", "idPattern=.*", "orderBy=a"):
        answer = sdgs.get("/v2/entities?type=AED&" + urllib.parse.quote(query, "=&"))
        checks.that(answer.status in (400, 422, 501), "a filter is never dropped in silence: %s" % query, answer)
    for path in ("/v2/entities/%00", "/v2/entities/a%zz", "/v2/entities/a%2f..%2fb", "/v2/..", "/v2/entities/%c3%28"):
        checks.equal(sdgs.get(path).status, 400, "target %s" % path)
    checks.equal(sdgs.get("/v2/nothing").body,
                 {"error": "BadRequest", "description": "Service not found. Check your URL as probably it is wrong."},
                 "unknown path")
    wrong = sdgs.request("DELETE", "/v2/entities")
    checks.equal((wrong.status, wrong.headers.get("allow")), (405, "POST, GET"), "wrong verb %r" % wrong)
    plain = sdgs.request("POST", "/v2/entities", raw=b"{}", headers={"Content-Type": "text/csv"})
    checks.equal((plain.status, plain.body["description"]), (415, "not supported content type: text/csv"), "media type")
    checks.equal(sdgs.get("/v2/entities", headers={"Accept": "image/png"}).status, 406, "accept")
    checks.equal(sdgs.get("/v2/entities", headers={"Fiware-Service": "no-dash"}).status in (400, 401), True, "tenant")


def raw_answers(text):
    """All that comes back for these bytes until the server closes or falls silent."""
    host = urllib.parse.urlsplit(client.base_url())
    with socket.create_connection((host.hostname, host.port), timeout=3) as wire:
        wire.sendall(text)
        received = b""
        try:
            while piece := wire.recv(65536):
                received += piece
        except TimeoutError:
            pass
    return received


def check_smuggling(checks):
    inner = b"GET /version HTTP/1.1\r\nHost: h\r\n\r\n"
    head = b"POST /v2/entities HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
    shapes = {
        "length and chunked": head + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + inner,
        "two lengths": head + b"Content-Length: 2\r\nContent-Length: 4\r\n\r\n{}" + inner,
        "blank before colon": head + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + inner,
        "two hosts": b"GET /version HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" + inner,
        "body on GET": b"GET /version HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello" + inner,
    }
    for name, text in shapes.items():
        answers = raw_answers(text).count(b"HTTP/1.1 ")
        checks.equal(answers, 1, "one answer, nothing smuggled: %s" % name)


def check_half_writes(checks):
    """A write that is refused for one attribute leaves the others alone."""
    me, kenko = truth()["citizens"][0], service("kenko")
    path = "/v2/entities/urn:ngsi-ld:Person:" + me["users"]["kenko"]
    before = kenko.get(path).raw
    answer = kenko.patch(path + "/attrs", {"postalCode": {"value": "675-0000"}, "familyName": {"value": "別"}})
    checks.equal(answer.status, 403, "refused whole %r" % answer)
    checks.that(b"familyName" in answer.raw, "the refused attribute is named", answer)
    checks.equal(kenko.get(path).raw, before, "nothing changed")


def check_large_values(checks):
    """A personal attribute has a bound, and values at the bound don't make anybody's list fail."""
    kenko, largest = service("kenko"), "x" * (16384 - len("Text") - 2)
    people = [person for person in truth()["citizens"] if "kenko" in person["users"]]
    for person in people:
        path = "/v2/entities/urn:ngsi-ld:Person:" + person["users"]["kenko"]
        me = client.Client(client.base_url(), client.city.citizen_token(
            client.run_folder(), pathlib.Path(os.environ["MUSUBI_BUILD"]), person))
        given = me.post("/api/citizen/grants", {"recipient": "kenko", "purpose": "health-promotion", "type": "Person",
                                                "attributes": PERSON, "operations": ["read", "write"]},
                        headers={"Idempotency-Key": "large"})
        checks.equal(given.status, 201, "given %r" % given)
        names = kenko.get(path).body.keys() - {"id", "type"}
        written = kenko.patch(path + "/attrs", {name: {"type": "Text", "value": largest} for name in names})
        checks.equal(written.status, 204, "written %r" % written)
        refused = kenko.patch(path + "/attrs", {"postalCode": {"type": "Text", "value": largest + "x"}})
        checks.equal((refused.status, refused.body), (413, {
            "error": "RequestEntityTooLarge",
            "description": "postalCode is larger than the 16384 bytes that a personal attribute may have"}), "too large")
    for query in ("type=Person", "type=Person&limit=100", "type=Person&limit=1000&options=count"):
        answer = kenko.get("/v2/entities?" + query)
        checks.equal(answer.status, 200, "%s is answered" % query)
        checks.that(len(answer.raw) > (1 << 20), "with much in it: %d" % len(answer.raw))
    checks.equal(client.citizen().get("/api/citizen/me").status, 200, "the own view")


def check_grant_pages(checks):
    me, seen, cursor = client.citizen(), [], ""
    while True:
        page = me.get("/api/citizen/grants?limit=2" + cursor).body
        checks.that(len(page["grants"]) <= 2, "two a page", page)
        seen += [grant["id"] for grant in page["grants"]]
        if "next" not in page:
            break
        cursor = "&cursor=" + page["next"]
    whole = me.get("/api/citizen/grants").body["grants"]
    checks.equal(sorted(seen), sorted(grant["id"] for grant in whole), "page by page all grants")
    checks.equal(len(seen), len(set(seen)), "each once")
    for query in ("limit=0", "limit=101", "limit=x", "limit=1&limit=1", "cursor=x"):
        checks.equal(me.get("/api/citizen/grants?" + query).status, 400, query)


def main():
    checks = Checks()
    check_json(checks)
    check_size(checks)
    check_parameters(checks)
    check_smuggling(checks)
    check_half_writes(checks)
    check_grant_pages(checks)
    check_large_values(checks)
    return checks.close()


if __name__ == "__main__":
    sys.exit(main())
