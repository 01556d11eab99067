"""nginx from Debian's package in front of a node, with the configuration of docker/nginx: only paths, port and user differ."""
import contextlib
import os
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]


class NginxError(Exception):
    """What went wrong, in words for a person."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def replaced(text, pairs):
    for old, new in pairs:
        if old not in text:
            raise NginxError("docker/nginx has no %r any more" % old)
        text = text.replace(old, new)
    return text


def make_certificate(folder, name="server"):
    key, certificate = folder / (name + ".key"), folder / (name + ".pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "2", "-subj", "/CN=%s" % name, "-keyout", str(key), "-out", str(certificate)],
                   check=True, capture_output=True)
    return certificate, key


def write_configuration(folder, port, server):
    certificate, key = make_certificate(folder)
    main = replaced((ROOT / "docker/nginx/nginx.conf").read_text(), [
        ("user www-data;", "user root;" if os.geteuid() == 0 else ""), ("/run/nginx.pid", str(folder / "nginx.pid")),
        ("/var/log/nginx", str(folder)), ("/var/lib/nginx", str(folder)),
        ("include musubi.conf;", "\n    ".join("%s_temp_path %s;" % (kind, folder / kind) for kind in (
            "proxy", "fastcgi", "uwsgi", "scgi")) + "\n    include musubi.conf;"),
        ("worker_rlimit_nofile 16384;", "")])
    site = replaced((ROOT / "docker/nginx/musubi.conf").read_text(), [
        ("listen 443 ssl;", "listen 127.0.0.1:%d ssl;" % port), ("listen [::]:443 ssl;", ""),
        ("/etc/nginx/tls/fullchain.pem", str(certificate)), ("/etc/nginx/tls/privkey.pem", str(key)),
        ("unix:/run/musubi/http.sock", server)])
    (folder / "nginx.conf").write_text(main)
    (folder / "musubi.conf").write_text(site)


def client_context(certificate=None, key=None, version=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if certificate:
        context.load_cert_chain(certificate, key)
    if version:
        context.minimum_version = context.maximum_version = version
    return context


def is_listening(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


@contextlib.contextmanager
def front(run, unix_path, server=None):
    """nginx on a free TLS port of 127.0.0.1, passing on to the socket, or to server (host:port); gives the port."""
    if shutil.which("nginx") is None and not pathlib.Path("/usr/sbin/nginx").exists():
        raise NginxError("nginx is not installed")
    folder = run / "nginx"
    folder.mkdir(exist_ok=True)
    port = free_port()
    write_configuration(folder, port, server or "unix:%s" % unix_path)
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    process = subprocess.Popen([program, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e",
                                str(folder / "error.log"), "-g", "daemon off;"], stdin=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 10
        while not is_listening(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise NginxError("nginx does not listen:\n%s" % (folder / "error.log").read_text())
            time.sleep(0.02)
        yield port
    finally:
        process.send_signal(signal.SIGQUIT)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.terminate()
            process.wait()
