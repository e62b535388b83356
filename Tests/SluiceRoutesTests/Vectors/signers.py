#!/usr/bin/env python3
"""Requests signed as the providers' documentation says, without any code of the gateway.

Prints one JSON document per line for each way in which a provider signs: the preset, what a route of it needs, and
requests, each with whether it must be accepted. Signs with the standard library, and with `openssl` for key pairs.
"""

import base64
import hashlib
import hmac
import json
import subprocess
import tempfile
import unicodedata
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import Callable
from urllib.parse import quote, urlencode

NOW = 1_700_000_000
ORIGIN = "https://hooks.example.com"
PATH = "/hook"
URL = ORIGIN + PATH
SECRET = "a shared secret of 32 characters"
# For providers whose secret is an encoded key.
KEY = bytes(range(7, 39))
ID = "msg_1"
NONCE = "05429567804466091622"
BODY = '{"id":"evt_1","type":"hello","list":[1.50]}'
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
CLOUD_EVENT = "application/cloudevents+json"


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def sha256(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def keyed(key: str | bytes, algorithm: str = "sha256") -> Callable[[str], bytes]:
    """Signs texts with an HMAC."""
    key = key.encode() if isinstance(key, str) else key
    return lambda text: hmac.new(key, text.encode(), algorithm).digest()


class KeyPair:
    """A new key pair of `openssl`, in a folder that lasts as long as it."""

    def __init__(self, algorithm: str, option: str | None = None):
        self.folder = tempfile.TemporaryDirectory()
        options = ["-pkeyopt", option] if option else []
        self.openssl("genpkey", "-algorithm", algorithm, *options, "-out", "key")
        self.pem = self.openssl("pkey", "-in", "key", "-pubout").decode()
        self.der = self.openssl("pkey", "-in", "key", "-pubout", "-outform", "DER")

    def openssl(self, *arguments: str) -> bytes:
        run = subprocess.run(["openssl", *arguments], cwd=self.folder.name, stdout=-1, stderr=-3, check=True)
        return run.stdout

    def sign(self, text: str, *command: str) -> bytes:
        with open(f"{self.folder.name}/text", "wb") as file:
            file.write(text.encode())
        return self.openssl(*command)

    def digest(self, algorithm: str) -> Callable[[str], bytes]:
        """Signs with RSA (PKCS #1 v1.5), or with ECDSA in DER."""
        return lambda text: self.sign(text, "dgst", f"-{algorithm}", "-sign", "key", "text")

    def ed25519(self, text: str) -> bytes:
        return self.sign(text, "pkeyutl", "-sign", "-rawin", "-inkey", "key", "-in", "text")


RSA = KeyPair("RSA", "rsa_keygen_bits:2048")
P256 = KeyPair("EC", "ec_paramgen_curve:P-256")
ED25519 = KeyPair("ED25519")
ED25519_KEY = ED25519.der[-32:]


def stamp(time: int, unit: str) -> str:
    """A time as providers write it."""
    moment = datetime.fromtimestamp(time, timezone.utc)
    return {
        "s": str(time),
        "ms": f"{time}000",
        "rfc3339": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
        "nanoseconds": f"{moment:%Y-%m-%dT%H:%M:%S}.000000000Z",
        "http": f"{moment:%a, %d %b %Y %H:%M:%S GMT}",
    }[unit]


@dataclass
class Request:
    headers: dict[str, str | None] = field(default_factory=dict)
    body: str = BODY
    query: dict[str, str | None] = field(default_factory=dict)
    type: str = JSON

    @property
    def target(self) -> str:
        query = urlencode({name: value for name, value in self.query.items() if value is not None})
        return f"{PATH}?{query}" if query else PATH

    @property
    def lines(self) -> list[tuple[str, str]]:
        lines = [(name, value) for name, value in self.headers.items() if value is not None]
        return lines + ([("Content-Type", self.type)] if self.type else [])

    def changed(self, old: str, new: str) -> "Request":
        """The request with one text instead of another, wherever it is."""
        texts = lambda pairs: {name: value and value.replace(old, new) for name, value in pairs.items()}
        return replace(
            self, headers=texts(self.headers), query=texts(self.query), body=self.body.replace(old, new))


def document(value) -> str:
    """JSON without the members that are None."""
    def kept(value):
        if isinstance(value, list):
            return [kept(item) for item in value]
        if isinstance(value, dict):
            return {name: kept(item) for name, item in value.items() if item is not None}
        return value
    return json.dumps(kept(value), separators=(",", ":"))


def form(**fields: str | None) -> str:
    return urlencode({name: value for name, value in fields.items() if value is not None})


@dataclass
class Sender:
    """One way in which a provider signs."""
    preset: str
    # Makes the request of a time, with the signature as `write` writes it: None leaves it out.
    build: Callable[[int, Callable[[str], str | None]], Request]
    secret: str = SECRET
    account: dict[str, str] = field(default_factory=dict)
    # Texts of the request that the signature covers.
    covers: tuple[str, ...] = ("hello",)
    signs_query: bool = False
    # In seconds; None if the provider states no limit, and the preset has none.
    tolerance: int | None = None
    unit: str | None = None
    # Whether several lines of the header are one list.
    repeats: bool = False

    def cases(self):
        """Names, requests, lines of their heads, and whether they must be accepted."""
        def case(name, is_valid, request, lines=None, target=None):
            lines = request.lines if lines is None else lines
            return {
                "name": name, "valid": is_valid, "target": target or request.target, "headers": lines,
                "body": b64(request.body.encode())}

        sent = self.build(NOW, lambda signature: signature)
        yield case("valid", True, sent)
        yield case("header names in upper case", True, sent, [(name.upper(), value) for name, value in sent.lines])
        for name, write in WRONG_SIGNATURES.items():
            yield case(name, False, self.build(NOW, write))
        marked = self.build(NOW, lambda signature: "MARK")
        for header, value in marked.headers.items():
            if value == "MARK":
                yield case("repeated", self.repeats, sent, sent.lines + [(header, sent.headers[header])])
        covers = self.covers + ((stamp(NOW, self.unit),) if self.unit else ())
        for text in covers:
            other = stamp(NOW + 1, self.unit) if text not in self.covers else text[:-1] + "p"
            changed = sent.changed(text, other)
            assert changed != sent, (self.preset, text)
            yield case(f"{other} instead of {text}", False, changed)
        if self.signs_query:
            yield case("another URL", False, sent, target=sent.target + ("&" if sent.query else "?") + "x=1")
        if self.unit:
            for distance in (self.tolerance, -self.tolerance) if self.tolerance else ():
                beyond = distance + (1 if distance > 0 else -1)
                yield case(f"{distance} s off", True, self.build(NOW + distance, lambda signature: signature))
                yield case(f"{beyond} s off", False, self.build(NOW + beyond, lambda signature: signature))
            if self.tolerance is None:
                yield case("a year old", True, self.build(NOW - 31_536_000, lambda signature: signature))


def with_another_character(text: str) -> str:
    index = len(text) * 2 // 3
    return text[:index] + ("a" if text[index] not in "aA" else "b") + text[index + 1:]


WRONG_SIGNATURES = {
    "missing": lambda signature: None,
    "empty": lambda signature: "",
    "cut off": lambda signature: signature[:len(signature) // 2],
    "another character": with_another_character,
}


def signed(
        preset: str, header: str, written: str, text: str = "{body}", sign=keyed(SECRET), secret: str = SECRET,
        unit: str | None = None, tolerance: int | None = 300, time: str | None = None, id: str | None = None,
        body: str = BODY, type: str = JSON, more: dict[str, str] = {}, **options) -> Sender:
    """A sender with the signature in a header.

    written: the header's value, with {hex}, {base64} or {base64url}, and {time} if that is in it.
    text: what is signed, with {body}, {time}, {id} and {url}.
    time, id: the headers of the time and the id.
    """
    def build(now, write):
        at = stamp(now, unit) if unit else ""
        signature = sign(text.format(body=body, time=at, id=ID, url=URL))
        value = written.format(
            time=at, hex=signature.hex(), base64=b64(signature), base64url=b64url(signature))
        headers = {**more, header: write(value)}
        headers.update({name: value for name, value in ((time, at), (id, ID)) if name})
        return Request(headers, body, type=type)
    options = {"covers": ("hello",), "signs_query": "{url}" in text, **options}
    options["covers"] += (ID,) if id else ()
    return Sender(preset, build, secret, tolerance=tolerance, unit=unit, **options)


def standard(
        preset: str, prefix: str = "webhook-", key: str | bytes = KEY, secret: str = "whsec_" + b64(KEY)) -> Sender:
    """A sender of Standard Webhooks, or of Svix."""
    return signed(
        preset, prefix + "signature", "v1,{base64}", "{id}.{time}.{body}", keyed(key), secret, unit="s",
        time=prefix + "timestamp", id=prefix + "id", repeats=True)


def pairs(preset: str, header: str, written: str = "t={time},v1={hex}", **options) -> Sender:
    """A sender like Stripe, with time and signature in one header."""
    options = {"text": "{time}.{body}", "unit": "s", **options}
    return signed(preset, header, written, **options)


def token(preset: str, header: str, written: str = "{}", **request) -> Sender:
    """A sender whose header contains the secret."""
    return Sender(preset, lambda now, write: Request({header: write(written.format(SECRET))}, **request), covers=())


def basic(preset: str) -> Sender:
    user = f"user:{SECRET}"
    value = "Basic " + b64(user.encode())
    return Sender(preset, lambda now, write: Request({"Authorization": write(value)}), user, covers=())


def in_query(preset: str, name: str = "token", **request) -> Sender:
    """A sender with the secret in its URL."""
    return Sender(preset, lambda now, write: Request(query={name: write(SECRET)}, **request), covers=())


def in_body(preset: str, wrap: Callable[[str | None], object]) -> Sender:
    """A sender with the secret in its body."""
    return Sender(preset, lambda now, write: Request(body=document(wrap(write(SECRET)))), covers=())


def jwt(claims: dict, sign=keyed(SECRET), algorithm: str = "HS256") -> str:
    head = b64url(document({"alg": algorithm, "typ": "JWT"}).encode())
    text = f"{head}.{b64url(document(claims).encode())}"
    return f"{text}.{b64url(sign(text))}"


def bearer_token(preset: str, header: str, claims: Callable[[int], dict], written: str = "{}", **options) -> Sender:
    """A sender with a JSON Web Token in a header."""
    return Sender(
        preset, lambda now, write: Request({header: write(written.format(jwt(claims(now))))}), **options)


# --- Senders that are not like any other.


def adyen(now, write) -> Request:
    item = {
        "pspReference": "evt_hello", "originalReference": "", "merchantAccountCode": "Test", "merchantReference": "a:b",
        "amount": {"value": 1130, "currency": "EUR"}, "eventCode": "AUTHORISATION", "success": "true"}
    text = "evt_hello::Test:a:b:1130:EUR:AUTHORISATION:true"
    good = {**item, "additionalData": {"hmacSignature": b64(keyed(KEY)(text))}}
    tried = {**item, "additionalData": {"hmacSignature": write(b64(keyed(KEY)(text)))}}
    return Request(body=document({"notificationItems": [{"NotificationRequestItem": i} for i in (good, tried)]}))


def braintree(payload: str, suffix: str = "") -> Callable:
    key = hashlib.sha1(SECRET.encode()).digest()
    def build(now, write) -> Request:
        signature = write(keyed(key, "sha1")(payload + suffix).hex())
        entries = None if signature is None else f"other|{'0' * 40}&public|{signature}"
        return Request(body=form(bt_signature=entries, bt_payload=payload), type=FORM)
    return build


def contentful(now, write) -> Request:
    names = "x-contentful-signed-headers,x-contentful-timestamp,x-contentful-topic"
    headers = {
        "X-Contentful-Topic": "Entry.publish", "X-Contentful-Timestamp": stamp(now, "ms"),
        "X-Contentful-Signed-Headers": names}
    listed = ";".join(f"{name.lower()}:{value}" for name, value in sorted(headers.items(), key=lambda h: h[0].lower()))
    signature = keyed(SECRET)(f"POST\n{PATH}\n{listed}\n{BODY}").hex()
    return Request({**headers, "X-Contentful-Signature": write(signature)})


def dropbox_sign(now, write) -> Request:
    digest = keyed(SECRET)(stamp(now, "s") + "hello").hex()
    event = {"event_time": stamp(now, "s"), "event_type": "hello", "event_hash": write(digest)}
    part = f'--X\r\nContent-Disposition: form-data; name="json"\r\n\r\n{document({"event": event})}\r\n--X--\r\n'
    return Request(body=part, type="multipart/form-data; boundary=X")


def ecwid(now, write) -> Request:
    signature = b64(keyed(SECRET)(f"{now}.evt_hello"))
    body = document({"eventCreated": now, "eventId": "evt_hello", "eventType": "order.created"})
    return Request({"X-Ecwid-Webhook-Signature": write(signature)}, body)


def linear(now, write) -> Request:
    body = document({"type": "hello", "webhookTimestamp": now * 1000})
    return Request({"Linear-Signature": write(keyed(SECRET)(body).hex())}, body)


def mailgun(is_form: bool) -> Callable:
    def build(now, write) -> Request:
        signature = write(keyed(SECRET)(f"{now}token_hello").hex())
        parts = {"timestamp": str(now), "token": "token_hello", "signature": signature}
        if is_form:
            return Request(body=form(**parts, subject="Hi"), type=FORM)
        return Request(body=document({"signature": parts, "event-data": {"event": "opened"}}))
    return build


def mercado_pago(
        data_id: str | None, request_id: str | None, is_lower: bool = False, written: str = "ts={},v1={}") -> Sender:
    def build(now, write) -> Request:
        text = f"ts:{now};"
        if request_id:
            text = f"request-id:{request_id};{text}"
        if data_id:
            text = f"id:{data_id.lower() if is_lower else data_id};{text}"
        signature = written.format(now, keyed(SECRET)(text).hex())
        return Request({"x-signature": write(signature), "x-request-id": request_id}, query={"data.id": data_id})
    covers = tuple(text for text in (data_id, request_id) if text)
    return Sender("mercado-pago", build, covers=covers, unit="s")


def pandadoc(now, write) -> Request:
    return Request(query={"signature": write(keyed(SECRET)(BODY).hex())})


def sorted_form(fields: dict[str, str]) -> str:
    return "".join(name + fields[name] for name in sorted(fields))


CALL = {"To": "+1", "CallStatus": "hello", "CallUUID": "c1"}


def sinch_voice(now, write) -> Request:
    md5 = b64(hashlib.md5(BODY.encode()).digest())
    text = f"POST\n{md5}\n{JSON}\nx-timestamp:{stamp(now, 'rfc3339')}\n{PATH}"
    return Request({
        "Authorization": write("Application app:" + b64(keyed(KEY)(text))), "x-timestamp": stamp(now, "rfc3339")})


def twilio(body: str, type: str, query: dict[str, str] = {}) -> Sender:
    url = Request(query=query).target
    text = ORIGIN + url + (sorted_form(CALL) if type == FORM else "")
    signature = b64(keyed(SECRET, "sha1")(text))
    return Sender(
        "twilio", lambda now, write: Request({"X-Twilio-Signature": write(signature)}, body, query, type),
        signs_query=True)


def vonage_sms(now, write) -> Request:
    fields = {"messageId": "m1", "text": "hello", "timestamp": str(now)}
    text = "".join(f"&{name}={fields[name]}" for name in sorted(fields))
    return Request(body=form(**fields, sig=write(keyed(SECRET)(text).hex())), type=FORM)


def wix(now, write) -> Request:
    claims = {"data": document({"eventType": "hello"}), "iat": now, "exp": now + 60}
    return Request(body=write(jwt(claims, RSA.digest("sha256"), "RS256")) or "", type="text/plain")


WHSEC = "whsec_" + b64(KEY)
TRAVIS = '{"id":1,"state":"hello"}'
PAYLOAD = "PGE+hello\nd29ybGQ="
PASSWORD = "wébhøok secret of some length"
HASH = sha256(BODY)
SVIX_OR_STANDARD = ("beehiiv", "guesty", "nash", "safebase", "sardine")

SENDERS = [
    # HMAC of the body in hex.
    signed("airtable", "X-Airtable-Content-MAC", "hmac-sha256={hex}", sign=keyed(KEY), secret=b64(KEY)),
    signed("asana", "X-Hook-Signature", "{hex}"),
    signed("bitbucket", "X-Hub-Signature", "sha256={hex}"),
    signed("bitbucket-server", "X-Hub-Signature", "sha256={hex}"),
    signed("cal-com", "X-Cal-Signature-256", "{hex}"),
    signed("circleci", "circleci-signature", "v1={hex},v2=00", repeats=True),
    signed("clickup", "X-Signature", "{hex}"),
    signed("coinbase-commerce", "X-CC-Webhook-Signature", "{hex}"),
    signed("dropbox", "X-Dropbox-Signature", "{hex}"),
    signed(
        "easypost", "X-Hmac-Signature", "hmac-sha256-hex={hex}",
        sign=keyed(unicodedata.normalize("NFKD", PASSWORD)), secret=PASSWORD),
    signed("forgejo", "X-Forgejo-Signature", "{hex}"),
    signed("gitea", "X-Gitea-Signature", "{hex}"),
    signed("github", "X-Hub-Signature-256", "sha256={hex}"),
    signed("github", "X-Hub-Signature-256", "sha256={hex}", body=form(payload=BODY), type=FORM),
    signed("gocardless", "Webhook-Signature", "{hex}"),
    signed("grafana", "X-Grafana-Alerting-Signature", "{hex}"),
    signed("intercom", "X-Hub-Signature", "sha1={hex}", sign=keyed(SECRET, "sha1")),
    signed("jira", "X-Hub-Signature", "sha256={hex}"),
    signed("lemon-squeezy", "X-Signature", "{hex}"),
    signed("meta", "X-Hub-Signature-256", "sha256={hex}"),
    signed("mollie", "X-Mollie-Signature", "sha256={hex}", repeats=True),
    signed("nango", "X-Nango-Hmac-Sha256", "{hex}"),
    signed("notion", "X-Notion-Signature", "sha256={hex}"),
    signed("npm", "x-npm-signature", "sha256={hex}"),
    signed("onfido", "X-SHA2-Signature", "{hex}"),
    signed("pagerduty", "X-PagerDuty-Signature", "v1=00,v1={hex}", repeats=True),
    signed("paystack", "x-paystack-signature", "{hex}", sign=keyed(SECRET, "sha512")),
    signed("razorpay", "X-Razorpay-Signature", "{hex}"),
    signed("segment", "X-Signature", "{hex}", sign=keyed(SECRET, "sha1")),
    signed("sentry", "Sentry-Hook-Signature", "{hex}"),
    signed("sign-now", "X-SignNow-Signature", "{hex}"),
    signed("sinch-numbers", "X-Sinch-Signature", "{hex}", sign=keyed(SECRET, "sha1")),
    signed("squarespace", "Squarespace-Signature", "{hex}", sign=keyed(KEY), secret=KEY.hex()),
    signed("storyblok", "webhook-signature", "{hex}", sign=keyed(SECRET, "sha1")),
    signed("vapi", "X-Vapi-Signature", "{hex}"),
    signed("vercel", "x-vercel-signature", "{hex}", sign=keyed(SECRET, "sha1")),
    signed("veriff", "X-HMAC-Signature", "{hex}", more={"X-Auth-Client": "client_p"}, account={"api_key": "client_p"}),
    signed("veriff", "vrf-hmac-signature", "{hex}", more={"vrf-auth-client": "client"}, account={"api_key": "client"}),
    signed("worldpay", "Event-Signature", "2/SHA256/00,1/SHA256/{hex}", account={"key_id": "1"}, repeats=True),
    # HMAC of the body in base64.
    signed("adyen-platform", "HmacSignature", "{base64}", sign=keyed(KEY), secret=KEY.hex()),
    signed("bitpay", "x-signature", "{base64}"),
    signed("docusign", "X-DocuSign-Signature-2", "{base64}", more={"X-DocuSign-Signature-1": b64(KEY)}),
    signed("fitbit", "X-Fitbit-Signature", "{base64}", sign=keyed(SECRET + "&", "sha1")),
    signed("flutterwave", "flutterwave-signature", "{base64}"),
    signed("front-rules", "X-Front-Signature", "{base64}", sign=keyed(SECRET, "sha1")),
    signed("help-scout", "X-HelpScout-Signature", "{base64}", sign=keyed(SECRET, "sha1")),
    signed("line", "x-line-signature", "{base64}"),
    signed("rutter", "X-Rutter-Signature", "sha256={base64}"),
    signed("shopify", "X-Shopify-Hmac-Sha256", "{base64}"),
    signed("shopify-events", "Shopify-Hmac-Sha256", "{base64}"),
    signed("sign-now", "X-SignNow-Signature", "{base64}"),
    signed("teams", "Authorization", "HMAC {base64}", sign=keyed(KEY), secret=b64(KEY)),
    signed("typeform", "Typeform-Signature", "sha256={base64}"),
    signed("woocommerce", "X-WC-Webhook-Signature", "{base64}"),
    signed("x", "x-twitter-webhooks-signature", "sha256={base64}"),
    signed("xero", "x-xero-signature", "{base64}"),
    # With the URL.
    signed("square", "x-square-hmacsha256-signature", "{base64}", "{url}{body}"),
    signed("trello", "X-Trello-Webhook", "{base64}", "{body}{url}", keyed(SECRET, "sha1")),
    signed(
        "hubspot", "X-HubSpot-Signature-v3", "{base64}", "POST{url}{body}{time}", unit="ms",
        time="X-HubSpot-Request-Timestamp"),
    signed(
        "hubspot-v2", "X-HubSpot-Signature", "{hex}", SECRET + "{body}", sha256,
        more={"X-HubSpot-Signature-Version": "v1"}),
    signed(
        "hubspot-v2", "X-HubSpot-Signature", "{hex}", SECRET + "POST{url}{body}", sha256,
        more={"X-HubSpot-Signature-Version": "v2"}),
    signed(
        "plivo-v2", "X-Plivo-Signature-V2", "{base64}", "{url}" + NONCE, body=form(**CALL), type=FORM,
        covers=(NONCE[:2],), signs_query=False, more={"X-Plivo-Signature-V2-Nonce": NONCE}),
    signed(
        "plivo", "X-Plivo-Signature-V3", "AAAA,{base64}", "{url}?" + sorted_form(CALL) + "." + NONCE,
        body=form(**CALL), type=FORM, more={"X-Plivo-Signature-V3-Nonce": NONCE}, repeats=True),
    twilio(form(**CALL), FORM),
    twilio(BODY, JSON, {"bodySHA256": HASH.hex()}),
    # With a time in a header.
    signed("airwallex", "x-signature", "{hex}", "{time}{body}", unit="ms", time="x-timestamp"),
    signed("customer-io", "X-CIO-Signature", "{hex}", "v0:{time}:{body}", unit="s", time="X-CIO-Timestamp"),
    signed("front", "X-Front-Signature", "{base64}", "{time}:{body}", unit="ms", time="X-Front-Request-Timestamp"),
    signed(
        "grafana", "X-Grafana-Alerting-Signature", "{hex}", "{time}:{body}", unit="s",
        time="X-Grafana-Alerting-Timestamp"),
    signed(
        "klaviyo", "Klaviyo-Signature", "{hex}", "{body}{time}", unit="http", time="Klaviyo-Timestamp",
        tolerance=None),
    signed(
        "port", "x-port-signature", "v1,{base64}", "{time}.{body}", unit="s", time="x-port-timestamp", repeats=True),
    signed(
        "sinch-conversation", "x-sinch-webhook-signature", "{base64}", "{body}." + NONCE + ".{time}", unit="s",
        time="x-sinch-webhook-signature-timestamp", more={"x-sinch-webhook-signature-nonce": NONCE}),
    *(
        signed(
            preset, "X-Slack-Signature", "v0={hex}", "v0:{time}:{body}", unit="s", time="X-Slack-Request-Timestamp",
            body=body, type=type)
        for preset, body, type in (
            ("slack", BODY, JSON), ("slack-commands", "command=hello", FORM),
            ("slack-interactivity", form(payload=BODY), FORM))),
    signed(
        "twitch", "Twitch-Eventsub-Message-Signature", "sha256={hex}", "{id}{time}{body}", unit="nanoseconds",
        time="Twitch-Eventsub-Message-Timestamp", id="Twitch-Eventsub-Message-Id", tolerance=600,
        more={"Twitch-Eventsub-Message-Type": "notification"}),
    signed("webflow", "x-webflow-signature", "{hex}", "{time}:{body}", unit="ms", time="x-webflow-timestamp"),
    signed(
        "zendesk", "X-Zendesk-Webhook-Signature", "{base64}", "{time}{body}", unit="rfc3339",
        time="X-Zendesk-Webhook-Signature-Timestamp"),
    signed("zoom", "x-zm-signature", "v0={hex}", "v0:{time}:{body}", unit="s", time="x-zm-request-timestamp"),
    # With a time in the header of the signature.
    pairs("buildkite", "X-Buildkite-Signature", "timestamp={time},signature={hex}"),
    pairs("calendly", "Calendly-Webhook-Signature", tolerance=180),
    pairs("cloudflare-stream", "Webhook-Signature", "time={time},sig1={hex}", tolerance=None),
    pairs("ghost", "X-Ghost-Signature", "sha256={hex}, t={time}", text="{body}{time}", unit="ms"),
    pairs("mux", "mux-signature"),
    pairs("paddle", "Paddle-Signature", "ts={time};h1={hex}", text="{time}:{body}"),
    pairs("persona", "Persona-Signature"),
    pairs("recurly", "recurly-signature", "{time},00,{hex}", unit="ms"),
    pairs("sanity", "sanity-webhook-signature", "t={time},v1={base64url}", unit="ms", tolerance=None),
    pairs("shippo", "Shippo-Auth-Signature"),
    pairs("stripe", "Stripe-Signature", "t={time},v1=00,v1={hex},v0=00", sign=keyed(WHSEC), secret=WHSEC),
    pairs("tailscale", "Tailscale-Webhook-Signature"),
    pairs("workos", "WorkOS-Signature", "t={time}, v1={hex}", unit="ms", tolerance=180),
    # Standard Webhooks and Svix.
    *(standard(preset, "svix-") for preset in ("clerk", "resend", "stytch", "svix", *SVIX_OR_STANDARD)),
    *(
        standard(preset) for preset in (
            "gitlab", "incident-io", "lithic", "openai", "pleo", "render", "replicate", "standard-webhooks",
            *SVIX_OR_STANDARD)),
    standard("bigcommerce", key=SECRET, secret=SECRET),
    standard("brex", secret=b64(KEY)),
    standard("brex", "svix-", secret=b64(KEY)),
    standard("polar", key="polar_whs_0123456789", secret="polar_whs_0123456789"),
    standard("supabase-auth", secret="v1," + WHSEC),
    # Key pairs.
    *(
        signed(
            preset, "X-Signature-Ed25519", "{hex}", "{time}{body}", ED25519.ed25519, ED25519_KEY.hex(), unit="s",
            time="X-Signature-Timestamp")
        for preset in ("discord", "discord-events")),
    signed(
        "standard-webhooks-ed25519", "webhook-signature", "v1a,{base64}", "{id}.{time}.{body}", ED25519.ed25519,
        "whpk_" + b64(ED25519_KEY), unit="s", time="webhook-timestamp", id="webhook-id", repeats=True),
    signed(
        "telnyx", "Telnyx-Signature-Ed25519", "{base64}", "{time}|{body}", ED25519.ed25519, b64(ED25519_KEY), unit="s",
        time="Telnyx-Timestamp"),
    signed(
        "sendgrid", "X-Twilio-Email-Event-Webhook-Signature", "{base64}", "{time}{body}", P256.digest("sha256"),
        b64(P256.der), unit="s", time="X-Twilio-Email-Event-Webhook-Timestamp", body=f"[{BODY}]\r\n",
        # Retries of a day.
        tolerance=86_400),
    signed("postal", "X-Postal-Signature-256", "{base64}", sign=RSA.digest("sha256"), secret=RSA.pem),
    signed(
        "adobe-commerce", "x-adobe-commerce-webhook-signature", "{base64}", b64(BODY.encode()),
        RSA.digest("sha256"), RSA.pem),
    signed(
        "travis-ci", "Signature", "{base64}", "{{" + TRAVIS[1:-1] + "}}", RSA.digest("sha1"), RSA.pem,
        body=form(payload=TRAVIS), type=FORM),
    # JSON Web Tokens.
    Sender("wix", wix, RSA.pem, covers=()),
    bearer_token(
        "fusionauth", "X-FusionAuth-Signature-JWT", lambda now: {"request_body_sha256": b64(HASH)}),
    bearer_token(
        "messagebird", "MessageBird-Signature-JWT", lambda now: {
            "iss": "MessageBird", "nbf": now - 1, "exp": now + 59, "jti": "j1", "url_hash": sha256(URL).hex(),
            "payload_hash": HASH.hex()}, signs_query=True),
    bearer_token(
        "monday", "Authorization", lambda now: {"exp": now + 60, "aud": URL}, account={"audience": URL}, covers=()),
    bearer_token(
        "vonage-voice", "Authorization", lambda now: {"iat": now, "exp": now + 60, "payload_hash": HASH.hex()},
        "Bearer {}"),
    # In the body or the query.
    Sender("adyen", adyen, KEY.hex()),
    *(
        Sender("braintree", braintree(payload, suffix), account={"public_key": "public"}) for payload, suffix in (
            (PAYLOAD, ""), (PAYLOAD, "\n"), (PAYLOAD + "\n", ""))),
    Sender("contentful", contentful, covers=("hello", "Entry.publish"), unit="ms", tolerance=300),
    Sender("dropbox-sign", dropbox_sign, unit="s"),
    Sender("ecwid", ecwid),
    Sender("linear", linear, unit="ms", tolerance=60),
    # Retries of eight hours.
    Sender("mailgun", mailgun(False), covers=("token_hello",), unit="s", tolerance=32_400),
    Sender("mailgun-routes", mailgun(True), covers=("token_hello",), unit="s", tolerance=32_400),
    mercado_pago("ABC", "r-1"),
    mercado_pago("ABC", "r-1", is_lower=True),
    mercado_pago("ABC", "r-1", written="TS={} , V1={}"),
    mercado_pago("ABC", "r-1", written="ts = {}, v1 = {}"),
    mercado_pago("ABC", None),
    mercado_pago(None, "r-1"),
    mercado_pago(None, None),
    Sender("pandadoc", pandadoc),
    Sender(
        "sinch-voice", sinch_voice, b64(KEY), {"application_key": "app"}, covers=("hello", stamp(NOW, "rfc3339"))),
    Sender("vonage-sms", vonage_sms, unit="s", tolerance=300),
    # The secret itself.
    *(
        token(preset, header, **request) for preset, header, request in (
            ("acrobat-sign", "X-AdobeSign-ClientId", {}), ("auth0", "Authorization", {}),
            ("bigcommerce", "X-Webhook-Token", {}), ("buildkite", "X-Buildkite-Token", {}),
            ("cloudflare-notifications", "cf-webhook-auth", {}), ("datadog", "X-Webhook-Token", {}),
            ("flutterwave", "verif-hash", {}), ("gitlab", "X-Gitlab-Token", {}),
            ("google-channels", "X-Goog-Channel-Token", {"body": "", "type": ""}), ("harbor", "Authorization", {}),
            ("harbor-cloudevents", "Authorization", {"type": CLOUD_EVENT}), ("jenkins", "token", {}),
            ("okta", "Authorization", {}), ("telegram", "X-Telegram-Bot-Api-Secret-Token", {}),
            ("vapi", "X-Vapi-Secret", {}))),
    *(
        token(preset, "Authorization", "Bearer {}", type=type) for preset, type in (
            ("alertmanager", JSON), ("cloudevents", CLOUD_EVENT), ("cloudevents-binary", JSON),
            ("cloudevents-batch", "application/cloudevents-batch+json"), ("make", JSON), ("n8n", JSON),
            ("oci-distribution", "application/vnd.docker.distribution.events.v2+json"), ("strapi", JSON),
            ("zapier", JSON))),
    *(
        basic(preset) for preset in (
            "azure-devops", "brevo", "chargebee", "freshdesk", "mailjet", "postmark", "servicenow",
            "sinch-voice-basic", "sparkpost")),
    *(
        in_query(preset) for preset in ("bitpay", "docker-hub", "event-grid", "jenkins", "strava")),
    in_query("cloudevents", "access_token", type=CLOUD_EVENT),
    in_query("event-grid-cloudevents", type=CLOUD_EVENT),
    *(
        in_query(preset, body=form(type="hello"), type=FORM) for preset in ("mailchimp", "mollie-classic", "withings")),
    in_body("figma", lambda secret: {"event_type": "FILE_UPDATE", "passcode": secret}),
    in_body("msgraph", lambda secret: {"value": [{"clientState": SECRET}, {"clientState": secret}]}),
    in_body("prismic", lambda secret: {"type": "api-update", "secret": secret}),
]


if __name__ == "__main__":
    for sender in SENDERS:
        print(json.dumps({
            "preset": sender.preset, "secret": sender.secret, "account": sender.account,
            "cases": list(sender.cases())}))
