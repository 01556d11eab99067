#!/usr/bin/env python3
"""Proves the walls between rooms with the rooms' own compile commands. Usage: include_walls.py BUILD_FOLDER

A forbidden include must not compile, for the reason that the header can't be found; an allowed one must. The same
for a Pii value on its way into a log line: it must not compile, its control must.
"""
import json
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

# (room, header, whether the room may see it)
INCLUDES = (
    ("vault/base", "json.h", True),
    ("vault/base", "store.h", False),
    ("vault/base", "keyring.h", False),
    ("vault/crypto", "arena.h", True),
    ("vault/crypto", "store.h", False),
    ("vault/store", "json.h", True),
    ("vault/store", "keyring.h", False),
    ("vault/store", "gate.h", False),
    ("vault/audit", "store.h", True),
    ("vault/audit", "keyring.h", True),
    ("vault/audit", "gate.h", False),
    ("vault/audit", "consent.h", False),
    ("vault/entity", "store.h", True),
    ("vault/entity", "access_log.h", False),
    ("vault/entity", "server.h", False),
    ("vault/identity", "entity.h", True),
    ("vault/identity", "consent.h", False),
    ("vault/consent", "entity.h", True),
    ("vault/consent", "gate.h", False),
    ("vault/gate", "consent.h", True),
    ("vault/gate", "broker.h", False),
    ("vault/gate", "server.h", False),
    ("ngsi-proxy/http", "error.h", True),
    ("ngsi-proxy/http", "entity.h", False),
    ("ngsi-proxy/http", "store.h", False),
    ("ngsi-proxy/ngsi", "entity.h", True),
    ("ngsi-proxy/ngsi", "gate.h", False),
    ("ngsi-proxy/ngsi", "store.h", False),
    ("ngsi-proxy/broker", "gate.h", True),
    ("ngsi-proxy/broker", "server.h", False),
    ("ngsi-proxy/auth", "request.h", True),
    ("ngsi-proxy/auth", "gate.h", False),
    ("ngsi-proxy/auth", "store.h", False),
    ("ngsi-proxy/api", "broker.h", True),
    ("ngsi-proxy/api", "gate.h", True),
    ("ngsi-proxy/api", "store.h", False),
    ("ngsi-proxy/api", "access_log.h", False),
    ("ngsi-proxy/api", "keyring.h", False),
)

PII_HEAD = '#include "log_line.h"\n#include <stdio.h>\nvoid probe(Pii pii);\nvoid probe(Pii pii)\n{\n    (void)pii;\n'
# (statement, whether it may compile)
PII_STATEMENTS = (
    ('LOG_EVENT(LOG_INFO, "e", log_str("k", STR("x")));', True),
    ('LOG_EVENT(LOG_INFO, "e", log_str("k", pii));', False),
    ('LOG_EVENT(LOG_INFO, "e", log_z("k", pii));', False),
    ('LOG_EVENT(LOG_INFO, "e", log_int("k", pii));', False),
    ('LOG_EVENT(LOG_INFO, "e", pii);', False),
    ('LOG_EVENT(LOG_INFO, pii, log_int("k", 1));', False),
    ('printf("%s", pii);', False),
    ('printf("%.*s", STR_FORMAT(pii));', False),
)


def command_of(commands, room):
    """A compile command of the room, without its input and outputs."""
    for entry in commands:
        if f"/{room}/" in entry["file"] and entry["file"].endswith(".c") and "/tests/" not in entry["file"]:
            words = shlex.split(entry["command"])
            kept, skip = [], False
            for word in words:
                if skip or word in ("-MD", "-c", entry["file"]):
                    skip = False
                elif word in ("-o", "-MT", "-MF"):
                    skip = True
                else:
                    kept.append(word)
            return entry["directory"], kept
    sys.exit(f"no compile command for {room}")


def compiles(commands, room, text):
    directory, words = command_of(commands, room)
    with tempfile.TemporaryDirectory() as folder:
        probe = Path(folder, "probe.c")
        probe.write_text(text, encoding="utf-8")
        run = subprocess.run(words + ["-fsyntax-only", str(probe)], cwd=directory, capture_output=True, text=True)
    return run.returncode == 0, run.stderr


def check_include(commands, room, header, may_see):
    text = f'#include "{header}"\nextern int probe;\nint probe = 0;\n'
    is_seen, errors = compiles(commands, room, text)
    if is_seen != may_see:
        return f"{room} {'sees' if is_seen else 'does not see'} {header}\n{errors}"
    is_missing = f"{header}: No such file or directory" in errors or f"'{header}' file not found" in errors
    if not is_seen and not is_missing:
        return f"{room} refuses {header} for another reason\n{errors}"
    return None


def check_pii(commands, statement, may_compile):
    is_compiled, errors = compiles(commands, "vault/base", PII_HEAD + f"    {statement}\n}}\n")
    if is_compiled != may_compile:
        return f"{statement} {'compiles' if is_compiled else 'does not compile'}\n{errors}"
    if not is_compiled and "Pii" not in errors:
        return f"{statement} fails for another reason\n{errors}"
    return None


def check_headers_exist(source_root):
    """A header that is nowhere would make its refusal prove nothing."""
    for header in sorted({header for _, header, _ in INCLUDES}):
        if not any(next((source_root / side).rglob(header), None) for side in ("vault", "ngsi-proxy")):
            yield f"{header} does not exist; take another one"


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: include_walls.py BUILD_FOLDER")
    commands = json.loads(Path(sys.argv[1], "compile_commands.json").read_text(encoding="utf-8"))
    source_root = Path(__file__).resolve().parents[2]
    failures = list(check_headers_exist(source_root))
    failures += [check_include(commands, *case) for case in INCLUDES]
    failures += [check_pii(commands, *case) for case in PII_STATEMENTS]
    failures = [failure for failure in failures if failure]
    for failure in failures:
        print(failure)
    print(f"{len(INCLUDES) + len(PII_STATEMENTS)} probes, {len(failures)} failures")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
