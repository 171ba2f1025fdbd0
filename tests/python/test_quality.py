# SPDX-License-Identifier: LGPL-2.1-or-later
"""Scores of a real call, and of conditions that an application has itself."""

import json
import sys
import time
import unittest

import gi

for namespace in ("Callstats", "Gst"):
    gi.require_version(namespace, "1.0")
from gi.repository import Callstats, Gst  # noqa: E402

# A packet that never reaches the sender's webrtcbin is one that the network lost.
CALL = """
  audiotestsrc is-live=true ! opusenc ! rtpopuspay pt=97
    ! identity name=network drop-probability=0 ! call.sink_0
  callstatsloopback name=call  call.src_0 ! rtpopusdepay ! opusdec ! fakesink
  callstatsmon user-id=alice conference-id=quality
"""


class Quality(unittest.TestCase):
    def setUp(self):
        Gst.init(None)
        self.pipeline = Gst.parse_launch(CALL)
        self.addCleanup(self.pipeline.set_state, Gst.State.NULL)
        self.pipeline.set_state(Gst.State.PLAYING)

    def wait_for_report(self, end, wanted):
        """The first report of that end for which `wanted` is true."""
        deadline = time.monotonic() + 40
        while True:
            left = deadline - time.monotonic()
            self.assertGreater(left, 0, f"no such report of the {end}")
            message = self.pipeline.bus.timed_pop_filtered(
                int(left * Gst.SECOND), Gst.MessageType.ELEMENT | Gst.MessageType.ERROR)
            if message is None:
                continue
            self.assertEqual(message.type, Gst.MessageType.ELEMENT)
            if not message.has_name("callstats-stats"):
                continue
            structure = message.get_structure()
            report = json.loads(structure["report"])
            if structure["webrtcbin"].get_name() == end and wanted(report):
                return report

    @staticmethod
    def stream(report, kind):
        return next((stats for stats in report.values() if stats["type"] == kind), {})

    def test_a_call_is_as_good_as_its_network(self):
        ends = {"caller": "outbound-rtp", "callee": "inbound-rtp"}
        for end, kind in ends.items():
            report = self.wait_for_report(
                end, lambda report: self.stream(report, kind).get("csScore", 0) >= 4)
            self.assertEqual(report["callstats-quality"]["score"],
                             self.stream(report, kind)["csScore"])
        self.pipeline.get_by_name("network").set_property("drop-probability", 0.3)
        for end, kind in ends.items():
            report = self.wait_for_report(
                end, lambda report: self.stream(report, kind).get("csScore", 5) <= 3)
            self.assertIn("loss", self.stream(report, kind)["csReasons"])
            self.assertIn("loss", report["callstats-quality"]["reasons"])
            self.assertEqual(report["callstats-quality"]["score"],
                             self.stream(report, kind)["csScore"])


class Conditions(unittest.TestCase):
    def test_an_application_can_score_what_it_knows(self):
        conditions = Callstats.StreamConditions.new(False, "audio/opus")
        self.assertEqual(conditions.score()[0], 0)
        conditions.fraction_lost = 0.1
        conditions.round_trip_time = 0.4
        score, reasons = conditions.score()
        self.assertAlmostEqual(score, 2.13, 2)
        self.assertEqual([word for word, cost in reasons.unpack()], ["loss", "delay"])
        self.assertEqual(Callstats.score_to_quality(score), Callstats.StreamQuality.BAD)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
