"""What all attacks share: connections, request heads, signatures, pacing, and how they talk to `run`."""

import argparse
import hashlib
import hmac
import json
import os
import resource
import socket
import ssl
import sys
import threading
import time

HOST = "127.0.0.1"
# The secrets of the routes in routes.yaml; `gateway.py` puts them into the environment.
SECRET = "the-first-secret-of-the-attack-benchmark"
OTHER_SECRETS = [f"another-secret-of-the-attack-benchmark-{number}" for number in range(3)]
# Of RFC 8032, section 7.1.
PUBLIC_KEYS = ["d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
               "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"]
PLAUSIBLE = "sha256=" + "5a" * 32


def parser(description, connections=8, addresses=1, rate=0, seconds=10):
    """The options that every attack has. `rate` is in bytes per second over all connections; 0 is unbounded."""
    options = argparse.ArgumentParser(description=description)
    options.add_argument("--port", type=int, required=True, help="the gateway's https port on 127.0.0.1")
    options.add_argument("--seconds", type=float, default=seconds, help="how long the attack lasts")
    options.add_argument("--connections", type=int, default=connections)
    options.add_argument("--addresses", type=int, default=addresses, help="source addresses to spread over")
    options.add_argument("--rate", type=float, default=rate, help="bytes per second over all connections")
    options.add_argument("--wait", action="store_true", help="print 'ready' when prepared, then wait for a line")
    return options


def begin(options):
    """Tells `run` that the preparation is done, and waits until the attack is to start. Returns when it ends."""
    if options.wait:
        print("ready", flush=True)
        sys.stdin.readline()
    return time.monotonic() + options.seconds


def finish(**counts):
    """Prints what the attacker did and got, and ends the process with all its threads and connections."""
    print(json.dumps(counts), flush=True)
    os._exit(0)


def source(number, addresses):
    """The source address of a connection: 127.0.0.1, or one of `addresses` in 127.2.0.0/16."""
    if addresses <= 1:
        return HOST
    number %= addresses
    return f"127.2.{number // 250}.{number % 250 + 1}"


def tcp(port, address=HOST, timeout=10.0):
    """An open TCP connection from `address`."""
    connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    connection.settimeout(timeout)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if address != HOST:
        connection.setsockopt(socket.SOL_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT
        connection.bind((address, 0))
    try:
        connection.connect((HOST, port))
    except OSError:
        connection.close()
        raise
    return connection


def client_context():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


CONTEXT = client_context()


def tls(port, address=HOST, timeout=10.0):
    """An open TLS connection from `address`."""
    return wrap(tcp(port, address, timeout))


def wrap(connection):
    try:
        return CONTEXT.wrap_socket(connection, server_hostname="localhost")
    except (OSError, ssl.SSLError):
        connection.close()
        raise


def head(path, length, *lines):
    """A POST head with this Content-Length and these header lines."""
    fixed = [f"POST {path} HTTP/1.1", "Host: localhost", f"Content-Length: {length}"]
    return ("\r\n".join([*fixed, *lines]) + "\r\n\r\n").encode()


def signature(body, secret=SECRET):
    """The value of X-Hub-Signature-256."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def github(event, delivery, signed, content_type="application/json"):
    """The header lines of a GitHub delivery; `signed` is None for a delivery without a signature."""
    lines = [f"Content-Type: {content_type}", f"X-GitHub-Event: {event}", f"X-GitHub-Delivery: {delivery}"]
    return lines + ([f"X-Hub-Signature-256: {signed}"] if signed is not None else [])


def answer(connection):
    """Reads one response. Returns its status and body; raises OSError if the connection ends first."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += received(connection)
    start, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in start.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    while len(body) < length:
        body += received(connection)
    return int(start.split(b" ", 2)[1]), body


def received(connection):
    data = connection.recv(65536)
    if not data:
        raise ConnectionResetError("the gateway closed the connection")
    return data


class Pace:
    """Bounds a rate over several threads: `take(n)` sleeps until n more units fit. 0 units a second is no bound."""

    def __init__(self, per_second):
        self.per_second = per_second
        self.next = 0.0
        self.lock = threading.Lock()

    def take(self, units):
        if self.per_second <= 0:
            return
        with self.lock:
            now = time.monotonic()
            self.next = max(self.next, now - 0.1)
            wait = self.next - now
            self.next += units / self.per_second
        if wait > 0:
            time.sleep(wait)


class Counts:
    """Counters that several threads add to."""

    def __init__(self):
        self.values = {}
        self.lock = threading.Lock()

    def add(self, name, number=1):
        with self.lock:
            self.values[name] = self.values.get(name, 0) + number


def send(connection, data, pace, until, piece=65536):
    """Sends `data` in paced pieces. Returns False if the attack ended before."""
    view = memoryview(data)
    for start in range(0, len(view), piece):
        if time.monotonic() > until:
            return False
        part = view[start:start + piece]
        pace.take(len(part))
        connection.sendall(part)
    return True


def many_threads(count, work, until):
    """Runs `work(number)` on `count` threads and returns when the attack ends."""
    for number in range(count):
        threading.Thread(target=work, args=(number,), daemon=True).start()
    time.sleep(max(0.0, until - time.monotonic()))


def raise_descriptor_limit():
    """Lets this process open as many connections as it may."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
