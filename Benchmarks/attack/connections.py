#!/usr/bin/env python3
"""Many connections that do nothing: idle behind a complete handshake, stopped in it, or with the beginning of a huge ClientHello.

    Benchmarks/attack/connections.py --port 8443 --admin 9464 --kind idle --connections 10000

opens them from addresses of 127.0.0.0/8, 200 from each, holds them, and prints what the gateway has in memory before, with them and afterwards.
Needs the package `cryptography` and an open file limit above the number of connections.
"""

import argparse
import resource
import socket
import ssl
import time
import urllib.request

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from tls13 import HANDSHAKE, client_hello, records


def metric(admin, name):
    with urllib.request.urlopen(f"http://127.0.0.1:{admin}/metrics", timeout=30) as page:
        for line in page.read().decode().splitlines():
            if line.startswith(name + " "):
                return float(line.split()[-1])
    return 0.0


def opened(options, number, context):
    source = f"127.{1 + number // 200 // 200}.{number // 200 % 200}.1"
    connection = socket.create_connection((options.host, options.port), 30, source_address=(source, 0))
    if options.kind == "idle":
        return context.wrap_socket(connection)
    if options.kind == "half":
        connection.sendall(records(HANDSHAKE, client_hello(X25519PrivateKey.generate())))
    elif options.kind == "announced":
        connection.sendall(b"\x16\x03\x01\x40\x00\x01\x01\xff\xff")
    elif options.kind == "dribble":
        connection.sendall(records(HANDSHAKE, client_hello(X25519PrivateKey.generate(), padding=15000))[:-1])
    return connection


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8443)
    parser.add_argument("--admin", type=int, default=9464)
    parser.add_argument("--kind", choices=["idle", "silent", "half", "announced", "dribble"], default="idle")
    parser.add_argument("--connections", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=5)
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

    context = ssl._create_unverified_context()
    memory = lambda: metric(options.admin, "process_resident_memory_bytes") / (1 << 20)
    before, highest, held = memory(), 0.0, []
    for number in range(options.connections):
        try:
            held.append(opened(options, number, context))
        except OSError as error:
            print(f"connection {number}: {error}")
            break
        if number % 500 == 0:
            highest = max(highest, memory())
    end = time.monotonic() + options.seconds
    while time.monotonic() < end:
        highest = max(highest, memory())
        time.sleep(0.2)
    during, count = memory(), metric(options.admin, 'sluice_connections{listener="public"}')
    for connection in held:
        connection.close()
    time.sleep(12)
    print(
        f"{options.kind}: {len(held)} opened, {count:.0f} open at the gateway; resident {before:.0f} MiB before, {highest:.0f} at most, "
        f"{during:.0f} with them, {memory():.0f} afterwards")


if __name__ == "__main__":
    main()
