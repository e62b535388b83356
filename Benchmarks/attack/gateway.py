"""Starts the gateway under attack, with its queue, in a folder of its own, and stops what it started."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

import wire

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, "..", "..", "Tests", "Proof"))

from parts import free_ports  # noqa: E402


class Gateway:
    """`sluice serve` and `sluice devqueue` as processes of their own. `routes` is a route file, or a function that fills a folder.

    `keep` says what the queue remembers of jobs.
    """

    def __init__(self, binary, routes=os.path.join(HERE, "routes.yaml"), options=(), environment=None, keep="counts"):
        self.binary = binary
        self.folder = tempfile.mkdtemp(prefix="sluice-attack-")
        self.processes = []
        self.port, self.admin, self.queue, self.plain = free_ports(4)
        self.environment = dict(os.environ, ATTACK_SECRET=wire.SECRET, **(environment or {}))
        for number, secret in enumerate(wire.OTHER_SECRETS):
            self.environment[f"ATTACK_OTHER_SECRET_{number}"] = secret
        for number, key in enumerate(wire.PUBLIC_KEYS):
            self.environment[f"ATTACK_PUBLIC_KEY_{number}"] = key
        try:
            self.prepare(routes)
            self.launch("queue", "devqueue", "--port", str(self.queue), "--keep", keep)
            self.process = self.launch("sluice", "serve", *self.settings(), *options)
            self.wait_until_ready()
        except BaseException:
            self.stop()
            raise

    def prepare(self, routes):
        target = self.path("routes")
        os.mkdir(target)
        if callable(routes):
            routes(target)
        else:
            shutil.copy(routes, target)
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
             "-keyout", self.path("key.pem"), "-out", self.path("certificate.pem"), "-subj", "/CN=localhost",
             "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
            check=True, stderr=subprocess.DEVNULL)

    def settings(self):
        return [
            "--https", f"127.0.0.1:{self.port}", "--admin", f"127.0.0.1:{self.admin}",
            "--tls-certificate", self.path("certificate.pem"), "--tls-key", self.path("key.pem"),
            "--routes", self.path("routes"), "--outbox-path", self.path("outbox.db"),
            "--zizq-url", f"http://127.0.0.1:{self.queue}", "--limits-drain", "0", "--limits-shutdown", "2s",
            "--outbox-keep-delivered-bytes", "64MiB", "--log-format", "json",
        ]

    def path(self, name):
        return os.path.join(self.folder, name)

    def launch(self, name, *arguments):
        with open(self.path(f"{name}.log"), "wb") as log:
            process = subprocess.Popen(
                [self.binary, *arguments], env=self.environment, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.processes.append(process)
        return process

    def wait_until_ready(self):
        for _ in range(400):
            if self.process.poll() is not None:
                break
            try:
                return self.get("/readyz")
            except OSError:
                time.sleep(0.05)
        with open(self.path("sluice.log")) as log:
            raise RuntimeError("the gateway did not start:\n" + log.read()[-4000:])

    def get(self, path, timeout=2.0):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}{path}", timeout=timeout) as response:
            return response.read().decode()

    def metrics(self):
        """The value of each series, or nothing if the admin listener does not answer within two seconds."""
        try:
            lines = self.get("/metrics").splitlines()
        except OSError:
            return {}
        return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if line and line[0] != "#"}

    def peak_memory(self):
        """The largest resident memory since the start in MiB, or None if the gateway is not running any more."""
        try:
            with open(f"/proc/{self.process.pid}/status") as status:
                lines = [line for line in status if line.startswith("VmHWM")]
            return int(lines[0].split()[1]) / 1024 if lines else None
        except OSError:
            return None

    def stop(self):
        """Ends both processes, waits for them, and removes the folder."""
        for process in reversed(self.processes):
            if process.poll() is None:
                process.terminate()
        for process in self.processes:
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
