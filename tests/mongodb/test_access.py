#!/usr/bin/env python3
"""The roles of mongo-init/ are enough for the programs and give no more; TLS is spoken and certificates are checked.

    test_access.py PATH-OF-declared_layout PATH-OF-test_store_model   (inside with_mongodb.py --python)
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import bson
import pymongo
from pymongo.errors import OperationFailure

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import with_mongodb  # noqa: E402

OPEN_PROGRAM, WORK_PROGRAM = sys.argv[1:3]
del sys.argv[1:3]
DATABASE = "musubi_test"
PASSWORD = "of-this-test"


def open_says(uri):
    done = subprocess.run([OPEN_PROGRAM, "open", uri, DATABASE], check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.strip()


def openssl(folder, *arguments):
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Roles(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = cls.enterClassContext(tempfile.TemporaryDirectory(prefix="musubi-access-"))
        with with_mongodb.server(folder) as server:
            server.prepare(DATABASE)
            server.run_script(DATABASE, "roles.js")
            with pymongo.MongoClient(server.uri) as client:
                for user, role in (("ngsi-proxy", "musubi_proxy"), ("vaultctl", "musubi_vaultctl")):
                    client[DATABASE].command("createUser", user, pwd=PASSWORD, roles=[role])
        cls.server = cls.enterClassContext(with_mongodb.server(folder, flags=("--auth",)))

    def uri_of(self, user, password=PASSWORD):
        return f"mongodb://{user}:{password}@127.0.0.1:{self.server.port}/?directConnection=true&authSource={DATABASE}"

    def test_both_may_open(self):
        self.assertEqual(open_says(self.uri_of("ngsi-proxy")), "OK")
        self.assertEqual(open_says(self.uri_of("vaultctl")), "OK")

    def test_others_may_not(self):
        for uri in (self.uri_of("nobody"), self.uri_of("vaultctl", "wrong"), self.server.uri):
            self.assertTrue(open_says(uri).startswith("STORE_UNAVAILABLE the database refuses"), uri)

    def test_the_work_can_be_done(self):
        """Random batches and walks over all collections, as vaultctl."""
        environment = {**os.environ, "MUSUBI_TEST_STORE": "mongodb", "MUSUBI_TEST_MONGODB_DATABASE": DATABASE,
                       "MUSUBI_TEST_MONGODB_URI": self.uri_of("vaultctl")}
        done = subprocess.run([WORK_PROGRAM, "mongodb"], env=environment, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        self.assertEqual(done.returncode, 0, done.stdout[-2000:])

    def test_nothing_more(self):
        """By action; the test's server does not tell collections apart, so test_layout.py looks at those."""
        with pymongo.MongoClient(self.uri_of("ngsi-proxy")) as client:
            database = client[DATABASE]
            document = {"_id": "k", "v": bson.Int64(1), "w": bson.Int64(0), "b": {"f": 1}}
            database.tokens.insert_one(document)
            denied = {
                "drop": lambda: database.drop_collection("grants"),
                "change a validator": lambda: database.command("collMod", "grants", validator={}),
                "create an index": lambda: database.grants.create_index("z"),
                "create a collection": lambda: database.create_collection("more"),
                "read another database": lambda: client.other.x.find_one(),
                "list users": lambda: database.command("usersInfo", 1),
                "make a user": lambda: database.command("createUser", "x", pwd="x", roles=[]),
            }
            for what, act in denied.items():
                with self.assertRaises(OperationFailure, msg=what) as caught:
                    act()
                self.assertEqual(caught.exception.code, 13, what)


class Tls(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="musubi-tls-")))
        for name in ("ca", "other"):
            openssl(self.folder, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", name + ".key",
                    "-out", name + ".pem", "-days", "2", "-subj", "/CN=" + name)
        openssl(self.folder, "req", "-newkey", "rsa:2048", "-nodes", "-keyout", "server.key", "-out", "server.csr",
                "-subj", "/CN=localhost")
        (self.folder / "names").write_text("subjectAltName=DNS:localhost\n")
        openssl(self.folder, "x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                "-CAcreateserial", "-out", "server.pem", "-days", "2", "-extfile", "names")
        self.server = self.enterContext(with_mongodb.server(
            self.folder / "run", flags=("--tls-cert-file", str(self.folder / "server.pem"),
                                        "--tls-key-file", str(self.folder / "server.key"))))

    def says(self, host, options):
        return open_says(f"mongodb://{host}:{self.server.port}/?directConnection=true{options}").split()[0]

    def test_certificates_are_checked(self):
        trusted = f"&tls=true&tlsCAFile={self.folder}/ca.pem"
        self.assertEqual(self.says("localhost", trusted), "STORE_NOT_PREPARED")  # spoken with, and found empty
        self.assertEqual(self.says("127.0.0.1", trusted), "STORE_UNAVAILABLE")  # the name is another
        self.assertEqual(self.says("localhost", f"&tls=true&tlsCAFile={self.folder}/other.pem"), "STORE_UNAVAILABLE")
        self.assertEqual(self.says("localhost", ""), "STORE_UNAVAILABLE")  # no TLS, no talk


if __name__ == "__main__":
    unittest.main(verbosity=2)
