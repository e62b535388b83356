"""What `crash` and `soak` share: the processes of a run, and a sender that says how each request ended."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))


class Run:
    """A folder with a gateway, a queue and what they write. It only ends processes that it started."""

    def __init__(self, binary, folder):
        self.binary, self.folder = binary, folder
        self.processes = {}
        self.port, self.admin, self.queue_port = free_ports(3)
        os.makedirs(self.path("routes"))

    def path(self, name):
        return os.path.join(self.folder, name)

    def settings(self):
        return ["--admin", f"127.0.0.1:{self.admin}", "--routes", self.path("routes"),
                "--outbox-path", self.path("outbox.db"), "--log-format", "json"]

    def start_gateway(self, *options, **environment):
        return self.launch("gateway", [
            self.binary, "serve", "--https", "off", "--http", f"127.0.0.1:{self.port}",
            "--zizq-url", f"http://127.0.0.1:{self.queue_port}", *self.settings(), *options], environment)

    def start_queue(self, *options):
        return self.launch("queue", [
            sys.executable, os.path.join(HERE, "zizq.py"), "--port", str(self.queue_port), *options])

    def launch(self, name, command, environment=None):
        # Variables of this run, such as SLUICE_BINARY, are no settings of the gateway.
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("SLUICE_")}
        with open(self.path(f"{name}.log"), "ab") as log:
            self.processes[name] = subprocess.Popen(
                command, env=inherited | (environment or {}), cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log,
                stderr=log)
        return self.processes[name]

    def kill(self, name):
        """Ends a process with SIGKILL. Returns its status if it had ended by itself, otherwise None."""
        process = self.processes.pop(name, None)
        status = process.poll() if process else None
        if process and status is None:
            process.kill()
            process.wait()
        return status

    def stop(self, name, timeout=30):
        """Ends a process with SIGTERM. Returns its exit status; 'hangs' if it does not end in time."""
        process = self.processes[name]
        process.send_signal(signal.SIGTERM)
        try:
            return process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill(name)
            return "hangs"

    def close(self):
        for name in list(self.processes):
            self.kill(name)

    def command(self, *words):
        """Runs a command of the binary next to the gateway. Returns what it printed."""
        return subprocess.run(
            [self.binary, *words, *self.settings()[2:]], cwd=self.folder, check=True, timeout=60, capture_output=True,
            text=True).stdout

    def metrics(self):
        """The value of each series; empty if the admin listener does not answer."""
        try:
            lines = get(self.admin, "/metrics").splitlines()
        except OSError:
            return {}
        return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if line and line[0] != "#"}


def get(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as response:
        return response.read().decode()


def wait_until(condition, timeout):
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


def free_ports(count):
    """Ports that nothing listens on, below the range of ephemeral ports, so that no connection takes one meanwhile."""
    ports, candidate = [], 11000 + os.getpid() * 7 % 20000
    while len(ports) < count:
        candidate += 1
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", candidate))
                ports.append(candidate)
            except OSError:
                pass
    return ports


class Sender:
    """One sender with a connection that it keeps, or with a new one for each request."""

    def __init__(self, port, keeps=True, timeout=30):
        self.port, self.keeps, self.timeout = port, keeps, timeout
        self.socket = None

    def post(self, path, identifier, body):
        """Sends a webhook. Returns its status and document, or why there is no answer.

        refused: nothing listens. closed: a clean end before any byte of the answer. reset: the connection was reset.
        cut: the connection ended within the answer. late: no answer in time.
        """
        try:
            if self.socket is not None and select.select([self.socket], [], [], 0)[0]:
                self.close()  # the gateway closed it between two requests
            if self.socket is None:
                self.socket = socket.create_connection(("127.0.0.1", self.port), self.timeout)
                self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.socket.sendall(
                f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nX-Id: {identifier}\r\n"
                f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
            return self.answer()
        except ConnectionRefusedError:
            return self.failed("refused")
        except (ConnectionResetError, BrokenPipeError):
            return self.failed("reset")
        except TimeoutError:
            return self.failed("late")

    def answer(self):
        received = b""
        while b"\r\n\r\n" not in received or len(received) < received.index(b"\r\n\r\n") + 4 + length(received):
            more = self.socket.recv(65536)
            if not more:
                return self.failed("cut" if received else "closed")
            received += more
        head, _, text = received.partition(b"\r\n\r\n")
        if not self.keeps or b"\r\nconnection: close" in head.lower():
            self.close()
        return int(head.split(b" ")[1]), json.loads(text or b"{}")

    def failed(self, why):
        self.close()
        return why, {}

    def close(self):
        if self.socket is not None:
            self.socket.close()
        self.socket = None


def length(head):
    """The Content-Length of an answer, whose head is complete."""
    return next(
        (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
