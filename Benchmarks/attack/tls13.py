"""A TLS 1.3 client that can send what libraries refuse to: KeyUpdate by the thousand, empty records, handshakes that stop half-way.

It speaks X25519 and TLS_AES_128_GCM_SHA256 (RFC 8446), checks nothing of what the server says, and is for attacking a gateway of your own.
Needs the package `cryptography`.
"""

import hashlib
import hmac
import os
import socket
import struct

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

HANDSHAKE, APPLICATION_DATA, ALERT, CHANGE_CIPHER_SPEC = 22, 23, 21, 20
KEY_UPDATE = b"\x18\x00\x00\x01\x00"
KEY_UPDATE_REQUESTED = b"\x18\x00\x00\x01\x01"


def expand(secret, label, context, length):
    name = b"tls13 " + label
    info = struct.pack("!HB", length, len(name)) + name + struct.pack("!B", len(context)) + context
    block, result = b"", b""
    for number in range(1, 1 + (length + 31) // 32):
        block = hmac.digest(secret, block + info + bytes([number]), "sha256")
        result += block
    return result[:length]


def extract(salt, key):
    return hmac.digest(salt, key, "sha256")


class Keys:
    """One direction's traffic keys."""

    def __init__(self, secret):
        self.secret = secret
        self.cipher = AESGCM(expand(secret, b"key", b"", 16))
        self.vector = int.from_bytes(expand(secret, b"iv", b"", 12), "big")
        self.sequence = 0

    def _nonce(self):
        nonce = (self.vector ^ self.sequence).to_bytes(12, "big")
        self.sequence += 1
        return nonce

    def seal(self, content_type, content):
        inner = content + bytes([content_type])
        header = struct.pack("!BHH", APPLICATION_DATA, 0x0303, len(inner) + 16)
        return header + self.cipher.encrypt(self._nonce(), inner, header)

    def open(self, header, record):
        inner = self.cipher.decrypt(self._nonce(), record, header).rstrip(b"\x00")
        return inner[-1], inner[:-1]

    def updated(self):
        return Keys(expand(self.secret, b"traffic upd", b"", 32))


def extension(number, content):
    return struct.pack("!HH", number, len(content)) + content


def client_hello(private, padding=0, groups=b"\x00\x1d", shares=None):
    public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    if shares is None:
        shares = struct.pack("!HH", 0x001D, len(public)) + public
    extensions = (
        extension(0x0000, b"\x00\x0c\x00\x00\x09localhost")
        + extension(0x000A, struct.pack("!H", len(groups)) + groups)
        + extension(0x000D, b"\x00\x0a\x04\x03\x08\x04\x08\x05\x04\x01\x05\x01")
        + extension(0x002B, b"\x02\x03\x04")
        + extension(0x0033, struct.pack("!H", len(shares)) + shares)
    )
    if padding:
        extensions += extension(0x0015, bytes(padding))
    body = b"\x03\x03" + os.urandom(32) + b"\x20" + os.urandom(32) + b"\x00\x02\x13\x01" + b"\x01\x00"
    body += struct.pack("!H", len(extensions)) + extensions
    return b"\x01" + len(body).to_bytes(3, "big") + body


def records(content_type, content, size=16384):
    pieces = [content[start : start + size] for start in range(0, len(content), size)]
    return b"".join(struct.pack("!BHH", content_type, 0x0301, len(piece)) + piece for piece in pieces)


class Connection:
    """A connection whose handshake is done."""

    def __init__(self, host, port, timeout=30, source=None):
        self.socket = socket.create_connection((host, port), timeout, source_address=source and (source, 0))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = b""
        self._shake_hands()

    def _exactly(self, count):
        while len(self.received) < count:
            more = self.socket.recv(65536)
            if not more:
                raise ConnectionError("the server closed the connection")
            self.received += more
        result, self.received = self.received[:count], self.received[count:]
        return result

    def _record(self):
        header = self._exactly(5)
        return header, self._exactly(struct.unpack("!H", header[3:])[0])

    def _shake_hands(self):
        private = X25519PrivateKey.generate()
        hello = client_hello(private)
        self.socket.sendall(records(HANDSHAKE, hello))
        header, answer = self._record()
        if header[0] != HANDSHAKE:
            raise ConnectionError(f"an alert: {answer.hex()}")
        shared = private.exchange(X25519PublicKey.from_public_bytes(self._key_share(answer)))
        transcript = hello + answer
        early = extract(bytes(32), bytes(32))
        empty = hashlib.sha256(b"").digest()
        secret = extract(expand(early, b"derived", empty, 32), shared)
        digest = hashlib.sha256(transcript).digest()
        client = expand(secret, b"c hs traffic", digest, 32)
        server = Keys(expand(secret, b"s hs traffic", digest, 32))
        flight = b""
        while not self._ends(flight):
            header, record = self._record()
            if header[0] == APPLICATION_DATA:
                flight += server.open(header, record)[1]
        transcript += flight
        digest = hashlib.sha256(transcript).digest()
        master = extract(expand(secret, b"derived", empty, 32), bytes(32))
        finished = hmac.digest(expand(client, b"finished", b"", 32), digest, "sha256")
        self.finish = Keys(client).seal(HANDSHAKE, b"\x14\x00\x00\x20" + finished)
        self.socket.sendall(self.finish)
        self.sending = Keys(expand(master, b"c ap traffic", digest, 32))
        self.receiving = Keys(expand(master, b"s ap traffic", digest, 32))

    @staticmethod
    def _key_share(hello):
        place = 4 + 2 + 32
        place += 1 + hello[place] + 3 + 2
        while True:
            number, length = struct.unpack("!HH", hello[place : place + 4])
            if number == 0x0033:
                return hello[place + 8 : place + 4 + length]
            place += 4 + length

    @staticmethod
    def _ends(flight):
        place = 0
        while place + 4 <= len(flight):
            length = int.from_bytes(flight[place + 1 : place + 4], "big")
            if flight[place] == 20 and place + 4 + length <= len(flight):
                return True
            place += 4 + length
        return False

    def sealed(self, content, content_type=APPLICATION_DATA):
        return self.sending.seal(content_type, content)

    def key_update(self, message=KEY_UPDATE):
        """One record with a KeyUpdate, after which the next keys count."""
        record = self.sending.seal(HANDSHAKE, message)
        self.sending = self.sending.updated()
        return record

    def read(self):
        """The next piece of application data; nothing once the server has closed."""
        while True:
            try:
                header, record = self._record()
            except (ConnectionError, OSError):
                return b""
            content_type, content = self.receiving.open(header, record)
            if content_type == APPLICATION_DATA and content:
                return content
            if content_type == ALERT:
                return b""
            if content_type == HANDSHAKE and content[0] == KEY_UPDATE[0]:
                self.receiving = self.receiving.updated()

    def close(self):
        self.socket.close()
