"""Row 4 of the bench: a condition over all who consent, against a bare loop over the same rows that opens as many
records. One request at a time: what is compared is the work, not the crowd."""
import collections
import http.client
import json
import pathlib
import statistics
import subprocess
import tempfile
import time
import urllib.parse

import city

ROUNDS = 7
ANSWERS = 20
MEMORY_MB_MAX = 150


def dates_of(folder):
    """Birth dates that together are those of ANSWERS citizens."""
    people = json.loads((folder / "truth.json").read_text())["citizens"]
    counts = collections.Counter(person["person"]["dateOfBirth"] for person in people)
    chosen, left = [], ANSWERS
    for date, count in counts.most_common():
        if count <= left:
            chosen.append(date)
            left -= count
    return chosen


class Asker:
    def __init__(self, node, token, path):
        parts = urllib.parse.urlsplit(node.url)
        self.connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
        self.token, self.path = token, path

    def ask(self):
        """Milliseconds until the answer is here, its status and its count."""
        start = time.perf_counter()
        self.connection.request("GET", self.path, headers={"Authorization": "Bearer " + self.token})
        answer = self.connection.getresponse()
        answer.read()
        return (time.perf_counter() - start) * 1e3, answer.status, answer.headers["Fiware-Total-Count"]


class Floor:
    def __init__(self, build, folder):
        self.process = subprocess.Popen(
            [str(build / "floor_scan"), "--service=kenko", "--purpose=health-promotion", "--type=Person",
             "--config=%s" % (folder / "musubi.conf")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.citizens = int(self.process.stdout.readline().split()[1])

    def round_ms(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline().split()[1])

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


def memory_mb(pid):
    status = pathlib.Path("/proc/%d/status" % pid).read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def measure(node, folder, build):
    """Milliseconds of both sides in turns; the first answer, for which all keys are unwrapped, is told apart."""
    token = city.fetch_token(folder, node.url, "kenko", "health-promotion")
    condition = "dateOfBirth==" + ",".join("'%s'" % date for date in dates_of(folder))
    asker = Asker(node, token, "/v2/entities?type=Person&limit=20&options=count&q=" + urllib.parse.quote(condition))
    floor = Floor(build, folder)
    try:
        first = asker.ask()
        ours, bare = [], []
        for _ in range(ROUNDS):
            taken, status, count = asker.ask()
            if status != 200 or count != str(ANSWERS):
                raise city.HarnessError("row 4: %d, count %s, after %.0f ms" % (status, count, taken))
            ours.append(taken)
            bare.append(floor.round_ms())
    finally:
        floor.stop()
    return first, statistics.median(ours), statistics.median(bare)


def row_4(build, make_city, say, citizens=42000):
    with tempfile.TemporaryDirectory(prefix="musubi-bench-") as name:
        folder = pathlib.Path(name)
        make_city(folder, citizens, citizens)
        node = city.Node(folder, build, "node1")
        try:
            first, ours, bare = measure(node, folder, build)
            memory = memory_mb(node.process.pid)
        finally:
            node.stop()
    say(4, "q over %d who consent, %d answers" % (citizens, ANSWERS), ours / bare, 2,
        "%.0f ms against %.0f ms; the first after a start, which unwraps all keys: %d after %.0f ms"
        % (ours, bare, first[1], first[0]))
    say(4, "the same, memory of the server", memory / MEMORY_MB_MAX, 1,
        "%.0f MB at most, where %d are meant to suffice" % (memory, MEMORY_MB_MAX))
