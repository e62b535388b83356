"""How long one body keeps the others on its event loop waiting, for bodies that cost more than they look.

    python3 Benchmarks/attack/bodies.py [BINARY]

One loop, one sender of small requests, and one large body of each kind. No body may keep the loop for more than 20 ms of processor time in a
turn, which the gateway itself logs, and every small request has to be accepted, or the exit status is 1. How long the small requests waited
is also shown: it includes the commit of a large job, and what the threads for large bodies and other programs take of the processors.
"""

import gzip
import json
import struct
import sys
import time
import zlib

from plain import Gateway, Probe, binary, read_answer, request, route

ROUTES = [
    route("small", "gzip: true", payload="${body.id ?? null}"),
    route("two", secrets=("ATTACK_SECRET", "ATTACK_OTHER_SECRET_0")),
    route("inbody", signature="${body.signature}", signed="${body.text}", payload="${body.id ?? null}"),
    route("text", "body: text"),
    route("form", "body: form"),
    route("bytes", "body: bytes"),
]


def empty_blocks(count):
    """Gzip that brings `count` empty stored blocks, and two bytes of JSON."""
    data = b"\x00\x00\x00\xff\xff" * count + b"\x01\x02\x00\xfd\xff{}"
    return b"\x1f\x8b\x08" + b"\0" * 6 + b"\xff" + data + struct.pack("<II", zlib.crc32(b"{}"), 2)


def empty_tables(count):
    """Gzip of dynamic blocks that bring a table and nothing else."""
    # BFINAL 0, type 2, 257 literals, 1 distance, 18 code lengths: those of 18 and 1; 18 x 138, 18 x 118, then one code for the end.
    bits = []
    def put(value, width):
        bits.extend((value >> place) & 1 for place in range(width))
    for _ in range(count):
        put(0, 1), put(2, 2), put(0, 5), put(0, 5), put(14, 4)
        for symbol in [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1]:
            put(1 if symbol in (18, 1) else 0, 3)
        # Codes: 1 -> 0, 18 -> 1.
        put(1, 1), put(127, 7), put(1, 1), put(107, 7)
        put(0, 1), put(0, 1)
        put(0, 1)
    put(1, 1), put(1, 2)
    for byte in b"{}":
        code = 0x30 + byte
        bits.extend((code >> place) & 1 for place in range(7, -1, -1))
    put(0, 7)
    data = bytearray((len(bits) + 7) // 8)
    for place, bit in enumerate(bits):
        data[place // 8] |= bit << (place % 8)
    return b"\x1f\x8b\x08" + b"\0" * 6 + b"\xff" + bytes(data) + struct.pack("<II", zlib.crc32(b"{}"), 2)


MIB = 1 << 20
MOST = 20  # ms of processor time for a turn of the loop
SIZE = 10 * MIB
GZIP = ["content-encoding: gzip"]
FORM = ["content-type: application/x-www-form-urlencoded"]
CASES = [
    ("plain JSON, 1 MiB", "/small", b'{"id":1,"x":"' + b"x" * MIB + b'"}', []),
    ("plain JSON", "/small", b'{"id":1,"x":"' + b"x" * SIZE + b'"}', []),
    ("JSON of small values", "/small", b"[" + b"1," * (SIZE // 2) + b"1]", []),
    ("JSON escapes", "/small", b'{"id":1,"x":"' + b"\\u0001" * (SIZE // 6) + b'"}', []),
    ("JSON in two secrets' reach", "/two", b'{"id":1,"x":"' + b"x" * SIZE + b'"}', []),
    ("signature in the body, escapes", "/inbody", b'{"signature":"00","text":"' + b"\\u0001" * (SIZE // 6) + b'"}', []),
    ("signature in a form of control bytes", "/inbody", b"signature=00&text=" + b"\x01" * SIZE, FORM),
    ("text of control bytes", "/text", b"\x01" * SIZE, []),
    ("text of letters", "/text", b"x" * SIZE, []),
    ("text of quotes", "/text", b'"' * SIZE, []),
    ("text in windows-1252", "/text", b"\x80" * SIZE, ["content-type: text/plain; charset=latin1"]),
    ("text in UTF-16", "/text", b"\x01\x00" * (SIZE // 2), ["content-type: text/plain; charset=utf-16le"]),
    ("form of escapes", "/form", b"a=" + b"%01" * (SIZE // 3), FORM),
    ("form of control bytes", "/form", b"a=" + b"\x01" * SIZE, FORM),
    ("multipart", "/form", b'--b\r\ncontent-disposition: form-data; name="a"\r\n\r\n' + b"\x01" * SIZE + b"\r\n--b--\r\n",
     ["content-type: multipart/form-data; boundary=b"]),
    ("multipart of carriage returns", "/form", b'--b\r\ncontent-disposition: form-data; name="a"\r\n\r\n' + b"\r\n-" * (SIZE // 3) + b"\r\n--b--\r\n",
     ["content-type: multipart/form-data; boundary=b"]),
    ("bytes", "/bytes", b"\xff" * SIZE, []),
    ("gzip of empty blocks", "/small", empty_blocks(SIZE // 5), GZIP),
    ("gzip of empty tables", "/small", empty_tables(30_000), GZIP),
    ("gzip of one byte, inflated to 20 MiB", "/small", gzip.compress(b'{"id":1,"x":"' + b"x" * (2 * SIZE) + b'"}'), GZIP),
]


def longest_turn(gateway, start):
    """The largest processor time of a turn of the loop that was logged behind a position of the log, in ms, and the position of the end."""
    with open(gateway.path("sluice.log"), "rb") as log:
        log.seek(start)
        records = [json.loads(line) for line in log if line.startswith(b"{")]
        return max([record.get("processor_ms", 0) for record in records if record.get("loop") == "loop-0"], default=0), log.tell()


def main():
    failed, position = False, 0
    with Gateway(binary(), ROUTES, ["--threads", "1", "--limits-body", "25MiB"]) as gateway:
        print("%-42s %9s %8s %12s %12s %12s" % ("body", "bytes", "status", "took ms", "others ms", "loop ms"))
        for name, path, body, headers in CASES:
            data = request(path, body, headers)
            with gateway.connect() as connection:
                connection.sendall(data[:-1])
                time.sleep(0.3)
                probe = Probe(gateway)
                probe.start()
                time.sleep(0.05)
                started = time.monotonic()
                connection.sendall(data[-1:])
                status, _ = read_answer(connection)
                took = time.monotonic() - started
                probe.stop()
            turn, position = longest_turn(gateway, position)
            holds = turn <= MOST and not probe.failures
            failed |= not holds
            print("%-42s %9d %8d %12.1f %12.1f %12s %s%s" % (
                name, len(body), status, took * 1000, probe.worst * 1000, turn or "-", "" if holds else "no", probe.failures[:1] or ""))
    sys.exit(1 if failed else 0)


main()
