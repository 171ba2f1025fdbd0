# SPDX-License-Identifier: LGPL-2.1-or-later
"""Overviews: counts and distributions of a small store that is known, filters, steps, and what
is asked wrongly."""
import contextlib
import os
import sqlite3
import unittest

import wire

START = 1699999200000  # a whole hour
MINUTE = 60000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
LENGTH = 20000  # of a call


def fabric(conference, name, at, *events):
    """events: name, ms after at, data."""
    return [wire.event("addNewFabric", conference, name, at),
            *[wire.event(event, conference, name, at + after, **data)
              for event, after, data in events]]


def set_up(delay, **more):
    return "fabricSetup", delay, {"delay": delay, **more}


class Overviews(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        folder = wire.Collector.make_folder()
        keys = os.path.join(folder, "keys")
        wire.write_private(keys, "[other]\nsecret=other secret of others\n")
        cls.collector = wire.Collector(folder, options=["--keys", keys])
        cls.addClassCleanup(cls.collector.finish)
        good, failing, dropping, late = (START + m * MINUTE for m in (10, 20, 125, 150))
        cls.attend("alice", "good", good, "berlin", fabric(
            "good", "f1", good, set_up(100.5, iceGatheringDelay=10, iceConnectivityDelay=20)))
        cls.attend("bob", "good", good + 1, None, fabric("good", "f2", good, set_up(300)))
        cls.attend("alice", "failing", failing, "berlin", fabric(
            "failing", "f3", failing,
            ("fabricSetupFailed", 5, {"reason": "NegotiationFailure"}),
            ("fabricSetupFailed", 6, {"reason": "TransportFailure"})))
        cls.attend("carol", "dropping", dropping, "paris", fabric(
            "dropping", "f4", dropping, set_up(500), ("iceDisruptionStart", 600, {}),
            ("fabricDropped", 700, {})))
        cls.attend("dave", "late", late, None, [
            *fabric("late", "f5", late, ("iceFailed", 5, {})),
            *fabric("late", "f6", late, ("fabricSetupFailed", 7, {}), set_up(900)),
            *fabric("late", "f7", late, ("fabricSetupFailed", 7, {}))])
        for conference in "good", "failing", "dropping", "late":
            cls.collector.summary(conference, lambda summary: summary["endTime"] is not None)
        cls.score("good", 4.25)
        cls.score("dropping", 1.5)

    @classmethod
    def attend(cls, user, conference, at, site, records):
        client = cls.collector.connect(user=user)
        client.hello()
        joined = wire.event("userJoined", conference, at=at)
        if site:
            joined["data"]["siteID"] = site
        client.store(joined, *records, wire.event("userLeft", conference, at=at + LENGTH))
        client.close()

    @classmethod
    def score(cls, conference, score):
        """What the reports would have come to."""
        with contextlib.closing(sqlite3.connect(cls.collector.store, wire.DEADLINE)) as store:
            store.execute("UPDATE conferences SET score = ? WHERE name = ?", (score, conference))
            store.commit()

    def get(self, app=wire.APP, **params):
        return self.collector.get("apps", app, "overview", **params)

    def totals(self, **params):
        return self.get(**{"from_": START, "to": START + 4 * HOUR, **params})["totals"]

    def test_numbers_over_time(self):
        overview = self.get(from_=START, to=START + 4 * HOUR, step=HOUR)
        self.assertEqual((overview["from"], overview["to"], overview["step"]),
                         (START, START + 4 * HOUR, HOUR))
        self.assertEqual(overview["time"], [START + n * HOUR for n in range(4)])
        self.assertEqual(
            {name: overview[name] for name in (
                "conferences", "participants", "fabrics", "setUp", "setupFailed", "dropped",
                "failedConferences", "droppedConferences", "setupDelay", "score")},
            {"conferences": [2, 0, 2, 0], "participants": [3, 0, 2, 0], "fabrics": [3, 0, 4, 0],
             "setUp": [2, 0, 2, 0], "setupFailed": [1, 0, 2, 0], "dropped": [0, 0, 1, 0],
             "failedConferences": [1, 0, 1, 0], "droppedConferences": [0, 0, 1, 0],
             "setupDelay": {"p50": [100.5, None, 500, None], "p95": [300, None, 900, None]},
             "score": {"p5": [4.25, None, 1.5, None], "p50": [4.25, None, 1.5, None]}})
        self.assertFalse(overview["truncated"])

    def test_numbers_in_all(self):
        self.assertEqual(self.totals(), {
            "conferences": 4, "participants": 5, "fabrics": 7, "setUp": 4, "setupFailed": 3,
            "dropped": 1, "failedConferences": 2, "droppedConferences": 1, "ongoing": 0,
            "setupFailureRate": 0.428571, "disruptedConferences": 1, "oneWayConferences": 0,
            "failuresByReason": {"IceConnectionFailure": 1, "NegotiationFailure": 1},
            "setupDelay": {"count": 4, "min": 100.5, "p5": 100.5, "p50": 300, "p95": 900,
                           "max": 900, "mean": 450.125},
            "iceGatheringDelay": dict.fromkeys(("min", "p5", "p50", "p95", "max", "mean"), 10)
            | {"count": 1},
            "iceConnectivityDelay": dict.fromkeys(("min", "p5", "p50", "p95", "max", "mean"), 20)
            | {"count": 1},
            "score": {"count": 2, "min": 1.5, "p5": 1.5, "p50": 1.5, "p95": 4.25, "max": 4.25,
                      "mean": 2.88},
            "scoreBands": [{"from": 1, "to": 2, "conferences": 1},
                           {"from": 2, "to": 3, "conferences": 0},
                           {"from": 3, "to": 4, "conferences": 0},
                           {"from": 4, "to": 5, "conferences": 1}],
            "duration": {"count": 4, "min": 20000, "p5": 20000, "p50": 20000, "p95": 20001,
                         "max": 20001, "mean": 20000},
            "sites": [
                {"site": "berlin", "conferences": 2, "setUp": 2, "setupFailed": 1,
                 "setupFailureRate": 0.333333, "dropped": 0},
                {"site": "paris", "conferences": 1, "setUp": 1, "setupFailed": 0,
                 "setupFailureRate": 0, "dropped": 1}]})

    def test_filters_are_those_of_the_list(self):
        for params, conferences in (
                ({"user": "alice"}, {"good", "failing"}), ({"user": "nobody"}, set()),
                ({"site": "paris"}, {"dropping"}), ({"q": "dav"}, {"late"}),
                ({"q": "la"}, {"late"}), ({"failed": "true"}, {"failing", "late"}),
                ({"dropped": "true"}, {"dropping"}), ({"lowScore": 3}, {"dropping"}),
                ({"failed": "true", "site": "berlin"}, {"failing"}),
                ({"from_": START + 20 * MINUTE, "to": START + 125 * MINUTE}, {"failing"})):
            with self.subTest(**params):
                bounds = {"from_": START, "to": START + 4 * HOUR, **params}
                rows = self.collector.get("apps", wire.APP, "conferences", **bounds)["conferences"]
                self.assertEqual({row["conference"] for row in rows}, conferences)
                totals = self.totals(**params)
                self.assertEqual(totals["conferences"], len(conferences))
                self.assertEqual(totals["fabrics"], sum(row["fabrics"] for row in rows))

    def test_nothing_is_null_and_not_zero(self):
        overview = self.get(from_=START + DAY, to=START + DAY + HOUR, step=30 * MINUTE)
        self.assertEqual((overview["time"], overview["conferences"]),
                         ([START + DAY, START + DAY + 30 * MINUTE], [0, 0]))
        self.assertEqual(overview["setupDelay"], {"p50": [None, None], "p95": [None, None]})
        totals = overview["totals"]
        for name in ("setupFailureRate", "disruptedConferences", "oneWayConferences", "setupDelay",
                     "score", "duration"):
            self.assertIsNone(totals[name], name)
        self.assertEqual((totals["failuresByReason"], totals["sites"]), ({}, []))
        self.assertEqual(self.get(from_=START + HOUR, to=START)["time"], [])

    def test_steps_are_round_and_aligned(self):
        for length, step in ((HOUR, MINUTE), (DAY, 15 * MINUTE), (7 * DAY, 6 * HOUR),
                             (30 * DAY, DAY), (365 * DAY, 7 * DAY), (3650 * DAY, 56 * DAY)):
            overview = self.get(from_=START + 1, to=START + 1 + length)
            self.assertEqual(overview["step"], step)
            self.assertTrue(all(time % step == 0 for time in overview["time"]))
            self.assertLessEqual(overview["time"][0], START + 1)
            self.assertLess(overview["time"][-1], START + 1 + length)
            self.assertGreaterEqual(overview["time"][-1] + step, START + 1 + length)
        # A step that is partly outside counts nothing of there.
        overview = self.get(from_=START + 15 * MINUTE, to=START + 126 * MINUTE, step=HOUR)
        self.assertEqual((overview["time"][0], overview["conferences"]), (START, [1, 0, 1]))

    def test_without_bounds_it_goes_from_the_first_conference_to_now(self):
        before = wire.now_ms()
        overview = self.get(q="good")
        self.assertEqual(overview["from"], START + 10 * MINUTE)
        self.assertTrue(before <= overview["to"] <= wire.now_ms())
        self.assertEqual(overview["totals"]["conferences"], 1)

    def test_what_goes_on_counts(self):
        client = self.collector.connect(user="erin")
        client.hello()
        now = wire.now_ms()
        client.store(wire.event("userJoined", "ongoing", at=now),
                     *fabric("ongoing", "f8", now, set_up(50)))
        totals = self.get(from_=now)["totals"]
        self.assertEqual((totals["conferences"], totals["ongoing"], totals["setUp"]), (1, 1, 1))
        self.assertEqual(totals["setupDelay"]["max"], 50)
        self.assertIsNone(totals["duration"])
        client.store(wire.event("userLeft", "ongoing", at=now + 1000))
        self.collector.summary("ongoing", lambda summary: summary["endTime"] is not None)
        totals = self.get(from_=now)["totals"]
        self.assertEqual((totals["ongoing"], totals["duration"]["max"]), (0, 1000))

    def test_other_applications_are_not_in_it(self):
        client = self.collector.connect(user="alice", app="other", secret="other secret of others")
        client.hello()
        client.store(wire.event("userJoined", "elsewhere", at=START + MINUTE))
        self.assertEqual(self.totals()["conferences"], 4)
        self.assertEqual(self.get("other", from_=START)["totals"]["conferences"], 1)

    def test_reasons_are_data(self):
        strange = '__proto__"\u202e<img onerror=1>'
        client = self.collector.connect(user="mallory")
        client.hello()
        at = START + 20 * DAY
        client.store(wire.event("userJoined", "strange", at=at, siteID=strange), *fabric(
            "strange", "f9", at, ("fabricSetupFailed", 1, {"reason": strange})), *fabric(
            "strange", "f10", at, ("fabricSetupFailed", 1, {"reason": "x" * 5000})), *fabric(
            "strange", "f11", at, ("fabricSetupFailed", 1, {"reason": 7})))
        totals = self.get(from_=at, to=at + 1)["totals"]
        self.assertEqual(totals["failuresByReason"], {strange: 1, "x" * 256: 1})
        self.assertEqual((totals["setupFailed"], totals["sites"][0]["site"]), (3, strange))

    def test_bad_parameters_are_400(self):
        for query in ("step=0", "step=raw", "step=1.5", "step=-1", "step=99999999999",
                      f"step=1&from={START}&to={START + 1001}", "from=x", "failed=1",
                      "lowScore=0", "q=", "user="):
            status, _, body = self.collector.http(f"/api/v1/apps/demo/overview?{query}")
            self.assertEqual((status, body["error"]["code"]), (400, "bad-parameter"), query)
        self.assertEqual(len(self.get(from_=START, to=START + 1000, step=1)["time"]), 1000)
        for extreme in (-9223372036854775, 9223372036854775):
            self.assertLessEqual(len(self.get(from_=extreme)["time"]), 100)
            self.assertLessEqual(len(self.get(to=extreme)["time"]), 100)

    def test_unknown_applications_are_404(self):
        self.assertEqual(self.collector.http("/api/v1/apps/none/overview")[0], 404)


if __name__ == "__main__":
    unittest.main()
