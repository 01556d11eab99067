"""The README's promise, kept by a machine: ./dev run prints lines of curl, and each of them works as printed.

Builds the release preset, runs a city in a folder of its own, runs the lines in their order in one shell, stops with
Ctrl-C, starts again and finds the data.
"""
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import threading

import client
from client import Checks, wait_until


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class RunningCity:
    """./dev run as a person starts it; collects what it prints."""

    def __init__(self, folder, port):
        self.lines = []
        self.process = subprocess.Popen(["./dev", "run", "--folder", str(folder), "--port", str(port)], cwd=client.ROOT,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        text=True, start_new_session=True)
        self.reader = threading.Thread(target=lambda: self.lines.extend(iter(self.process.stdout.readline, "")), daemon=True)
        self.reader.start()

    def is_up(self):
        return self.process.poll() is not None or any("audit verify" in line for line in self.lines)

    def commands(self):
        return [line.strip() for line in self.lines if line.startswith("  ") and line.strip()]

    def interrupt(self):
        os.killpg(self.process.pid, signal.SIGINT)
        self.process.wait(30)
        return self.process.returncode


def run_lines(lines, run):
    """Runs the printed lines one after the other in one shell; gives what each printed."""
    script = ["set -u"]
    for number, line in enumerate(lines):
        script += [line if line.startswith("#") else "%s\nprintf '\\n<%d:%%d>\\n' $?" % (line, number)]
    done = subprocess.run(["bash", "-c", "\n".join(script)], cwd=client.ROOT, capture_output=True, text=True, check=False,
                          env=dict(os.environ, MUSUBI_RUN=str(run)))
    answers, rest = {}, done.stdout
    for number, line in enumerate(lines):
        if line.startswith("#"):
            continue
        text, _, rest = rest.partition("\n<%d:" % number)
        status, _, rest = rest.partition(">\n")
        answers[line] = (int(status or -1), text.strip(), done.stderr)
    return answers


def find(answers, *words, nth=0):
    return [value for line, value in answers.items() if all(word in line for word in words)][nth]


def check_lines(checks, answers):
    for line, (status, text, errors) in answers.items():
        checks.that(status == 0, "works as printed: %s" % line, (status, text[:300], errors[-300:]))
    people = json.loads(find(answers, "type=Person", "count")[1])
    checks.that(0 < len(people) <= 3, "a list of citizens", people)
    kenko = json.loads(find(answers, "$TOKEN", "/v2/entities/urn:ngsi-ld:Person")[1])
    neppi = json.loads(find(answers, "$PAY")[1])
    checks.that(kenko["id"] != neppi["id"] and set(kenko) != set(neppi), "two services, two views", (kenko, neppi))
    checks.that(json.loads(find(answers, "/api/citizen/grants")[1])["grants"], "grants")
    checks.that("accesses" in find(answers, "/api/citizen/accesses")[1], "accesses")
    checks.equal(find(answers, "id=urn:ngsi-ld:Person")[1], "[]", "withdrawn: the next read is empty")
    checks.equal(len(json.loads(find(answers, "PublicToilet")[1])), 2, "open data")


def main():
    checks = Checks()
    subprocess.run(["bash", "./dev", "help"], cwd=client.ROOT, check=True, stdout=subprocess.DEVNULL)
    with tempfile.TemporaryDirectory(prefix="musubi-readme-") as folder:
        run, port = pathlib.Path(folder) / "run", free_port()
        first = RunningCity(run, port)
        wait_until(first.is_up, 900)
        commands = first.commands()
        if checks.that(first.process.poll() is None and len(commands) > 8, "./dev run starts", "".join(first.lines)[-2000:]):
            check_lines(checks, run_lines(commands, run))
        checks.equal(first.interrupt(), 0, "Ctrl-C stops it cleanly")
        second = RunningCity(run, port)
        wait_until(second.is_up, 120)
        checks.that(not any("loading the demo" in line for line in second.lines), "a second run keeps the data")
        checks.equal(second.interrupt(), 0, "and stops too")
    return checks.close()


if __name__ == "__main__":
    sys.exit(main())
