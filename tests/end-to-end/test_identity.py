# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a callstatsmon says that does not know whom or what to watch."""

import time

import harness
from harness import EndToEnd, monitor, wait_until, warnings_in


class Identity(EndToEnd):
    def first_warning(self, call, timeout):
        """Returns when after PLAYING it came, and the text around it."""
        wait_until(lambda: "Setting pipeline to PLAYING ..." in call.output, 20, "PLAYING")
        start = time.monotonic()
        wait_until(lambda: warnings_in(call.output), timeout, "a warning")
        after = time.monotonic() - start
        return after, "\n".join(call.output)

    def test_an_unknown_webrtcbin_name_is_named_after_five_seconds(self):
        call = self.make_call(monitor(webrtcbin_name="caler"), 8, options=["-e", "-m"]).start()
        after, _ = self.first_warning(call, 15)
        self.assertTrue(4 < after < 7, after)
        self.assertEqual(call.wait(30), 0)
        text = "\n".join(call.output)
        for name in ("caler", "caller", "callee"):
            self.assertIn(name, text)
        self.assertEqual(len(warnings_in(call.output)), 1)
        self.assertNotIn("callstats-fabric-event", text)

    def test_without_a_conference_the_backend_waits_and_the_bus_does_not(self):
        collector = self.start_collector()
        words = self.credentials(collector.backend, conference_id=None, post_messages="events+stats")
        call = self.make_call(words, 13, options=["-e", "-m"]).start()
        after, text = self.first_warning(call, 20)
        self.assertTrue(9 < after < 12, after)
        self.assertIn("conference-id", text)
        self.assertIn("callstats-fabric-event", text)
        self.assertIn("callstats-stats", text)
        self.assertEqual(call.wait(30), 0)
        self.assertEqual(len(warnings_in(call.output)), 1)
        self.assertEqual(collector.get("conferences")["conferences"], [])


if __name__ == "__main__":
    harness.main()
