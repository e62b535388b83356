"""The gateway of `gateway.py` with a listener without TLS, for scripts that run by themselves, and HTTP over it."""

import hashlib
import hmac
import os
import re
import socket
import sys
import threading
import time

import gateway
import wire


class Gateway(gateway.Gateway):
    """Ends with the `with` block. `routes` are texts that `route` makes, `options` those of `sluice serve`."""

    def __init__(self, binary, routes, options=()):
        def write(folder):
            with open(os.path.join(folder, "routes.yaml"), "w") as file:
                file.write("routes:\n" + "".join(routes))

        super().__init__(binary, write, options)

    def settings(self):
        return super().settings() + ["--http", f"127.0.0.1:{self.plain}"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def connect(self, source=None, timeout=60):
        connection = socket.create_connection(("127.0.0.1", self.plain), timeout=timeout, source_address=source and (source, 0))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection


def route(name, *lines, limit="25MiB", signature="${header.x-signature}", signed="${body}", secrets=("ATTACK_SECRET",), payload="${body}"):
    """The text of a route at /NAME that verifies a signature as `request` makes it. `lines` are more of its settings."""
    return "\n    ".join([
        f"  - name: {name}", f"path: /{name}", f"body_limit: {limit}",
        f'verify: {{ alg: hmac-sha256, signature_from: "{signature}", signature_encoding: hex, key_encoding: utf8, signed: "{signed}" }}',
        "secrets: [%s]" % ", ".join("{ env: %s }" % secret for secret in secrets),
        f'jobs: [{{ type: t, queue: q, payload: "{payload}" }}]', *lines,
    ]) + "\n"


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
        lines.append("x-signature: " + hmac.new(wire.SECRET.encode(), body, hashlib.sha256).hexdigest())
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
