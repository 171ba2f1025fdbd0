# SPDX-License-Identifier: LGPL-2.1-or-later
"""A webrtcbin that comes when the pipeline has long been playing."""

import sys
import unittest

import gi

gi.require_version("Gst", "1.0")
from gi.repository import Gst  # noqa: E402

CALL = """
  audiotestsrc is-live=true ! opusenc ! rtpopuspay ! loop.sink_0
  callstatsloopback name=loop  loop.src_0 ! fakesink
"""


class LateWebrtcbin(unittest.TestCase):
    def setUp(self):
        Gst.init(None)

    def playing(self, properties):
        pipeline = Gst.parse_launch("videotestsrc is-live=true ! fakesink  callstatsmon name=monitor "
                                    "conference-id=late user-id=alice " + properties)
        self.addCleanup(pipeline.set_state, Gst.State.NULL)
        pipeline.set_state(Gst.State.PLAYING)
        return pipeline

    def add_call(self, pipeline):
        call = Gst.parse_bin_from_description(CALL, False)
        pipeline.add(call)
        call.sync_state_with_parent()

    def next_message(self, pipeline, wanted, timeout):
        """The first message for which `wanted` is true; anything else is passed over."""
        while True:
            message = pipeline.bus.timed_pop_filtered(
                timeout * Gst.SECOND,
                Gst.MessageType.WARNING | Gst.MessageType.ELEMENT | Gst.MessageType.ERROR)
            self.assertIsNotNone(message, f"nothing within {timeout} s")
            self.assertNotEqual(message.type, Gst.MessageType.ERROR)
            if wanted(message):
                return message

    def fabric_setup(self, pipeline):
        message = self.next_message(
            pipeline, lambda message: message.has_name("callstats-fabric-event")
            and message.get_structure()["name"] == "fabricSetup", 15)
        return message.get_structure()["webrtcbin"].get_name()

    def test_is_found(self):
        pipeline = self.playing("")
        self.add_call(pipeline)
        names = {self.fabric_setup(pipeline), self.fabric_setup(pipeline)}
        self.assertEqual(names, {"caller", "callee"})

    def test_is_found_by_name_even_after_the_warning_that_there_is_none(self):
        pipeline = self.playing("webrtcbin-name=callee")
        warning = self.next_message(
            pipeline, lambda message: message.type == Gst.MessageType.WARNING, 10)
        self.assertIn("callee", warning.parse_warning().gerror.message)
        self.add_call(pipeline)
        self.assertEqual(self.fabric_setup(pipeline), "callee")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
