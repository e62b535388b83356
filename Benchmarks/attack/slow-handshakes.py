"""Thousands of connections that begin a TLS handshake and do not go on. `large` announces a ClientHello of 128 KiB and sends most of it."""

import ssl

import crowd
import wire


def client_hello():
    """The first bytes that a TLS client sends."""
    outgoing = ssl.MemoryBIO()
    client = wire.CONTEXT.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="localhost")
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


def large_client_hello(length):
    """A ClientHello message that announces this length, in records of 16 KiB, without its last bytes."""
    hello = client_hello()[9:]
    message = b"\x01" + length.to_bytes(3, "big") + hello + bytes(length - len(hello) - 16)
    parts = [message[start:start + 16384] for start in range(0, len(message), 16384)]
    return b"".join(b"\x16\x03\x01" + len(part).to_bytes(2, "big") + part for part in parts)


def main():
    options = wire.parser(__doc__, connections=5000)
    options.add_argument("--kind", choices=["partial", "silent", "large"], default="partial")
    options.add_argument("--bytes", type=int, default=131_000, help="length of a large ClientHello")
    options.add_argument("--per-second", type=float, default=1000, help="connections opened per second")
    options = options.parse_args()
    first = {"partial": client_hello()[:100], "silent": b"", "large": large_client_hello(options.bytes)}[options.kind]

    def open_one(number):
        connection = wire.tcp(options.port, wire.source(number, options.addresses))
        connection.sendall(first)
        connection.settimeout(0)
        return connection

    wire.finish(**crowd.crowd(options, options.per_second, open_one))


main()
