# SPDX-License-Identifier: LGPL-2.1-or-later
"""examples/python/watch_call.py under the system's Python."""

import os
import subprocess
import sys
import unittest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
EXAMPLE = os.path.join(TOP, "examples", "python", "watch_call.py")


class WatchCall(unittest.TestCase):
    def run_example(self, *arguments):
        done = subprocess.run([sys.executable, EXAMPLE, *arguments], text=True, timeout=50,
                              capture_output=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotRegex(done.stderr, "CRITICAL|Traceback")
        return done.stdout

    def assert_watched(self, output):
        for peer in ("caller", "callee"):
            self.assertIn(f"{peer} fabricSetup", output)
            self.assertIn(f"{peer} fabricTerminated", output)
        self.assertRegex(output, r"callee SSRC \d+ received [1-9]\d* bytes")

    def test_prints_events_and_reports_of_both_ends(self):
        self.assert_watched(self.run_example("--seconds", "5"))

    def test_does_so_without_a_network_too(self):
        self.assert_watched(self.run_example("--seconds", "5", "--loopback"))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
