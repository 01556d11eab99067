#!/usr/bin/env python3
"""Sends recorded exchanges of a real broker to a running one and compares the answers.

    run_golden.py [BASE_URL [FILE...]] [--differences LIST] [--verbose]

Without arguments: all recordings in orion/ with docs/ngsiv2-differences.txt, sent to $MUSUBI_URL.

Each file is one sequence in a tenant of its own: the recorded service name gets a random suffix. Expected texts may
hold markers (<<NOW>>, <<UUID>>, <<ANY>>) and names captured from earlier Location headers (${name}).

LIST names the exchanges whose difference is meant, one a line: file | exchange | reason. A listed exchange that is
equal fails, so that the list stays true.
The last line is 'N passed, N failed'; the exit status is 0 when none failed. Python 3.9+, standard library only.
"""

import argparse
import http.client
import json
import os
import pathlib
import re
import sys
import urllib.parse

MARKERS = {
    "<<NOW>>": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",
    "<<UUID>>": r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "<<ANY>>": r".*",
}
HERE = pathlib.Path(__file__).resolve().parent
ORION = HERE / "orion"
DIFFERENCES = HERE.parent.parent / "docs" / "ngsiv2-differences.txt"
VOLATILE_HEADERS = ("date", "connection", "content-length")
TIMEOUT_SECONDS = 30


class Meant:
    """The exchanges that differ on purpose, and which of them were met."""

    def __init__(self, path):
        self.rows = set()
        for number, line in enumerate(read_lines(path), 1):
            if not line.strip() or line.startswith("#"):
                continue
            parts = [part.strip() for part in line.split("|", 2)]
            if len(parts) != 3 or not parts[2]:
                sys.exit("%s:%d: file | exchange | reason" % (path, number))
            self.rows.add((parts[0], parts[1]))
        self.met = set()

    def has(self, file_name, exchange):
        key = (file_name, exchange)
        self.met.update({key} & self.rows)
        return key in self.rows

    def unmet(self, file_names):
        return sorted(key for key in self.rows if key[0] in file_names and key not in self.met)


def read_lines(path):
    return path.read_text(encoding="utf-8").splitlines() if path else []


class Names:
    """Captured names, filled into requests and expected texts."""

    def __init__(self):
        self.values = {}

    def fill(self, text):
        for name, value in self.values.items():
            text = text.replace("${%s}" % name, value)
        return text

    def matches(self, expected, actual):
        pattern = re.escape(self.fill(expected))
        for marker, regex in MARKERS.items():
            pattern = pattern.replace(re.escape(marker), regex)
        return re.fullmatch(pattern, actual, re.DOTALL) is not None

    def capture(self, names, location):
        for name in names:
            self.values[name] = location.split("?")[0].rsplit("/", 1)[-1]


def generated_body(words):
    """Bodies too long to be recorded are described in words."""
    found = re.fullmatch(r'the entity \{id: (\w+), type: (\w+), (\w+): \{value: "(.)" repeated (\d+) times\}\}', words)
    if found is None:
        sys.exit("no rule for the body: %s" % words)
    entity_id, entity_type, attribute, letter, times = found.groups()
    entity = {"id": entity_id, "type": entity_type, attribute: {"value": letter * int(times)}}
    return json.dumps(entity).encode()


def body_bytes(request, names):
    body = request.get("body")
    if body is None:
        return None
    if request.get("bodyIsText"):
        return names.fill(body).encode()
    if isinstance(body, dict) and "$generate" in body:
        return generated_body(body["$generate"])
    return names.fill(json.dumps(body, ensure_ascii=False)).encode()


def send(base, request, names):
    """Returns status, headers by lower-case name, and the body's text."""
    target = request["path"] if request["query"] is None else request["path"] + "?" + request["query"]
    body = body_bytes(request, names)
    connection = http.client.HTTPConnection(base.hostname, base.port, timeout=TIMEOUT_SECONDS)
    try:
        connection.putrequest(request["method"], names.fill(target), skip_accept_encoding=True)
        for name, value in request["headers"].items():
            connection.putheader(name, names.fill(value).encode())
        if body is not None or request["method"] in ("POST", "PUT", "PATCH"):
            connection.putheader("Content-Length", str(len(body or b"")))
        connection.endheaders(body)
        response = connection.getresponse()
        text = response.read().decode("utf-8", "replace")
        return response.status, {name.lower(): value for name, value in response.getheaders()}, text
    finally:
        connection.close()


def value_differences(expected, actual, names, where):
    if isinstance(expected, str) and isinstance(actual, str):
        return [] if names.matches(expected, actual) else ["%s: wanted %r, got %r" % (where, expected, actual)]
    if expected == "<<ANY>>":
        return []
    if isinstance(expected, dict) and isinstance(actual, dict):
        return object_differences(expected, actual, names, where)
    if isinstance(expected, list) and isinstance(actual, list):
        if len(expected) != len(actual):
            return ["%s: wanted %d items, got %d" % (where, len(expected), len(actual))]
        pairs = enumerate(zip(expected, actual))
        return [d for i, (e, a) in pairs for d in value_differences(e, a, names, "%s[%d]" % (where, i))]
    same_kind = isinstance(expected, bool) == isinstance(actual, bool)
    return [] if same_kind and expected == actual else ["%s: wanted %r, got %r" % (where, expected, actual)]


def object_differences(expected, actual, names, where):
    """Members and their order: an entity's members stand in Orion's order."""
    found = []
    if list(expected) != list(actual):
        found.append("%s: wanted members %s, got %s" % (where, list(expected), list(actual)))
    for name in expected.keys() & actual.keys():
        found += value_differences(expected[name], actual[name], names, where + "." + name)
    return found


def header_differences(expected, actual, names):
    found = []
    for name, value in expected.items():
        key = name.lower()
        if key in VOLATILE_HEADERS:
            continue
        got = actual.get(key, "")
        if key == "content-type":
            value, got = value.split(";")[0], got.split(";")[0]
        if not names.matches(value, got):
            found.append("header %s: wanted %r, got %r" % (name, value, got))
    return found


def body_differences(expected, text, names):
    if expected.get("body") is None:
        wanted = expected.get("bodyText", "")
        return [] if names.matches(wanted, text) else ["body: wanted %r, got %r" % (wanted[:120], text[:120])]
    try:
        actual = json.loads(text)
    except ValueError:
        return ["body: wanted JSON, got %r" % text[:120]]
    return value_differences(expected["body"], actual, names, "body")


def differences(exchange, answer, names):
    status, headers, text = answer
    expected = exchange["response"]
    names.capture(expected.get("capture", ()), headers.get("location", ""))
    if status != expected["status"]:
        return ["status: wanted %d, got %d %s" % (expected["status"], status, text[:200])]
    found = header_differences(expected["headers"], headers, names)
    if not exchange.get("dbDependent"):
        found += body_differences(expected, text, names)
    return found


def faults_of(exchange, is_meant, base, names):
    """What is wrong with the answer to one exchange."""
    found = differences(exchange, send(base, exchange["request"], names), names)
    if is_meant:
        return [] if found else ["is listed as different and is equal"]
    return found


def exchanges_of(path):
    recording = json.loads(path.read_text(encoding="utf-8"))
    text = json.dumps(recording["exchanges"], ensure_ascii=False)
    service = recording["service"]
    return json.loads(text.replace(service, service + os.urandom(3).hex()))


def replay(path, base, meant, verbose):
    """Returns (passed, failed, how many of the passed differ on purpose)."""
    passed, failed, differing, names = 0, 0, 0, Names()
    for exchange in exchanges_of(path):
        is_meant = meant.has(path.name, exchange["name"])
        try:
            faults = faults_of(exchange, is_meant, base, names)
        except ConnectionRefusedError:
            sys.exit("nothing listens at %s" % base.geturl())
        except (OSError, http.client.HTTPException) as error:
            faults = ["no answer: %r" % error]
        for fault in faults if verbose else faults[:2]:
            print("%s | %s | %s" % (path.name, exchange["name"], fault))
        failed += bool(faults)
        passed += not faults
        differing += is_meant and not faults
    return passed, failed, differing


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base_url", nargs="?", default=os.environ.get("MUSUBI_URL", ""))
    parser.add_argument("files", nargs="*", type=pathlib.Path, default=sorted(ORION.glob("*.json")))
    parser.add_argument("--differences", type=pathlib.Path, default=DIFFERENCES, help="differences that are meant")
    parser.add_argument("--verbose", action="store_true", help="every difference, not two for each exchange")
    arguments = parser.parse_args()
    base = urllib.parse.urlsplit(arguments.base_url)
    if not base.hostname:
        parser.error("no BASE_URL and no MUSUBI_URL")
    meant = Meant(arguments.differences)
    passed, failed, differing = 0, 0, 0
    for path in arguments.files:
        counts = replay(path, base, meant, arguments.verbose)
        print("%s: %d passed, %d failed, %d of the passed differ on purpose" % ((path.name,) + counts))
        passed, failed, differing = passed + counts[0], failed + counts[1], differing + counts[2]
    for file_name, exchange in meant.unmet({path.name for path in arguments.files}):
        print("%s | %s | is listed but was not recorded" % (file_name, exchange))
        failed += 1
    print("%d differ on purpose" % differing)
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
