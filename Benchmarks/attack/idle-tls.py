"""Connections that complete the TLS handshake and then send nothing."""

import crowd
import wire


def main():
    options = wire.parser(__doc__, connections=10_000, addresses=50)
    options.add_argument("--per-second", type=float, default=250, help="connections opened per second")
    options = options.parse_args()

    def open_one(number):
        connection = wire.tls(options.port, wire.source(number, options.addresses))
        connection.settimeout(0)
        return connection

    wire.finish(**crowd.crowd(options, options.per_second, open_one))


main()
