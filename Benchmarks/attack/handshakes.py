"""Whole TLS handshakes, each for a connection that closes at once: the most expensive thing that anyone can request with a few hundred bytes.

`--per-second` bounds them over all threads. No session is resumed, so that each costs the gateway a signature.
"""

import wire


def main():
    options = wire.parser(__doc__, connections=32)
    options.add_argument("--per-second", type=float, default=400, help="handshakes per second")
    options = options.parse_args()
    counts, pace = wire.Counts(), wire.Pace(options.per_second)
    until = wire.begin(options)

    def work(number):
        while True:
            pace.take(1)
            try:
                wire.tls(options.port, wire.source(number, options.addresses)).close()
                counts.add("handshakes")
            except OSError:
                counts.add("closed by the gateway")

    wire.many_threads(options.connections, work, until)
    wire.finish(**counts.values)


main()
