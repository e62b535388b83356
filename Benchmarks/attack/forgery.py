#!/usr/bin/env python3
"""Replays captured deliveries, changed where the signature does not reach, and prints FORGED or refused for each. Exit status 1 if any is forged.

An attacker here has no secret. It has a delivery that was signed for it: a GitHub push whose commit message it wrote, or an old event of
a Standard Webhooks sender with text that it chose. A replay is forged if a job or a dead letter comes of it that the provider
never caused. The same job once more, for a new delivery id that GitHub does not sign, is not: it is printed as `as signed`.
"""

import argparse
import base64
import gzip
import hashlib
import hmac
import json
import os
import time
import urllib.parse
import urllib.request
import uuid

import gateway
import wire

HERE = os.path.dirname(os.path.abspath(__file__))
KEY = b"0123456789abcdef0123456789abcdef"
ENVIRONMENT = {
    "GITHUB_WEBHOOK_SECRET": wire.SECRET,
    "STANDARD_WEBHOOK_SECRET": "whsec_" + base64.b64encode(KEY).decode(),
    "SVIX_WEBHOOK_SECRET": "whsec_" + base64.b64encode(KEY).decode(),
}
# GitHub's scheme on a route that also reads gzip, which the header Content-Encoding tells without being signed.
GZIP = """
routes:
  - name: gzip
    path: /gzip
    provider: github
    gzip: true
    secrets: [ { env: GITHUB_WEBHOOK_SECRET } ]
    jobs: [ { type: github_event } ]
"""
# Standard Webhooks, as docs/reference/routes.md shows it, with each kind of body.
OTHERS = """
routes:
  - name: standard-{body}
    path: /standard-{body}
    body: {body}
    verify:
      alg: hmac-sha256
      signature_from: ${{header.webhook-signature}}
      signature_split: " "
      signature_prefix: "v1,"
      signature_encoding: base64
      key_strip_prefix: whsec_
      key_encoding: base64
      id_from: ${{header.webhook-id}}
      timestamp_from: ${{header.webhook-timestamp}}
      signed: "${{id}}.${{timestamp}}.${{body}}"
    secrets: [ {{ env: STANDARD_WEBHOOK_SECRET }} ]
    unique_key: ${{header.webhook-id}}
    jobs: [ {{ type: standard_{body} }} ]
"""


class Check:
    """Sends requests to one gateway and counts the replays that made something else than what was signed."""

    def __init__(self, target):
        self.target, self.forged = target, 0

    def send(self, path, body, lines):
        with wire.tls(self.target.port) as connection:
            connection.sendall(wire.head(path, len(body), "Connection: close", *lines) + body)
            return wire.answer(connection)

    def jobs(self):
        """The jobs in the queue, oldest first."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.target.queue}/dev/jobs", timeout=5) as response:
            return [json.loads(line) for line in response.read().splitlines()]

    def next_job(self, before):
        """The first job after this many. Waits until it is in the queue."""
        for _ in range(200):
            if len(jobs := self.jobs()) > before:
                return jobs[before]
            time.sleep(0.05)
        raise SystemExit("a job was accepted and did not reach the queue within 10 s")

    def honest(self, name, path, body, lines):
        before = len(self.jobs())
        status, answer = self.send(path, body, lines)
        if status != 200 or json.loads(answer)["jobs"] != 1:
            raise SystemExit(f"{name}: the honest delivery was answered {status} {answer!r}; this check proves nothing")
        return self.next_job(before)

    def replay(self, name, path, body, lines, signed_job=None):
        """Sends a changed request. It is forged if it is accepted and becomes another job than `signed_job`, or a dead letter."""
        before = len(self.jobs())
        status, answer = self.send(path, body, lines)
        result = json.loads(answer) if status == 200 else {"duplicate": True}
        if result.get("duplicate"):
            verdict, detail = "refused", f"{status} {json.loads(answer).get('code', 'duplicate')}"
        elif result["jobs"] and (job := self.next_job(before)) and signed_job and meaning(job) == meaning(signed_job):
            verdict, detail = "as signed", f"{status}, the job that was signed"
        else:
            made = json.dumps(meaning(job)) if result["jobs"] else "a dead letter"
            verdict, detail = "FORGED", f"{status}, {made[:90]}"
            self.forged += 1
        print(f"{verdict:10} {name}: {detail}", flush=True)


def meaning(job):
    return job["type"], job.get("payload")


def content_types(check):
    """The same signed bytes with another content type, event and delivery id."""
    wanted = json.dumps({"ref": "refs/heads/main", "after": "0" * 40, "repository": {"full_name": "evil/evil"}})
    field = "&payload=" + urllib.parse.quote(wanted) + "&x="
    for name, kind, body in (
        ("form", "application/x-www-form-urlencoded", comment(field)),
        ("form with a charset", "application/x-www-form-urlencoded; charset=iso-8859-1", comment(field)),
        ("form in capitals", "APPLICATION/X-WWW-FORM-URLENCODED", comment(field)),
        ("text/plain", "text/plain", comment("x")),
        ("text/xml", "application/atom+xml", comment("x")),
        ("unknown type", "application/octet-stream", comment("x")),
        ("no valid type", "nonsense", comment("x")),
        ("UTF-16 text", "text/plain; charset=utf-16le", comment("x")),
        ("UTF-16 JSON", "application/json; charset=utf-16be", comment("x")),
        ("Latin-1 JSON", "application/json; charset=iso-8859-1", comment("\u00e9")),
        ("multipart", "multipart/form-data; boundary=b", comment("x")),
        ("white space first, form", "application/x-www-form-urlencoded", b" \n" + comment(field)),
        ("an array, form", "application/x-www-form-urlencoded", b"[" + comment(field) + b"]"),
    ):
        signed = wire.signature(body)
        job = check.honest(name, "/github", body, wire.github("issue_comment", uuid.uuid4(), signed))
        check.replay(f"GitHub JSON as {name}", "/github", body, wire.github("push", uuid.uuid4(), signed, kind), job)
    body, json_type = comment("x"), "Content-Type: application/json"
    job = check.honest("plain", "/github", body, wire.github("issue_comment", uuid.uuid4(), wire.signature(body)))
    for name, first in (
        ("two types", [json_type, "Content-Type: text/plain"]), ("two types, text first", ["Content-Type: text/plain", json_type]),
        ("no type", []), ("gzip", [json_type, "Content-Encoding: gzip"]), ("identity, gzip", [json_type, "Content-Encoding: identity, gzip"]),
    ):
        lines = wire.github("push", uuid.uuid4(), wire.signature(body))[1:]
        check.replay(f"GitHub JSON with {name}", "/github", body, [*first, *lines], job)


def encodings(check):
    """The same signed bytes with Content-Encoding taken away or added, on a route that reads gzip."""
    plain, encoding = comment("x"), "Content-Encoding: gzip"
    packed = gzip.compress(plain)
    for name, body, honest, changed in (("gzip without its header", packed, [encoding], []), ("JSON as gzip", plain, [], [encoding])):
        signed = wire.signature(body)
        job = check.honest(name, "/gzip", body, wire.github("push", uuid.uuid4(), signed) + honest)
        check.replay(name, "/gzip", body, wire.github("push", uuid.uuid4(), signed) + changed, job)


def comment(text):
    """The body of an issue comment whose text the attacker wrote."""
    return json.dumps({"action": "created", "comment": {"body": text}}, ensure_ascii=False).encode()


def standard(identifier, timestamp, body):
    """The signature of a Standard Webhooks delivery."""
    text = f"{identifier}.{timestamp}.".encode() + body
    return base64.b64encode(hmac.new(KEY, text, hashlib.sha256).digest()).decode()


def headers(identifier, timestamp, signed, kind="application/json"):
    return [f"Content-Type: {kind}", f"webhook-id: {identifier}", f"webhook-timestamp: {timestamp}", f"webhook-signature: v1,{signed}"]


def boundaries(check):
    """An expired message `id.timestamp.body` is cut at another place: into a fresh timestamp, a new id and the rest of the body."""
    now, old = int(time.time()), int(time.time()) - 86_400
    for path, before, after in (
        ("/standard", '{"type":"comment","text":"a', '{"type":"invoice.paid","data":{"invoice":17}}'),
        ("/standard-json", '{"text":"a', '{"a":1}'),
        ("/standard-form", "text=a", "amount=1000000"),
        ("/standard-text", "a", "b"),
        ("/standard-bytes", "a", "b"),
    ):
        inner = f".{now}."
        body = (before + inner + after).encode()
        signed = standard("msg_1", old, body)
        check.replay(f"{path}: cut in the body", path, after.encode(), headers(f"msg_1.{old}.{before}", now, signed))
        for stamp in (f"0{now}", f"+{now}", f"{now} ", f" {now}", f"{now}.0"):
            signed = standard("msg_2", old, f"{before}.{stamp}.{after}".encode())
            check.replay(f"{path}: cut in the body, timestamp {stamp!r}", path, after.encode(), headers(f"msg_2.{old}.{before}", stamp, signed))
    # The other way round: a fresh message whose id the attacker cannot choose, with its timestamp moved into the id.
    body = b'{"type":"a"}'
    signed = standard("msg_3", now, body)
    check.replay("/standard: the timestamp in the id", "/standard", body, headers(f"msg_3.{now}", "", signed))


def prepare_routes(folder):
    for name in ("github.yaml", "standard-webhooks.yaml"):
        with open(os.path.join(HERE, "..", "..", "routes", name)) as source, open(os.path.join(folder, name), "w") as target:
            target.write(source.read())
    with open(os.path.join(folder, "gzip.yaml"), "w") as target:
        target.write(GZIP)
    for body in ("json", "form", "text", "bytes"):
        with open(os.path.join(folder, f"standard-{body}.yaml"), "w") as target:
            target.write(OTHERS.format(body=body))


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--binary", default=os.environ.get("SLUICE_BINARY"), help="default: SLUICE_BINARY")
    options = options.parse_args()
    target = gateway.Gateway(options.binary, routes=prepare_routes, environment=ENVIRONMENT, keep="everything")
    try:
        check = Check(target)
        content_types(check)
        encodings(check)
        boundaries(check)
    finally:
        target.stop()
    print(f"{check.forged} forged")
    raise SystemExit(1 if check.forged else 0)


main()
