#!/usr/bin/env python3
"""Each rule of lint.py on a small made-up tree: it finds what is wrong, and nothing in a tree that is right."""
import tempfile
import unittest
from pathlib import Path

import lint

GOOD_HEADER = """/* thing.h — a thing.
 *
 * Must never be anything else.
 *
 * Layer: vault/base. Thread-safe: pure. */
#ifndef THING_H
#define THING_H

typedef struct Thing {
    int size;
} Thing;

/* How large a thing is. */
int thing_size(const Thing *thing);
int thing_weight(const Thing *thing);

#endif
"""

GOOD_SOURCE = """#include "thing.h"

#include <string.h>

/* strcpy( and goto in a comment are no calls */
int thing_size(const Thing *thing)
{
    const char *word = "sprintf(goto";
    return thing->size + (int)strlen(word);
}
"""


def long_function(lines):
    return "int f(void)\n{\n" + "    f();\n" * (lines - 3) + "}\n"


class LintTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.write("vault/base/thing.h", GOOD_HEADER)
        self.write("vault/base/thing.c", GOOD_SOURCE)

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def found(self):
        return lint.findings(self.root)[0]

    def assert_finds(self, name, text, part):
        self.write(name, text)
        found = self.found()
        self.assertTrue(any(line.startswith(name + ":") and part in line for line in found),
                        f"{part} not in {found}")

    def assert_clean(self):
        self.assertEqual(self.found(), [])

    def test_good_tree_is_clean(self):
        self.assert_clean()

    def test_function_length(self):
        self.write("vault/base/f.c", long_function(60))
        self.assert_clean()
        self.assert_finds("vault/base/f.c", long_function(61), "f has 61 lines")

    def test_file_length(self):
        self.write("vault/base/f.c", "int x;\n" * 600)
        self.assert_clean()
        self.assert_finds("vault/base/f.c", "int x;\n" * 601, "601 lines")

    def test_forbidden_functions(self):
        for name in lint.FORBIDDEN | lint.FORBIDDEN_IN_PRODUCT:
            self.assert_finds("vault/base/f.c", f"int f(void)\n{{\n    return {name}(1);\n}}\n", f"{name}: use")
        self.write("vault/base/f.c", "int f(void)\n{\n    return port->random(1) + my_system(2);\n}\n")
        self.write("tests/f.c", "int f(void)\n{\n    return system(command);\n}\n")
        self.assert_clean()

    def test_goto(self):
        self.assert_finds("tests/f.c", "int f(void)\n{\n    goto end;\n}\n", "goto")

    def test_early_comparison_in_rooms_of_secrets(self):
        self.write("vault/base/f.c", "int f(void)\n{\n    return memcmp(a, b, 3);\n}\n")
        self.assert_clean()
        self.assert_finds("vault/crypto/f.c", "int f(void)\n{\n    return memcmp(a, b, 3);\n}\n", "stops early")

    def test_ports(self):
        self.write("tests/f.c", "long f(void)\n{\n    return time(0);\n}\n")
        self.assert_clean()
        self.assert_finds("vault/audit/f.c", "long f(void)\n{\n    return time(0);\n}\n", "Ports")

    def test_includes_with_folders(self):
        self.assert_finds("vault/base/f.c", '#include "../store/store.h"\n', "bare names")
        self.assert_finds("tests/f.c", '#include "store/store.h"\n', "bare names")

    def test_walls(self):
        cases = {"sodium.h": "vault/crypto", "sqlite3.h": "vault/store", "mongoc/mongoc.h": "vault/store",
                 "bson/bson.h": "vault/store", "microhttpd.h": "ngsi-proxy/http", "openssl/evp.h": "ngsi-proxy/auth",
                 "openssl/sha.h": "vault/crypto",
                 "pcre2.h": "vault/entity", "geos_c.h": "vault/entity", "curl/curl.h": "ngsi-proxy/outbound"}
        for header, room in cases.items():
            self.write(f"{room}/f.c", f"#include <{header}>\n")
            self.write("tests/f.c", f"#include <{header}>\n")
            self.assert_clean()
            self.assert_finds("ngsi-proxy/api/f.c", f"#include <{header}>\n", "alone")
            (self.root / "ngsi-proxy/api/f.c").unlink()

    def test_header_contract(self):
        for part, what in (("thing.h — ", "begins with a contract"), ("Layer:", "Layer:"),
                           ("Thread-safe:", "Thread-safe:"), ("never", "must never")):
            self.assert_finds("vault/base/thing.h", GOOD_HEADER.replace(part, "x", 1), what)

    def test_functions_without_comment(self):
        self.assert_finds("vault/base/thing.h",
                          GOOD_HEADER.replace("/* How large a thing is. */\n", ""), "thing_size has no comment")
        self.assert_finds("vault/base/thing.h",
                          GOOD_HEADER.replace("int thing_weight", "\nint thing_weight"), "thing_weight has no comment")

    def test_header_names(self):
        self.write("vault/base/error.h", GOOD_HEADER.replace("thing.h", "error.h"))
        self.assert_clean()
        self.assert_finds("vault/store/thing.h", GOOD_HEADER, "same name")
        self.assert_finds("vault/store/stdlib.h", GOOD_HEADER.replace("thing.h", "stdlib.h"), "the system has")

    def test_gate_table(self):
        call = "int f(void)\n{\n    return gate_internal(1);\n}\n"
        self.assert_finds("vault/points/match.c", call, "calls gate_internal")
        self.write(lint.GATE_TABLE, "# table\nvault/points/match.c: finds the account of a citizen\n")
        self.assert_clean()
        self.write("vault/points/match.c", "int x;\n")
        self.assertIn("does not call gate_internal", self.found()[0])

    def test_gate_reasons(self):
        self.write("vault/gate/gate.h", GOOD_HEADER.replace("thing.h", "gate.h").replace(
            "#endif", '#define R(REASON) REASON(SELF, "self", "self.c")\n\n#endif'))
        use = "int f(void)\n{\n    return GATE_REASON_SELF;\n}\n"
        self.write("vault/gate/self.c", use)
        self.assert_clean()
        self.assert_finds("vault/gate/other.c", use, "belongs to self.c")

    def test_requirements(self):
        claiming = GOOD_HEADER.replace("pure. */", "pure. Requirement: consent rule 3, L-1,\n * C-2. Standard: A-9. */")
        self.assert_finds("vault/base/thing.h", claiming, "claims C-2")
        self.assertTrue(any("claims L-1" in line for line in self.found()))
        self.write("tests/unit/test_thing.c", "int x;\n")
        page = "| id | promise | shown by |\n|---|---|---|\n| L-1 | x | `tests/unit/test_thing.c` |\n"
        self.write(lint.REQUIREMENTS, page + "| C-2 | y | `tests/unit/test_thing.c` |\n")
        self.assert_clean()
        self.assert_finds(lint.REQUIREMENTS, page + "| C-2 | y | `tests/unit/test_other.c` |\n", "there is no test")
        self.assert_finds(lint.REQUIREMENTS, page + "| C-2 | y | soon |\n", "names no test")
        self.assert_finds(lint.REQUIREMENTS, page + page.splitlines()[2] + "\n", "has a row already")

    def test_unfinished_work_and_machine_paths(self):
        for text in ("TO" + "DO: more", "FIX" + "ME", "good for" + " now"):
            self.assert_finds("docs/page.md", text + "\n", "unfinished")
        for text in ("see /wo" + "rk/main", "/ro" + "ot/x", "/ho" + "me/me/x"):
            self.assert_finds("docs/page.md", text + "\n", "one machine")
        self.write("docs/page.md", "a network/work balance; https://example.org/work/x\n")
        self.assert_clean()

    def test_scorecard_counts(self):
        self.write("vault/base/f.c", long_function(30))
        self.write("tests/unit/f.c", "int x;\n" * 40)
        card = "\n".join(lint.findings(self.root)[1])
        self.assertIn("functions: 2, lines median 18, p90 30, max 30", card)
        self.assertIn("files: 3", card)


if __name__ == "__main__":
    unittest.main()
