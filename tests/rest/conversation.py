# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is true of the conference that a whole conversation of a browser's client becomes."""
import time
import urllib.parse

import browser
import callstats
import wire


class Conversation:
    """A test case mixes it in and brings `lines` and `conference`."""

    @classmethod
    def tell(cls, start=None):
        cls.collector = wire.Collector()
        cls.addClassCleanup(cls.collector.finish)
        client = callstats.Client(cls.collector, browser.USER)
        first = next(line["body"]["timestamp"] for line in cls.lines
                     if line["body"] and "timestamp" in line["body"])
        start = start if start is not None else callstats.now_ms() - 60000
        cls.statuses = callstats.replay(client, cls.lines, cls.conference, start - first)
        cls.detail = cls.collector.get("apps", wire.APP, "conferences", cls.conference)
        cls.fabrics = {fabric["remoteUser"]: fabric for fabric in cls.detail["fabrics"]}

    def names(self, fabric=None):
        return [event["name"] for event in self.detail["events"]
                if fabric is None or event["fabric"] == fabric]

    def test_everything_was_taken(self):
        for path, status in self.statuses:
            # The one thing there may be none of.
            self.assertEqual(status, 404 if path.endswith("/configurations") else 200, path)

    def test_it_is_one_conference_of_one_participant(self):
        listed = self.collector.get("apps", wire.APP, "conferences")["conferences"]
        self.assertEqual([row["conference"] for row in listed], [self.conference])
        [participant] = self.detail["participants"]
        self.assertEqual((participant["user"], participant["userName"]), ("alice", "Alice A"))
        self.assertEqual(participant["endpointInfo"]["type"], "browser")
        self.assertEqual(participant["endpointInfo"]["buildName"], "Chrome")

    def test_it_has_two_fabrics_with_setup_delays(self):
        self.assertEqual(set(self.fabrics), {"bob", "carol"})
        for fabric in self.fabrics.values():
            self.assertGreater(fabric["setupDelay"], 200)
            self.assertLess(fabric["setupDelay"], 300)
            self.assertLess(fabric["iceConnectivityDelay"], fabric["setupDelay"])
            self.assertIsNotNone(fabric["iceGatheringDelay"])
            self.assertIsNone(fabric["failed"])

    def test_states_are_told(self):
        for fabric in self.fabrics.values():
            changes = [(event["data"]["changedState"], event["data"]["newState"])
                       for event in callstats.events_named(
                           self.detail, "fabricStateChange", fabric["fabric"])]
            self.assertIn(("iceConnectionState", "checking"), changes)
            self.assertIn(("iceConnectionState", "connected"), changes)
            self.assertLess(changes.index(("iceConnectionState", "checking")),
                            changes.index(("iceConnectionState", "connected")))

    def test_mute_pause_and_hold_are_told(self):
        names = self.names(self.fabrics["bob"]["fabric"])
        actions = [name for name in names
                   if name in ("audioMute", "audioUnmute", "videoPause", "videoResume")]
        self.assertEqual(actions, ["audioMute", "audioUnmute", "videoPause", "videoResume"])
        names = self.names(self.fabrics["carol"]["fabric"])
        self.assertLess(names.index("fabricHold"), names.index("fabricResume"))

    def test_errors_are_told_as_what_they_are(self):
        [failure] = callstats.events_named(self.detail, "fabricSetupFailed")
        self.assertIsNone(failure["fabric"])
        self.assertEqual((failure["data"]["reason"], failure["data"]["function"]),
                         ("MediaConfigError", "getUserMedia"))
        later = callstats.events_named(self.detail, "applicationErrorLog",
                                       self.fabrics["bob"]["fabric"])
        self.assertEqual({event["data"].get("function") for event in later}
                         & {"createOffer"}, {"createOffer"})
        self.assertTrue(any("log line" in event["data"]["message"] for event in later))

    def test_feedback_has_the_names_of_the_api(self):
        [feedback] = callstats.events_named(self.detail, "userFeedback")
        data = feedback["data"]
        self.assertEqual((data["userID"], data["overall"], data["audio"], data["video"]),
                         ("alice", 4, 5, 3))
        self.assertIn("✓", data["comment"])

    def test_fabrics_are_terminated(self):
        for fabric in self.fabrics.values():
            self.assertEqual(fabric["state"], "terminated")
            self.assertIsNotNone(fabric["terminated"])

    def test_descriptions_are_kept_without_their_secrets(self):
        told = callstats.events_named(self.detail, "sdpSubmissionEvent")
        self.assertGreaterEqual(len(told), 2)
        for event in told:
            for line in event["data"]["localSDP"].splitlines():
                if line.startswith("a=ice-pwd:"):
                    self.assertEqual(line, "a=ice-pwd:***")
                if line.startswith("c="):
                    self.assertEqual(line, "c=IN IP4 ***")

    def test_reports_have_w3c_names_and_units_alone(self):
        for fabric in self.fabrics.values():
            reports = callstats.reports_of(self.collector, fabric["fabric"])
            self.assertEqual(len(reports), fabric["reports"])
            for report in reports:
                self.check_report(report)

    def check_report(self, report):
        streams = callstats.stats_of(report, "inbound-rtp") + \
            callstats.stats_of(report, "outbound-rtp")
        self.assertTrue(streams)
        for stats in report["stats"].values():
            self.assertFalse([name for name in stats if name.startswith("csio")], stats["id"])
        for stream in streams:
            self.assertIn(stream["kind"], ("audio", "video"))
            self.assertIsInstance(stream["ssrc"], int)
            self.assertNotIn("mimeType", stream)  # the codec's
            self.assertIn(stream["codecId"], report["stats"])
        for remote in callstats.stats_of(report, "remote-inbound-rtp"):
            self.assertLess(remote["roundTripTime"], 1)
        for transport in callstats.stats_of(report, "transport"):
            self.assertNotIn("currentRoundTripTime", transport)  # the pair's
        for pair in callstats.stats_of(report, "candidate-pair"):
            self.assertLess(pair["currentRoundTripTime"], 1)

    def test_charts_have_points_of_every_stream(self):
        for fabric in self.fabrics.values():
            series = self.collector.get("apps", wire.APP, "fabrics", fabric["fabric"], "series")
            self.assertEqual(len(series["time"]) >= fabric["reports"], True)
            told = series["connection"]["metrics"]["roundTripTime"]["value"]
            self.assertTrue([value for value in told if value is not None])
            self.assertGreaterEqual(len(series["streams"]), 2)
            for stream in series["streams"]:
                self.assertTrue(stream["codec"].split("/")[0] in ("audio", "video"))
                self.assertTrue(stream["metrics"]["jitter"]["value"])

    def summary(self):
        """That of the end, once it is made."""
        deadline = time.monotonic() + wire.DEADLINE
        while time.monotonic() < deadline:
            path = urllib.parse.quote(self.conference, safe="")
            status, _, summary = self.collector.http(
                f"/api/v1/apps/{wire.APP}/conferences/{path}/summary")
            if status == 200 and summary["endTime"] and all(
                    fabric["streamSummary"] for fabric in summary["fabricSummaries"]):
                return summary
        raise AssertionError("no summary of the end")
