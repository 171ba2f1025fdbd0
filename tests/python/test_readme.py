# SPDX-License-Identifier: LGPL-2.1-or-later
"""The README's Python lines."""

import io
import json
import os
import re
import sys
import unittest
from contextlib import redirect_stdout

import gi

gi.require_version("Gst", "1.0")
from gi.repository import GLib, Gst  # noqa: E402

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CALL = """
  callstatsloopback name=call
  audiotestsrc is-live=true ! opusenc ! rtpopuspay ! call.sink_0
  call.src_0 ! fakesink
"""


def python_block():
    with open(os.path.join(TOP, "README.md")) as file:
        return re.search(r"```python\n(.*?)```", file.read(), re.DOTALL).group(1)


class Readme(unittest.TestCase):
    def test_its_lines_print_events_and_reports(self):
        Gst.init(None)
        pipeline = Gst.parse_launch(CALL)
        self.addCleanup(pipeline.set_state, Gst.State.NULL)
        output = io.StringIO()
        with redirect_stdout(output):
            exec(python_block(), {"Gst": Gst, "json": json, "pipeline": pipeline})
            pipeline.set_state(Gst.State.PLAYING)
            self.run_until(lambda: "'type': 'inbound-rtp'" in output.getvalue(), 20)
        self.assertIn("fabricSetup {", output.getvalue())
        self.assertIn("'type': 'inbound-rtp'", output.getvalue())

    def run_until(self, condition, timeout):
        loop = GLib.MainLoop()
        GLib.timeout_add(50, lambda: loop.quit() if condition() else True)
        GLib.timeout_add_seconds(timeout, loop.quit)
        loop.run()


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
