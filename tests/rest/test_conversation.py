# SPDX-License-Identifier: LGPL-2.1-or-later
"""A whole conversation of a browser's client, written after its documented bodies, becomes a
conference."""
import unittest

import browser
import callstats
from conversation import Conversation


class Written(Conversation, unittest.TestCase):
    conference = "grün/1 %"

    @classmethod
    def setUpClass(cls):
        cls.lines = browser.conversation(1700000000000)
        cls.tell()

    def test_it_has_ended(self):
        self.assertTrue(self.detail["ended"])

    def test_its_summary_is_that_of_any_other(self):
        summary = self.summary()
        self.assertEqual((summary["setupStatus"], summary["terminationStatus"]),
                         ("success", "terminated"))
        times = summary["fabricSetupTimes"]
        self.assertEqual((times["minSetupDelay"], times["maxSetupDelay"]), (287.5, 295))
        self.assertEqual(summary["feedback"][0]["overall"], 4)
        for fabric in summary["fabricSummaries"]:
            # From the first state to the end, reports or not.
            self.assertAlmostEqual(fabric["duration"], 30900, delta=200)
            [received] = [stream for stream in fabric["streamSummary"]
                          if stream["direction"] == "inbound"]
            self.assertEqual((received["packets"], received["packetsLost"]), (1500, 30))
            self.assertEqual((received["bitrate"]["p50"], received["jitter"]["p50"]), (32, 4))

    def test_reports_carry_the_numbers_that_were_told(self):
        reports = callstats.reports_of(self.collector, browser.FIRST)
        self.assertEqual([callstats.stats_of(report, "inbound-rtp")[0]["packetsReceived"]
                          for report in reports], [250, 500, 750, 1000, 1250, 1500])
        last = reports[-1]["stats"]
        self.assertEqual(last["RI1"]["roundTripTime"], 0.0625)
        self.assertEqual(last["batteryStatus"]["batteryLevel"], 0.5)
        self.assertEqual(last["CP1"]["state"], "succeeded")

    def test_streams_are_scored_as_a_callstatsmons(self):
        last = callstats.reports_of(self.collector, browser.FIRST)[-1]["stats"]
        self.assertIn("csScore", last["I1"])
        self.assertGreater(last["I1"]["csScore"], 1)

    def test_what_nobody_knows_is_kept(self):
        [event] = callstats.events_named(self.detail, "somethingNew", browser.FIRST)
        self.assertEqual(event["data"], {"own": "key"})

    def test_a_list_of_custom_events_is_as_many_events(self):
        told = callstats.events_named(self.detail, "customEvent", browser.FIRST)
        self.assertEqual([event["data"] for event in told],
                         [{"event": {"type": "a"}}, {"event": {"type": "b"}}])

    def test_site_and_client_are_told_with_the_join(self):
        [event] = callstats.events_named(self.detail, "userJoined")
        self.assertEqual(event["data"]["siteID"], "berlin")
        self.assertEqual(event["data"]["callstatsVersion"], "3.73.16")
        self.assertNotIn("additionalIDs", event["data"])


if __name__ == "__main__":
    unittest.main()
