"""Row 11: goodput with ten times the callers that are served at once, against the peak, in the same run."""
import pathlib
import re
import statistics
import subprocess
import tempfile

import city

IN_FLIGHT = 32
ROUNDS = 3
SECONDS = 4
LIMITS = ("--requests-max=%d" % IN_FLIGHT, "--rate-client=0", "--rate-source=0", "--budget-hour=0", "--budget-day=0")


def goodput(url, token, script, connections):
    """(answers of 200 a second, refused requests, the longest wait in seconds); a broken connection ends the run."""
    command = ["wrk", "-t1", "-c%d" % connections, "-d%ds" % SECONDS, "--timeout", "3s", "-H",
               "Authorization: Bearer " + token, "-s", str(script), url]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Socket errors" in out:
        raise city.HarnessError("wrk: " + out)
    served = int(re.search(r"(\d+) requests in", out).group(1))
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    refused = int(refused.group(1)) if refused else 0
    waited = re.search(r"Latency\s+\S+\s+\S+\s+([\d.]+)(us|ms|s)", out)
    scale = {"us": 1e-6, "ms": 1e-3, "s": 1}[waited.group(2)]
    return (served - refused) / SECONDS, refused, float(waited.group(1)) * scale


def row_11(build, make_city, readable_paths, write_lua, say):
    with tempfile.TemporaryDirectory(prefix="musubi-bench-") as name:
        folder = pathlib.Path(name)
        make_city(folder, 300)
        node = city.Node(folder, build, "node1", extra=LIMITS)
        try:
            token = city.fetch_token(folder, node.url, "kenko", "health-promotion")
            script = write_lua(folder, [path for _, path in readable_paths(folder)])
            goodput(node.url, token, script, IN_FLIGHT)  # warm
            peaks, loads = [], []
            for _ in range(ROUNDS):
                peaks.append(goodput(node.url, token, script, IN_FLIGHT))
                loads.append(goodput(node.url, token, script, 10 * IN_FLIGHT))
        finally:
            node.stop()
    peak, load = (statistics.median(x[0] for x in series) for series in (peaks, loads))
    say(11, "goodput with ten times the callers", load / peak, 0.8,
        "%.0f/s against %.0f/s; %d refused a second; the longest wait %.2f s" % (
            load, peak, statistics.median(x[1] for x in loads) / SECONDS, max(x[2] for x in loads)))
