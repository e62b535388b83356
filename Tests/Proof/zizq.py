#!/usr/bin/env python3
"""A stand-in for Zizq that survives kill -9: it writes each bulk request to a journal, as one line, before it answers.

It refuses unique keys without --licensed, drops jobs whose unique key it has, and answers some requests wrongly, as
--seed says. SIGUSR1 starts an outage in which it closes every connection, or ends it. Without --journal it only counts.
GET /counts answers with the counts since its start.
"""

import argparse
import collections
import http.server
import json
import os
import random
import signal
import threading
import time

FAULTS = ["drop before commit", "drop after commit", "half an answer", "503", "slow"]
MOST_KEYS = 1_000_000  # of a run that only counts


class Jobs:
    """The stored jobs, and the unique keys that they hold."""

    def __init__(self, path, is_licensed):
        self.lock = threading.Lock()
        self.is_licensed = is_licensed
        self.keys = collections.OrderedDict()
        self.counts = collections.Counter()
        self.file = None
        if path:
            self.file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            for line in journal(path):
                self.keys.update((job["unique_key"], True) for job in line["jobs"] if "unique_key" in job)

    def store(self, jobs, fault):
        """Stores all jobs of a request, without those that are duplicates. Returns which of them are."""
        with self.lock:
            duplicates, fresh = [], []
            for job in jobs:
                key = job.get("unique_key")
                duplicates.append(key is not None and key in self.keys)
                if not duplicates[-1]:
                    fresh.append(job)
                    if key is not None:
                        self.keys[key] = True
            self.counts += collections.Counter(jobs=len(fresh), duplicates=sum(duplicates))
            if self.file is not None:
                self.write({"jobs": fresh, "duplicates": sum(duplicates), "fault": fault})
            while self.file is None and len(self.keys) > MOST_KEYS:
                self.keys.popitem(last=False)
            return duplicates

    def note(self, fault):
        """Writes down a fault that stores nothing."""
        if self.file is not None:
            with self.lock:
                self.write({"jobs": [], "duplicates": 0, "fault": fault})

    def write(self, line):
        os.write(self.file, json.dumps(line).encode() + b"\n")


def journal(path):
    """The lines of a journal. A line that the end of its process cut was not answered: it is removed."""
    with open(path, "rb+") as file:
        text = file.read()
        whole = text[:text.rfind(b"\n") + 1]
        file.truncate(len(whole))
    return [json.loads(line) for line in whole.splitlines()]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer is one packet

    def do_POST(self):
        jobs = json.loads(self.rfile.read(int(self.headers["content-length"])))["jobs"]
        service = self.server
        if service.refused and any(job["queue"] == service.refused for job in jobs):
            return self.answer(403, {"message": "forbidden"})
        if service.silent and any(job["queue"] == service.silent for job in jobs):
            return time.sleep(3600)
        fault = random.choice(FAULTS) if random.random() < service.fault_rate else None
        if service.is_out or fault == "drop before commit":
            service.jobs.note(fault or "outage")
            return self.drop()
        if fault == "503":
            service.jobs.note(fault)
            return self.answer(503, {"error": "service unavailable"})
        if not service.jobs.is_licensed and any("unique_key" in job for job in jobs):
            return self.answer(403, {"error": "unique jobs requires a pro license"})
        duplicates = service.jobs.store(jobs, fault)
        if fault == "drop after commit":
            return self.drop()
        if fault == "slow":
            time.sleep(0.2)
        answers = [
            {"id": f"{time.time_ns():x}{index:09d}"[:25], "type": job["type"], "queue": job["queue"], "priority": 32768,
             "status": "ready", "ready_at": time.time_ns() // 1_000_000, "attempts": 0, "duplicate": duplicate,
             "folded": False}
            for index, (job, duplicate) in enumerate(zip(jobs, duplicates))]
        self.answer(200 if all(duplicates) else 201, {"jobs": answers}, is_cut=fault == "half an answer")

    def do_GET(self):
        if self.path == "/version":
            return self.answer(200, {"version": "0.6.1"})
        self.answer(200, self.server.jobs.counts if self.path == "/counts" else {"status": "ok"})

    def answer(self, status, document, is_cut=False):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:len(body) // 2] if is_cut else body)
        if is_cut:
            self.drop()

    def drop(self):
        self.close_connection = True

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    fault_rate = 0.0
    refused = silent = None
    is_out = False


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--port", type=int, required=True)
    options.add_argument("--journal")
    options.add_argument("--licensed", action="store_true")
    options.add_argument("--faults", type=float, default=0, help="the share of requests that are answered wrongly")
    options.add_argument("--refuse", metavar="QUEUE", help="answers 403 to each request with a job of this queue")
    options.add_argument("--silent", metavar="QUEUE", help="never answers a request with a job of this queue")
    options.add_argument("--seed", default="0")
    options = options.parse_args()
    random.seed(options.seed)
    server = Server(("127.0.0.1", options.port), Handler)
    server.jobs = Jobs(options.journal, options.licensed)
    server.fault_rate, server.refused, server.silent = options.faults, options.refuse, options.silent

    def outage(*_):
        server.is_out = not server.is_out

    signal.signal(signal.SIGUSR1, outage)
    server.serve_forever(poll_interval=0.1)


if __name__ == "__main__":
    main()
