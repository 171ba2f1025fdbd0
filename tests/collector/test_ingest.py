# SPDX-License-Identifier: LGPL-2.1-or-later
"""The wire protocol as a client sees it: handshake, hello, records, acks, resume."""
import re
import time
import unittest
from email.utils import parsedate_to_datetime

import wire


class Handshake(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.collector = wire.Collector()
        cls.addClassCleanup(cls.collector.finish)

    def refusal(self, **options):
        with self.assertRaises(wire.Refused) as caught:
            self.collector.connect(**options)
        return caught.exception

    def test_tokens_that_are_refused(self):
        good = self.collector.audience
        cases = {
            "missing-token": [""],
            "invalid-token": [
                "garbage", "a.b.c", wire.token(good, secret="wrong"),
                wire.sign({"alg": "none"}, wire.claims(good), wire.SECRET),
                wire.sign({"alg": "HS384"}, wire.claims(good), wire.SECRET),
                wire.token(good, user=None), wire.token(good, exp=None),
            ],
            "token-expired": [wire.token(good, lifetime=-61)],
            "wrong-audience": [
                wire.token("wss://evil.example"), wire.token("ws://127.0.0.1:1"),
                wire.token(None),
            ],
            "unknown-application": [wire.token(good, app="other")],
        }
        for code, tokens in cases.items():
            for bearer in tokens:
                with self.subTest(code=code, bearer=bearer[:40]):
                    refused = self.refusal(bearer=bearer)
                    self.assertEqual(refused.status, 401)
                    self.assertEqual(refused.body["error"]["code"], code)
                    self.assertEqual(refused.headers["www-authenticate"],
                                     f'Bearer error="invalid_token", error_description="{code}"')
                    told = parsedate_to_datetime(refused.headers["date"]).timestamp()
                    self.assertAlmostEqual(told, time.time(), delta=wire.DEADLINE)
        self.assertNotIn(wire.token(good, app="other")[:60], self.collector.read_log())

    def test_host_header_is_no_audience(self):
        """A replayed token does not become good by a Host that matches it."""
        refused = self.refusal(bearer=wire.token("ws://localhost:1"),
                               headers=["Host: localhost:1"])
        self.assertEqual(refused.status, 401)

    def test_every_name_of_loopback_is_an_audience(self):
        for host in "127.0.0.1", "localhost", "[::1]":
            bearer = wire.token(f"ws://{host}:{self.collector.port}")
            self.collector.connect(bearer=bearer).close()

    def test_no_subprotocol_is_400(self):
        self.assertEqual(self.refusal(subprotocol=None).status, 400)
        self.assertEqual(self.refusal(subprotocol="chat").status, 400)

    def test_no_upgrade_is_426(self):
        status, headers, body = self.collector.http("/v1/stream")
        self.assertEqual((status, body["error"]["code"]), (426, "upgrade-required"))
        self.assertEqual(headers["Upgrade"], "websocket")

    def test_deflate_extension_is_not_accepted(self):
        client = self.collector.connect(
            headers=["Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"])
        self.assertNotIn("sec-websocket-extensions", client.headers)
        self.assertEqual(client.headers["sec-websocket-protocol"], "callstats.v1")
        client.close()


class Hello(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.collector = wire.Collector()
        cls.addClassCleanup(cls.collector.finish)

    def test_welcome_names_time_and_limits(self):
        welcome = self.collector.connect().hello("welcome-1")
        self.assertEqual(welcome["protocol"], 1)
        self.assertEqual(welcome["session"], "welcome-1")
        self.assertEqual(welcome["stored"], 0)
        self.assertLess(abs(welcome["time"] - wire.now_ms()), 10000)
        self.assertEqual(welcome["limits"], {
            "frame": 65536, "record": 1048576, "slots": 64, "slotBytes": 524288})
        self.assertEqual(welcome["config"], {})

    def test_how_far_a_clock_is_behind_is_logged_where_hello_tells(self):
        self.collector.connect().hello("clock-1", time=wire.now_ms() - 3600000)
        self.collector.connect().hello("clock-2")
        self.collector.connect().hello("clock-3", time="noon")
        lines = re.findall("event=client-connected.*session=clock.*", self.collector.read_log())
        behind = [re.search("clock-behind=(.*)", line) for line in lines]
        self.assertAlmostEqual(float(behind[0][1]), 3600, delta=wire.DEADLINE)
        self.assertEqual(behind[1:], [None, None])

    def test_wrong_hellos_are_closed_with_4000(self):
        good = {"type": "hello", "protocol": 1, "session": "s", "acked": 0}
        cases = [
            {"protocol": 2}, {"protocol": "1"}, {"protocol": None}, {"session": ""},
            {"session": "a" * 65}, {"session": "a b"}, {"session": "ä"}, {"session": 1},
            {"session": None}, {"type": "records"}, {"type": "bye"}, {"type": "token"},
            {"type": "nothing-we-know"},
        ]
        for case in cases:
            with self.subTest(case=case):
                client = self.collector.connect()
                client.send_json({**good, **case})
                self.assertEqual(client.wait_close().code, 4000)

    def test_second_hello_is_closed_with_4000(self):
        client = self.collector.connect()
        client.hello("second")
        client.send_json({"type": "hello", "protocol": 1, "session": "second", "acked": 0})
        self.assertEqual(client.wait_close().code, 4000)

    def test_newer_connection_replaces_the_older(self):
        first = self.collector.connect()
        first.hello("twice")
        first.store(wire.report())
        second = self.collector.connect()
        self.assertEqual(second.hello("twice")["stored"], 1)
        self.assertEqual(first.wait_close().code, 4004)
        second.store(wire.report())

    def test_same_session_of_another_user_is_another(self):
        alice = self.collector.connect(user="alice")
        bob = self.collector.connect(user="bob")
        alice.hello("shared")
        alice.store(wire.report("f-shared"))
        self.assertEqual(bob.hello("shared")["stored"], 0)
        alice.store(wire.report("f-shared"))
        bob.store(wire.report("f-shared"))


class Records(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.collector = wire.Collector()
        cls.addClassCleanup(cls.collector.finish)

    def setUp(self):
        self.conference = self.id().rsplit(".", 1)[1]

    def open(self, session=None):
        client = self.collector.connect()
        client.hello(session or self.conference)
        return client

    def known(self):
        return self.collector.get("apps", wire.APP, "conferences", self.conference)

    def test_stored_records_are_acked_and_readable_at_once(self):
        self.open().store(*wire.call(1700000000000, self.conference, self.conference))
        known = self.known()
        self.assertEqual(known["fabrics"][0]["setupDelay"], 100)
        self.assertEqual(known["fabrics"][0]["reports"], 3)

    def test_records_of_another_user_name_are_the_token_s(self):
        record = wire.event("userJoined", self.conference)
        self.open().store({**record, "user": "mallory"})
        self.assertEqual([p["user"] for p in self.known()["participants"]], ["alice"])

    def test_compressed_and_plain_frames_may_alternate(self):
        client = self.open()
        records = wire.call(1700000000000, self.conference, self.conference)
        for number, record in enumerate(records, 1):
            message = {"type": "records", "first": number, "records": [record]}
            (client.send_compressed if number % 2 else client.send_json)(message)
        client.wait_ack(len(records))
        self.assertEqual(self.known()["fabrics"][0]["reports"], 3)

    def test_replay_after_reconnect_doubles_nothing(self):
        records = wire.call(1700000000000, self.conference, self.conference)
        client = self.open()
        client.store(*records[:5])
        client.close()
        again = self.collector.connect()
        self.assertEqual(again.hello(self.conference)["stored"], 5)
        again.wait_ack(again.send_records(records, first=1))
        again.wait_ack(again.send_records(records, first=1))
        known = self.known()
        self.assertEqual(len(known["events"]), 5)
        self.assertEqual(known["fabrics"][0]["reports"], 3)
        reports = self.collector.get("apps", wire.APP, "fabrics", self.conference, "reports")
        self.assertEqual(len(reports["reports"]), 3)

    def test_duplicate_is_acked_again(self):
        client = self.open()
        client.store(wire.report(conference=self.conference))
        client.wait_ack(client.send_records([wire.report(conference=self.conference)], first=1))

    def test_gap_is_closed_with_4000(self):
        client = self.open()
        client.store(wire.report(conference=self.conference))
        client.send_records([wire.report(conference=self.conference)], first=3)
        closed = client.wait_close()
        self.assertEqual(closed.code, 4000)
        self.assertIn("record 3 came where 2 was due", closed.reason)

    def test_sequence_past_63_bits_is_closed_with_4000(self):
        client = self.open()
        client.send_json({"type": "records", "first": str(2 ** 63), "records": [wire.report()]})
        self.assertEqual(client.wait_close().code, 4000)

    def test_records_right_behind_hello_are_closed_with_4000(self):
        """The server's stored number must be known before anything is sent."""
        client = self.collector.connect()
        hello = {"type": "hello", "protocol": 1, "session": "hasty", "acked": 0}
        records = {"type": "records", "first": 1, "records": [wire.report()]}
        client.send(b"".join(wire.frame(wire.json.dumps(m).encode()) for m in (hello, records)))
        self.assertEqual(client.wait_close().code, 4000)

    def test_large_record_in_parts(self):
        client = self.open()
        record = wire.event("customEvent", self.conference, text="x" * 400000)
        text = wire.json.dumps(record)
        pieces = [text[i:i + 20000] for i in range(0, len(text), 20000)]
        for index, piece in enumerate(pieces):
            client.send_json({"type": "part", "sequence": 1, "index": index,
                              "last": index == len(pieces) - 1, "text": piece})
        client.wait_ack(1)
        self.assertEqual(self.known()["events"][0]["data"]["text"], "x" * 400000)

    def test_unknown_records_and_messages_are_no_error(self):
        client = self.open()
        client.send_json({"type": "keyframe-please", "whatever": [1]})
        client.store({"type": "from-the-future", "time": 1, "x": {"y": 1}},
                     {**wire.event("userJoined", self.conference), "colour": "blue"},
                     {"type": "event", "time": 1, "name": "no-conference", "data": {}})
        self.assertEqual([e["name"] for e in self.known()["events"]], ["userJoined"])

    def test_bye_is_answered_after_the_commit(self):
        client = self.open()
        last = client.send_records([wire.report(conference=self.conference)] * 3)
        client.send_json({"type": "bye"})
        client.wait_ack(last)
        closed = client.wait_close()
        self.assertEqual((closed.code, closed.reason), (1000, "bye"))

    def test_client_that_just_goes_away_loses_nothing_it_sent(self):
        client = self.open()
        last = client.send_records([wire.report(conference=self.conference)] * 20)
        client.send(wire.frame(b"\x03\xe8", wire.CLOSE))
        client.wait_close()
        self.assertEqual(self.open().next, last + 1)

    def test_many_records_in_flight_are_all_stored(self):
        """More than a client's bound of waiting records: it is paused, not refused."""
        client = self.open()
        stats = {f"field{i}": "x" * 50 for i in range(100)}
        count = 0
        for _ in range(80):
            batch = [wire.report(self.conference, self.conference, **stats)] * 8
            count += len(batch)
            client.send_records(batch)
        client.wait_ack(count)
        self.assertEqual(self.known()["fabrics"][0]["reports"], count)


class Tokens(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.collector = wire.Collector()
        cls.addClassCleanup(cls.collector.finish)

    def open(self, session, **identity):
        client = self.collector.connect(**identity)
        client.hello(session)
        return client

    def test_expiry_closes_with_4001_and_renewal_prevents_it(self):
        # Tokens that are 58 s into the skew of 60 s.
        lost = self.open("lost", lifetime=-58)
        renewed = self.open("renewed", lifetime=-58)
        renewed.send_json({"type": "token", "token": wire.token(self.collector.audience)})
        self.assertEqual(lost.wait_close().code, 4001)
        renewed.store(wire.report())

    def test_renewal_for_another_is_closed_with_4001(self):
        audience = self.collector.audience
        for name, bearer in {"user": wire.token(audience, user="bob"), "junk": "junk",
                             "signature": wire.token(audience, secret="wrong")}.items():
            with self.subTest(name):
                client = self.open("renew-" + name)
                client.send_json({"type": "token", "token": bearer})
                self.assertEqual(client.wait_close().code, 4001)

    def test_renewal_without_a_token_is_closed_with_4001(self):
        client = self.open("renew-nothing")
        client.send_json({"type": "token"})
        self.assertEqual(client.wait_close().code, 4001)


class Logs(unittest.TestCase):
    def test_each_connection_has_a_line_with_its_end_and_no_secret(self):
        with wire.Collector() as collector:
            client = collector.connect(user="eve\nlevel=info event=forged")
            client.hello("logged")
            client.send_text("garbage")
            client.wait_close()
            collector.stop()
            log = collector.read_log()
        lines = [line for line in log.splitlines() if "event=client-closed" in line]
        self.assertEqual(len(lines), 1, log)
        self.assertIn("session=logged code=4000", lines[0])
        self.assertNotIn(wire.SECRET, log)
        self.assertNotIn("\nlevel=", log)


class Speed(unittest.TestCase):
    def test_lone_record_is_acked_within_the_commit_window(self):
        """Idle, a commit is made at once: no 50 ms of waiting for company."""
        with wire.Collector() as collector:
            client = collector.connect()
            client.hello()
            client.store(wire.report())
            times = []
            for _ in range(20):
                start = time.monotonic()
                client.store(wire.report())
                times.append(time.monotonic() - start)
        limit = 1.0 if wire.SANITIZED else 0.2
        self.assertLess(sorted(times)[10], limit, times)


if __name__ == "__main__":
    unittest.main()
