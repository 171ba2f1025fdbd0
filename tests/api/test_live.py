# SPDX-License-Identifier: LGPL-2.1-or-later
"""Live updates: what is stored comes once, in order, whatever becomes of the connection."""
import os
import socket
import threading
import unittest

import api
import callstats
import sse
import wire

START = 1700000000000


class Live(unittest.TestCase):
    document = api.Document()

    @classmethod
    def setUpClass(cls):
        cls.collector = wire.Collector()
        cls.addClassCleanup(cls.collector.finish)

    def setUp(self):
        self.conference = self.id().rsplit(".", 1)[1][:60]
        self.fabric = self.conference[:30] + "-f"
        self.client = self.collector.connect(user="alice")
        self.client.hello(self.conference)
        self.addCleanup(self.client.close)

    def open(self, last_id=None, **params):
        stream = sse.Stream(self.collector, sse.path(wire.APP, self.conference, **params), last_id)
        self.addCleanup(stream.close)
        return stream

    def until(self, stream, condition):
        """Messages up to the one that meets the condition."""
        messages = []
        for message in stream:
            messages.append(message)
            if condition(message):
                return messages
        self.fail(f"the stream ended after {[m.kind for m in messages]}")

    def check(self, messages, operation="followConference"):
        """They are as docs/openapi.yaml has them."""
        node = next(o for o in self.document.operations() if o.id == operation)
        kinds = node.responses["200"]["content"]["text/event-stream"]["x-messages"]
        for message in messages:
            if message.kind == "place":
                continue
            self.document.validate(message.data, kinds[message.kind])

    @staticmethod
    def events(messages):
        return [event["name"] for m in messages if m.kind == "events" for event in m.data["events"]]

    @staticmethod
    def numbers(messages):
        """Of reports, as they came."""
        return [report["stats"]["T1"]["number"] for m in messages if m.kind == "reports"
                for fabric in m.data["fabrics"] for report in fabric["reports"]]

    @staticmethod
    def has_event(name):
        return lambda m: m.kind == "events" and any(e["name"] == name for e in m.data["events"])

    def report(self, number, fabric=None):
        return wire.report(fabric or self.fabric, self.conference, START + number, number=number)

    def event(self, name, at=0, **data):
        return wire.event(name, self.conference, self.fabric, START + at, "bob", **data)

    def test_a_call_as_it_happens(self):
        call = wire.call(START, self.conference, self.fabric)
        self.client.store(call[0])
        stream = self.open()
        self.until(stream, lambda m: m.kind == "participant")
        messages = []
        for record in call[1:]:
            self.client.store(record)
        messages = self.until(stream, self.has_event("userLeft"))
        self.check(messages)
        self.assertEqual(self.events(messages),
                         ["addNewFabric", "fabricSetup", "fabricTerminated", "userLeft"])
        # Whatever states were told in between, the last ones are those of the query API.
        messages += self.until(self.open(), lambda m: m.kind == "fabric")
        told = {m.kind: m.data for m in messages}
        detail = self.collector.get("apps", wire.APP, "conferences", self.conference)
        self.assertEqual(told["fabric"], detail["fabrics"][0])
        self.assertEqual(told["participant"], detail["participants"][0])
        self.assertTrue(told["conference"]["ended"])
        # The summary comes later, by itself.
        self.until(stream, lambda m: m.kind == "conference" and m.data.get("setupDelay") == 100)

    def test_reports_come_as_they_were_sent(self):
        self.client.store(self.event("addNewFabric"))
        stream = self.open()
        self.until(stream, lambda m: m.kind == "fabric")
        sent = [self.report(n) for n in range(5)]
        self.client.store(*sent)
        messages = self.until(stream, lambda m: m.kind == "reports")
        while len(self.numbers(messages)) < 5:
            messages += self.until(stream, lambda m: m.kind == "reports")
        self.check(messages)
        got = [report for m in messages if m.kind == "reports"
               for fabric in m.data["fabrics"] for report in fabric["reports"]]
        self.assertEqual(got, [{"time": r["time"], "stats": r["stats"]} for r in sent])

    def test_clients_of_callstats_are_told_too(self):
        self.client.store(wire.event("userJoined", self.conference))
        stream = self.open()
        self.until(stream, lambda m: m.kind == "place")
        other = callstats.Client(self.collector, "bob")
        other.authenticate()
        other.join(self.conference)
        other.tell("/events/fabric/setup", remoteID="alice", connectionID="b1", delay=12)
        messages = self.until(stream, self.has_event("fabricSetup"))
        self.check(messages)
        self.assertIn("bob", [m.data["user"] for m in messages if m.kind == "participant"])

    def test_reports_may_be_left_out(self):
        self.client.store(self.event("addNewFabric"))
        stream = self.open(reports="false", after="0.0")
        self.client.store(self.report(1), self.event("mark"))
        messages = self.until(stream, self.has_event("mark"))
        self.assertNotIn("reports", [m.kind for m in messages])

    def test_it_begins_with_what_comes_or_where_an_answer_ended(self):
        self.client.store(self.event("first"), self.report(1))
        detail = self.collector.get("apps", wire.APP, "conferences", self.conference)
        now = self.open()
        self.until(now, lambda m: m.kind == "fabric")
        self.client.store(self.report(2), self.event("second"))
        everything = self.open(after="0.0")
        behind = self.open(after=detail["live"])
        self.assertEqual(self.events(self.until(now, self.has_event("second"))), ["second"])
        messages = self.until(everything, lambda m: m.kind == "reports")
        self.assertEqual((self.events(messages), self.numbers(messages)),
                         (["first", "second"], [1, 2]))
        messages = self.until(behind, lambda m: m.kind == "reports")
        self.assertEqual((self.events(messages), self.numbers(messages)), (["second"], [2]))

    def test_nothing_is_lost_or_doubled_over_connections(self):
        """A client that is cut off again and again, while records come and the collector is
        killed once, has each event and each report once."""
        folder = wire.Collector.make_folder()
        collector = wire.Collector(folder)
        client = collector.connect()
        client.hello()
        fabrics = [f"f{n}" for n in range(3)]
        client.store(*[wire.event("addNewFabric", "cut", fabric, START) for fabric in fabrics])
        last_id, messages, number = None, [], 0
        for turn in range(12):
            stream = sse.Stream(collector, sse.path(wire.APP, "cut"), last_id)
            iterator = iter(stream)
            for message in iterator:
                messages.append(message)
                if message.kind == "place":
                    break
            for _ in range(4):
                client.store(*[wire.report(fabric, "cut", START + number, number=number)
                               for fabric in fabrics], wire.event(f"e{number}", "cut", at=START + number))
                number += 1
                if turn % 3:
                    break
            wanted = f"e{number - 1}" if turn % 2 else None
            while wanted is not None:
                messages.append(next(iterator))
                if self.has_event(wanted)(messages[-1]):
                    wanted = None
            last_id = stream.last_id
            stream.close()
            if turn == 6:
                collector.kill()
                collector.stop()
                collector = wire.Collector(folder, store=collector.store)
                client = collector.connect()
                client.hello()
        stream = sse.Stream(collector, sse.path(wire.APP, "cut"), last_id)
        for message in stream:
            messages.append(message)
            told = self.events(messages)
            reports = [(fabric["fabric"], r["stats"]["T1"]["number"]) for m in messages
                       if m.kind == "reports" for fabric in m.data["fabrics"]
                       for r in fabric["reports"]]
            if f"e{number - 1}" in told and len(reports) >= number * 3:
                break
        self.assertEqual([name for name in told if name != "nudge"],
                         [f"e{n}" for n in range(number)])
        for fabric in fabrics:
            self.assertEqual([n for f, n in reports if f == fabric], list(range(number)))
        stream.close()
        collector.finish()

    def test_a_place_stays_good_when_reports_are_packed(self):
        """Reports go to blocks when their fabric ends: a reader in the midst of them goes on."""
        for first in range(0, 1000, 200):
            self.client.store(*[self.report(n) for n in range(first, first + 200)])
        stream = self.open(after="0.0")
        first = self.numbers(self.until(stream, lambda m: m.kind == "reports"))
        self.assertLess(len(first), 1000)
        stream.close()
        self.client.store(self.event("fabricTerminated", 1000),
                          wire.event("userLeft", self.conference, at=START + 1001))
        again = self.open(last_id=stream.last_id)
        numbers = list(first)
        while len(numbers) < 1000:
            numbers += self.numbers(self.until(again, lambda m: m.kind == "reports"))
        self.assertEqual(numbers, list(range(1000)))

    def test_a_slow_reader_costs_no_memory_and_misses_nothing(self):
        self.client.store(self.event("addNewFabric"))
        slow = sse.Stream(self.collector, sse.path(wire.APP, self.conference),
                          receive_buffer=8192)
        self.addCleanup(slow.close)
        iterator = iter(slow)
        while next(iterator).kind != "fabric":
            pass
        text = "x" * 40000
        warm = self.collector.rss_kib()
        for n in range(400):
            last = self.client.send_records([self.event("note", n, n=n, text=text)])
        self.client.wait_ack(last)
        if not wire.SANITIZED:
            self.assertLess(self.collector.rss_kib() - warm, 10240)
        got = []
        slow.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        while len(got) < 400:
            message = next(iterator)
            if message.kind == "events":
                got += [event["data"]["n"] for event in message.data["events"]]
        self.assertEqual(got, list(range(400)))

    @unittest.skipUnless(os.environ.get("CALLSTATS_LONG") == "1", "CALLSTATS_LONG=1 takes 30 s more")
    def test_a_reader_that_takes_nothing_is_dropped(self):
        self.client.store(self.event("addNewFabric"))
        stalled = sse.Stream(self.collector, sse.path(wire.APP, self.conference),
                             receive_buffer=4096)
        self.addCleanup(stalled.close)
        for n in range(400):
            self.client.store(self.event("note", n, text="x" * 50000))
        while "live-dropped" not in self.collector.read_log():
            self.client.store(self.event("tick"))
        with self.assertRaises((EOFError, OSError)):
            for _ in stalled:
                pass

    def test_listeners_are_bounded(self):
        with wire.Collector() as collector:
            client = collector.connect()
            client.hello()
            client.store(wire.event("userJoined", "many"))
            streams = []
            for _ in range(200):
                streams.append(sse.Stream(collector, sse.path(wire.APP)))
                streams[-1].read_head()
            self.assertEqual({stream.status for stream in streams}, {200})
            one_more = sse.Stream(collector, sse.path(wire.APP, "many"))
            one_more.read_head()
            self.assertEqual((one_more.status, one_more.headers["retry-after"]), (503, "5"))
            for stream in streams:
                stream.close()

    def test_a_graceful_stop_ends_streams_with_a_hint(self):
        collector = wire.Collector()
        client = collector.connect()
        client.hello()
        client.store(wire.event("userJoined", "stop"))
        stream = sse.Stream(collector, sse.path(wire.APP, "stop"))
        iterator = iter(stream)
        next(iterator)
        ended = threading.Thread(target=lambda: list(iterator))
        ended.start()
        client.close()
        self.assertEqual(collector.stop(), 0, collector.read_log())
        ended.join(wire.DEADLINE)
        self.assertFalse(ended.is_alive())
        self.assertEqual(stream.retry, 2000)
        stream.close()

    def test_the_list_tells_conferences_that_change(self):
        listed = self.collector.get("apps", wire.APP, "conferences")
        stream = sse.Stream(self.collector, sse.path(wire.APP, after=listed["live"]))
        self.addCleanup(stream.close)
        self.client.store(self.event("addNewFabric"))
        def mine(message):
            return message.data is not None and message.data["conference"] == self.conference

        first = self.until(stream, mine)
        self.check(first, "followConferences")
        self.client.store(wire.event("userJoined", self.conference),
                          wire.event("userLeft", self.conference, at=wire.now_ms() + 1))
        while not first[-1].data["ended"]:
            first += self.until(stream, mine)
        stream.close()
        # Behind the last id there is no more of it than what came since.
        self.client.store(wire.event("note", self.conference + "-2"))
        again = sse.Stream(self.collector, sse.path(wire.APP), stream.last_id)
        self.addCleanup(again.close)
        last = self.until(again, lambda m: m.data and
                          m.data["conference"] == self.conference + "-2")
        # Others may have been summed up meanwhile.
        changes = [int(m.id) for m in [*first, *last] if m.kind == "conference"]
        self.assertEqual(changes, sorted(set(changes)))

    def test_strange_places_are_400(self):
        self.client.store(self.event("addNewFabric"))
        for place in ("x", "1", "1.", "-1.0", "1.-1", "1.2_3", "1.2_3.4", "1.2_3.4.5.6", "1.2__",
                      "1.1" + "_1.1.1" * 200, "0.0\u00e4", " "):
            stream = self.open(after=place)
            stream.read_head()
            self.assertEqual(stream.status, 400, place)
        for place in ("", "x"):
            stream = sse.Stream(self.collector, sse.path(wire.APP, self.conference), place)
            stream.read_head()
            self.assertEqual(stream.status, 400 if place else 200)
            stream.close()


if __name__ == "__main__":
    unittest.main()
