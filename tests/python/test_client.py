# SPDX-License-Identifier: LGPL-2.1-or-later
"""libcallstats alone, through its typelib: an application without GStreamer."""

import os
import shutil
import sys
import tempfile
import time
import unittest

import gi

gi.require_version("Callstats", "1.0")
from gi.repository import Callstats, GLib  # noqa: E402

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tools"))
from collector import Collector, make_secret_file  # noqa: E402

BIG = 2 ** 60  # past what a double holds
STATS = '{"in":{"type":"inbound-rtp","id":"in","kind":"audio","bytesReceived":%d}}'


class Client(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="callstats-test-")
        self.addCleanup(shutil.rmtree, self.folder)
        secret_file = make_secret_file(os.path.join(self.folder, "app-secret"))
        program = os.path.join(sys.argv[1], "src", "collector", "callstats-collector")
        self.collector = Collector(program, self.folder, "python", secret_file).start()
        self.addCleanup(self.collector.stop)
        self.client = Callstats.Client(app_id="python", user_id="alice", app_secret_file=secret_file,
                                       backend_url=self.collector.backend)

    def test_a_call_without_gstreamer_is_stored(self):
        fabric = self.client.add_new_fabric("bob", Callstats.FabricUsage.AUDIO, "standup", None)
        for state in ("CHECKING", "CONNECTED", "COMPLETED"):
            self.client.set_ice_connection_state(fabric, getattr(Callstats.IceConnectionState, state))
        start = time.time_ns() // 1000
        for second in range(3):
            self.client.send_report(fabric, Callstats.Report.new_from_json(
                start + second * 1000000, STATS % (BIG + second)))
        self.client.send_fabric_event(fabric, "fabricTerminated", None)
        known = self.wait_for_end("standup")
        self.assertEqual([(one["user"], one["remoteUser"], one["usage"], one["reports"])
                          for one in known["fabrics"]], [("alice", "bob", "audio", 3)])
        names = [event["name"] for event in known["events"]]
        self.assertEqual((names.count("fabricSetup"), names.count("fabricTerminated")), (1, 1))
        stored = self.collector.reports(fabric)["reports"]
        self.assertEqual([int(report["stats"]["in"]["bytesReceived"]) for report in stored],
                         [BIG, BIG + 1, BIG + 2])

    def wait_for_end(self, conference, timeout=20):
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            known = self.collector.conference(conference)
            if known and "userLeft" in [event["name"] for event in known["events"]]:
                return known
            time.sleep(0.05)
        self.fail(f"no userLeft within {timeout} s")

    def test_its_properties_keep_the_secret(self):
        with self.assertRaises(TypeError):
            self.client.get_property("app-secret")

    def test_wrong_json_is_an_error_of_ours(self):
        for wrong in ("", "[]", '{"in":{"id":"in"}', '{"in":1}'):
            with self.subTest(wrong), self.assertRaises(GLib.Error) as caught:
                Callstats.Report.new_from_json(0, wrong)
            self.assertEqual(caught.exception.domain, "callstats-error-quark")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
