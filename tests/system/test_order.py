"""The order on the wire and on the disk, as the kernel sees it: no answer with personal data is sent before the fdatasync
that made its log entry durable has returned. Requirement: L-1.

strace follows every thread of one ngsi-proxy; each answer to a personal read must have a finished fdatasync of the log's
segment between the arrival of its request and its first byte out.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import sys
import tempfile

import client
from client import Checks, city

BUILD = client.ROOT / "build" / "asan" / "bin"
CLIENTS, READS = 8, 25
CALL = re.compile(r"^(\d+) +([\d.]+) (?:<\.\.\. )?(\w+)(.*)$")


def trace(folder, people):
    """Runs the reads under strace; gives the trace and how many answers the clients got."""
    lines = folder / "strace.txt"
    os.environ["ASAN_OPTIONS"] = "detect_leaks=0"  # LeakSanitizer can't work beside strace
    wrapper = ["strace", "-D", "-f", "-ttt", "-y", "-s", "120", "-o", str(lines), "-e",
               "trace=fdatasync,read,recvfrom,recvmsg,write,writev,sendto,sendmsg"]
    node = city.Node(folder, BUILD, "node1", wrapper=wrapper)

    def reads(number):
        kenko = client.Client(node.url, token)
        return [kenko.get("/v2/entities/urn:ngsi-ld:Person:%s" % people[(number + i) % len(people)]) for i in range(READS)]
    try:
        token = city.fetch_token(folder, node.url, "kenko", "health-promotion")
        answers = reads(0)  # alone: each sync can only be this reader's own
        with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
            answers += [a for batch in pool.map(reads, range(CLIENTS)) for a in batch]
    finally:
        node.stop()
    ended = "%d " % node.process.pid
    client.wait_until(lambda: any(line.startswith(ended) and "+++ exited" in line
                                  for line in lines.read_text(errors="replace").splitlines()[-5:]), 20)
    return lines.read_text(errors="replace").splitlines(), answers


class Order:
    """Reads the trace line by line: what each thread has received, when the log was last made durable."""

    def __init__(self):
        self.arrived, self.pending, self.synced_at = {}, {}, -1.0
        self.good, self.bad = 0, []

    def feed(self, line):
        found = CALL.match(line)
        if not found:
            return
        thread, at, call, rest = found.group(1), float(found.group(2)), found.group(3), found.group(4)
        if call == "fdatasync":
            self._fdatasync(thread, at, rest)
        elif "GET /v2/entities/urn" in rest:
            self.arrived[thread] = at
        elif "HTTP/1.1 200" in rest and thread in self.arrived:
            arrival = self.arrived.pop(thread)
            if self.synced_at > arrival:
                self.good += 1
            else:
                self.bad.append(line)

    def _fdatasync(self, thread, at, rest):
        """Counts when it has returned 0, on a file of the log; a call may be told in two lines."""
        if "unfinished" in rest:
            self.pending[thread] = rest
            return
        whole = self.pending.pop(thread, "") + rest
        if "/log/" in whole and whole.rstrip().endswith("= 0"):
            self.synced_at = at


def main():
    checks = Checks()
    if not shutil.which("strace"):
        checks.that(False, "strace is installed")
        return checks.close()
    with tempfile.TemporaryDirectory(prefix="musubi-order-") as name:
        folder = pathlib.Path(name)
        city.create_city(folder, BUILD, argparse.Namespace(store="sqlite", open=False, citizens=30, consenting=None, seed=9))
        people = [p["users"]["kenko"] for p in json.loads((folder / "truth.json").read_text())["citizens"]
                  if any(g["recipient"] == "kenko" and g["type"] == "Person" and g["state"] == "active" for g in p["grants"])]
        lines, answers = trace(folder, people)
    order = Order()
    for line in lines:
        order.feed(line)
    checks.equal({a.status for a in answers}, {200}, "all reads were answered")
    checks.equal(order.good + len(order.bad), (CLIENTS + 1) * READS, "each answer was seen leaving")
    checks.equal(order.bad[:3], [], "no answer left before its log entry was durable (%d answers)" % order.good)
    return checks.close()


if __name__ == "__main__":
    sys.exit(main())
