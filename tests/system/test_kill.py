"""kill -9 under load at random moments, of the service and of its MongoDB: every acknowledged read has its entry in the
log exactly once, the log verifies, and the projection, wiped and rebuilt from segments alone, tells each citizen what the
clients know they read. Requirement: L-1, L-3, R-T2.
"""
import argparse
import collections
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import threading
import time
import uuid

import client
from client import Checks, city

BUILD = client.ROOT / "build" / os.environ.get("FAULT_PRESET", "asan") / "bin"
READERS = 8
FOLLOWED_SECONDS = 120
PERSON = "/v2/entities/urn:ngsi-ld:Person:"


class Reader(threading.Thread):
    """Reads random citizens until the server dies; keeps what it sent and what was acknowledged."""

    def __init__(self, url, token, people, seed):
        super().__init__(daemon=True)
        self.client = client.Client(url, token, timeout=5)
        self.people, self.random = people, random.Random(seed)
        self.sent, self.acknowledged, self.refused = [], [], []

    def run(self):
        while True:
            person = self.random.choice(self.people)
            mark = str(uuid.UUID(int=self.random.getrandbits(128), version=4))
            self.sent.append((person["number"], mark))
            try:
                answer = self.client.request("GET", PERSON + person["users"]["kenko"] + "?attrs=postalCode",
                                             headers={"Fiware-Correlator": mark})
            except Exception:  # pylint: disable=broad-except  # the server was killed: that is the point
                return
            if answer.status == 200:
                self.acknowledged.append((person["number"], mark))
            else:
                self.refused.append(answer)


def one_life(run, token, people, seed, lifetime, server):
    """Ends with the death of the node; a MongoDB dies before it in half of all lives, and comes back to one that lives."""
    node = city.Node(run, BUILD, "node1")
    readers = [Reader(node.url, token(node.url), people, seed * 1000 + i) for i in range(READERS)]
    for reader in readers:
        reader.start()
    time.sleep(lifetime)  # the random moment itself, not a wait for a condition
    if server is not None and seed % 2 == 0:
        server.kill()
        server.start()
        time.sleep(lifetime)
    node.kill()
    for reader in readers:
        reader.join(10)
    return readers


def history(node, person, token):
    """One citizen's whole history as the API tells it: (citizen, request) of each read by kenko."""
    me, cursor, told = client.Client(node.url, token), "", []
    while True:
        page = me.get("/api/citizen/accesses?limit=100" + cursor).body
        told += [(person["number"], a["requestId"]) for a in page["accesses"]
                 if a["service"] == "kenko" and a["action"] == "read"]
        if not page.get("next"):
            return told
        cursor = "&cursor=" + page["next"]


def histories(run, people, acknowledged):
    """All histories, once they hold what was acknowledged: after a start the log is followed from its mark, and what a
    killed process left locked in the database is free again only after a while."""
    node = city.Node(run, BUILD, "node1")
    tokens = [city.citizen_token(run, BUILD, person) for person in people]
    told = collections.Counter()

    def is_complete():
        told.clear()
        for person, token in zip(people, tokens):
            told.update(history(node, person, token))
        return all(told[entry] for entry in acknowledged)
    try:
        client.wait_until(is_complete, FOLLOWED_SECONDS)
    finally:
        node.stop()
    return told


def compare(checks, told, sent, acknowledged, what):
    lost = [entry for entry in acknowledged if told[entry] == 0]
    doubled = [entry for entry, n in told.items() if n > 1]
    invented = [entry for entry in told if entry not in sent]
    checks.equal(lost[:3], [], "%s: every acknowledged read is told (%d)" % (what, len(acknowledged)))
    checks.equal(doubled[:3], [], "%s: once" % what)
    checks.equal(invented[:3], [], "%s: nothing else is told" % what)


def vaultctl(run, *words):
    return subprocess.run([str(BUILD / "vaultctl"), *words, "--config=%s" % (run / "musubi.conf")],
                          capture_output=True, text=True, check=False)


def campaign(checks, run, options, server):
    people = [dict(p, number=i) for i, p in enumerate(client.json.loads((run / "truth.json").read_text())["citizens"])]
    people = [p for p in people if "kenko" in p["users"] and any(
        g["recipient"] == "kenko" and g["type"] == "Person" and g["state"] == "active" and "postalCode" in g["attributes"]
        for g in p["grants"])]
    tokens = {}

    def token(url):  # ten minutes each; a fresh one every five
        if time.monotonic() - tokens.get("at", -1e9) > 300:
            tokens.update(at=time.monotonic(), text=city.fetch_token(run, url, "kenko", "health-promotion"))
        return tokens["text"]

    moments = random.Random(options.seed)
    sent, acknowledged = set(), []
    for life in range(options.kills):
        readers = one_life(run, token, people, options.seed + life, moments.uniform(0.02, 0.3), server)
        for reader in readers:
            sent.update(reader.sent)
            acknowledged += reader.acknowledged
        if life % 10 == 9 or life == options.kills - 1:
            done = vaultctl(run, "audit", "verify")
            checks.equal(done.returncode, 0, "the log verifies after %d kills %s%s" % (life + 1, done.stdout, done.stderr))
    checks.that(len(acknowledged) > 3 * options.kills, "there was load: %d acknowledged reads" % len(acknowledged))
    compare(checks, histories(run, people, acknowledged), sent, acknowledged, "followed")
    done = vaultctl(run, "audit", "rebuild")
    checks.equal(done.returncode, 0, "rebuilt from segments alone %s%s" % (done.stdout, done.stderr))
    compare(checks, histories(run, people, acknowledged), sent, acknowledged, "rebuilt")
    print("%d kills%s, %d acknowledged reads, seed %d" % (
        options.kills, " and half as many of the database" if server is not None else "", len(acknowledged), options.seed))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--store", default="sqlite")
    options = parser.parse_args()
    print("seed %d" % options.seed)
    checks = Checks()
    with tempfile.TemporaryDirectory(prefix="musubi-kill-") as folder:
        run = pathlib.Path(folder)
        demo = argparse.Namespace(store=options.store, open=False, citizens=30, consenting=None, seed=5, durable=True)
        with city.mongodb(run, demo) as server:
            city.create_city(run, BUILD, demo, server)
            campaign(checks, run, options, server)
    return checks.close()


if __name__ == "__main__":
    sys.exit(main())
