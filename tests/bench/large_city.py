"""Row 7: the read of row 1 in a large city against the same in a city of 1,000. A city takes a while to load and 68 kB of
disk for each citizen, so it can be kept and used again. Python 3.11, standard library, wrk.
"""
import contextlib
import http.client
import json
import pathlib
import random
import statistics
import tempfile
import time
import urllib.parse

import city

ROUNDS = 5
SMALL = 1000
CITIZENS = 100000
PATHS_MAX = 50000  # more than are asked for in one round: most of them are asked once
HOT = 300  # citizens asked about again and again, as many in both cities
SINGLES = 2000
REACH = 1.3


def readers(folder):
    """Paths of all whom kenko may read, in an order of their own; one citizen is one line of the file."""
    paths, decoder = [], json.JSONDecoder()
    with open(folder / "truth.json", encoding="utf-8") as truth:
        next(truth)
        for line in truth:
            if not (line := line.lstrip(",")).startswith("{"):
                break
            person, _ = decoder.raw_decode(line)
            if any(g["recipient"] == "kenko" and g["type"] == "Person" and g["state"] == "active"
                   and "postalCode" in g["attributes"] for g in person["grants"]):
                paths.append("/v2/entities/urn:ngsi-ld:Person:%s?attrs=postalCode&type=Person" % person["users"]["kenko"])
    random.Random(7).shuffle(paths)
    return paths


def write_lua(folder, name, paths):
    """wrk asks for the lines of a file in turn, and goes on where the run before ended: at a place that the time gives."""
    lines, script = folder / (name + ".txt"), folder / (name + ".lua")
    lines.write_text("\n".join(paths[:PATHS_MAX]) + "\n")
    script.write_text('local paths = {}\nfor line in io.lines("%s") do paths[#paths + 1] = line end\n'
                      "math.randomseed(os.time())\nlocal n = math.random(#paths)\n"
                      "function request()\n  n = n %% #paths + 1\n  return wrk.format(nil, paths[n])\nend\n" % lines)
    return script


class Side:
    """One city with a node, its paths, and what was measured."""

    def __init__(self, stack, folder, build, citizens, make_city):
        started = time.monotonic()
        if not (folder / "truth.json").exists():
            folder.mkdir(parents=True, exist_ok=True)
            make_city(folder, citizens)
        self.loaded_s = time.monotonic() - started
        self.node = city.Node(folder, build, "node1")
        stack.callback(self.node.stop)
        self.token = city.fetch_token(folder, self.node.url, "kenko", "health-promotion")
        self.paths = readers(folder)
        self.script, self.hot_script = write_lua(folder, "all", self.paths), write_lua(folder, "hot", self.paths[:HOT])
        self.megabytes = sum(f.stat().st_size for f in (folder / "store").iterdir()) >> 20
        parts = urllib.parse.urlsplit(self.node.url)
        self.connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
        self.rates, self.cpu, self.times, self.hot_rates, self.hot_cpu = [], [], [], [], []

    def ask(self, path):
        start = time.perf_counter()
        self.connection.request("GET", path, headers={"Authorization": "Bearer " + self.token})
        answer = self.connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise city.HarnessError("row 7: %d for %s" % (answer.status, path))
        self.times.append((time.perf_counter() - start) * 1e3)

    def crowd(self, measured):
        rate, cpu_us, _ = measured(self.node.process.pid, self.node.url, self.token, self.hot_script)
        self.hot_rates.append(rate)
        self.hot_cpu.append(cpu_us)
        rate, cpu_us, _ = measured(self.node.process.pid, self.node.url, self.token, self.script)
        self.rates.append(rate)
        self.cpu.append(cpu_us)

    def singles(self, turn):
        count = SINGLES // ROUNDS
        for number in range(turn * count, (turn + 1) * count):
            self.ask(self.paths[-1 - number % len(self.paths)])


def row_7(build, make_city, measured, say, citizens, kept):
    with tempfile.TemporaryDirectory(prefix="musubi-bench-") as name, contextlib.ExitStack() as stack:
        folder = pathlib.Path(name)
        large = Side(stack, pathlib.Path(kept) if kept else folder / "large", build, citizens, make_city)
        small = Side(stack, folder / "small", build, SMALL, make_city)
        for turn in range(ROUNDS):
            for side in (small, large):
                side.crowd(measured)
                side.singles(turn)
    rate, cpu, single, hot, hot_cpu = ([statistics.median(getattr(side, part)) for side in (large, small)]
                                       for part in ("rates", "cpu", "times", "hot_rates", "hot_cpu"))
    detail = "%.0f/s against %.0f/s; processor %.0f µs against %.0f µs"
    say(7, "a read, 64 connections, the same %d citizens" % HOT, hot[1] / hot[0], REACH, detail % (*hot, *hot_cpu))
    say(7, "a read, 64 connections, each another citizen", rate[1] / rate[0], REACH, detail % (*rate, *cpu))
    say(7, "the same, one connection", single[0] / single[1], REACH, "%.2f ms against %.2f ms" % (single[0], single[1]))
    print("       a store of %d MB, %d citizens who may be read; %s" % (
        large.megabytes, len(large.paths), "loaded in %.0f s" % large.loaded_s if large.loaded_s > 1 else "kept from before"),
          flush=True)
