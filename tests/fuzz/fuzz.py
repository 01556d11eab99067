"""`./dev fuzz [TARGET…] [--runs N]`: each target in libFuzzer under ASan and UBSan from its committed corpus.

A finding ends the run with libFuzzer's own report and the input that caused it; add that input to the corpus with the mend.
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = ROOT / "build" / "fuzz" / "bin"


def run_target(program, runs):
    corpus = ROOT / "tests" / "fuzz" / "corpus" / program.name.removeprefix("fuzz_")
    with tempfile.TemporaryDirectory(prefix="musubi-fuzz-") as grown:
        done = subprocess.run([str(program), "-runs=%d" % runs, "-max_len=8192", "-timeout=10", "-rss_limit_mb=2048",
                               "-print_final_stats=1", "-artifact_prefix=%s/" % (ROOT / "build"), grown, str(corpus)],
                              capture_output=True, text=True, errors="replace", check=False)
    executed = [line.split()[-1] for line in done.stderr.splitlines() if "number_of_executed_units" in line]
    print("%-24s %8s inputs, %s" % (program.name, executed[0] if executed else "?",
                                    "0 findings" if done.returncode == 0 else "FINDING"), flush=True)
    if done.returncode != 0:
        print(done.stderr[-6000:], flush=True)
    return done.returncode == 0


def main(arguments):
    parser = argparse.ArgumentParser(prog="./dev fuzz")
    parser.add_argument("targets", nargs="*")
    parser.add_argument("--runs", type=int, default=100000)
    options = parser.parse_args(arguments)
    programs = [p for p in sorted(BIN.glob("fuzz_*")) if not options.targets or p.name.removeprefix("fuzz_") in options.targets]
    results = [run_target(program, options.runs) for program in programs]
    print("%d passed, %d failed" % (results.count(True), results.count(False)))
    return 0 if results and all(results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
