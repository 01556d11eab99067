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


class Asker:
    """Random requests of the observer: reads and writes, about own, foreign, keyed and unknown ids."""

    def __init__(self, observer, people, hidden_ids, rng):
        self.rng = rng
        self.own = [URN % ("Person", person["users"][observer]) for person in people if observer in person["users"]]
        known = {URN % ("Person", user) for person in people for user in person["users"].values()}
        known |= {entity["id"] for person in people for entity in person["entities"]} | set(hidden_ids)
        known |= {URN % ("Person", "nobody"), URN % ("PublicToilet", "1"), "zzz", "URN:ngsi-ld:person:x"}
        self.known, self.seen = sorted(known), []

    def learn(self, answer):
        if answer.status == 200 and isinstance(answer.body, list):
            self.seen += [entity["id"] for entity in answer.body if entity["id"] not in self.seen][:20]

    def id(self):
        choices = [self.own or self.known, self.seen or self.known, self.known,
                   [URN % (self.rng.choice(list(PERSONAL)), "x%d" % self.rng.randrange(30))]]
        return self.rng.choice(self.rng.choices(choices, [35, 15, 40, 10])[0])

    def owner(self):
        return {"type": "Relationship", "value": self.rng.choice(self.own) if self.rng.random() < .8 else self.id()}

    def query(self, is_list):
        names = [*sum(PERSONAL.values(), []), "dateModified", "dateCreated", "nosuch", "*"]
        options = [word for word in (["count"] if is_list else []) + ["keyValues"] if self.rng.random() < .5]
        found = {"type": ",".join(self.rng.sample(KINDS, self.rng.choice([1, 1, 2, 3]) if is_list else 1)),
                 "attrs": ",".join(self.rng.sample(names, self.rng.choice([1, 2, 3]))), "options": ",".join(options)}
        if is_list:
            found.update(limit=self.rng.choice([0, 1, 2, 5, 20, 1000]), offset=self.rng.choice([0, 1, 3, 10, 50]),
                         id=",".join(self.id() for _ in range(self.rng.choice([1, 2, 5]))))
        chance = {"type": .6, "id": .3, "options": 1 if options else 0}
        kept = {name: value for name, value in found.items() if self.rng.random() < chance.get(name, .4)}
        return "?" + urllib.parse.urlencode(kept, safe=":,*") if kept else ""

    def attributes(self, kind):
        names = self.rng.sample(PERSONAL[kind] + ["nosuch"], self.rng.choice([1, 1, 2, 3]))
        values = [1, 2.0, "t", None, True, {"a": 1}, ["x"]]
        return {name: self.owner() if name == "refPerson" else {"value": self.rng.choice(values)} for name in names}

    def request(self):
        chance, kind = self.rng.random(), self.rng.choice(list(PERSONAL))
        if chance < .35:
            return "GET", "/v2/entities" + self.query(True), None
        if chance < .6:
            return "GET", "/v2/entities/" + self.id() + self.query(False), None
        body = self.attributes(kind)
        if chance < .8:
            if kind != "Person" and self.rng.random() < .8:
                body["refPerson"] = self.owner()
            return "POST", "/v2/entities", {"id": self.id(), "type": kind, **body}
        return "PATCH", "/v2/entities/%s/attrs%s" % (self.id(), self.rng.choice(["", "?type=" + kind])), body


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
        answers = [twin.client.request(method, path, body=body) for twin in self.twins]
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
        print("DIFFERENT %s %s %s" % (method, path, json.dumps(body) if body else ""))
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
    checks.that(answered > options.requests / 10, "%s: much was answered" % observer, dict(comparison.statuses))
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
    parser.add_argument("--requests", type=int, default=1000, help="of each service")
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
