# SPDX-License-Identifier: LGPL-2.1-or-later
"""A reader of Server-Sent Events that connects again as EventSource does."""
import json
import socket
import urllib.parse

import wire


class Message:
    def __init__(self, kind, data, last_id):
        self.kind = kind
        self.data = data
        self.id = last_id


class Stream:
    """One connection; iterates over messages, and over ids without one, as place."""

    def __init__(self, collector, path, last_id=None, receive_buffer=None, headers=()):
        self.socket = socket.socket()
        self.socket.settimeout(wire.DEADLINE)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.connect((collector.host, collector.port))
        collector.sockets.append(self)
        lines = [f"GET {path} HTTP/1.1", f"Host: {collector.host}:{collector.port}",
                 "Accept: text/event-stream", *headers]
        if last_id is not None:
            lines.append(f"Last-Event-ID: {last_id}")
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode())
        self.file = self.socket.makefile("rb")
        self.last_id = last_id
        self.retry = None
        self.comments = 0
        self.status = None

    def read_head(self):
        self.status = int(self.file.readline().split()[1])
        self.headers = {}
        while True:
            line = self.file.readline().strip().decode("latin-1")
            if not line:
                return
            name, value = line.split(":", 1)
            self.headers[name.lower()] = value.strip()

    def lines(self):
        """Of the chunks, decoded."""
        pending = b""
        while True:
            head = self.file.readline()
            if not head:
                raise EOFError
            size = int(head, 16)
            if size == 0:
                return
            pending += self.file.read(size)
            self.file.readline()
            *whole, pending = pending.split(b"\n")
            for line in whole:
                yield line.decode()

    def __iter__(self):
        if self.status is None:
            self.read_head()
        if self.status != 200:
            raise AssertionError(f"{self.status} {self.file.read()}")
        kind, data, last_id, placed = "message", [], self.last_id, False
        for line in self.lines():
            if line == "":
                self.last_id = last_id
                if data:
                    yield Message(kind, json.loads("\n".join(data)), last_id)
                elif placed:
                    yield Message("place", None, last_id)
                placed = False
                kind, data = "message", []
            elif line.startswith(":"):
                self.comments += 1
            else:
                name, _, value = line.partition(": ")
                if name == "id":
                    last_id = value
                    placed = True
                elif name == "event":
                    kind = value
                elif name == "data":
                    data.append(value)
                elif name == "retry":
                    self.retry = int(value)

    def close(self):
        self.file.close()
        self.socket.close()


def path(app, conference=None, **params):
    quoted = [urllib.parse.quote(part, safe="") for part in (app, conference) if part is not None]
    result = f"/api/v1/apps/{quoted[0]}" + (f"/conferences/{quoted[1]}" if conference else "")
    return result + "/live" + ("?" + urllib.parse.urlencode(params) if params else "")
