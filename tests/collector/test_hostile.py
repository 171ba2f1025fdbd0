# SPDX-License-Identifier: LGPL-2.1-or-later
"""Peers that mean harm. Each is closed with the documented code and logged once, leaves the
collector's memory at most 1 MiB larger, and another connection goes on. A parser needs some
megabytes while it looks at the worst frame of 64 KiB, and gives them back."""
import os
import select
import socket
import threading
import time
import unittest
import zlib

import wire

MEMORY_KIB = 1024
PARSER_KIB = 8192
REPEATS = 3


def deflate(data):
    """One raw deflate segment, as the wire form has it."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    return (compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH))[:-4]


class Hostile(unittest.TestCase):
    """One collector for all of them, since that is how they come."""

    @classmethod
    def setUpClass(cls):
        cls.collector = wire.Collector()
        cls.addClassCleanup(cls.collector.finish)
        cls.bystander = cls.collector.connect(user="bystander")
        cls.bystander.hello("bystander")
        for _ in range(5):
            cls.bystander.store(*wire.call(1700000000000, "bystander", "bystander"))
            cls.harmless_end()

    @classmethod
    def harmless_end(cls):
        """Warms up what an attack uses too."""
        client = cls.collector.connect()
        client.hello("warm")
        client.send_text('{"type":"records","first":99,"records":[]}' + " " * 60000)
        client.wait_close()
        client.close()

    def open(self):
        client = self.collector.connect()
        client.hello("hostile")
        return client

    def reset_peak(self):
        with open(f"/proc/{self.collector.process.pid}/clear_refs", "w", encoding="ascii") as out:
            out.write("5")

    def peak_kib(self):
        with open(f"/proc/{self.collector.process.pid}/status", encoding="ascii") as status:
            return int(next(line for line in status if line.startswith("VmHWM")).split()[1])

    def attack(self, act, code, reason="", peak_kib=MEMORY_KIB):
        """act: takes an open connection and misbehaves."""
        cold = self.collector.rss_kib()
        self.one_attack(act, code, reason)
        self.reset_peak()
        before = self.collector.rss_kib()
        logged = self.collector.read_log().count("event=client-closed")
        for _ in range(REPEATS):
            self.one_attack(act, code, reason)
        grown = self.peak_kib() - before
        self.assertEqual(
            self.collector.read_log().count("event=client-closed") - logged, REPEATS)
        self.bystander.store(wire.report("bystander", "bystander"))
        if not wire.SANITIZED:
            self.assertLessEqual(grown, peak_kib)
            self.wait_for_memory(cold + MEMORY_KIB)

    def wait_for_memory(self, limit):
        """Freed memory goes back to the system within a second or so."""
        deadline = time.monotonic() + wire.DEADLINE
        while self.collector.rss_kib() > limit:
            self.assertLess(time.monotonic(), deadline, "the collector keeps its memory")

    def one_attack(self, act, code, reason):
        client = self.open()
        try:
            act(client)
        except (BrokenPipeError, ConnectionResetError):
            pass
        closed = client.wait_close()
        client.close()
        self.assertEqual(closed.code, code, closed.reason)
        self.assertIn(reason, closed.reason)
        self.assertLessEqual(len(closed.reason.encode()), 123)

    # What is no WebSocket

    def test_garbage_bytes(self):
        """What looks like a frame is closed as that; one byte in fifty does."""
        for first in b"\0\x70\x83\x8f\xff":
            garbage = bytes([first]) + os.urandom(100000)
            with self.subTest(garbage[:8].hex()):
                self.attack(lambda client, garbage=garbage: client.send(garbage), 4000)

    def test_close_frame_of_garbage(self):
        """1002 is RFC 6455's own code for this."""
        for payload in b"\x03", b"\x03\xed", b"\xff\xff", b"\x03\xe8\xff\xfe":
            with self.subTest(payload.hex()):
                self.attack(
                    lambda client, payload=payload: client.send(wire.frame(payload, wire.CLOSE)),
                    1002)

    def test_unmasked_frame(self):
        self.attack(lambda client: client.send(wire.frame(b"{}", masked=False)), 4000)

    def test_reserved_bits(self):
        self.attack(lambda client: client.send(wire.frame(b"{}", rsv=4)), 4000)

    def test_frame_that_claims_a_gigabyte(self):
        self.attack(lambda client: client.send(wire.frame(bytes(100000), length=1 << 30)), 4005)

    def test_frame_that_claims_everything(self):
        self.attack(lambda client: client.send(wire.frame(b"x", length=(1 << 64) - 1)), 4005)

    def test_frame_one_byte_too_long(self):
        self.attack(lambda client: client.send(wire.frame(b" " * 65537)), 4005)

    def test_endless_fragments(self):
        def act(client):
            client.send(wire.frame(bytes(1000), wire.TEXT, fin=False))
            piece = b"".join(wire.frame(bytes(60000), 0, fin=False) for _ in range(16))
            for _ in range(52):
                client.send(piece)

        self.attack(act, 4000, "fragmented")

    def test_lone_continuation(self):
        self.attack(lambda client: client.send(wire.frame(b"{}", 0)), 4000)

    # What is no message

    def test_text_that_is_no_json(self):
        for text in "garbage", "", "{", "[]", "null", "1", '"text"', "{}{}", '{"type":}':
            with self.subTest(text):
                self.attack(lambda client, text=text: client.send_text(text), 4000)

    def test_invalid_utf8(self):
        """1007 is RFC 6455's own code for this."""
        self.attack(lambda client: client.send(wire.frame(b'{"type":"\xff\xfe"}')), 1007)

    def test_invalid_utf8_in_a_binary_frame(self):
        data = deflate(b'{"type":"\xff\xfe"}')
        self.attack(lambda client: client.send(wire.frame(data, wire.BINARY)), 4000)

    def test_binary_garbage(self):
        self.attack(lambda client: client.send(wire.frame(b"\xff" * 1000, wire.BINARY)), 4000)

    def test_deflate_bomb(self):
        bomb = deflate(b'{"type":"' + b" " * 60000000)
        self.assertLess(len(bomb), 65536)
        self.attack(lambda client: client.send(wire.frame(bomb, wire.BINARY)), 4005)

    def test_deep_json(self):
        for deep in '{"a":' * 13000, "[" * 60000, '{"type":"hello","x":' + "[" * 60000:
            with self.subTest(deep[:10]):
                self.attack(lambda client, deep=deep: client.send_text(deep), 4000)

    def test_many_tiny_values(self):
        """64 KiB of the JSON that costs a parser most."""
        text = '{"type":"x","a":[' + ",".join(["{}"] * 21000) + "]}"

        def act(client):
            client.send_text(text)
            client.send_text("end")

        self.attack(act, 4000, peak_kib=PARSER_KIB)

    def test_many_tiny_records(self):
        text = ('{"type":"records","first":1,"records":['
                + ",".join(['{"type":"nothing"}'] * 3400) + "]}")
        self.attack(lambda client: client.send_text(text), 4000, peak_kib=PARSER_KIB)

    # Messages of the wrong shape

    def test_wrong_types_for_every_field(self):
        record = wire.report("f", "hostile")
        event = wire.event("userJoined", "hostile")
        wrong = [None, True, -1, 1.5, "", "x", [], {}, [1], {"a": 1}, 1e300, "9" * 400]
        messages = []
        for value in wrong:
            messages += [{"type": value}, {"type": "records", "first": value, "records": [record]},
                         {"type": "records", "first": 1, "records": value},
                         {"type": "records", "first": 1, "records": [value]},
                         {"type": "part", "sequence": value, "index": 0, "text": "{}"},
                         {"type": "part", "sequence": 1, "index": value, "text": "{}"},
                         {"type": "part", "sequence": 1, "index": 0, "last": True, "text": value},
                         {"type": "hello", "protocol": value},
                         {"type": "token", "token": value}]
            for base in record, event:
                messages += [{"type": "records", "first": 1, "records": [{**base, name: value}]}
                             for name in base]
            for name in "slot", "after", "at", "by", "set", "gone", "units":
                messages.append({"type": "records", "first": 1, "records": [
                    {**record, "slot": 0},
                    {"type": "delta", "slot": 0, "after": 0, "by": [], name: value}]})
        ends = {}
        before = self.collector.rss_kib()
        for number, message in enumerate(messages):
            client = self.collector.connect()
            client.hello(f"wrong-{number}")
            client.send_json(message)
            client.send_json({"type": "bye"})
            ends.setdefault(client.wait_close().code, []).append(message)
            client.close()
        # Some of those are fine after all: 1000; all the others are the client's fault.
        self.assertLessEqual(set(ends), {1000, 4000, 4001}, {c: m[0] for c, m in ends.items()})
        self.assertGreater(len(ends[4000]), 150)
        self.bystander.store(wire.report("bystander", "bystander"))
        if not wire.SANITIZED:
            self.wait_for_memory(before + MEMORY_KIB)

    def test_endless_record_in_parts(self):
        def act(client):
            for index in range(60):
                client.send_json({"type": "part", "sequence": 1, "index": index,
                                  "last": False, "text": " " * 60000})

        self.one_attack(act, 4005, "1048576")
        self.bystander.store(wire.report("bystander", "bystander"))

    def test_slots_past_their_budget(self):
        stats = {f"field-{i}": "x" * 100 for i in range(500)}

        def act(client):
            for number in range(20):
                record = {**wire.report(f"slot-{number}", "hostile", **stats), "slot": number}
                client.send_records([record])

        self.one_attack(act, 4005, "524288")
        self.bystander.store(wire.report("bystander", "bystander"))

    # Peers that waste time

    def test_records_before_hello(self):
        client = self.collector.connect()
        client.send_records([wire.report()])
        self.assertEqual(client.wait_close().code, 4000)

    def test_slow_peers_are_dropped(self):
        """No hello, headers byte by byte, no request at all: about 10 s for each."""
        started = time.monotonic()
        silent = self.collector.connect()
        mute = wire.Socket(self.collector)
        slow = wire.Socket(self.collector)
        slow.send(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ")
        self.drip(slow.socket, until=started + 15)
        self.assertEqual(silent.wait_close().code, 4003)
        with self.assertRaises((EOFError, ConnectionError)):
            mute.read(1)
        self.assertLess(time.monotonic() - started, 15)
        self.bystander.store(wire.report("bystander", "bystander"))

    def drip(self, peer, until):
        """Sends a byte now and then, until the other end has had enough."""
        while time.monotonic() < until:
            readable, _, _ = select.select([peer], [], [], 0.2)
            try:
                if readable:
                    return
                peer.send(b"x")
            except ConnectionError:
                return
        self.fail("the collector waits for slow headers")

    def test_endless_headers(self):
        peer = wire.Socket(self.collector)
        before = self.collector.rss_kib()
        with self.assertRaises(ConnectionError):
            peer.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
            while True:
                peer.send(b"X-Long: " + b"x" * 8000 + b"\r\n")
        if not wire.SANITIZED:
            self.assertLessEqual(self.collector.rss_kib() - before, MEMORY_KIB)

    def test_peer_that_pings_and_never_reads(self):
        """Its pongs must not pile up: it is not read from until it reads."""
        client = self.open()
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        before = self.collector.rss_kib()
        pings = wire.frame(bytes(100), wire.PING) * 1000
        client.socket.setblocking(False)
        sent = self.send_until_stuck(client.socket, pings)
        self.assertLess(sent, 60000000)
        self.bystander.store(wire.report("bystander", "bystander"))
        if not wire.SANITIZED:
            self.assertLessEqual(self.collector.rss_kib() - before, MEMORY_KIB)
        client.close()

    def send_until_stuck(self, peer, data):
        sent = 0
        while sent < 60000000:
            _, writable, _ = select.select([], [peer], [], 1)
            if not writable:
                break
            sent += peer.send(data[sent % len(data):])
        return sent

    def test_peer_that_never_stops_sending_does_not_keep_the_loop(self):
        client = self.open()
        stop = threading.Event()

        def flood():
            batch = wire.frame(b'{"type":"nothing"}') * 2000
            try:
                while not stop.is_set():
                    client.send(batch)
            except OSError:
                pass

        sender = threading.Thread(target=flood)
        sender.start()
        try:
            for _ in range(5):
                started = time.monotonic()
                self.bystander.store(wire.report("bystander", "bystander"))
                self.assertLess(time.monotonic() - started, 5)
        finally:
            stop.set()
            client.close()
            sender.join(wire.DEADLINE)


if __name__ == "__main__":
    unittest.main()
