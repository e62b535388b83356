"""Honest senders: signed GitHub deliveries at a fixed rate, each with an id of its own.

A thread for each connection sends at its own times. Latency counts from the time at which a request was due, so that a stalled
gateway cannot slow the senders down and look better for it. Most connections stay open; every eighth is opened again for each
request, as many providers do. Prints JSON: a list of [due, latency in seconds, status], where status 0 is a failure to get an answer.
"""

import argparse
import json
import os
import threading
import time
import uuid

import wire

BODY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "body.json")


class Sender:
    """One connection with its schedule."""

    def __init__(self, options, number, start):
        self.options = options
        self.due = start + number / options.rate
        self.every = options.connections / options.rate
        self.end = start + options.seconds
        self.fresh = number % 8 == 7
        self.address = f"127.1.0.{number % 4 + 1}"
        self.number = number
        self.connection = None
        self.results = []
        with open(BODY) as body:
            self.template = body.read().rstrip().removesuffix("}")

    def run(self):
        while self.due < self.end:
            now = time.monotonic()
            if now < self.due:
                time.sleep(self.due - now)
            status = self.deliver() if now - self.due < self.options.timeout else 0
            self.results.append((round(self.due, 4), round(time.monotonic() - self.due, 5), status))
            self.due += self.every

    def deliver(self):
        """Sends one delivery and returns its status; 0 if there was no answer within the timeout."""
        try:
            if self.connection is None:
                self.connection = wire.tls(self.options.port, self.address, self.options.timeout)
            delivery = str(uuid.uuid4())
            body = f'{self.template},"delivery":"{delivery}"}}'.encode()
            lines = wire.github("push", delivery, wire.signature(body))
            self.connection.sendall(wire.head("/github", len(body), *lines) + body)
            status, _ = wire.answer(self.connection)
        except OSError:
            status = 0
        if status != 200 or self.fresh:
            self.close()
        return status

    def close(self):
        if self.connection is not None:
            self.connection.close()
        self.connection = None


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--port", type=int, required=True)
    options.add_argument("--seconds", type=float, default=10)
    options.add_argument("--connections", type=int, default=16)
    options.add_argument("--rate", type=float, default=400, help="requests per second over all connections")
    options.add_argument("--timeout", type=float, default=10, help="seconds until a sender gives a delivery up")
    options.add_argument("--start", type=float, default=0, help="when to start, on the monotonic clock")
    options = options.parse_args()
    start = max(options.start, time.monotonic())
    senders = [Sender(options, number, start) for number in range(options.connections)]
    threads = [threading.Thread(target=sender.run) for sender in senders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps(sorted(result for sender in senders for result in sender.results)))


if __name__ == "__main__":
    main()
