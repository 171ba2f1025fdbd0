# SPDX-License-Identifier: LGPL-2.1-or-later
"""A call without a backend: what a file holds of it is what a collector would have got."""

import json
import os
import pathlib
import subprocess

import harness
from harness import EndToEnd, wait_until, warnings_in

# What two watches of one webrtcbin cannot have in common: when they looked.
OF_THE_MOMENT = {"delay", "iceGatheringDelay", "iceConnectivityDelay", "phases"}


class Offline(EndToEnd):
    def setUp(self):
        super().setUp()
        self.file = os.path.join(self.folder, "a call.jsonl")

    def recorder(self, **changes):
        """The words of a callstatsmon that writes to the file; it needs no secret."""
        return self.credentials(pathlib.Path(self.file).as_uri(), app_secret_file=None,
                                webrtcbin_name="caller", **changes)

    def run_import(self, *arguments, status=0):
        done = subprocess.run(
            [os.path.join(harness.build, "src", "collector", "callstats-collector"), "import",
             "--store", "sqlite:" + os.path.join(self.folder, "callstats.sqlite"), *arguments],
            text=True, capture_output=True, timeout=30, check=False)
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stdout

    def lines(self):
        with open(self.file, encoding="utf-8") as lines:
            return [json.loads(line) for line in lines]

    def test_a_recorded_call_is_the_one_that_was_reported_live(self):
        collector = self.start_collector()
        live = self.credentials(collector.backend, webrtcbin_name="caller")
        call = self.make_call(live + self.recorder(user_id="recorder"), seconds=4).start()
        self.assertEqual(call.wait(40), 0, "\n".join(call.output[-30:]))
        self.assertEqual(warnings_in(call.output), [])
        self.assertEqual(os.stat(self.file).st_mode & 0o777, 0o600)

        # The collector goes on meanwhile; both are one conference.
        self.assertIn(", 0 lines passed over", self.run_import(self.file))
        known = collector.conference("conference")
        self.assertEqual({user["user"] for user in known["participants"]}, {"alice", "recorder"})
        self.assertEqual(self.history(known, "alice"), self.history(known, "recorder"))
        alice, recorder = (self.reports_of(collector, known, user)
                           for user in ("alice", "recorder"))
        self.assertGreaterEqual(len(recorder), 3)
        self.assertLessEqual(abs(len(alice) - len(recorder)), 1)
        self.assertEqual(self.shape(alice[-1]), self.shape(recorder[-1]))

        # What is in the file is what is in the store, and all of it.
        written = [line["record"] for line in self.lines() if "record" in line]
        self.assertEqual([record["stats"] for record in written if record["type"] == "report"],
                         [report["stats"] for report in recorder])
        self.assertEqual([line["sequence"] for line in self.lines()[1:]],
                         list(range(1, len(written) + 1)))
        self.assertEqual(written[-1]["name"], "userLeft")

        self.assertIn(" 0 stored now", self.run_import(self.file))
        self.assertEqual(collector.conference("conference"), known)

    def history(self, known, user):
        """The user's events, without what only their own watch can know."""
        events = []
        for event in known["events"]:
            if event["user"] == user:
                data = {name: value for name, value in event["data"].items()
                        if name not in OF_THE_MOMENT}
                events.append(json.dumps([event["name"], data], sort_keys=True))
        self.assertTrue(any("fabricSetup" in event for event in events))
        # Threads decide which of two that come at one time is first.
        return sorted(events)

    def reports_of(self, collector, known, user):
        fabric, = (fabric for fabric in known["fabrics"] if fabric["user"] == user)
        self.assertEqual(fabric["state"], "terminated")
        return collector.reports(fabric["fabric"])["reports"]

    def shape(self, report):
        """What of each stats object does not change from moment to moment."""
        return {(stats["type"], stats.get("ssrc"), stats.get("kind"), stats.get("mimeType"))
                for stats in report["stats"].values()}

    def test_a_killed_call_is_in_the_file(self):
        call = self.make_call(self.recorder(interval=100)).start()
        wait_until(lambda: os.path.exists(self.file) and self.reports() >= 20,
                   harness.CONNECTED, "twenty reports")
        before = self.reports()
        call.process.kill()
        call.wait(10)
        self.assertGreaterEqual(self.reports(), before)
        with open(self.file, "ab") as torn:
            torn.write(b'{"session":"')
        # The next call begins a line of its own.
        second = self.make_call(self.recorder(conference_id="another"), seconds=2).start()
        self.assertEqual(second.wait(40), 0)
        self.assertIn(", 1 lines passed over", self.run_import(self.file, status=1))
        collector = self.start_collector()
        first = collector.conference("conference")
        self.assertGreaterEqual(first["fabrics"][0]["reports"], before)
        self.assertEqual(harness.count(collector.conference("another"), "fabricTerminated"), 1)

    def reports(self):
        with open(self.file, encoding="utf-8") as lines:
            return sum('"type":"report"' in line for line in lines)

    def test_a_file_without_names_is_imported_with_some(self):
        call = self.make_call(self.recorder(app_id=None, user_id=None), seconds=2).start()
        self.assertEqual(call.wait(40), 0)
        self.assertEqual(warnings_in(call.output), [])
        self.assertIn("0 stored now", self.run_import(self.file, status=1))
        self.run_import("--app", harness.APP, "--user", "bob", self.file)
        known = self.start_collector().conference("conference")
        self.assertEqual([user["user"] for user in known["participants"]], ["bob"])


if __name__ == "__main__":
    harness.main()
