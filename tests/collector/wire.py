# SPDX-License-Identifier: LGPL-2.1-or-later
"""The other end of callstats-collector, for tests: a process to start, a raw WebSocket client
that may misbehave, tokens, and the query API. Standard library only.

Nothing here sleeps but where the protocol says so: every wait is for an event and has a
deadline.
"""
import atexit
import base64
import hashlib
import hmac
import json
import os
import re
import select
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
import zlib

APP = "demo"
SECRET = "correct horse battery staple"
DEADLINE = 20.0
SANITIZED = os.environ.get("CALLSTATS_SANITIZED") == "1"

TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA


def now_ms():
    return int(time.time() * 1000)


# ---- Tokens ----


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def sign(header, claims, secret):
    parts = [base64url(json.dumps(part).encode()) for part in (header, claims)]
    text = ".".join(parts).encode()
    digest = hmac.new(secret.encode(), text, hashlib.sha256).digest()
    return text.decode() + "." + base64url(digest)


def claims(audience, app=APP, user="alice", lifetime=300, **others):
    now = int(time.time())
    result = {"appID": app, "userID": user, "aud": audience, "iat": now, "exp": now + lifetime}
    result.update(others)
    return {name: value for name, value in result.items() if value is not None}


def token(audience, secret=SECRET, **others):
    return sign({"alg": "HS256", "typ": "JWT"}, claims(audience, **others), secret)


# ---- The process ----


def write_private(path, content):
    """Writes a file as the collector wants those with secrets: for their owner alone."""
    data = content if isinstance(content, bytes) else content.encode()
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
        out.write(data)
    os.chmod(path, 0o600)


class Collector:
    """A running callstats-collector; a context manager that stops it."""

    def __init__(self, folder=None, options=(), listen="127.0.0.1:0", store=None, secret=SECRET,
                 command=None, environment=(), trust=None):
        """command: all of its options, in place of those made here and more. trust: a file of
        certificates, with which clients come by TLS."""
        self.tls = ssl.create_default_context(cafile=trust) if trust else None
        self.folder = folder or self.make_folder()
        self.store = store or os.path.join(self.folder, "calls.db")
        secret_file = os.path.join(self.folder, "secret")
        write_private(secret_file, secret + "\n")
        self.command = [os.environ["CALLSTATS_COLLECTOR"], *(command or [
            "--listen", listen, "--store", "sqlite:" + self.store,
            "--app", APP, "--app-secret-file", secret_file, *options])]
        self.log = open(os.path.join(self.folder, "log"), "ab")
        self.process = subprocess.Popen(
            self.command, stdout=subprocess.PIPE, stderr=self.log, text=True,
            env={**os.environ, "G_DEBUG": "fatal-criticals", "UBSAN_OPTIONS": "halt_on_error=1",
                 **dict(environment)})
        line = self.process.stdout.readline()
        match = re.fullmatch(r"callstats-collector: listening on (https?)://(.*):(\d+)/\n", line)
        if match is None:
            raise RuntimeError(f"the collector did not start: {line!r} {self.read_log()}")
        self.sockets = []  # closed with it
        self.scheme = match.group(1)
        self.host = match.group(2)
        self.port = int(match.group(3))

    @staticmethod
    def make_folder():
        folder = tempfile.mkdtemp(prefix="collector-test-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        return folder

    @property
    def audience(self):
        return f"{'wss' if self.tls else 'ws'}://{self.host}:{self.port}"

    def read_log(self):
        with open(os.path.join(self.folder, "log"), encoding="utf-8") as log:
            return log.read()

    def wait_log(self, event, seen=0):
        """The line of the log with the event, as soon as more than `seen` are there."""
        deadline = time.monotonic() + DEADLINE
        while True:
            lines = [line for line in self.read_log().splitlines() if f"event={event}" in line]
            if len(lines) > seen:
                return lines[-1]
            if time.monotonic() > deadline:
                raise AssertionError(f"no {event} in the log:\n{self.read_log()}")
            select.select([], [], [], 0.02)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(DEADLINE)

    def stop(self):
        """Ends it gracefully; returns its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(DEADLINE)
        for peer in self.sockets:
            peer.close()
        self.process.stdout.close()
        self.log.close()
        return code

    def finish(self):
        """Ends it when the test is through with it, clients first. It must not have crashed,
        leaked or complained."""
        for peer in self.sockets:
            peer.close()
        code = self.stop()
        if code not in (0, -signal.SIGKILL):
            raise AssertionError(f"the collector exited with {code}:\n{self.read_log()}")

    def rss_kib(self, name="VmRSS"):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return int(re.search(name + r":\s+(\d+)", status.read()).group(1))

    def peak_kib(self):
        return self.rss_kib("VmHWM")

    def http(self, path, method="GET", headers=None, data=None):
        """Returns status, headers and body; JSON is parsed."""
        request = urllib.request.Request(
            f"{self.scheme}://{self.host}:{self.port}{path}", method=method,
            headers=headers or {}, data=data)
        try:
            answer = urllib.request.urlopen(request, timeout=DEADLINE, context=self.tls)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            body = answer.read()
            if body and answer.headers.get_content_type() == "application/json":
                body = json.loads(body)
            return answer.status, answer.headers, body

    def get(self, *segments, **params):
        """A JSON document of the query API; segments are percent-encoded."""
        path = "/api/v1/" + "/".join(urllib.parse.quote(part, safe="") for part in segments)
        if params:
            path += "?" + urllib.parse.urlencode({name.rstrip("_"): value
                                                  for name, value in params.items()})
        status, _, body = self.http(path)
        if status != 200:
            raise AssertionError(f"GET {path}: {status} {body}")
        return body

    def summary(self, conference, until=lambda summary: True, app=APP, headers=None,
                **params):
        """The summary of a conference, once there is one that is as wanted."""
        deadline = time.monotonic() + DEADLINE
        path = f"/api/v1/apps/{app}/conferences/{urllib.parse.quote(conference, safe='')}/summary"
        if params:
            path += "?" + urllib.parse.urlencode(params)
        while True:
            status, _, body = self.http(path, headers=headers)
            if status == 200 and until(body):
                return body
            if status not in (200, 204):  # 204: it is not summed up yet
                raise AssertionError(f"GET {path}: {status} {body}")
            if time.monotonic() > deadline:
                raise AssertionError(f"GET {path}: {status} {body}")
            time.sleep(0.05)

    def connect(self, **options):
        return Client(self, **options)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is None:
            self.finish()
            return
        if self.process.poll() is None:
            self.kill()
        self.stop()
        print(self.read_log())


def pause(seconds):
    """What a peer asked for, not a wait for an event."""
    time.sleep(seconds)


def refused(folder, *options):
    """What a collector says that does not start with these options beside the usual ones."""
    secret = os.path.join(folder, "secret")
    write_private(secret, SECRET)
    done = subprocess.run(
        [os.environ["CALLSTATS_COLLECTOR"], "--listen", "127.0.0.1:0",
         "--store", f"sqlite:{folder}/calls.db", "--app", APP, "--app-secret-file", secret,
         *options], text=True, capture_output=True, timeout=DEADLINE, check=False)
    if (done.returncode, done.stdout) != (1, ""):
        raise AssertionError(f"it started: {done}")
    return done.stderr


# ---- The WebSocket ----


class Closed(Exception):
    """The server ended the connection; code is 0 where it sent no close frame."""

    def __init__(self, code, reason):
        super().__init__(f"closed with {code}: {reason}")
        self.code = code
        self.reason = reason


class Refused(Exception):
    """The handshake was answered with something else than 101."""

    def __init__(self, status, headers, body):
        super().__init__(f"refused with {status}: {body}")
        self.status = status
        self.headers = headers
        self.body = body


def frame(payload, opcode=TEXT, fin=True, masked=True, rsv=0, length=None):
    """The bytes of a frame; length: what its header claims instead of the truth."""
    claimed = len(payload) if length is None else length
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    mask_bit = 0x80 if masked else 0
    if claimed < 126:
        head += bytes([mask_bit | claimed])
    elif claimed < 65536:
        head += bytes([mask_bit | 126]) + struct.pack(">H", claimed)
    else:
        head += bytes([mask_bit | 127]) + struct.pack(">Q", claimed)
    if not masked:
        return head + payload
    # A mask of zeros is as valid as any other, and costs the tests nothing.
    return head + bytes(4) + payload


class Socket:
    """A TCP connection with buffered reading and a deadline on everything."""

    def __init__(self, collector, timeout=DEADLINE):
        self.socket = socket.create_connection((collector.host, collector.port), timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if collector.tls:
            self.socket = collector.tls.wrap_socket(self.socket, server_hostname=collector.host)
        self.buffer = b""
        collector.sockets.append(self)

    def send(self, data):
        self.socket.sendall(data)

    def read(self, n):
        while len(self.buffer) < n:
            data = self.socket.recv(65536)
            if not data:
                raise EOFError
            self.buffer += data
        data, self.buffer = self.buffer[:n], self.buffer[n:]
        return data

    def has_input(self):
        return bool(self.buffer) or bool(select.select([self.socket], [], [], 0)[0])

    def read_head(self):
        while b"\r\n\r\n" not in self.buffer:
            data = self.socket.recv(65536)
            if not data:
                raise EOFError
            self.buffer += data
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        return head.decode("latin-1")

    def close(self):
        self.socket.close()


class Client(Socket):
    """One connection to /v1/stream, past the HTTP handshake."""

    def __init__(self, collector, bearer=None, subprotocol="callstats.v1", headers=(), **identity):
        super().__init__(collector)
        if bearer is None:
            bearer = token(collector.audience, **identity)
        lines = [
            "GET /v1/stream HTTP/1.1", f"Host: {collector.host}:{collector.port}",
            "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        ]
        if subprotocol:
            lines.append(f"Sec-WebSocket-Protocol: {subprotocol}")
        if bearer:
            lines.append(f"Authorization: Bearer {bearer}")
        self.send("\r\n".join([*lines, *headers, "", ""]).encode())
        self.check_answer()
        self.next = 1
        self.compressor = zlib.compressobj(9, zlib.DEFLATED, -15)

    def check_answer(self):
        lines = self.read_head().split("\r\n")
        status = int(lines[0].split(" ")[1])
        headers = {name.lower(): value for name, value in
                   (line.split(": ", 1) for line in lines[1:])}
        if status == 101:
            self.headers = headers
            return
        body = self.read(int(headers.get("content-length", 0)))
        self.close()
        raise Refused(status, headers, json.loads(body))

    # Sending

    def send_text(self, text):
        self.send(frame(text.encode() if isinstance(text, str) else text))

    def send_json(self, message):
        self.send_text(json.dumps(message))

    def send_compressed(self, message):
        data = self.compressor.compress(json.dumps(message).encode())
        data += self.compressor.flush(zlib.Z_SYNC_FLUSH)
        self.send(frame(data[:-4], BINARY))

    def hello(self, session="s1", acked=0, time=None, **client):
        self.send_json({"type": "hello", "protocol": 1, "session": session, "acked": acked,
                        **({"time": time} if time is not None else {}),
                        "client": {"library": "test", **client}})
        welcome = self.receive("welcome")
        self.next = int(welcome["stored"]) + 1
        return welcome

    def send_records(self, records, first=None):
        """Returns the sequence number of the last one."""
        if first is None:
            first = self.next
            self.next += len(records)
        self.send_json({"type": "records", "first": first, "records": records})
        return first + len(records) - 1

    def store(self, *records):
        """Sends records and waits for their ack."""
        return self.wait_ack(self.send_records(list(records)))

    # Receiving

    def receive_frame(self):
        head = self.read(2)
        length = head[1] & 0x7F
        if length == 126:
            length = struct.unpack(">H", self.read(2))[0]
        elif length == 127:
            length = struct.unpack(">Q", self.read(8))[0]
        return head[0] & 0x0F, self.read(length)

    def receive(self, kind=None):
        """The next message, or the next one of a type; answers pings. Raises Closed."""
        while True:
            try:
                opcode, payload = self.receive_frame()
            except (EOFError, ConnectionResetError):
                raise Closed(0, "end of stream") from None
            if opcode == CLOSE:
                self.answer_close(payload)
                code = struct.unpack(">H", payload[:2])[0] if payload else 1005
                raise Closed(code, payload[2:].decode())
            if opcode == PING:
                self.send(frame(payload, PONG))
            elif opcode in (TEXT, BINARY):
                message = json.loads(payload)
                if kind is None or message["type"] == kind:
                    return message

    def answer_close(self, payload):
        try:
            self.send(frame(payload, CLOSE))
        except OSError:
            pass

    def wait_ack(self, sequence):
        while True:
            acked = int(self.receive("ack")["sequence"])
            if acked >= sequence:
                return acked

    def wait_close(self):
        """Returns the Closed that ends the connection."""
        try:
            while True:
                self.receive()
        except Closed as closed:
            return closed

    def bye(self):
        self.send_json({"type": "bye"})
        return self.wait_close()


# ---- Records ----


def event(name, conference="c1", fabric=None, at=None, remote=None, **data):
    record = {"type": "event", "time": at or now_ms(), "conference": conference,
              "fabric": fabric, "remoteUser": remote, "name": name, "data": data}
    return {key: value for key, value in record.items() if value is not None}


def report(fabric="f1", conference="c1", at=None, **stats):
    return {"type": "report", "time": at or now_ms(), "conference": conference,
            "fabric": fabric, "stats": {"T1": {"type": "transport", "bytesSent": 1, **stats}}}


def call(start, conference="c1", fabric="f1", remote="bob", reports=3):
    """A whole call of one participant, its report a second apart."""
    return [
        event("userJoined", conference, at=start, endpointInfo={"type": "test"}),
        event("addNewFabric", conference, fabric, start + 10, remote, fabricUsage="multiplex"),
        event("fabricSetup", conference, fabric, start + 110, remote, delay=100,
              iceGatheringDelay=20, iceConnectivityDelay=60.5),
        *[report(fabric, conference, start + 1000 * (i + 1)) for i in range(reports)],
        event("fabricTerminated", conference, fabric, start + 1000 * reports + 500, remote),
        event("userLeft", conference, at=start + 1000 * reports + 600),
    ]
