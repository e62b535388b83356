#!/usr/bin/env python3
"""A compressed week: a gateway under an even load while keys expire, the queue fails, routes change and people look.

Prints a line for each interval, and at the end compares the medians of the second and of the last quarter: memory,
files, keys, descriptors and latency must not grow by more than BOUNDS. Every quarter has the same events.

Environment: SLUICE_BINARY, HOURS (0.25, at least 0.1), RATE (webhooks per second: 200), FOLDER (for the run's files).
"""

import collections
import json
import os
import random
import shutil
import signal
import sqlite3
import statistics
import sys
import tempfile
import threading
import time

import parts

SENDERS, FILES, ROUTES_PER_FILE = 8, 20, 10
QUARTERS, INTERVALS = 4, 15  # intervals of each quarter
# Events by interval of a quarter.
OUTAGE, RELOAD, READER, DISCARD, HANG_UP, ADDED = 2, 5, 7, 9, 11, 13
# What the median of the last quarter may be: the second quarter's by this factor, and this much more.
BOUNDS = {
    "p50 ms": (1.5, 5), "p99 ms": (2, 30), "RSS MiB": (1.1, 8), "file MiB": (1.15, 8), "log MiB": (1.25, 8),
    "keys": (1.1, 500), "descriptors": (1, 4),
}
COLUMNS = ["minutes", "sent", "errors", *BOUNDS, "disk p99 ms", "jobs", "dead", "tables", "events"]


def routes(number, window, version=0):
    """A route file. Its jobs say which version of it made them."""
    text = "routes:\n"
    for index in range(number * ROUTES_PER_FILE, (number + 1) * ROUTES_PER_FILE):
        text += (
            f"  - name: route-{index}\n    path: /soak/{index}\n    verify: none\n"
            f"    unique_key: ${{header.X-Id}}\n    dedupe_window: {window * (2 + index % 2) // 2}s\n"
            f"    jobs: [ {{ type: soak, queue: q{index}, payload: {{ from: {version}, body: \"${{body}}\" }} }} ]\n")
    return text


class Load:
    """Senders at an even rate. Latency counts from when a webhook was due: a stall counts for all that waited."""

    def __init__(self, port, rate):
        self.port, self.rate = port, rate
        self.lock, self.end = threading.Lock(), threading.Event()
        self.latencies, self.failures, self.accepted, self.dead = [], [], 0, 0
        self.threads = [threading.Thread(target=self.send, args=(index,)) for index in range(SENDERS)]
        for thread in self.threads:
            thread.start()

    def send(self, index):
        draw, sender, number = random.Random(index), parts.Sender(self.port), 0
        due = time.monotonic() + index / self.rate
        while not self.end.wait(max(0, due - time.monotonic())):
            number += 1
            path, identifier = f"/soak/{draw.randrange(FILES * ROUTES_PER_FILE)}", f"{index}-{number}"
            body = json.dumps({"id": identifier, "text": "x" * draw.randrange(2000)}).encode()
            if draw.random() < 0.01:
                body = b'{"cut": '  # becomes a dead letter
            self.note(due, False, *sender.post(path, identifier, body))
            if draw.random() < 0.05:
                self.note(None, True, *sender.post(path, identifier, body))
            due += SENDERS / self.rate
            if draw.random() < 0.01:
                sender.close()

    def note(self, due, is_repeated, status, document):
        with self.lock:
            if due is not None:
                self.latencies.append((time.monotonic() - due) * 1000)
            if status != 200 or document["duplicate"] != is_repeated:
                self.failures.append(f"{status} {document}")
            self.accepted += document.get("jobs", 0)
            self.dead += document.get("dead_letters", 0)

    def take(self):
        """The latencies and failures since the last call."""
        with self.lock:
            result = sorted(self.latencies), self.failures
            self.latencies, self.failures = [], []
            return result

    def stop(self):
        self.end.set()
        for thread in self.threads:
            thread.join()


class Disk:
    """The disk without the gateway: overwrites a page ten times a second. A busy machine shows here, too."""

    def __init__(self, path):
        self.file, self.times, self.end = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), [], threading.Event()
        self.thread = threading.Thread(target=self.write)
        self.thread.start()

    def write(self):
        while not self.end.wait(0.1):
            start = time.monotonic()
            os.pwrite(self.file, bytes(16384), 0)
            os.fdatasync(self.file)
            self.times.append((time.monotonic() - start) * 1000)

    def take(self):
        times, self.times = sorted(self.times), []
        return times

    def stop(self):
        self.end.set()
        self.thread.join()


def percentile(values, percent):
    return round(values[len(values) * percent // 100], 1) if values else 0.0


class Soak:
    """The gateway, its events, and the table of figures."""

    def __init__(self, run, seconds, rate):
        self.run, self.interval = run, seconds / QUARTERS / INTERVALS
        # The run is fourteen windows long. The longest passes before the second quarter begins.
        self.window = max(60, int(seconds / 14))
        self.version, self.rows = 0, []
        for number in range(FILES):
            self.write(number)
        self.queue = run.start_queue("--licensed")
        self.gateway = run.start_gateway(
            "--outbox-keep-delivered", f"{self.window // 7}s", "--outbox-dedupe-window", f"{self.window}s",
            "--routes-grace", "1s", "--limits-drain", "0")
        if not parts.wait_until(run.metrics, 30):
            sys.exit("the gateway does not start: " + run.path("gateway.log"))
        self.load, self.disk = Load(run.port, rate), Disk(run.path("disk"))

    def write(self, number):
        path = self.run.path(f"routes/{number:02}.yaml")
        with open(path + ".new", "w") as file:
            file.write(routes(number, self.window, self.version))
        os.rename(path + ".new", path)

    def play(self):
        start = time.monotonic()
        print(" ".join(f"{name:>11}" for name in COLUMNS), flush=True)
        for number in range(QUARTERS * INTERVALS):
            event = self.event(number % INTERVALS)
            time.sleep(max(0, start + (number + 1) * self.interval - time.monotonic()))
            self.rows.append(self.measure((time.monotonic() - start) / 60, event))
            print(" ".join(f"{self.rows[-1][name]:>11}" for name in COLUMNS), flush=True)

    def event(self, place):
        """What happens in an interval. Returns its name."""
        if place == OUTAGE:
            self.queue.send_signal(signal.SIGUSR1)
            time.sleep(self.interval / 2)
            self.queue.send_signal(signal.SIGUSR1)
            return "outage"
        if place in (RELOAD, HANG_UP, ADDED):
            self.version += 1
            for number in (0, self.version % FILES):
                self.write(number)
            if place == RELOAD:
                self.run.command("reload")
            if place == HANG_UP:
                self.gateway.send_signal(signal.SIGHUP)
            return {RELOAD: "reload", HANG_UP: "SIGHUP", ADDED: "new file"}[place]
        if place == READER:
            self.read(self.interval / 2)
            return "reader"
        if place == DISCARD:
            self.run.command("dead", "discard", "--all")
            return "discard"
        return ""

    def read(self, seconds):
        """A foreign reader: its transaction keeps the write-ahead log from starting over."""
        file = sqlite3.connect(f"file:{self.run.path('outbox.db')}?mode=ro", uri=True, isolation_level=None)
        file.execute("BEGIN")
        file.execute("SELECT count(*) FROM jobs").fetchone()
        time.sleep(seconds)
        file.execute("COMMIT")
        file.close()

    def measure(self, minutes, event):
        metrics, (latencies, failures), disk = self.run.metrics(), self.load.take(), self.disk.take()
        for failure in failures[:3]:
            print("  " + failure, flush=True)
        return {
            "minutes": f"{minutes:.1f}", "sent": len(latencies), "errors": len(failures), "events": event,
            "p50 ms": percentile(latencies, 50), "p99 ms": percentile(latencies, 99),
            "disk p99 ms": percentile(disk, 99),
            "RSS MiB": round(metrics["process_resident_memory_bytes"] / 2**20, 1),
            "file MiB": self.size("outbox.db"), "log MiB": self.size("outbox.db-wal"),
            "keys": int(metrics["sluice_outbox_keys"]), "descriptors": int(metrics["process_open_fds"]),
            "jobs": int(metrics["sluice_outbox_jobs"]), "dead": int(metrics["sluice_outbox_dead_letters"]),
            "tables": int(metrics["sluice_route_table_version"]),
        }

    def size(self, name):
        return round(os.path.getsize(self.run.path(name)) / 2**20, 1)

    def judge(self):
        """Whether every job arrived once, and no figure grew."""
        self.stop()
        problems = [f"{row['minutes']} minutes: {row['errors']} errors" for row in self.rows if row["errors"]]
        if not parts.wait_until(lambda: self.run.metrics().get("sluice_outbox_jobs") == 0, 60):
            problems.append("jobs stay in the outbox")
        counts = collections.Counter(json.loads(parts.get(self.run.queue_port, "/counts")))
        print(f"accepted {self.load.accepted} jobs and {self.load.dead} dead letters; at the queue"
              f" {counts['jobs']} jobs, and {counts['duplicates']} dropped as duplicates")
        if counts["jobs"] != self.load.accepted:
            problems.append(f"{self.load.accepted} jobs were accepted, {counts['jobs']} arrived")
        if self.run.stop("gateway") != 0:
            problems.append("the exit status after SIGTERM is not 0")
        for name, (factor, more) in BOUNDS.items():
            (second, last), disk = self.medians(name), self.medians("disk p99 ms")
            bound = second * factor + more + (factor * max(0, disk[1] - disk[0]) if name == "p99 ms" else 0)
            print(f"{name:>11}: median of the second quarter {second:g}, of the last {last:g}, bound {bound:g}")
            if last > bound:
                problems.append(f"{name} grows: {second:g}, then {last:g}")
        return problems

    def medians(self, name):
        """The medians of the second and of the last quarter."""
        return [statistics.median(row[name] for row in self.rows[quarter * INTERVALS:][:INTERVALS])
                for quarter in (1, 3)]

    def stop(self):
        self.load.stop()
        self.disk.stop()


def main():
    seconds, rate = 3600 * float(os.environ.get("HOURS") or 0.25), float(os.environ.get("RATE") or 200)
    if seconds < 360:
        sys.exit("HOURS is too small: a dedupe window of 90 s has to pass within a quarter of the run, so at least 0.1")
    folder = tempfile.mkdtemp(prefix="sluice-soak-", dir=os.environ.get("FOLDER") or None)
    run = parts.Run(os.path.abspath(os.environ["SLUICE_BINARY"]), folder)
    soak = None
    try:
        soak = Soak(run, seconds, rate)
        print(f"{FILES * ROUTES_PER_FILE} routes, {rate:g} webhooks a second, dedupe windows of {soak.window} s and"
              f" {soak.window * 3 // 2} s, for {seconds / 60:g} minutes", flush=True)
        soak.play()
        problems = soak.judge()
    finally:
        if soak:
            soak.stop()
        run.close()
    for problem in problems:
        print("FAILED: " + problem)
    if problems:
        sys.exit(f"the files are in {folder}")
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
