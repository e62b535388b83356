"""Bodies that are expensive to read or to write as JSON, on routes that read them before the signature: no secret is needed.

Each shape is one kind of expensive byte. `text` needs the secret, for the payload is made only after the signature is verified.
"""

import base64
import time

import wire

JSON, FORM = "/body-signature/json", "/body-signature/form"
SORTED, TOKEN = "/sorted-form", "/token-body"
URLENCODED, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"
PART = b'--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
TAIL = {URLENCODED: b"&id=1&signature=00", MULTIPART: PART % (b"id", b"1") + PART % (b"signature", b"00") + b"--b--\r\n"}


def filled(start, unit, end, length):
    return start + unit * ((length - len(start) - len(end)) // len(unit)) + end


def fields(length):
    """As many fields as a form may have, whose names and values only differ at the end."""
    return b"&".join(b"a" * (length // 999 - 6) + b"=%03d" % number for number in range(999))


def token(length):
    """A token with many claims of one name."""
    parts = [b'{"alg":"HS256"}', filled(b"{", b'"a":1,', b'"b":1}', length * 3 // 4 - 60), b"x" * 32]
    return b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)


def shapes(length):
    """Path, content type and body of each shape."""
    json_tail = b'"],"id":"1","signature":"00"}'
    return {
        "form-control": (FORM, URLENCODED, filled(b"a=", b"\x01", TAIL[URLENCODED], length)),
        "form-percent": (FORM, URLENCODED, filled(b"a=", b"%01", TAIL[URLENCODED], length)),
        "form-multipart": (FORM, MULTIPART, filled(b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n', b"\x01", b"\r\n" + TAIL[MULTIPART], length)),
        "form-boundaries": (FORM, MULTIPART, filled(b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n', b"\r\n--", b"\r\n" + TAIL[MULTIPART], length)),
        "form-fields": (FORM, URLENCODED, filled(b"", b"a=1&", TAIL[URLENCODED][1:], length)),
        "form-parts": (FORM, MULTIPART, filled(b"", PART % (b"a", b"1"), TAIL[MULTIPART], length)),
        "form-latin1": (FORM, URLENCODED + "; charset=iso-8859-1", filled(b"a=", b"\xff", TAIL[URLENCODED], length)),
        "json-escapes": (JSON, "application/json", filled(b'{"a":["', b"\\u0001", json_tail, length)),
        "json-surrogates": (JSON, "application/json", filled(b'{"a":["', b"\\ud800", json_tail, length)),
        "json-numbers": (JSON, "application/json", filled(b'{"a":[', b"1e9,", b'"' + json_tail, length)),
        "json-nested": (JSON, "application/json", filled(b'{"a":[', b"[" * 100 + b"]" * 100 + b",", b'"' + json_tail, length)),
        "json-keys": (JSON, "application/json", filled(b'{"a":[{', b'"id":"",', b'"b":""},"' + json_tail, length)),
        "form-prefixes": (SORTED, URLENCODED, fields(length)),
        "token-keys": (TOKEN, "application/jwt", token(length)),
        "text": ("/text", "text/plain", filled(b"", b"\x01", b"", length)),
    }


def main():
    options = wire.parser(__doc__, connections=4, rate=64_000_000)
    options.add_argument("--shape", choices=shapes(2000), default="form-control")
    options.add_argument("--mebibytes", type=float, default=10)
    options = options.parse_args()
    path, kind, body = shapes(int(options.mebibytes * 1_048_576))[options.shape]
    signed = wire.signature(body) if options.shape == "text" else None
    lines = wire.github("push", "escapes", signed, kind)
    if path == SORTED:
        lines.append("X-Signature: " + "5a" * 32)
    head = wire.head(path, len(body), *lines)
    counts, pace = wire.Counts(), wire.Pace(options.rate)
    until = wire.begin(options)

    def work(number):
        while time.monotonic() < until:
            pace.take(20_000)
            try:
                with wire.tls(options.port, wire.source(number, options.addresses), timeout=30) as connection:
                    counts.add("connections")
                    while wire.send(connection, head + body, pace, until):
                        counts.add(f"answered {wire.answer(connection)[0]}")
            except OSError:
                counts.add("closed by the gateway")

    wire.many_threads(options.connections, work, until)
    wire.finish(**counts.values)


main()
