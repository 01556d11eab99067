"""Rows 9 and 10 of `./dev bench`: open data in the own store, asked over HTTP on one connection.

The floor is floor_open: a bare libmicrohttpd program that walks the same rows of the same SQLite file and answers them
as they lie there. Floor and Musubi take turns; medians are compared. Python 3.11, standard library only.
"""
import argparse
import contextlib
import http.client
import json
import pathlib
import re
import signal
import statistics
import subprocess
import tempfile
import time
import urllib.parse

import city

BATCH = 1000
POINTS = 10000
CENTRE = (34.9, 134.8)


class Caller:
    """One connection; every answer is checked and timed in milliseconds."""

    def __init__(self, url):
        parts = urllib.parse.urlsplit(url)
        self.connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)

    def ask(self, method, path, body=None, status=200):
        headers = {"Content-Type": "application/json"} if body is not None else {}
        start = time.perf_counter()
        self.connection.request(method, path, body=body, headers=headers)
        answer = self.connection.getresponse()
        text = answer.read()
        taken = (time.perf_counter() - start) * 1e3
        if answer.status != status:
            raise city.HarnessError("%s %s: %d %s" % (method, path, answer.status, text[:300]))
        return taken, answer.headers, text


def entity(kind, number):
    """An entity of seven attributes; every fiftieth has many floors; the points lie on a grid of about 100 m."""
    latitude = CENTRE[0] + number % 100 * 0.001
    longitude = CENTRE[1] + number // 100 % 1000 * 0.001
    return {"id": "urn:bench:%s:%06d" % (kind, number), "type": kind,
            "name": {"value": "加西市 施設 %d" % number}, "capacity": {"value": number % 997},
            "floors": {"value": 9 if number % 50 == 0 else number % 5},
            "ward": {"value": "ward-%02d" % (number % 37)}, "checked": {"type": "DateTime", "value": "2026-04-01T09:00:00Z"},
            "location": {"type": "geo:json", "value": {"type": "Point", "coordinates": [longitude, latitude]}},
            "note": {"value": "開館日は施設に問い合わせること", "metadata": {"source": {"value": "open data"}}}}


def batch_body(kind, first, count):
    return json.dumps({"actionType": "append", "entities": [entity(kind, first + i) for i in range(count)]},
                      ensure_ascii=False).encode()


def load(caller, kind, count):
    for first in range(0, count, BATCH):
        caller.ask("POST", "/v2/op/update", batch_body(kind, first, min(BATCH, count - first)), 204)


@contextlib.contextmanager
def store_of(build, count):
    """A city whose own store holds `count` entities of type AED and POINTS of type PublicToilet."""
    with tempfile.TemporaryDirectory(prefix="musubi-bench-") as name:
        folder = pathlib.Path(name)
        city.create_city(folder, build, argparse.Namespace(store="sqlite", open=True, citizens=10, consenting=None, seed=1))
        node = city.Node(folder, build, "node1")
        try:
            caller = Caller(node.url)
            load(caller, "AED", count)
            load(caller, "PublicToilet", POINTS)
            yield folder, node, caller
        finally:
            node.stop()


@contextlib.contextmanager
def floor_over(build, folder, kind):
    port_file = folder / "port-open"
    port_file.unlink(missing_ok=True)
    command = [str(build / "floor_open"), "--port-file=%s" % port_file, "--store=%s" % (folder / "store" / "musubi.sqlite"),
               "--type=%s" % kind]
    process = subprocess.Popen(command)
    try:
        while not (port_file.exists() and port_file.read_text()):
            if process.poll() is not None:
                raise city.HarnessError("floor_open ended")
            time.sleep(0.02)
        yield Caller("http://127.0.0.1:%s" % port_file.read_text())
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def memory_mb(pid, name):
    """VmRSS (now) or VmHWM (the most so far) of a process."""
    status = pathlib.Path("/proc/%d/status" % pid).read_text()
    return int(re.search(name + r":\s+(\d+) kB", status).group(1)) / 1024


def in_turns(times, ours, theirs):
    """Medians of both, in milliseconds; the first answers warm the caches."""
    ours(), theirs()
    taken = [(ours(), theirs()) for _ in range(times)]
    return statistics.median(t[0] for t in taken), statistics.median(t[1] for t in taken)


def counted(caller, path, wanted):
    """Asks with count and checks it, since a fast wrong answer is worth nothing."""
    taken, headers, _ = caller.ask("GET", path)
    if headers["Fiware-Total-Count"] != str(wanted):
        raise city.HarnessError("%s counts %s, not %d" % (path, headers["Fiware-Total-Count"], wanted))
    return taken


def listed(caller, path, wanted):
    taken, _, text = caller.ask("GET", path)
    if len(json.loads(text)) != wanted:
        raise city.HarnessError("%s lists %d, not %d" % (path, len(json.loads(text)), wanted))
    return taken


NEAR = "georel=near;maxDistance:2000&geometry=point&coords=%s,%s" % CENTRE


def questions(count):
    """(what, reach, times, type, Musubi's question, the floor's path)"""
    def page(limit):
        return lambda caller: listed(caller, "/v2/entities?type=AED&limit=%d" % limit, limit)

    def q_matches(text, wanted):
        return lambda caller: counted(caller, "/v2/entities?type=AED&limit=20&options=count&q=" + text, wanted)
    return [
        ("list by type, page of 20", 2.0, 300, "AED", page(20), "/page/20"),
        ("list by type, page of 1,000", 4.0, 40, "AED", page(1000), "/page/1000"),
        ("page of 20 with count", 2.0, 60, "AED",
         lambda caller: counted(caller, "/v2/entities?type=AED&limit=20&options=count", count), "/count"),
        ("q on one attribute, all counted", 4.0, 7, "AED", q_matches("floors==9", count // 50), "/scan"),
        ("q and order, all read", 4.0, 7, "AED",
         q_matches("floors==9&orderBy=!capacity", count // 50), "/scan"),
        ("near among 10,000 points, all counted", 4.0, 15, "PublicToilet",
         lambda caller: caller.ask("GET", "/v2/entities?type=PublicToilet&limit=20&options=count&" + NEAR)[0], "/scan"),
    ]


def row_9(build, say, count=100000):
    """Reads of one large store against the bare walk; pages of it against those of a small one; memory."""
    with contextlib.ExitStack() as stack:
        folder, node, caller = stack.enter_context(store_of(build, count))
        loaded = memory_mb(node.process.pid, "VmHWM")
        for what, reach, times, kind, ours, path in questions(count):
            with floor_over(build, folder, kind) as floor:
                mine, bare = in_turns(times, lambda: ours(caller), lambda: floor.ask("GET", path)[0])
            say(9, what, mine / bare, reach, "%.2f ms against %.2f ms" % (mine, bare))
        small = stack.enter_context(store_of(build, 1000))[2]
        for what, path, times in (("page of 20", "/v2/entities?type=AED&limit=20", 300),
                                  ("one by id", "/v2/entities/urn:bench:AED:000500", 300),
                                  ("one by id and type", "/v2/entities/urn:bench:AED:000500?type=AED", 300)):
            large, little = in_turns(times, lambda: caller.ask("GET", path)[0], lambda: small.ask("GET", path)[0])
            say(9, "%s, %d entities against 1,000" % (what, count), large / little, 1.3,
                "%.2f ms against %.2f ms" % (large, little))
        print("       memory of the server: %.0f MB at most while loading, %.0f MB at most in all, %.0f MB now"
              % (loaded, memory_mb(node.process.pid, "VmHWM"), memory_mb(node.process.pid, "VmRSS")), flush=True)


def row_10(build, say):
    """A batch of 1,000 against as many single posts, on one connection."""
    with store_of(build, 1000) as (_, _, caller):
        batches, singles = [], []
        for turn in range(3):
            first = 10000 * (turn + 1)
            batches.append(caller.ask("POST", "/v2/op/update", batch_body("AED", first, BATCH), 204)[0])
            posts = [json.dumps(entity("AED", first + BATCH + i), ensure_ascii=False).encode() for i in range(BATCH)]
            singles.append(sum(caller.ask("POST", "/v2/entities", body, 201)[0] for body in posts))
    batch, single = statistics.median(batches), statistics.median(singles)
    say(10, "op/update of 1,000 against 1,000 posts", batch / single, 0.2, "%.0f ms against %.0f ms" % (batch, single))
