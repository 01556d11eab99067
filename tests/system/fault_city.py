"""What the fault tests share: a city whose parts can be taken away, readers and writers that keep what they were told,
and a namespace of their own for small disks."""
import argparse
import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import threading
import time
import uuid

import client
from client import city

PRESET = os.environ.get("FAULT_PRESET", "asan")
BUILD = client.ROOT / "build" / PRESET / "bin"
PERSON = "urn:ngsi-ld:Person:"
ANSWER_SECONDS = 3.0
RECOVERY_SECONDS = 5.0
NO_LIMITS = ("--rate-client=0", "--rate-citizen=0", "--rate-source=0", "--budget-hour=0", "--budget-day=0")


def fault_options(store="sqlite", citizens=30, **more):
    return argparse.Namespace(store=store, open=False, citizens=citizens, consenting=None, seed=11, **more)


def people_of(run):
    """Citizens whose Person and walks the health app may read and write."""
    def grants(person, kind, operation, name):
        return any(g["recipient"] == "kenko" and g["type"] == kind and g["state"] == "active"
                   and operation in g["operations"] and name in g["attributes"] for g in person["grants"])
    people = json.loads((run / "truth.json").read_text())["citizens"]
    return [p for p in people if "kenko" in p["users"] and grants(p, "Person", "read", "postalCode")
            and grants(p, "HealthActivity", "write", "steps") and grants(p, "HealthActivity", "read", "steps")]


class Town:
    """One node of a demo city, its tokens and the requests that tests send to it."""

    def __init__(self, run, node):
        self.run, self.node, self.url = run, node, node.url
        self.people = people_of(run)
        self.token = city.fetch_token(run, node.url, "kenko", "health-promotion")
        self.kenko = client.Client(node.url, self.token)

    def person(self, number):
        return "/v2/entities/%s%s" % (PERSON, self.people[number % len(self.people)]["users"]["kenko"])

    def make_walk(self, number):
        """An activity of one citizen, whose steps a writer may count up."""
        walk = "urn:ngsi-ld:HealthActivity:" + uuid.uuid4().hex
        made = self.kenko.post("/v2/entities?options=keyValues", {
            "id": walk, "type": "HealthActivity", "steps": 0,
            "refPerson": PERSON + self.people[number % len(self.people)]["users"]["kenko"]})
        if made.status != 201:
            raise city.HarnessError("no walk: %r" % made)
        return walk

    def is_well(self):
        """Personal and open data are both answered."""
        try:
            return all(client.Client(self.url, token, timeout=3).get(path).status == 200
                       for token, path in ((self.token, self.person(0)), (None, "/v2/entities?type=AED&limit=1")))
        except OSError:
            return False

    def seconds_to_recover(self):
        start = time.monotonic()
        client.wait_until(self.is_well, 4 * RECOVERY_SECONDS)
        return time.monotonic() - start


@contextlib.contextmanager
def town(run, demo, extra=NO_LIMITS, wrapper=()):
    """A fresh city in run and one node; yields (Town, the MongoDB server or None)."""
    with city.mongodb(run, demo) as server:
        city.create_city(run, BUILD, demo, server)
        node = city.Node(run, BUILD, "node1", extra=extra, wrapper=wrapper)
        try:
            city.load_open_data(run, node.url)
            yield Town(run, node), server
        finally:
            stopped = node.stop()
        if stopped != 0:
            raise city.HarnessError("the node ended with %d:\n%s" % (stopped, node.tail()))


class Caller(threading.Thread):
    """Sends one kind of request again and again; keeps (status, seconds) of each, or what broke."""

    def __init__(self, url, token, ask):
        super().__init__(daemon=True)
        self.client, self.ask = client.Client(url, token, timeout=10), ask
        self.answers, self.broken, self.is_over = [], [], False

    def run(self):
        number = 0
        while not self.is_over:
            start = time.monotonic()
            try:
                status = self.ask(self.client, number).status
                self.answers.append((status, time.monotonic() - start))
            except OSError as error:
                self.broken.append(repr(error))
                self.client.connection.close()
            number += 1

    def end(self):
        self.is_over = True
        self.join(20)


class Walker(Caller):
    """Counts the steps of its own walk up; afterwards the walk must hold what was acknowledged last, or something that
    was sent after it and whose fate was not told."""

    def __init__(self, town_, number):
        self.walk = town_.make_walk(number)
        self.acknowledged, self.unknown = 0, set()
        super().__init__(town_.url, town_.token, self.step)

    def step(self, to, number):
        value = number + 1
        self.unknown.add(value)
        answer = to.patch("/v2/entities/%s/attrs" % self.walk, {"steps": {"type": "Number", "value": value}})
        if answer.status == 204:
            self.acknowledged, self.unknown = value, set()
        return answer

    def holds_what_was_said(self, kenko):
        steps = kenko.get("/v2/entities/%s/attrs/steps/value" % self.walk)
        return steps.status == 200 and steps.body in self.unknown | {self.acknowledged}


def callers(town_, walkers=2):
    """A mixed load: single reads, lists, questions, open data, a citizen, and writers."""
    me = city.citizen_token(town_.run, BUILD, town_.people[0])
    asks = [(town_.token, lambda to, n: to.get(town_.person(n))),
            (town_.token, lambda to, n: to.get(town_.person(n + 7) + "/attrs/postalCode")),
            (town_.token, lambda to, n: to.get("/v2/entities?type=Person&limit=20&options=count")),
            (town_.token, lambda to, n: to.get("/v2/entities?type=HealthActivity&q=steps>10&orderBy=steps&limit=5")),
            (None, lambda to, n: to.get("/v2/entities?type=AED&limit=3")),
            (me, lambda to, n: to.get("/api/citizen/grants"))]
    return [Caller(town_.url, token, ask) for token, ask in asks] + [Walker(town_, n) for n in range(walkers)]


def check_answers(checks, what, load, allowed):
    """Nothing broke, nothing but these statuses, nothing late."""
    answers = [answer for caller in load for answer in caller.answers]
    slowest = max(seconds for _, seconds in answers)
    broken = [text for caller in load for text in caller.broken]
    counts = {status: sum(s == status for s, _ in answers) for status in {s for s, _ in answers}}
    print("%s: %d answers %s, slowest %.2f s" % (what, len(answers), counts, slowest), flush=True)
    checks.equal(broken[:3], [], "%s: every request is answered" % what)
    checks.equal(sorted(set(counts) - set(allowed)), [], "%s: with what is allowed" % what)
    checks.that(slowest < ANSWER_SECONDS, "%s: within %.0f s" % (what, ANSWER_SECONDS), "%.2f s" % slowest)
    return counts


# --- small disks -----------------------------------------------------------------------------------------------------


def in_own_mounts():
    """Runs this program again where its mounts are its own and go with it; the exit status, or None inside. -1: this
    machine does not allow it."""
    if os.environ.get("FAULT_OWN_MOUNTS"):
        return None
    unshare = ["unshare", "--mount"] + ([] if os.geteuid() == 0 else ["--user", "--map-root-user"])
    trial = [*unshare, "sh", "-c", "mount -t tmpfs -o size=64k none /mnt"]
    if not shutil.which("unshare") or subprocess.run(trial, capture_output=True, check=False).returncode != 0:
        return -1
    return subprocess.run([*unshare, sys.executable, "-B", *sys.argv], check=False,
                          env=dict(os.environ, FAULT_OWN_MOUNTS="1")).returncode


@contextlib.contextmanager
def small_disk(folder, size):
    """A tmpfs of this size, for as long as the block lasts."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=%s" % size, "none", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=False)


class Ballast:
    """A file that takes all the room of a small disk."""

    def __init__(self, folder):
        self.path = pathlib.Path(folder) / "ballast"

    def fill(self):
        with open(self.path, "ab", buffering=0) as file:
            for size in (1 << 20, 4096, 1):
                with contextlib.suppress(OSError):
                    while True:
                        file.write(bytes(size))

    def drop(self):
        self.path.unlink()

