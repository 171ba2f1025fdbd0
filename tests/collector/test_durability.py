# SPDX-License-Identifier: LGPL-2.1-or-later
"""What was acked survives anything; what was not is told to the client."""
import os
import sqlite3
import tempfile
import unittest

import wire

START = 1700000000000


class Durability(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="collector-durability-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def test_acked_records_survive_kill_9(self):
        acked = 0
        for cycle in range(10):
            collector = wire.Collector(self.folder)
            client = collector.connect()
            self.assertGreaterEqual(client.hello("durable")["stored"], acked)
            acked = client.store(*[wire.report("f", "c", START + cycle * 10 + i)
                                   for i in range(5)])
            client.send_records([wire.report("f", "c", START + 1000000)] * 50)
            collector.kill()
            collector.stop()
            self.assert_whole(acked)

    def assert_whole(self, acked):
        """Read without the collector: rows and the session's number agree."""
        with sqlite3.connect(os.path.join(self.folder, "calls.db")) as db:
            self.assertEqual(db.execute("PRAGMA integrity_check").fetchone(), ("ok",))
            self.assertEqual(db.execute("PRAGMA foreign_key_check").fetchall(), [])
            reports = db.execute("SELECT (SELECT count(*) FROM reports) +"
                                 " (SELECT coalesce(sum(reports), 0) FROM blocks)").fetchone()[0]
            stored = db.execute("SELECT stored FROM sessions").fetchone()[0]
            counted = db.execute("SELECT reports FROM fabrics").fetchone()[0]
        self.assertGreaterEqual(stored, acked)
        self.assertEqual((reports, counted), (stored, stored))

    def test_client_resumes_after_a_restart_without_loss_or_doubling(self):
        records = wire.call(START, reports=20)
        with wire.Collector(self.folder) as collector:
            client = collector.connect()
            client.hello("resume")
            client.store(*records[:9])
            collector.kill()
        with wire.Collector(self.folder) as collector:
            client = collector.connect()
            stored = client.hello("resume")["stored"]
            self.assertGreaterEqual(stored, 9)
            client.store(*records[stored:])
            fabric = collector.get("apps", wire.APP, "conferences", "c1")["fabrics"][0]
            self.assertEqual(fabric["reports"], 20)
            reports = collector.get("apps", wire.APP, "fabrics", "f1", "reports")["reports"]
            self.assertEqual([r["time"] for r in reports],
                             [START + 1000 * (i + 1) for i in range(20)])

    def test_store_that_fails_closes_with_4007_and_recovers(self):
        with wire.Collector(self.folder) as collector:
            writer = collector.connect()
            writer.hello("writer")
            writer.store(wire.report("f", "c"))
            # Another process takes the database away for longer than the collector waits.
            thief = sqlite3.connect(os.path.join(self.folder, "calls.db"), isolation_level=None)
            thief.execute("BEGIN IMMEDIATE")
            writer.send_records([wire.report("f", "c")])
            closed = writer.wait_close()
            self.assertEqual(closed.code, 4007)
            self.assertEqual(len(collector.get("apps", wire.APP, "fabrics", "f", "reports")
                                 ["reports"]), 1)
            thief.execute("ROLLBACK")
            thief.close()
            again = collector.connect()
            self.assertEqual(again.hello("writer")["stored"], 1)
            again.store(wire.report("f", "c"))
            reports = collector.get("apps", wire.APP, "fabrics", "f", "reports")["reports"]
            self.assertEqual(len(reports), 2)

    def test_long_query_does_not_hold_up_ingest(self):
        with wire.Collector(self.folder) as collector:
            client = collector.connect()
            client.hello()
            client.store(wire.report("f", "c"))
            reader = sqlite3.connect(os.path.join(self.folder, "calls.db"), isolation_level=None)
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM reports").fetchone()
            client.store(wire.report("f", "c"))
            reader.close()


if __name__ == "__main__":
    unittest.main()
