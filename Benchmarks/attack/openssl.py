"""A TLS client over the system's libssl that hands out its records, so that they can be prepared and sent later.

Python's `ssl` cannot send a KeyUpdate; libssl with memory buffers in place of the socket can, and records one to the byte.
"""

import ctypes

libssl = ctypes.CDLL("libssl.so.3")
libcrypto = ctypes.CDLL("libcrypto.so.3")
POINTER, INT, BYTES = ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p


def declare(library, name, result, *arguments):
    function = getattr(library, name)
    function.restype, function.argtypes = result, arguments
    return function


TLS_client_method = declare(libssl, "TLS_client_method", POINTER)
SSL_CTX_new = declare(libssl, "SSL_CTX_new", POINTER, POINTER)
SSL_CTX_ctrl = declare(libssl, "SSL_CTX_ctrl", ctypes.c_long, POINTER, INT, ctypes.c_long, POINTER)
SSL_new = declare(libssl, "SSL_new", POINTER, POINTER)
SSL_free = declare(libssl, "SSL_free", None, POINTER)
SSL_set_bio = declare(libssl, "SSL_set_bio", None, POINTER, POINTER, POINTER)
SSL_set_connect_state = declare(libssl, "SSL_set_connect_state", None, POINTER)
SSL_do_handshake = declare(libssl, "SSL_do_handshake", INT, POINTER)
SSL_key_update = declare(libssl, "SSL_key_update", INT, POINTER, INT)
SSL_write = declare(libssl, "SSL_write", INT, POINTER, BYTES, INT)
BIO_s_mem = declare(libcrypto, "BIO_s_mem", POINTER)
BIO_new = declare(libcrypto, "BIO_new", POINTER, POINTER)
BIO_read = declare(libcrypto, "BIO_read", INT, POINTER, BYTES, INT)
BIO_write = declare(libcrypto, "BIO_write", INT, POINTER, BYTES, INT)

MINIMUM_VERSION = 123  # SSL_CTRL_SET_MIN_PROTO_VERSION
TLS_1_3 = 0x0304
CONTEXT = SSL_CTX_new(TLS_client_method())
SSL_CTX_ctrl(CONTEXT, MINIMUM_VERSION, TLS_1_3, None)


class Client:
    """A TLS 1.3 connection over a connected socket. Raises OSError if the handshake fails."""

    def __init__(self, connection):
        self.connection = connection
        self.ssl = SSL_new(CONTEXT)
        self.incoming = BIO_new(BIO_s_mem())
        self.outgoing = BIO_new(BIO_s_mem())
        SSL_set_bio(self.ssl, self.incoming, self.outgoing)
        SSL_set_connect_state(self.ssl)
        while SSL_do_handshake(self.ssl) != 1:
            self.connection.sendall(self.records())
            self.receive()
        self.connection.sendall(self.records())

    def receive(self):
        data = self.connection.recv(65536)
        if not data:
            raise ConnectionResetError("closed during the handshake")
        BIO_write(self.incoming, data, len(data))

    def records(self):
        """Takes the bytes that are ready for the wire."""
        buffer = ctypes.create_string_buffer(1 << 20)
        taken = b""
        while (count := BIO_read(self.outgoing, buffer, len(buffer))) > 0:
            taken += buffer.raw[:count]
        return taken

    def key_updates(self, count, requested=False):
        """This many KeyUpdate records of 27 bytes; `requested` ones ask the gateway for one in return."""
        for _ in range(count):
            SSL_key_update(self.ssl, 1 if requested else 0)
            SSL_do_handshake(self.ssl)
        return self.records()

    def write(self, data):
        """One record with this application data."""
        SSL_write(self.ssl, data, len(data))
        return self.records()

    def tiny(self, data):
        """A record for each byte of the data."""
        for byte in data:
            SSL_write(self.ssl, bytes([byte]), 1)
        return self.records()

    def close(self):
        self.connection.close()
        SSL_free(self.ssl)
