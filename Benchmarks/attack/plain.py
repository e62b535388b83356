"""Starts a gateway in a folder of its own for the scripts of this folder, and talks HTTP to it. Python 3 standard library only."""

import hashlib
import hmac
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time

SECRET = "a-secret-for-attacks-that-is-long-enough"


class Gateway:
    """A running `sluice serve`; ends with the `with` block."""

    def __init__(self, binary, routes, settings=None, memory_limit=None):
        self.folder = tempfile.TemporaryDirectory(prefix="sluice-attack-")
        os.mkdir(os.path.join(self.folder.name, "routes"))
        with open(os.path.join(self.folder.name, "routes", "routes.yaml"), "w") as file:
            file.write(routes)
        environment = {"PATH": os.environ["PATH"], "ATTACK_SECRET": SECRET, "OTHER_SECRET": SECRET[::-1]}
        values = {
            "https": "off", "http": "127.0.0.1:0", "admin": "127.0.0.1:0", "outbox.path": os.path.join(self.folder.name, "outbox.db"),
            "zizq.url": "http://127.0.0.1:9", "log.format": "json", "limits.drain": "0", "limits.shutdown": "2s",
        }
        values.update(settings or {})
        for key, value in values.items():
            environment["SLUICE_" + key.upper().replace(".", "_")] = value
        command = [binary, "serve"]
        if memory_limit:
            command = ["prlimit", "--as=%d" % memory_limit, "--"] + command
        self.log = []
        self.process = subprocess.Popen(command, cwd=self.folder.name, env=environment, stderr=subprocess.PIPE, text=True)
        self.ports = {}
        started = threading.Event()
        threading.Thread(target=self._read, args=(started,), daemon=True).start()
        if not started.wait(30) or "http" not in self.ports:
            raise SystemExit("the gateway did not start:\n" + "".join(self.log))

    def _read(self, started):
        for line in self.process.stderr:
            self.log.append(line)
            if '"address"' in line and '"listener"' in line:
                record = json.loads(line)
                self.ports[record["listener"]] = int(str(record["address"]).rsplit(":", 1)[1])
            if '"started"' in line:
                started.set()
        started.set()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.folder.cleanup()

    @property
    def is_alive(self):
        return self.process.poll() is None

    def connect(self, listener="http", timeout=60):
        connection = socket.create_connection(("127.0.0.1", self.ports[listener]), timeout=timeout)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def resident(self, name="VmRSS"):
        """Resident memory in MiB; `VmHWM` for its peak."""
        with open("/proc/%d/status" % self.process.pid) as file:
            return int(re.search(name + r":\s+(\d+)", file.read()).group(1)) / 1024

    def metric(self, name):
        with self.connect("admin") as connection:
            connection.sendall(b"GET /metrics HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
            text = read_all(connection).decode()
        return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith(name))


def read_all(connection):
    parts = []
    while True:
        part = connection.recv(65536)
        if not part:
            return b"".join(parts)
        parts.append(part)


def read_answer(connection):
    """The status and the body of one answer."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65536)
        if not part:
            raise ConnectionError("closed before an answer")
        data += part
    head, body = data.split(b"\r\n\r\n", 1)
    length = int(re.search(rb"content-length: (\d+)", head).group(1))
    while len(body) < length:
        body += connection.recv(65536)
    return int(head.split(b" ")[1]), body


def request(path, body, headers=(), signed=True):
    lines = ["POST %s HTTP/1.1" % path, "host: h", "content-length: %d" % len(body)] + list(headers)
    if signed:
        lines.append("x-signature: " + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest())
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


class Probe(threading.Thread):
    """A sender of small requests, one after the other; keeps the times that they take."""

    def __init__(self, gateway, path="/small", pause=0.002):
        super().__init__(daemon=True)
        self.gateway, self.path, self.pause = gateway, path, pause
        self.times, self.failures, self.stopped = [], [], threading.Event()

    def run(self):
        connection = None
        number = 0
        while not self.stopped.is_set():
            number += 1
            body = b'{"id":"%d"}' % number
            started = time.monotonic()
            try:
                connection = connection or self.gateway.connect()
                connection.sendall(request(self.path, body))
                status, _ = read_answer(connection)
                if status != 200:
                    self.failures.append(status)
            except (OSError, ConnectionError) as error:
                self.failures.append(str(error))
                connection = None
            self.times.append(time.monotonic() - started)
            time.sleep(self.pause)

    def stop(self):
        self.stopped.set()
        self.join()

    @property
    def worst(self):
        return max(self.times, default=0)


def binary():
    path = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "../../.build/release/sluice")
    return os.path.abspath(path)
