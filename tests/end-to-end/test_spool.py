# SPDX-License-Identifier: LGPL-2.1-or-later
"""A call that is killed while its backend is away: the next one delivers what it left."""

import os

import harness
from harness import EndToEnd, wait_until


class Spool(EndToEnd):
    def setUp(self):
        super().setUp()
        self.spool = os.path.join(self.folder, "spool")

    def spooled(self):
        """Bytes of all journals."""
        return sum(os.path.getsize(os.path.join(folder, file))
                   for folder, _, files in os.walk(self.spool) for file in files)

    def test_a_killed_call_reaches_the_store_through_the_next_one(self):
        collector = self.start_collector()
        call = self.make_call(self.credentials(
            collector.backend, interval=100, spool_dir=self.spool)).start()
        wait_until(lambda: self.reported(collector, 5), harness.CONNECTED,
                   "five reports of each fabric")
        collector.kill()
        before = self.spooled()
        wait_until(lambda: self.spooled() > before + 100000, 20, "reports on disk")
        call.process.kill()
        call.wait(10)

        collector.start()
        known = self.reports(collector)
        second = self.make_call(self.credentials(
            collector.backend, interval=100, spool_dir=self.spool,
            conference_id="another")).start()
        wait_until(lambda: collector.conference("another"), harness.CONNECTED,
                   "the second call")
        after = wait_until(lambda: self.grown(collector, known), 10,
                           "the first call's last reports")
        self.assertEqual(len(after), 2)
        for fabric, times in after.items():
            # While a call is set up, its replies come in bursts.
            away = times[len(known[fabric]) - 1:]
            self.assertEqual(away, sorted(set(away)), "in order, none twice")
            gaps = [later - earlier for earlier, later in zip(away, away[1:])]
            self.assertLess(max(gaps), 1000, "none missing while the collector was away")
        self.assertEqual(second.stop(), 0)
        wait_until(lambda: self.spooled() == 0, 5, "an empty spool")

    def reported(self, collector, least):
        counts = [len(times) for times in self.reports(collector).values()]
        return len(counts) == 2 and min(counts) >= least

    def reports(self, collector):
        """The times of the reports of each fabric of the first call."""
        known = collector.conference("conference")
        return {fabric["fabric"]: [report["time"] for report in
                                   collector.reports(fabric["fabric"])["reports"]]
                for fabric in known["fabrics"]} if known else {}

    def grown(self, collector, known):
        now = self.reports(collector)
        return now if all(len(now[fabric]) > len(times) + 5
                          for fabric, times in known.items()) else None


if __name__ == "__main__":
    harness.main()
