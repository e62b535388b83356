"""Large complete bodies, signed wrongly or rightly, one after the other: what hashing, storing and sending them on costs the others."""

import gzip
import time
import zlib

import wire


def deflate_blocks(kind, length):
    """A gzip stream of about this many bytes in blocks that hold nothing: cheap to send, and each takes a step to read."""
    if kind == "stored":
        blocks = b"\x00\x00\x00\xff\xff" * (length // 5)
        last = b"\x01\x02\x00\xfd\xff{}"
    elif kind == "fixed":
        # 0, 01, 0000000: ten bits. Four of them are five bytes.
        blocks = packed("0" + "10" + "0000000", 4) * (length // 5)
        last = b"\x01\x02\x00\xfd\xff{}"
    else:
        blocks = packed(empty_dynamic_block(), 8) * (length // len(packed(empty_dynamic_block(), 8)))
        last = b"\x01\x02\x00\xfd\xff{}"
    trailer = zlib.crc32(b"{}").to_bytes(4, "little") + (2).to_bytes(4, "little")
    return b"\x1f\x8b\x08\x00" + bytes(4) + b"\x00\xff" + blocks + last + trailer


def empty_dynamic_block():
    """The bits of a block with code tables of its own and nothing but its end, in the order in which they are sent."""
    def number(value, bits):
        return format(value, f"0{bits}b")[::-1]

    # Lengths of the code-length code in the order 16 17 18 0 8 7 9 6 10 5 11 4 12 3 13 2 14 1: symbols 18, 0 and 1 are used.
    lengths = {2: 1, 3: 2, 17: 2}
    table = "".join(number(lengths.get(position, 0), 3) for position in range(18))
    code = {18: "0", 0: "10", 1: "11"}
    literals = code[18] + number(138 - 11, 7) + code[18] + number(118 - 11, 7) + code[1]
    return "0" + number(2, 2) + number(0, 5) + number(0, 5) + number(14, 4) + table + literals + code[1] + "0"


def packed(bits, times):
    """This many copies of the bits as bytes."""
    text = bits * times
    return bytes(int(text[start:start + 8][::-1], 2) for start in range(0, len(text), 8))


def main():
    options = wire.parser(__doc__, connections=4, rate=200_000_000)
    options.add_argument("--kind", choices=["invalid", "valid", "stored", "fixed", "dynamic", "bomb"], default="invalid")
    options.add_argument("--mebibytes", type=float, default=25)
    options.add_argument("--path", default="/several-secrets", help="of bodies without gzip")
    options = options.parse_args()
    length = int(options.mebibytes * 1_048_576)
    path, lines = options.path, []
    if options.kind in ("invalid", "valid"):
        body = b'{"a":"' + b"x" * (length - 8) + b'"}'
    else:
        path, lines = "/gzip", ["Content-Encoding: gzip"]
        body = gzip.compress(b'"' + b"x" * 24_000_000 + b'"') if options.kind == "bomb" else deflate_blocks(options.kind, length)
    signed = wire.PLAUSIBLE if options.kind == "invalid" else wire.signature(body)
    counts, pace = wire.Counts(), wire.Pace(options.rate)
    until = wire.begin(options)

    def work(number):
        sent = 0
        while time.monotonic() < until:
            pace.take(20_000)
            try:
                with wire.tls(options.port, wire.source(number, options.addresses), timeout=30) as connection:
                    counts.add("connections")
                    while True:
                        sent += 1
                        delivery = wire.github("push", f"large-{options.seconds}-{number}-{sent}", signed)
                        head = wire.head(path, len(body), *delivery, *lines)
                        if not wire.send(connection, head + body, pace, until):
                            return
                        counts.add(f"answered {wire.answer(connection)[0]}")
            except OSError:
                counts.add("closed by the gateway")

    wire.many_threads(options.connections, work, until)
    wire.finish(**counts.values)


main()
