"""Many tiny requests in one write: each is answered without a signature check, and nothing makes the gateway pause between them."""

import threading

import wire


def drain(connection, counts):
    try:
        while data := connection.recv(262144):
            counts.add("answers", data.count(b"HTTP/1.1 "))
    except OSError:
        pass


def main():
    options = wire.parser(__doc__, connections=4, rate=4_000_000)
    options.add_argument("--request", choices=["missing", "unsigned", "headers"], default="missing",
                         help="no such route, no signature, or no such route and 60 header lines")
    options.add_argument("--unread", action="store_true", help="do not read the answers")
    options = options.parse_args()
    missing = b"GET /a HTTP/1.1\r\nHost: a\r\n"
    request = {
        "missing": missing + b"\r\n", "unsigned": wire.head("/github", 0),
        "headers": missing + b"".join(b"X-Line-%d: %s\r\n" % (number, b"v" * 80) for number in range(60)) + b"\r\n",
    }[options.request]
    many = request * (65536 // len(request))
    counts, pace = wire.Counts(), wire.Pace(options.rate)
    until = wire.begin(options)

    def work(number):
        while True:
            pace.take(20_000)
            try:
                connection = wire.tls(options.port, wire.source(number, options.addresses))
                counts.add("connections")
                if not options.unread:
                    threading.Thread(target=drain, args=(connection, counts), daemon=True).start()
                while wire.send(connection, many, pace, until):
                    counts.add("requests", len(many) // len(request))
            except OSError:
                counts.add("closed by the gateway")

    wire.many_threads(options.connections, work, until)
    wire.finish(**counts.values)


main()
