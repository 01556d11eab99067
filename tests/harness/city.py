"""The demo city: one harness for `./dev run`, `./dev with-demo`, `./dev token`, tests, docs and bench.

A run folder holds all of a city: musubi.conf, keys/, store/, log/, and what the nodes print. Nothing outside it is
touched. Python 3.11, standard library only; signatures come from the openssl command.
"""
import argparse
import base64
import contextlib
import json
import os
import pathlib
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

from recording_proxy import RecordingProxy

ROOT = pathlib.Path(os.environ.get("MUSUBI_ROOT", pathlib.Path(__file__).resolve().parents[2]))
SERVICES = {
    "line-portal": ["segment-delivery"],
    "kenko": ["health-promotion"],
    "neppi-pay": ["point-exchange"],
    "sdgs": ["sdgs-activity"],
    "tourist-passport": ["tourism"],
}
START_SECONDS = 30


class HarnessError(Exception):
    """What went wrong, in words for a person."""


# --- keys and assertions ---------------------------------------------------------------------------------------------


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def openssl(*arguments, data=None):
    done = subprocess.run(["openssl", *arguments], input=data, capture_output=True, check=False)
    if done.returncode != 0:
        raise HarnessError("openssl %s: %s" % (arguments[0], done.stderr.decode().strip()))
    return done.stdout


def make_service_key(folder, service):
    """An ES256 key pair: SERVICE.pem for the service, SERVICE.jwks.json to be registered."""
    pem, jwks = folder / (service + ".pem"), folder / (service + ".jwks.json")
    if pem.exists():
        return
    pem.touch(mode=0o600)
    pem.write_bytes(openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout"))
    point = openssl("ec", "-in", str(pem), "-pubout", "-outform", "DER", "-conv_form", "uncompressed")[-65:]
    jwks.write_text(json.dumps({"keys": [{"kty": "EC", "crv": "P-256", "kid": service + "-1", "alg": "ES256",
                                          "use": "sig", "x": base64url(point[1:33]), "y": base64url(point[33:])}]}))


def der_integer(der, at):
    length = der[at + 1]
    return int.from_bytes(der[at + 2:at + 2 + length], "big"), at + 2 + length


def sign_es256(pem, text):
    der = openssl("dgst", "-sha256", "-sign", str(pem), data=text.encode())
    r, at = der_integer(der, 2)
    s, _ = der_integer(der, at)
    return base64url(r.to_bytes(32, "big") + s.to_bytes(32, "big"))


def client_assertion(run, service, audience, lifetime_seconds=120):
    """RFC 7523: the service says who it is with a signature of its own key."""
    now = int(time.time())
    head = {"alg": "ES256", "typ": "JWT", "kid": service + "-1"}
    body = {"iss": service, "sub": service, "aud": audience, "iat": now, "exp": now + lifetime_seconds,
            "jti": secrets.token_urlsafe(16)}
    signed = ".".join(base64url(json.dumps(part).encode()) for part in (head, body))
    return signed + "." + sign_es256(run / "keys" / "services" / (service + ".pem"), signed)


def post_form(url, fields):
    request = urllib.request.Request(url, urllib.parse.urlencode(fields).encode())
    with urllib.request.urlopen(request, timeout=10) as answer:
        body = answer.read()
        return json.loads(body) if body else None


def assertion_fields(run, url, service):
    return {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": client_assertion(run, service, url + "/oauth2/token")}


def fetch_token(run, url, service, purpose=None):
    fields = {"grant_type": "client_credentials", **assertion_fields(run, url, service)}
    if purpose:
        fields["scope"] = "purpose:" + purpose
    try:
        return post_form(url + "/oauth2/token", fields)["access_token"]
    except urllib.error.HTTPError as refused:
        raise HarnessError("no token for %s: %d %s" % (service, refused.code, refused.read().decode())) from None


def revoke_token(run, url, service, token):
    post_form(url + "/oauth2/revoke", {"token": token, **assertion_fields(run, url, service)})


# --- a run folder ----------------------------------------------------------------------------------------------------


def write_configuration(run, options, server):
    lines = ["environment = demo", "open = %s" % ("true" if options.open else "false"),
             "schemas_folder = %s" % (ROOT / "schemas"), "key_file = keys/kek", "log_folder = log",
             # one tester stands for a whole city: the limits have tests of their own
             "rate_client = 0", "rate_citizen = 0", "budget_hour = 0", "budget_day = 0"]
    if options.store == "mongodb":
        lines += ["store_kind = mongodb", "store_uri = %s" % server.uri, "store_database = musubi_demo"]
    else:
        lines += ["store_kind = sqlite", "store_path = store/musubi.sqlite"]
    (run / "musubi.conf").write_text("\n".join(lines) + "\n")


def vaultctl(build, run, *arguments):
    done = subprocess.run([str(build / "vaultctl"), *arguments[0].split(), "--config=%s" % (run / "musubi.conf"),
                           *arguments[1:]], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise HarnessError("vaultctl %s failed:\n%s%s" % (arguments[0], done.stdout, done.stderr))
    return done.stdout


def create_city(run, build, options, server=None):
    for folder in ("keys/services", "store", "log"):
        (run / folder).mkdir(parents=True, exist_ok=True)
    write_configuration(run, options, server)
    for service in SERVICES:
        make_service_key(run / "keys" / "services", service)
    vaultctl(build, run, "init")
    arguments = ["--citizens=%d" % options.citizens, "--seed=%d" % options.seed,
                 "--service-keys=%s" % (run / "keys" / "services"), "--truth-file=%s" % (run / "truth.json")]
    if options.consenting is not None:
        arguments.append("--consenting=%d" % options.consenting)
    vaultctl(build, run, "demo", *arguments)


def allow_from_here(run, build):
    """A city that was made before services had lists of addresses lets its services ask from this machine."""
    for service in SERVICES:
        vaultctl(build, run, "service allow", "--id=%s" % service, "--allow-from=127.0.0.0/8,::1,unix")


def citizen_token(run, build, person):
    """A fresh token of an invented citizen, for ten minutes: demo cities only, until citizens can sign in."""
    service, user = next(iter(person["users"].items()))
    return vaultctl(build, run, "citizen-token", "--service=%s" % service, "--user=%s" % user).strip()


class Node:
    """One ngsi-proxy process; it says its address in a file once it listens."""

    def __init__(self, run, build, name, listen="127.0.0.1:0", extra=(), wrapper=()):
        self.run, self.name = run, name
        self.url_file = run / ("url-" + name)
        self.url_file.unlink(missing_ok=True)
        self.log_path = run / ("ngsi-proxy-%s.log" % name)
        command = [*wrapper, str(build / "ngsi-proxy"), "--config=%s" % (run / "musubi.conf"), "--node=%s" % name,
                   "--listen=%s" % listen, "--url-file=%s" % self.url_file, *extra]
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        self.url = self._wait_until_listening()

    def _wait_until_listening(self):
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise HarnessError("ngsi-proxy ended with %d:\n%s" % (self.process.returncode, self.tail()))
            if self.url_file.exists() and (url := self.url_file.read_text().strip()):
                return url
            time.sleep(0.02)
        self.stop()
        raise HarnessError("ngsi-proxy did not listen within %d s:\n%s" % (START_SECONDS, self.tail()))

    def tail(self, lines=15):
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-lines:])

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        """Orderly: SIGTERM, and the process must leave by itself. Returns its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(START_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
                raise HarnessError("ngsi-proxy did not stop on SIGTERM") from None
        return self.process.returncode


@contextlib.contextmanager
def orion(run, build, options):
    """The broker of open data behind the nodes: none, the one at a URL, or (embedded) a second Musubi in open mode of
    its own, behind a proxy that records what reaches it. Gives (flags for the nodes, the recording proxy or None)."""
    if options.orion != "embedded":
        yield (["--orion=%s" % options.orion] if options.orion else []), None
        return
    upstream = run / "upstream"
    for folder in ("keys/services", "store", "log"):
        (upstream / folder).mkdir(parents=True, exist_ok=True)
    write_configuration(upstream, argparse.Namespace(open=True, store="sqlite"), None)
    vaultctl(build, upstream, "init")
    node = Node(upstream, build, "upstream")
    address = urllib.parse.urlsplit(node.url)
    proxy = RecordingProxy(address.hostname, address.port, run / "upstream.bytes")
    try:
        yield ["--orion=%s" % proxy.url], proxy
    finally:
        proxy.close()
        node.stop()


@contextlib.contextmanager
def mongodb(run, options):
    """A MongoDB-protocol server of its own with the collections of mongo-init/, or None for SQLite."""
    if options.store != "mongodb":
        yield None
        return
    sys.path.insert(0, str(ROOT / "tests" / "mongodb"))
    import with_mongodb  # pylint: disable=import-outside-toplevel
    flags = with_mongodb.DURABLE if getattr(options, "durable", False) else ()
    with with_mongodb.server(run / "mongodb", flags=flags) as server:
        server.prepare("musubi_demo")
        yield server


# --- commands --------------------------------------------------------------------------------------------------------


def load_open_data(run, url):
    """Open data comes in as any service would send it: through the API."""
    token = fetch_token(run, url, "sdgs")
    entities = json.loads((ROOT / "tests" / "harness" / "open_data.json").read_text())
    for entity in entities:
        request = urllib.request.Request(url + "/v2/entities", json.dumps(entity).encode(), method="POST",
                                         headers={"Content-Type": "application/json", "Authorization": "Bearer " + token})
        try:
            urllib.request.urlopen(request, timeout=10).close()
        except urllib.error.HTTPError as refused:
            if refused.code != 422:  # there already, from an earlier start of this folder
                raise HarnessError("open data: %d %s" % (refused.code, refused.read().decode())) from None


def example_user(run):
    """The citizen whose token the demo hands out: user ids and grants by service."""
    return json.loads((run / "truth.json").read_text())["citizens"][0]


def print_welcome(run, url):
    user = example_user(run)
    print("""
Musubi runs at %(url)s; data, keys and log are in %(run)s. Ctrl-C stops it.
In another terminal, in this folder:

  # a token of the health app for its one purpose
  TOKEN=$(./dev token kenko health-promotion | tail -n 1)
  curl -s -H "Authorization: Bearer $TOKEN" '%(url)s/v2/entities?type=Person&limit=3&options=count,keyValues'
  curl -s -H "Authorization: Bearer $TOKEN" '%(url)s/v2/entities/urn:ngsi-ld:Person:%(kenko)s?options=keyValues'

  # the same citizen as the regional currency sees them: another id, other attributes
  PAY=$(./dev token neppi-pay point-exchange | tail -n 1)
  curl -s -H "Authorization: Bearer $PAY" '%(url)s/v2/entities/urn:ngsi-ld:Person:%(neppi)s?options=keyValues'

  # the citizen: what I allow, who read what
  ME=$(./dev token citizen | tail -n 1)
  curl -s -H "Authorization: Bearer $ME" %(url)s/api/citizen/grants
  curl -s -H "Authorization: Bearer $ME" '%(url)s/api/citizen/accesses?limit=5'

  # withdraw the grant, and the next read is empty
  curl -s -X POST -H "Authorization: Bearer $ME" -H 'Idempotency-Key: first-try' %(url)s/api/citizen/grants/%(grant)s/withdraw
  curl -s -H "Authorization: Bearer $TOKEN" '%(url)s/v2/entities?id=urn:ngsi-ld:Person:%(kenko)s&type=Person'

  # open data, and the proof of the log
  curl -s -H "Authorization: Bearer $TOKEN" '%(url)s/v2/entities?type=PublicToilet&limit=2&options=keyValues'
  build/release/bin/vaultctl audit verify --config=%(run)s/musubi.conf
""" % {"url": url, "run": os.path.relpath(run), "kenko": user["users"]["kenko"], "neppi": user["users"]["neppi-pay"],
       "grant": next(g["id"] for g in user["grants"] if g["recipient"] == "kenko" and g["type"] == "Person")}, flush=True)


def command_run(options, build):
    run = pathlib.Path(options.folder or ROOT / "run").resolve()
    if options.fresh and run.exists():
        shutil.rmtree(run)
    with mongodb(run, options) as server:
        is_kept = (run / "truth.json").exists()
        if not is_kept:
            print("loading the demo city: %d invented citizens, five services" % options.citizens, flush=True)
            create_city(run, build, options, server)
        write_configuration(run, options, server)  # the database's port is another one at each start
        if is_kept:
            allow_from_here(run, build)
        node = Node(run, build, "node1", listen="127.0.0.1:%d" % options.port)
        (run / "url").write_text(node.url + "\n")
        try:
            load_open_data(run, node.url)
            print_welcome(run, node.url)
            return node.process.wait()
        except KeyboardInterrupt:
            print("stopping", flush=True)
            return node.stop()
        finally:
            node.stop()


def command_with_demo(options, build):
    folder = options.folder or tempfile.mkdtemp(prefix="musubi-demo-")
    run = pathlib.Path(folder).resolve()
    nodes = []
    try:
        with mongodb(run, options) as server, orion(run, build, options) as (flags, _):
            create_city(run, build, options, server)
            try:
                for i in range(options.nodes):
                    nodes.append(Node(run, build, "node%d" % (i + 1), extra=flags))
                if not options.no_open_data:
                    load_open_data(run, nodes[0].url)
                (run / "url").write_text(nodes[0].url + "\n")
                environment = dict(os.environ, MUSUBI_URL=nodes[0].url, MUSUBI_RUN=str(run),
                                   MUSUBI_URLS=" ".join(node.url for node in nodes), MUSUBI_BUILD=str(build),
                                   MUSUBI_CITIZEN_TOKEN=citizen_token(run, build, example_user(run)))
                status = subprocess.run(options.command, env=environment, check=False).returncode
            finally:
                stopped = [node.stop() for node in nodes]
            if status == 0 and any(stopped):
                raise HarnessError("a node ended with %s:\n%s" % (stopped, nodes[0].tail()))
            return status
    finally:
        if not options.folder:
            shutil.rmtree(run, ignore_errors=True)


def command_token(options, build):
    run = pathlib.Path(os.environ.get("MUSUBI_RUN", ROOT / "run")).resolve()
    if not (run / "url").exists():
        raise HarnessError("no city is running in %s: start one with ./dev run" % run)
    if options.service == "citizen":
        print(citizen_token(run, build, example_user(run)))
    else:
        print(fetch_token(run, (run / "url").read_text().strip(), options.service, options.purpose))
    return 0


def parse(arguments):
    parser = argparse.ArgumentParser(prog="./dev", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="name", required=True)
    for name in ("run", "with-demo"):
        sub = commands.add_parser(name)
        sub.add_argument("--store", choices=["sqlite", "mongodb"], default="sqlite")
        sub.add_argument("--folder", help="where the city lives; default: run/, or a folder that goes with the demo")
        sub.add_argument("--citizens", type=int, default=300)
        sub.add_argument("--consenting", type=int, default=None, help="only so many citizens give grants")
        sub.add_argument("--seed", type=int, default=1)
        sub.add_argument("--open", action="store_true", help="development: open data without tokens, any tenant")
        sub.add_argument("--build", default="release", help="the build preset whose programs run")
        if name == "run":
            sub.add_argument("--fresh", action="store_true")
            sub.add_argument("--port", type=int, default=8026)
        else:
            sub.add_argument("--nodes", type=int, default=1)
            sub.add_argument("--orion", default="", metavar="URL|embedded",
                             help="open data lives in the broker at URL, or in a second Musubi started for it")
            sub.add_argument("--no-open-data", action="store_true")
            sub.add_argument("command", nargs=argparse.REMAINDER)
    token = commands.add_parser("token")
    token.add_argument("service", choices=[*SERVICES, "citizen"])
    token.add_argument("purpose", nargs="?")
    options = parser.parse_args(arguments)
    if options.name == "with-demo":
        options.command = options.command[1:] if options.command[:1] == ["--"] else options.command
        if not options.command:
            parser.error("with-demo needs -- CMD…")
    return options


def main(arguments):
    options = parse(arguments)
    build = ROOT / "build" / getattr(options, "build", "release") / "bin"
    handler = {"run": command_run, "with-demo": command_with_demo, "token": command_token}[options.name]
    signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
    try:
        return handler(options, build)
    except HarnessError as error:
        print("./dev: %s" % error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
