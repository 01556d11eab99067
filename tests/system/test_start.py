"""What is missing at start is named with its remedy; the vault stays shut, open data goes on; overload is said politely."""
import argparse
import concurrent.futures
import os
import pathlib
import subprocess
import sys
import tempfile

import client
from client import Checks, city

BUILD = client.ROOT / "build" / "asan" / "bin"


def make_city(folder):
    options = argparse.Namespace(store="sqlite", open=False, citizens=5, consenting=None, seed=3)
    city.create_city(folder, BUILD, options)
    node = city.Node(folder, BUILD, "node1")
    city.load_open_data(folder, node.url)
    tokens = {"kenko": city.fetch_token(folder, node.url, "kenko", "health-promotion")}
    node.stop()
    return tokens


def refusal(run, *flags):
    """What the program says when it can't start: (exit status, words)."""
    listen = [] if any(flag.startswith("--listen=") for flag in flags) else ["--listen=127.0.0.1:0"]
    done = subprocess.run([str(BUILD / "ngsi-proxy"), "--config=%s" % (run / "musubi.conf"), *listen, *flags],
                          capture_output=True, text=True, timeout=30, check=False)
    return done.returncode, done.stdout + done.stderr


def check_sealed(checks, run, tokens, what, words):
    """Without its key the vault is sealed: personal data 503, open data goes on, /readyz says why."""
    node = city.Node(run, BUILD, "node1")
    try:
        ready = client.Client(node.url).get("/readyz")
        checks.equal(ready.status, 503, "%s: not ready" % what)
        checks.that(all(word.encode() in ready.raw for word in words), "%s: /readyz names it" % what, ready)
        checks.equal(client.Client(node.url).get("/healthz").status, 200, "%s: alive" % what)
        personal = client.Client(node.url, tokens["kenko"]).get("/v2/entities?type=Person")
        checks.equal(personal.status, 503, "%s: personal data is not served %r" % (what, personal))
        open_data = client.Client(node.url).get("/v2/entities?type=AED&limit=1")
        checks.equal(open_data.status, 200, "%s: open data goes on %r" % (what, open_data))
    finally:
        node.stop()


def check_keys(checks, run, tokens):
    key = run / "keys" / "kek"
    kept = key.read_bytes()
    key.rename(run / "keys" / "away")
    check_sealed(checks, run, tokens, "key file missing", ["kek"])
    (run / "keys" / "away").rename(key)
    key.chmod(0o644)
    check_sealed(checks, run, tokens, "key file readable by all", ["kek", "chmod"])
    key.chmod(0o600)
    key.write_bytes(kept[:31])
    key.chmod(0o400)
    check_sealed(checks, run, tokens, "key file too short", ["kek"])
    key.chmod(0o600)
    key.write_bytes(bytes(32))
    key.chmod(0o400)
    check_sealed(checks, run, tokens, "another key", [])
    key.chmod(0o600)
    key.write_bytes(kept)
    key.chmod(0o400)
    node = city.Node(run, BUILD, "node1")
    checks.equal(client.Client(node.url).get("/readyz").status, 200, "with its key again: ready")
    node.stop()


def check_refusals(checks, run):
    status, said = refusal(run, "--store-pth=x")
    checks.that(status != 0 and "store-pth" in said.replace("_", "-") and "store_path" in said.replace("-", "_"),
                "an unknown key names the nearest known one", said)
    status, said = refusal(run, "--store-path=%s" % (run / "no" / "such" / "folder" / "x.sqlite"))
    checks.that(status != 0 and "folder" in said, "the database can't be opened: says where", said)
    status, said = refusal(run, "--store-kind=mongodb", "--store-uri=mongodb://127.0.0.1:1/", "--deadline=500ms")
    checks.that(status != 0 and "mongodb" in said.lower(), "the database does not answer: says which", said)
    status, said = refusal(run, "--open=true", "--listen=0.0.0.0:0")
    checks.that(status != 0 and "loopback" in said, "open mode is for loopback only", said)
    (run / "in-the-way").write_text("a file")
    status, said = refusal(run, "--log-folder=%s" % (run / "in-the-way"))
    checks.that(status != 0 and "in-the-way" in said, "the log can't be written: says where", said)
    status, said = refusal(run, "--schemas-folder=%s" % (run / "nowhere"))
    checks.that(status != 0 and "nowhere" in said, "no schemas: says where", said)


def check_second_process(checks, run):
    """Two processes may not write one node's log."""
    node = city.Node(run, BUILD, "node1")
    status, said = refusal(run, "--node=node1")
    node.stop()
    checks.that(status != 0 and "node1" in said, "the second process of a node is refused", said)


def check_overload(checks, run):
    node = city.Node(run, BUILD, "node1", extra=["--requests-max=2"])

    def many(_):
        one = client.Client(node.url)
        return [one.get("/v2/entities?limit=1000&options=count") for _ in range(20)]
    try:
        with concurrent.futures.ThreadPoolExecutor(24) as pool:
            answers = [a for batch in pool.map(many, range(24)) for a in batch]
    finally:
        node.stop()
    busy = [a for a in answers if a.status == 503]  # few: who comes too many waits a moment for a turn
    checks.that(all(a.headers.get("retry-after") and a.body["error"] for a in busy), "in JSON, with Retry-After",
                busy[:1])
    checks.that(all(a.status in (200, 503) for a in answers) and len(busy) < len(answers), "others are served")


def main():
    checks = Checks()
    with tempfile.TemporaryDirectory(prefix="musubi-start-") as folder:
        run = pathlib.Path(folder)
        tokens = make_city(run)
        check_keys(checks, run, tokens)
        check_refusals(checks, run)
        check_second_process(checks, run)
        check_overload(checks, run)
    return checks.close()


if __name__ == "__main__":
    os.environ.pop("MUSUBI_URL", None)
    sys.exit(main())
