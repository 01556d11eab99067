"""Row 3: open data that lives in another broker, through ngsi-proxy against nginx proxy_pass to the same broker; and row 1
again with the nginx of docker/nginx in front. Python 3.11, standard library, wrk, nginx.
"""
import argparse
import contextlib
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

import city

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "system"))
import nginx_front  # noqa: E402  pylint: disable=wrong-import-position

ROUNDS = 5
CPU_US = 500
QUESTION = "/v2/entities?type=PublicToilet&limit=20"
REACH = 0.95
ALL_CORES = sorted(os.sched_getaffinity(0))

# As little as nginx can be asked to do: no TLS, no log, connections to the broker stay open.
PLAIN_NGINX = """worker_processes auto;
daemon off;
pid %(folder)s/nginx.pid;
error_log %(folder)s/error.log error;
%(user)s
events { worker_connections 1024; }
http {
    access_log off;
    keepalive_requests 1000000;
    client_body_temp_path %(folder)s/body;
    proxy_temp_path %(folder)s/proxy;
    fastcgi_temp_path %(folder)s/fastcgi;
    uwsgi_temp_path %(folder)s/uwsgi;
    scgi_temp_path %(folder)s/scgi;
    upstream broker { server %(broker)s; keepalive 64; keepalive_requests 1000000; }
    server {
        listen 127.0.0.1:%(port)d;
        location / { proxy_pass http://broker; proxy_http_version 1.1; proxy_set_header Connection ""; }
    }
}
"""


class Proxy:
    """What is measured: its URL, its process and the processes that this one started."""

    def __init__(self, url, pid):
        self.url, self.pid = url, pid
        self.rates, self.p99, self.cpu_us = [], [], []

    def cpu_ticks(self):
        children = pathlib.Path("/proc/%d/task/%d/children" % (self.pid, self.pid)).read_text().split()
        stats = [pathlib.Path("/proc/%d/stat" % pid).read_text().rsplit(")", 1)[1].split()
                 for pid in [self.pid, *map(int, children)]]
        return sum(int(fields[11]) + int(fields[12]) for fields in stats)

    def measure(self, wrk):
        before = self.cpu_ticks()
        rate, count, p99 = wrk(self.url + QUESTION)
        self.rates.append(rate)
        self.p99.append(p99)
        self.cpu_us.append((self.cpu_ticks() - before) / os.sysconf("SC_CLK_TCK") / count * 1e6)

    def medians(self):
        return [statistics.median(series) for series in (self.rates, self.p99, self.cpu_us)]


def on_cores(cores):
    return ["taskset", "-c", ",".join(str(core) for core in cores)]


@contextlib.contextmanager
def process(command, is_ready):
    started = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 10
        while not is_ready():
            if started.poll() is not None or time.monotonic() > deadline:
                raise city.HarnessError("%s did not start" % command[0])
            time.sleep(0.02)
        yield started
    finally:
        started.send_signal(signal.SIGTERM)
        started.wait()


@contextlib.contextmanager
def upstream(build, folder, body, cores):
    port_file, body_file = folder / "port-upstream", folder / "body-upstream"
    port_file.unlink(missing_ok=True)
    body_file.write_bytes(body)
    command = [*on_cores(cores), str(build / "floor_upstream"), "--port-file=%s" % port_file,
               "--body-file=%s" % body_file, "--cpu-us=%d" % CPU_US]
    with process(command, lambda: port_file.exists() and port_file.read_text()):
        yield "http://127.0.0.1:%s" % port_file.read_text()


@contextlib.contextmanager
def plain_nginx(folder, broker, cores):
    place = folder / "nginx-plain"
    place.mkdir(exist_ok=True)
    port = nginx_front.free_port()
    (place / "nginx.conf").write_text(PLAIN_NGINX % {
        "folder": place, "broker": broker.removeprefix("http://"), "port": port,
        "user": "user root;" if os.geteuid() == 0 else ""})
    command = [*on_cores(cores), "/usr/sbin/nginx", "-p", str(place), "-c", str(place / "nginx.conf"), "-e",
               str(place / "error.log")]
    with process(command, lambda: nginx_front.is_listening(port)) as master:
        yield Proxy("http://127.0.0.1:%d" % port, master.pid)


@contextlib.contextmanager
def musubi(folder, build, broker, cores):
    node = city.Node(folder, build, "front", extra=["--orion=%s" % broker, "--rate-source=0"], wrapper=on_cores(cores))
    try:
        yield Proxy(node.url, node.process.pid)
    finally:
        node.stop()


def body_of(url):
    with urllib.request.urlopen(url + QUESTION, timeout=10) as answer:
        return answer.read()


def compare(wrk, ours, theirs):
    """Both proxies give the same bytes; then requests a second in turns."""
    if body_of(ours.url) != body_of(theirs.url):
        raise city.HarnessError("row 3: the two proxies answer differently")
    wrk(ours.url + QUESTION), wrk(theirs.url + QUESTION)
    for _ in range(ROUNDS):
        ours.measure(wrk)
        theirs.measure(wrk)
    return ours.medians() + theirs.medians()


def tell(say, what, measured):
    rate, p99, cpu_us, nginx_rate, nginx_p99, nginx_cpu_us = measured
    say(3, what, rate / nginx_rate, REACH,
        "%.0f/s against %.0f/s; p99 %.0f ms against %.0f ms; processor time of the proxy %.0f µs against %.0f µs"
        % (rate, nginx_rate, p99, nginx_p99, cpu_us, nginx_cpu_us))


def row_3(build, make_city, wrk, say):
    """The broker on cores of its own, as on a machine of its own; then everything on the same cores; then a second
    Musubi as the broker."""
    with tempfile.TemporaryDirectory(prefix="musubi-bench-") as name:
        folder = pathlib.Path(name)
        make_city(folder, 10)
        options = argparse.Namespace(orion="embedded")
        with city.orion(folder, build, options) as (_, recorder):
            broker = "http://%s:%d" % recorder.upstream
            with musubi(folder, build, broker, ALL_CORES) as front, plain_nginx(folder, broker, ALL_CORES) as nginx:
                city.load_open_data(folder, front.url)
                body = body_of(front.url)
                measured = compare(wrk, front, nginx)
        half = len(ALL_CORES) // 2
        for what, theirs, ours in (("broker of 0.5 ms on cores of its own", ALL_CORES[half:], ALL_CORES[:half]),
                                   ("broker of 0.5 ms on the same cores", ALL_CORES, ALL_CORES)):
            if not ours:
                continue
            with upstream(build, folder, body, theirs) as broker, musubi(folder, build, broker, ours) as front, \
                    plain_nginx(folder, broker, ours) as nginx:
                tell(say, what, compare(lambda target: wrk(target, cores=ours), front, nginx))
        tell(say, "a second Musubi as the broker, same cores", measured)


@contextlib.contextmanager
def behind_nginx(folder, build, floor_url):
    """A node on a UNIX socket and the floor, each behind its own nginx with TLS; gives their URLs."""
    socket_path = folder / "http.sock"
    node = city.Node(folder, build, "edge", listen="unix:%s" % socket_path, extra=["--trusted-proxies=unix"])
    places = [folder / "front", folder / "front-floor"]
    for place in places:
        place.mkdir()
    try:
        with nginx_front.front(places[0], socket_path) as ours, \
                nginx_front.front(places[1], None, floor_url.removeprefix("http://")) as theirs:
            yield "https://127.0.0.1:%d" % ours, "https://127.0.0.1:%d" % theirs
    finally:
        node.stop()
