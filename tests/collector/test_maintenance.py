# SPDX-License-Identifier: LGPL-2.1-or-later
"""The commands that look after a store, beside a collector that is at work on it."""
import os
import pty
import signal
import sqlite3
import subprocess
import tempfile
import unittest

import wire

START = 1700000000000
DAY = 86400 * 10**6
DEADLINE = 60
NOBODY = 65534


class Maintenance(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="collector-maintenance-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.store = os.path.join(self.folder, "calls.db")
        self.file = os.path.join(self.folder, "copy.db")

    def run_command(self, name, *arguments, store=None):
        """Returns its exit status, what it said, and its complaints."""
        done = subprocess.run(
            [os.environ["CALLSTATS_COLLECTOR"], name, "--store", "sqlite:" + (store or self.store),
             *arguments], capture_output=True, text=True, timeout=DEADLINE, check=False)
        return done.returncode, done.stdout, done.stderr

    def assert_whole(self, store=None):
        self.assertEqual(self.run_command("check", store=store),
                         (0, "The store is whole.\n", ""))

    def sql(self, text, *values, store=None):
        db = sqlite3.connect(store or self.store, timeout=DEADLINE)
        with db:
            rows = db.execute(text, values).fetchall()
        db.close()
        return rows

    def fill(self, conferences=2, reports=20):
        """Calls that ended, in a store that nobody uses."""
        with wire.Collector(self.folder) as collector:
            client = collector.connect()
            client.hello()
            for i in range(conferences):
                client.store(*wire.call(START, f"c{i}", f"f{i}", reports=reports))
            client.bye()

    # ---- backup ----

    def test_backup_beside_a_collector_has_all_that_was_acked(self):
        with wire.Collector(self.folder) as collector:
            client = collector.connect()
            client.hello()
            client.store(*wire.call(START, reports=50))
            client.send_records([wire.report("f1", "c1")] * 200)
            self.assertEqual(self.run_command("backup", self.file), (0, "", ""))
            client.store(wire.event("audioMute"))
        self.assert_whole(self.file)
        self.assertGreaterEqual(self.sql("SELECT reports FROM fabrics", store=self.file)[0][0], 50)
        self.assertEqual(self.sql("SELECT count(*) FROM events WHERE name = 'fabricSetup'",
                                  store=self.file), [(1,)])
        # It is a store like any other.
        with wire.Collector(self.folder, store=self.file) as collector:
            self.assertEqual(len(collector.get("apps", wire.APP, "conferences")["conferences"]), 1)

    def test_interrupted_backup_leaves_no_half_file(self):
        self.fill(conferences=20)
        with open(self.file, "w", encoding="utf-8") as out:
            out.write("the backup of before")
        for _ in range(5):
            process = subprocess.Popen(
                [os.environ["CALLSTATS_COLLECTOR"], "backup", "--store", "sqlite:" + self.store,
                 self.file], stderr=subprocess.PIPE, text=True)
            process.send_signal(signal.SIGINT)
            complaints = process.communicate(timeout=DEADLINE)[1]
            if process.returncode == 0:
                self.assert_whole(self.file)
            else:
                self.assertIn(process.returncode, (2, -signal.SIGINT), complaints)
            self.assertEqual([name for name in os.listdir(self.folder) if ".part" in name], [])

    def test_backup_does_not_overwrite_the_store(self):
        self.fill()
        os.link(self.store, self.file)
        code, _, complaints = self.run_command("backup", self.file)
        self.assertEqual(code, 2)
        self.assertIn("is the store itself", complaints)
        self.assert_whole()

    def test_backup_tells_what_it_cannot_write(self):
        self.fill()
        code, _, complaints = self.run_command("backup", os.path.join(self.folder, "no", "b.db"))
        self.assertEqual(code, 2)
        self.assertIn(f'there is no folder "{self.folder}/no"', complaints)

    def abandon(self, store, conference):
        """A collector is killed at work on it: its log stays."""
        folder = os.path.join(self.folder, "other")
        os.mkdir(folder)
        with wire.Collector(folder, store=store) as collector:
            client = collector.connect()
            client.hello()
            client.store(*wire.call(START, conference))
            collector.kill()
        self.assertGreater(os.path.getsize(store + "-wal"), 0)

    def conferences(self, store):
        return self.sql("SELECT name FROM conferences ORDER BY name", store=store)

    def test_backup_over_the_database_of_a_killed_collector(self):
        self.fill()
        self.abandon(self.file, "old")
        self.assertEqual(self.run_command("backup", self.file), (0, "", ""))
        self.assertEqual([name for name in os.listdir(self.folder) if "copy.db" in name],
                         ["copy.db"])
        self.assertEqual(self.conferences(self.file), [("c0",), ("c1",)])
        self.assert_whole(self.file)

    def test_backup_over_a_database_in_use(self):
        self.fill()
        other = os.path.join(self.folder, "other")
        os.mkdir(other)
        with wire.Collector(other, store=self.file) as collector:
            client = collector.connect()
            client.hello()
            code, _, complaints = self.run_command("backup", self.file)
            self.assertEqual(code, 2)
            self.assertIn("is a database in use; stop what has it open", complaints)
            client.store(*wire.call(START, "theirs"))
        self.assertEqual(self.conferences(self.file), [("theirs",)])
        self.assertEqual([name for name in os.listdir(self.folder) if ".part" in name], [])

    def test_backup_beside_the_log_of_a_database_that_is_gone(self):
        self.fill()
        self.abandon(self.file, "old")
        os.unlink(self.file)
        code, _, complaints = self.run_command("backup", self.file)
        self.assertEqual(code, 2)
        self.assertIn("copy.db-wal\" is the log of another database", complaints)
        self.assertFalse(os.path.exists(self.file))
        os.unlink(self.file + "-wal")
        self.assertEqual(self.run_command("backup", self.file), (0, "", ""))
        self.assertEqual(self.conferences(self.file), [("c0",), ("c1",)])

    # ---- check ----

    def assert_found(self, text):
        code, findings, complaints = self.run_command("check")
        self.assertEqual((code, complaints), (1, ""), findings)
        self.assertIn(text, findings)

    def test_check_beside_a_collector(self):
        with wire.Collector(self.folder) as collector:
            client = collector.connect()
            client.hello()
            client.store(*wire.call(START, reports=50))
            client.send_records([wire.report("f1", "c1")] * 200)
            self.assert_whole()

    def test_check_finds_damaged_blocks(self):
        self.fill()
        self.assertEqual(self.run_command("migrate")[0], 0)
        self.assertEqual(self.sql("SELECT count(*), sum(reports) FROM blocks"), [(2, 40)])
        self.assert_whole()
        [(before,)] = self.sql("SELECT hex(data) FROM blocks WHERE id = 1")
        self.sql("UPDATE blocks SET data = substr(data, 1, length(data) - 1)"
                 " || CASE hex(substr(data, -1)) WHEN '00' THEN x'01' ELSE x'00' END"
                 " WHERE id = 1")
        [(after,)] = self.sql("SELECT hex(data) FROM blocks WHERE id = 1")
        self.assertEqual((before[:-2], before[-2:] != after[-2:]), (after[:-2], True))
        self.assert_found("block 1 of fabric 1: A block of reports is damaged")

    def test_check_finds_what_is_missing(self):
        self.fill()
        self.sql("DELETE FROM reports WHERE id = 3")
        self.assert_found("has 19 reports, not 20")

    def test_check_finds_references_to_nothing(self):
        self.fill()
        self.sql("UPDATE events SET fabric = 4711 WHERE id = 2")
        self.assert_found("row 2 of events refers to a row of fabrics that is not there")

    def test_check_finds_damaged_pages(self):
        self.fill(conferences=20)
        self.sql("PRAGMA wal_checkpoint(TRUNCATE)")
        root = self.sql("SELECT rootpage FROM sqlite_schema WHERE name = 'reports_by_fabric'")[0][0]
        with open(self.store, "r+b") as out:
            out.seek((root - 1) * 4096 + 8)
            out.write(b"\xff" * 200)
        code, findings, complaints = self.run_command("check")
        self.assertEqual(code, 1, complaints)
        self.assertNotEqual(findings, "")

    def test_what_is_no_store_is_told(self):
        for command in (("check",), ("backup", self.file), ("migrate",),
                        ("retention", "--raw-days", "1")):
            code, _, complaints = self.run_command(*command)
            self.assertEqual(code, 2, command)
            self.assertIn("calls.db\" does not exist", complaints)
            self.assertFalse(os.path.exists(self.store), command)
        with open(self.store, "w", encoding="utf-8") as out:
            out.write("nothing that SQLite knows, and longer than its header is, too" * 10)
        self.assertEqual(self.run_command("check")[0], 2)

    def test_check_by_a_user_that_may_not_write(self):
        """Without a file beside it, SQLite cannot read a database with a write-ahead log."""
        self.fill()
        os.chmod(self.store, 0o444)
        os.chmod(self.folder, 0o555)
        self.addCleanup(os.chmod, self.folder, 0o755)
        done = subprocess.run(
            [os.environ["CALLSTATS_COLLECTOR"], "check", "--store", "sqlite:" + self.store],
            capture_output=True, text=True, timeout=DEADLINE, check=False,
            user=NOBODY if os.geteuid() == 0 else None)
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertIn("run this as the user that the collector runs as", done.stderr)

    # ---- retention ----

    def test_retention_beside_a_collector(self):
        with wire.Collector(self.folder) as collector:
            client = collector.connect()
            client.hello()
            client.store(*wire.call(START, "old", "f1"))
            client.store(*wire.call(START, "new", "f2"))
            self.sql("UPDATE conferences SET stored = stored - ? WHERE name = 'old'",
                     10 * DAY)
            code, told, complaints = self.run_command("retention", "--summary-days", "9")
            self.assertEqual((code, complaints), (0, ""))
            self.assertIn("0 reports and 1 conferences removed", told)
            # The connection knew the rows that went.
            client.store(*wire.call(START + 10**7, "old", "f1"))
            names = [c["conference"] for c in
                     collector.get("apps", wire.APP, "conferences")["conferences"]]
            self.assertEqual(sorted(names), ["new", "old"])
        self.assert_whole()

    def test_retention_by_key_file(self):
        keys = os.path.join(self.folder, "keys")
        with open(keys, "w", encoding="utf-8") as out:
            out.write(f"[{wire.APP}]\nsecret=sealed:AQUxHyD1\nraw-days=5\n")
        os.chmod(keys, 0o600)
        self.fill()
        self.sql("UPDATE conferences SET stored = stored - ?", 10 * DAY)
        self.assertEqual(self.run_command("retention", "--raw-days", "20")[1][:9], "0 reports")
        code, told, complaints = self.run_command(
            "retention", "--raw-days", "20", "--keys", keys)
        self.assertEqual((code, complaints), (0, ""))
        self.assertIn("40 reports and 0 conferences removed", told)
        self.assert_whole()

    def test_nothing_to_remove_is_told(self):
        self.fill()
        code, _, complaints = self.run_command("retention")
        self.assertEqual(code, 2)
        self.assertIn("--raw-days", complaints)

    # ---- migrate ----

    def test_migrate_packs_and_gives_room_back(self):
        self.fill(conferences=10, reports=100)
        self.sql("PRAGMA wal_checkpoint(TRUNCATE)")
        before = os.path.getsize(self.store)
        self.assertEqual(self.run_command("migrate", "--vacuum"),
                         (0, "The store is up to date.\n", ""))
        self.assertEqual(self.sql("SELECT count(*) FROM reports"), [(0,)])
        self.assertLess(os.path.getsize(self.store), before)
        self.assert_whole()

    def test_vacuum_is_for_one_alone(self):
        with wire.Collector(self.folder) as collector:
            client = collector.connect()
            client.hello()
            for command in (("migrate",), ("retention", "--raw-days", "9")):
                code, _, complaints = self.run_command(*command, "--vacuum")
                self.assertEqual(code, 2)
                self.assertIn("is in use; stop the collector", complaints)
            client.store(*wire.call(START))
        self.assertEqual(self.run_command("migrate", "--vacuum")[0], 0)
        self.assertEqual(self.conferences(self.store), [("c1",)])
        self.assert_whole()

    # ---- all ----

    def test_progress_is_for_terminals(self):
        self.fill(conferences=10, reports=100)
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            [os.environ["CALLSTATS_COLLECTOR"], "check", "--store", "sqlite:" + self.store],
            stdout=subprocess.PIPE, stderr=theirs)
        os.close(theirs)
        shown = b""
        try:
            while data := os.read(ours, 4096):
                shown += data
        except OSError:
            pass  # the other end is closed
        os.close(ours)
        self.assertEqual(process.communicate(timeout=DEADLINE)[0], b"The store is whole.\n")
        self.assertEqual(process.returncode, 0)
        self.assertIn(b"\r\x1b[K", shown)

    def test_wrong_command_lines_are_told(self):
        for arguments in (["backup"], ["check", "--store"], ["check", "x"], ["migrate", "--no"],
                          ["backup", "--store", "sqlite:x", "a", "b"],
                          ["retention", "--store", "sqlite:x", "--raw-days", "-1"]):
            done = subprocess.run([os.environ["CALLSTATS_COLLECTOR"], *arguments],
                                  capture_output=True, text=True, timeout=DEADLINE, check=False)
            self.assertEqual(done.returncode, 2, arguments)
            self.assertNotEqual(done.stderr, "")


if __name__ == "__main__":
    unittest.main()
