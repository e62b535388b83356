"""Fills the gateway's connections with ones that send nothing, from one address or from many, and opens each again when it is closed."""

import crowd
import wire


def main():
    options = wire.parser(__doc__, connections=12_000)
    options.add_argument("--per-second", type=float, default=3000, help="connections opened per second")
    options = options.parse_args()

    def open_one(number):
        connection = wire.tcp(options.port, wire.source(number, options.addresses), timeout=2)
        connection.settimeout(0)
        return connection

    wire.finish(**crowd.crowd(options, options.per_second, open_one))


main()
