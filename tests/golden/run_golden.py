#!/usr/bin/env python3
"""Sends recorded exchanges of a real broker to a running one and compares the answers.

    run_golden.py [BASE_URL [FILE...]] [--list LIST] [--verbose]

Without arguments: all recordings in orion/ with orion/later.txt, sent to $MUSUBI_URL.

Each file is one sequence in a tenant of its own: the recorded service name gets a random suffix. Expected texts may
hold markers (<<NOW>>, <<UUID>>, <<ANY>>) and names captured from earlier Location headers (${name}).

LIST names exchanges that are outside of what is served so far, one a line: file | exchange | how | reason
    refused   is sent; any answer but a success is right, so that nothing unserved is ever answered as if it were done
    differs   is sent; the difference is meant and stated as the reason; an equal answer fails, so the list stays true
    skipped   is not sent: what it expects was made by an exchange that is refused
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
ORION = pathlib.Path(__file__).resolve().parent / "orion"
HOWS = ("refused", "differs", "skipped")
VOLATILE_HEADERS = ("date", "connection", "content-length")
TIMEOUT_SECONDS = 30


class Later:
    """The exchanges that are out of scope, and which of them were met."""

    def __init__(self, path):
        self.rows = {}
        for number, line in enumerate(read_lines(path), 1):
            if not line.strip() or line.startswith("#"):
                continue
            parts = [part.strip() for part in line.split("|", 3)]
            if len(parts) != 4 or parts[2] not in HOWS or not parts[3]:
                sys.exit("%s:%d: file | exchange | %s | reason" % (path, number, " or ".join(HOWS)))
            self.rows[(parts[0], parts[1])] = parts[2]
        self.met = set()

    def how(self, file_name, exchange):
        key = (file_name, exchange)
        if key in self.rows:
            self.met.add(key)
        return self.rows.get(key)

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


def faults_of(exchange, how, base, names):
    """What is wrong with the answer to one exchange."""
    answer = send(base, exchange["request"], names)
    if how == "refused":
        return [] if answer[0] >= 400 else ["must be refused, got %d %s" % (answer[0], answer[2][:200])]
    found = differences(exchange, answer, names)
    if how == "differs":
        return [] if found else ["is listed as different and is equal"]
    return found


def exchanges_of(path):
    recording = json.loads(path.read_text(encoding="utf-8"))
    text = json.dumps(recording["exchanges"], ensure_ascii=False)
    service = recording["service"]
    return json.loads(text.replace(service, service + os.urandom(3).hex()))


def replay(path, base, later, verbose):
    """Returns (passed, failed, counts of what is out of scope)."""
    passed, failed, outside, names = 0, 0, dict.fromkeys(HOWS, 0), Names()
    for exchange in exchanges_of(path):
        how = later.how(path.name, exchange["name"])
        if how:
            outside[how] += 1
        if how == "skipped":
            continue
        try:
            faults = faults_of(exchange, how, base, names)
        except ConnectionRefusedError:
            sys.exit("nothing listens at %s" % base.geturl())
        except (OSError, http.client.HTTPException) as error:
            faults = ["no answer: %r" % error]
        for fault in faults if verbose else faults[:2]:
            print("%s | %s | %s" % (path.name, exchange["name"], fault))
        failed += bool(faults)
        passed += not faults and not how
    return passed, failed, outside


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base_url", nargs="?", default=os.environ.get("MUSUBI_URL", ""))
    parser.add_argument("files", nargs="*", type=pathlib.Path, default=sorted(ORION.glob("*.json")))
    parser.add_argument("--list", type=pathlib.Path, default=ORION / "later.txt", help="exchanges that are out of scope")
    parser.add_argument("--verbose", action="store_true", help="every difference, not two for each exchange")
    arguments = parser.parse_args()
    base = urllib.parse.urlsplit(arguments.base_url)
    if not base.hostname:
        parser.error("no BASE_URL and no MUSUBI_URL")
    later = Later(arguments.list)
    passed, failed, outside = 0, 0, dict.fromkeys(HOWS, 0)
    for path in arguments.files:
        file_passed, file_failed, file_outside = replay(path, base, later, arguments.verbose)
        print("%s: %d passed, %d failed, out of scope: %s" % (
            path.name, file_passed, file_failed, ", ".join("%d %s" % (n, how) for how, n in file_outside.items())))
        passed, failed = passed + file_passed, failed + file_failed
        outside = {how: outside[how] + file_outside[how] for how in HOWS}
    for file_name, exchange in later.unmet({path.name for path in arguments.files}):
        print("%s | %s | is listed but was not recorded" % (file_name, exchange))
        failed += 1
    print("out of scope: " + ", ".join("%d %s" % (n, how) for how, n in outside.items()))
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
