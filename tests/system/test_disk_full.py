"""A full disk: of the log, nothing personal leaves and open data goes on; of the store, what is written is refused whole
and what is read is answered. When there is room again, all goes on by itself. Requirement: L-1, R-T6.

Disks are small tmpfs mounts in a mount namespace of this test's own.
"""
import concurrent.futures
import pathlib
import subprocess
import sys
import tempfile

import client
import fault_city
from client import Checks
from fault_city import BUILD, Ballast, fault_options, town

CALLERS, READS = 8, 125


def personal_texts(place):
    """What must not leave: the values of the persons that are asked for."""
    texts = set()
    for number in range(len(place.people)):
        answer = place.kenko.get(place.person(number) + "?options=keyValues").body
        texts |= {str(value).encode() for name, value in answer.items() if name != "type" and len(str(value)) > 3}
    return texts


def read_many(place, paths):
    """Each caller its own connection; all answers."""
    def one(number):
        kenko = client.Client(place.url, place.token)
        return [kenko.get(paths(number * READS + i)) for i in range(READS)]
    with concurrent.futures.ThreadPoolExecutor(CALLERS) as pool:
        return [answer for batch in pool.map(one, range(CALLERS)) for answer in batch]


def check_log_full(checks, place, texts, log):
    lists = ("/v2/entities?type=Person&limit=50", "/v2/entities?type=HealthActivity&q=steps>1", "/v2/types/Person")
    log.fill()  # what the log's last page still takes is read first
    checks.that(client.wait_until(lambda: place.kenko.get(place.person(0)).status == 503), "the log is full")
    answers = read_many(place, lambda n: lists[n % 3] if n % 10 == 9 else place.person(n))
    checks.equal({a.status for a in answers}, {503}, "%d personal reads while the log is full" % len(answers))
    checks.equal(len(answers), CALLERS * READS, "all were answered")
    checks.that(all("retry-after" in a.headers for a in answers), "with Retry-After")
    checks.equal([a for a in answers if any(text in a.raw for text in texts)][:1], [], "and no personal byte")
    walk = {"id": "urn:ngsi-ld:HealthActivity:full", "type": "HealthActivity", "steps": {"value": 1},
            "refPerson": {"type": "Relationship", "value": place.person(0)[len("/v2/entities/"):]}}
    checks.equal(place.kenko.post("/v2/entities", walk).status, 503, "no personal write either")
    checks.equal(client.Client(place.url).get("/v2/entities?type=AED&limit=3").status, 200, "open data goes on")
    ready = client.Client(place.url).get("/readyz")
    checks.that(ready.status == 503 and b"log" in ready.raw, "/readyz says why", ready)
    log.drop()
    seconds = place.seconds_to_recover()
    checks.that(seconds < fault_city.RECOVERY_SECONDS, "personal data is served again", "after %.1f s" % seconds)
    checks.equal(place.kenko.get("/v2/entities/urn:ngsi-ld:HealthActivity:full").status, 404, "the write had no effect")
    checks.equal(client.Client(place.url).get("/readyz").status, 200, "ready again")


def check_store_full(checks, place, store):
    walk = place.make_walk(0)
    path = "/v2/entities/%s/attrs" % walk
    store.fill()
    writes = [place.kenko.patch(path, {"steps": {"type": "Number", "value": n}}) for n in range(1, 200)]
    refused = [a for a in writes if a.status == 503]
    checks.that(len(refused) > 100, "writes while the store is full are refused", "%d of %d" % (len(refused), len(writes)))
    checks.equal({a.status for a in writes} - {204, 503}, set(), "with 503")
    checks.equal(place.kenko.get(place.person(1)).status, 200, "reads are answered")
    checks.equal(client.Client(place.url).get("/v2/entities?type=AED&limit=3").status, 200, "open data too")
    done = sum(a.status == 204 for a in writes)
    steps = place.kenko.get(path + "/steps/value").body
    checks.equal(steps, done, "what was refused was not done")
    store.drop()
    last = client.wait_until(lambda: place.kenko.patch(path, {"steps": {"type": "Number", "value": 7}}).status == 204,
                             fault_city.RECOVERY_SECONDS)
    checks.that(last, "written again as soon as there is room")
    checks.equal(place.kenko.get(path + "/steps/value").body, 7, "and read")


def campaign(checks, run):
    with town(run, fault_options()) as (place, _):
        texts = personal_texts(place)
        checks.that(len(texts) > 30, "there is something to hide", len(texts))
        check_log_full(checks, place, texts, Ballast(run / "log"))
        check_store_full(checks, place, Ballast(run / "store"))
    done = subprocess.run([str(BUILD / "vaultctl"), "audit", "verify", "--config=%s" % (run / "musubi.conf")],
                          capture_output=True, text=True, check=False)
    checks.equal(done.returncode, 0, "the log verifies %s%s" % (done.stdout, done.stderr))


def main():
    checks = Checks()
    status = fault_city.in_own_mounts()
    if status == -1:
        print("disk full: left out, this machine allows no mounts of a program's own")
        checks.that(True, "left out")
        return checks.close()
    if status is not None:
        return status
    with tempfile.TemporaryDirectory(prefix="musubi-full-") as name, \
            fault_city.small_disk(pathlib.Path(name) / "log", "4m"), \
            fault_city.small_disk(pathlib.Path(name) / "store", "24m"):
        campaign(checks, pathlib.Path(name))
    return checks.close()


if __name__ == "__main__":
    sys.exit(main())
