"""Whether answers survive bytes that the gateway has not read when it closes.

    python3 Benchmarks/attack/endings.py [BINARY]

A blank line behind a body with `connection: close`, an end of TLS by itself, and a sender that needs four seconds to write a body that is too
large: each must read its answer to the end of the connection, without a reset.
"""

import socket
import sys
import time

from plain import Gateway, binary, read_all, request, route


def outcome(connection):
    try:
        return read_all(connection).split(b" ")[1].decode()
    except ConnectionResetError:
        return "reset"
    except IndexError:
        return "nothing"


def blank_line(gateway):
    with gateway.connect() as connection:
        connection.sendall(request("/small", b"{}", ["connection: close"]))
        connection.sendall(b"\r\n")
        time.sleep(0.02)
        try:
            connection.sendall(b"\r\n")
        except OSError:
            pass
        time.sleep(0.02)
        return outcome(connection)


def slow_body(gateway):
    with gateway.connect() as connection:
        data = request("/small", b" " * (12 << 20))
        try:
            for part in range(16):
                connection.sendall(data[part * len(data) // 16:(part + 1) * len(data) // 16])
                time.sleep(0.25)
            connection.shutdown(socket.SHUT_WR)
        except OSError as error:
            return type(error).__name__
        return outcome(connection)


def main():
    with Gateway(binary(), [route("small", limit="1MiB")]) as gateway:
        blank = [blank_line(gateway) for _ in range(40)]
        slow = slow_body(gateway)
        print("blank line: %d of 40 answered 200" % blank.count("200"))
        print("four seconds for 12 MiB: %s" % slow)
        sys.exit(0 if blank.count("200") == 40 and slow == "413" else 1)


main()
