#!/usr/bin/env python3
"""Checks what the compiler can't, and prints the scorecard. Usage: lint.py FOLDER

One finding a line, `path:line: what is wrong`; exit status 1 if there is any. Each rule is a function over the
tree or over one file; test_lint.py shows that each of them can fail.
"""
import re
import statistics
import sys
from pathlib import Path

CODE_FOLDERS = ("vault", "ngsi-proxy", "tests")
TEXT_FOLDERS = CODE_FOLDERS + ("cmake", "dashboard", "schemas", "mongo-init", "docs", "docker")
TEXT_SUFFIXES = {".c", ".h", ".py", ".txt", ".cmake", ".js", ".ts", ".svelte", ".css", ".html", ".md", ".sh",
                 ".yaml", ".yml", ".conf", ".rules", ".eval"}
SKIPPED_FOLDERS = {"node_modules", "build", "run", "corpus", ".venv", "__pycache__", "dist"}

FUNCTION_LINES_MAX = 60
FILE_LINES_MAX = 600

# name -> what to use instead
FORBIDDEN = {
    "strcpy": "str_copy_in", "strcat": "Buf", "strncat": "Buf", "sprintf": "Buf or snprintf", "vsprintf": "vsnprintf",
    "stpcpy": "str_copy_in", "atoi": "str_to_uint", "atol": "str_to_uint", "atoll": "str_to_uint", "atof": "strtod",
    "strtok": "str_split", "strtok_r": "str_split", "gets": "fgets", "alloca": "the arena", "rand": "the entropy port",
    "srand": "the entropy port", "random": "the entropy port",
    "tmpnam": "mkstemp", "mktemp": "mkstemp", "localtime": "timestamp.h", "gmtime": "timestamp.h", "ctime": "timestamp.h",
    "asctime": "timestamp.h", "longjmp": "an Error", "setlocale": "nothing: numbers are read in the C locale",
}
# Tests may: their commands are their own.
FORBIDDEN_IN_PRODUCT = {"system": "posix_spawn", "popen": "posix_spawn"}
# Where secrets are compared, only sodium_memcmp (in crypto) will do.
SECRET_ROOMS = ("vault/crypto/", "ngsi-proxy/auth/")
# Ports are the only way to what differs from run to run. clock_gettime stays free: timed waits on a condition need it.
PORT_FUNCTIONS = ("time", "gettimeofday", "getrandom", "getentropy")
PORT_FILES = {"vault/base/clock.c"}

# header -> the one room that may include it
WALLS = {
    r"sodium(/.*)?\.h": "vault/crypto/",
    r"sqlite3\.h": "vault/store/",
    r"(mongoc|bson)(/.*)?\.h": "vault/store/",
    r"microhttpd\.h": "ngsi-proxy/http/",
    r"openssl/sha\.h": "vault/crypto/",
    r"openssl/(?!sha\.h).*": "ngsi-proxy/auth/",
    r"pcre2.*\.h": "vault/entity/",
    r"geos_c\.h": "vault/entity/",
    r"curl/.*": "ngsi-proxy/outbound/",
    r"utf8proc\.h": "vault/base/",
    r"ini\.h": "vault/base/",
    r"jansson\.h|cjose/.*|json-c/.*|cJSON\.h": "tests/",
}
SYSTEM_FOLDERS = ("/usr/include", "/usr/include/x86_64-linux-gnu", "/usr/include/aarch64-linux-gnu")
SYSTEM_NAMES_ALLOWED = {"error.h"}
GATE_TABLE = "tests/lint/gate_internal_callers.txt"


class Source:
    """A C file: its lines as they are, and its code with comments and literals blanked out, line by line."""

    def __init__(self, root, path):
        self.name = path.relative_to(root).as_posix()
        self.text = path.read_text(encoding="utf-8")
        self.lines = self.text.splitlines()
        self.code = blank_out(self.text).splitlines()
        self.is_header = self.name.endswith(".h")
        self.is_test = self.name.startswith("tests/")


LITERAL_OR_COMMENT = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def blank_out(text):
    """Comments and the inside of literals become blanks; lines and columns stay."""
    def blank(match):
        found = match.group()
        kept = re.sub(r"[^\n]", " ", found)
        return found[0] + kept[1:-1] + found[-1] if found[0] in "\"'" else kept
    return LITERAL_OR_COMMENT.sub(blank, text)


def files_below(root, folders, suffixes):
    for folder in folders:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in suffixes and path.is_file() and not SKIPPED_FOLDERS & set(path.parts):
                yield path


# --- functions ---

def functions_of(source):
    """(name, first line, number of lines) of each function; its braces stand alone in column 0."""
    start = None
    for number, line in enumerate(source.code, 1):
        if line == "{":
            start = number
        elif line.startswith("}") and start is not None:
            head = signature_start(source.code, start)
            match = re.search(r"(\w+)\s*\(", " ".join(source.code[head - 1:start - 1]))
            if line == "}" and match:
                yield match.group(1), head, number - head + 1
            start = None


def signature_start(code, brace):
    line = brace - 1
    while line > 1 and code[line - 1].startswith((" ", "\t")):
        line -= 1
    return line


# --- rules over one source ---

def check_lengths(source):
    if len(source.lines) > FILE_LINES_MAX:
        yield 1, f"{len(source.lines)} lines, a file may have {FILE_LINES_MAX}"
    for name, line, length in functions_of(source):
        if length > FUNCTION_LINES_MAX:
            yield line, f"{name} has {length} lines, a function may have {FUNCTION_LINES_MAX}"


def check_forbidden(source):
    forbidden = FORBIDDEN if source.is_test else FORBIDDEN | FORBIDDEN_IN_PRODUCT
    calls = re.compile(r"(?<![\w.>])(" + "|".join(forbidden) + r")\s*\(")
    for number, line in enumerate(source.code, 1):
        for match in calls.finditer(line):
            yield number, f"{match.group(1)}: use {forbidden[match.group(1)]}"
        if re.search(r"\bgoto\b", line):
            yield number, "goto: return early, CLEANUP frees"
        if source.name.startswith(SECRET_ROOMS) and re.search(r"\b(memcmp|strcmp|strncmp)\s*\(", line):
            yield number, "a comparison that stops early, in a room of secrets"


def check_ports(source):
    if source.is_test or source.name in PORT_FILES:
        return
    calls = re.compile(r"(?<![\w.>])(" + "|".join(PORT_FUNCTIONS) + r")\s*\(")
    for number, line in enumerate(source.code, 1):
        for match in calls.finditer(line):
            yield number, f"{match.group(1)}: time and randomness come through Ports (clock.h)"


def check_includes(source):
    for number, line in enumerate(source.lines, 1):
        match = re.match(r'\s*#\s*include\s*"([^"]+)"', line)
        if match and ("/" in match.group(1) or ".." in match.group(1)):
            yield number, f'"{match.group(1)}": headers are included by their bare names'
        match = re.match(r"\s*#\s*include\s*<([^>]+)>", line)
        if match and not source.is_test:
            yield from check_wall(source, number, match.group(1))


def check_wall(source, number, header):
    for pattern, room in WALLS.items():
        if re.fullmatch(pattern, header) and not source.name.startswith(room):
            yield number, f"<{header}> belongs to {room} alone"


def check_contract(source):
    if not source.is_header:
        return
    name = source.name.rsplit("/", 1)[-1]
    first = re.match(r"/\*(.*?)\*/", source.text, re.S)
    contract = first.group(1) if first else ""
    if not contract.lstrip().startswith(f"{name} — "):
        yield 1, f'the header begins with a contract: "/* {name} — what it is"'
    for part in ("Layer:", "Thread-safe:"):
        if part not in contract:
            yield 1, f'the contract lacks "{part}"'
    if "never" not in contract.lower() and not source.is_test:
        yield 1, "the contract lacks what this must never do"


DECLARATION = re.compile(r"^(?!typedef|struct|enum|union|return|#|static|extern \"C\")[A-Za-z_][\w\s*]*?\b(\w+)\(")


def check_comments(source):
    """Each function of a header, or the block without blank lines that it stands in, begins with a comment."""
    if not source.is_header or source.is_test:
        return
    is_explained = False
    for number, (line, code) in enumerate(zip(source.lines, source.code), 1):
        if not line.strip():
            is_explained = False
        elif not code.strip():
            is_explained = True
        else:
            match = DECLARATION.match(code)
            if match and not is_explained and not match.group(1).isupper():
                yield number, f"{match.group(1)} has no comment"


SOURCE_RULES = (check_lengths, check_forbidden, check_ports, check_includes, check_contract, check_comments)


# --- rules over the tree ---

def check_header_names(root, sources):
    seen = {}
    for source in sources:
        if not source.is_header:
            continue
        name = source.name.rsplit("/", 1)[-1]
        if name in seen:
            yield f"{source.name}:1: {seen[name]} has the same name"
        seen[name] = source.name
        if name not in SYSTEM_NAMES_ALLOWED and any(Path(folder, name).exists() for folder in SYSTEM_FOLDERS):
            yield f"{source.name}:1: the system has a header of this name"


def gate_callers(sources):
    """Files outside the gate that call gate_internal, with the line of the first call."""
    for source in sources:
        if source.is_test or source.is_header or source.name.startswith("vault/gate/gate_internal"):
            continue
        for number, line in enumerate(source.code, 1):
            if re.search(r"\bgate_internal\w*\s*\(", line):
                yield source.name, number
                break


def check_gate_table(root, sources):
    """The table names each caller and why: `path: reason`."""
    table = root / GATE_TABLE
    lines = table.read_text(encoding="utf-8").splitlines() if table.exists() else []
    entries = dict(line.split(": ", 1) for line in lines if ": " in line and not line.startswith("#"))
    callers = dict(gate_callers(sources))
    for name in sorted(callers.keys() - entries.keys()):
        yield f"{name}:{callers[name]}: calls gate_internal and is not in {GATE_TABLE}"
    for name in sorted(entries.keys() - callers.keys()):
        yield f"{GATE_TABLE}:1: {name} does not call gate_internal"


UNFINISHED = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK", "for" + " now")) + r")\b")
MACHINE_PATH = re.compile(r"(?<![\w.}\])])/(" + "|".join(("wo" + "rk", "ro" + "ot", "ho" + "me/[a-z]+")) + r")(/|\b)")


def check_gate_reasons(root, sources):
    """gate.h gives each reason one calling file; no other file may use that reason."""
    rows = {}
    for source in sources:
        if source.name == "vault/gate/gate.h":
            rows = dict(re.findall(r'REASON\((\w+), "[^"]*", "([^"]+)"\)', source.text))
    for source in sources:
        if source.is_test or source.is_header:
            continue
        for number, line in enumerate(source.code, 1):
            for reason in re.findall(r"\bGATE_REASON_([A-Z]\w*)\b", line):
                if reason in rows and not source.name.endswith("/" + rows[reason]):
                    yield f"{source.name}:{number}: GATE_REASON_{reason} belongs to {rows[reason]}"


def check_texts(root):
    for path in files_below(root, TEXT_FOLDERS, TEXT_SUFFIXES):
        name = path.relative_to(root).as_posix()
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            for pattern, what in ((UNFINISHED, "unfinished work"), (MACHINE_PATH, "a path of one machine")):
                match = pattern.search(line)
                if match:
                    yield f"{name}:{number}: {what}: {match.group()}"


REQUIREMENTS = "docs/requirements.md"
CLAIM = re.compile(r"Requirement:(.*?)(?:\.\s|\*/|Standard:|Spec:|\Z)", re.S)
REQUIREMENT_ID = re.compile(r"\b(?:[ACL]-|R-T)\d+\b")


def requirement_rows(root):
    """id -> (line, test files) of the table."""
    page = root / REQUIREMENTS
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines() if page.exists() else [], 1):
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| ") and REQUIREMENT_ID.fullmatch(cells[0]):
            yield cells[0], number, re.findall(r"`([^`]+)`", cells[-1])


def check_requirements(root, sources):
    """What a contract claims stands in the table, and what the table names exists."""
    rows = {}
    for requirement, number, tests in requirement_rows(root):
        if requirement in rows:
            yield f"{REQUIREMENTS}:{number}: {requirement} has a row already"
        if not tests:
            yield f"{REQUIREMENTS}:{number}: {requirement} names no test"
        for test in tests:
            if not test.startswith("tests/") or not (root / test).is_file():
                yield f"{REQUIREMENTS}:{number}: {requirement}: there is no test {test}"
        rows[requirement] = tests
    claims = [(source.name, source.text) for source in sources]
    claims += [(path.relative_to(root).as_posix(), path.read_text(encoding="utf-8"))
               for path in files_below(root, ("tests/system", "tests/property"), {".py"})]
    for name, text in claims:
        for claim in CLAIM.finditer(text):
            line = text.count("\n", 0, claim.start()) + 1
            for requirement in sorted(set(REQUIREMENT_ID.findall(claim.group(1))) - rows.keys()):
                yield f"{name}:{line}: claims {requirement}, which {REQUIREMENTS} lacks"


# --- scorecard ---

def code_lines(sources):
    return sum(1 for source in sources for line in source.code if line.strip())


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else 0


def scorecard(root, sources):
    product = [source for source in sources if not source.is_test]
    tests = [source for source in sources if source.is_test]
    functions = [length for source in product for _, _, length in functions_of(source)] or [0]
    files = [len(source.lines) for source in product] or [0]
    scripts = sum(1 for path in files_below(root, ("tests",), {".py"})
                  for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
    tested, testing = code_lines(product), code_lines(tests) + scripts
    yield f"functions: {len(functions)}, lines median {statistics.median(functions):.0f}, " \
          f"p90 {percentile(functions, 0.9)}, max {max(functions)} (goal 12 / 38 / 60)"
    yield f"files: {len(files)}, lines median {statistics.median(files):.0f}, max {max(files)} (goal 250 / 600)"
    yield f"lines of code {tested}, of tests {testing}: {testing / max(tested, 1):.2f} to 1 (goal 2)"


def findings(root):
    sources = [Source(root, path) for path in files_below(root, CODE_FOLDERS, {".c", ".h"})]
    found = []
    for source in sources:
        for rule in SOURCE_RULES:
            found += [f"{source.name}:{line}: {what}" for line, what in rule(source)]
    for rule in (check_header_names, check_gate_table, check_gate_reasons, check_requirements):
        found += rule(root, sources)
    found += check_texts(root)
    return found, list(scorecard(root, sources))


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: lint.py FOLDER")
    found, card = findings(Path(sys.argv[1]).resolve())
    for line in found:
        print(line)
    for line in card:
        print(line)
    print(f"{len(found)} findings")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
