#!/usr/bin/env python3
"""mongo-init/ gives exactly what the program declares, twice over, and the program refuses anything less.

    test_layout.py PATH-OF-declared_layout        (run by the Python of the test server's tools, inside with_mongodb.py)
"""

import os
import subprocess
import sys
import unittest
import uuid

import bson
import pymongo
from pymongo.errors import WriteError

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import with_mongodb  # noqa: E402

PROGRAM = sys.argv.pop(1) if len(sys.argv) > 1 else "declared_layout"
URI = os.environ["MUSUBI_TEST_MONGODB_URI"]
KINDS = {"int": "long", "text": "string"}


def declaration():
    """{collection: {"members": {name: kind}, "indexes": {name: [members]}}} as the program has it."""
    declared = {}
    for line in subprocess.run([PROGRAM], check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines():
        word, name, *rest = line.split()
        if word == "collection":
            entry = declared[name] = {"members": {}, "indexes": {}}
        elif word == "member":
            entry["members"][name] = rest[0]
        else:
            entry["indexes"][name] = rest
    return declared


def wanted_validator(members):
    inner = {"f": {"bsonType": "int"}}
    inner.update((name, {"bsonType": KINDS[kind]}) for name, kind in members.items())
    return {"$jsonSchema": {
        "bsonType": "object", "required": ["_id", "v", "w", "b"], "additionalProperties": False,
        "properties": {"_id": {"bsonType": "string"}, "v": {"bsonType": "long"}, "w": {"bsonType": "long"},
                       "b": {"bsonType": "object", "required": ["f"], "properties": inner}}}}


def wanted_indexes(indexes):
    wanted = {"_id_": [("_id", 1)]}
    for name, members in indexes.items():
        wanted[name] = [("b." + member, 1) for member in members] + [("_id", 1)]
    return wanted


def found_indexes(collection):
    return {name: list(index["key"]) for name, index in collection.index_information().items()}


def everything(database, with_ids=True):
    """All that the server says of the database's collections and indexes; without ids, alike is enough."""
    collections = sorted(database.list_collections(), key=lambda one: one["name"])
    if not with_ids:
        for one in collections:
            one.pop("info")
    return [(one, sorted(map(repr, database[one["name"]].list_indexes()))) for one in collections]


def document(**members):
    return {"_id": "k", "v": bson.Int64(1), "w": bson.Int64(0), "b": {"f": 1, **members}}


class Layout(unittest.TestCase):
    def setUp(self):
        self.client = pymongo.MongoClient(URI)
        self.server = with_mongodb.Running(URI)
        self.name = "layout_" + uuid.uuid4().hex[:8]
        self.database = self.client[self.name]
        self.addCleanup(self.client.close)

    def open_says(self):
        done = subprocess.run([PROGRAM, "open", URI, self.name], check=True, stdout=subprocess.PIPE, text=True)
        return done.stdout.strip()

    def test_scripts_give_what_is_declared_and_the_same_again(self):
        self.server.prepare(self.name)
        declared = declaration()
        found = {one["name"]: one["options"] for one in self.database.list_collections()}
        self.assertEqual(sorted(found), sorted(declared))
        for name, entry in declared.items():
            self.assertEqual(found[name]["validator"], wanted_validator(entry["members"]), name)
            self.assertEqual(found[name]["validationLevel"], "strict")
            self.assertEqual(found[name]["validationAction"], "error")
            self.assertEqual(found_indexes(self.database[name]), wanted_indexes(entry["indexes"]), name)
        self.assertEqual(self.open_says(), "OK")
        self.database.grants.insert_one(document(s="x", n=bson.Int64(1)))
        before = everything(self.database)
        self.server.prepare(self.name)
        self.assertEqual(everything(self.database), before)
        self.assertEqual(self.database.grants.count_documents({}), 1)

    def test_second_run_mends(self):
        self.server.prepare(self.name)
        before = everything(self.database, with_ids=False)
        self.reshape_index()
        self.database.command("collMod", "keys", validator={}, validationLevel="moderate")
        self.database.drop_collection("links")
        self.server.prepare(self.name)
        self.assertEqual(everything(self.database, with_ids=False), before)

    def test_validators_are_strict(self):
        self.server.prepare(self.name)
        grants = self.database.grants
        bad = [document(s=1), document(n=1), document(n="1"), {**document(), "x": 1}, {**document(), "v": 1},
               {**document(), "_id": 7}, {**document(), "b": {}}, {**document(), "b": {"f": "1"}},
               {**document(), "b": []}, {"_id": "k", "b": {"f": 1}}]
        for one in bad:
            with self.assertRaises(WriteError, msg=one):
                grants.insert_one(one)
        grants.insert_one(document(s="x", n=bson.Int64(2), other=b"free"))
        with self.assertRaises(WriteError):
            grants.update_one({"_id": "k"}, {"$set": {"b.n": "two"}})

    def test_program_refuses_less_and_says_what_to_run(self):
        # The program names the first thing in the order of its declaration: each damage hides those before it.
        damages = [
            ("collection tokens index by_owner is missing or of another shape", self.reshape_index),
            ("collection view_rows index by_list is missing", lambda: self.database.view_rows.drop_index("by_list")),
            ("collection grants is missing", lambda: self.database.drop_collection("grants")),
            ("collection keys has no strict validator",
             lambda: self.database.command("collMod", "keys", validator={})),
            ("collection leases has no strict validator",
             lambda: self.database.command("collMod", "leases", validationLevel="moderate")),
            ("collection meta is missing", lambda: self.client.drop_database(self.name)),
        ]
        self.server.prepare(self.name)
        for said, damage in damages:
            damage()
            answer = self.open_says()
            self.assertTrue(answer.startswith("STORE_NOT_PREPARED database " + self.name), answer)
            self.assertIn(said, answer)
            self.assertIn("run: mongosh", answer)
            self.assertIn("mongo-init/collections.js", answer)

    def reshape_index(self):
        self.database.tokens.drop_index("by_owner")
        self.database.tokens.create_index([("_id", 1), ("b.c", 1)], name="by_owner")

    def test_roles_are_least(self):
        for _ in range(2):
            self.server.run_script(self.name, "roles.js")
            roles = self.database.command({"rolesInfo": 1, "showPrivileges": True})["roles"]
            self.assertEqual(sorted(role["role"] for role in roles), ["musubi_proxy", "musubi_vaultctl"])
        declared = declaration()
        allowed = {"find", "insert", "update", "remove", "listIndexes", "listCollections"}
        for role in roles:
            self.assertEqual(role["roles"], [])
            named = {one["resource"]["collection"]: set(one["actions"]) for one in role["privileges"]}
            self.assertEqual(named.pop(""), {"listCollections"})
            self.assertEqual(sorted(named), sorted(declared))
            self.assertTrue(set().union(*named.values()) <= allowed)
            self.assertTrue({one["resource"]["db"] for one in role["privileges"]} == {self.name})
            if role["role"] == "musubi_proxy":
                self.assertNotIn("insert", named["services"])
                self.assertNotIn("remove", named["services"] | named["meta"] | named["log_marks"])

    def test_refusals_of_the_opening(self):
        def says(uri, database):
            done = subprocess.run([PROGRAM, "open", uri, database], check=True, stdout=subprocess.PIPE, text=True)
            return done.stdout.split()[0]
        self.assertEqual(says("mongodb://", "x"), "STORE_MISUSE")
        self.assertEqual(says(URI, "a.b"), "STORE_MISUSE")
        self.assertEqual(says(URI, ""), "STORE_MISUSE")
        self.assertEqual(says(f"mongodb://127.0.0.1:{with_mongodb.free_port()}/", "x"), "STORE_UNAVAILABLE")


if __name__ == "__main__":
    unittest.main(verbosity=2)
