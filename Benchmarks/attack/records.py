#!/usr/bin/env python3
"""Floods of TLS records that bring no application data, over a connection whose handshake is done.

    Benchmarks/attack/records.py --kind keyupdate --records 200000

prepares the records, sends them at once, and says how long the server took until the connection ended or a request behind them was answered,
and how long a TLS handshake and an answer took at the worst for another client meanwhile. That must not be more than `--most` milliseconds
longer than before the flood, or the exit status is 1. Without `--kind` each kind gets its turn, and without `--port` a gateway of its own:
SLUICE_BINARY. Needs the package `cryptography`.
"""

import argparse
import os
import socket
import ssl
import sys
import threading
import time

import gateway
from tls13 import ALERT, KEY_UPDATE_REQUESTED, Connection

KINDS = ["keyupdate", "requested", "empty", "cancelled", "bytes", "mixed"]
REQUEST = b"GET /nothing HTTP/1.1\r\nhost: localhost\r\n\r\n"


def prepared(connection, kind, count):
    parts = []
    for number in range(count):
        if kind == "keyupdate":
            parts.append(connection.key_update())
        elif kind == "requested":
            parts.append(connection.key_update(KEY_UPDATE_REQUESTED))
        elif kind == "empty":
            parts.append(connection.sealed(b""))
        elif kind == "cancelled":
            parts.append(connection.sealed(b"\x01\x5a", ALERT))
        elif kind == "bytes":
            parts.append(connection.sealed(REQUEST[number % len(REQUEST) :][:1]))
        elif kind == "mixed":
            parts.append(connection.key_update() if number % 2 else connection.sealed(b"\r\n"))
    return b"".join(parts)


def watch(host, port, stop, waits, failures):
    """How long a new client waits for its handshake and an answer, again and again."""
    context = ssl._create_unverified_context()
    while not stop.is_set():
        start = time.monotonic()
        try:
            with socket.create_connection((host, port), 30) as plain, context.wrap_socket(plain) as client:
                client.sendall(REQUEST)
                client.recv(4096)
        except OSError as error:
            failures.append(str(error))
        waits.append(time.monotonic() - start)
        time.sleep(0.01)


def attack(connection, flood):
    start = time.monotonic()
    try:
        connection.socket.sendall(flood)
        connection.socket.sendall(connection.sealed(REQUEST))
    except OSError:
        return time.monotonic() - start
    connection.read()
    return time.monotonic() - start


def measure(kind, host, port, options):
    """One kind of flood. Returns whether another client was served meanwhile as before."""
    connections = [Connection(host, port) for _ in range(options.connections)]
    floods = [prepared(connection, kind, options.records) for connection in connections]
    stop, waits, failures = threading.Event(), [], []
    watcher = threading.Thread(target=watch, args=(host, port, stop, waits, failures))
    watcher.start()
    time.sleep(0.5)
    before, taken = len(waits), []
    threads = [
        threading.Thread(target=lambda pair=pair: taken.append(attack(*pair))) for pair in zip(connections, floods)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # Once more behind the flood, which may be over before the watcher has noticed it.
    time.sleep(0.1)
    stop.set()
    watcher.join()
    calm, worst = max(waits[:before] or [0]) * 1000, max(waits[before:] or [0]) * 1000
    holds = worst <= calm + options.most and not failures
    print(
        f"{kind}: {options.records * options.connections} records, {sum(map(len, floods)) / 1e6:.1f} MB, over after {max(taken):.2f} s; "
        f"another client waited {calm:.0f} ms at most before, {worst:.0f} ms meanwhile{': no' if not holds else ''} {failures[:1] or ''}".rstrip(),
        flush=True)
    return holds


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, help="of a gateway that runs already")
    parser.add_argument("--kind", choices=KINDS, action="append", help="repeatable; default: each")
    parser.add_argument("--records", type=int, default=100_000, help="on each connection")
    parser.add_argument("--connections", type=int, default=1)
    parser.add_argument("--most", type=float, default=50, help="how many ms longer than before another client may wait")
    options = parser.parse_args()

    target = None if options.port else gateway.Gateway(os.environ["SLUICE_BINARY"])
    try:
        port = options.port or target.port
        results = [measure(kind, options.host, port, options) for kind in options.kind or KINDS]
    finally:
        if target:
            target.stop()
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
