"""`./dev bench`: speed as ratios to a floor measured in the same run, never as a promise in seconds.

Rows (docs/bench.md says what each compares):
  1  read one consented entity, 64 connections, against a bare program that reads a row and appends the same leaf
     the same with the nginx of docker/nginx in front of both
  2  the same in CPU time per request, against a bare program that answers the same bytes
  3  open data of another broker, against nginx proxy_pass to the same one
  4  q over 42,000 citizens who consent, 20 answers, against a bare loop over the same rows that opens as many records;
     memory of the server
  5  first page of 20 with count, 42,000 citizens of whom 10 consented, against a store of 10
  6  log append, against bare write + fdatasync + sign in equal batches
  7  the read of row 1 in a city of 100,000 (--citizens, --city) against one of 1,000
  9  open data in the own store, 100,000 entities: lists, count, q, order, places, against a bare walk of the same rows;
     growth from 1,000 entities; memory
 10  a batch of 1,000 writes against 1,000 posts
 11  goodput with ten times the callers that are served at once, against the peak
Floor and Musubi take turns; medians are compared. Python 3.11, standard library, wrk.
"""
import argparse
import contextlib
import http.client
import json
import os
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "harness"))
import city  # noqa: E402  pylint: disable=wrong-import-position
import large_city  # noqa: E402  pylint: disable=wrong-import-position
import open_data  # noqa: E402  pylint: disable=wrong-import-position
import overload  # noqa: E402  pylint: disable=wrong-import-position
import personal_scan  # noqa: E402  pylint: disable=wrong-import-position
import proxied  # noqa: E402  pylint: disable=wrong-import-position

BUILD = ROOT / "build" / "bench" / "bin"
ROUNDS = 5
SECONDS = 4
AT_LEAST = (1, 3, 6, 11)  # rows whose ratio should be large
TICKS = os.sysconf("SC_CLK_TCK")


def make_city(folder, citizens, consenting=None):
    options = argparse.Namespace(store="sqlite", open=False, citizens=citizens, consenting=consenting, seed=1)
    city.create_city(folder, BUILD, options)
    return options


@contextlib.contextmanager
def floor(mode, folder, body, users=()):
    port_file, body_file = folder / ("port-" + mode), folder / "body"
    port_file.unlink(missing_ok=True)
    body_file.write_bytes(body)
    command = [str(BUILD / "floor_http"), mode, "--port-file=%s" % port_file, "--body-file=%s" % body_file]
    if users:
        command += ["--service=kenko", "--users=%s" % ",".join(users), "--config=%s" % (folder / "musubi.conf"), "--node=floor"]
    process = subprocess.Popen(command)
    try:
        while not (port_file.exists() and port_file.read_text()):
            if process.poll() is not None:
                raise city.HarnessError("floor_http ended")
            time.sleep(0.02)
        yield process.pid, "http://127.0.0.1:%s" % port_file.read_text()
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def wrk(url, token=None, script=None, connections=64, cores=None):
    """(requests per second, requests, p99 in ms); anything but 200 ends the run."""
    command = [*(proxied.on_cores(cores) if cores else []), "wrk", "-t1", "-c%d" % connections, "-d%ds" % SECONDS, "--latency"]
    if token:
        command += ["-H", "Authorization: Bearer " + token]
    if script:
        command += ["-s", str(script)]
    out = subprocess.run(command + [url], capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in out or "Socket errors" in out:
        raise city.HarnessError("wrk: " + out)
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", out)
    scale = {"us": 1e-3, "ms": 1, "s": 1e3}[p99.group(2)]
    return (float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1)),
            int(re.search(r"(\d+) requests in", out).group(1)), float(p99.group(1)) * scale)


def cpu_seconds(pid):
    fields = pathlib.Path("/proc/%d/stat" % pid).read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def measured(pid, *arguments):
    before = cpu_seconds(pid)
    rate, count, p99 = wrk(*arguments)
    return rate, (cpu_seconds(pid) - before) / count * 1e6, p99


def write_lua(folder, paths):
    """wrk asks for the paths in turn, so that the server meets many citizens."""
    script = folder / "paths.lua"
    script.write_text("local paths = {%s}\nlocal n = 0\nfunction request()\n  n = n %% #paths + 1\n"
                      "  return wrk.format(nil, paths[n])\nend\n" % ",".join('"%s"' % p for p in paths))
    return script


def readable_paths(folder):
    people = json.loads((folder / "truth.json").read_text())["citizens"]
    return [(p["users"]["kenko"], "/v2/entities/urn:ngsi-ld:Person:%s?attrs=postalCode&type=Person" % p["users"]["kenko"])
            for p in people if any(g["recipient"] == "kenko" and g["type"] == "Person" and g["state"] == "active"
                                   and "postalCode" in g["attributes"] for g in p["grants"])]


def get(url, path, token):
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port)
    connection.request("GET", path, headers={"Authorization": "Bearer " + token})
    answer = connection.getresponse()
    return answer.status, answer.read()


def say(row, what, ratio, reach, detail):
    verdict = "reached" if (ratio >= reach if row in AT_LEAST else ratio <= reach) else "NOT reached"
    print("row %d  %-42s ratio %6.3f  (reach %s %.2f: %s)\n       %s"
          % (row, what, ratio, "≥" if row in AT_LEAST else "≤", reach, verdict, detail), flush=True)


def rows_1_and_2():
    with tempfile.TemporaryDirectory(prefix="musubi-bench-") as name:
        folder = pathlib.Path(name)
        make_city(folder, 300)
        node = city.Node(folder, BUILD, "node1")
        try:
            token = city.fetch_token(folder, node.url, "kenko", "health-promotion")
            users = readable_paths(folder)
            script = write_lua(folder, [path for _, path in users])
            body = get(node.url, users[0][1], token)[1]
            ours, rowed, bare, fronts = [], [], [], []
            with floor("row", folder, body, [user for user, _ in users]) as (row_pid, row_url), \
                    floor("bytes", folder, body) as (bare_pid, bare_url), \
                    proxied.behind_nginx(folder, BUILD, row_url) as (our_front, row_front):
                for _ in range(ROUNDS):
                    ours.append(measured(node.process.pid, node.url, token, script))
                    rowed.append(measured(row_pid, row_url))
                    bare.append(measured(bare_pid, bare_url))
                    fronts.append((wrk(our_front, token, script)[0], wrk(row_front)[0]))
        finally:
            node.stop()
    rate = [statistics.median(x[0] for x in series) for series in (ours, rowed, bare)]
    cpu = [statistics.median(x[1] for x in series) for series in (ours, rowed, bare)]
    p99 = [statistics.median(x[2] for x in series) for series in (ours, rowed)]
    front = [statistics.median(x[side] for x in fronts) for side in (0, 1)]
    say(1, "read one consented entity, 64 connections", rate[0] / rate[1], 0.5,
        "%.0f/s against %.0f/s; p99 %.1f ms against %.1f ms" % (rate[0], rate[1], p99[0], p99[1]))
    say(1, "the same, nginx with TLS in front of both", front[0] / front[1], 0.5, "%.0f/s against %.0f/s" % tuple(front))
    say(2, "the same, CPU time per request", cpu[0] / cpu[2], 5,
        "%.0f µs against %.0f µs (row and leaf alone: %.0f µs)" % (cpu[0], cpu[2], cpu[1]))


def first_pages(node, token, times):
    """Milliseconds of single first pages, on one connection."""
    parts = urllib.parse.urlsplit(node.url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port)
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        connection.request("GET", "/v2/entities?type=Person&limit=20&options=count", headers={"Authorization": "Bearer " + token})
        answer = connection.getresponse()
        answer.read()
        taken.append((time.perf_counter() - start) * 1e3)
        if answer.status != 200 or answer.headers["Fiware-Total-Count"] != "10":
            raise city.HarnessError("row 5: %d, count %s" % (answer.status, answer.headers["Fiware-Total-Count"]))
    return taken


def row_5(citizens=42000):
    with tempfile.TemporaryDirectory(prefix="musubi-bench-") as name, contextlib.ExitStack() as stack:
        times, nodes = {}, {}
        for count in (10, citizens):
            folder = pathlib.Path(name) / str(count)
            folder.mkdir()
            make_city(folder, count, 10)
            nodes[count] = node = city.Node(folder, BUILD, "node1")
            stack.callback(node.stop)
            times[count] = []
        tokens = {count: city.fetch_token(pathlib.Path(name) / str(count), node.url, "kenko", "health-promotion")
                  for count, node in nodes.items()}
        for _ in range(ROUNDS * 4):
            for count, node in nodes.items():
                times[count] += first_pages(node, tokens[count], 50)
    large, small = statistics.median(times[citizens]), statistics.median(times[10])
    say(5, "first page with count, 10 consented of %d" % citizens, large / small, 1.3,
        "%.2f ms against %.2f ms on a store of 10" % (large, small))


def row_6():
    """One caller, and 64 callers on this machine's cores: the second also pays for sealing, hashing and waking them all."""
    out = subprocess.run([str(BUILD / "bench_log_append")], capture_output=True, text=True, check=True).stdout
    table = {int(fields[0]): fields for line in out.splitlines() if (fields := line.split()) and fields[0].isdigit()}
    for threads in (1, 64):
        fields = table[threads]
        say(6, "log append, %d threads" % threads, float(fields[5]), 0.8,
            "%s leaves/s in batches of %s against %s/s; p99 %s ms" % (fields[1], fields[2], fields[4], fields[7]))


def parse(arguments):
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__.splitlines()[0])
    parser.add_argument("rows", nargs="*", type=int, default=[1, 2, 3, 4, 5, 6, 7, 9, 10, 11], metavar="ROW")
    parser.add_argument("--citizens", type=int, default=large_city.CITIZENS, help="of the large city of row 7")
    parser.add_argument("--city", metavar="FOLDER", help="where it is kept, or was")
    return parser.parse_args(arguments)


def main(arguments):
    options = parse(arguments)
    wanted = options.rows
    rows = ((1, rows_1_and_2), (2, rows_1_and_2), (3, lambda: proxied.row_3(BUILD, make_city, wrk, say)),
            (4, lambda: personal_scan.row_4(BUILD, make_city, say)), (5, row_5), (6, row_6),
            (7, lambda: large_city.row_7(BUILD, make_city, measured, say, options.citizens, options.city)),
            (9, lambda: open_data.row_9(BUILD, say)), (10, lambda: open_data.row_10(BUILD, say)),
            (11, lambda: overload.row_11(BUILD, make_city, readable_paths, write_lua, say)))
    for row, run in rows:
        if row in wanted and not (row == 2 and 1 in wanted):
            run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
