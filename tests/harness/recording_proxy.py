"""A TCP proxy that records every byte a client sends to the upstream behind it.

One file of bytes for each direction up; the answers pass unrecorded. It can be told to refuse or to hang, so that tests
see what a failed upstream does. Python 3.11, standard library only.
"""
import contextlib
import socket
import threading

CHUNK = 65536


class RecordingProxy:
    """Listens on a free port of loopback; `url` is its base URL. Close it with close()."""

    def __init__(self, host, port, record_path):
        self.upstream = (host, port)
        self.record_path = record_path
        self.mode = "pass"
        self._lock = threading.Lock()
        self._record = open(record_path, "ab", buffering=0)  # pylint: disable=consider-using-with
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self._open = set()
        self.url = "http://127.0.0.1:%d" % self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def set_mode(self, mode):
        """pass: as a proxy; refuse: connections are closed at once; hang: nothing is read or answered. Connections
        that are open are cut, so that the mode holds for whatever comes next."""
        with self._lock:
            self.mode = mode
            sockets = list(self._open)
        for each in sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def recorded(self):
        """All that was sent up so far."""
        return self.record_path.read_bytes()

    def close(self):
        self._listener.close()
        self.set_mode("refuse")
        self._record.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with self._lock:
            mode = self.mode
            self._open.add(client)
        try:
            if mode == "hang":
                client.settimeout(30)
                while client.recv(CHUNK):
                    pass
            elif mode == "pass":
                self._pass(client)
        except OSError:
            pass
        finally:
            with self._lock:
                self._open.discard(client)
            client.close()

    def _pass(self, client):
        with socket.create_connection(self.upstream) as server:
            with self._lock:
                self._open.add(server)
            down = threading.Thread(target=self._copy, args=(server, client, False), daemon=True)
            down.start()
            self._copy(client, server, True)
            down.join()
            with self._lock:
                self._open.discard(server)

    def _copy(self, source, target, is_recorded):
        try:
            while chunk := source.recv(CHUNK):
                if is_recorded:
                    with self._lock:
                        self._record.write(chunk)
                target.sendall(chunk)
        except (OSError, ValueError):
            pass
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)
