"""The main job, end to end, as services and a citizen live it: consented reads, questions and writes under own ids,
withdrawal, history.

Spec: 6(1)ア 6(1)イ 6(2)ア 6(3)ア 6(6)ア 6(6)ウ 6(6)エ. Runs on a demo city: ./dev with-demo -- python3 tests/system/test_slice.py
"""
import subprocess
import sys
import urllib.parse
import uuid

import client
from client import Checks, citizen, service, truth, wait_until

PERSON = "urn:ngsi-ld:Person:"


def readable(person, recipient, entity_type="Person"):
    """The attributes of a citizen that a service may read, from what the demo was made of."""
    return sorted({name for grant in person["grants"]
                   if grant["recipient"] == recipient and grant["type"] == entity_type
                   and grant["state"] == "active" and "read" in grant["operations"]
                   for name in grant["attributes"]})


def visible(people, recipient):
    return [p for p in people if recipient in p["users"] and readable(p, recipient)]


def names(entity):
    return sorted(k for k in entity if k not in ("id", "type"))


def check_two_views(checks, people):
    """Two services see one citizen under different ids and with different attributes."""
    first = people[0]
    seen = {}
    for recipient in ("kenko", "neppi-pay"):
        who = service(recipient)
        answer = who.get("/v2/entities/%s%s?options=keyValues" % (PERSON, first["users"][recipient]))
        checks.equal(answer.status, 200, "%s reads its citizen" % recipient)
        entity = answer.body
        checks.equal(entity["id"], PERSON + first["users"][recipient], "the id is the service's own")
        checks.equal(names(entity), readable(first, recipient), "%s sees what the grant names" % recipient)
        checks.that(all(entity[n] == first["person"][n] for n in names(entity)), "values are the citizen's")
        seen[recipient] = (entity, answer.raw)
    checks.that(names(seen["kenko"][0]) != names(seen["neppi-pay"][0]), "different attributes")
    checks.that(first["users"]["neppi-pay"].encode() not in seen["kenko"][1], "no foreign id in an answer")


def check_unknown_ids(checks, people):
    """Unknown, foreign, ungranted: one answer, byte for byte."""
    kenko = service("kenko")
    foreign = people[0]["users"]["neppi-pay"]
    ungranted = next(p["users"]["kenko"] for p in people if "kenko" in p["users"] and not readable(p, "kenko"))
    answers = [kenko.get("/v2/entities/" + PERSON + user) for user in ("nobody-at-all", foreign, ungranted)]
    checks.that(all(a.status == 404 for a in answers), "404 for all three", answers)
    checks.equal(len({a.raw for a in answers}), 1, "the same bytes")
    for user in ("nobody-at-all", foreign, ungranted):
        answer = kenko.get("/v2/entities?type=Person&id=%s%s&options=count" % (PERSON, user))
        checks.equal((answer.status, answer.raw, answer.headers.get("fiware-total-count")), (200, b"[]", "0"), "absent")


def check_list(checks, people):
    """A list holds exactly those who consented, each once, with a true count and stable pages."""
    kenko = service("kenko")
    expected = {PERSON + p["users"]["kenko"]: readable(p, "kenko") for p in visible(people, "kenko")}
    found, offset, order = {}, 0, []
    while True:
        page = kenko.get("/v2/entities?type=Person&options=count,keyValues&limit=7&offset=%d" % offset)
        if not checks.equal((page.status, page.headers.get("fiware-total-count")), (200, str(len(expected))), "count"):
            break
        order += [e["id"] for e in page.body]
        found.update({e["id"]: names(e) for e in page.body})
        offset += 7
        if not page.body:
            break
    checks.equal(len(order), len(set(order)), "each citizen once")
    checks.equal(found, expected, "ids and attributes are those of the grants")
    whole = kenko.get("/v2/entities?type=Person&limit=1000&attrs=postalCode&options=keyValues")
    checks.equal([e["id"] for e in whole.body], order, "one page of all is in the same order")
    checks.that(all(set(names(e)) <= {"postalCode"} for e in whole.body), "attrs narrows what is shown")
    checks.equal(kenko.get("/v2/entities?type=Person&limit=0").raw, b"[]", "limit 0")


def check_writes(checks, people):
    """A service writes about its citizen, reads it back, and changes one attribute."""
    kenko = service("kenko")
    me = PERSON + people[0]["users"]["kenko"]
    walk = "urn:ngsi-ld:HealthActivity:" + uuid.uuid4().hex
    body = {"id": walk, "type": "HealthActivity", "refPerson": {"type": "Relationship", "value": me},
            "steps": {"type": "Number", "value": 8230.0, "metadata": {"device": {"type": "Text", "value": "watch"}}}}
    made = kenko.post("/v2/entities", body)
    checks.equal(made.status, 201, "created %r" % made)
    checks.equal(made.headers.get("location"), "/v2/entities/%s?type=HealthActivity" % walk, "Location")
    again = kenko.post("/v2/entities", body)
    checks.equal((again.status, again.body), (422, {"error": "Unprocessable", "description": "Already Exists"}), "twice")
    read = kenko.get("/v2/entities/%s?type=HealthActivity" % walk)
    checks.equal(read.status, 200, "read back")
    checks.equal(read.body["refPerson"]["value"], me, "the citizen under the service's own id")
    checks.that(b"8230.0" in read.raw, "numbers come back as they were written", read)
    checks.equal(read.body["steps"]["metadata"]["device"]["value"], "watch", "metadata stays")
    changed = kenko.patch("/v2/entities/%s/attrs" % walk, {"steps": {"type": "Number", "value": 9001}})
    checks.equal(changed.status, 204, "patched %r" % changed)
    read = kenko.get("/v2/entities/%s?options=keyValues" % walk)
    checks.equal((read.body or {}).get("steps"), 9001, "the new value")
    other = service("sdgs").get("/v2/entities/%s" % walk)
    checks.equal(other.status, 404, "another service does not know it")
    refused = kenko.patch("/v2/entities/%s/attrs" % me, {"familyName": {"value": "別名"}})
    checks.equal(refused.status, 403, "no write grant, no write %r" % refused)
    nobody = dict(body, id=walk + "x", refPerson={"type": "Relationship", "value": PERSON + "nobody"})
    checks.equal(kenko.post("/v2/entities", nobody).status, 404, "no link, no write")


# --- questions on the view -------------------------------------------------------------------------------------------


def asked(who, query, limit=1000):
    """(ids in their order, count) of a list of persons."""
    page = who.get("/v2/entities?type=Person&options=count,keyValues&limit=%d&%s"
                   % (limit, urllib.parse.quote(query, "=&;!,~:'")))
    if page.status != 200:
        return [repr(page)], None
    return [entity["id"] for entity in page.body], int(page.headers["fiware-total-count"])


def view_of(people, recipient):
    """id -> the attributes of a citizen that the service may read, from what the demo was made of."""
    return {PERSON + p["users"][recipient]: {name: p["person"][name] for name in readable(p, recipient)}
            for p in visible(people, recipient)}


def check_filters(checks, people):
    """A filter sees what the service sees: what is hidden is as if it were not there."""
    kenko, view = service("kenko"), view_of(people, "kenko")
    everybody, _ = asked(kenko, "attrs=postalCode")
    value = people[0]["person"]["sex"]  # a digit, but a text: it is asked for in quotes
    partly = {who for who, seen in view.items() if seen.get("sex") == value}
    checks.that(0 < len(partly) < sum("kenko" in p["users"] and p["person"]["sex"] == value for p in people),
                "some of those of one sex hide it, some do not")
    for query, wanted in (
            ("q=sex=='%s'" % value, partly),
            ("q=sex!='%s'" % value, {who for who, seen in view.items() if seen.get("sex", value) != value}),
            ("q=sex", {who for who, seen in view.items() if "sex" in seen}),
            ("q=!sex", {who for who, seen in view.items() if "sex" not in seen}),
            ("q=sex=='%s';dateOfBirth>=1980-01-01" % value,
             {who for who in partly if view[who].get("dateOfBirth", "") >= "1980-01-01"}),
            ("q=familyNameKana~=^ウ", {who for who, seen in view.items() if seen.get("familyNameKana", " ")[0] == "ウ"}),
            ("q=nationality==" + people[0]["person"]["nationality"], set()), ("q=nationality!=x", set()),
            ("q=nationality", set()), ("q=!nationality", set(view)),
            ("idPattern=%s$" % everybody[0][-8:], {who for who in view if who.endswith(everybody[0][-8:])}),
            ("idPattern=" + people[0]["users"]["neppi-pay"], set())):
        ids, count = asked(kenko, query)
        checks.equal((ids, count), ([who for who in everybody if who in wanted], len(wanted)), query)


def check_orders(checks, people):
    """Order by what is granted; what is hidden from some or from all puts nobody anywhere."""
    kenko, view = service("kenko"), view_of(people, "kenko")
    everybody, count = asked(kenko, "attrs=sex")
    for name in ("dateOfBirth", "postalCode"):
        for sign, backwards in (("", False), ("!", True)):
            ids, total = asked(kenko, "q=%s&orderBy=%s%s,id" % (name, sign, name))
            seen = [view[who][name] for who in ids]
            checks.equal((seen, total), (sorted(seen, reverse=backwards), sum(name in v for v in view.values())),
                         "by %s%s" % (sign, name))
    checks.equal(asked(kenko, "orderBy=nationality"), (everybody, count), "a hidden attribute does not order")
    paged = [asked(kenko, "orderBy=id&offset=%d" % offset, 3)[0] for offset in range(0, count, 3)]
    checks.equal(sum(paged, []), sorted(everybody), "page by page in the order of the service's own ids")


def check_query_body(checks, people):
    """The same question as parameters and as a body."""
    kenko, value = service("kenko"), people[0]["person"]["sex"]
    asked_for = {"entities": [{"idPattern": ".*", "type": "Person"}], "attrs": ["sex", "postalCode"],
                 "expression": {"q": "sex=='%s';!nationality" % value}}
    inside = kenko.post("/v2/op/query?options=count&limit=50&orderBy=!postalCode", asked_for)
    outside = kenko.get("/v2/entities?idPattern=.*&type=Person&attrs=sex,postalCode&options=count&limit=50"
                        "&orderBy=!postalCode&q=sex=='%s';!nationality" % value)
    checks.that(inside.status == 200 and len(inside.raw) > 10, "a question as a body", inside)
    checks.equal((inside.raw, inside.headers["fiware-total-count"]),
                 (outside.raw, outside.headers["fiware-total-count"]), "has the same answer")


def check_parts(checks, people):
    """Attributes and values of a person: the granted ones; a hidden one is answered as one that nobody has."""
    kenko, me = service("kenko"), PERSON + people[0]["users"]["kenko"]
    path, mine = "/v2/entities/%s/attrs" % me, view_of(people, "kenko")[me]
    checks.equal(kenko.get(path + "?options=keyValues").body, mine, "all granted attributes")
    checks.equal(kenko.get(path + "/sex").body, {"type": "Text", "value": mine["sex"], "metadata": {}}, "one of them")
    value = kenko.get(path + "/sex/value")
    checks.equal((value.raw.decode(), value.headers["content-type"]), ('"%s"' % mine["sex"], "text/plain"), "its value")
    for form in ("/%s", "/%s/value"):
        hidden, absent = kenko.get(path + form % "nationality"), kenko.get(path + form % "shoeSize")
        checks.equal((hidden.status, hidden.raw), (404, absent.raw), "hidden and absent are the same: " + form)
        foreign = kenko.get("/v2/entities/%s%s/attrs" % (PERSON, people[0]["users"]["sdgs"]) + form % "sex")
        checks.that(foreign.status == 404 and b"entity has not been found" in foreign.raw, "a foreign id", foreign)


def check_types(checks, people):
    """Types, their counts and attributes: of the view."""
    for recipient in ("kenko", "neppi-pay"):
        who, view = service(recipient), view_of(people, recipient)
        kinds = {kind["type"]: kind for kind in who.get("/v2/types?options=count").body}
        checks.equal(kinds["Person"]["count"], len(view), "%s counts those who consented" % recipient)
        named = sorted({name for seen in view.values() for name in seen})
        checks.equal(sorted(kinds["Person"]["attrs"]), named, "%s knows the attributes that it sees" % recipient)
        checks.equal(who.get("/v2/types/Person").body, {key: kinds["Person"][key] for key in ("attrs", "count")},
                     "one type alone")
        checks.equal(sorted(kinds), who.get("/v2/types?options=values").body, "names alone")
    checks.equal(service("neppi-pay").get("/v2/types/HealthActivity").status, 404, "none in the view, no such type")


# --- writes by other routes ------------------------------------------------------------------------------------------


def with_activities(people):
    """Citizens about whose walks the health app may write and read everything."""
    return [p for p in people if "kenko" in p["users"] and "remarks" in readable(p, "kenko", "HealthActivity")
            and any(g["recipient"] == "kenko" and g["type"] == "HealthActivity" and "write" in g["operations"]
                    and {"steps", "remarks", "refPerson"} <= set(g["attributes"]) for g in p["grants"])]


def check_batches(checks, people):
    """One batch about two citizens: all of it or, when one attribute is not granted, nothing."""
    kenko, two = service("kenko"), with_activities(people)[:2]
    walks = ["urn:ngsi-ld:HealthActivity:" + uuid.uuid4().hex for _ in two]

    def entity(at, **attributes):
        reference = {"type": "Relationship", "value": PERSON + two[at]["users"]["kenko"]}
        return {"id": walks[at], "type": "HealthActivity", "refPerson": reference, **attributes}

    def update(action, *entities):
        return kenko.post("/v2/op/update", {"actionType": action, "entities": list(entities)})

    def steps():
        found = kenko.get("/v2/entities?type=HealthActivity&options=keyValues&attrs=steps&id=" + ",".join(walks)).body
        return sorted((e["id"], e.get("steps")) for e in found)

    made = update("append", entity(0, steps={"value": 100}), entity(1, steps={"value": 200}))
    checks.equal((made.status, steps()), (204, sorted(zip(walks, (100, 200)))), "two citizens in one batch %r" % made)
    person = {"id": PERSON + two[1]["users"]["kenko"], "type": "Person", "familyName": {"value": "別"}}
    refused = update("append", entity(0, steps={"value": 999}), person)
    checks.equal(refused.status, 403, "one is not granted %r" % refused)
    checks.that(b"familyName" in refused.raw and b"steps" not in refused.raw, "what is not granted is named", refused)
    checks.equal(steps(), sorted(zip(walks, (100, 200))), "and nothing was done")
    more = update("update", entity(0, steps={"value": {"$inc": 11}}), entity(1, steps={"value": {"$inc": 22}}))
    checks.equal((more.status, steps()), (204, sorted(zip(walks, (111, 222)))), "operators %r" % more)
    twice = update("appendStrict", entity(0, steps={"value": 1}))
    checks.equal((twice.status, steps()[0][1] != 1), (422, True), "strict %r" % twice)
    checks.equal(update("delete", *({"id": walk, "type": "HealthActivity"} for walk in walks)).status, 204, "deleted")
    checks.equal(steps(), [], "and gone")


def check_part_writes(checks, people):
    """The life of one attribute: written, put, deleted; what is not granted stays as it is."""
    kenko, me = service("kenko"), PERSON + with_activities(people)[0]["users"]["kenko"]
    path = "/v2/entities/urn:ngsi-ld:HealthActivity:" + uuid.uuid4().hex
    made = kenko.post("/v2/entities?options=keyValues", {"id": path[13:], "type": "HealthActivity", "refPerson": me,
                                                        "steps": 5, "remarks": "first"})
    checks.equal(made.status, 201, "created %r" % made)
    text = '"二回目"'.encode()
    put = kenko.request("PUT", path + "/attrs/remarks/value", raw=text, headers={"Content-Type": "text/plain"})
    checks.equal((put.status, kenko.get(path + "/attrs/remarks/value").raw), (204, text), "put %r" % put)
    put = kenko.request("PUT", path + "/attrs/remarks", {"type": "Text", "value": "third"})
    checks.equal((put.status, kenko.get(path + "/attrs/remarks/value").raw), (204, b'"third"'), "put whole %r" % put)
    checks.equal(kenko.request("DELETE", path + "/attrs/remarks").status, 204, "deleted")
    checks.equal(kenko.get(path + "/attrs/remarks").status, 404, "and gone")
    checks.equal(kenko.get(path + "/attrs?options=keyValues").body, {"refPerson": me, "steps": 5}, "alone")
    added = kenko.post(path + "/attrs?options=keyValues", {"remarks": "again"})
    checks.equal((added.status, kenko.get(path + "/attrs/remarks/value").raw), (204, b'"again"'), "appended %r" % added)
    for method, target, body in (("PUT", "/v2/entities/%s/attrs/sex" % me, {"value": "9"}),
                                 ("DELETE", "/v2/entities/%s/attrs/sex" % me, None),
                                 ("POST", "/v2/entities/%s/attrs" % me, {"sex": {"value": "9"}})):
        refused = kenko.request(method, target, body)
        checks.that(refused.status == 403 and b"sex" in refused.raw, "%s names what is not granted" % method, refused)
    checks.equal(service("sdgs").request("DELETE", path).status, 404, "another service does not know it")
    checks.equal((kenko.request("DELETE", path).status, kenko.get(path).status), (204, 404), "the entity goes")


def check_withdrawal(checks, people):
    """A grant withdrawn, the next read is empty; given again, it works again; each step once, whatever is repeated."""
    me, kenko = citizen(), service("kenko")
    mine = PERSON + people[0]["users"]["kenko"]
    grants = me.get("/api/citizen/grants").body["grants"]
    grant = next(g for g in grants if g["recipient"] == "kenko" and g["type"] == "Person" and g["state"] == "active")
    key = {"Idempotency-Key": uuid.uuid4().hex}
    path = "/api/citizen/grants/%s/withdraw" % grant["id"]
    checks.equal(me.post(path).status, 400, "no idempotency key, no change")
    done = me.post(path, headers=key)
    checks.equal(done.status, 200, "withdrawn %r" % done)
    checks.equal(kenko.get("/v2/entities/" + mine).status, 404, "the next read is empty")
    checks.equal(kenko.get("/v2/entities?type=Person&id=" + mine).raw, b"[]", "the list too")
    checks.equal(me.post(path, headers=key).raw, done.raw, "the same key gives the same answer")
    offer = {k: grant[k] for k in ("recipient", "purpose", "type", "attributes", "operations") if k in grant}
    key = {"Idempotency-Key": uuid.uuid4().hex}
    given = me.post("/api/citizen/grants", offer, headers=key)
    checks.equal(given.status, 201, "given again %r" % given)
    checks.equal(me.post("/api/citizen/grants", offer, headers=key).raw, given.raw, "once")
    other = me.post("/api/citizen/grants", dict(offer, attributes=offer["attributes"][:1]), headers=key)
    checks.that(other.status in (409, 422), "the same key for something else is refused", other)
    checks.equal(kenko.get("/v2/entities/" + mine).status, 200, "read again")
    wrong = me.post("/api/citizen/grants", dict(offer, attributes=["shoeSize"]), headers={"Idempotency-Key": "w"})
    checks.that(wrong.status == 400 and b"shoeSize" in wrong.raw, "an unknown attribute is named", wrong)


def check_history(checks, people):
    """The citizen sees who read what: when, service, purpose, attributes, grant."""
    me, kenko = citizen(), service("kenko")
    mark = uuid.uuid4().hex
    kenko.get("/v2/entities/%s%s?attrs=postalCode" % (PERSON, people[0]["users"]["kenko"]),
              headers={"Fiware-Correlator": mark})

    def newest():
        found = me.get("/api/citizen/accesses?limit=20").body["accesses"]
        return next((a for a in found if a["service"] == "kenko" and a["attributes"] == ["postalCode"]), None)

    line = wait_until(newest)
    if not checks.that(line, "the access is in the citizen's history"):
        return
    checks.equal((line["purpose"], line["action"], line["decision"]), ("health-promotion", "read", "permit"), "its facts")
    checks.that(line["time"].endswith("Z") and line["grant"], "time and grant", line)
    checks.equal(line["usedInFilter"], [], "no filter was used")
    kenko.get("/v2/entities?type=Person&q=sex;!nationality&orderBy=dateOfBirth&attrs=familyNameKana&id=" + PERSON
              + people[0]["users"]["kenko"])

    def filtered():
        found = me.get("/api/citizen/accesses?limit=20").body["accesses"]
        return next((a for a in found if a["attributes"] == ["familyNameKana"] and a["usedInFilter"]), None)

    line = wait_until(filtered)
    checks.equal(sorted((line or {}).get("usedInFilter", [])), ["dateOfBirth", "sex"],
                 "what decided is named, what is hidden is not %s" % line)
    times = [a["time"] for a in me.get("/api/citizen/accesses?limit=100").body["accesses"]]
    checks.equal(times, sorted(times, reverse=True), "newest first")
    mine = me.get("/api/citizen/me")
    checks.equal(mine.status, 200, "own data %r" % mine)
    checks.equal(mine.body["person"]["familyName"], people[0]["person"]["familyName"], "own name")
    checks.equal(kenko.get("/api/citizen/me").status, 403, "a service is no citizen")


def check_tokens(checks, people):
    path = "/v2/entities/%s%s" % (PERSON, people[0]["users"]["kenko"])
    for token, what in ((None, "no token"), ("x" * 43, "an invented token"), ("", "an empty token")):
        answer = client.Client(client.base_url(), token).get(path)
        checks.equal(answer.status, 401, "%s %r" % (what, answer))
        checks.that(answer.headers.get("www-authenticate", "").startswith("Bearer"), "WWW-Authenticate", what)
    kenko = service("kenko")
    checks.equal(kenko.get(path).status, 200, "a good token")
    client.city.revoke_token(client.run_folder(), client.base_url(), "kenko", kenko.token)
    checks.equal(kenko.get(path).status, 401, "revoked: refused at once")
    checks.equal(service("kenko", "").get(path).status, 403, "a token without purpose")
    checks.equal(client.Client(client.base_url(), service("kenko").token, tenant="elsewhere").get(path).status, 401,
                 "a token of another tenant")


def check_open_data(checks):
    sdgs = service("sdgs")
    page = sdgs.get("/v2/entities?type=PublicToilet&limit=3&options=count")
    checks.equal((page.status, len(page.body)), (200, 3), "open data %r" % page)
    toilet = page.body[0]["id"]
    checks.equal(sdgs.patch("/v2/entities/%s/attrs" % toilet, {"name": {"value": "北条公園公衆トイレ"}}).status, 204, "patch")
    checks.equal(sdgs.get("/v2/entities/%s?options=keyValues" % toilet).body["name"], "北条公園公衆トイレ", "its new name")
    unlisted = sdgs.post("/v2/entities", {"id": "x", "type": "Dragon", "size": {"value": 1}})
    checks.that(unlisted.status == 422 or unlisted.status == 400 or unlisted.status == 403, "an unlisted type", unlisted)
    checks.that(b"schemas/entities" in unlisted.raw, "it says how to register", unlisted)
    checks.equal(sdgs.get("/v2/entities?type=Dragon").raw, b"[]", "reads as empty")


def check_mixed(checks, people):
    """No type asked: open data first, then the citizens of the view; one count over both."""
    kenko = service("kenko")
    kinds = {}
    for kind in ("PublicToilet", "AED", "PublicFacility", "Person", "HealthActivity", "PointAccount"):
        kinds[kind] = int(kenko.get("/v2/entities?type=%s&limit=1&options=count" % kind).headers["fiware-total-count"])
    page = kenko.get("/v2/entities?limit=1000&options=count,keyValues")
    checks.equal(int(page.headers["fiware-total-count"]), sum(kinds.values()), "count over both halves %s" % kinds)
    personal = [e["type"] in ("Person", "HealthActivity", "PointAccount") for e in page.body]
    checks.equal(personal, sorted(personal), "open data first")


def verify(*options):
    return subprocess.run([client.os.environ["MUSUBI_BUILD"] + "/vaultctl", "audit", "verify",
                           "--config=%s" % (client.run_folder() / "musubi.conf"), *options],
                          capture_output=True, text=True, check=False)


def check_log(checks):
    """The log verifies offline, also against a checkpoint kept from an earlier time; a foreign checkpoint is refused."""
    done = verify()
    if not checks.equal(done.returncode, 0, "the log verifies offline %s %s" % (done.stdout, done.stderr)):
        return
    kept = client.run_folder() / "checkpoint"
    kept.write_text(done.stdout.split("last checkpoint:\n")[1])
    service("kenko").get("/v2/entities?type=Person")
    later = verify("--checkpoint=%s" % kept)
    checks.equal(later.returncode, 0, "it holds what the older checkpoint states %s %s" % (later.stdout, later.stderr))
    kept.write_text(kept.read_text().replace("musubi/demo/", "musubi/other/"))
    checks.that(verify("--checkpoint=%s" % kept).returncode != 0, "a checkpoint of another log is refused")


def main():
    checks, people = Checks(), truth()["citizens"]
    check_two_views(checks, people)
    check_unknown_ids(checks, people)
    check_list(checks, people)
    check_tokens(checks, people)
    for check in (check_filters, check_orders, check_query_body, check_parts, check_types, check_writes, check_batches,
                  check_part_writes):
        check(checks, people)
    check_history(checks, people)
    check_withdrawal(checks, people)
    check_open_data(checks)
    check_mixed(checks, people)
    check_log(checks)
    return checks.close()


if __name__ == "__main__":
    sys.exit(main())
