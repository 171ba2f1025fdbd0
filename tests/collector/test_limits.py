# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a client may come up against: each limit has a clear answer and a counter, and what was
acknowledged is stored whatever happens."""
import json
import os
import re
import sys
import time
import unittest

import wire

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "rest"))
import callstats  # pylint: disable=wrong-import-position

LONG_AGO = 1262304000000  # 2010


def counter(collector, name, label=""):
    """The value of a counter, as /metrics has it."""
    text = collector.http("/metrics")[2].decode()
    match = re.search(rf"^{name}{re.escape(label)} (\S+)$", text, re.MULTILINE)
    if match is None:
        raise AssertionError(f"no {name}{label} in:\n{text}")
    return float(match.group(1))


def limited(collector, limit):
    return counter(collector, "callstats_collector_limited_total", f'{{limit="{limit}"}}')


def alike(n):
    """An object whose members' names all have the same hash."""
    return {"".join("b!" if i >> bit & 1 else "aB" for bit in range(10)): 1 for i in range(n)}


class Records(unittest.TestCase):
    def flood(self, client, n=100000, batch=50):
        """Sends until the collector closes; returns what was acknowledged, and the close."""
        acked = 0
        try:
            for _ in range(n // batch):
                client.send_records([wire.report("f", "c")] * batch)
                while client.has_input():
                    acked = max(acked, int(client.receive("ack")["sequence"]))
            while True:
                acked = max(acked, int(client.receive("ack")["sequence"]))
        except wire.Closed as closed:
            return acked, closed
        except (BrokenPipeError, ConnectionResetError):
            return acked, client.wait_close()

    def test_a_client_over_its_rate_is_told_when_to_come_back(self):
        with wire.Collector(options=["--client-record-rate", "100"]) as collector:
            client = collector.connect()
            client.hello("flood")
            acked, closed = self.flood(client)
            self.assertEqual(closed.code, 4006)
            self.assertRegex(closed.reason, r"^retry-after=\d+; .*too many records")
            self.assertEqual(limited(collector, "client-records"), 1)
            # Ten seconds at once are allowed; what was acknowledged is there, and not much
            # more than that was taken.
            stored = int(collector.connect().hello("flood")["stored"])
            self.assertGreaterEqual(stored, acked)
            self.assertGreaterEqual(stored, 1000)
            self.assertLess(stored, 3000)
            # Others go on.
            other = collector.connect(user="bob")
            other.hello()
            other.store(wire.report())

    def test_an_application_over_its_rate_leaves_others_alone(self):
        folder = wire.Collector.make_folder()
        keys = os.path.join(folder, "keys")
        wire.write_private(keys, "[two]\nsecret=secret of two\n")
        options = ["--app-record-rate", "10", "--client-record-rate", "0", "--keys", keys]
        with wire.Collector(folder, options=options) as collector:
            client = collector.connect()
            client.hello("flood")
            # Overdrawn for half a minute.
            self.assertEqual(self.flood(client, batch=400)[1].code, 4006)
            again = collector.connect(user="bob")
            again.hello()
            again.send_records([wire.report()])
            self.assertEqual(again.wait_close().code, 4006)
            self.assertEqual(limited(collector, "app-records"), 2)
            bearer = wire.token(collector.audience, "secret of two", app="two")
            other = collector.connect(bearer=bearer)
            other.hello()
            other.store(wire.report())

    def test_a_client_that_comes_back_gets_all_of_it_stored(self):
        """As often as it is told to come back, it waits, and goes on where the store is."""
        total = 900
        with wire.Collector(options=["--client-record-rate", "50"]) as collector:
            refusals, stored = 0, 0
            while stored < total:
                client = collector.connect()
                stored = int(client.hello("spool")["stored"])
                try:
                    while stored < total:
                        n = min(100, total - stored)
                        stored = client.store(*[wire.report("f", "c")] * n)
                except wire.Closed as closed:
                    self.assertEqual(closed.code, 4006)
                    refusals += 1
                    wire.pause(int(re.search(r"retry-after=(\d+)", closed.reason).group(1)))
                client.close()
            self.assertGreater(refusals, 0)
            self.assertLess(refusals, 4)
            self.assertEqual(limited(collector, "client-records"), refusals)

    def test_zero_is_no_limit(self):
        options = ["--app-record-rate", "0", "--client-record-rate", "0"]
        with wire.Collector(options=options) as collector:
            client = collector.connect()
            client.hello()
            for _ in range(40):
                client.store(*[wire.report("f", "c")] * 50)
            self.assertEqual(client.bye().code, 1000)


class Sizes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.collector = wire.Collector(options=["--max-connections", "20"])
        cls.addClassCleanup(cls.collector.finish)

    def closed_by(self, act):
        client = self.collector.connect()
        client.hello()
        act(client)
        closed = client.wait_close()
        client.close()
        return closed

    def test_frames(self):
        before = limited(self.collector, "frame")
        closed = self.closed_by(lambda client: client.send(wire.frame(b" " * 65537)))
        self.assertEqual(closed.code, 4005)
        self.assertEqual(limited(self.collector, "frame"), before + 1)
        closed = self.closed_by(lambda client: client.send(wire.frame(b"{}", fin=False)))
        self.assertEqual(closed.code, 4000)
        self.assertEqual(limited(self.collector, "frame"), before + 2)

    def test_depth(self):
        before = limited(self.collector, "depth")
        closed = self.closed_by(
            lambda client: client.send_text('{"type":"x","deep":' + "[" * 40 + "]" * 40 + "}"))
        self.assertEqual((closed.code, "32 levels" in closed.reason), (4000, True))
        self.assertEqual(limited(self.collector, "depth"), before + 1)
        self.closed_by(lambda client: client.send_text("no JSON"))
        self.assertEqual(limited(self.collector, "depth"), before + 1)

    def test_members(self):
        before = limited(self.collector, "depth")
        for text in (json.dumps({"type": "x", "o": {str(i): 1 for i in range(4097)}}),
                     json.dumps({"type": "x", "o": alike(1024)})):
            closed = self.closed_by(lambda client, text=text: client.send_text(text))
            self.assertEqual((closed.code, "4096 members" in closed.reason), (4000, True))
        self.assertEqual(limited(self.collector, "depth"), before + 2)

    def test_connections(self):
        before = limited(self.collector, "connections")
        held = []
        with self.assertRaises(wire.Refused) as caught:
            for _ in range(21):
                held.append(self.collector.connect())
        self.assertEqual(caught.exception.status, 503)
        self.assertIn("retry-after", caught.exception.headers)
        for client in held:
            client.close()
        self.wait_for(lambda: limited(self.collector, "connections") > before)

    def test_connections_of_a_client(self):
        with wire.Collector(options=["--client-connections", "3"]) as collector:
            held = [collector.connect() for _ in range(3)]
            for client in held[:2]:
                client.hello("one")
            # Taken over, so there is room for one.
            self.assertEqual(held[0].wait_close().code, 4004)
            held.append(collector.connect())
            with self.assertRaises(wire.Refused) as caught:
                collector.connect()
            self.assertEqual(caught.exception.status, 503)
            self.assertIn("retry-after", caught.exception.headers)
            self.assertEqual(limited(collector, "client-connections"), 1)
            # Others come in, and the same as soon as one has left.
            collector.connect(user="bob").hello()
            held[3].hello("two")
            self.assertEqual(held[3].bye().code, 1000)
            collector.connect().hello("three")
            self.assertEqual(limited(collector, "client-connections"), 1)
            with self.assertRaises(wire.Refused):
                collector.connect()

    def test_a_request_that_does_not_come_is_dropped(self):
        before = limited(self.collector, "handshake")
        mute = wire.Socket(self.collector)
        mute.send(b"GET / HTTP/1.1\r\nHost:")
        with self.assertRaises(EOFError):
            mute.read(1)
        mute.close()
        self.assertEqual(limited(self.collector, "handshake"), before + 1)

    def wait_for(self, condition):
        """For the collector to notice that others have gone."""
        while True:
            try:
                if condition():
                    return
            except (OSError, AttributeError):
                continue


class Requests(unittest.TestCase):
    """Of callstats' REST API."""

    @classmethod
    def setUpClass(cls):
        cls.collector = wire.Collector(options=["--max-body", "5000"])
        cls.addClassCleanup(cls.collector.finish)

    def setUp(self):
        self.client = callstats.Client(self.collector)
        self.client.authenticate()
        self.client.join()

    def tell(self, **body):
        return self.client.request(
            "POST", self.client.path("/events/user/feedback"), self.client.common(**body))[0]

    def test_bodies(self):
        before = limited(self.collector, "body")
        self.assertNotEqual(self.tell(comment="x" * 4000), 413)
        self.assertEqual(limited(self.collector, "body"), before)
        self.assertEqual(self.tell(comment="x" * 5001), 413)
        self.assertEqual(limited(self.collector, "body"), before + 1)

    def test_events_from_the_future_are_counted_and_kept(self):
        name = "callstats_collector_records_from_future_total"
        before = counter(self.collector, name)
        for ahead, n in (30000, 0), (7200000, 1):
            at = wire.now_ms() + ahead
            path = self.client.path("/events/user/alive")
            body = {**self.client.common(), "timestamp": at}
            self.assertEqual(self.client.request("POST", path, body)[0], 200)
            self.assertEqual(counter(self.collector, name), before + n)

    def test_depth(self):
        before = limited(self.collector, "depth")
        deep = json.loads("[" * 40 + "]" * 40)
        self.assertEqual(self.tell(comment=deep), 400)
        self.assertEqual(limited(self.collector, "depth"), before + 1)

    def test_members(self):
        before = limited(self.collector, "depth")
        self.assertNotEqual(self.tell(comment=alike(32)), 400)
        self.assertEqual(self.tell(comment=alike(33)), 400)
        self.assertEqual(limited(self.collector, "depth"), before + 1)


class Bodies(unittest.TestCase):
    """Of strangers, who send all but the end of them. A kernel holds some, so the last of two
    that fill the room has come into the other's way before it is all there."""
    ROOM = 64 << 20

    def hold(self, collector):
        peer = wire.Socket(collector)
        peer.send((f"POST /v1/apps/demo/conferences/c/u/events/user/feedback HTTP/1.1\r\n"
                   f"Host: {collector.host}:{collector.port}\r\n"
                   f"Content-Length: {self.ROOM}\r\n\r\n").encode())
        peer.send(b"x" * (self.ROOM - 1))
        return peer

    def finish(self, peer):
        peer.send(b"x")
        head = peer.read_head()
        peer.close()
        status = int(head.split(" ")[1])
        self.assertEqual("retry-after: " in head.lower(), status == 503)
        return status

    def wait_for_room(self, collector):
        """Until those who went have gone for the collector, too."""
        deadline = time.monotonic() + wire.DEADLINE
        while self.finish(self.hold(collector)) == 503:
            self.assertLess(time.monotonic(), deadline)

    def test_they_share_their_room(self):
        with wire.Collector(options=["--max-body", str(self.ROOM)]) as collector:
            for _ in range(2):
                before = limited(collector, "bodies")
                held = [self.hold(collector), self.hold(collector)]
                self.assertEqual(collector.http("/healthz")[0], 200)
                self.assertEqual(sorted(map(self.finish, held)), [401, 503])
                self.assertEqual(limited(collector, "bodies"), before + 1)
                self.wait_for_room(collector)

    def test_those_who_go_leave_their_room(self):
        with wire.Collector(options=["--max-body", str(self.ROOM)]) as collector:
            for _ in range(2):
                self.hold(collector).close()
                self.wait_for_room(collector)


class Lines(unittest.TestCase):
    """Of the log, about strangers."""

    def test_lines_about_refusals_are_limited_and_counted(self):
        with wire.Collector() as collector:
            refused = 0

            def refuse_until(condition):
                nonlocal refused
                deadline = time.monotonic() + wire.DEADLINE
                while not condition():
                    self.assertLess(time.monotonic(), deadline)
                    for _ in range(50):
                        with self.assertRaises(wire.Refused) as caught:
                            collector.connect(bearer="none")
                        self.assertEqual(caught.exception.status, 401)
                    refused += 50

            def lines():
                return re.findall("event=client-refused .*", collector.read_log())

            refuse_until(lambda: limited(collector, "log") > 0)
            refuse_until(lambda: any("left-out=" in line for line in lines()))
            self.assertEqual(len(lines()) + limited(collector, "log"), refused)
            # They say so at the first line of the next second, the last of which may be due.
            told = sum(map(int, re.findall(r"left-out=(\d+)", collector.read_log())))
            self.assertGreater(told, 0)
            self.assertLessEqual(told, limited(collector, "log"))


class Clocks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.collector = wire.Collector(options=["--clock-tolerance", "3600"])
        cls.addClassCleanup(cls.collector.finish)

    def off(self, direction):
        return counter(self.collector, "callstats_collector_clocks_off_total",
                       f'{{direction="{direction}"}}')

    def from_future(self):
        return counter(self.collector, "callstats_collector_records_from_future_total")

    def store(self, session, at, time=None):
        client = self.collector.connect()
        client.hello(session, time=time)
        client.store(wire.report(session, session, at=at))
        client.close()
        return self.collector.get("apps", "demo", "fabrics", session, "reports")["reports"]

    def test_clocks_within_the_tolerance_are_not_counted(self):
        before = self.off("behind") + self.off("ahead") + self.from_future()
        for shift in 0, 3500000, -3500000:
            self.store(f"near{shift}".replace("-", "_"), wire.now_ms() + shift,
                       wire.now_ms() + shift)
        self.assertEqual(self.off("behind") + self.off("ahead") + self.from_future(), before)

    def test_clocks_that_are_off_are_counted_and_records_kept_as_they_came(self):
        for direction, now in ("behind", LONG_AGO), ("ahead", wire.now_ms() + 10 * 86400000):
            before, future = self.off(direction), self.from_future()
            reports = self.store(direction, now, now)
            self.assertEqual([report["time"] for report in reports], [now])
            self.assertEqual((self.off(direction), self.from_future()), (before + 1, future))

    def test_records_from_the_future_of_their_own_clock_are_counted(self):
        for name, time, at in (("unknown", None, wire.now_ms() + 7200000),
                               ("known", LONG_AGO, LONG_AGO + 7200000)):
            before = self.from_future()
            reports = self.store(name, at, time)
            self.assertEqual([report["time"] for report in reports], [at])
            self.assertEqual(self.from_future(), before + 1)


if __name__ == "__main__":
    unittest.main()
