"""Non-interference, tried from outside: two copies of one city differ only in what a service may not see, and every
answer to that service must be the same: status, headers, body. Each of the demo city's services looks in turn.

The last step of each look is a control: one value that the service does see is changed in one city, and the very
comparison that found no difference before must find one now.
"""
import argparse
import collections
import json
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))
import client  # noqa: E402  pylint: disable=wrong-import-position
from client import Checks, city  # noqa: E402  pylint: disable=wrong-import-position

BUILD = client.ROOT / "build" / "asan" / "bin"
PURPOSES = {service: purposes[0] for service, purposes in city.SERVICES.items()}
URN = "urn:ngsi-ld:%s:%s"
PERSONAL = {kind: list(json.loads((client.ROOT / "schemas/entities" / (kind + ".json")).read_text())["attributes"])
            for kind in ("Person", "PointAccount", "HealthActivity")}
OWNED = ("PointAccount", "HealthActivity")
KINDS = [*PERSONAL, "PublicToilet", "NoSuchType"]
TIME = re.compile(rb"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z")
UNCOMPARED = ("date", "fiware-correlator", "content-length")
SHOWN_MAX = 3


class Twin:
    """One of the two cities, with the observer's client."""

    def __init__(self, run, observer):
        self.run, self.observer, self.node = run, observer, city.Node(run, BUILD, "node1")
        self.renew()

    def service(self, name):
        return client.Client(self.node.url, city.fetch_token(self.run, self.node.url, name, PURPOSES[name]))

    def renew(self):
        self.client = self.service(self.observer)

    def citizen(self, person):
        return client.Client(self.node.url, city.citizen_token(self.run, BUILD, person))

    def set_service(self, act):
        subprocess.run([str(BUILD / "vaultctl"), "service", act, "--id=" + self.observer,
                        "--config=%s" % (self.run / "musubi.conf")], capture_output=True, check=True)


def key(rng):
    return {"Idempotency-Key": "%032x" % rng.getrandbits(128)}


# --- what the observer may not see -----------------------------------------------------------------------------------


class Hidden:
    """Changes of one city that the observer's view lacks, sent by the other services and the citizens."""

    def __init__(self, twin, people, rng):
        self.twin, self.people, self.rng = twin, people, rng
        self.others = {name: twin.service(name) for name in PURPOSES if name != twin.observer}
        self.count, self.ids = 0, []

    def names(self, person, kind):
        """The attributes of a kind that no grant gives to the observer."""
        seen = {name for grant in person["grants"] for name in grant["attributes"]
                if grant["recipient"] == self.twin.observer and grant["type"] == kind and grant["state"] == "active"}
        return [name for name in PERSONAL[kind] if name not in seen]

    def some(self, names, most):
        return self.rng.sample(names, min(most, len(names)))

    def done(self, answer):
        self.count += answer.status in (200, 201, 204)

    def change_person(self, person, service):
        name = URN % ("Person", person["users"][service])
        for attribute in self.some(self.names(person, "Person"), 4):
            value = "hidden-%d" % self.rng.randrange(10 ** 6)
            self.done(self.others[service].patch("/v2/entities/%s/attrs?options=keyValues" % name, {attribute: value}))
            self.done(self.others[service].post("/v2/entities?options=keyValues",
                                                {"id": name, "type": "Person", attribute: value}))

    def change_owned(self, person, service, kind):
        names = self.names(person, kind)
        for entity in person["entities"]:
            changed = self.some([name for name in names if name in entity["attributes"] and name != "refPerson"], 2)
            if entity["type"] == kind and entity["writer"] == service and changed:
                self.done(self.others[service].patch("/v2/entities/%s/attrs?options=keyValues" % entity["id"],
                                                     {name: self.rng.randrange(9999) for name in changed}))
        if "refPerson" in names:  # else a new entity would be in the view by its owner alone
            reference = {"type": "Relationship", "value": URN % ("Person", person["users"][service])}
            names.remove("refPerson")
            for _ in range(self.rng.randrange(3)):
                body = {name: {"value": self.rng.randrange(1000)} for name in self.some(names, 2)}
                self.ids.append(URN % (kind, "x%d" % self.rng.randrange(30)))
                self.done(self.others[service].post("/v2/entities", {"id": self.ids[-1], "type": kind,
                                                                     "refPerson": reference, **body}))

    def change_grants(self, person):
        me = self.twin.citizen(person)
        for grant in me.get("/api/citizen/grants").body["grants"]:
            if grant["recipient"] != self.twin.observer and grant["state"] == "active" and self.rng.random() < .5:
                self.done(me.post("/api/citizen/grants/%s/withdraw" % grant["id"], headers=key(self.rng)))
        for service in self.others:
            if self.rng.random() < .5:
                offer = {"recipient": service, "purpose": PURPOSES[service], "type": "Person",
                         "attributes": ["familyName"], "operations": ["read"]}
                self.done(me.post("/api/citizen/grants", offer, headers=key(self.rng)))

    def change_all(self):
        for person in self.people:
            for service in person["users"].keys() & self.others.keys():
                self.change_person(person, service)
                for kind in OWNED:
                    self.change_owned(person, service, kind)
            if self.rng.random() < .3:
                self.change_grants(person)


# --- what the observer asks ------------------------------------------------------------------------------------------


def writable(people, observer, kind):
    """The attributes of a kind that somebody lets the observer write; whom an entity is about is no such thing."""
    wanted = observer, kind, "active"
    return sorted({name for person in people for grant in person["grants"] for name in grant["attributes"]
                   if (grant["recipient"], grant["type"], grant["state"]) == wanted and "write" in grant["operations"]
                   and name != "refPerson"})


class Asker:
    """Random requests of the observer: every route, about own, foreign, keyed and unknown ids, with all kinds of
    conditions on what it sees, on what is hidden from it and on what nobody has."""

    def __init__(self, observer, people, hidden_ids, rng):
        self.rng, self.people = rng, people
        self.own = [URN % ("Person", person["users"][observer]) for person in people if observer in person["users"]]
        known = {URN % ("Person", user) for person in people for user in person["users"].values()}
        known |= {entity["id"] for person in people for entity in person["entities"]} | set(hidden_ids)
        known |= {URN % ("Person", "nobody"), URN % ("PublicToilet", "1"), "zzz", "URN:ngsi-ld:person:x"}
        self.known, self.seen = sorted(known), []
        self.owners = {entity["id"]: URN % ("Person", person["users"][observer]) for person in people
                       if observer in person["users"] for entity in person["entities"]}
        self.writable = {kind: writable(people, observer, kind) for kind in PERSONAL}

    def learn(self, answer):
        if answer.status == 200 and isinstance(answer.body, list):
            ids = [entity["id"] for entity in answer.body if isinstance(entity, dict) and "id" in entity]
            self.seen += [one for one in ids if one not in self.seen][:20]

    def id(self):
        choices = [self.own or self.known, self.seen or self.known, self.known,
                   [URN % (self.rng.choice(list(PERSONAL)), "x%d" % self.rng.randrange(30))]]
        return self.rng.choice(self.rng.choices(choices, [35, 15, 40, 10])[0])

    def owner(self, name):
        """Whom an entity of this id is about: mostly the same person each time."""
        usual = self.owners.setdefault(name, self.rng.choice(self.own))
        return {"type": "Relationship", "value": usual if self.rng.random() < .9 else self.id()}

    def written(self):
        """(kind, id) of a write: mostly one that the observer may well write."""
        kind = self.rng.choice([kind for kind in PERSONAL if self.writable[kind]] or list(PERSONAL))
        if self.rng.random() < .15:
            return kind, self.id()
        fitting = self.own if kind == "Person" else [one for one in self.owners if ":%s:" % kind in one]
        return kind, self.rng.choice(fitting or self.known)

    def name(self):
        return self.rng.choice([*sum(PERSONAL.values(), []), "name", "location", "nosuch"])

    def value(self, name):
        """A constant for a condition: often what somebody has there."""
        found = self.rng.choice(self.people)["person"].get(name, "")
        odd = ["1", "2.0", "true", "null", "'2'", "1..500", "675-0000..675-9999", "1,2", "'x'", self.id(), "2026-01-01"]
        return "'%s'" % found if found and self.rng.random() < .6 else self.rng.choice(odd)

    def condition(self, is_metadata=False):
        name = self.name() + (self.rng.choice([".accuracy", ".none", ".a.b"]) if is_metadata else "")
        operator = self.rng.choice(["", "!", "==", "!=", ">", "<=", "~=", ":"])
        if operator in ("", "!"):
            return operator + name
        return name + operator + (self.pattern() if operator == "~=" else self.value(name))

    def conditions(self, is_metadata=False):
        return ";".join(self.condition(is_metadata) for _ in range(self.rng.choice([1, 1, 1, 2])))

    def order(self):
        return ",".join(self.rng.choice(["", "!"]) + self.rng.choice([self.name(), "id", "type"])
                        for _ in range(self.rng.choice([1, 2])))

    def pattern(self):
        cut = self.rng.choice(self.known)[-6:]
        fixed = [".*", "^urn:ngsi-ld:Person:", "x[0-9]", "hidden", "[", "^.{5,60}$", "加"]
        return self.rng.choice([*fixed, cut, cut + "$"])

    def place(self):
        return self.rng.choice([
            {"georel": "near;maxDistance:5000", "geometry": "point", "coords": "34.92,134.83"},
            {"georel": "coveredBy", "geometry": "box", "coords": "34.9,134.8;35.0,134.9"},
            {"georel": "disjoint", "geometry": "box", "coords": "34.9,134.8;35.0,134.9"}])

    def kinds(self):
        return ",".join(self.rng.sample(KINDS, self.rng.choice([1, 1, 2, 3])))

    def shown(self, is_list):
        """What to show, and how."""
        names = [*sum(PERSONAL.values(), []), "dateModified", "dateCreated", "nosuch", "*"]
        words = ["keyValues", "values", "unique", "normalized"] + (["count", "count,keyValues"] if is_list else [])
        found = {"attrs": ",".join(self.rng.sample(names, self.rng.choice([1, 2, 3]))),
                 "options": self.rng.choice(words),
                 "metadata": self.rng.choice(["*", "dateModified", "accuracy", "none"])}
        return {name: value for name, value in found.items() if self.rng.random() < (.15 if name == "metadata" else .4)}

    def page(self):
        found = {"limit": self.rng.choice([0, 1, 2, 5, 20, 1000]), "offset": self.rng.choice([0, 1, 3, 10, 50]),
                 "orderBy": self.order()}
        return {name: value for name, value in found.items() if self.rng.random() < .4}

    def selection(self):
        found = {"type": self.kinds()} if self.rng.random() < .6 else {}
        if not found and self.rng.random() < .2:
            found["typePattern"] = self.rng.choice(["Person", "^P", "Activity$", "."])
        if self.rng.random() < .3:
            found["id"] = ",".join(self.id() for _ in range(self.rng.choice([1, 2, 5])))
        elif self.rng.random() < .2:
            found["idPattern"] = self.pattern()
        return found

    def filters(self):
        found = {"q": self.conditions()} if self.rng.random() < .5 else {}
        if self.rng.random() < .1:
            found["mq"] = self.conditions(True)
        if self.rng.random() < .1:
            found.update(self.place())
        return found

    @staticmethod
    def path(path, parameters):
        return path + ("?" + urllib.parse.urlencode(parameters, safe=":,*;!=") if parameters else "")

    def attributes(self, kind, name):
        names = self.rng.choices([self.writable[kind], PERSONAL[kind] + ["nosuch"]], [85, 15])[0] or PERSONAL[kind]
        values = [1, 2.0, "t", None, True, {"a": 1}, ["x"]] * 2 + [{"$inc": 1}, {"$push": "x"}]
        return {one: self.owner(name) if one == "refPerson" else {"value": self.rng.choice(values)}
                for one in self.rng.sample(names, min(len(names), self.rng.choice([1, 1, 2, 3])))}

    def entity(self):
        kind, name = self.written()
        body = self.attributes(kind, name)
        if kind != "Person" and self.rng.random() < .9:
            body["refPerson"] = self.owner(name)
        return {"id": name, "type": kind, **body}

    def list(self):
        parameters = {**self.selection(), **self.filters(), **self.shown(True), **self.page()}
        return "GET", self.path("/v2/entities", parameters), None

    def query_body(self):
        """The same as a body; several selectors at once."""
        entities = []
        for _ in range(self.rng.choice([1, 1, 2])):
            entity = self.rng.choice([{"id": self.id()}, {"idPattern": self.pattern()}, {"idPattern": ".*"}])
            kind = self.rng.choice([{}, {"type": self.rng.choice(KINDS)}, {"typePattern": "^P"}])
            entities.append({**entity, **kind})
        body = {"entities": entities, "expression": self.filters(), "attrs": [self.name(), self.name()]}
        kept = {name: value for name, value in body.items() if value and self.rng.random() < .8}
        shown = {name: value for name, value in self.shown(True).items() if name == "options"}
        return "POST", self.path("/v2/op/query", {**self.page(), **shown}), kept

    def read_one(self):
        parameters = self.shown(False)
        if self.rng.random() < .5:
            parameters["type"] = self.rng.choice(KINDS)
        return "GET", self.path("/v2/entities/" + self.id() + self.rng.choice(["", "/attrs"]), parameters), None

    def part(self):
        """The path of one attribute, mostly of a kind that has it."""
        kind, name = self.written()
        names = self.writable[kind] if self.writable[kind] and self.rng.random() < .7 else PERSONAL[kind] + ["nosuch"]
        return "/v2/entities/%s/attrs/%s" % (name, self.rng.choice(names)), self.rng.choice(["", "?type=" + kind])

    def read_part(self):
        path, asked = self.part()
        return "GET", path + self.rng.choice(["", "/value"]) + asked, None

    def types(self):
        path = self.rng.choice(["/v2/types", "/v2/types", "/v2/types/" + self.rng.choice(KINDS)])
        return "GET", path + self.rng.choice(["", "?options=count", "?options=noAttrDetail", "?options=values"]), None

    def create(self):
        return "POST", "/v2/entities" + self.rng.choice(["", "", "", "?options=upsert"]), self.entity()

    def write_attributes(self):
        kind, name = self.written()
        method = self.rng.choices(["PATCH", "POST", "PUT"], [60, 30, 10])[0]
        asked = self.rng.choice(["", "?type=" + kind] + (["?options=append"] if method == "POST" else []))
        return method, "/v2/entities/%s/attrs%s" % (name, asked), self.attributes(kind, name)

    def write_part(self):
        path, asked = self.part()
        return self.rng.choice([("PUT", path + asked, {"value": self.rng.randrange(100)}),
                                ("PUT", path + "/value" + asked, b"%d" % self.rng.randrange(100)),
                                ("DELETE", path + asked, None)])

    def delete(self):
        return "DELETE", "/v2/entities/" + self.id() + self.rng.choice(["", "?type=HealthActivity"]), None

    def batch(self):
        action = self.rng.choices(["append", "appendStrict", "update", "replace", "delete"], [40, 20, 30, 5, 5])[0]
        entities = [self.entity() for _ in range(self.rng.choice([1, 2, 3]))]
        return "POST", "/v2/op/update", {"actionType": action, "entities": entities}

    def request(self):
        makers = {self.list: 32, self.query_body: 10, self.read_one: 14, self.read_part: 6, self.types: 4,
                  self.create: 12, self.write_attributes: 11, self.write_part: 4, self.delete: 1, self.batch: 6}
        return self.rng.choices(list(makers), list(makers.values()))[0]()


# --- comparing -------------------------------------------------------------------------------------------------------


class Comparison:
    """Sends each request to both cities and counts the answers that differ. Moments since the start are alike."""

    def __init__(self, twins):
        self.twins, self.different, self.statuses = twins, [], collections.Counter()
        self.start = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() - 2)).encode()

    def plain(self, answer):
        body = TIME.sub(lambda moment: b"NOW" if moment.group()[:19] >= self.start else moment.group(), answer.raw)
        return answer.status, sorted(h for h in answer.headers.items() if h[0] not in UNCOMPARED), body

    def ask(self, method, path, body=None):
        """body: what JSON is made of, or bytes that are plain text."""
        sent = {"raw": body, "headers": {"Content-Type": "text/plain"}} if isinstance(body, bytes) else {"body": body}
        answers = [twin.client.request(method, path, **sent) for twin in self.twins]
        self.statuses[method, answers[0].status] += 1
        if self.plain(answers[0]) != self.plain(answers[1]):
            self.different.append((method, path, body, answers))
        return answers[0]


# --- the whole -------------------------------------------------------------------------------------------------------


def change_seen(hidden, people):
    """Changes one value that the observer sees, by whoever may write it. True when somebody could."""
    twin = hidden.twin
    for person in people:
        if twin.observer not in person["users"]:
            continue
        seen = twin.client.get("/v2/entities/" + URN % ("Person", person["users"][twin.observer])).body
        for service, writer in {twin.observer: twin.client, **hidden.others}.items():
            for name in [name for name in PERSONAL["Person"] if name in seen and service in person["users"]]:
                path = "/v2/entities/%s/attrs?options=keyValues" % (URN % ("Person", person["users"][service]))
                if writer.patch(path, {name: "seen"}).status == 204:
                    return True
    return False


def refused_tokens(checks, comparison):
    """Revoked tokens and a suspended service are refused alike, whatever is hidden."""
    requests = [("GET", "/v2/entities?type=Person&options=count"), ("GET", "/v2/entities/" + URN % ("Person", "nobody"))]

    def refused(what):
        statuses = {comparison.ask(*request).status for request in requests}
        checks.that(statuses <= {401, 403}, "%s: %s is refused" % (comparison.twins[0].observer, what), statuses)

    for twin in comparison.twins:
        city.revoke_token(twin.run, twin.node.url, twin.observer, twin.client.token)
    refused("a revoked token")
    for twin in comparison.twins:
        twin.renew()
        twin.set_service("suspend")
    refused("a suspended service")
    for twin in comparison.twins:
        twin.set_service("revive")
        twin.renew()


def show(different):
    for method, path, body, answers in different[:SHOWN_MAX]:
        print("DIFFERENT %s %s %s" % (method, path, body))
        for answer in answers:
            print("   %d %s %s" % (answer.status, answer.headers, answer.raw[:1500]))


def look(checks, twins, people, options, rng):
    observer = twins[0].observer
    hidden = Hidden(twins[1], people, rng)
    hidden.change_all()
    checks.that(hidden.count >= len(people) // 2, "%s: much is hidden: %d changes" % (observer, hidden.count))
    asker, comparison = Asker(observer, people, hidden.ids, rng), Comparison(twins)
    for _ in range(options.requests):
        asker.learn(comparison.ask(*asker.request()))
    refused_tokens(checks, comparison)
    checks.equal(len(comparison.different), 0, "%s: %d requests are answered alike" % (observer, options.requests))
    show(comparison.different)
    answered = sum(n for (_, status), n in comparison.statuses.items() if status < 300)
    written = sum(n for (method, status), n in comparison.statuses.items() if status in (201, 204))
    checks.that(answered > options.requests / 10, "%s: much was answered" % observer, dict(comparison.statuses))
    checks.that(written > options.requests / 100 or not any(asker.writable.values()), "%s: much was written" % observer,
                dict(comparison.statuses))
    before = len(comparison.different)
    if checks.that(change_seen(hidden, people), "%s: something that it sees can be changed" % observer):
        comparison.ask("GET", "/v2/entities?type=Person&limit=1000&options=count")
        checks.equal(len(comparison.different) - before, 1, "%s: what it sees is told apart" % observer)
    print("%-16s %d hidden changes, %d requests, %d different" % (observer, hidden.count, options.requests, before))


def look_from(checks, folder, original, observer, people, options):
    runs = [folder / (observer + name) for name in "ab"]
    for run in runs:
        shutil.copytree(original, run)
    twins = [Twin(run, observer) for run in runs]
    try:
        look(checks, twins, people, options, random.Random("%d %s" % (options.seed, observer)))
    finally:
        stopped = [twin.node.stop() for twin in twins]
    logs = "".join(twin.node.log_path.read_text(errors="replace") for twin in twins)
    checks.that(stopped == [0, 0] and "runtime error" not in logs, "%s: both nodes end well" % observer, stopped)
    for run in runs:
        shutil.rmtree(run)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=800, help="of each service")
    parser.add_argument("--citizens", type=int, default=40)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--services", nargs="*", default=list(PURPOSES))
    options = parser.parse_args()
    print("seed %d" % options.seed, flush=True)
    checks = Checks()
    with tempfile.TemporaryDirectory(prefix="musubi-views-") as name:
        folder = pathlib.Path(name)
        original = folder / "city"
        original.mkdir()
        city.create_city(original, BUILD, argparse.Namespace(store="sqlite", open=False, citizens=options.citizens,
                                                             consenting=None, seed=options.seed))
        node = city.Node(original, BUILD, "node1")
        city.load_open_data(original, node.url)
        node.stop()
        people = json.loads((original / "truth.json").read_text())["citizens"]
        for observer in options.services:
            look_from(checks, folder, original, observer, people, options)
    return checks.close()


if __name__ == "__main__":
    sys.exit(main())
