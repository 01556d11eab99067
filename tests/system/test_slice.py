"""The main job, end to end, as services and a citizen live it: consented reads under own ids, withdrawal, history.

Spec: 6(1)ア 6(1)イ 6(2)ア 6(3)ア 6(6)ア 6(6)ウ 6(6)エ. Runs on a demo city: ./dev with-demo -- python3 tests/system/test_slice.py
"""
import subprocess
import sys
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
    check_writes(checks, people)
    check_history(checks, people)
    check_withdrawal(checks, people)
    check_open_data(checks)
    check_mixed(checks, people)
    check_log(checks)
    return checks.close()


if __name__ == "__main__":
    sys.exit(main())
