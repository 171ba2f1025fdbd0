# SPDX-License-Identifier: LGPL-2.1-or-later
"""A collector that dies in mid-call and comes back."""

import harness
from harness import EndToEnd, wait_until, warnings_in


class Restart(EndToEnd):
    def test_the_call_goes_on_and_nothing_is_lost_or_doubled(self):
        collector = self.start_collector()
        call = self.make_call(self.credentials(collector.backend, interval=200,
                                               post_messages="stats"),
                              options=("-e", "-m")).start()
        before = wait_until(lambda: self.reported(collector, 10), harness.CONNECTED,
                            "ten reports of each fabric")
        collector.kill()
        collector.start()
        wait_until(lambda: self.reported(collector, max(before.values()) + 15), 20,
                   "reports after the restart")
        self.assertTrue(call.running())
        self.assertEqual(call.stop(), 0)
        self.assertLessEqual(len(warnings_in(call.output)), 1, call.output)
        self.assertNotIn("ERROR", "\n".join(call.output))
        wait_until(lambda: self.ended(collector), 5, "the end of both fabrics")
        told = harness.reports_told(call)
        self.assertEqual(len(told), 2)
        for fabric, times in told.items():
            self.assert_unbroken(collector.reports(fabric)["reports"], times)

    def reported(self, collector, least):
        known = collector.conference("conference")
        counts = {fabric["fabric"]: fabric["reports"] for fabric in known["fabrics"]} if known else {}
        return counts if len(counts) == 2 and min(counts.values()) >= least else None

    def ended(self, collector):
        return harness.count(collector.conference("conference"), "fabricTerminated") == 2

    def assert_unbroken(self, reports, told):
        times = [int(report["time"]) for report in reports]
        self.assertEqual(times, sorted(set(times)), "in order, none twice")
        self.assertGreater(len(told), 20)
        self.assertEqual(set(told) - set(times), set(), "none missing")


if __name__ == "__main__":
    harness.main()
