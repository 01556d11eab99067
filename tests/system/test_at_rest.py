"""A stolen disk is useless: no value, id or attribute name of a citizen stands in clear in the store, the log segments or
the process logs — and the same scan does find them in a copy that was not sealed. Requirement: C-6.
"""
import argparse
import base64
import json
import pathlib
import subprocess
import sys
import tempfile
import urllib.parse

import client
from client import Checks, city

BUILD = client.ROOT / "build" / "asan" / "bin"
IN_CLEAR = "a-text-that-nobody-sealed"


def spellings(text):
    """The bytes a careless writer might have left: UTF-8, UTF-16, hex, percent-encoding, base64 at any offset."""
    plain = text.encode()
    yield plain
    yield text.encode("utf-16-le")
    yield text.encode("utf-16-be")
    yield plain.hex().encode()
    yield urllib.parse.quote(text).encode()
    for shift in range(3):
        coded = base64.b64encode(b"\0" * shift + plain)
        whole = coded[4 if shift else 0:(len(plain) + shift) // 3 * 4]
        if len(whole) >= 8:
            yield whole
            yield whole.replace(b"+", b"-").replace(b"/", b"_")


def personal_texts(people):
    texts = set()
    for person in people:
        texts.update(str(v) for v in person["person"].values())
        texts.update(person["users"].values())
        texts.update(grant["id"] for grant in person["grants"])
        for entity in person["entities"]:
            texts.add(entity["id"])
    return {t for t in texts if len(t.encode()) >= 8}


def attribute_names(types):
    names = set()
    for path in (client.ROOT / "schemas" / "entities").glob("*.json"):
        schema = json.loads(path.read_text())
        if schema["type"] in types:
            names.update(a for a in schema["attributes"] if len(a) >= 8)
    return names


def found_in(files, patterns):
    """The patterns that occur anywhere in the files."""
    with tempfile.NamedTemporaryFile("w", suffix=".hex") as listed:
        listed.write("".join(p.hex() + "\n" for p in sorted(patterns)))
        listed.flush()
        done = subprocess.run([str(BUILD / "scan_bytes"), listed.name, *map(str, files)], capture_output=True, text=True,
                              check=True)
    return {bytes.fromhex(line) for line in done.stdout.split()}


def files_below(*folders):
    return [p for folder in folders for p in pathlib.Path(folder).rglob("*") if p.is_file() and p.stat().st_size]


def live(run, people):
    """Some life, so that reads, writes, grants and refusals have left their traces too."""
    node = city.Node(run, BUILD, "node1")
    try:
        kenko = client.Client(node.url, city.fetch_token(run, node.url, "kenko", "health-promotion"))
        for person in people[:50]:
            if "kenko" in person["users"]:
                kenko.get("/v2/entities/urn:ngsi-ld:Person:%s?options=keyValues" % person["users"]["kenko"])
        kenko.get("/v2/entities?type=Person&limit=1000&options=count")
        kenko.patch("/v2/entities/urn:ngsi-ld:Person:%s/attrs" % people[0]["users"]["kenko"], {"fullName": {"value": "別名太郎次郎"}})
        me = client.Client(node.url, city.citizen_token(run, BUILD, people[0]))
        me.get("/api/citizen/me")
        me.get("/api/citizen/accesses")
    finally:
        node.stop()


def check_store(checks, options, store):
    with tempfile.TemporaryDirectory(prefix="musubi-rest-") as folder:
        run = pathlib.Path(folder)
        demo = argparse.Namespace(store=store, open=False, citizens=options.citizens if store == "sqlite" else options.citizens // 10,
                                  consenting=None, seed=11)
        with city.mongodb(run, demo) as server:
            city.create_city(run, BUILD, demo, server)
            people = json.loads((run / "truth.json").read_text())["citizens"]
            live(run, people)
            if server:
                (run / "control.js").write_text("db.control.insertOne({text: '%s'})" % IN_CLEAR)
                server.run_script("control", run / "control.js")
        texts = personal_texts(people)
        names = attribute_names(("Person", "HealthActivity", "PointAccount"))
        patterns = {s for text in texts for s in spellings(text) if len(s) >= 8} | {n.encode() for n in names}
        kept = files_below(run / ("store" if store == "sqlite" else "mongodb"), run / "log") + list(run.glob("*.log"))
        checks.that(sum(f.stat().st_size for f in kept) > 100_000, "there is something to scan on %s" % store)
        checks.equal(sorted(found_in(kept, patterns))[:5], [],
                     "%s: 0 of %d personal texts and %d names in clear" % (store, len(texts), len(names)))
        if store == "mongodb":
            checks.equal(found_in(kept, {IN_CLEAR.encode()}), {IN_CLEAR.encode()}, "what the server keeps in clear is found in its files")
        control = run / "control"
        control.write_bytes(b"\0".join(patterns))
        checks.equal(found_in([control], patterns), patterns, "%s: the scan finds all that is in clear" % store)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--citizens", type=int, default=1000)
    options = parser.parse_args()
    checks = Checks()
    for store in ("sqlite", "mongodb"):
        check_store(checks, options, store)
    return checks.close()


if __name__ == "__main__":
    sys.exit(main())
