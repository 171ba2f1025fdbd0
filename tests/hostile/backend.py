# SPDX-License-Identifier: LGPL-2.1-or-later
"""A backend on raw sockets, which speaks docs/protocol.md honestly or as it is told, and the
client process that is its victim. Standard library only.

Nothing here sleeps for a result: every wait is for an event and has a deadline.
"""
import base64
import hashlib
import json
import os
import queue
import re
import socket
import struct
import subprocess
import threading
import time
import zlib

DEADLINE = 40.0 * float(os.environ.get("CALLSTATS_PATIENCE", "1"))
TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA
SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def frame(payload=b"", opcode=TEXT, fin=True, rsv=0, masked=False, length=None, form=None):
    """The bytes of a frame. length: what its header claims; form: the bytes of that."""
    claimed = len(payload) if length is None else length
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    mask = 0x80 if masked else 0
    if form is None:
        form = 0 if claimed < 126 else 2 if claimed < 65536 else 8
    if form == 0:
        head += bytes([mask | claimed])
    elif form == 2:
        head += bytes([mask | 126]) + struct.pack(">H", claimed)
    else:
        head += bytes([mask | 127]) + struct.pack(">Q", claimed)
    return head + (bytes(4) if masked else b"") + payload


def deflate(data):
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    return (compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH))[:-4]


class Closed(Exception):
    """The client ended the connection; code is 0 where it sent no close frame."""

    def __init__(self, code):
        super().__init__(f"closed with {code}")
        self.code = code


class Peer:
    """One connection of the client, seen from the server."""

    def __init__(self, backend, connection):
        self.backend = backend
        self.socket = connection
        self.socket.settimeout(DEADLINE)
        self.buffer = b""
        self.inflater = zlib.decompressobj(-15)
        self.request = self.headers = self.session = None

    # Bytes

    def send(self, data):
        self.socket.sendall(data)

    def more(self):
        data = self.socket.recv(65536)
        if not data:
            raise EOFError
        self.buffer += data

    def read(self, n):
        while len(self.buffer) < n:
            self.more()
        data, self.buffer = self.buffer[:n], self.buffer[n:]
        return data

    def hang_up(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.socket.close()

    def reset(self):
        """A close that the other end sees as a connection reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    # HTTP

    def read_request(self):
        while b"\r\n\r\n" not in self.buffer:
            self.more()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        self.request, *lines = head.decode("ascii").split("\r\n")
        self.headers = {name.lower(): value for name, value in
                        (line.split(": ", 1) for line in lines)}

    def answer_101(self, *extra, without=(), behind=b"", **changes):
        """A right 101 but for what is asked to be otherwise."""
        digest = hashlib.sha1((self.headers["sec-websocket-key"] + SUFFIX).encode()).digest()
        lines = {"Upgrade": "websocket", "Connection": "Upgrade",
                 "Sec-WebSocket-Accept": base64.b64encode(digest).decode(),
                 "Sec-WebSocket-Protocol": "callstats.v1"}
        lines.update({name.replace("_", "-"): value for name, value in changes.items()})
        text = ["HTTP/1.1 101 Switching Protocols"]
        text += [f"{name}: {value}" for name, value in lines.items() if name not in without]
        self.send("\r\n".join([*text, *extra, "", ""]).encode("latin-1") + behind)

    # Messages

    def send_text(self, text):
        self.send(frame(text.encode()))

    def send_json(self, message):
        self.send_text(json.dumps(message))

    def read_frame(self):
        head = self.read(2)
        length = head[1] & 0x7F
        if length == 126:
            length = struct.unpack(">H", self.read(2))[0]
        elif length == 127:
            length = struct.unpack(">Q", self.read(8))[0]
        mask = self.read(4)
        data = self.read(length)
        mask = (mask * (length // 4 + 1))[:length]
        number = int.from_bytes(data, "big") ^ int.from_bytes(mask, "big")
        return head[0] & 0x0F, number.to_bytes(length, "big")

    def read_message(self):
        """The next one; answers pings. Raises Closed."""
        while True:
            try:
                opcode, payload = self.read_frame()
            except (EOFError, ConnectionError):
                raise Closed(0) from None
            if opcode == CLOSE:
                raise Closed(struct.unpack(">H", payload[:2])[0] if payload else 1005)
            if opcode == PING:
                self.send(frame(payload, PONG))
            elif opcode == BINARY:
                return json.loads(self.inflater.decompress(payload + b"\0\0\xff\xff"))
            elif opcode == TEXT:
                return json.loads(payload)

    def read_kind(self, kind):
        while True:
            message = self.read_message()
            if message["type"] == kind:
                return message

    def read_close(self):
        """Reads on to the end; returns the close code, 0 without one."""
        try:
            while True:
                self.read_message()
        except Closed as closed:
            return closed.code

    # The protocol, honestly

    def greet(self, **changes):
        hello = self.read_kind("hello")
        self.session = self.backend.get_session(hello["session"])
        self.send_json({"type": "welcome", "protocol": 1, "session": hello["session"],
                        "stored": self.session.stored, "time": int(time.time() * 1000),
                        "config": {}, **changes})

    def store(self, message):
        if message["type"] == "records":
            self.backend.store(self.session, message)

    def ack(self):
        self.send_json({"type": "ack", "sequence": self.session.stored})

    def serve(self):
        """Stores and acknowledges until the client ends the connection."""
        try:
            while True:
                self.store(self.read_message())
                self.ack()
        except (Closed, OSError):
            pass


def honest(peer):
    peer.read_request()
    peer.answer_101()
    peer.greet()
    peer.serve()


class Session:
    def __init__(self):
        self.stored = 0


class Backend:
    """Listens; the connections go to the handlers, one after the other, then to honest()."""

    def __init__(self, *handlers):
        self.handlers = list(handlers)
        self.sessions = {}
        self.numbers = []  # told by the client, in the order of the store
        self.reports = 0
        self.failures = []
        self.requests = []
        self.peers = []
        self.changed = threading.Condition()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=16)
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.accept)
        self.threads = []
        self.thread.start()

    @property
    def url(self):
        return f"ws://127.0.0.1:{self.port}/"

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            handler = self.handlers.pop(0) if self.handlers else honest
            thread = threading.Thread(target=self.handle, args=(handler, connection))
            self.threads.append(thread)
            thread.start()

    def handle(self, handler, connection):
        peer = None
        try:
            peer = Peer(self, connection)
            self.peers.append(peer)
            handler(peer)
        except (Closed, EOFError, OSError):
            pass  # what a client does that has had enough
        except Exception as error:  # pylint: disable=broad-except
            self.failures.append(error)
        finally:
            if peer is not None:
                self.requests.append(peer.request)
            connection.close()
            self.notify()

    def notify(self):
        with self.changed:
            self.changed.notify_all()

    def wait(self, condition, what, seconds=DEADLINE):
        """Waits until condition() is true; it is asked when something came."""
        end = time.monotonic() + seconds
        with self.changed:
            while not condition() and not self.failures:
                left = end - time.monotonic()
                if left <= 0:
                    raise AssertionError(f"not within {seconds} s: {what}; {self.numbers}")
                self.changed.wait(min(left, 0.05))
        if self.failures:
            raise self.failures[0]

    def get_session(self, name):
        with self.changed:
            return self.sessions.setdefault(name, Session())

    def store(self, session, message):
        with self.changed:
            for sequence, record in enumerate(message["records"], message["first"]):
                if sequence > session.stored + 1:
                    raise AssertionError(f"{sequence} came where {session.stored + 1} was due")
                if sequence <= session.stored:
                    continue
                session.stored = sequence
                if record.get("name") == "audioMute":
                    self.numbers.append(record["data"]["n"])
                self.reports += record["type"] in ("report", "delta")
            self.changed.notify_all()

    def close(self):
        """A listener in accept() has to be woken."""
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        self.thread.join(DEADLINE)
        for peer in self.peers:
            peer.hang_up()
        for thread in self.threads:
            thread.join(DEADLINE)


class Victim:
    """The process of hostile-client.c."""

    def __init__(self, program):
        self.process = subprocess.Popen(
            [program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, bufsize=1)
        self.answers = queue.Queue()
        self.warnings = []
        self.errors = []
        self.readers = [threading.Thread(target=self.read_answers),
                        threading.Thread(target=self.read_errors)]
        for reader in self.readers:
            reader.start()

    def read_answers(self):
        for line in self.process.stdout:
            if line.startswith("warning "):
                self.warnings.append(line[8:].rstrip("\n"))
            else:
                self.answers.put(line.split())
        self.answers.put(["end"])

    def read_errors(self):
        self.errors += list(self.process.stderr)

    def command(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        answer = self.answers.get(timeout=DEADLINE)
        if answer[0] != words[0]:
            raise AssertionError(f"{words}: {answer}\n{''.join(self.errors)}")
        return answer[1:]

    def status(self, name):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            return int(re.search(rf"^{name}:\s+(\d+)", file.read(), re.M).group(1))

    def reset_peak(self):
        with open(f"/proc/{self.process.pid}/clear_refs", "w", encoding="ascii") as file:
            file.write("5")

    def sockets(self):
        folder = f"/proc/{self.process.pid}/fd"
        n = 0
        for name in os.listdir(folder):
            try:
                n += os.readlink(f"{folder}/{name}").startswith("socket:")
            except FileNotFoundError:
                pass
        return n

    def end(self):
        """It must not have crashed, leaked or complained."""
        self.process.stdin.close()
        code = self.process.wait(DEADLINE)
        for reader in self.readers:
            reader.join(DEADLINE)
        self.process.stdout.close()
        self.process.stderr.close()
        if code != 0 or self.errors:
            raise AssertionError(f"the client exited with {code}:\n{''.join(self.errors)}")
