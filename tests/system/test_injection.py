"""500 texts that try to be something else than text, in every place of an NGSIv2 request (A-22).

No answer of 500 and over, none that tells a value which the caller's view lacks, the view itself unchanged, the server
alive. Where the store is MongoDB, a second node talks to it through a recorder: harmless texts in the same places
show which members the adapter's commands have, and the hostile ones must not add a single one.

Runs on a demo city: ./dev with-demo [--store mongodb] -- python3 tests/system/test_injection.py [--share N]
"""
import argparse
import collections
import http.client
import json
import os
import pathlib
import re
import socket
import sys
import time
import urllib.parse

import client
from client import Checks, city, service, truth

sys.path.insert(0, str(client.ROOT / "tests" / "mongodb"))
import wire_recorder  # noqa: E402  pylint: disable=wrong-import-position

TEXTS = client.ROOT / "tests" / "property" / "injection_strings.txt"
TEXT_COUNT = 500
TYPES = ("AED", "Person", "HealthActivity")
TARGET = "injection-target"
LIST = "/v2/entities?type=%s&"
SHOWN_MAX = 10
# Members of stored documents have one or two letters; indexed ones stand behind the body's name.
DOCUMENT_MEMBER = re.compile(r"(b\.)?[a-z]{1,2}")
# What a server of ours would say of itself only when something went wrong.
TELLTALES = [b"sqlite", b"mongo", b"bson", b"libmicrohttpd", b"/vault/", b"/ngsi-proxy/"]

Ask = collections.namedtuple("Ask", "place method target body headers")


def corpus():
    texts = []
    for line in TEXTS.read_text(encoding="ascii").splitlines():
        if not line.startswith("#"):
            times, text = line.split("\t")
            texts.append(urllib.parse.unquote_to_bytes(text) * int(times))
    return texts


# --- places ----------------------------------------------------------------------------------------------------------


def json_text(text):
    """The bytes as a JSON string: escaped where they are text, as they are where they are not."""
    try:
        return json.dumps(text.decode(), ensure_ascii=False).encode()
    except UnicodeDecodeError:
        return b'"' + text.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


def get(place, target):
    return Ask(place, "GET", target, None, {})


def body_of(template, text):
    """template: a body in which @ stands for the text as a JSON string."""
    return template.encode().replace(b"@", json_text(text))


def post(place, target, template, text):
    return Ask(place, "POST", target, body_of(template, text), {"Content-Type": "application/json"})


def append(place, text, entity_id, kind, members):
    """An entity for op/update; id, type and members are JSON with @ in it."""
    template = '{"actionType": "append", "entities": [{"id": %s, "type": %s, %s}]}' % (entity_id, kind, members)
    return post(place, "/v2/op/update", template, text)


def parameters(text, kind):
    """The text as each parameter of a list."""
    word = urllib.parse.quote(text, safe="")
    of_kind = LIST % kind
    for name in ("q", "mq", "orderBy", "attrs", "metadata", "options", "idPattern", "id", "limit", "offset"):
        yield get(name, of_kind + name + "=" + word)
    yield get("type", "/v2/entities?type=" + word)
    yield get("typePattern", "/v2/entities?typePattern=" + word)
    yield get("q constant", of_kind + "q=familyName==" + word)
    yield get("q pattern", of_kind + "q=familyName~=" + word)
    yield get("q name", of_kind + "q=" + word + "==1")
    yield get("mq name", of_kind + "mq=name." + word + "==1")
    yield get("georel", of_kind + "geometry=point&coords=34.9,134.8&georel=" + word)
    yield get("geometry", of_kind + "georel=coveredBy&coords=34.9,134.8&geometry=" + word)
    yield get("coords", of_kind + "georel=near;maxDistance:100&geometry=point&coords=" + word)


def paths(text, kind):
    word = urllib.parse.quote(text, safe="")
    yield get("id in path", "/v2/entities/" + word)
    yield get("id in path, attrs", "/v2/entities/%s/attrs?type=%s" % (word, kind))
    yield get("attribute in path", "/v2/entities/%s/attrs/%s" % (TARGET, word))
    yield get("value in path", "/v2/entities/%s/attrs/%s/value" % (TARGET, word))
    yield get("type in path", "/v2/types/" + word)
    yield Ask("delete by id", "DELETE", "/v2/entities/" + word, None, {})


def queries(text, kind):
    query = '{"entities": [{"id%s": %s, "type%s": %s}], "attrs": [%s], "metadata": [%s], "expression": {%s}}'
    of_kind = ("Pattern", '".*"', "", '"%s"' % kind, '"name"', '"*"')
    for place, parts in (("op/query idPattern", ("Pattern", "@", *of_kind[2:], '"q": "name"')),
                         ("op/query id and type", ("", "@", "", "@", "@", "@", '"q": "!nothing"')),
                         ("op/query q", (*of_kind, '"q": @, "mq": @')),
                         ("op/query place", (*of_kind, '"georel": @, "geometry": @, "coords": @'))):
        yield post(place, "/v2/op/query", query % parts, text)


def writes(text):
    one, kind = '"%s"' % TARGET, '"AED"'
    kept = '"name": {"type": "TextUnrestricted", "value": @, "metadata": {"m": {"value": @}}}'
    yield append("value", text, one, kind, kept)
    yield append("checked value", text, one, kind, '"name": {"value": @}')
    yield append("names", text, one, kind, '@: {"type": @, "value": 1, "metadata": {@: {"type": @, "value": 1}}}')
    yield append("id", text, "@", kind, '"name": {"value": 1}')
    yield append("type", text, one, "@", '"name": {"value": 1}')
    yield append("member names", text, one, kind,
                 '"remarks": {"type": "StructuredValue", "value": {@: {"$gt": ""}, "list": [@]}}')
    yield append("operator", text, one, kind, '"remarks": {"value": {"$set": {@: @}}}')
    yield post("actionType", "/v2/op/update",
               '{"actionType": @, "entities": [{"id": "%s", "type": "AED", "name": {"value": 1}}]}' % TARGET, text)
    yield Ask("text as value", "PUT", "/v2/entities/%s/attrs/name/value?type=AED" % TARGET, body_of("@", text),
              {"Content-Type": "text/plain"})


def personal_writes(text, me):
    one, kind = '"urn:ngsi-ld:HealthActivity:injection"', '"HealthActivity"'
    subject = '"refPerson": {"type": "Relationship", "value": %s}, '
    mine = subject % ('"%s"' % me)
    kept = '"remarks": {"type": "TextUnrestricted", "value": @, "metadata": {"m": {"value": @}}}'
    yield append("personal value", text, one, kind, mine + kept)
    yield append("personal names", text, one, kind, mine + '"remarks": {"type": @, "value": {@: 1}}, @: {"value": 1}')
    yield append("subject", text, one, kind, subject % "@" + '"remarks": {"value": 1}')


def headers(text, kind):
    for name in (b"Fiware-Service", b"Fiware-ServicePath", b"Fiware-Correlator"):
        value = b"/" + text if name == b"Fiware-ServicePath" else text
        yield Ask(name.decode(), "GET", LIST % kind + "limit=1", None, {name: value})


def asks(text, number, me):
    """The text in all places; what takes a type gets another one each time."""
    for at, make in enumerate((parameters, paths, queries, headers)):
        yield from make(text, TYPES[(number + at) % len(TYPES)])
    yield from writes(text)
    yield from personal_writes(text, me)


# --- sending ---------------------------------------------------------------------------------------------------------


def as_bytes(text):
    return text if isinstance(text, bytes) else text.encode()


class Sender:
    """Writes requests as bytes: the corpus holds what no HTTP library sends. One connection for as long as it lasts."""

    def __init__(self, url, token):
        parts = urllib.parse.urlsplit(url)
        self.address, self.token, self.wire = (parts.hostname, parts.port), token, None

    def close(self):
        if self.wire is not None:
            self.wire.close()
            self.wire = None

    def bytes_of(self, ask):
        head = {b"Host": b"localhost", b"Authorization": b"Bearer " + self.token.encode()}
        head.update({as_bytes(name): as_bytes(value) for name, value in ask.headers.items()})
        if ask.body is not None:
            head[b"Content-Length"] = b"%d" % len(ask.body)
        lines = [b"%s %s HTTP/1.1" % (ask.method.encode(), ask.target.encode())]
        lines += [name + b": " + value for name, value in head.items()]
        return b"\r\n".join(lines) + b"\r\n\r\n" + (ask.body or b"")

    def send(self, ask):
        """(status, body); status 0 when the server closed the connection without a word."""
        if self.wire is None:
            self.wire = socket.create_connection(self.address, timeout=20)
        try:
            self.wire.sendall(self.bytes_of(ask))
        except OSError:
            pass  # closed while a long head was on its way: its answer may be there all the same
        response = http.client.HTTPResponse(self.wire, method=ask.method)
        try:
            response.begin()
            answer = response.status, response.read()
        except (http.client.HTTPException, OSError):
            answer = 0, b""
        # A head of its own making may have been taken for two requests: what comes after must not be mixed up.
        if answer[0] == 0 or response.will_close or any(isinstance(name, bytes) for name in ask.headers):
            self.close()
        return answer


class Corpus:
    """Sends the corpus to one node and keeps what should not have come back."""

    def __init__(self, url, token, me, hidden):
        self.sender, self.me = Sender(url, token), me
        self.hidden = re.compile(b"|".join(re.escape(value.encode()) for value in sorted(hidden)))
        self.statuses, self.wrong = collections.Counter(), []

    def judge(self, ask, answer):
        status, body = answer
        self.statuses[status] += 1
        if status == 0 or status >= 500:
            self.wrong.append(("%d" % status, ask, body))
        elif found := self.hidden.search(body):
            self.wrong.append(("tells %s" % found.group().decode(), ask, body))
        elif any(word in body for word in TELLTALES):
            self.wrong.append(("tells of the inside", ask, body))

    def send(self, texts, share):
        """Each text in one of `share` places, and each place with one of `share` texts."""
        for number, text in enumerate(texts):
            for at, ask in enumerate(asks(text, number, self.me)):
                if (number + at) % share == 0:
                    self.judge(ask, self.sender.send(ask))

    def report(self, checks, name):
        for why, ask, body in self.wrong[:SHOWN_MAX]:
            sent = (ask.target, ask.body, ask.headers)
            print("%s: %s %s %.300r -> %.300r" % (why, ask.place, ask.method, sent, body))
        sent = sum(self.statuses.values())
        print("%s: %d requests, by status %s" % (name, sent, dict(sorted(self.statuses.items()))), flush=True)
        checks.equal(len(self.wrong), 0, "%s: hostile texts are answered as what they are" % name)
        for status in (200, 204, 400, 404):
            checks.that(self.statuses[status] > sent / 200, "%s: many answers of %d" % (name, status), self.statuses)


# --- what a caller may not see ---------------------------------------------------------------------------------------


def whole_view(who):
    """All that the caller can read."""
    return [who.get("/v2/entities?limit=1000&type=" + kind).raw for kind in
            ("Person", "HealthActivity", "PointAccount", "AED", "PublicToilet", "PublicFacility")]


def stored_texts(people):
    for person in people:
        yield from person["users"].values()
        yield from person["person"].values()
        for entity in person["entities"]:
            yield from (value for value in entity["attributes"].values() if isinstance(value, str))


def hidden_texts(people, view, texts):
    """Stored values that the view lacks and that no request of ours holds: in an answer they would be a leak."""
    known = b"\n".join(view + [text for text in texts if len(text) < 1000]).decode(errors="replace")
    return {value for value in stored_texts(people) if len(value.encode()) >= 5 and value not in known}


# --- the wire to MongoDB ---------------------------------------------------------------------------------------------


def store_uri():
    found = re.search(r"^store_uri = (\S+)$", (client.run_folder() / "musubi.conf").read_text(), re.M)
    return found and found.group(1)


def harmless(number):
    """Texts of the kind that the places are made for, so that requests get as far as they can."""
    return [b"name", TARGET.encode(), b"10", b"AED", b"keyValues", b"34.9,134.8", b"u%d" % number][number % 7]


def command(name, filter_member):
    """An OP_MSG {find: "x", filter: {<member>: 1}}, to show that the recorder would see it."""
    def document(*pairs):
        body = b"".join(bytes([kind]) + key.encode() + b"\0" + value for kind, key, value in pairs)
        return (len(body) + 5).to_bytes(4, "little") + body + b"\0"
    body = document((0x02, name, b"\x02\0\0\0x\0"), (0x03, "filter", document((0x10, filter_member, b"\1\0\0\0"))))
    return b"\0" * 12 + wire_recorder.OP_MSG.to_bytes(4, "little") + b"\0" * 4 + b"\0" + body


def check_recorder(checks):
    """The net has no hole: a request of another make is seen."""
    seen = wire_recorder.shapes_of(command("find", "$where"))
    checks.equal(seen, [("find", "find"), ("find", "filter"), ("find", "filter", "$where")], "the recorder sees")
    checks.that("$where" not in wire_recorder.allowed_names(), "no adapter sends $where")


def load_many(who):
    """So many entities that a walk over them needs more than one look at the database."""
    many = [{"id": "many-%d" % number, "type": "AED", "name": {"value": "n"}} for number in range(200)]
    return who.post("/v2/op/update", {"actionType": "append", "entities": many}).status


def check_wire(checks, recorder, corpus_of, texts, share):
    """Commands while harmless texts come in, then while hostile ones do: no member is new."""
    corpus_of.send([harmless(number) for number in range(7 * len(TYPES))], 1)
    learned = recorder.take()[1]
    corpus_of.statuses.clear()
    corpus_of.send(texts, share)
    messages, seen, faults = recorder.take()
    names = {name for shape in seen for name in shape} - {"[]"} - wire_recorder.allowed_names()
    checks.that(messages > len(texts), "much is asked of the database: %d commands" % messages)
    checks.equal(faults, [], "each command is understood")
    checks.equal([name for name in names if not DOCUMENT_MEMBER.fullmatch(name)], [], "names that no adapter may send")
    checks.equal(sorted(seen.keys() - learned.keys()), [], "members that harmless texts do not bring about")
    print("on the wire: %d commands, %d kinds of members, %d of them learned" % (messages, len(seen), len(learned)))


def on_mongodb(checks, corpus_at, texts, share):
    check_recorder(checks)
    recorder = wire_recorder.WireRecorder(store_uri())
    build = pathlib.Path(os.environ["MUSUBI_BUILD"])
    node = city.Node(client.run_folder(), build, "recorded", extra=["--store-uri=" + recorder.uri])
    try:
        corpus = corpus_at(node.url)
        checks.equal(load_many(client.Client(node.url, corpus.sender.token)), 204, "many entities")
        check_wire(checks, recorder, corpus, texts, share)
        corpus.report(checks, "mongodb")
    finally:
        checks.equal(node.stop(), 0, "the recorded node ends well")
        recorder.close()


# --- the whole -------------------------------------------------------------------------------------------------------


def check_after(checks, kenko, before):
    checks.equal(client.Client(client.base_url()).get("/healthz").status, 200, "the server is alive")
    after = whole_view(kenko)
    checks.that(len(before[0]) > 1000 and before[0] == after[0], "citizens are read as before")
    checks.equal(before[2], after[2], "accounts are read as before")
    for log in client.run_folder().glob("ngsi-proxy-*.log"):
        text = log.read_text(errors="replace")
        checks.that("runtime error" not in text and "Sanitizer" not in text, "no sanitizer speaks in %s" % log.name)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--share", type=int, default=1, help="send each text to every N-th place only")
    options = parser.parse_args()
    checks, people, texts = Checks(), truth()["citizens"], corpus()
    checks.equal(len(texts), TEXT_COUNT, "texts of the corpus")
    kenko = service("kenko")
    before = whole_view(kenko)
    hidden = hidden_texts(people, before, texts)
    checks.that(len(hidden) > 5 * len(people), "much is hidden: %d values" % len(hidden))
    shown = b"".join(whole_view(service("line-portal"))).decode()
    checks.that(any(value in shown for value in hidden), "and would be known again where it is seen")

    def corpus_at(url):
        return Corpus(url, kenko.token, "urn:ngsi-ld:Person:" + people[0]["users"]["kenko"], hidden)

    start = time.monotonic()
    if store_uri():
        on_mongodb(checks, corpus_at, texts, options.share)
    else:
        sent = corpus_at(client.base_url())
        sent.send(texts, options.share)
        sent.report(checks, "sqlite")
    print("%.1f s" % (time.monotonic() - start))
    check_after(checks, kenko, before)
    return checks.close()


if __name__ == "__main__":
    sys.exit(main())
