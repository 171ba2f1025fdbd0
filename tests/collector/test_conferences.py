# SPDX-License-Identifier: LGPL-2.1-or-later
"""Calls of one conference id, when they end, and what they are summed up to."""
import json
import os
import subprocess
import unittest

import wire

START = 1700000000000
MINUTE = 60 * 1000


def stream(direction, ssrc, at, n, packets=50):
    """A stream of 16 kbit/s after n seconds."""
    way = "Sent" if direction == "outbound" else "Received"
    stats = {"type": f"{direction}-rtp", "id": f"{direction}{ssrc}", "timestamp": at, "ssrc": ssrc,
             "kind": "audio", "mid": "audio0", f"packets{way}": n * packets,
             f"bytes{way}": n * 2000 * (packets > 0)}
    if direction == "inbound":
        stats.update(packetsLost=0, jitter=0.004)
    return stats


def media(conference, fabric, start, seconds, sends, receives, packets=50):
    """Reports of a fabric that sends one stream and receives another one."""
    for n in range(1, seconds + 1):
        at = start + 1000 * n
        yield {"type": "report", "time": at, "conference": conference, "fabric": fabric,
               "stats": {s["id"]: s for s in (stream("outbound", sends, at, n),
                                              stream("inbound", receives, at, n, packets))}}


def side(start, conference, fabric, remote, sends, receives, seconds=20, packets=50):
    """A call as one of two sees it."""
    return [
        wire.event("userJoined", conference, at=start, siteID="berlin"),
        wire.event("addNewFabric", conference, fabric, start + 10, remote),
        wire.event("fabricSetup", conference, fabric, start + 110, remote, delay=100),
        *media(conference, fabric, start, seconds, sends, receives, packets),
        wire.event("fabricTerminated", conference, fabric, start + 1000 * seconds + 100, remote,
                   cause="application"),
        wire.event("userLeft", conference, at=start + 1000 * seconds + 200),
    ]


class Base(unittest.TestCase):
    options = ()

    def setUp(self):
        self.collector = wire.Collector()
        self.addCleanup(self.collector.finish)
        self.sessions = 0

    def store(self, *records, user="alice", **hello):
        """In a session of its own, whose clock is that of the records: they are late."""
        self.sessions += 1
        client = self.collector.connect(user=user)
        client.hello(f"s{self.sessions}", **{"time": wire.now_ms(), **hello})
        client.store(*records)
        client.close()

    def occurrences(self, conference):
        """Rows of the list, oldest first."""
        rows = self.collector.get("apps", wire.APP, "conferences", limit=500)["conferences"]
        return [row for row in reversed(rows) if row["conference"] == conference]

    def conference(self, conference, **params):
        return self.collector.get("apps", wire.APP, "conferences", conference, **params)


class Occurrences(Base):
    def test_an_id_used_again_is_another_call(self):
        day = 24 * 60 * MINUTE
        for n in range(3):
            self.store(*wire.call(START + n * day, "daily", f"f{n}"))
        rows = self.occurrences("daily")
        self.assertEqual([row["start"] for row in rows], [START + n * day for n in range(3)])
        self.assertEqual([row["fabrics"] for row in rows], [1, 1, 1])
        self.assertEqual(len({row["occurrence"] for row in rows}), 3)
        self.assertEqual(self.conference("daily")["fabrics"][0]["fabric"], "f2")
        for n, row in enumerate(rows):
            known = self.conference("daily", occurrence=row["occurrence"])
            self.assertEqual([f["fabric"] for f in known["fabrics"]], [f"f{n}"])
            self.assertEqual({e["fabric"] for e in known["events"] if e["fabric"]}, {f"f{n}"})
            summary = self.collector.summary("daily", occurrence=row["occurrence"])
            self.assertEqual(summary["startTime"], START + n * day)

    def test_30_s_of_silence_part_two_calls(self):
        self.store(wire.event("userJoined", "near", at=START),
                   wire.event("userAlive", "near", at=START + 30000),
                   wire.event("userAlive", "near", at=START + 60000))
        self.store(wire.event("userJoined", "far", at=START),
                   wire.event("userAlive", "far", at=START + 30001))
        self.assertEqual(len(self.occurrences("near")), 1)
        self.assertEqual([row["start"] for row in self.occurrences("far")],
                         [START, START + 30001])

    def test_a_fabric_stays_in_its_call_however_long_it_was_silent(self):
        self.store(*wire.call(START, "sleep", "f")[:4],
                   wire.event("fabricTerminated", "sleep", "f", START + 10 * MINUTE))
        rows = self.occurrences("sleep")
        self.assertEqual([(row["start"], row["lastSeen"]) for row in rows],
                         [(START, START + 10 * MINUTE)])

    def test_leaving_late_begins_no_call(self):
        self.store(wire.event("userJoined", "leave", at=START),
                   wire.event("userLeft", "leave", at=START + 10 * MINUTE))
        rows = self.occurrences("leave")
        self.assertEqual(len(rows), 1)
        self.assertTrue(rows[0]["ended"])

    def test_leaving_late_joins_no_calls(self):
        """Others used the id meanwhile."""
        for n, user in enumerate(("alice", "bob", "carol")):
            self.store(*wire.call(START + 5 * MINUTE * n, "apart", user)[:4], user=user)
        before = self.occurrences("apart")
        self.store(wire.event("userLeft", "apart", at=START + 20 * MINUTE))
        rows = self.occurrences("apart")
        self.assertEqual([(row["participants"], row["fabrics"], row["lastSeen"]) for row in rows],
                         [(1, 1, row["lastSeen"]) for row in before])
        left = [self.conference("apart", occurrence=row["occurrence"])["participants"][0]["left"]
                for row in rows]
        self.assertEqual(left, [START + 20 * MINUTE, None, None])

    def test_who_joined_again_stays_whenever_the_leave_comes(self):
        self.store(wire.event("userJoined", "back", at=START),
                   wire.event("userJoined", "back", at=START + 20000))
        self.store(wire.event("userLeft", "back", at=START + 10000))
        self.assertIsNone(self.conference("back")["participants"][0]["left"])
        self.store(wire.event("userLeft", "back", at=START + 25000))
        self.store(wire.event("userLeft", "back", at=START + 15000))
        self.assertEqual(self.conference("back")["participants"][0]["left"], START + 25000)

    def test_what_a_later_setup_does_not_tell_is_still_known(self):
        self.store(wire.event("addNewFabric", "twice", "f", START, "bob"),
                   wire.event("fabricSetup", "twice", "f", START + 100, "bob", delay=100,
                              iceGatheringDelay=20, iceConnectivityDelay=30))
        self.store(wire.event("fabricSetup", "twice", "f", START + 200, "bob",
                              iceConnectivityDelay=40))
        fabric = self.conference("twice")["fabrics"][0]
        self.assertEqual([fabric[name] for name in (
            "setupDelay", "iceGatheringDelay", "iceConnectivityDelay")], [100, 20, 40])

    def test_late_records_find_their_call(self):
        day = 24 * 60 * MINUTE
        self.store(*wire.call(START, "late", "f0", reports=20))
        self.store(*wire.call(START + day, "late", "f1", reports=20))
        first = self.occurrences("late")[0]["occurrence"]
        self.collector.summary("late", lambda s: s["userCount"] == 1, occurrence=first)
        self.store(*wire.call(START + 3000, "late", "b0", remote="alice"), user="bob")
        rows = self.occurrences("late")
        self.assertEqual([(row["participants"], row["fabrics"]) for row in rows],
                         [(2, 2), (1, 1)])
        summary = self.collector.summary(
            "late", lambda s: s["userCount"] == 2, occurrence=first)
        self.assertEqual(summary["userIDList"], ["alice", "bob"])
        self.assertEqual(summary["occurrence"], first)

    def test_calls_that_late_records_join_are_one(self):
        """The begin and the end of a call come from two, the middle later from a third."""
        self.store(*wire.call(START, "join", "a", reports=10))
        self.store(*wire.call(START + 2 * MINUTE, "join", "b", reports=10), user="bob")
        self.assertEqual(len(self.occurrences("join")), 2)
        for row in self.occurrences("join"):
            self.collector.summary("join", occurrence=row["occurrence"])
        self.store(*wire.call(START + 5000, "join", "c", reports=120), user="carol")
        rows = self.occurrences("join")
        self.assertEqual([(row["participants"], row["fabrics"], row["reports"], row["start"])
                          for row in rows], [(3, 3, 140, START)])
        known = self.conference("join")
        self.assertEqual({p["user"] for p in known["participants"]}, {"alice", "bob", "carol"})
        summary = self.collector.summary("join", lambda s: s["fabricCount"] == 3)
        self.assertEqual(summary["userCount"], 3)
        self.assertEqual({f["connectionID"] for f in summary["fabricSummaries"]}, set("abc"))

    def test_who_goes_on_after_two_calls_were_joined_is_stored(self):
        """Connections that stay know rows that are there no more."""
        clients = {}
        for user, offset in (("alice", 0), ("bob", 2 * MINUTE)):
            client = clients[user] = self.collector.connect(user=user)
            client.hello(user)
            client.store(wire.event("userJoined", "stay", at=START + offset),
                         wire.report("f-" + user, "stay", START + offset))
        self.store(*[wire.report("bridge", "stay", START + 10000 * n) for n in range(13)],
                   user="carol")
        self.assertEqual(len(self.occurrences("stay")), 1)
        for user, offset in (("alice", 0), ("bob", 2 * MINUTE)):
            clients[user].store(wire.report("f-" + user, "stay", START + offset + 1000),
                                wire.report("g-" + user, "stay", START + offset + 2000))
        rows = self.occurrences("stay")
        self.assertEqual([(row["participants"], row["fabrics"], row["reports"]) for row in rows],
                         [(3, 5, 19)])

    def test_a_clock_that_is_wrong_parts_no_call(self):
        """Two are in a call at the same time; one's clock is ten minutes behind, and says so."""
        now = wire.now_ms()
        self.store(wire.event("userJoined", "clock", at=now), time=now)
        self.store(wire.event("userJoined", "clock", at=now - 10 * MINUTE),
                   user="bob", time=wire.now_ms() - 10 * MINUTE)
        rows = self.occurrences("clock")
        self.assertEqual([row["participants"] for row in rows], [2])
        self.assertFalse(rows[0]["ended"])

    def test_files_may_come_in_any_order(self):
        """The second half of a call is imported before the first."""
        records = wire.call(START, "file", "f", reports=100)
        paths = []
        for name, part in (("second", range(52, len(records))), ("first", range(52))):
            paths.append(os.path.join(self.collector.folder, name))
            with open(paths[-1], "w", encoding="utf-8") as out:
                out.write(json.dumps({"type": "session", "format": 1, "session": "file",
                                      "time": START, "app": wire.APP, "user": "alice",
                                      "client": {}}) + "\n")
                for n in part:
                    out.write(json.dumps({"session": "file", "sequence": n + 1,
                                          "record": records[n]}) + "\n")
        for path in paths:
            subprocess.run([os.environ["CALLSTATS_COLLECTOR"], "import", "--store",
                            "sqlite:" + self.collector.store, path], check=True,
                           stdout=subprocess.DEVNULL, timeout=wire.DEADLINE)
        rows = self.occurrences("file")
        self.assertEqual([(row["fabrics"], row["reports"], row["ended"]) for row in rows],
                         [(1, 100, True)])
        summary = self.collector.summary(
            "file", lambda s: s["fabricSummaries"][0]["reportCount"] == 100)
        self.assertEqual(summary["terminationStatus"], "terminated")


class Summaries(Base):
    def test_both_ends_of_a_call(self):
        self.store(*side(START, "both", "a", "bob", 1, 2))
        self.store(*side(START + 50, "both", "b", "alice", 2, 1), user="bob")
        summary = self.collector.summary("both", lambda s: s["pairedFabricCount"] == 2)
        self.assertEqual(summary["userIDList"], ["alice", "bob"])
        self.assertEqual((summary["startTime"], summary["endTime"], summary["duration"]),
                         (START, START + 20250, 20250))
        self.assertEqual((summary["setupStatus"], summary["terminationStatus"]),
                         ("success", "terminated"))
        self.assertEqual(summary["fabricSetupTimes"]["medianSetupDelay"], 100)
        self.assertEqual(summary["terminations"], {"terminated": 2})
        self.assertEqual(summary["affectedUsers"], [])
        self.assertEqual(summary["oneWayMedia"], 0)
        alice, bob = summary["fabricSummaries"]
        self.assertEqual((alice["pairedConnectionID"], bob["pairedConnectionID"]), ("b", "a"))
        self.assertEqual(alice["reportCount"], 20)
        received = next(s for s in alice["streamSummary"] if s["direction"] == "inbound")
        self.assertEqual((received["ssrc"], received["mid"], received["packets"]),
                         (2, "audio0", 1000))
        self.assertEqual(received["bitrate"], {"count": 19, "min": 16, "p5": 16, "p50": 16,
                                               "p95": 16, "max": 16, "mean": 16})
        self.assertEqual(received["jitter"]["p95"], 4)
        self.assertEqual(received["fractionLost"]["max"], 0)
        row = self.occurrences("both")[0]
        self.assertEqual((row["setupDelay"], row["site"]), (100, "berlin"))
        self.assertEqual(row["score"], alice["score"]["p50"])

    def test_the_second_end_may_come_late(self):
        self.store(*side(START, "second", "a", "bob", 1, 2))
        alone = self.collector.summary("second", lambda s: s["endTime"] is not None)
        self.assertIsNone(alone["fabricSummaries"][0]["pairedConnectionID"])
        self.store(*side(START, "second", "b", "alice", 2, 1), user="bob")
        both = self.collector.summary("second", lambda s: s["pairedFabricCount"] == 2)
        self.assertEqual(both["fabricSummaries"][0]["pairedConnectionID"], "b")
        fabric = self.collector.get("apps", wire.APP, "fabrics", "a")
        self.assertIn("b", json.dumps(fabric))

    def test_media_that_does_not_arrive_is_told_with_whom_it_affects(self):
        self.store(*side(START, "oneway", "a", "bob", 1, 2))
        self.store(*side(START, "oneway", "b", "alice", 2, 1, packets=0), user="bob")
        summary = self.collector.summary("oneway", lambda s: s["pairedFabricCount"] == 2)
        self.assertEqual(summary["oneWayMedia"], 1)
        bob = summary["fabricSummaries"][1]
        self.assertEqual([(o["ssrc"], o["direction"]) for o in bob["oneWayMedia"]],
                         [(1, "inbound")])
        self.assertIn({"userID": "bob", "reasons": ["oneWayMedia"]}, summary["affectedUsers"])

    def test_failures_drops_and_feedback(self):
        self.store(
            wire.event("userJoined", "bad", at=START),
            wire.event("addNewFabric", "bad", "f1", START),
            wire.event("fabricSetupFailed", "bad", "f1", START + 500, delay=500,
                       reason="NegotiationFailure"),
            wire.event("addNewFabric", "bad", "f2", START + 1000),
            wire.event("fabricSetup", "bad", "f2", START + 1200, delay=200),
            wire.event("iceDisruptionStart", "bad", "f2", START + 5000),
            wire.event("fabricDropped", "bad", "f2", START + 9000),
            wire.event("userFeedback", "bad", at=START + 9500, userID="alice", overall=2,
                       comment="Gone!"),
            wire.event("userLeft", "bad", at=START + 10000))
        summary = self.collector.summary("bad", lambda s: s["endTime"] is not None)
        self.assertEqual((summary["setupStatus"], summary["terminationStatus"]),
                         ("partial", "failed"))
        self.assertEqual(summary["failures"], {"NegotiationFailure": 1})
        self.assertEqual(summary["fabricSetupErrors"], [{
            "reason": "NegotiationFailure", "connectionID": "f1", "localID": "alice",
            "remoteID": None, "timestamp": START + 500}])
        self.assertEqual(summary["terminations"], {"failed": 1, "dropped": 1})
        self.assertEqual(summary["disruptions"], {"count": 1, "total": 4000})
        self.assertEqual(summary["feedback"], [{
            "userID": "alice", "overall": 2, "audio": None, "video": None, "screen": None,
            "comment": "Gone!", "timestamp": START + 9500}])
        row = self.occurrences("bad")[0]
        self.assertEqual((row["failed"], row["dropped"], row["fabricSetup"]), (1, 1, 1))

    def test_a_call_that_goes_on_has_what_happened_so_far(self):
        now = wire.now_ms()
        client = self.collector.connect()
        client.hello("live", time=now)
        client.store(*wire.call(now, "live", "f")[:3])
        summary = self.collector.summary("live")
        self.assertEqual((summary["setupStatus"], summary["endTime"],
                          summary["terminationStatus"]), ("success", None, None))
        self.assertFalse(self.occurrences("live")[0]["ended"])
        client.store(*wire.call(now, "live", "f")[3:])
        summary = self.collector.summary("live", lambda s: s["endTime"] is not None)
        self.assertEqual(summary["fabricSummaries"][0]["reportCount"], 3)
        client.close()

    def test_a_restart_loses_no_summary(self):
        """What was stored and not summed up when the collector was killed."""
        self.store(*side(START, "killed", "a", "bob", 1, 2))
        self.collector.kill()
        with wire.Collector(self.collector.folder) as again:
            summary = again.summary("killed")
            self.assertEqual(summary["terminations"], {"terminated": 1})
            again.stop()
        with wire.Collector(self.collector.folder) as third:
            # Nothing changed: it is there at once.
            status, _, body = third.http(f"/api/v1/apps/{wire.APP}/conferences/killed/summary")
            self.assertEqual((status, body), (200, summary))

    def test_a_long_call_is_summed_up_in_bounded_memory(self):
        long = os.environ.get("CALLSTATS_LONG") == "1"
        seconds = 100000 if long else 6000
        client = self.collector.connect()
        client.hello("long", time=wire.now_ms())
        client.store(*wire.call(START, "long", "f")[:3])
        self.collector.summary("long")
        before = self.collector.rss_kib()
        records = list(media("long", "f", START, seconds, 1, 2))
        for n in range(0, seconds, 100):
            client.send_records(records[n:n + 100])
            if n % 2000 == 1900:
                client.wait_ack(n)
        client.store(wire.event("fabricTerminated", "long", "f", START + 1000 * seconds),
                     wire.event("userLeft", "long", at=START + 1000 * seconds))
        summary = self.collector.summary(
            "long", lambda s: s["endTime"] and s["fabricSummaries"][0]["reportCount"] == seconds)
        received = summary["fabricSummaries"][0]["streamSummary"][1]
        self.assertEqual(received["bitrate"]["count"], seconds - 1)
        self.assertAlmostEqual(received["bitrate"]["p50"], 16, delta=0.16)
        if not wire.SANITIZED:
            self.assertLess(self.collector.rss_kib() - before, 24 * 1024)


if __name__ == "__main__":
    unittest.main()
