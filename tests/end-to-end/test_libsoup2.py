# SPDX-License-Identifier: LGPL-2.1-or-later
"""In a process that has libsoup 2, libsoup 3 would abort it: the pipeline plays on."""

import os
import subprocess
import unittest

import harness
from harness import EndToEnd, free_port, host_environment, warnings_in

LIBSOUP2 = "libsoup-2.4.so.1"


def has_libsoup2():
    found = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True)
    return LIBSOUP2 in found.stdout


@unittest.skipUnless(has_libsoup2(), "libsoup 2 is not installed")
class Libsoup2(EndToEnd):
    def test_that_is_there_first_costs_one_warning(self):
        """No webrtcbin: on Debian 12 its own libnice brings libsoup 3."""
        environment = {**os.environ, **host_environment()}
        environment["LD_PRELOAD"] = f"{environment.get('LD_PRELOAD', '')} {LIBSOUP2}".strip()
        command = ["gst-launch-1.0", "callstatsmon", f"backend-url=ws://127.0.0.1:{free_port()}/",
                   "app-id=demo", "app-secret=none", "user-id=alice", "conference-id=c1",
                   "videotestsrc", "num-buffers=30", "is-live=true", "!", "fakesink"]
        run = subprocess.run(command, env=environment, capture_output=True, text=True,
                             timeout=50)
        output = (run.stdout + run.stderr).splitlines()
        self.assertEqual(run.returncode, 0, output)
        self.assertEqual(len(warnings_in(output)), 1, output)
        self.assertIn("libsoup 2", warnings_in(output)[0])


if __name__ == "__main__":
    harness.main()
