"""`./dev test` and `./dev soak`: every suite with its count and minutes, and one closing line.

A suite is a ctest label of the sanitizer build, or a command on a demo city. Python 3.11, standard library only.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(os.environ.get("MUSUBI_ROOT", pathlib.Path(__file__).resolve().parents[2]))
ASAN = ROOT / "build" / "asan"
PLAIN = ROOT / "build" / "dev"
TSAN = ROOT / "build" / "tsan"
# What a sanitizer hides: keys in memory and locked pages. These run in a plain build too.
PLAIN_TESTS = ["test_memory_hygiene", "test_secret"]
# Tests with several threads, for the thread sanitizer. MongoDB's driver is not built with it, so the store is SQLite.
THREAD_TESTS = ["test_access_log", "test_log_projection", "test_log_line", "test_key_slab", "test_key_cache",
                "test_keyring", "test_store_sqlite", "test_store_contract", "test_lease", "test_migrate",
                "test_embedded_half", "test_embedded_write", "test_gate_citizen", "test_gate_write_batch",
                "test_gate_write_together", "test_server_limits", "test_rate_limit"]
CTEST_LABELS = ["lint", "unit", "policy", "contract", "property", "fault", "fuzz"]


def run(command, **options):
    return subprocess.run(command, stdin=subprocess.DEVNULL, check=False, **options)



def build(preset, *targets):
    print("building %s" % " ".join((preset, *targets)), flush=True)
    done = run(["bash", str(ROOT / "dev"), "build", preset, *targets], cwd=ROOT)
    if done.returncode != 0:
        sys.exit(1)


def count_of(output):
    """(passed, failed) from ctest's summary or a closing line `N passed, N failed`; the last one counts."""
    found = re.findall(r"(\d+)% tests passed, (\d+) tests failed out of (\d+)", output)
    if found:
        _, failed, total = found[-1]
        return int(total) - int(failed), int(failed)
    found = re.findall(r"(\d+) requests in .* (\d+) differences", output)
    if found:
        return int(found[-1][0]), int(found[-1][1])
    found = re.findall(r"\[ +PASSED +\] (\d+) test", output)
    if found:
        return int(found[-1]), len(re.findall(r"\[ +FAILED +\] \w+\n", output))
    found = re.findall(r"(\d+) passed, (\d+) failed", output)
    return (int(found[-1][0]), int(found[-1][1])) if found else (0, 0)


def run_suite(name, command):
    """One suite; its output is shown when it failed. A suite that ran nothing has failed."""
    start = time.monotonic()
    done = run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    passed, failed = count_of(done.stdout)
    if done.returncode != 0 and failed == 0:
        failed = 1
    if passed + failed == 0:
        failed = 1
    minutes = (time.monotonic() - start) / 60
    if failed:
        print(done.stdout[-20000:], flush=True)
    print("%-28s %5d passed, %3d failed  %5.1f min" % (name, passed, failed, minutes), flush=True)
    return passed, failed


def ctest(label):
    return ["ctest", "--test-dir", str(ASAN), "-L", "^%s$" % label, "--output-on-failure", "--no-tests=error", "-j", "2"]


def on_demo(script, *demo_options, arguments=()):
    """A Python test that talks to a fresh demo city run by the sanitizer build."""
    return [sys.executable, "-B", str(ROOT / "tests/harness/city.py"), "with-demo", "--build", "asan", *demo_options,
            "--", sys.executable, "-B", str(ROOT / script), *arguments]


def python(script, *arguments):
    return [sys.executable, "-B", str(ROOT / script), *arguments]


def in_source(program, *arguments):
    """One test program alone, with the share of the work asked for."""
    return ["env", "MUSUBI_SOURCE=%s" % ROOT, str(ASAN / "bin" / program), *arguments]


def view_oracle(*arguments):
    return in_source("test_view_oracle", *arguments)


def test_suites():
    suites = [(label, ctest(label)) for label in CTEST_LABELS]
    if shutil.which("go"):
        suites.append(("interop", ctest("interop")))
    else:
        print("interop: left out, there is no Go here to verify the log with an implementation that is not ours")
    suites += [
        ("without sanitizers", ["ctest", "--test-dir", str(PLAIN), "-R", "^(%s)$" % "|".join(PLAIN_TESTS),
                                "--output-on-failure", "--no-tests=error"]),
        ("golden", on_demo("tests/golden/run_golden.py", "--open", "--no-open-data")),
        ("golden through a proxy", on_demo("tests/golden/run_golden.py", "--open", "--no-open-data",
                                           "--orion", "embedded")),
        ("slice before a broker", on_demo("tests/system/test_slice.py", "--orion", "embedded")),
        ("nothing personal goes up", python("tests/system/test_promise1.py")),
        ("slice on sqlite", on_demo("tests/system/test_slice.py")),
        ("slice on mongodb", on_demo("tests/system/test_slice.py", "--store", "mongodb", "--citizens", "40")),
        ("two nodes on sqlite", on_demo("tests/system/test_two_nodes.py", "--nodes", "2", "--citizens", "60")),
        ("two nodes on mongodb", on_demo("tests/system/test_two_nodes.py", "--nodes", "2", "--store", "mongodb",
                                         "--citizens", "40")),
        ("bad input", on_demo("tests/system/test_bad_input.py", "--citizens", "20")),
        ("hostile texts on sqlite", on_demo("tests/system/test_injection.py", "--citizens", "20")),
        ("hostile texts on mongodb", on_demo("tests/system/test_injection.py", "--store", "mongodb", "--citizens", "20",
                                             arguments=("--share", "25"))),
        ("costly patterns", on_demo("tests/system/test_patterns.py", "--open", "--citizens", "20")),
        ("malformed requests", on_demo("tests/system/test_malformed.py", "--citizens", "20")),
        ("the edge under load", on_demo("tests/system/test_edge.py", "--citizens", "20")),
        ("start and readiness", python("tests/system/test_start.py")),
        ("order of log and answer", python("tests/system/test_order.py")),
        ("data at rest", python("tests/system/test_at_rest.py")),
        ("kill -9 under load", python("tests/system/test_kill.py", "--kills", "100")),
        ("kill -9 on mongodb", python("tests/system/test_kill.py", "--kills", "5", "--store", "mongodb")),
        ("a full disk", python("tests/system/test_disk_full.py")),
        ("the database gone", python("tests/system/test_database_gone.py")),
        ("limits and a stop", python("tests/system/test_limits.py")),
        ("views tell nothing hidden", python("tests/property/test_views.py")),
        ("readme", python("tests/system/test_readme.py")),
    ]
    return suites


def soak_suites():
    return [
        ("threads", ["ctest", "--test-dir", str(TSAN), "-R", "^(%s)$" % "|".join(THREAD_TESTS), "--output-on-failure",
                     "--no-tests=error"]),
        ("no races under load", python("tests/system/test_races.py", "--seconds", "60")),
        ("the database gone", python("tests/system/test_database_gone.py", "--seconds", "30")),
        ("every schedule of the log", in_source("test_log_schedules", "--all")),
        ("every call may fail", in_source("test_request_faults", "--all")),
        ("kill -9 under load", python("tests/system/test_kill.py", "--kills", "500")),
        ("the edge under load", on_demo("tests/system/test_edge.py", "--citizens", "20",
                                        arguments=("--seconds", "300"))),
        ("answers depend on the view", view_oracle("--requests", "100000", "--seed", str(time.time_ns() % 10**9))),
        ("the same on mongodb", python("tests/mongodb/with_mongodb.py", "--prepare", "musubi_test", "--",
                                       *view_oracle("--requests", "5000"))),
        ("views tell nothing hidden", python("tests/property/test_views.py", "--requests", "5000", "--citizens", "60")),
        ("kill -9 on mongodb", python("tests/system/test_kill.py", "--kills", "100", "--store", "mongodb")),
        ("hostile texts on mongodb", on_demo("tests/system/test_injection.py", "--store", "mongodb", "--citizens", "20",
                                             arguments=("--share", "2"))),
        ("data at rest", python("tests/system/test_at_rest.py", "--citizens", "10000")),
    ]


def main(arguments):
    kind = arguments[0] if arguments else "test"
    wanted = arguments[1:]
    start = time.monotonic()
    build("asan")
    if kind == "test":
        build("dev", *PLAIN_TESTS)
    else:
        build("tsan", *THREAD_TESTS, "store_worker", "ngsi-proxy", "vaultctl")
    suites = test_suites() if kind == "test" else soak_suites()
    if wanted:
        suites = [suite for suite in suites if any(word in suite[0] for word in wanted)]
    totals = [run_suite(name, command) for name, command in suites]
    passed, failed = sum(t[0] for t in totals), sum(t[1] for t in totals)
    print("%.1f minutes, build included" % ((time.monotonic() - start) / 60))
    print("%d passed, %d failed" % (passed, failed), flush=True)
    return 0 if failed == 0 and passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
