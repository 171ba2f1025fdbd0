# SPDX-License-Identifier: LGPL-2.1-or-later
"""The README's gst-launch-1.0 line, typed in a second terminal."""

import os
import re
import signal
import subprocess

import harness
from harness import TOP, EndToEnd, wait_until


def shell_block_with(words):
    with open(os.path.join(TOP, "README.md")) as file:
        blocks = re.findall(r"```sh\n(.*?)```", file.read(), re.DOTALL)
    return next(block for block in blocks if words in block)


class Readme(EndToEnd):
    def setUp(self):
        if "CALLSTATS_SANITIZER_RUNTIME" in os.environ:
            self.skipTest("what a user types preloads no sanitizer")
        super().setUp()

    def typed(self, collector):
        """The block with only the names of this test's folders and port in it."""
        block = shell_block_with("gst-launch-1.0 -e")
        for written, here in (("build-demo", harness.build),
                              ("ws://127.0.0.1:8765/", collector.backend),
                              ("app-id=demo", f"app-id={harness.APP}"),
                              ("data/demo/app-secret", self.secret_file)):
            self.assertEqual(block.count(written), 1, written)
            block = block.replace(written, here)
        return block

    def test_its_call_appears_in_the_page_and_ends_at_ctrl_c(self):
        collector = self.start_collector()
        # A session of its own stands for the terminal: Ctrl-C reaches all in it.
        shell = subprocess.Popen(["bash", "-c", self.typed(collector)], cwd=TOP, text=True,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                 start_new_session=True)
        self.addCleanup(lambda: shell.poll() is None and os.killpg(shell.pid, signal.SIGKILL))
        known = wait_until(lambda: self.reported(collector, 3), 30, "three reports")
        self.assertEqual([one["user"] for one in known["participants"]], ["me"])
        self.assertEqual(len(known["fabrics"]), 2)
        # What the page shows is this list: tests/browser looks at the page itself.
        self.assertEqual([one["conference"] for one in collector.get("conferences")["conferences"]],
                         ["by-hand"])
        os.killpg(shell.pid, signal.SIGINT)
        output, _ = shell.communicate(timeout=20)
        self.assertEqual(shell.returncode, 0, output)
        self.assertNotIn("WARNING", output)

    def test_its_offline_call_is_imported(self):
        block = shell_block_with("callstats-collector import")
        for written, here, times in (("build-demo", harness.build, 2),
                                     ("/tmp/call.jsonl", f"{self.folder}/call.jsonl", 2),
                                     ("app-id=demo", f"app-id={harness.APP}", 1),
                                     ("data/demo", self.folder, 1)):
            self.assertEqual(block.count(written), times, written)
            block = block.replace(written, here)
        done = subprocess.run(["bash", "-c", block], cwd=TOP, text=True, timeout=40, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertNotIn("WARNING", done.stdout)
        known = self.start_collector().conference("offline")
        self.assertEqual([one["user"] for one in known["participants"]], ["me"])
        self.assertEqual([one["state"] for one in known["fabrics"]], ["terminated"] * 2)

    def reported(self, collector, least):
        known = collector.conference("by-hand")
        return known if known and all(fabric["reports"] >= least
                                      for fabric in known["fabrics"]) else None


if __name__ == "__main__":
    harness.main()
