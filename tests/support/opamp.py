"""An OpAMP agent that does exactly what a test says: messages by hand, so that it can be wrong on purpose."""

import gzip
import http.client
import os
import urllib.parse

ACCEPTS_CONFIG, REPORTS_CONFIG, ACCEPTS_CONNECTION = 0x2, 0x1000, 0x100
CAPABILITIES = 0x1 | ACCEPTS_CONFIG | REPORTS_CONFIG | 0x4 | 0x800 | ACCEPTS_CONNECTION
APPLIED, APPLYING, FAILED = 1, 2, 3
REPORT_FULL_STATE = 1


def _varint(number):
    out = bytearray()
    while True:
        out.append((number & 0x7F) | (0x80 if number > 0x7F else 0))
        number >>= 7
        if not number:
            return bytes(out)


def field(number, value):
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    value = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def fields(message):
    """{number: [values]} of a message's bytes."""
    found, at = {}, 0

    def varint():
        nonlocal at
        number = shift = 0
        while True:
            byte = message[at]
            at += 1
            number |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return number

    while at < len(message):
        tag = varint()
        if tag & 7 == 2:
            size = varint()
            value, at = message[at : at + size], at + size
        else:
            assert tag & 7 == 0, f"wire type {tag & 7}"
            value = varint()
        found.setdefault(tag >> 3, []).append(value)
    return found


def _attribute(key, value):
    return field(1, key) + field(2, field(1, value))


class FakeAgent:
    def __init__(self, endpoint, token=None, uid=None, labels=None, name="fake", capabilities=CAPABILITIES):
        self.uid = uid or os.urandom(16)
        self.name, self.labels, self.token, self.capabilities = name, labels or {}, token, capabilities
        self.sequence = 0
        self.status = None  # hash, status, error
        self.files, self.hash = None, None
        self.settings = []
        self._url = urllib.parse.urlsplit(endpoint)

    @property
    def id(self):
        text = self.uid.hex()
        return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))

    def post(self, body, headers=None, compress=False):
        """status, headers, body: whatever is sent."""
        connection = http.client.HTTPConnection(self._url.hostname, self._url.port, timeout=20)
        headers = {"Content-Type": "application/x-protobuf", **(headers or {})}
        if self.token:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        if compress:
            body, headers["Content-Encoding"] = gzip.compress(body), "gzip"
        connection.request("POST", self._url.path, body, headers)
        answer = connection.getresponse()
        body = answer.read()
        if answer.getheader("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        connection.close()
        return answer.status, answer.headers, body

    def message(self, full=False, **extra):
        self.sequence += 1
        body = field(1, self.uid) + field(2, self.sequence) + field(4, self.capabilities)
        if full:
            identifying = field(1, _attribute("service.name", "fake")) + field(1, _attribute("service.version", "9"))
            others = [("agent.name", self.name), *((f"label.{k}", v) for k, v in self.labels.items())]
            body += field(3, identifying + b"".join(field(2, _attribute(k, v)) for k, v in others))
        if self.status and (full or extra.get("status")):
            digest, status, error = self.status
            body += field(7, field(1, digest) + field(2, status) + field(3, error))
        if extra.get("disconnect"):
            body += field(9, b"")
        return body + extra.get("raw", b"")

    def beat(self, **options):
        """One heartbeat; the whole state when the center asks for it. The answer's fields."""
        status, _, body = self.post(self.message(**options))
        assert status == 200, (status, body)
        answer = fields(body)
        for offered in answer.get(4, []):
            self._take_settings(fields(fields(offered)[2][0]))
        for identity in answer.get(8, []):
            self.uid, self.sequence = fields(identity)[1][0], 0
        if answer.get(6, [0])[0] & REPORT_FULL_STATE:
            return self.beat(full=True)
        for offered in answer.get(3, []):
            self._take_config(fields(offered))
        return answer

    def _take_settings(self, settings):
        self.settings.append(settings)
        for headers in settings.get(2, []):
            for header in fields(headers).get(1, []):
                pair = fields(header)
                if pair[1][0] == b"Authorization":
                    self.token = pair[2][0].decode().removeprefix("Bearer ")

    def _take_config(self, offered):
        files = {}
        for entry in fields(offered[1][0]).get(1, []):
            pair = fields(entry)
            files[pair[1][0].decode()] = fields(pair[2][0]).get(1, [b""])[0].decode()
        self.files, self.hash = files, offered[2][0]

    def apply(self, error=None):
        """Says what became of the config that it was offered last."""
        self.status = (self.hash, FAILED if error else APPLIED, error or "")
        return self.beat(status=True)
