"""Writes injection_strings.txt: 500 texts that try to be something else than text (A-22).

`python3 -B tests/property/make_injection_strings.py` writes the file anew; it comes out the same on every machine.
"""
import itertools
import pathlib
import urllib.parse

TARGET = pathlib.Path(__file__).with_name("injection_strings.txt")
COUNT = 500

MONGO_OPERATORS = ["$where", "$gt", "$ne", "$regex", "$exists", "$or", "$in", "$expr", "$function", "$inc", "$set", "$unset",
                   "$lookup", "$jsonSchema", "$text", "$near"]
SQL_TAILS = ["' OR '1'='1", "'; DROP TABLE documents; --", "\" OR 1=1 --", "') UNION SELECT * FROM documents --", "1; ATTACH DATABASE 'x' AS x"]
MEMBERS = ["__proto__", "constructor", "prototype.x", "_id", "_id.id", "attrs.a.value", "attrNames", "$.a", "a.b", "a..b", ".a", "a.",
           "a.$.b", "a.0.b", "*", "a[0]", "a/b", "a\\b"]
LOOK_ALIKES = ["ａ", "а", "a\u200b", "\u202ea", "＝＝", "；", "＇", "“", "﹛", "＄where", "a\u0301", "\ufeffa", "ⅷ", "𝒂", "加西市", "髙﨑"]
CONTROLS = ["\x00", "a\x00b", "\x01", "\n", "\r\nSet-Cookie: a=b", "\t", "\x1b[31m", "\x7f", "\x85"]
NOT_TEXT = [b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"a\x80", b"\xe2\x82"]
MARKUP = ["<script>alert(1)</script>", "<!--", "]]>", "&lt;", "%3Cscript%3E", "${jndi:ldap://x/a}", "{{7*7}}", "#{7*7}", "%s%n%x", "`id`", "$(id)", "|id"]
QUOTING = ["'", "''", "'''", "\"", "\"\"", "\\", "\\'", "'a", "a'", "'a'b", "a''b", "'a;b'", "'a,b'", "'a..b'", "';'", "'='"]
SEPARATORS = [";", ";;", ",", ",,", "..", "...", ":", "::", "==", "===", "!=", "!", "!!", "~=", ">=", "<=", "=", "~", ">", "<", "&", "?", "#", "%", "+", " "]
NUMBERS = ["1e999", "-1e999", "1e-999", "nan", "inf", "-0", "0x10", "1_000", "٣", "1e", "1.", ".1", "9" * 60, "9" * 400, "2020-02-30", "2020-01-01T25:00"]
PATTERNS = ["(a+)+$", "(.*)*", "((((((a))))))", "a{1,9999}", "(?R)", "\\1", "(?<n>a)\\k<n>", "[", "(", "*", "a{,}", "(?i)a", "\\Q\\E", "(*SKIP)", "x" * 300]
OPTIONS = ["keyValues,values", "count,count", "keyvalues", "COUNT", "options", "count;upsert", "count&upsert"]
PLACES = ["near;maxDistance:1e400", "near;maxDistance:-0", "near;near", "coveredBy;", "near;maxDistance:$gt", "equals;'", "near;minDistance:1;minDistance:2"]
LONG = [("a==1;", 100000), ("!a;", 100000), ("a,", 100000), ("a.", 100000), ("'", 99999), (";", 100000), ("(", 100000), ("[", 100000), ("a", 200000),
        ("{\"$or\":[", 20000), ("1..", 50000), ("..", 50000), (":", 100000), ("~=", 50000), ("\u3042", 60000), ("%", 30000)]


def plain():
    """Texts that stand alone."""
    yield from itertools.chain(MONGO_OPERATORS, SQL_TAILS, MEMBERS, LOOK_ALIKES, CONTROLS, MARKUP, QUOTING, SEPARATORS, NUMBERS, PATTERNS, OPTIONS, PLACES)


def objects():
    """Operators as JSON, as they would reach a database that takes text for a document."""
    for operator, value in itertools.product(MONGO_OPERATORS[:8], ['""', "1", "true", "{}"]):
        yield '{"%s":%s}' % (operator, value)
        yield '{"a":{"%s":%s}}' % (operator, value)


def framed():
    """The same inside of what a filter looks like."""
    frames = ["a==%s", "a!=%s", "a>%s", "a~=%s", "%s==1", "!%s", "a=='%s'", "a.%s==1", "a==1,%s", "a==1..%s", "a;%s;b", "'%s'.b"]
    insides = MONGO_OPERATORS[:4] + MEMBERS[:4] + LOOK_ALIKES[:3] + CONTROLS[:2] + QUOTING[:4] + SEPARATORS[:6]
    for inside, frame in itertools.product(insides, frames):
        yield frame % inside


def encoded(text):
    return urllib.parse.quote(text, safe="")


def lines():
    seen = set()
    for text, times in LONG:
        yield "%d\t%s" % (times, encoded(text))
    for raw in itertools.chain(NOT_TEXT, plain(), objects(), framed()):
        line = "1\t" + encoded(raw)
        if line not in seen:
            seen.add(line)
            yield line


def main():
    chosen = list(itertools.islice(lines(), COUNT))
    if len(chosen) != COUNT:
        raise SystemExit("only %d texts" % len(chosen))
    head = "# Made by make_injection_strings.py. A line: how often the text stands in a row, a tab, the text percent-encoded.\n"
    TARGET.write_text(head + "".join(line + "\n" for line in chosen), encoding="ascii")


if __name__ == "__main__":
    main()
