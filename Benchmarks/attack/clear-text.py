"""HTTP without TLS on the TLS port, as scanners and wrongly set up senders do, and other bytes that are not TLS."""

import time

import wire

FIRST = {
    "http": b"POST /github HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}",
    "http2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "noise": bytes(range(256)),
}


def main():
    options = wire.parser(__doc__, connections=8)
    options.add_argument("--kind", choices=FIRST, default="http")
    options.add_argument("--per-second", type=float, default=500, help="connections opened per second")
    options = options.parse_args()
    counts, pace = wire.Counts(), wire.Pace(options.per_second)
    until = wire.begin(options)

    def work(number):
        while time.monotonic() < until:
            pace.take(1)
            try:
                with wire.tcp(options.port, wire.source(number, options.addresses)) as connection:
                    counts.add("connections")
                    connection.sendall(FIRST[options.kind])
                    counts.add(f"answered {wire.answer(connection)[0]}")
            except (OSError, ValueError, IndexError):
                counts.add("no HTTP answer")

    wire.many_threads(options.connections, work, until)
    wire.finish(**counts.values)


main()
