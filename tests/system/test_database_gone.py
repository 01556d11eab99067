"""The database goes away under load, frozen or killed: every request is answered within three seconds, open data and
personal data are back within five once it is there, and every write that was acknowledged is kept. Requirement: R-T7."""
import argparse
import pathlib
import signal
import sys
import tempfile
import time

import fault_city
from client import Checks
from fault_city import RECOVERY_SECONDS, fault_options, town

ALLOWED = (200, 204, 503)


def loaded(place, checks, what, seconds, away, back):
    """Load, the database away for so long, load again."""
    load = fault_city.callers(place)
    for caller in load:
        caller.start()
    time.sleep(0.5)  # some load before, not a wait for a condition
    away()
    time.sleep(seconds)  # as long as it is away
    back()
    after = place.seconds_to_recover()
    checks.that(after < RECOVERY_SECONDS, "%s: back" % what, "after %.1f s" % after)
    marks = [len(caller.answers) for caller in load]
    time.sleep(1)  # and some load after
    for caller in load:
        caller.end()
    counts = fault_city.check_answers(checks, what, load, ALLOWED)
    checks.that(counts.get(503, 0) > 0, "%s: it was felt" % what)
    lately = {status for caller, mark in zip(load, marks) for status, _ in caller.answers[mark + 1:]}
    checks.that(lately and lately <= {200, 204}, "%s: everybody is served afterwards" % what, lately)
    for walker in load[-2:]:
        checks.that(walker.holds_what_was_said(place.kenko), "%s: acknowledged writes are kept" % what,
                    (walker.acknowledged, walker.unknown))
        checks.that(walker.acknowledged > 0, "%s: there were writes" % what)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=10, help="how long the database is away each time")
    arguments = parser.parse_args()
    checks = Checks()
    with tempfile.TemporaryDirectory(prefix="musubi-gone-") as name:
        with town(pathlib.Path(name), fault_options("mongodb", durable=True)) as (place, server):
            loaded(place, checks, "frozen", arguments.seconds, lambda: server.signal(signal.SIGSTOP),
                   lambda: server.signal(signal.SIGCONT))
            loaded(place, checks, "killed", arguments.seconds, server.kill, server.start)
    return checks.close()


if __name__ == "__main__":
    sys.exit(main())
