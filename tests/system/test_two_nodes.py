"""Two ngsi-proxy processes on one store: what one decides holds on the other at once, and one history tells of both.

Runs on a demo city of two nodes: ./dev with-demo --nodes 2 -- python3 tests/system/test_two_nodes.py
"""
import os
import sys
import uuid

import client
from client import Checks, citizen, service, truth, wait_until

PERSON = "urn:ngsi-ld:Person:"


def main():
    checks, me = Checks(), truth()["citizens"][0]
    first, second = os.environ["MUSUBI_URLS"].split()
    path = "/v2/entities/%s%s" % (PERSON, me["users"]["kenko"])
    on_first = service("kenko", url=first)
    on_second = client.Client(second, on_first.token)

    checks.equal(on_first.get(path + "?attrs=postalCode").status, 200, "read on the first node")
    checks.equal(on_second.get(path + "?attrs=sex").status, 200, "the same token on the second")

    def both():
        seen = [a["attributes"] for a in citizen(first).get("/api/citizen/accesses?limit=50").body["accesses"]
                if a["service"] == "kenko"]
        return ["postalCode"] in seen and ["sex"] in seen
    checks.that(wait_until(both), "one history tells of both nodes")
    histories = [citizen(url).get("/api/citizen/accesses?limit=50").body for url in (first, second)]
    checks.equal(histories[0], histories[1], "and both nodes tell the same")

    client.city.revoke_token(client.run_folder(), first, "kenko", on_first.token)
    checks.equal(on_second.get(path).status, 401, "a token revoked on one is refused on the other")

    on_first, on_second = service("kenko", url=first), service("kenko", url=second)
    grant = next(g for g in me["grants"] if g["recipient"] == "kenko" and g["type"] == "Person")
    done = citizen(first).post("/api/citizen/grants/%s/withdraw" % grant["id"],
                               headers={"Idempotency-Key": uuid.uuid4().hex})
    checks.equal(done.status, 200, "withdrawn on the first %r" % done)
    checks.equal(on_second.get(path).status, 404, "the next read on the second is empty")
    return checks.close()


if __name__ == "__main__":
    sys.exit(main())
