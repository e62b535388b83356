"""Junk signatures for public keys: each is verified with each key of the route, and no secret is needed to make one.

Requests come 16 in one write: a connection has as many answered in a turn of the event loop.
"""

import base64

import wire


def junk(number):
    """A signature that OpenSSL does not refuse before it has computed: the base point, and a number below the order."""
    return base64.b64encode(bytes([0x58] + [0x66] * 31) + bytes([number + 1] * 31 + [0x05])).decode()


def main():
    options = wire.parser(__doc__, connections=4, rate=1_000_000)
    options.add_argument("--entries", type=int, default=20, help="signatures in the header of each request")
    options = options.parse_args()
    body = b'{"a":1}'
    signatures = " ".join(junk(number) for number in range(options.entries))
    many = (wire.head("/public-keys", len(body), "X-Signature: " + signatures) + body) * 16
    counts, pace = wire.Counts(), wire.Pace(options.rate)
    until = wire.begin(options)

    def work(number):
        while True:
            pace.take(20_000)
            try:
                with wire.tls(options.port, wire.source(number, options.addresses), timeout=30) as connection:
                    counts.add("connections")
                    while wire.send(connection, many, pace, until):
                        for _ in range(16):
                            counts.add(f"answered {wire.answer(connection)[0]}")
            except OSError:
                counts.add("closed by the gateway")

    wire.many_threads(options.connections, work, until)
    wire.finish(**counts.values)


main()
