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
    for query in ("q=nosuch==1", "mq=name.b==1", "idPattern=^nosuch",
                  "georel=near;maxDistance:1&geometry=point&coords=0,0"):
        answer = sdgs.get("/v2/entities?type=AED&" + urllib.parse.quote(query, "=&;:,"))
        checks.equal((answer.status, answer.raw), (200, b"[]"), "a filter is never dropped in silence: %s" % query)
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


# --- every route, about personal and open data -------------------------------------------------------------------

PERSONS = "/v2/entities?type=Person&"
BAD_QUESTIONS = [
    (PERSONS + "q=", "Empty right-hand-side for URI param /q/"),
    (PERSONS + "q=sex==", "empty right-hand-side in q-item"),
    (PERSONS + "q===1", "empty left-hand-side in q-item"),
    (PERSONS + "q=sex=='a", "non-terminated forced string"),
    (PERSONS + "q=sex>true", "values of type /Bool/ not supported for operator /GreaterThan/"),
    (PERSONS + "q=sex>1..2", "ranges only valid for equal and not equal ops"),
    (PERSONS + "q=sex>1,2", "lists only valid for equal and not equal ops"),
    (PERSONS + "q=sex==1..", "empty item in range"),
    (PERSONS + "q=sex~=(a)", "forbidden characters in String Filter"),
    (PERSONS + "q=sex~=[", "error compiling filter regex: '['"),
    (PERSONS + "q=sex&q=sex", "URI param /q/ is given more than once"),
    (PERSONS + "mq=sex", "no metadata in right-hand-side of q-item"),
    (PERSONS + "id=a&idPattern=b", "Incompatible parameters: id, IdPattern"),
    (PERSONS + "typePattern=b", "Incompatible parameters: type, typePattern"),
    (PERSONS + "idPattern=" + "a" * 257, "invalid pattern in idPattern: longer than 256 bytes"),
    (PERSONS + "idPattern=(a)\\1", "invalid pattern in idPattern: back-references are not allowed"),
    (PERSONS + "orderBy=", "Empty right-hand-side for URI param /orderBy/"),
    (PERSONS + "orderBy=a,,b", "Invalid value for URI param /orderBy/"),
    (PERSONS + "orderBy=geo:distance", "URI param /orderBy/ with geo:distance needs georel, geometry and coords"),
    (PERSONS + "georel=near&geometry=point&coords=1,2",
     "Invalid query: georel /near/ without either minDistance nor maxDistance"),
    (PERSONS + "georel=near;maxDistance:1&geometry=point", "Invalid query: URI param /geometry/ used without /coords/"),
    (PERSONS + "georel=near;maxDistance:1&geometry=point&coords=x", "Invalid query: invalid point in URI param /coords/"),
    (PERSONS + "options=keyValues,values", "Invalid value for URI param /options/"),
    ("/v2/types?limit=x", "Bad pagination limit: /x/ [must be a positive integer number]"),
    ("/v2/types?options=shout", "Invalid value for URI param /options/"),
    ("/v2/entities/a/attrs/b?type=", "Empty right-hand-side for URI param /type/"),
    ("/v2/entities/a/attrs?options=shout", "Invalid value for URI param /options/"),
]
BAD_QUERIES = [
    ({}, "empty payload"),
    ({"fields": []}, "Invalid JSON payload, no relevant fields found"),
    ({"entities": {}}, "not a JSON array"),
    ({"entities": [{"type": "Person"}]}, "nor /id/ nor /idPattern/ present"),
    ({"entities": [{"id": "a", "idPattern": "b"}]}, "both /id/ and /idPattern/ present"),
    ({"entities": [{"id": 1}]}, "Invalid JSON type for entity id"),
    ({"entities": [{"idPattern": "["}]}, "Invalid regex for entity idPattern"),
    ({"entities": [{"id": "a", "type": "b", "typePattern": "c"}]}, "both /type/ and /typePattern/ present"),
    ({"expression": []}, "expression is not an object"),
    ({"expression": {"q": 1}}, "q is not a string"),
    ({"expression": {"q": ""}}, "q is empty"),
    ({"expression": {"q": "sex=="}}, "empty right-hand-side in q-item"),
    ({"expression": {"georel": "near"}},
     "partial geo expression: geometry, georel and coords have to be provided together"),
    ({"attrs": "a"}, "the field /attrs/ must be a JSON array"),
    ({"attrs": [1]}, "only JSON Strings allowed in attrs list"),
]
GOOD = {"id": "should-not-be", "type": "AED", "name": {"value": "n"}}
BAD_UPDATES = [
    ({}, "empty payload"),
    ({"actionType": "append"}, "Invalid JSON payload, mandatory field /entities/ not found"),
    ({"entities": [GOOD]}, "Invalid JSON payload, mandatory field /actionType/ not found"),
    ({"actionType": "append", "entities": []}, "empty entities vector"),
    ({"actionType": "append", "entities": {}}, "not a JSON array"),
    ({"actionType": "append", "entities": [GOOD, 1]}, "entity is not a JSON object"),
    ({"actionType": "append", "entities": [GOOD], "more": 1}, "Unrecognized field in JSON payload: /more/"),
    ({"actionType": "append", "entities": [GOOD, {"type": "AED"}]}, "nor /id/ nor /idPattern/ present"),
    ({"actionType": "append", "entities": [GOOD, {"id": "a", "type": "AED", "name": 1}]},
     "attribute must be a JSON object, unless keyValues option is used"),
    ({"actionType": "append", "entities": [GOOD, {"id": "a", "type": "AED", "name": {"value": "<"}}]},
     "Invalid characters in attribute value"),
    ({"actionType": "append", "entities": [GOOD, {"id": "あ", "type": "AED", "name": {"value": 1}}]},
     "Invalid characters in entity id"),
    ({"actionType": "append", "entities": [GOOD, {"id": "w", "type": "HealthActivity", "steps": {"value": 1}}]},
     "refPerson must be a relationship to the citizen, and can not change"),
]


def everything(who):
    """What is stored, as one of those sees it who may write it."""
    kinds = ("Person", "HealthActivity", "PointAccount", "AED", "PublicToilet", "PublicFacility")
    return [who.get("/v2/entities?limit=1000&options=count&metadata=*,dateModified&attrs=*,dateModified&type=" + kind).raw
            for kind in kinds]


def check_questions(checks):
    kenko = service("kenko")
    for path, what in BAD_QUESTIONS:
        answer = kenko.get(urllib.parse.quote(path, "/?=&;:,'"))
        checks.equal((answer.status, answer.body), (400, {"error": "BadRequest", "description": what}), path[:80])
    for body, what in BAD_QUERIES:
        answer = kenko.post("/v2/op/query", body)
        checks.equal((answer.status, answer.body), (400, {"error": "BadRequest", "description": what}), "query %s" % body)
    checks.equal(kenko.get("/v2/types/NoSuchType").body, {"error": "NotFound", "description": "Entity type not found"},
                 "an unknown type")


def check_updates(checks):
    kenko = service("kenko")
    for body, what in BAD_UPDATES:
        answer = kenko.post("/v2/op/update", body)
        checks.equal((answer.status, answer.body), (400, {"error": "BadRequest", "description": what}), "update %s" % body)
    many = [{"id": "many-%d" % number, "type": "AED"} for number in range(1001)]
    answer = kenko.post("/v2/op/update", {"actionType": "append", "entities": many})
    checks.equal((answer.status, answer.body["error"]), (413, "RequestEntityTooLarge"), "too many entities %r" % answer)


def check_json_of_all_routes(checks, walk):
    """Bodies that are none, and media types that nobody reads."""
    kenko, routes = service("kenko"), (("POST", "/v2/entities"), ("POST", walk + "/attrs"), ("PATCH", walk + "/attrs"),
                                       ("PUT", walk + "/attrs"), ("PUT", walk + "/attrs/steps"),
                                       ("POST", "/v2/op/update"), ("POST", "/v2/op/query"), ("POST", "/v2/op/notify"))
    for method, path in routes:
        for body in BROKEN_JSON:
            answer = kenko.request(method, path, raw=body)
            wanted = (411, "ContentLengthRequired") if body == b"" else (400, "ParseError")
            checks.equal((answer.status, answer.body["error"]), wanted, "%s %s %r" % (method, path, body))
        for kind in ("text/csv", "text/plain", "application/ld+json", "application"):
            answer = kenko.request(method, path, raw=b'{"a":{"value":1}}', headers={"Content-Type": kind})
            refusal = {"error": "UnsupportedMediaType", "description": "not supported content type: " + kind}
            checks.equal((answer.status, answer.body), (415, refusal), "%s %s" % (path, kind))


def check_values(checks, walk):
    """What a value alone may be."""
    kenko, path = service("kenko"), walk + "/attrs/steps/value"
    plain, json_type = {"Content-Type": "text/plain"}, {"Content-Type": "application/json"}
    for headers, body, status, what in (
            (plain, b"abc", 400, "attribute value type not recognized"),
            (plain, b'"abc', 400, "Missing citation-mark at end of string"),
            (plain, b"1 2", 400, "attribute value type not recognized"),
            (plain, b"", 411, "Zero/No Content-Length in PUT/POST/PATCH request"),
            (json_type, b"1", 400, "Neither JSON Object nor JSON Array for attribute::value"),
            (json_type, b"{", 400, "Errors found in incoming JSON buffer"),
            ({"Content-Type": "text/csv"}, b"1", 415, "not supported content type: text/csv")):
        answer = kenko.request("PUT", path, raw=body, headers=headers)
        checks.equal((answer.status, answer.body["description"]), (status, what), "value %r" % body)
    refused = kenko.get(path, headers={"Accept": "application/json"})
    checks.equal((refused.status, refused.body["description"]), (406, "accepted MIME types: text/plain"), "no JSON")
    for body, status, what in (({"vale": 1}, 400, "unrecognized property for context attribute"),
                               ({"value": {"$inc": "x"}}, 422, "the update operator can't work on the attribute steps")):
        answer = kenko.request("PUT", walk + "/attrs/steps", body)
        checks.equal((answer.status, answer.body["description"]), (status, what), "attribute %s" % body)


def check_subject(checks, walk):
    """Whom an entity is about neither changes nor goes, and not a byte of the rest does."""
    kenko, other = service("kenko"), "urn:ngsi-ld:Person:" + truth()["citizens"][1]["users"].get("kenko", "nobody")
    subject = {"refPerson": {"type": "Relationship", "value": other}, "steps": {"value": 1}}
    for method, path, body in (("PATCH", walk + "/attrs", subject), ("POST", walk + "/attrs", subject),
                               ("PUT", walk + "/attrs", subject), ("PUT", walk + "/attrs/refPerson", subject["refPerson"]),
                               ("DELETE", walk + "/attrs/refPerson", None)):
        answer = kenko.request(method, path, body)
        checks.that(400 <= answer.status < 500, "%s %s" % (method, path), answer)


def check_verbs(checks, walk):
    kenko = service("kenko")
    for method, path, allowed in (("PATCH", walk + "/attrs/steps", "GET, PUT, DELETE"), ("PUT", "/v2/types", "GET"),
                                  ("POST", walk, "GET, DELETE"), ("GET", "/v2/op/update", "POST"),
                                  ("DELETE", walk + "/attrs/steps/value", "GET, PUT"), ("PUT", "/v2/op/query", "POST")):
        answer = kenko.request(method, path)
        checks.equal((answer.status, answer.headers.get("allow")), (405, allowed), "%s %s" % (method, path))


def check_all_routes(checks):
    """None of it loses anything."""
    kenko = service("kenko")
    before = everything(kenko)
    walk = "/v2/entities/" + kenko.get("/v2/entities?type=HealthActivity&q=steps&limit=1").body[0]["id"]
    check_questions(checks)
    check_updates(checks)
    for check in (check_json_of_all_routes, check_values, check_subject, check_verbs):
        check(checks, walk)
    checks.that(all(len(part) > 1000 for part in before[:4]), "much is stored", [len(part) for part in before])
    checks.equal(everything(kenko), before, "nothing was written, nothing was lost")


# --- the frame of HTTP -----------------------------------------------------------------------------------------------


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
    check_all_routes(checks)
    check_smuggling(checks)
    check_half_writes(checks)
    check_grant_pages(checks)
    check_large_values(checks)
    return checks.close()


if __name__ == "__main__":
    sys.exit(main())
