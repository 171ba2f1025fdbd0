# SPDX-License-Identifier: LGPL-2.1-or-later
"""A receiver of webhooks that does as it is told, and a collector that has webhooks."""
import hashlib
import hmac
import http.server
import json
import os
import queue
import socket
import struct
import threading
import time
import unittest

import wire

SECRET = "a secret of webhooks"
OLD_SECRET = "an older secret of webhooks"
SUMMARY = "conferenceSummary"


def verify(headers, body, secret):
    """As docs/collector.md shows it to receivers."""
    signed = headers["Callstats-Timestamp"].encode() + b"." + body
    expected = "v1=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return (abs(time.time() - int(headers["Callstats-Timestamp"])) < 300 and
            any(hmac.compare_digest(expected, given)
                for given in headers["Callstats-Signature"].split(",")))


class Receiver:
    """An HTTP server that does as its script says: a function a request, the last for all that
    come after. Every request lands in `requests`, as path, headers and body."""

    def __init__(self, *script, context=None, family=socket.AF_INET, host="127.0.0.1"):
        self.script = list(script) or [accept]
        self.requests = queue.Queue()
        self.connections = 0
        self.released = threading.Event()  # what hangs may end
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                act = receiver.script.pop(0) if len(receiver.script) > 1 else receiver.script[0]
                receiver.requests.put((self.path, self.headers, body))
                act(receiver, self)

            do_GET = do_CONNECT = do_POST

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            address_family = family
            daemon_threads = True

            def get_request(self):
                receiver.connections += 1
                return super().get_request()

            def handle_error(self, *_):
                pass

        self.server = Server((host, 0), Handler)
        if context is not None:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def next(self):
        return self.requests.get(timeout=wire.DEADLINE)

    def close(self):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()


def answer(status, **headers):
    def act(_, handler):
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()
    return act


accept = answer(204)


def reset(_, handler):
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


def hang(receiver, _):
    receiver.released.wait(wire.DEADLINE)


def endless(head):
    def act(receiver, handler):
        receiver.sent = 0
        try:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\n" + head)
            while not receiver.released.is_set() and receiver.sent < 1 << 30:
                receiver.sent += handler.connection.send(b"X-More: more\r\n" * 1000)
        except OSError:
            pass
        receiver.released.set()
    return act


class WebhookTest(unittest.TestCase):
    def receiver(self, *script, **options):
        receiver = Receiver(*script, **options)
        self.addCleanup(receiver.close)
        return receiver

    def configure(self, groups):
        """A folder with a configuration that has these webhooks."""
        folder = wire.Collector.make_folder()
        wire.write_private(os.path.join(folder, "hook-secret"), SECRET + "\n")
        wire.write_private(os.path.join(folder, "old-secret"), OLD_SECRET + "\n")
        lines = ["[collector]"]
        for name, keys in groups.items():
            keys = {"secret-file": "hook-secret", "retry-min": "0.05", "retry-max": "0.2",
                    "timeout": "20", "events": SUMMARY, **keys}
            lines += [f"[webhook {name}]", *(f"{key}={value}" for key, value in keys.items())]
        with open(os.path.join(folder, "config"), "w", encoding="utf-8") as out:
            out.write("\n".join(lines) + "\n")
        return folder

    def hook(self, receiver, **keys):
        return {"url": f"http://127.0.0.1:{receiver.port}/hook", "allow-plaintext": "true",
                "allow-private-addresses": "true",
                **{key.replace("_", "-"): value for key, value in keys.items()}}

    def start(self, folder, **options):
        collector = wire.Collector(
            folder, options=["--config", os.path.join(folder, "config")], **options)
        self.addCleanup(self.end, collector)
        return collector

    def end(self, collector):
        collector.finish()
        log = collector.read_log()
        for secret in SECRET, OLD_SECRET:
            self.assertNotIn(secret, log)
        self.assertNotIn("hidden-in-the-url", log)

    def hold(self, collector, conference, records=None, session=None, user="alice"):
        """A conference from its beginning to its end."""
        client = collector.connect(user=user)
        client.hello(session or "s-" + conference)
        client.store(*(records or wire.call(wire.now_ms() - 5000, conference, "f-" + conference)))
        client.close()

    def take(self, receiver, event=SUMMARY):
        """The next request, which must be signed and about the event."""
        path, headers, body = receiver.next()
        self.assertEqual(path, "/hook")
        self.assertTrue(verify(headers, body, SECRET))
        self.assertEqual(headers["Content-Type"], "application/json")
        message = json.loads(body)
        self.assertEqual((headers["Callstats-Event"], message["reason"]), (event, event))
        self.assertEqual(headers["Callstats-Delivery"], message["deliveryID"])
        return message

    def wait_metric(self, collector, sample, least, most=float("inf")):
        """Scrapes until the sample is so large."""
        end = time.monotonic() + wire.DEADLINE
        pause = threading.Event()
        while time.monotonic() < end:
            pause.wait(0.05)  # nobody tells of a metric by himself
            for line in collector.http("/metrics")[2].decode().splitlines():
                if (line.startswith(sample + " ") and
                        least <= float(line.rsplit(" ", 1)[1]) <= most):
                    return
        self.fail(f"{sample} is not {least}\n{collector.read_log()}")
