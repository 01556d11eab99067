"""A TCP proxy before a MongoDB that takes apart what passes to it: which names stand where in which command.

A *shape* is the path to one member: the command's name, then names inside each other, with [] for an array's places.
Values are never looked at, only their kinds. Python 3.11, standard library only.
"""
import collections
import pathlib
import re
import socket
import struct
import threading

OP_MSG = 2013
FIXED_SIZES = {0x01: 8, 0x06: 0, 0x07: 12, 0x08: 1, 0x09: 8, 0x0a: 0, 0x10: 4, 0x11: 8, 0x12: 8, 0x13: 16, 0x7f: 0,
               0xff: 0}
SIZED = {0x02: 4, 0x05: 5}  # bytes before the sized content
DOCUMENT, ARRAY = 0x03, 0x04
NAMES_FILE = pathlib.Path(__file__).with_name("command_names.h")


class NotUnderstood(Exception):
    """Bytes that are no message, or a kind of value that no command needs: code, regular expressions, symbols."""


def allowed_names():
    return set(re.findall(r'"([^"]+)"', NAMES_FILE.read_text()))


def cstring(data, at):
    end = data.index(b"\0", at)
    return data[at:end].decode("utf-8", "backslashreplace"), end + 1


def members(data, at):
    """(kind, name, where its value begins) of each member of the document at `at`."""
    end = at + struct.unpack_from("<i", data, at)[0] - 1
    at += 4
    while at < end:
        kind = data[at]
        name, at = cstring(data, at + 1)
        yield kind, name, at
        if kind in FIXED_SIZES:
            at += FIXED_SIZES[kind]
        elif kind in SIZED:
            at += SIZED[kind] + struct.unpack_from("<i", data, at)[0]
        elif kind in (DOCUMENT, ARRAY):
            at += struct.unpack_from("<i", data, at)[0]
        else:
            raise NotUnderstood("a value of kind %02x in %s" % (kind, name))


def shapes(data, at, path, is_array=False):
    for kind, name, value in members(data, at):
        here = path + ("[]" if is_array and name.isdigit() else name,)
        yield here
        if kind in (DOCUMENT, ARRAY):
            yield from shapes(data, value, here, kind == ARRAY)


def sections(message):
    """(path so far, where a document begins) of a whole OP_MSG, header included; the command's name comes first."""
    end, at, documents, command = len(message), 20, [], None
    while at < end:
        kind, size = message[at], struct.unpack_from("<i", message, at + 1)[0]
        if kind == 0:
            command = next(members(message, at + 1))[1]
            documents.append(((), at + 1))
        elif kind == 1:
            name, document = cstring(message, at + 5)
            while document < at + 1 + size:
                documents.append(((name, "[]"), document))
                document += struct.unpack_from("<i", message, document)[0]
        else:
            raise NotUnderstood("a section of kind %d" % kind)
        at += 1 + size
    return [((command, *path), document) for path, document in documents]


def shapes_of(message):
    """All shapes of one OP_MSG."""
    return [shape for path, document in sections(message) for shape in shapes(message, document, path)]


class WireRecorder:
    """Listens on a loopback port of its own and passes everything on to the server at uri."""

    def __init__(self, uri):
        self.target = re.match(r"mongodb://([^:/]+):(\d+)/", uri).groups()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.uri = "mongodb://127.0.0.1:%d/?directConnection=true" % self.listener.getsockname()[1]
        self.lock = threading.Lock()
        self.messages, self.seen, self.faults = 0, collections.Counter(), []
        threading.Thread(target=self._accept, daemon=True).start()

    def take(self):
        """What was seen since the last call: (messages, counts by shape, faults)."""
        with self.lock:
            taken = self.messages, self.seen, self.faults
            self.messages, self.seen, self.faults = 0, collections.Counter(), []
        return taken

    def close(self):
        self.listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection((self.target[0], int(self.target[1])))
            threading.Thread(target=self._requests, args=(client, server), daemon=True).start()
            threading.Thread(target=self._answers, args=(server, client), daemon=True).start()

    def _note(self, message):
        with self.lock:
            self.messages += 1
            try:
                self.seen.update(shapes_of(message))
            except (NotUnderstood, ValueError, struct.error, StopIteration) as fault:
                self.faults.append(repr(fault))

    def _requests(self, client, server):
        """Whole messages, so that each is noted before the server can have seen it."""
        try:
            with client.makefile("rb") as stream:
                while len(head := stream.read(16)) == 16:
                    size, _, _, code = struct.unpack("<iiii", head)
                    message = head + stream.read(size - 16)
                    if code == OP_MSG:
                        self._note(message)
                    server.sendall(message)
        except OSError:
            pass
        self._end(server)

    def _answers(self, server, client):
        try:
            while piece := server.recv(1 << 16):
                client.sendall(piece)
        except OSError:
            pass
        self._end(client)

    @staticmethod
    def _end(wire):
        try:
            wire.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        wire.close()
