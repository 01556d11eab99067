"""Promise 1: personal data never reaches the broker of open data, whatever is sent and however it is spelled.

The upstream is a second Musubi behind a proxy that records every byte. Mixed questions are answered as by one broker
that holds both halves; a failed upstream fails what needs it and nothing else. At last a script of 500 requests names
citizens, their ids, their attributes and their values on every route, verb, place and spelling that it knows, as
several callers: nothing personal may be in the record, and each control request must be.
"""
import concurrent.futures
import itertools
import json
import random
import sys
import time
import urllib.parse

from client import ROOT, Checks, wait_until
from upstream_city import upstream_city

OPEN_DATA = ROOT / "tests/harness/open_data.json"
REQUESTS = 500
ANSWER_SECONDS = 3
CROWD = 160
CALLERS = [(None, None), ("kenko", "health-promotion"), ("kenko", None), ("neppi-pay", "point-exchange"),
           ("sdgs", None)]
PERSONAL_TYPES = ["Person", "HealthActivity", "PointAccount"]
# Attributes that open data may have too: their values and names are not personal by themselves.
SHARED = {"localGovernmentCode", "fullAddress", "streetAddressId", "prefecture", "streetAddress", "cityBlock",
          "buildingNameEtc", "contactPointPhoneNumber", "contactPointEmailAddress", "contactPointRemarks", "remarks",
          "identifier", "sex", "nationality", "cityAndCounty", "dateOfDeath", "idGroup"}
OPEN_TYPES = ["AED", "PublicToilet", "PublicFacility"]


def quoted(text):
    return urllib.parse.quote(text, safe="")


# --- what must not arrive --------------------------------------------------------------------------------------------


def secrets_of(people):
    """Ids that services use for citizens, and what only citizens have (a family may be called as a village is)."""
    published = OPEN_DATA.read_text()
    found = set()
    for person in people:
        found.update(person["users"].values())
        found.update(v for k, v in person["person"].items()
                     if k not in SHARED and isinstance(v, str) and len(v) > 1 and v not in published)
    return found


def spellings(record):
    """The record as it is, with percent codes undone (twice), and with JSON escapes undone."""
    text = record.decode("utf-8", "replace")
    once = urllib.parse.unquote_plus(text)
    forms = [text, once, urllib.parse.unquote_plus(once)]
    return [form.lower() for form in forms + [unescape(form) for form in forms]]


def unescape(text):
    parts = text.split("\\u")
    return parts[0] + "".join(chr(int(p[:4], 16)) + p[4:] if is_hex(p[:4]) else "\\u" + p for p in parts[1:])


def is_hex(text):
    return len(text) == 4 and all(c in "0123456789abcdefABCDEF" for c in text)


# --- the script ------------------------------------------------------------------------------------------------------


class Attack:
    """Makes requests (method, path, body, headers). Each carries a word of its own: `hidden` for what must not arrive,
    `open` for what must."""

    def __init__(self, people, seed):
        self.random = random.Random(seed)
        self.people = people
        self.count = 0
        self.hidden, self.arriving = [], []

    def word(self):
        self.count += 1
        word = "kakushi%04d" % self.count
        self.hidden.append(word)
        return word

    def control(self):
        self.count += 1
        word = "todoke%04d" % self.count
        self.arriving.append(word)
        return word

    def person(self):
        return self.random.choice(self.people)

    def personal_id(self):
        """An id in the form of a personal type, in one of the spellings that mean the same to somebody."""
        user = self.random.choice([self.word(), self.random.choice(list(self.person()["users"].values()))])
        personal = "urn:ngsi-ld:%s:%s" % (self.random.choice(PERSONAL_TYPES), user)
        scheme, name = personal.split(":")[0], personal.split(":")[2]
        return self.random.choice([
            personal, personal.upper()[:len(personal) - len(user)] + user, personal.replace(name, name.lower(), 1),
            personal.replace(scheme, "URN", 1), personal.replace(name, "%%%02X" % ord(name[0]) + name[1:], 1),
            personal.replace(name, "%%25%02X" % ord(name[0]) + name[1:], 1), personal.replace(":", "%3A")])

    def attribute(self):
        return self.random.choice(["familyName", "givenName", "fullNameKana", "dateOfBirth", "steps", "refPerson",
                                   "moneyBalance", "balance", "postalCode"])

    def value(self):
        return self.random.choice([self.word(), self.person()["person"]["fullName"],
                                   self.person()["person"]["familyNameKana"]])

    def type_alias(self):
        return self.random.choice(["person", "PERSON", "%50erson", "Person2", "Citizen", "healthActivity", "Thing",
                                   "Room", *PERSONAL_TYPES, *OPEN_TYPES])

    def attributes(self):
        return {self.attribute(): {"value": self.value()}}

    # reads

    def by_id(self):
        tail = self.random.choice(["", "/attrs", "/attrs/" + self.attribute(), "/attrs/%s/value" % self.attribute()])
        query = self.random.choice(["", "?type=" + quoted(self.type_alias()), "?options=keyValues",
                                    "?attrs=%s" % self.attribute()])
        return "GET", "/v2/entities/" + quoted(self.personal_id()) + tail + query, None, {}

    def listed(self):
        place = self.random.choice([
            "id=" + quoted(self.personal_id()),
            "id=%s,urn:ngsi-ld:AED:282201:0001" % quoted(self.personal_id()),
            "type=AED&id=" + quoted(self.personal_id()),
            "idPattern=" + quoted("^urn:ngsi-ld:Person:%s.*" % self.word()),
            "type=AED&idPattern=" + quoted("urn:ngsi-ld:person:" + self.word()),
            "type=" + self.word() + "&id=" + quoted(self.personal_id()),
            "type=AED,Person,%s" % self.word(),
            "typePattern=" + quoted("Pers|" + self.word()),
            "unknown=" + quoted(self.value()),
            "type=AED&%s=1" % self.word(),
        ])
        extra = self.random.choice(["", "&options=count", "&limit=3&offset=1", "&orderBy=" + self.attribute(),
                                    "&attrs=%s,name" % self.attribute(), "&type=" + quoted(self.type_alias())])
        return "GET", "/v2/entities?" + place + extra, None, {}

    def condition(self):
        name, value = self.attribute(), self.value()
        form = self.random.choice(["%s==%s", "%s!=%s", "%s~=^%s", "!%s;givenNameEn!=%s", "%s=='%s'", "name;%s==%s",
                                   "%s.x==%s", "%s==a,%s", "%s==a..%s"])
        return form % (name, value.replace("　", ""))

    def filtered(self):
        q = self.random.choice([
            "q=" + quoted(self.condition()), "mq=" + quoted("%s.source==%s" % (self.attribute(), self.word())),
            "q=" + quoted("nameEn==" + self.personal_id()), "q=" + quoted("name=='%s'" % self.personal_id()),
            "q=" + quoted("nameEn~=" + "urn:ngsi-ld:Person:" + self.word())])
        types = self.random.choice(["", "", "&type=AED", "&type=AED,Person", "&typePattern=.*", "&options=count"])
        return "GET", "/v2/entities?" + q + types, None, {}

    def asked_in_body(self):
        entities = self.random.choice([
            [{"id": self.personal_id()}], [{"id": self.personal_id(), "type": "AED"}],
            [{"idPattern": ".*", "type": "AED"}, {"id": self.personal_id()}],
            [{"idPattern": "^urn:ngsi-ld:Person:" + self.word()}], [{"idPattern": ".*"}],
            [{"idPattern": ".*", "typePattern": "^" + self.word()}]])
        body = {"entities": entities, "expression": {"q": self.condition()}}
        if self.random.random() < 0.5:
            body["attrs"] = [self.attribute(), "name"]
        return "POST", "/v2/op/query?options=count", body, {}

    # writes

    def created(self):
        entity = {"id": self.random.choice([self.personal_id(), "free-" + self.word()]), "type": self.type_alias(),
                  **self.attributes()}
        if self.random.random() < 0.2:
            del entity["type"]
        return "POST", "/v2/entities" + self.random.choice(["", "?options=upsert"]), entity, {}

    def disguised(self):
        """Open data in form, with a citizen inside."""
        person = "urn:ngsi-ld:Person:" + self.word()
        inside = self.random.choice([
            {"owner": {"type": "Relationship", "value": person}}, {"note": {"value": {"deep": ["see " + person]}}},
            {"note": {"value": "x", "metadata": {"by": {"value": person}}}}, {"note": {"value": person.upper()}},
            {self.attribute(): {"value": self.value()}}])
        return "POST", "/v2/entities", {"id": "aed-%s" % self.word(), "type": "AED", **inside}, {}

    def changed(self):
        stored = [entity["id"] for person in self.people for entity in person["entities"]]
        target = self.random.choice([self.personal_id(), self.random.choice(stored), "urn:ngsi-ld:AED:282201:0001"])
        method, tail, body = self.random.choice([
            ("PATCH", "/attrs", self.attributes()), ("POST", "/attrs", self.attributes()),
            ("PUT", "/attrs", self.attributes()), ("PUT", "/attrs/" + self.attribute(), {"value": self.value()}),
            ("PUT", "/attrs/%s/value" % self.attribute(), [self.value()]),
            ("DELETE", "/attrs/" + self.attribute(), None)])
        return method, "/v2/entities/" + quoted(target) + tail, body, {}

    def removed(self):
        return "DELETE", "/v2/entities/" + quoted(self.personal_id()) + self.random.choice(["", "?type=AED"]), None, {}

    def batch(self):
        action = self.random.choice(["append", "appendStrict", "update", "delete", "replace"])
        entities = [{"id": self.personal_id(), "type": self.type_alias(), **self.attributes()} for _ in range(2)]
        if self.random.random() < 0.5:
            entities.append({"id": self.word(), **self.attributes()})
        return "POST", "/v2/op/update", {"actionType": action, "entities": entities}, {}

    def notified(self):
        entity = self.random.choice([{"id": self.personal_id(), "type": self.type_alias(), **self.attributes()},
                                     {"id": "aed-notified", "type": "AED", "nameEn": {"value": "x"}}])
        return "POST", "/v2/op/notify", {"subscriptionId": self.word(), "data": [entity]}, {}

    # errors and edges

    def broken(self):
        body = json.dumps({"id": self.personal_id(), "type": "AED", **self.attributes()}, ensure_ascii=False).encode()
        return self.random.choice([
            ("POST", "/v2/entities", body[:-3], {}), ("POST", "/v2/op/update", body, {}),
            ("POST", "/v2/entities", body, {"Content-Type": "text/" + self.word()}),
            ("POST", "/v2/" + self.word(), body, {}), ("PUT", "/v2/entities", body, {}),
            ("POST", "/v2/subscriptions", body, {}), ("POST", "/v2/registrations", body, {}),
            ("GET", "/v2/entities?type=AED&limit=" + self.word(), None, {}),
            ("GET", "/v2/entities?type=AED&options=" + self.word(), None, {}),
            ("GET", "/admin/log?level=" + self.word(), None, {}), ("GET", "/statistics?x=" + self.word(), None, {})])

    def in_headers(self):
        person = "urn:ngsi-ld:Person:" + self.word()
        name = self.random.choice(["Fiware-Correlator", "X-Auth-Token", "Cookie", "X-Forwarded-For", "User-Agent",
                                   "Referer"])
        return "GET", "/v2/entities?type=AED&limit=1", None, {name: person}

    def escaped(self):
        """The same words behind JSON escapes."""
        word = "".join("\\u%04x" % ord(c) for c in "urn:ngsi-ld:Person:" + self.word())
        body = '{"id":"%s","type":"AED","note":{"value":"%s"}}' % (
            self.random.choice([word, "aed-" + self.word()]), word)
        return "POST", "/v2/entities", body.encode(), {}

    def requests(self, count):
        makers = [self.by_id, self.listed, self.filtered, self.asked_in_body, self.created, self.disguised,
                  self.changed, self.removed, self.batch, self.notified, self.broken, self.in_headers, self.escaped]
        weights = [4, 5, 5, 4, 4, 4, 5, 1, 3, 2, 3, 2, 1]
        for each in makers:
            yield each()
        for _ in range(count - len(makers)):
            yield self.random.choices(makers, weights)[0]()


def controls(attack):
    """What a harmless client asks and writes; each must reach the upstream, or the record proves nothing."""
    word = attack.control
    return [
        ("POST", "/v2/entities", {"id": word(), "type": "AED", "nameEn": {"value": word()}}, {}),
        ("GET", "/v2/entities?type=AED&q=" + quoted("nameEn==" + word()), None, {}),
        ("GET", "/v2/entities?q=" + quoted("nameEn==" + word()), None, {}),
        ("GET", "/v2/entities?id=" + word(), None, {}),
        ("GET", "/v2/entities/" + word(), None, {}),
        ("GET", "/v2/entities/%s?type=AED" % word(), None, {}),
        ("GET", "/v2/entities?idPattern=" + word(), None, {}),
        ("GET", "/v2/entities?type=AED&attrs=" + word(), None, {}),
        ("POST", "/v2/op/query", {"entities": [{"id": word()}]}, {}),
        ("POST", "/v2/op/update", {"actionType": "append", "entities": [{"id": word(), "type": "PublicToilet"}]}, {}),
        ("PATCH", "/v2/entities/urn:ngsi-ld:AED:282201:0001/attrs", {"nameEn": {"value": word()}}, {}),
        ("GET", "/v2/entities?type=AED", None, {"Fiware-Correlator": word()}),
        ("GET", "/v2/entities?type=AED", None, {"Fiware-Service": word()}),
        ("GET", "/v2/entities?type=AED", None, {"Fiware-ServicePath": "/" + word()}),
    ]


def send(who, request):
    method, path, body, headers = request
    raw = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
    return who.request(method, path, raw=raw, headers=headers)


def attack_upstream(checks, place, seed):
    attack = Attack(place.citizens(), seed)
    callers = [place.clients(*caller)[0] for caller in CALLERS]
    statuses = {}
    for number, request in enumerate(attack.requests(REQUESTS)):
        answer = send(callers[number % len(callers)], request)
        statuses[answer.status] = statuses.get(answer.status, 0) + 1
        checks.that(answer.status not in (500, 503), "%s %s is answered" % request[:2], answer)
    print("%d requests, statuses %s" % (REQUESTS, dict(sorted(statuses.items()))))
    checks.that(statuses.get(200, 0) > REQUESTS / 10, "many of them were answered, not refused at the door", statuses)
    for request in controls(attack):
        who = callers[-1] if request[0] != "GET" else callers[0]
        send(who, request)
    forms = spellings(place.proxy.recorded())
    hidden = attack.hidden + sorted(secrets_of(place.citizens())) + list(place.tokens.values())
    for words, wanted in ((attack.arriving, True), (hidden, False)):
        for word in words:
            arrived = any(word.lower() in form for form in forms)
            checks.that(arrived == wanted, "%s %s" % (word, "arrives" if wanted else "stays inside"),
                        "" if wanted else excerpt(forms, word))
    for name in ("familyname", "givenname", "refperson", "moneybalance", "authorization", "x-auth-token", "bearer "):
        checks.that(not any(name in form for form in forms), "%s is not named" % name, excerpt(forms, name))


def excerpt(forms, word):
    for form in forms:
        at = form.find(word.lower())
        if at >= 0:
            return repr(form[max(0, at - 300):at + 60])
    return ""


# --- mixed questions -------------------------------------------------------------------------------------------------


def more_open_data():
    """With what citizens have as well, so that one question means both; with ties, gaps and several kinds."""
    for i in range(40):
        entity = {"id": "mix-%02d" % (i * 7 % 40), "type": OPEN_TYPES[i % 3],
                  "remarks": {"value": ["架空の市民", "x%d" % (i % 4), i % 3][i % 3]},
                  "localGovernmentCode": {"value": "28220%d" % (i % 2)}}
        if i % 4:
            entity["fullAddress"] = {"value": "兵庫県加西市北条町%d" % (i % 6)}
        if i % 5:
            entity["location"] = {"type": "geo:json",
                                  "value": {"type": "Point", "coordinates": [134.8 + i / 1000, 34.9]}}
        if i % 7 == 0:
            entity["levels"] = {"value": {"deep": [i, 1.50, "2.0"]}, "metadata": {"unit": {"value": "m"}}}
        yield entity


def mixed_questions(rng, count):
    types = ["", "", "", "type=Person,AED", "type=AED,PublicToilet,HealthActivity", "typePattern=.*e.*",
             "idPattern=.*1$", "type=AED", "type=PublicToilet,Room"]
    filters = ["", "", "", "q=localGovernmentCode==282201", "q=remarks", "q=!familyName", "q=familyName",
               "q=fullAddress",
               "q=" + quoted("remarks!=x1"), "q=" + quoted("localGovernmentCode==282200,282201;!steps"),
               "georel=near;maxDistance:9000&geometry=point&coords=34.9,134.82", "q=levels.deep", "mq=levels.unit==m",
               "q=" + quoted("remarks~=^x"), "q=" + quoted("familyName!=x"), "q=unknownAnywhere", "q=!unknownAnywhere"]
    orders = ["", "", "orderBy=id", "orderBy=!id", "orderBy=localGovernmentCode,id", "orderBy=!remarks,id",
              "orderBy=familyName,id", "orderBy=type,!id", "orderBy=dateCreated"]
    shown = ["", "", "attrs=remarks", "attrs=familyName,remarks", "attrs=id,type", "attrs=*,servicePath",
             "attrs=location"]
    options = ["options=count", "options=count", "options=count,keyValues", "options=keyValues", "options=count,values",
               "options=count,unique", ""]
    limits = ["", "limit=5", "limit=5&offset=3", "limit=30&offset=20", "limit=1&offset=42", "limit=0", "limit=1000",
              "offset=100", "limit=7&offset=38", "limit=900&offset=200"]
    for _ in range(count):
        yield "&".join(part for part in map(rng.choice, (types, filters, orders, shown, options, limits)) if part)


def seen(answer):
    return answer.status, answer.headers.get("fiware-total-count"), answer.headers.get("content-type"), answer.raw


def compare_mixed(checks, place, seed):
    rng = random.Random(seed)
    checks.equal(place.publish(list(more_open_data())), [], "open data is published at both nodes")
    for caller in CALLERS:
        front, own = place.clients(*caller)
        for question in mixed_questions(rng, 80):
            path = "/v2/entities?" + question
            checks.equal(seen(front.get(path)), seen(own.get(path)), "%s asks %s" % (caller, path))
        for path in ("/v2/types", "/v2/types?options=count&limit=2", "/v2/types?options=values", "/v2/types/AED",
                     "/v2/types/Person", "/v2/types/Room", "/v2/entities/mix-07",
                     "/v2/entities/mix-07?type=PublicToilet", "/v2/entities/mix-07/attrs/remarks",
                     "/v2/entities/mix-07/attrs?options=keyValues&type=PublicToilet",
                     "/v2/entities?type=AED,PublicToilet&id=mix-07,urn:ngsi-ld:Person:nobody&options=count",
                     "/v2/entities?type=AED&idPattern=urn:ngsi-ld:Person:.*",
                     "/v2/entities/urn:ngsi-ld:Person:nobody?type=AED",
                     "/v2/entities/mix-07/attrs/remarks/value", "/v2/entities/mix-07/attrs/nothing",
                     "/v2/entities/nothing", "/v2/entities/mix-07/attrs/familyName?type=AED"):
            checks.equal(seen(front.get(path)), seen(own.get(path)), "%s asks %s" % (caller, path))
    compare_bodies(checks, place)


def compare_bodies(checks, place):
    bodies = [{"entities": [{"idPattern": ".*"}]},
              {"entities": [{"id": "mix-07"}, {"idPattern": ".*", "type": "Person"}]},
              {"entities": [{"idPattern": "^mix", "typePattern": "^Pub"}], "attrs": ["remarks"]},
              {"attrs": ["familyName", "remarks"]}, {"expression": {"q": "localGovernmentCode==282201;!steps"}},
              {"expression": {"georel": "near;maxDistance:9000", "geometry": "point", "coords": "34.9,134.82"}}]
    for caller, body, order in itertools.product(CALLERS, bodies, ("", "&orderBy=!id")):
        front, own = place.clients(*caller)
        path = "/v2/op/query?options=count&limit=9" + order
        checks.equal(seen(front.post(path, body)), seen(own.post(path, body)), "%s asks %s %s" % (caller, path, body))


# --- a batch for both halves, and an upstream that fails -------------------------------------------------------------


def may_write_steps(person):
    return any(grant["recipient"] == "kenko" and grant["type"] == "HealthActivity" and grant["state"] == "active"
               and {"read", "write"} <= set(grant["operations"]) and "steps" in grant["attributes"]
               for grant in person["grants"])


def writable_activity(place):
    return next(entity["id"] for person in place.citizens() for entity in person["entities"]
                if entity["type"] == "HealthActivity" and may_write_steps(person))


def check_mixed_batch(checks, place):
    activity = writable_activity(place)
    nodes = place.clients("kenko", "health-promotion")
    for number, each in enumerate(nodes):
        steps = 4000 + number
        batch = {"actionType": "update", "entities": [
            {"id": "mix-07", "type": "PublicToilet", "remarks": {"value": "both %d" % number}},
            {"id": "nowhere", "type": "AED", "remarks": {"value": "x"}},
            {"id": activity, "type": "HealthActivity", "steps": {"value": steps}}]}
        answer = each.post("/v2/op/update", batch)
        words = {"error": "PartialUpdate", "description": "do not exist: nowhere/AED - [entity itself]"}
        checks.equal((answer.status, answer.body), (422, words), "a batch for both")
        checks.equal(each.get("/v2/entities/mix-07/attrs/remarks/value").raw, b'"both %d"' % number, "the open part")
        checks.equal(each.get("/v2/entities/%s/attrs/steps/value" % activity).raw, b"%d" % steps, "the personal part")


def timed(who, method, path, body=None):
    start = time.monotonic()
    answer = who.request(method, path, body=body)
    return answer, time.monotonic() - start


def check_failed_upstream(checks, place, mode):
    """What needs the upstream is 503 in time; personal data goes on; afterwards all is as before."""
    front = place.clients("kenko", "health-promotion")[0]
    nobody = place.clients()[0]
    before = seen(front.get("/v2/entities?options=count"))
    place.proxy.set_mode(mode)
    for method, path, body in (
            ("GET", "/v2/entities?type=AED", None), ("GET", "/v2/entities?options=count", None),
            ("GET", "/v2/entities?orderBy=id", None), ("GET", "/v2/entities/mix-07", None), ("GET", "/v2/types", None),
            ("POST", "/v2/entities", {"id": "late", "type": "AED"}),
            ("POST", "/v2/op/update", {"actionType": "append", "entities": [{"id": "late", "type": "AED"}]})):
        answer, seconds = timed(front, method, path, body)
        checks.equal(answer.status, 503, "%s: %s %s" % (mode, method, path))
        checks.that(seconds < ANSWER_SECONDS, "%s: %s %s in time" % (mode, method, path), seconds)
        checks.that(answer.body.get("error") == "ServiceUnavailable", "%s: in our words" % mode, answer)
    checks.equal(nobody.get("/v2/entities?type=AED").status, 503, "%s: nobody gets open data" % mode)
    activity = writable_activity(place)
    both = {"actionType": "update", "entities": [{"id": "mix-07", "type": "PublicToilet", "remarks": {"value": "x"}},
                                                 {"id": activity, "type": "HealthActivity", "steps": {"value": 1}}]}
    checks.equal(front.post("/v2/op/update", both).status, 503, "%s: a batch for both" % mode)
    checks.that(front.get("/v2/entities/%s/attrs/steps/value" % activity).raw != b"1", "%s: none of it is done" % mode)
    personal = front.get("/v2/entities?type=Person&limit=2")
    checks.that(personal.status == 200 and personal.body, "%s: personal data goes on" % mode, personal)
    ready = nobody.get("/readyz")
    checks.equal((ready.status, [r["part"] for r in ready.body["reasons"]]), (503, ["orion"]), "%s: /readyz" % mode)
    place.proxy.set_mode("pass")
    after = wait_until(lambda: (lambda s: s if s[0] == 200 else None)(seen(front.get("/v2/entities?options=count"))), 5)
    checks.equal(after, before, "%s: all is as before" % mode)
    checks.equal(nobody.get("/readyz").status, 200, "%s: ready again" % mode)


def check_crowd(checks, place):
    """A crowd that waits for a broker which hangs leaves room for who needs personal data."""
    personal = place.clients("kenko", "health-promotion")[0]
    crowd = [place.clients("kenko", "health-promotion")[0] for _ in range(CROWD)]
    place.proxy.set_mode("hang")
    with concurrent.futures.ThreadPoolExecutor(CROWD) as pool:
        paths = itertools.cycle(["/v2/entities?type=AED", "/v2/entities?orderBy=id", "/v2/types",
                                 "/v2/entities/mix-07"])
        waiting = [pool.submit(timed, each, "GET", path) for each, path in zip(crowd, paths)]
        for _ in range(20):
            answer, seconds = timed(personal, "GET", "/v2/entities?type=Person&limit=2")
            checks.equal(answer.status, 200, "personal data beside a crowd")
            checks.that(seconds < 1, "personal data beside a crowd in time", seconds)
        checks.that(not all(each.done() for each in waiting), "the crowd was there meanwhile")
        for answer, seconds in (each.result() for each in waiting):
            checks.equal(answer.status, 503, "one of the crowd")
            checks.that(seconds < ANSWER_SECONDS, "one of the crowd in time", seconds)
    place.proxy.set_mode("pass")
    after = wait_until(lambda: personal.get("/v2/entities?type=AED").status == 200, 5)
    checks.that(after, "open data again")


def main():
    checks, seed = Checks(), int(sys.argv[1]) if len(sys.argv) > 1 else time.time_ns() % 10**9
    print("seed %d" % seed)
    with upstream_city(30) as place:
        place.publish(json.loads(OPEN_DATA.read_text()))
        compare_mixed(checks, place, seed)
        check_mixed_batch(checks, place)
        for mode in ("refuse", "hang"):
            check_failed_upstream(checks, place, mode)
        check_crowd(checks, place)
        attack_upstream(checks, place, seed)
    return checks.close()


if __name__ == "__main__":
    sys.exit(main())
