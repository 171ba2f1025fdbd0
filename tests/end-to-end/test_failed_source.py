# SPDX-License-Identifier: LGPL-2.1-or-later
"""A source that fails before the pipeline plays is told to the backend all the same."""

import os
import subprocess

import harness
from harness import EndToEnd


class FailedSource(EndToEnd):
    def setUp(self):
        if "CALLSTATS_SANITIZER_RUNTIME" in os.environ:
            self.skipTest("the element waits 250 ms at most, too little under a sanitizer")
        super().setUp()

    def failures(self, *elements):
        """The fabricSetupFailed that a pipeline leaves which fails on its way up."""
        collector = self.start_collector()
        command = ["gst-launch-1.0", *self.credentials(collector.backend), *elements,
                   "filesrc", "location=/nonexistent", "!", "fakesink"]
        run = subprocess.run(command, capture_output=True, timeout=40)
        self.assertNotEqual(run.returncode, 0)
        known = collector.conference("conference")
        return [event for event in known["events"] if event["name"] == "fabricSetupFailed"]

    def test_beside_a_webrtcbin_fails_its_setup(self):
        failed, = self.failures("webrtcbin")
        self.assertIsNotNone(failed["fabric"])
        self.assertEqual(failed["data"]["function"], "getUserMedia")
        self.assertEqual(failed["data"]["reason"], "MediaConfigError")

    def test_without_a_webrtcbin_is_its_user_s(self):
        failed, = self.failures()
        self.assertIsNone(failed["fabric"])
        self.assertEqual(failed["data"]["function"], "getUserMedia")
        self.assertIn("filesrc", failed["data"]["diagnosis"])


if __name__ == "__main__":
    harness.main()
