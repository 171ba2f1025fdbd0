# SPDX-License-Identifier: LGPL-2.1-or-later
"""What stands between a client and its collector: TLS, proxies, and servers that send on.

Each has a thread of its own, and counts what came.
"""

import base64
import os
import select
import socket
import ssl
import subprocess
import threading


def openssl(*words, folder):
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True, timeout=30)


class Certificates:
    """A CA and what it signs, made anew; each certificate has its key beside it."""

    def __init__(self, folder):
        self.folder = folder
        for name in "ca", "other-ca":
            openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-keyout", name + ".key", "-out", name + ".pem", "-subj", "/CN=" + name,
                    "-days", "2", folder=folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def make(self, name, host, ca="ca", days=2):
        """Returns a server's context. host: such as IP:127.0.0.1 or DNS:example.org."""
        with open(self.path(name + ".ext"), "w", encoding="utf-8") as out:
            out.write(f"subjectAltName={host}\nextendedKeyUsage=serverAuth\n")
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                name + ".key", "-out", name + ".csr", "-subj", "/CN=" + name, folder=self.folder)
        openssl("x509", "-req", "-in", name + ".csr", "-CA", ca + ".pem", "-CAkey", ca + ".key",
                "-CAcreateserial", "-days", str(days), "-extfile", name + ".ext", "-out",
                name + ".pem", folder=self.folder)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path(name + ".pem"), self.path(name + ".key"))
        return context


def read_head(stream):
    """The head of an HTTP message; bytes behind it stay unread."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = stream.recv(1)
        if not byte:
            break
        head += byte
    return head.decode("latin-1")


def pump(one, other):
    """Both ways, until either ends."""
    pair = {one: other, other: one}
    while True:
        ready = [stream for stream in pair if getattr(stream, "pending", int)() > 0]
        for stream in ready or select.select(list(pair), [], [])[0]:
            data = stream.recv(65536)
            if not data:
                return
            pair[stream].sendall(data)


class Server:
    """Listens on loopback; serve() has a thread for each connection."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.accepted = 0
        self.heads = []
        self._open = []
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        for stream in self._open:
            try:
                stream.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _accept(self):
        while True:
            try:
                stream, _ = self.socket.accept()
            except OSError:
                return
            self.accepted += 1
            self._open.append(stream)
            threading.Thread(target=self._serve, args=(stream,), daemon=True).start()

    def _serve(self, stream):
        try:
            with stream:
                self.serve(stream)
        except OSError:
            pass

    def serve(self, stream):
        raise NotImplementedError


class TlsRelay(Server):
    """TLS in front of a port of this machine."""

    def __init__(self, context, port=None):
        self.context = context
        self.target = port
        super().__init__()

    def serve(self, stream):
        with self.context.wrap_socket(stream, server_side=True) as secure:
            head = read_head(secure)
            if not head:
                return
            self.heads.append(head)
            with socket.create_connection(("127.0.0.1", self.target)) as onward:
                onward.sendall(head.encode("latin-1"))
                pump(secure, onward)


class ConnectProxy(Server):
    """An HTTP proxy for CONNECT, which takes every name for a port of this machine."""

    def __init__(self, port, credentials=None):
        self.target = port
        self.credentials = credentials and base64.b64encode(credentials.encode()).decode()
        super().__init__()

    def serve(self, stream):
        head = read_head(stream)
        self.heads.append(head)
        if self.credentials and f"Proxy-Authorization: Basic {self.credentials}\r\n" not in head:
            stream.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n"
                           b"Proxy-Authenticate: Basic realm=\"proxy\"\r\n\r\n")
            return
        if not head.startswith("CONNECT "):
            stream.sendall(b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n")
            return
        with socket.create_connection(("127.0.0.1", self.target)) as onward:
            stream.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            pump(stream, onward)


class Redirector(Server):
    """Answers every request with a status and a Location."""

    def __init__(self, status, location):
        self.answer = (f"HTTP/1.1 {status} Elsewhere\r\nLocation: {location}\r\n"
                       "Content-Length: 0\r\nConnection: close\r\n\r\n")
        super().__init__()

    def serve(self, stream):
        self.heads.append(read_head(stream))
        stream.sendall(self.answer.encode())


class Silent(Server):
    """Must not be spoken to."""

    def serve(self, stream):
        self.heads.append(read_head(stream))
