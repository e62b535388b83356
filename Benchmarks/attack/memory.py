"""Resident memory under loads that a budget must hold.

    python3 Benchmarks/attack/memory.py [BINARY] [SECONDS]

Signed bodies over many connections against a gateway with the default `limits.memory` of 256 MiB: 400 x 256 KiB, 180 x 1 MiB and 24 x 25 MiB.
Fails where the process ends, or where its resident memory goes over the budget and 150 MiB, or over the 512 MiB of the documented container.
"""

import sys
import threading
import time

from gateway import Gateway, binary, read_answer, request

ROUTES = """
routes:
  - name: large
    path: /large
    body_limit: 25MiB
    verify: { alg: hmac-sha256, signature_from: "${header.x-signature}", signature_encoding: hex, key_encoding: utf8, signed: "${body}" }
    secrets: [{ env: ATTACK_SECRET }]
    jobs: [{ type: t, queue: q, payload: "${body}" }]
"""
LOADS = [(400, 256 << 10), (180, 1 << 20), (24, (25 << 20) - 64)]
BUDGET_MIB = 256
MARGIN_MIB = 150


def send(gateway, data, counts, end):
    while time.monotonic() < end:
        try:
            with gateway.connect(timeout=30) as connection:
                connection.sendall(data)
                status, _ = read_answer(connection)
        except OSError as error:
            status = type(error).__name__
        counts[status] = counts.get(status, 0) + 1
        if status != 200:
            time.sleep(0.1)


def main():
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 20
    failed = False
    for connections, size in LOADS:
        settings = {"limits.connections_per_address": "0", "outbox.max_bytes": "4GiB", "limits.memory": "%dMiB" % BUDGET_MIB}
        with Gateway(binary(), ROUTES, settings) as gateway:
            data = request("/large", b'{"x":"' + b"x" * (size - 8) + b'"}')
            counts, peak, end = {}, 0, time.monotonic() + seconds
            threads = [threading.Thread(target=send, args=(gateway, data, counts, end)) for _ in range(connections)]
            for thread in threads:
                thread.start()
            while any(thread.is_alive() for thread in threads) and gateway.is_alive:
                peak = max(peak, gateway.resident())
                time.sleep(0.1)
            alive = gateway.is_alive
            fine = alive and peak <= BUDGET_MIB + MARGIN_MIB
            failed = failed or not fine
            print("%4d x %9d bytes: %s, at most %.0f MiB resident, answers %s%s"
                  % (connections, size, "alive" if alive else "ENDED", peak, counts, "" if fine else "  FAILED"))
    sys.exit(1 if failed else 0)


main()
