"""Whether senders that fill memory and stop keep others out.

    python3 Benchmarks/attack/starving.py [BINARY] [one|many]

24 connections, of one address or of as many, each bring 10.7 MiB of a body of 11 MiB and then a byte now and then. A sender of small
requests must be served meanwhile, and a body of 5 MiB must be taken.
"""

import sys
import threading
import time

from plain import Gateway, Probe, binary, read_answer, request, route

STOLEN = (107 << 20) // 10


def attack(gateway, address, until):
    head = request("/small", b"", ["x-signature: " + "0" * 64], signed=False)
    head = head.replace(b"content-length: 0", b"content-length: %d" % (11 << 20))
    with gateway.connect(address) as connection:
        try:
            connection.sendall(head + b"x" * STOLEN)
            while time.monotonic() < until:
                connection.sendall(b"x")
                time.sleep(0.3)
        except OSError:
            pass


def main():
    one = len(sys.argv) > 2 and sys.argv[2] == "one"
    with Gateway(binary(), [route("small")]) as gateway:
        until = time.monotonic() + 12
        threads = [threading.Thread(target=attack, args=(gateway, "127.0.1.%d" % (1 if one else 1 + place), until)) for place in range(24)]
        for thread in threads:
            thread.start()
        time.sleep(2)
        probe = Probe(gateway)
        probe.start()
        time.sleep(1)
        with gateway.connect() as connection:
            connection.sendall(request("/small", b'{"x":"' + b"x" * (5 << 20) + b'"}'))
            large, _ = read_answer(connection)
        print("memory in use: %.0f MiB" % (gateway.metrics()["sluice_memory_in_use_bytes"] / (1 << 20)))
        for thread in threads:
            thread.join()
        probe.stop()
    lost = len(probe.failures) / max(1, len(probe.times))
    print("%d small requests, %.1f %% failed, at most %.0f ms; a body of 5 MiB: %d" % (len(probe.times), lost * 100, probe.worst * 1000, large))
    sys.exit(0 if not probe.failures and large == 200 else 1)


main()
