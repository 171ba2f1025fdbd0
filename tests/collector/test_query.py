# SPDX-License-Identifier: LGPL-2.1-or-later
"""The query API: what comes back for what was stored."""
import json
import unittest

import wire

START = 1700000000000


class Query(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.collector = wire.Collector()
        cls.addClassCleanup(cls.collector.finish)

    def store(self, *records, user="alice", session=None):
        client = self.collector.connect(user=user)
        client.hello(session or self.id().rsplit(".", 1)[1][:60])
        client.store(*records)
        client.close()

    def conference(self, name):
        return self.collector.get("apps", wire.APP, "conferences", name)

    def test_apps_are_listed(self):
        self.assertEqual(self.collector.get("apps"), {"apps": [wire.APP], "names": {}})

    def test_detail_of_a_call(self):
        self.store(*wire.call(START, "detail", "detail-a"))
        detail = self.conference("detail")
        self.assertRegex(detail.pop("occurrence"), r"^\d+$")
        self.assertTrue(detail.pop("live"))
        self.assertEqual(detail, {
            "app": wire.APP, "conference": "detail", "start": START, "lastSeen": START + 3600,
            "ended": True,
            "participants": [{
                "user": "alice", "userName": None, "joined": START, "left": START + 3600,
                "endpointInfo": {"type": "test"}}],
            "fabrics": [{
                "fabric": "detail-a", "user": "alice", "remoteUser": "bob",
                "usage": "multiplex", "added": START + 10, "setupDelay": 100,
                "iceGatheringDelay": 20, "iceConnectivityDelay": 60.5, "state": "terminated",
                "failed": None, "dropped": None, "terminated": START + 3500, "reports": 3,
                "firstReport": START + 1000, "lastReport": START + 3000}],
            "events": [
                {"time": START, "user": "alice", "fabric": None, "name": "userJoined",
                 "data": {"endpointInfo": {"type": "test"}}},
                {"time": START + 10, "user": "alice", "fabric": "detail-a",
                 "name": "addNewFabric", "data": {"fabricUsage": "multiplex"}},
                {"time": START + 110, "user": "alice", "fabric": "detail-a",
                 "name": "fabricSetup", "data": {"delay": 100, "iceGatheringDelay": 20,
                                                 "iceConnectivityDelay": 60.5}},
                {"time": START + 3500, "user": "alice", "fabric": "detail-a",
                 "name": "fabricTerminated", "data": {}},
                {"time": START + 3600, "user": "alice", "fabric": None, "name": "userLeft",
                 "data": {}}],
            "truncated": False})

    def test_what_nobody_reported_is_null_and_never_zero(self):
        self.store(wire.report("null-f", "null"), wire.event("fabricSetup", "null", "null-f"))
        known = self.conference("null")
        self.assertIsNone(known["participants"][0]["joined"])
        fabric = known["fabrics"][0]
        for name in ("setupDelay", "iceGatheringDelay", "iceConnectivityDelay", "added",
                     "usage", "remoteUser", "terminated", "failed"):
            self.assertIsNone(fabric[name], name)
        self.store(wire.event("addNewFabric", "null", "null-g"), session="null-2")
        other = next(f for f in self.conference("null")["fabrics"] if f["fabric"] == "null-g")
        self.assertIsNone(other["firstReport"])

    def test_a_fabric_has_the_usage_that_was_told_last(self):
        self.store(wire.event("addNewFabric", "usage", "usage-f"),
                   wire.event("fabricUsageEvent", "usage", "usage-f", fabricUsage="audio"),
                   wire.event("fabricUsageEvent", "usage", "usage-f", fabricUsage="multiplex"),
                   wire.event("fabricSetup", "usage", "usage-f"))
        self.assertEqual(self.conference("usage")["fabrics"][0]["usage"], "multiplex")

    def test_two_participants_are_one_conference(self):
        self.store(*wire.call(START, "pair", "pair-a"))
        self.store(*wire.call(START + 5, "pair", "pair-b", remote="alice"), user="bob")
        known = self.conference("pair")
        self.assertEqual({p["user"] for p in known["participants"]}, {"alice", "bob"})
        self.assertEqual({f["fabric"] for f in known["fabrics"]}, {"pair-a", "pair-b"})
        row = next(c for c in self.collector.get("apps", wire.APP, "conferences", limit=500)
                   ["conferences"] if c["conference"] == "pair")
        self.assertEqual(row.pop("occurrence"), known["occurrence"])
        self.assertEqual(row, {
            "conference": "pair", "start": START, "lastSeen": START + 3605, "ended": True,
            "participants": 2, "fabrics": 2, "fabricSetup": 2, "failed": 0, "dropped": 0,
            "reports": 6})

    def test_conference_is_live_until_all_have_left(self):
        self.store(*wire.call(START, "live", "live-a")[:4])
        self.assertFalse(self.conference("live")["ended"])
        self.store(wire.event("userLeft", "live"), session="live-2")
        self.assertTrue(self.conference("live")["ended"])
        self.store(wire.event("userJoined", "live", at=wire.now_ms() + 5), session="live-3")
        self.assertFalse(self.conference("live")["ended"])

    def test_user_alive_is_a_sign_of_life_and_no_row(self):
        self.store(wire.event("userJoined", "alive", at=START),
                   wire.event("userAlive", "alive", at=START + 10000))
        known = self.conference("alive")
        self.assertEqual(known["lastSeen"], START + 10000)
        self.assertEqual([e["name"] for e in known["events"]], ["userJoined"])

    def test_failures_and_drops_are_counted(self):
        self.store(wire.event("addNewFabric", "bad", "bad-a", START),
                   wire.event("fabricSetupFailed", "bad", "bad-a", START + 1,
                              reason="IceConnectionFailure"),
                   wire.event("fabricTerminated", "bad", "bad-a", START + 2),
                   wire.event("addNewFabric", "bad", "bad-b", START),
                   wire.event("fabricSetup", "bad", "bad-b", START + 1, delay=1),
                   wire.event("fabricDropped", "bad", "bad-b", START + 2))
        row = next(c for c in self.collector.get("apps", wire.APP, "conferences", limit=500)
                   ["conferences"] if c["conference"] == "bad")
        self.assertEqual((row["fabricSetup"], row["failed"], row["dropped"]), (1, 1, 1))
        first, second = self.conference("bad")["fabrics"]
        self.assertEqual((first["state"], first["failed"]), ("terminated", START + 1))
        self.assertEqual((second["state"], second["dropped"]), ("dropped", START + 2))

    def test_late_events_do_not_turn_the_state_back(self):
        self.store(wire.event("fabricTerminated", "late", "late-a", START + 100),
                   wire.event("fabricSetup", "late", "late-a", START, delay=5))
        fabric = self.conference("late")["fabrics"][0]
        self.assertEqual((fabric["state"], fabric["setupDelay"]), ("terminated", 5))

    def test_ids_may_hold_any_character(self):
        for name in ("a/b", "ä ö/ü", "100%", "?x=1#y", "...", "日本", "a\nb", "'; DROP TABLE--"):
            with self.subTest(name):
                fabric = "fabric of " + name
                self.store(wire.report(fabric, name), session="s-" + name.encode().hex())
                self.assertEqual(self.conference(name)["conference"], name)
                known = self.collector.get("apps", wire.APP, "fabrics", fabric, "reports")
                self.assertEqual((known["fabric"], known["conference"]), (fabric, name))

    def test_stats_come_back_as_they_were_sent(self):
        stats = {"big": "18446744073709551615", "tiny": -0.001, "yes": True, "text": "ä\"\\\n",
                 "list": [1, "two", None], "object": {"a": {"b": 1.5}}, "int": 2 ** 53}
        self.store(wire.report("lossless", "lossless", **stats))
        got = self.collector.get("apps", wire.APP, "fabrics", "lossless", "reports")
        self.assertEqual(got["reports"][0]["stats"]["T1"],
                         {"type": "transport", "bytesSent": 1, **stats})

    def test_unknown_ids_are_404(self):
        for path in ("/api/v1/apps/other/conferences", "/api/v1/apps/other/conferences/x",
                     "/api/v1/apps/demo/conferences/none",
                     "/api/v1/apps/demo/fabrics/none/reports"):
            status, _, body = self.collector.http(path)
            self.assertEqual(status, 404, path)
            self.assertIn("message", body["error"])

    def test_bad_parameters_are_400(self):
        self.store(wire.report("param", "param"))
        base = "/api/v1/apps/demo/"
        for query in ("conferences?limit=0", "conferences?limit=501", "conferences?limit=x",
                      "conferences?limit=-1", "conferences?limit=", "conferences?before=x",
                      "conferences?before=1", "conferences?before=1.2.3",
                      "fabrics/param/reports?from=yesterday", "fabrics/param/reports?to=1.5",
                      "fabrics/param/reports?limit=10001", "fabrics/param/reports?after=zz",
                      "fabrics/param/reports?from=99999999999999999999"):
            status, _, body = self.collector.http(base + query)
            self.assertEqual((status, body["error"]["code"]), (400, "bad-parameter"), query)


class Pages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.collector = wire.Collector()
        cls.addClassCleanup(cls.collector.finish)
        client = cls.collector.connect()
        client.hello()
        # Two conferences share a start, two reports a time.
        for number in range(25):
            client.store(wire.event("userJoined", f"page-{number}", at=START + number // 2))
        client.store(*[wire.report("paged", "paged", START + number // 2 * 1000, number=number)
                       for number in range(25)])

    def test_conferences_newest_first_page_by_page(self):
        names, cursor = [], None
        while True:
            params = {"limit": 7, **({"before": cursor} if cursor else {})}
            page = self.collector.get("apps", wire.APP, "conferences", **params)
            self.assertLessEqual(len(page["conferences"]), 7)
            names += [(c["start"], c["conference"]) for c in page["conferences"]]
            cursor = page["next"]
            if cursor is None:
                break
        self.assertEqual(len(set(names)), 26)
        self.assertEqual([start for start, _ in names],
                         sorted((start for start, _ in names), reverse=True))

    def reports(self, **params):
        return self.collector.get("apps", wire.APP, "fabrics", "paged", "reports", **params)

    def numbers(self, answer):
        return [r["stats"]["T1"]["number"] for r in answer["reports"]]

    def test_reports_oldest_first_page_by_page(self):
        numbers, cursor = [], None
        while True:
            page = self.reports(limit=7, **({"after": cursor} if cursor else {}))
            numbers += self.numbers(page)
            cursor = page["next"]
            if cursor is None:
                break
        self.assertEqual(numbers, list(range(25)))

    def test_from_is_inclusive_and_to_exclusive(self):
        self.assertEqual(
            self.numbers(self.reports(from_=START + 2000, to=START + 4000)), [4, 5, 6, 7])
        self.assertEqual(self.numbers(self.reports(from_=START + 2001, to=START + 3000)), [])
        self.assertEqual(self.reports(to=START)["reports"], [])

    def test_last_page_has_no_next(self):
        self.assertIsNone(self.reports(limit=25)["next"])
        self.assertIsNotNone(self.reports(limit=24)["next"])

    def test_long_list_is_streamed_in_bounded_memory(self):
        client = self.collector.connect()
        client.hello("long")
        stats = {f"field{i}": "x" * 100 for i in range(45)}
        for batch in range(200):
            client.send_records([wire.report("long", "long", START + batch * 10 + i, **stats)
                                 for i in range(10)])
        client.wait_ack(2000)
        path = "/api/v1/apps/demo/fabrics/long/reports?limit=10000"
        self.collector.http(path)
        before = self.collector.rss_kib()
        status, headers, body = self.collector.http(path)
        self.assertEqual(status, 200)
        self.assertEqual(headers["Transfer-Encoding"], "chunked")
        self.assertEqual([r["time"] for r in body["reports"]], [START + i for i in range(2000)])
        self.assertGreater(len(json.dumps(body)), 9000000)
        if not wire.SANITIZED:
            self.assertLess(self.collector.rss_kib() - before, 4096)

    def test_reader_that_goes_away_harms_nobody(self):
        path = "/api/v1/apps/demo/fabrics/paged/reports"
        for _ in range(20):
            reader = wire.Socket(self.collector)
            reader.send(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            reader.close()
        self.assertEqual(len(self.reports()["reports"]), 25)


if __name__ == "__main__":
    unittest.main()
