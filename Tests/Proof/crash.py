#!/usr/bin/env python3
"""Kills the gateway and the queue under load, with disk errors, and checks that nothing acknowledged is lost.

Each round has its own outbox. Its plan (when to kill what, which disk errors, how the queue misbehaves) comes from SEED
and the number of the round. A round that fails prints how to run its plan again, and keeps its files.

Environment: SLUICE_BINARY; DISK_SHIM (the library built from Tests/DiskShim); ROUNDS (200), SEED (random), FIRST (the
first round: 1), MINUTES (start no round after this time; no limit), FOLDER (for the files of the rounds).
"""

import collections
import hashlib
import json
import os
import random
import shutil
import signal
import sqlite3
import sys
import tempfile
import threading
import time

import parts
import zizq

ROUTES = """
routes:
  - name: one
    path: /one
    verify: none
    unique_key: ${header.X-Id}
    jobs: [ { type: one, queue: one, payload: "${body}" } ]
  - name: many
    path: /many
    verify: none
    each: ${body.items}
    unique_key: ${item.id}
    jobs: [ { type: many, queue: many, payload: "${item}" } ]
"""
SENDERS = 6
MOST_WEBHOOKS = 1500  # of one round
LETTERS = {"s": "sync: EIO", "w": "write: EIO", "f": "write: ENOSPC"}
STARTS_REFUSED = {1, 69}  # exit statuses of a gateway that cannot open its outbox on a failing disk


class Webhook:
    """A webhook whose contents follow from its round and number, so that any job can be checked."""

    def __init__(self, prefix, number):
        self.number, self.id = number, f"{prefix}-{number}"
        self.jobs = [self.job(f"{self.id}.{index}") for index in range(2 + number % 4)] if number % 7 == 0 \
            else [self.job(self.id)]
        self.path = "/many" if number % 7 == 0 else "/one"
        self.body = json.dumps({"items": self.jobs} if self.path == "/many" else self.jobs[0]).encode()
        self.attempts, self.acknowledged = 0, False

    @staticmethod
    def job(identifier):
        digest = hashlib.sha256(identifier.encode()).hexdigest()
        return {"id": identifier, "text": digest * (1 + int(digest[:4], 16) % 40)}


class Round:
    """One plan, with the webhooks that it sends and their results."""

    def __init__(self, run, seed, number, shim):
        self.run, self.shim, self.number = run, shim, number
        self.random = random.Random(f"{seed}/{number}")
        self.prefix = f"{seed}-{number}"
        self.is_licensed = number % 10 != 9
        self.ends_gently = number % 5 == 0
        self.webhooks, self.unanswered = [], []
        self.is_stopping = self.has_answered = False
        self.lock = threading.Lock()
        self.figures = collections.Counter()
        self.problems = []

    def play(self):
        with open(self.run.path("routes/routes.yaml"), "w") as file:
            file.write(ROUTES)
        self.start_queue(self.random.choice([0, 0.05, 0.3]))
        for _ in range(self.random.randint(2, 4)):
            self.live(is_last=False)
        if self.ends_gently:
            self.live(is_last=True)
        self.settle()
        self.judge()

    def start_queue(self, faults):
        self.run.start_queue(
            "--journal", self.run.path("journal"), "--faults", str(faults), "--seed", str(self.random.random()),
            *["--licensed"] * self.is_licensed)
        self.queue_faults = faults

    def live(self, is_last):
        """One life of a gateway under load, on a disk with errors. The last one of a gentle round ends with SIGTERM."""
        draw, self.has_answered = self.random, False
        process = self.run.start_gateway(
            "--limits-drain", f"{draw.choice([0, 100, 300])}ms", "--limits-shutdown", "3s",
            LD_PRELOAD=self.shim, DISK_MATCH="outbox.db", DISK_SEED=str(draw.randrange(1 << 30)),
            DISK_LOG=self.run.path("disk.log"), DISK_SYNC_US=str(draw.choice([0, 300, 2000])),
            DISK_FAIL_SYNC=str(draw.choice([0, 20, 100, 500])), DISK_FAIL_WRITE=str(draw.choice([0, 100, 500, 3000])))
        end = threading.Event()
        senders = [
            threading.Thread(target=self.send, args=(index, draw.random(), end), daemon=True)
            for index in range(SENDERS)]
        start, length = time.monotonic(), draw.uniform(0.4, 1.2) if is_last else draw.uniform(0.01, 1.2)
        for sender in senders:
            sender.start()
        if draw.random() < 0.5:
            self.restart_queue(start + length * draw.random(), draw.choice([0, 0.1, 0.3, None]))
        time.sleep(max(0, start + length - time.monotonic()))
        self.is_stopping = is_last
        if is_last and process.poll() is None:
            self.expect(self.run.stop("gateway") == 0, "the exit status after SIGTERM is not 0")
            self.figures["gateway stopped with SIGTERM"] += 1
        else:
            self.kill_gateway(process)
        end.set()
        for sender in senders:
            sender.join()
        self.is_stopping = False

    def kill_gateway(self, process):
        """Kills the gateway, sometimes while it is stopping. A failing disk may have kept it from starting."""
        has_failed = process.poll() is not None
        stops_first, pause = self.random.random() < 0.2, self.random.uniform(0, 0.3)
        if not has_failed and stops_first:
            process.terminate()
            time.sleep(pause)
        status = self.run.kill("gateway")
        self.figures["gateway not started on a failing disk" if has_failed else "gateway killed"] += 1
        # A SIGTERM within the first milliseconds finds no handler yet.
        stopped = {None, 0} if self.has_answered else {None, 0, -signal.SIGTERM}
        is_right = status in STARTS_REFUSED and not self.has_answered if has_failed else status in stopped
        self.expect(is_right, f"the gateway ended by itself with {status}")

    def restart_queue(self, moment, pause):
        time.sleep(max(0, moment - time.monotonic()))
        self.run.kill("queue")
        self.figures["queue killed"] += 1
        if pause is not None:  # otherwise it stays down, and the outbox has a backlog when the gateway is killed
            time.sleep(pause)
            self.start_queue(self.queue_faults)

    def send(self, index, seed, end):
        """Sends new webhooks, and again those that got no answer, until the gateway's life ends."""
        draw = random.Random(seed)
        sender = parts.Sender(self.run.port, keeps=index % 3 != 2)
        while not end.is_set():
            webhook = self.next(draw)
            if webhook is None or self.deliver(sender, webhook) != 200:
                end.wait(0.01)
        sender.close()

    def next(self, draw):
        with self.lock:
            if self.unanswered and draw.random() < 0.5:
                return self.unanswered.pop(draw.randrange(len(self.unanswered)))
            if self.webhooks and draw.random() < 0.05:
                return draw.choice(self.webhooks)
            if len(self.webhooks) < MOST_WEBHOOKS:
                self.webhooks.append(Webhook(self.prefix, len(self.webhooks)))
                return self.webhooks[-1]

    def deliver(self, sender, webhook):
        was_acknowledged, was_stopping = webhook.acknowledged, self.is_stopping
        with self.lock:
            webhook.attempts += 1
        status, document = sender.post(webhook.path, webhook.id, webhook.body)
        with self.lock:
            self.has_answered |= isinstance(status, int)
            if status == 200:
                is_new = not document["duplicate"]
                self.expect(is_new or webhook.attempts > 1, f"{webhook.id} is a duplicate when first sent")
                self.expect(not (is_new and was_acknowledged), f"{webhook.id} was accepted twice", "doubled")
                self.expect(not is_new or document["jobs"] == len(webhook.jobs), f"{webhook.id}: {document}")
                webhook.acknowledged = True
                return status
            self.note_failure(status, document, webhook, was_stopping)
            if not webhook.acknowledged:
                self.unanswered.append(webhook)
            return status

    def note_failure(self, status, document, webhook, was_stopping):
        if status == 503:
            self.figures["503 " + document["code"]] += 1
        elif isinstance(status, int):
            self.expect(False, f"{webhook.id} was answered {status} {document}")
        elif status != "refused":
            self.figures[f"requests without an answer: {status}"] += 1
            is_allowed = status == "closed" if self.is_stopping or was_stopping else status != "late"
            self.expect(is_allowed, f"{webhook.id}: {status}, while the gateway was stopping", "reset at a stop")

    def settle(self):
        """On a good disk, with a good queue: sends again what senders would, and waits until every job has arrived."""
        self.run.kill("queue")
        self.start_queue(0)
        self.run.start_gateway("--limits-drain", "0", "--limits-shutdown", "5s")
        if not parts.wait_until(self.run.metrics, 30):
            return self.expect(False, "the gateway does not start on a good disk")
        # One sender in ten has given up.
        again = [webhook for webhook in self.unanswered if self.random.random() < 0.9]
        known = [webhook for webhook in self.webhooks if webhook.acknowledged]
        sender = parts.Sender(self.run.port)
        for webhook in again + self.random.sample(known, min(50, len(known))):
            self.expect(self.deliver(sender, webhook) == 200, f"{webhook.id} is refused on a good disk")
        sender.close()
        is_empty = parts.wait_until(lambda: self.run.metrics().get("sluice_outbox_jobs") == 0, 60)
        self.expect(is_empty, "jobs stay in the outbox")
        metrics = self.run.metrics()
        self.expect(metrics.get("sluice_outbox_dead_letters") == 0, "there are dead letters")
        self.expect(metrics.get("sluice_jobs_dropped_total") == 0, "its own jobs are reported as dropped for older ones")
        self.expect(self.run.stop("gateway") == 0, "the exit status after SIGTERM is not 0")
        self.run.kill("queue")

    def judge(self):
        """Compares the journal of the queue with what was sent and acknowledged."""
        sent = {job["id"]: (job, webhook) for webhook in self.webhooks for job in webhook.jobs}
        arrived = collections.Counter()
        for line in zizq.journal(self.run.path("journal")):
            self.figures["duplicates at the queue"] += line["duplicates"]
            self.figures["queue: " + line["fault"] if line["fault"] else "queue: normal answers"] += 1
            for job in line["jobs"]:
                identifier = job["payload"].get("id") if isinstance(job["payload"], dict) else None
                is_known = identifier in sent and sent[identifier][0] == job["payload"]
                self.expect(is_known, f"a job that nobody sent: {json.dumps(job)[:200]}", "wrong")
                arrived[identifier] += 1
        for identifier, (_, webhook) in sent.items():
            is_lost = webhook.acknowledged and identifier not in arrived
            self.expect(not is_lost, f"{identifier} was acknowledged and did not arrive", "lost")
        twice = [identifier for identifier, times in arrived.items() if times > 1]
        if self.is_licensed:
            self.expect(not twice, f"arrived twice with unique keys: {twice[:5]}", "doubled")
        else:
            self.figures["jobs twice at a queue without unique keys"] += len(twice)
        self.figures["webhooks sent"] += len(self.webhooks)
        self.figures["webhooks acknowledged"] += sum(webhook.acknowledged for webhook in self.webhooks)
        self.figures["jobs at the queue"] += len(arrived)
        for letter, name in LETTERS.items():
            self.figures[name] += read(self.run.path("disk.log")).count(letter)
        with sqlite3.connect(self.run.path("outbox.db")) as file:
            found = file.execute("PRAGMA integrity_check").fetchone()[0]
        self.expect(found == "ok", f"the outbox is damaged: {found}")

    def expect(self, holds, problem, counter=None):
        if not holds:
            self.problems.append(problem)
            if counter:
                self.figures[counter] += 1


def read(path):
    if not os.path.exists(path):
        return ""
    with open(path) as file:
        return file.read()


GROUPS = [
    ("webhooks", ["webhooks sent", "webhooks acknowledged"]),
    ("jobs", ["jobs at the queue", "duplicates at the queue", "jobs twice at a queue without unique keys"]),
    ("must be 0", ["lost", "doubled", "wrong", "reset at a stop"]),
    ("ends", ["gateway killed", "gateway stopped with SIGTERM", "gateway not started on a failing disk",
              "queue killed"]),
    ("disk errors", list(LETTERS.values())),
]


def report(figures):
    for title, names in GROUPS:
        print(f"{title}: " + ", ".join(f"{name} {figures[name]}" for name in names))
    for title in ("queue: ", "503 ", "requests without an answer: "):
        found = sorted((name.removeprefix(title), count) for name, count in figures.items() if name.startswith(title))
        print(f"{title.rstrip(': ')}: " + (", ".join(f"{name} {count}" for name, count in found) or "none"))


def main():
    setting = os.environ.get
    rounds, first = int(setting("ROUNDS") or 200), int(setting("FIRST") or 1)
    seed = setting("SEED") or str(random.randrange(1 << 31))
    end = time.monotonic() + 60 * float(setting("MINUTES") or "inf")
    binary, shim = os.path.abspath(os.environ["SLUICE_BINARY"]), os.path.abspath(os.environ["DISK_SHIM"])
    keep = setting("FOLDER") or tempfile.gettempdir()
    os.makedirs(keep, exist_ok=True)
    print(f"seed {seed}, {rounds} rounds", flush=True)
    figures, played, failed, start = collections.Counter(), 0, 0, time.monotonic()
    for number in range(first, first + rounds):
        if time.monotonic() > end:
            break
        folder = tempfile.mkdtemp(prefix=f"sluice-crash-{seed}-{number}-", dir=keep)
        run = parts.Run(binary, folder)
        one = Round(run, seed, number, shim)
        try:
            one.play()
        finally:
            run.close()
        figures.update(one.figures)
        played += 1
        if one.problems:
            failed += 1
            print(f"round {number} failed: {len(one.problems)} problems; the files are in {folder}\n  "
                  + "\n  ".join(one.problems[:10]) + f"\n  again: make crash SEED={seed} FIRST={number} ROUNDS=1")
        else:
            shutil.rmtree(folder)
        if played % 20 == 0:
            print(f"{played} rounds, {failed} failed, {time.monotonic() - start:.0f} s", flush=True)
    print(f"{played} of {rounds} rounds in {time.monotonic() - start:.0f} s, {failed} failed")
    report(figures)
    sys.exit(1 if failed or played < rounds and not setting("MINUTES") else 0)


main()
