#!/usr/bin/env python3
"""Replays captured deliveries, changed where the signature does not reach, and prints FORGED or refused for each. Exit status 1 if any is forged.

An attacker here has no secret. It has a delivery that was signed for it: a GitHub push whose commit message it wrote, or an old event of
a Standard Webhooks sender with text that it chose. A replay is forged if the queue gets a job from it that the provider never caused.
"""

import argparse
import base64
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
# Senders of the same scheme with other kinds of bodies, as docs/reference/routes.md shows it: `body` is left to the gateway.
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
    """Sends requests to one gateway and counts the replays that made a job or a dead letter."""

    def __init__(self, target):
        self.target, self.forged = target, 0

    def send(self, path, body, lines):
        with wire.tls(self.target.port) as connection:
            connection.sendall(wire.head(path, len(body), "Connection: close", *lines) + body)
            return wire.answer(connection)

    def jobs(self):
        """What the queue has: type and payload of each job."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.target.queue}/jobs?limit=2000", timeout=5) as response:
            return [(job["type"], job.get("payload")) for job in json.load(response)["jobs"]]

    def honest(self, name, path, body, lines):
        status, answer = self.send(path, body, lines)
        if status != 200:
            raise SystemExit(f"{name}: the honest delivery was answered {status} {answer!r}; this check proves nothing")

    def replay(self, name, path, body, lines):
        """Sends a changed request. It is forged if it is accepted and is not answered as a duplicate of the honest one."""
        status, answer = self.send(path, body, lines)
        accepted = json.loads(answer or b"{}") if status == 200 else {}
        made = accepted.get("jobs", 0) or accepted.get("dead_letters", 0)
        forged = status == 200 and not accepted.get("duplicate") and bool(made)
        self.forged += forged
        print(f"{'FORGED ' if forged else 'refused'}  {name}: {status} {answer.decode(errors='replace')[:110]}", flush=True)


def content_types(check):
    """The same signed bytes with another content type, event and delivery id."""
    wanted = json.dumps({"ref": "refs/heads/main", "after": "0" * 40, "repository": {"full_name": "evil/evil"}})
    field = "&payload=" + urllib.parse.quote(wanted) + "&x="
    part = f'\r\n--b\r\nContent-Disposition: form-data; name="payload"\r\n\r\n{wanted}\r\n--b--\r\n'
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
        ("multipart", "multipart/form-data; boundary=b", comment("x", raw=part)),
        ("white space first, form", "application/x-www-form-urlencoded", b" \n" + comment(field)),
        ("an array, form", "application/x-www-form-urlencoded", b"[" + comment(field) + b"]"),
    ):
        signed = wire.signature(body)
        check.honest(name, "/github", body, wire.github("issue_comment", uuid.uuid4(), signed))
        check.replay(f"GitHub JSON as {name}", "/github", body, wire.github("push", uuid.uuid4(), signed, kind))
    body = comment("x")
    lines = wire.github("issue_comment", uuid.uuid4(), wire.signature(body))
    check.honest("no content type", "/github", body, lines)
    lines = wire.github("push", uuid.uuid4(), wire.signature(body))[1:]
    check.replay("GitHub JSON as two types", "/github", body, ["Content-Type: application/json", "Content-Type: text/plain", *lines])
    check.replay("GitHub JSON with Content-Encoding: gzip", "/github", body, ["Content-Type: application/json", "Content-Encoding: gzip", *lines])


def comment(text, raw=""):
    """The body of an issue comment whose text the attacker wrote. `raw` is white space between values, as only a test can have it."""
    body = {"action": "created", "comment": {"body": text}}
    encoded = json.dumps(body, ensure_ascii=False).encode()
    return encoded if not raw else encoded[:-1] + b',"raw":"' + raw.encode() + b'"}'


def standard(identifier, timestamp, body):
    """The headers of a Standard Webhooks delivery with its signature."""
    text = f"{identifier}.{timestamp}.".encode() + body
    signed = base64.b64encode(hmac.new(KEY, text, hashlib.sha256).digest()).decode()
    return headers(identifier, timestamp, signed), signed


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
        _, signed = standard("msg_1", old, body)
        check.replay(f"{path}: cut in the body", path, after.encode(), headers(f"msg_1.{old}.{before}", now, signed))
        for stamp in (f"0{now}", f"+{now}", f"{now} ", f" {now}", f"{now}.0"):
            text = f"msg_2.{old}.{before}.{stamp}.{after}"
            signed = base64.b64encode(hmac.new(KEY, text.encode(), hashlib.sha256).digest()).decode()
            check.replay(f"{path}: cut, timestamp {stamp!r}", path, after.encode(), headers(f"msg_2.{old}.{before}", stamp, signed))
    # A fresh message, cut after the id's own points.
    lines, signed = standard("msg.3", now, b'{"type":"a"}')
    check.replay("/standard: an id with a point", "/standard", b'{"type":"a"}', lines)


def prepare_routes(folder):
    for name in ("github.yaml", "standard-webhooks.yaml"):
        with open(os.path.join(HERE, "..", "..", "routes", name)) as source, open(os.path.join(folder, name), "w") as target:
            target.write(source.read())
    for body in ("json", "form", "text", "bytes"):
        with open(os.path.join(folder, f"standard-{body}.yaml"), "w") as target:
            target.write(OTHERS.format(body=body))


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--binary", default=os.environ.get("SLUICE_BINARY"), help="default: SLUICE_BINARY")
    options = options.parse_args()
    target = gateway.Gateway(options.binary, routes=prepare_routes, environment=ENVIRONMENT)
    try:
        check = Check(target)
        content_types(check)
        boundaries(check)
    finally:
        target.stop()
    print(f"{check.forged} forged")
    raise SystemExit(1 if check.forged else 0)


main()
