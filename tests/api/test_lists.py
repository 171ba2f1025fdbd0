# SPDX-License-Identifier: LGPL-2.1-or-later
"""Lists of the query API: filters, orders, pages in both directions, and what is beyond the
bounds of one answer."""
import unittest
import urllib.parse

import wire

START = 1700000000000
HOUR = 3600000


class Lists(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.collector = wire.Collector()
        cls.addClassCleanup(cls.collector.finish)
        cls.clients = {}
        # Conference n starts at hour n, lasts n % 7 + 1 s, and has n % 3 + 1 participants.
        for n in range(40):
            for user in ("alice", "bob", "carol")[:n % 3 + 1]:
                start = START + n * HOUR
                joined = wire.event("userJoined", f"c{n:02}", at=start)
                if user == "alice" and n % 10 == 0:
                    joined["data"]["siteID"] = "berlin"
                cls.store(user, joined,
                          wire.event("userLeft", f"c{n:02}", at=start + 1000 * (n % 7 + 1)))
        cls.store("dave", *cls.fabric("failing", "f1", START + 100 * HOUR, "fabricSetupFailed"))
        cls.store("dave", *cls.fabric("dropping", "f2", START + 101 * HOUR, "fabricDropped"))
        cls.store("Zoë 100%_", wire.event("userJoined", "100%_sure", at=START + 200 * HOUR))
        for client in cls.clients.values():
            client.close()
        # From then on no row changes any more.
        for conference in "failing", "dropping":
            cls.collector.summary(conference, lambda summary: summary["endTime"] is not None)

    @staticmethod
    def fabric(conference, fabric, at, ending):
        return [wire.event("addNewFabric", conference, fabric, at),
                *([wire.event("fabricSetup", conference, fabric, at + 1, delay=5)]
                  if ending == "fabricDropped" else []),
                wire.event(ending, conference, fabric, at + 2, reason="it's \"so\""),
                wire.event("userLeft", conference, at=at + 3)]

    @classmethod
    def store(cls, user, *records):
        if user not in cls.clients:
            cls.clients[user] = cls.collector.connect(user=user)
            cls.clients[user].hello()
        cls.clients[user].store(*records)

    def list(self, **params):
        return self.collector.get("apps", wire.APP, "conferences", **params)

    def names(self, **params):
        return [row["conference"] for row in self.list(limit=500, **params)["conferences"]]

    def test_filters(self):
        self.assertEqual(self.names(failed="true"), ["failing"])
        self.assertEqual(self.names(reason="it's \"so\""), ["failing"])
        self.assertEqual(self.names(reason="it's \"so\"", sort="failures"), ["failing"])
        self.assertEqual(self.names(reason="so"), [])
        self.assertEqual(self.names(dropped="true"), ["dropping"])
        self.assertEqual(self.names(failed="true", dropped="true"), [])
        self.assertEqual(self.names(user="dave"), ["dropping", "failing"])
        self.assertEqual(self.names(user="carol"), [f"c{n:02}" for n in range(38, 0, -3)])
        self.assertEqual(self.names(user="nobody"), [])
        self.assertEqual(self.names(site="berlin"), ["c30", "c20", "c10", "c00"])
        self.assertEqual(self.names(site="paris"), [])
        self.assertEqual(self.names(lowScore=5), [])
        self.assertEqual(self.names(user="alice", site="berlin", q="c1"), ["c10"])

    def test_prefixes_of_conferences_and_users(self):
        self.assertEqual(self.names(q="c3"), [f"c{n}" for n in range(39, 29, -1)])
        self.assertEqual(self.names(q="C3"), [])
        self.assertEqual(self.names(q="da"), ["dropping", "failing"])
        # No character of a prefix stands for others.
        self.assertEqual(self.names(q="100%"), ["100%_sure"])
        self.assertEqual(self.names(q="1%"), [])
        self.assertEqual(self.names(q="_"), [])
        self.assertEqual(self.names(q="Zoë 100%_"), ["100%_sure"])

    def test_a_prefix_of_many_users(self):
        for n in range(120):
            self.store(f"crowd{n:03}", wire.event("userJoined", f"m{n % 4}", at=START + (400 + n % 4) * HOUR))
            self.clients.pop(f"crowd{n:03}").close()
        self.assertEqual(self.names(q="crowd"), ["m3", "m2", "m1", "m0"])
        self.assertEqual(self.names(q="crowd01", to=START + 403 * HOUR), ["m2", "m1", "m0"])
        self.assertEqual(self.names(q="crowd101"), ["m1"])

    def test_names_are_found_whatever_their_case(self):
        at = START + 600 * HOUR
        self.store("id-7", wire.event("userJoined", "named", at=at, userName="Grace Hopper"),
                   wire.event("userDetails", "named", at=at + 1, userName="Amazing Grace"))
        self.store("id-8", wire.event("userJoined", "named-too", at=at + HOUR, userName="grace m."))
        self.assertEqual(self.names(q="grace"), ["named-too", "named"])
        self.assertEqual(self.names(q="GRACE HOP"), ["named"])
        self.assertEqual(self.names(q="amazing"), ["named"])
        self.assertEqual(self.names(q="%race"), [])
        self.assertEqual(self.names(q="Hopper"), [])
        users = self.collector.get("apps", wire.APP, "users", q="gRACE")["users"]
        self.assertEqual([(user["user"], user["userName"]) for user in users],
                         [("id-7", "Amazing Grace"), ("id-8", "grace m.")])
        self.assertEqual([user["user"] for user in self.collector.get(
            "apps", wire.APP, "users", q="g", after="id-7")["users"]], ["id-8"])

    def test_time_ranges_take_from_and_leave_to(self):
        self.assertEqual(self.names(from_=START + 3 * HOUR, to=START + 5 * HOUR), ["c04", "c03"])
        self.assertEqual(self.names(to=START), [])
        self.assertEqual(self.names(from_=START + 200 * HOUR + 1, to=START + 300 * HOUR), [])

    def key(self, sort, row):
        return {"start": row["start"], "duration": row["lastSeen"] - row["start"],
                "participants": row["participants"],
                "failures": row["failed"] + row["dropped"]}[sort]

    def test_every_order_page_by_page_there_and_back(self):
        everything = sorted(self.names())
        self.assertGreaterEqual(len(everything), 43)
        for sort in "start", "duration", "participants", "failures":
            for order in "desc", "asc":
                with self.subTest(sort, order=order):
                    pages = [self.list(sort=sort, order=order, limit=5)]
                    while pages[-1]["next"]:
                        pages.append(self.list(sort=sort, order=order, limit=5,
                                               before=pages[-1]["next"]))
                    rows = [row for page in pages for row in page["conferences"]]
                    self.assertEqual(sorted(row["conference"] for row in rows), everything)
                    keys = [self.key(sort, row) for row in rows]
                    self.assertEqual(keys, sorted(keys, reverse=order == "desc"))
                    self.assertIsNone(pages[0]["previous"])
                    back = [pages[-1]]
                    while back[-1]["previous"]:
                        back.append(self.list(sort=sort, order=order, limit=5,
                                              after=back[-1]["previous"]))
                    self.assertEqual([page["conferences"] for page in reversed(back)],
                                     [page["conferences"] for page in pages])

    def test_pages_hold_while_conferences_come(self):
        for n in range(6):
            self.store("erin", wire.event("userJoined", f"e{n}", at=START + (300 + n) * HOUR))
        first = self.list(limit=3, user="erin")
        self.store("erin", wire.event("userJoined", "e6", at=START + 310 * HOUR))
        second = self.list(limit=3, user="erin", before=first["next"])
        self.assertEqual([row["conference"] for row in second["conferences"]], ["e2", "e1", "e0"])
        newer = self.list(limit=500, user="erin", after=second["previous"])
        self.assertEqual([row["conference"] for row in newer["conferences"]],
                         ["e6", "e5", "e4", "e3"])

    def test_both_cursors_at_once_are_400(self):
        status, _, body = self.collector.http("/api/v1/apps/demo/conferences?before=1.1&after=1.1")
        self.assertEqual((status, body["error"]["code"]), (400, "bad-parameter"))

    def test_calls_of_one_id_are_told_apart(self):
        for at in (START, START + 50 * HOUR):
            self.store("frank", wire.event("userJoined", "weekly", at=at),
                       wire.event("userLeft", "weekly", at=at + 1000))
        rows = self.list(user="frank")["conferences"]
        self.assertEqual([row["start"] for row in rows], [START + 50 * HOUR, START])
        path = ("apps", wire.APP, "conferences", "weekly")
        self.assertEqual(self.collector.get(*path)["start"], START + 50 * HOUR)
        for row in rows:
            told = {"occurrence": row["occurrence"]}
            self.assertEqual(self.collector.get(*path, **told)["start"], row["start"])
            events = self.collector.get(*path, "events", **told)["events"]
            self.assertEqual([e["time"] for e in events], [row["start"], row["start"] + 1000])
        other = self.list(user="dave")["conferences"][0]["occurrence"]
        status, _, _ = self.collector.http(
            f"/api/v1/apps/demo/conferences/weekly?occurrence={other}")
        self.assertEqual(status, 404)

    def test_users_by_their_ids(self):
        users = self.collector.get("apps", wire.APP, "users", limit=500)["users"]
        names = [user["user"] for user in users]
        self.assertEqual(names, sorted(names, key=lambda name: name.encode()))
        self.assertLessEqual({"alice", "bob", "carol", "dave", "Zoë 100%_"}, set(names))
        alice = users[names.index("alice")]
        self.assertEqual((alice["conferences"], alice["lastSeen"]),
                         (40, START + 39 * HOUR + 1000 * (39 % 7 + 1)))
        self.assertEqual([u["user"] for u in self.collector.get(
            "apps", wire.APP, "users", q="ca")["users"]], ["carol"])
        paged, after = [], None
        while True:
            page = self.collector.get("apps", wire.APP, "users", limit=2,
                                      **({"after": after} if after else {}))
            paged += [user["user"] for user in page["users"]]
            after = page["next"]
            if after is None:
                break
        self.assertEqual(paged, names)


class Conference(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.collector = wire.Collector()
        cls.addClassCleanup(cls.collector.finish)

    def get(self, *segments, **params):
        return self.collector.get("apps", wire.APP, *segments, **params)

    def pages(self, kind, *segments, **params):
        after = {}
        while True:
            page = self.get(*segments, **params, **after)
            yield from page[kind]
            if page["next"] is None:
                return
            after = {"after": page["next"]}

    def test_events_beyond_the_bound_of_the_detail(self):
        client = self.collector.connect()
        client.hello()
        for first in range(0, 10500, 500):
            client.send_records([wire.event("tick", "long", f"f{n % 2}", START + n // 2, n=n)
                                 for n in range(first, first + 500)])
        client.wait_ack(10500)
        detail = self.get("conferences", "long")
        self.assertEqual((len(detail["events"]), detail["truncated"]), (10000, True))
        path = ("conferences", "long", "events")
        self.assertEqual([e["data"]["n"] for e in self.pages("events", *path, limit=3000)],
                         list(range(10500)))
        self.assertEqual(self.get(*path, from_=START + 3, to=START + 4, fabric="f1")["events"],
                         [{"time": START + 3, "user": "alice", "fabric": "f1", "name": "tick",
                           "data": {"n": 7}}])
        self.assertEqual(self.get(*path, name="tock"), {"events": [], "next": None})
        self.assertEqual(self.get(*path, user="bob")["events"], [])

    def test_large_events_come_in_pages_that_are_bounded(self):
        client = self.collector.connect(user="large")
        client.hello()
        for n in range(120):
            client.send_records([wire.event("note", "large", at=START + n, n=n, text="x" * 60000)])
        client.wait_ack(120)
        first = self.get("conferences", "large", "events")
        self.assertLess(len(first["events"]), 80)
        self.assertEqual([e["data"]["n"] for e in self.pages("events", "conferences", "large", "events")],
                         list(range(120)))

    def test_fabrics_page_by_page(self):
        client = self.collector.connect(user="mesh")
        client.hello()
        client.store(*[wire.event("addNewFabric", "mesh", f"m{n}", START - n) for n in range(25)])
        fabrics = list(self.pages("fabrics", "conferences", "mesh", "fabrics", limit=10))
        self.assertEqual([f["fabric"] for f in fabrics], [f"m{n}" for n in range(25)])
        detail = self.get("conferences", "mesh")["fabrics"]
        self.assertEqual(sorted(fabrics, key=lambda f: f["fabric"]),
                         sorted(detail, key=lambda f: f["fabric"]))

    def test_a_fabric_with_candidate_pair_codecs_and_events(self):
        client = self.collector.connect(user="pair")
        client.hello()
        records = wire.call(START, "pair", "fab/ric %")
        stats = {"T1": {"type": "transport", "selectedCandidatePairId": "P1"},
                 "P0": {"type": "candidate-pair", "localCandidateId": "L0"},
                 "P1": {"type": "candidate-pair", "localCandidateId": "L1",
                        "remoteCandidateId": "R1", "currentRoundTripTime": 0.02},
                 "L1": {"type": "local-candidate", "candidateType": "host"},
                 "R1": {"type": "remote-candidate", "candidateType": "relay"},
                 "C1": {"type": "codec", "mimeType": "audio/opus"},
                 "C2": {"type": "codec", "mimeType": "video/VP8"}}
        records.insert(-2, {"type": "report", "time": START + 3200, "conference": "pair",
                            "fabric": "fab/ric %", "stats": stats})
        client.store(*records)
        fabric = self.get("fabrics", "fab/ric %")
        detail = self.get("conferences", "pair")
        self.assertEqual(fabric["candidatePair"],
                         {"pair": stats["P1"], "local": stats["L1"], "remote": stats["R1"]})
        self.assertEqual(fabric["codecs"], [stats["C1"], stats["C2"]])
        self.assertEqual([e["name"] for e in fabric["events"]],
                         ["addNewFabric", "fabricSetup", "fabricTerminated"])
        self.assertEqual((fabric["conference"], fabric["occurrence"], fabric["truncated"]),
                         ("pair", detail["occurrence"], False))
        self.assertEqual({name: fabric[name] for name in detail["fabrics"][0]},
                         detail["fabrics"][0])

    def test_a_fabric_without_reports_has_no_pair_and_no_codecs(self):
        client = self.collector.connect(user="young")
        client.hello()
        client.store(wire.event("addNewFabric", "young", "young"))
        fabric = self.get("fabrics", "young")
        self.assertNotIn("candidatePair", fabric)
        self.assertNotIn("codecs", fabric)
        self.assertNotIn("paired", fabric)

    def test_unknown_conferences_have_no_lists(self):
        for path in ("conferences/none/events", "conferences/none/fabrics", "fabrics/none"):
            self.assertEqual(self.collector.http("/api/v1/apps/demo/" + path)[0], 404, path)
        quoted = urllib.parse.quote("no such", safe="")
        self.assertEqual(self.collector.http(f"/api/v1/apps/{quoted}/users")[0], 404)


if __name__ == "__main__":
    unittest.main()
