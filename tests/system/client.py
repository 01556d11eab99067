"""A small HTTP client and check counter for the system tests: they see Musubi as its users do, from outside."""
import http.client
import json
import os
import pathlib
import sys
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "harness"))
import city  # noqa: E402  pylint: disable=wrong-import-position


class Answer:
    def __init__(self, status, headers, raw):
        self.status, self.headers, self.raw = status, headers, raw

    @property
    def body(self):
        try:
            return json.loads(self.raw)
        except ValueError:
            return None

    def __repr__(self):
        return "%d %s" % (self.status, self.raw[:300].decode("utf-8", "replace"))


class Client:
    """One keep-alive connection to one base URL; reconnects when the server closed it."""

    def __init__(self, url, token=None, tenant=None, timeout=10):
        self.url, self.token, self.tenant, self.timeout = url, token, tenant, timeout
        parts = urllib.parse.urlsplit(url)
        self.connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout)

    def request(self, method, path, body=None, headers=None, raw=None):
        sent = dict(headers or {})
        if self.token is not None:
            sent.setdefault("Authorization", "Bearer " + self.token)
        if self.tenant is not None:
            sent.setdefault("Fiware-Service", self.tenant)
        data = raw if raw is not None else None if body is None else json.dumps(body).encode()
        if data is not None:
            sent.setdefault("Content-Type", "application/json")
        for attempt in (1, 2):
            try:
                self.connection.request(method, path, body=data, headers=sent)
                response = self.connection.getresponse()
                return Answer(response.status, dict((k.lower(), v) for k, v in response.getheaders()), response.read())
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
                self.connection.close()
                if attempt == 2 or method != "GET":
                    raise

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def post(self, path, body=None, **options):
        return self.request("POST", path, body=body, **options)

    def patch(self, path, body=None, **options):
        return self.request("PATCH", path, body=body, **options)


class Checks:
    """Counts what held and what did not; the closing line is what ./dev test reads."""

    def __init__(self):
        self.passed, self.failed = 0, 0

    def that(self, condition, what, seen=""):
        if condition:
            self.passed += 1
        else:
            self.failed += 1
            print("FAILED: %s %s" % (what, seen), flush=True)
        return condition

    def equal(self, seen, expected, what):
        return self.that(seen == expected, what, "\n   expected %r\n   seen     %r" % (expected, seen))

    def close(self):
        print("%d passed, %d failed" % (self.passed, self.failed), flush=True)
        return 0 if self.failed == 0 and self.passed > 0 else 1


def wait_until(condition, seconds=10):
    """The first true value of condition(), or its last value when the time is up."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value or time.monotonic() > deadline:
            return value
        time.sleep(0.05)


def run_folder():
    return pathlib.Path(os.environ["MUSUBI_RUN"])


def base_url():
    return os.environ["MUSUBI_URL"]


def service(name, purpose=None, url=None):
    """A client of a service with a token for its one purpose (its registered one unless told otherwise)."""
    url = url or base_url()
    purpose = city.SERVICES[name][0] if purpose is None else purpose
    return Client(url, city.fetch_token(run_folder(), url, name, purpose or None))


def citizen(url=None):
    return Client(url or base_url(), os.environ["MUSUBI_CITIZEN_TOKEN"])


def truth():
    """What the demo city was made of, in clear; written by `vaultctl demo --truth-file`."""
    return json.loads((run_folder() / "truth.json").read_text())
