"""Chunked bodies in which the framing is most of the bytes: one byte a chunk, or long chunk extensions. No secret is needed."""

import time

import wire

CHUNKS = {"tiny": b"1\r\na\r\n", "extensions": b"1;" + b"x" * 200 + b"\r\na\r\n", "zeros": b"0000000000000001\r\na\r\n"}


def main():
    options = wire.parser(__doc__, connections=4, rate=16_000_000)
    options.add_argument("--kind", choices=CHUNKS, default="tiny")
    options.add_argument("--mebibytes", type=float, default=24, help="bytes on the wire of each body, framing included")
    options = options.parse_args()
    lines = ["Transfer-Encoding: chunked", *wire.github("push", "chunks", wire.PLAUSIBLE)]
    head = wire.head("/github", 0, *lines).replace(b"Content-Length: 0\r\n", b"")
    piece = CHUNKS[options.kind] * (65536 // len(CHUNKS[options.kind]))
    counts, pace = wire.Counts(), wire.Pace(options.rate)
    until = wire.begin(options)

    def work(number):
        while time.monotonic() < until:
            pace.take(20_000)
            try:
                with wire.tls(options.port, wire.source(number, options.addresses), timeout=30) as connection:
                    counts.add("connections")
                    connection.sendall(head)
                    for _ in range(int(options.mebibytes * 16)):
                        wire.send(connection, piece, pace, until)
                    connection.sendall(b"0\r\n\r\n")
                    counts.add(f"answered {wire.answer(connection)[0]}")
            except OSError:
                counts.add("closed by the gateway")

    wire.many_threads(options.connections, work, until)
    wire.finish(**counts.values)


main()
