"""What the operating system gives ends: too many callers, too few descriptors, little memory, a stop in the middle of a
request. Each caller gets its answer or a polite 503, nobody waits longer than three seconds. Requirement: R-T9, R-T11."""
import argparse
import concurrent.futures
import pathlib
import resource
import signal
import socket
import sys
import tempfile
import threading
import time
import urllib.parse

import client
import fault_city
from client import Checks, city
from fault_city import ANSWER_SECONDS, BUILD, NO_LIMITS, Town, fault_options

CAPACITY = 4
REFUSED_PAUSE = 0.05  # of a caller that was told to come back later; it is told whole seconds
LOADS = (lambda place, n: place.person(n), lambda place, n: "/v2/entities?type=Person&limit=10",
         lambda place, n: "/v2/entities?type=AED&limit=10")


def hammer(place, callers, seconds):
    """So many callers; (status, seconds) of each request, and goodput a second."""
    end = time.monotonic() + seconds

    def one(number):
        mine, kept = client.Client(place.url, place.token, timeout=10), []
        while time.monotonic() < end:
            start = time.monotonic()
            status = mine.get(LOADS[number % len(LOADS)](place, number + len(kept))).status
            kept.append((status, time.monotonic() - start))
            if status == 503:
                time.sleep(REFUSED_PAUSE)
        return kept
    with concurrent.futures.ThreadPoolExecutor(callers) as pool:
        answers = [a for batch in pool.map(one, range(callers)) for a in batch]
    return answers, sum(status == 200 for status, _ in answers) / seconds


def check_overload(checks, place, seconds):
    """Ten times as many callers as it takes: each is served or refused, in time. How much of the peak is still served is
    measured by the bench, whose callers are no Python threads."""
    _, peak = hammer(place, CAPACITY, seconds)
    answers, goodput = hammer(place, 10 * CAPACITY, seconds)
    print("overload: peak %.0f/s, goodput %.0f/s at ten times the callers, %d refused" % (
        peak, goodput, sum(status == 503 for status, _ in answers)), flush=True)
    checks.equal({status for status, _ in answers} - {200, 503}, set(), "overload: served or refused")
    checks.that(max(s for _, s in answers) < ANSWER_SECONDS, "overload: within %.0f s" % ANSWER_SECONDS)
    checks.that(goodput > 0, "overload: some are served")
    start = time.monotonic()
    checks.that(client.wait_until(place.is_well, 10), "overload: over when the callers are gone")
    checks.that(time.monotonic() - start < 10, "overload: soon")


def connect(url):
    parts = urllib.parse.urlsplit(url)
    return socket.create_connection((parts.hostname, parts.port), timeout=10)


def check_few_descriptors(checks, run):
    """With 48 descriptors and 200 connections: no crash, and everybody is served once the others are gone."""
    limit = ["prlimit", "--nofile=48:48"]
    node = city.Node(run, BUILD, "node1", extra=NO_LIMITS, wrapper=limit)
    try:
        place = Town(run, node)
        held = []
        for _ in range(200):
            try:
                held.append(connect(node.url))
            except OSError:
                break
        checks.that(len(held) > 48, "descriptors: more callers than descriptors", len(held))
        checks.equal(node.process.poll(), None, "descriptors: it runs on")
        for one in held:
            one.close()
        checks.that(place.seconds_to_recover() < fault_city.RECOVERY_SECONDS, "descriptors: served again")
        answers, _ = hammer(place, 8, 1)
        checks.equal({status for status, _ in answers} - {200, 503}, set(), "descriptors: served or refused")
    finally:
        stopped = node.stop()
    checks.equal(stopped, 0, "descriptors: an orderly end")


def check_too_few_to_start(checks, run):
    """What can't work is refused at the start, in words."""
    try:
        node = city.Node(run, BUILD, "node1", wrapper=["prlimit", "--nofile=8:8"])
        node.stop()
        checks.that(False, "8 descriptors are refused")
    except city.HarnessError as error:
        checks.that("ended with" in str(error) and "Sanitizer" not in str(error), "8 descriptors are refused", error)


def half_a_request(url, token, body):
    held = connect(url)
    held.sendall(("POST /v2/op/query HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n"
                  "Content-Length: %d\r\n\r\n" % (token, len(body))).encode() + body[:20])
    return held


def check_stop(checks, run):
    """SIGTERM while a request is half sent and others run: those in flight are answered, new ones find nobody, the process
    ends by itself."""
    node = city.Node(run, BUILD, "node1", extra=NO_LIMITS)
    place = Town(run, node)
    body = b'{"entities":[{"idPattern":".*","type":"Person"}],"expression":{"q":"postalCode"}}'
    load = fault_city.callers(place)
    for caller in load:
        caller.start()
    held = half_a_request(node.url, place.token, body)
    client.wait_until(lambda: all(len(caller.answers) > 2 for caller in load))
    stopper = threading.Thread(target=node.process.send_signal, args=(signal.SIGTERM,))
    stopper.start()
    held.sendall(body[20:])
    start = time.monotonic()
    try:
        first = held.recv(65536)
    except OSError:
        first = b""
    checks.that(first[:12] in (b"HTTP/1.1 200", b"HTTP/1.1 503", b""), "stop: the held request", first[:200])
    checks.that(time.monotonic() - start < ANSWER_SECONDS, "stop: nobody waits")
    checks.equal(node.process.wait(city.START_SECONDS), 0, "stop: by itself")
    for caller in load:
        caller.end()
    statuses = {status for caller in load for status, _ in caller.answers}
    checks.equal(statuses - {200, 204, 503}, set(), "stop: every answer was whole")
    again = city.Node(run, BUILD, "node1", extra=NO_LIMITS)
    place.url, place.kenko = again.url, client.Client(again.url, place.token)
    for walker in load[-2:]:
        checks.that(walker.holds_what_was_said(place.kenko), "stop: acknowledged writes are kept",
                    (walker.acknowledged, walker.unknown))
    checks.equal(again.stop(), 0, "and it starts again")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=4, help="of each load")
    arguments = parser.parse_args()
    checks = Checks()
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, max(4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1])))
    with tempfile.TemporaryDirectory(prefix="musubi-limits-") as name:
        run = pathlib.Path(name)
        extra = NO_LIMITS + ("--requests-max=%d" % (2 * CAPACITY),)
        with fault_city.town(run, fault_options(), extra=extra) as (place, _):
            check_overload(checks, place, arguments.seconds)
        check_few_descriptors(checks, run)
        check_too_few_to_start(checks, run)
        check_stop(checks, run)
    return checks.close()


if __name__ == "__main__":
    sys.exit(main())
