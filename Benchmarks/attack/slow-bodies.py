"""Many connections that send a body one byte a second, or a request head, or that only stay open after the handshake."""

import crowd
import wire


def main():
    options = wire.parser(__doc__, connections=1000, addresses=16)
    options.add_argument("--part", choices=["body", "head"], default="body")
    options.add_argument("--per-second", type=float, default=200, help="connections opened per second")
    options.add_argument("--body", type=int, default=1_000_000, help="length of the body that is announced")
    options.add_argument("--first", type=int, default=0, help="bytes of it that are sent at once")
    options = options.parse_args()
    head = wire.head("/github", options.body, *wire.github("push", "slow", wire.PLAUSIBLE))

    def open_one(number):
        connection = wire.tls(options.port, wire.source(number, options.addresses))
        connection.sendall(head + b"a" * options.first if options.part == "body" else head[:40])
        connection.settimeout(0)
        return connection

    wire.finish(**crowd.crowd(options, options.per_second, open_one, step=lambda connection: connection.send(b"a")))


main()
