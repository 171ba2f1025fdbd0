# SPDX-License-Identifier: LGPL-2.1-or-later
"""Endpoints that few clients use, each with its documented body: what was posted is found again
through the query API, below its conference or among the records that are no conference's."""
import os
import unittest

import callstats
import wire

OTHER = "other"
OTHER_SECRET = "the secret of the other application"


class Base(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = wire.Collector.make_folder()
        keys = os.path.join(folder, "keys")
        wire.write_private(keys, f"[{OTHER}]\nsecret={OTHER_SECRET}\n")
        cls.collector = wire.Collector(folder, options=["--keys", keys])
        cls.addClassCleanup(cls.collector.finish)

    def client(self, user="alice", conference=None, **options):
        client = callstats.Client(self.collector, user, **options)
        client.authenticate()
        if conference is not None:
            client.join(conference, endpointInfo={"type": "browser", "os": "Linux"})
        return client


class InAConference(Base):
    PEER = {"remoteID": "bob", "connectionID": "f4br1c"}

    def told(self, conference, name):
        """Events of that name, in order: their times, users and fabrics, and what they say."""
        path = ("apps", wire.APP, "conferences", conference, "events")
        return [(event["time"], event["user"], event["fabric"], event["data"])
                for event in self.collector.get(*path, name=name)["events"]]

    def assert_told(self, path, name, data, fabric=None, **body):
        """Of the body, what is not common to all bodies is what the event says."""
        conference = "conference of " + name
        client = self.client(conference=conference)
        at = int(callstats.now_ms()) - 1000
        client.tell(path, timestamp=at, **body)
        self.assertEqual(self.told(conference, name), [(at, "alice", fabric, data)])

    def test_disruptions_are_events_of_their_fabric(self):
        one_way = {"mediaType": "audio", "disruptionType": "oneWayMedia", "ssrc": "1111",
                   "streamType": "inbound"}
        for name, data in (("oneWayMediaStart", one_way), ("oneWayMediaStop", one_way),
                           ("circuitBreaker", {"disruptionType": "mediaTimeout", "ssrc": "1111"})):
            with self.subTest(name):
                self.assert_told("/events/fabric/disruptions", name, data, "f4br1c",
                                 eventType=name, **self.PEER, **data)

    def test_details_of_a_call(self):
        data = {"callType": "inbound", "role": "agent", "contactQueue": "sales",
                "contactQueueID": "q1", "routingProfile": "day", "routingProfileID": "r1",
                "contactID": "4711", "acceptedTimestamp": 1700000000000,
                "connectedTimestamp": 1700000001000, "originalContactID": "4710"}
        self.assert_told("/events/fabric/details", "callDetails", data, "f4br1c",
                         eventType="callDetails", **self.PEER, **data)

    def test_a_summary_by_the_application(self):
        data = {"pstnTime": 12, "ringingTime": 3.5, "contactID": "4711", "isCallForwarded": False}
        self.assert_told("/events/conferencesummary", "conferenceSummary", data,
                         eventType="conferenceSummary", **data)

    def test_custom_statistics(self):
        data = {"stats": {"mos": 4.1, "inner": {"delay": 17}}}
        self.assert_told("/customstats", "customStats", data, "f4br1c", eventType="customStats",
                         **self.PEER, **data)

    def test_a_list_of_custom_statistics_is_as_many_events(self):
        client = self.client(conference="custom list")
        client.tell("/customstats", stats=[{"mos": 4.1}, {"mos": 3.9}])
        self.assertEqual([data for _, _, _, data in self.told("custom list", "customStats")],
                         [{"stats": {"mos": 4.1}}, {"stats": {"mos": 3.9}}])

    def test_the_status_of_a_device(self):
        old = {"cpuLevel": 5, "batteryLevel": 50, "memoryUsage": 2, "memoryAvailable": 100,
               "threadCount": 1}
        new = {"cpuUsage": 0.4, "batteryLevel": 50, "memoryUsage": 10.5, "totalMemory": 100,
               "threadCount": 9}
        client = self.client(conference="status")
        for path, status in (("/stats/system", new), ("/system/status", old)):
            client.tell(path, **status)
        self.assertEqual([(user, fabric, data)
                          for _, user, fabric, data in self.told("status", "systemStatus")],
                         [("alice", None, new), ("alice", None, old)])
        self.assertEqual(self.collector.get("apps", wire.APP, "records",
                                            type="systemStatus", user="alice")["records"], [])


class InNoConference(Base):
    RESULTS = {"provider": "turn.example.org", "throughput": 1500.5, "fractionalLoss": 0.01,
               "rtt": [20, 21], "mediaConnectivity": True}
    BRIDGE = {"cpuUsage": 0.4, "memoryUsage": 10.5, "totalMemory": 100, "threadCount": 9,
              "intervalSentBytes": 1, "intervalReceivedBytes": 2, "intervalRtpFractionLoss": 0.1,
              "totalRtpLostPackets": 3, "intervalAverageRtt": 20.5, "intervalAverageJitter": 1.5,
              "intervalDownloadBitrate": 4, "intervalUploadBitrate": 5, "audioFabricCount": 6,
              "videoFabricCount": 7, "conferenceCount": 8, "participantsCount": 9,
              "measurementInterval": 10000}
    DEVICE = {"cpuUsage": 0.2, "batteryLevel": 80, "memoryUsage": 1, "totalMemory": 4,
              "threadCount": 2}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.at = int(callstats.now_ms()) - 60000
        cls.users = {user: callstats.Client(cls.collector, user)
                     for user in ("carol", "jvb 1", "dave")}
        cls.users["stranger"] = callstats.Client(cls.collector, "carol", OTHER, OTHER_SECRET)
        for client in cls.users.values():
            client.authenticate()
        cls.post("carol", 0, "/events/precall", eventType="preCallTestResults",
                 results=cls.RESULTS)
        cls.post("carol", 1, "/events/precallnotification", eventType="preCallTestAssociate",
                 ids=["t1", "t2"])
        cls.post("jvb 1", 2, "/stats/bridge/status", **cls.BRIDGE)
        cls.post("jvb 1", 3, "/stats/bridge/alive")
        cls.post("dave", 4, "/stats/system", **cls.DEVICE)
        cls.post("jvb 1", 5, "/stats/bridge/status", **cls.BRIDGE)
        cls.post("stranger", 6, "/events/precall", results={"of": "the other"})

    @classmethod
    def post(cls, user, step, path, **body):
        client = cls.users[user]
        client.post(client.app_path(path), **client.common(timestamp=cls.at + step, **body))

    def records(self, app=wire.APP, **params):
        return self.collector.get("apps", app, "records", **params)["records"]

    def steps(self, **params):
        return [record["time"] - self.at for record in self.records(**params)]

    def test_all_are_read_back_newest_first(self):
        told = [(record["time"] - self.at, record["user"], record["type"],
                 record["record"]["data"]) for record in self.records()]
        self.assertEqual(told, [
            (5, "jvb 1", "bridgeStatus", self.BRIDGE),
            (4, "dave", "systemStatus", self.DEVICE),
            (2, "jvb 1", "bridgeStatus", self.BRIDGE),
            (1, "carol", "preCallTestAssociate", {"ids": ["t1", "t2"]}),
            (0, "carol", "preCallTestResults", {"results": self.RESULTS})])
        for record in self.records():
            self.assertEqual((record["record"]["type"], record["record"]["time"]),
                             (record["type"], record["time"]))

    def test_by_type_user_and_time(self):
        self.assertEqual(self.steps(type="bridgeStatus"), [5, 2])
        self.assertEqual(self.steps(type="preCallTestResults", user="carol"), [0])
        self.assertEqual(self.steps(type="preCallTestResults", user="dave"), [])
        self.assertEqual(self.steps(type="nothing"), [])
        self.assertEqual(self.steps(user="carol"), [1, 0])
        self.assertEqual(self.steps(user="nobody"), [])
        self.assertEqual(self.steps(from_=self.at + 1, to=self.at + 4), [2, 1])
        self.assertEqual(self.steps(to=self.at), [])
        self.assertEqual(self.steps(user="jvb 1", type="bridgeStatus", from_=self.at + 3), [5])

    def test_pages_hold_each_record_once(self):
        for params in ({}, {"type": "bridgeStatus"}, {"user": "carol"},
                       {"to": self.at + 5, "from_": self.at + 1}):
            for limit in 1, 2, 5:
                steps, before = [], {}
                while before is not None:
                    page = self.collector.get("apps", wire.APP, "records", limit=limit,
                                              **params, **before)
                    self.assertLessEqual(len(page["records"]), limit)
                    self.assertLess(len(steps), 10)  # it comes to an end
                    steps += [record["time"] - self.at for record in page["records"]]
                    before = {"before": page["next"]} if page["next"] else None
                self.assertEqual(steps, self.steps(**params), (params, limit))

    def test_those_of_another_application_are_not_seen(self):
        [record] = self.records(app=OTHER)
        self.assertEqual((record["user"], record["record"]["data"]),
                         ("carol", {"results": {"of": "the other"}}))
        for params in ({"user": "carol"}, {"type": "preCallTestResults"}, {}):
            self.assertNotIn(record, self.records(**params))
            self.assertEqual(self.records(app=OTHER, **params), [record])

    def test_no_conference_came_of_them(self):
        for app in wire.APP, OTHER:
            self.assertEqual(self.collector.get("apps", app, "conferences")["conferences"], [])


if __name__ == "__main__":
    unittest.main()
