"""The edge under load and at its end: 900 slow connections beside normal requests through nginx, the figures of
/metrics, limits that bite, failures that have to wait, and an orderly stop with a request under way.

Runs on a demo city: ./dev with-demo -- python3 tests/system/test_edge.py [--seconds N]
"""
import argparse
import asyncio
import contextlib
import http.client
import json
import os
import pathlib
import resource
import socket
import sys
import threading
import time
import urllib.error
import urllib.parse

import client
import nginx_front
from client import Checks, city, service, truth

SLOW_CONNECTIONS, WORKERS, REQUESTS_A_SECOND = 900, 10, 50
HEAD = b"POST /v2/entities HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"


def build_folder():
    return pathlib.Path(os.environ["MUSUBI_BUILD"])


def start_node(name, *flags, listen="127.0.0.1:0"):
    return city.Node(client.run_folder(), build_folder(), name, listen=listen, extra=list(flags))


# --- slow callers beside normal ones ---------------------------------------------------------------------------------


async def slow_caller(number, port, context, until):
    """Half of them never finish their head, half their body; a few bytes at a time, from many addresses."""
    lives = 0
    while time.monotonic() < until:
        with contextlib.suppress(OSError, asyncio.TimeoutError):
            _, writer = await asyncio.wait_for(asyncio.open_connection(
                "127.0.0.1", port, ssl=context, local_addr=("127.0.%d.%d" % (1 + number // 200, 1 + number % 200), 0)), 30)
            lives += 1
            writer.write(b"GET /version HTTP/1.1\r\nHost: h\r\n" if number % 2 else HEAD + b"Content-Length: 100000\r\n\r\n")
            while time.monotonic() < until and not writer.is_closing():
                writer.write(b"A: b\r\n" if number % 2 else b"xxxx")
                await writer.drain()
                await asyncio.sleep(2)
            writer.close()
    return lives


async def slow_callers(port, seconds, ready):
    context, until = nginx_front.client_context(), time.monotonic() + seconds + 15
    tasks = [asyncio.create_task(slow_caller(i, port, context, until)) for i in range(SLOW_CONNECTIONS)]
    await asyncio.sleep(10)  # handshakes of 900; from here on the normal requests are timed
    ready.set()
    return sum(await asyncio.gather(*tasks))


def normal_caller(port, until, times, failures):
    connection = http.client.HTTPSConnection("127.0.0.1", port, context=nginx_front.client_context(), timeout=10)
    while time.monotonic() < until:
        start = time.monotonic()
        try:
            connection.request("GET", "/v2/entities?type=AED&limit=5")
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                failures.append(answer.status)
        except (OSError, http.client.HTTPException) as error:
            failures.append(repr(error))
            connection.close()
        times.append(time.monotonic() - start)
        time.sleep(max(0, WORKERS / REQUESTS_A_SECOND - (time.monotonic() - start)))


def check_slow_callers(checks, port, seconds):
    ready, lives = threading.Event(), []
    slow = threading.Thread(target=lambda: lives.append(asyncio.run(slow_callers(port, seconds, ready))))
    slow.start()
    ready.wait(60)
    times, failures = [], []
    until = time.monotonic() + seconds
    normal = [threading.Thread(target=normal_caller, args=(port, until, times, failures)) for _ in range(WORKERS)]
    for thread in normal:
        thread.start()
    for thread in [*normal, slow]:
        thread.join()
    times.sort()
    p99 = times[int(len(times) * 0.99)]
    print("%d normal requests beside %d slow connections at a time (%d in all): p50 %.0f ms, p99 %.0f ms" % (
        len(times), SLOW_CONNECTIONS, lives[0], times[len(times) // 2] * 1000, p99 * 1000))
    checks.equal(failures, [], "every normal request is answered")
    checks.that(lives[0] >= SLOW_CONNECTIONS, "slow ones were there", lives)
    checks.that(len(times) >= REQUESTS_A_SECOND * seconds * 0.8, "normal ones came in time", len(times))
    checks.that(p99 < 1, "p99 of the normal ones", p99)


# --- /metrics --------------------------------------------------------------------------------------------------------


def series(url, name):
    text = client.Client(url).get("/metrics").raw.decode()
    return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith(name)}


def check_metrics(checks):
    url = client.base_url()
    me = truth()["citizens"][0]
    path = "/v2/entities/urn:ngsi-ld:Person:" + me["users"]["kenko"]
    label = 'musubi_http_requests_total{method="GET",route="/v2/entities/{id}",class="2xx"}'
    before = series(url, label).get(label, 0)
    kenko = service("kenko")
    for _ in range(3):
        checks.equal(kenko.get(path).status, 200, "read")
    checks.equal(series(url, label)[label] - before, 3, "counted by the route's pattern")
    client.Client(url).get("/v2/entities/" + "x" * 300)
    client.Client(url, token="A" * 43).get("/v2/entities")
    text = client.Client(url).get("/metrics").raw.decode()
    checks.that('musubi_http_refusals_total{reason="TOKEN_INVALID"}' in text, "refusals by reason")
    checks.that(len(text.splitlines()) < 2000, "bounded", len(text.splitlines()))
    for secret in (me["users"]["kenko"], "kenko", "Person:", "xxx", kenko.token):
        checks.that(secret not in text, "nothing personal and no client", secret)
    checks.equal(client.Client(url).get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status, 401, "not by a proxy")


# --- limits and waits ------------------------------------------------------------------------------------------------


def statuses_of(requester, path, count):
    seen = [requester.get(path) for _ in range(count)]
    return [answer.status for answer in seen], seen


def check_limits(checks):
    node = start_node("limited", "--rate-client=5", "--budget-hour=2", "--metrics-clients=sdgs")
    try:
        sdgs, kenko = service("sdgs", url=node.url), service("kenko", url=node.url)
        statuses, answers = statuses_of(sdgs, "/v2/types", 15)
        checks.equal((statuses[:10], 429 in statuses), ([200] * 10, True), "a burst of ten at five a second")
        late = next(answer for answer in answers if answer.status == 429)
        checks.equal((late.headers.get("retry-after"), late.body["error"]), ("1", "TooManyRequests"), "when to come again")
        checks.equal(sdgs.get("/metrics").status, 200, "who watches is not counted")
        checks.equal(kenko.get("/metrics").status, 403, "and is named in the configuration")
        people = [person["users"]["kenko"] for person in truth()["citizens"] if "kenko" in person["users"]]
        whole = kenko.get("/v2/entities?type=Person&limit=50")
        checks.equal((whole.status, whole.body["error"]), (403, "Forbidden"), "more persons than the budget has")
        checks.equal(kenko.get("/v2/entities?type=Person&limit=2").status, 200, "as many as it has")
        checks.equal(kenko.get("/v2/entities?type=Person&limit=2").status, 200, "the same ones again")
        checks.that(len(people) > 2, "there are more")
        checks.that("DATA_BUDGET" in node.log_path.read_text(), "the process log warns")
    finally:
        checks.equal(node.stop(), 0, "stops in order")


def check_waits(checks):
    """Five failed proofs are free; then the client waits where it failed, and others don't."""
    url, statuses = client.base_url(), []
    for _ in range(7):
        try:
            city.post_form(url + "/oauth2/token", {"grant_type": "client_credentials", "client_id": "tourist-passport",
                                                   "client_secret": "guess"})
        except urllib.error.HTTPError as refused:
            statuses.append((refused.code, refused.headers.get("Retry-After")))
    checks.equal(statuses, [(401, None)] * 6 + [(429, "1")], "the wait begins")
    checks.that(service("kenko").token, "others don't wait")
    client.wait_until(lambda: False, 1.1)
    checks.that(service("tourist-passport").token, "and it ends")


def check_open_client(checks):
    """A client with a secret: open data, never a purpose."""
    run, url = client.run_folder(), client.base_url()
    secret = city.vaultctl(build_folder(), run, "service add-open", "--id=map", "--name=地図").strip()
    checks.equal(len(secret), 43, "256 bits")
    form = {"grant_type": "client_credentials", "client_id": "map", "client_secret": secret}
    token = city.post_form(url + "/oauth2/token", form)["access_token"]
    reader = client.Client(url, token)
    checks.equal(reader.get("/v2/entities?type=AED&limit=1").status, 200, "open data")
    checks.equal(reader.get("/v2/entities?type=Person").status, 403, "nothing personal")
    try:
        city.post_form(url + "/oauth2/token", {**form, "scope": "purpose:tourism"})
        checks.that(False, "a purpose for a secret")
    except urllib.error.HTTPError as refused:
        checks.equal((refused.code, json.load(refused)["error"]), (400, "invalid_scope"), "no purpose for a secret")


def check_purposes(checks):
    """Whatever route leads to personal data, a token without a purpose gets none of it."""
    kenko, name = service("kenko", purpose=""), truth()["citizens"][0]["users"]["kenko"]
    path = "/v2/entities/urn:ngsi-ld:Person:" + name
    attribute = path + "/attrs/familyName"
    routes = [("GET", "/v2/entities?type=Person", None), ("GET", path + "?type=Person", None),
              ("GET", path + "/attrs?type=Person", None), ("GET", attribute + "?type=Person", None),
              ("GET", attribute + "/value?type=Person", None), ("GET", "/v2/types/Person", None),
              ("DELETE", path + "?type=Person", None), ("DELETE", attribute + "?type=Person", None),
              ("PATCH", path + "/attrs?type=Person", {"familyName": {"value": "x"}}),
              ("PUT", path + "/attrs?type=Person", {"familyName": {"value": "x"}}),
              ("POST", path + "/attrs?type=Person", {"familyName": {"value": "x"}}),
              ("PUT", attribute + "?type=Person", {"value": "x"}),
              ("PUT", attribute + "/value?type=Person", ["x"]),
              ("POST", "/v2/op/query", {"entities": [{"idPattern": ".*", "type": "Person"}]}),
              ("POST", "/v2/op/update", {"actionType": "append", "entities": [
                  {"id": "urn:ngsi-ld:Person:" + name, "type": "Person", "familyName": {"value": "x"}}]}),
              ("POST", "/v2/entities", {"id": "urn:ngsi-ld:Person:" + name, "type": "Person"})]
    for method, target, body in routes:
        answer = kenko.request(method, target, body=body)
        checks.that(answer.status == 403, "without a purpose: %s %s" % (method, target), answer)


# --- stopping --------------------------------------------------------------------------------------------------------


def hold_request(url, token, body):
    """A request whose body is not complete yet."""
    address = urllib.parse.urlsplit(url)
    wire = socket.create_connection((address.hostname, address.port), timeout=10)
    wire.sendall(HEAD + b"Authorization: Bearer " + token.encode() + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body[:5])
    return wire


def is_refusing(url):
    address = urllib.parse.urlsplit(url)
    try:
        with socket.create_connection((address.hostname, address.port), timeout=1) as wire:
            wire.sendall(b"GET /version HTTP/1.1\r\nHost: h\r\n\r\n")
            return wire.recv(1) == b""
    except OSError as error:
        return not isinstance(error, TimeoutError)


def check_drain(checks):
    node = start_node("draining")
    token = service("sdgs", url=node.url).token
    body = json.dumps({"id": "drained", "type": "AED"}).encode()
    client.wait_until(lambda: series(node.url, "musubi_http_requests_under_way"))
    wire = hold_request(node.url, token, body)
    checks.that(client.wait_until(lambda: series(node.url, "musubi_http_requests_under_way") == {
        "musubi_http_requests_under_way": 2.0}), "one is held, one asks")
    node.process.terminate()
    checks.that(client.wait_until(lambda: is_refusing(node.url)), "nobody new is let in")
    checks.equal(node.process.poll(), None, "the held one is waited for")
    wire.sendall(body[5:])
    answer = wire.recv(65536)
    checks.that(answer.startswith(b"HTTP/1.1 201") and b"connection: close" in answer.lower(), "and answered", answer)
    checks.equal(node.stop(), 0, "then it ends well")
    checks.equal(service("sdgs").get("/v2/entities/drained?type=AED").status, 200, "what was answered is done")


def check_drain_has_an_end(checks):
    node = start_node("stuck")
    wire = hold_request(node.url, service("sdgs", url=node.url).token, b"x" * 100)
    client.wait_until(lambda: series(node.url, "musubi_http_requests_under_way") == {
        "musubi_http_requests_under_way": 2.0})
    start = time.monotonic()
    checks.equal(node.stop(), 0, "a caller that never ends does not keep it")
    checks.that(time.monotonic() - start < 8, "for longer than some seconds", time.monotonic() - start)
    wire.close()


def check_away(checks, port):
    """nginx says in the API's words that nobody is there."""
    connection = http.client.HTTPSConnection("127.0.0.1", port, context=nginx_front.client_context(), timeout=10)
    connection.request("GET", "/v2/entities")
    answer = connection.getresponse()
    checks.equal((answer.status, answer.getheader("Retry-After"), json.load(answer)["error"]),
                 (503, "1", "ServiceUnavailable"), "away")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=8, help="of normal requests beside the slow ones")
    options = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 8192), most))
    checks = Checks()
    check_metrics(checks)
    check_limits(checks)
    check_waits(checks)
    check_open_client(checks)
    check_purposes(checks)
    check_drain(checks)
    check_drain_has_an_end(checks)
    socket_path = client.run_folder() / "http.sock"
    node = start_node("edge", "--trusted-proxies=unix", listen="unix:%s" % socket_path)
    with nginx_front.front(client.run_folder(), socket_path) as port:
        check_slow_callers(checks, port, options.seconds)
        checks.equal(node.stop(), 0, "stops in order")
        check_away(checks, port)
    return checks.close()


if __name__ == "__main__":
    sys.exit(main())
