"""Thread sanitizer on the whole server: services, citizens and writers at once on one node of the `tsan` build, and a stop
while they ask. Its libraries are not instrumented, so the store is SQLite, whose locks the sanitizer sees."""
import argparse
import os
import pathlib
import sys
import tempfile
import time

os.environ.setdefault("FAULT_PRESET", "tsan")
import fault_city  # noqa: E402  pylint: disable=wrong-import-position
from client import Checks  # noqa: E402  pylint: disable=wrong-import-position


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=10)
    arguments = parser.parse_args()
    checks = Checks()
    os.environ["TSAN_OPTIONS"] = "exitcode=66"
    with tempfile.TemporaryDirectory(prefix="musubi-races-") as name:
        with fault_city.town(pathlib.Path(name), fault_city.fault_options()) as (place, _):
            load = fault_city.callers(place, walkers=4) + fault_city.callers(place, walkers=0)
            for caller in load:
                caller.start()
            time.sleep(arguments.seconds)  # the load itself
            for caller in load:
                caller.end()
            answers = [status for caller in load for status, _ in caller.answers]
            checks.equal(set(answers) - {200, 204}, set(), "all were served")
            checks.that(len(answers) > 100, "there was load: %d answers" % len(answers))
        said = place.node.log_path.read_text(errors="replace")
        checks.equal(said.count("WARNING: ThreadSanitizer"), 0, "no race %s" % said[:4000])
        print("%d answers under the thread sanitizer" % len(answers))
    return checks.close()


if __name__ == "__main__":
    sys.exit(main())
