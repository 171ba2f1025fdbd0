# SPDX-License-Identifier: LGPL-2.1-or-later
"""callstats-collector import: what is in a file is in the store, once, whatever else is there.

CALLSTATS_LONG=1 makes the large file 200 000 lines long and tells time and memory.
"""
import json
import os
import random
import resource
import signal
import sqlite3
import subprocess
import tempfile
import threading
import time
import unittest

import wire

START = 1700000000000
LONG = os.environ.get("CALLSTATS_LONG") == "1"
MANY = 200000 if LONG else 2000
DEADLINE = 600 if LONG else wire.DEADLINE


def head(session="s1", **changes):
    line = {"type": "session", "format": 1, "session": session, "time": START, "app": wire.APP,
            "user": "alice", "client": {"userName": "Alice"}, **changes}
    return {name: value for name, value in line.items() if value is not None}


def lines_of(records, session="s1", first=1):
    return [{"session": session, "sequence": first + i, "record": record}
            for i, record in enumerate(records)]


def encode(lines):
    return b"".join((line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n"
                    for line in lines)


class Import(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="collector-import-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.store = self.path("calls.db")

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, *lines):
        with open(self.path(name), "wb") as out:
            out.write(encode(lines))
        return self.path(name)

    def command(self, *arguments):
        return [os.environ["CALLSTATS_COLLECTOR"], "import", "--store", "sqlite:" + self.store,
                *arguments]

    def start(self, *arguments, **options):
        process = subprocess.Popen(self.command(*arguments), stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True, **options)
        self.addCleanup(lambda: process.poll() is None and process.kill())
        return process

    def run_import(self, *arguments, status=0, **options):
        done = subprocess.run(self.command(*arguments), text=True, capture_output=True,
                              timeout=DEADLINE, check=False, **options)
        self.assertEqual(done.returncode, status, done.stderr)
        return done

    def assert_summary(self, done, read, stored, skipped=0):
        self.assertEqual(done.stdout, f"{read} records read, {stored} stored now, "
                                      f"{skipped} lines passed over\n")

    def query(self, sql):
        with sqlite3.connect(self.store) as db:
            return db.execute(sql).fetchall()

    def report_times(self):
        return [time // 1000 for (time,) in self.query("SELECT time FROM reports ORDER BY id")]

    def assert_sound(self, reports):
        """Every report once, and the sums agree with the rows."""
        times = self.report_times()
        self.assertEqual(len(times), len(set(times)))
        self.assertEqual(len(times), reports)
        self.assertEqual(self.query("SELECT sum(reports) FROM fabrics"), [(reports,)])
        self.assertEqual(self.query("PRAGMA foreign_key_check"), [])

    # ---- Once ----

    def test_a_file_is_what_a_connection_would_have_been(self):
        records = wire.call(START, reports=20)
        file = self.write("call.jsonl", head(), *lines_of(records))
        self.assert_summary(self.run_import(file), len(records), len(records))
        with wire.Collector(self.folder) as collector:
            imported = self.everything(collector)
        self.store = self.path("live.db")
        with wire.Collector(self.folder, store=self.store) as collector:
            client = collector.connect(user="alice")
            client.hello("s1", userName="Alice")
            client.store(*records)
            self.assertEqual(self.everything(collector), imported)

    def everything(self, collector):
        known = collector.get("apps", wire.APP, "conferences", "c1")
        self.assertEqual(len(known["fabrics"]), 1)
        return known, collector.get("apps", wire.APP, "fabrics",
                                    known["fabrics"][0]["fabric"], "reports")

    def test_again_doubles_nothing(self):
        records = wire.call(START, reports=20)
        file = self.write("call.jsonl", head(), *lines_of(records))
        n = len(records)
        self.assert_summary(self.run_import(file), n, n)
        before = self.query("SELECT * FROM events") + self.query("SELECT * FROM reports")
        self.assert_summary(self.run_import(file), n, 0)
        self.assert_summary(self.run_import(file, file), 2 * n, 0)
        self.assertEqual(
            self.query("SELECT * FROM events") + self.query("SELECT * FROM reports"), before)

    def test_retention_counts_from_the_import(self):
        """A file of forty days ago is not older than others of that day."""
        begin = wire.now_ms() - 40 * 24 * 3600 * 1000
        records = [*wire.call(begin, reports=20), {"type": "alien", "time": begin}]
        file = self.write("call.jsonl", head(time=begin), *lines_of(records))
        self.run_import(file)
        self.assertEqual(self.retain(), "0 reports and 0 conferences removed")
        self.maintain("migrate")
        self.assertEqual(self.retain(), "0 reports and 0 conferences removed")
        self.assertEqual(self.query("SELECT sum(reports) FROM blocks"), [(20,)])
        self.assertEqual(self.query("SELECT count(*) FROM others"), [(1,)])

    def maintain(self, command, *arguments):
        return subprocess.run([os.environ["CALLSTATS_COLLECTOR"], command, "--store",
                               "sqlite:" + self.store, *arguments], text=True, check=True,
                              stdout=subprocess.PIPE, timeout=DEADLINE).stdout

    def retain(self):
        told = self.maintain("retention", "--raw-days", "30", "--summary-days", "39")
        return told.partition(",")[0].strip()

    def test_reports_of_one_time_are_read_in_bounded_memory(self):
        long = "x" * 8000
        records = [wire.report("f", "c", START, n=i, long=long) for i in range(3000)]
        self.run_import(self.write("call.jsonl", head(), *lines_of(records)))
        self.maintain("migrate")
        with wire.Collector(self.folder) as collector:
            before = collector.peak_kib()
            read, cursor = [], None
            for _ in range(3):
                answer = collector.get("apps", wire.APP, "fabrics", "f", "reports", limit=7,
                                       **({"after": cursor} if cursor else {}))
                read += [r["stats"]["T1"]["n"] for r in answer["reports"]]
                cursor = answer["next"]
            self.assertEqual(read, list(range(21)))
            if not wire.SANITIZED:
                self.assertLess(collector.peak_kib() - before, 16 * 1024)

    def test_a_file_that_has_grown_brings_the_rest(self):
        lines = [head(), *lines_of([wire.report("f", "c", START + i) for i in range(50)])]
        self.run_import(self.write("call.jsonl", *lines[:31]))
        self.assert_summary(self.run_import(self.write("call.jsonl", *lines)), 50, 20)
        self.assert_sound(50)

    def test_files_come_in_any_order(self):
        lines = lines_of([wire.report("f", "c", START + i) for i in range(90)])
        parts = [self.write(f"call.jsonl.{i}", head(), *lines[30 * i:30 * i + 30])
                 for i in range(3)]
        for part in 2, 0, 2, 1, 0:
            self.run_import(parts[part])
        self.assert_sound(90)
        random.Random(1).shuffle(lines)
        self.store = self.path("shuffled.db")
        self.assert_summary(self.run_import(self.write("shuffled.jsonl", head(), *lines)), 90, 90)
        self.assert_sound(90)
        self.assertEqual(self.query("SELECT count(*) FROM holes"), [(0,)])

    def test_imports_at_the_same_time_double_nothing(self):
        file = self.write("call.jsonl", head(), *lines_of(
            [wire.report("f", "c", START + i) for i in range(MANY // 4)]))
        importers = [self.start(file) for _ in range(3)]
        stored = 0
        for importer in importers:
            out, err = importer.communicate(timeout=DEADLINE)
            self.assertEqual(importer.returncode, 0, err)
            stored += int(out.split(" stored")[0].split()[-1])
        self.assertEqual(stored, MANY // 4)
        self.assert_sound(MANY // 4)

    def test_a_collector_goes_on_beside_it(self):
        file = self.write("call.jsonl", head(), *lines_of(
            [wire.report("f", "c", START + i) for i in range(MANY)]))
        with wire.Collector(self.folder) as collector:
            client = collector.connect(user="bob")
            client.hello("live")
            importer = self.start(file)
            sent = 0
            while importer.poll() is None or sent < 20:
                client.store(wire.report("g", "c", START - 1 - sent))
                sent += 1
            out, err = importer.communicate()
            self.assertEqual(importer.returncode, 0, err)
            known = collector.get("apps", wire.APP, "conferences", "c")
            self.assertEqual({fabric["fabric"]: fabric["reports"] for fabric in known["fabrics"]},
                             {"f": MANY, "g": sent})
        self.assert_sound(MANY + sent)

    # ---- Whose it is ----

    def test_who_it_was_can_be_told(self):
        lines = lines_of([wire.report("f", "c", START)])
        for name, lacks in ("nobody", {"app": None, "user": None}), ("user", {"user": None}):
            file = self.write(name, head(**lacks), *lines)
            done = self.run_import(file, status=1)
            self.assert_summary(done, 0, 0, 1)
            self.assertIn(f"{file}:2: ", done.stderr)
            self.assertIn("--app ID and --user ID", done.stderr)
        bare = self.write("bare", *lines)
        self.run_import(bare, status=1)
        self.run_import(self.path("user"), "--user", "bob")
        self.assertEqual(self.query("SELECT name FROM users"), [("bob",)])
        self.run_import(bare, "--app", "other", "--user", "carol")
        # What the file says goes first.
        self.run_import(self.write("full", head(), *lines), "--app", "x", "--user", "y")
        self.assertEqual(self.query("SELECT a.name, u.name, display_name FROM users u"
                                    " JOIN apps a ON a.id = u.app ORDER BY u.id"),
                         [("demo", "bob", "Alice"), ("other", "carol", None),
                          ("demo", "alice", "Alice")])

    def test_sessions_that_share_a_file_stay_apart(self):
        alice = lines_of([wire.report("f", "c", START + i) for i in range(40)], "a-1")
        bob = lines_of([wire.report("g", "c", START + 100 + i) for i in range(40)], "b-1")
        mixed = [line for pair in zip(alice, bob) for line in pair]
        self.run_import(self.write("call.jsonl", head("a-1"), head("b-1", user="bob"), *mixed))
        self.assert_sound(80)
        self.assertEqual(self.query("SELECT u.name, f.name, f.reports FROM fabrics f"
                                    " JOIN users u ON u.id = f.user ORDER BY f.id"),
                         [("alice", "f", 40), ("bob", "g", 40)])

    # ---- What is no record ----

    def test_wrong_lines_are_told_and_passed_over(self):
        def line(sequence, record=None, **changes):
            return {"session": "s1", "sequence": sequence,
                    "record": wire.report("f", "c", START + 1) if record is None else record,
                    **changes}

        deep = json.loads("[" * 29 + "]" * 29)
        wrong = [
            (b"\x00\xff\xfe garbage", "UTF-8"),
            (b"hello", "JSON"),
            (b'["session"]', "object"),
            (b'{"session":"s1","sequence":2,"record":{', "JSON"),
            (line(2, session="a/b"), "A-Z"),
            (line(2, session="s" * 65), "A-Z"),
            (line(2, session=None), "A-Z"),
            (line(0), "sequence"),
            (line(-1), "sequence"),
            (line("x"), "sequence"),
            (line(2 ** 63), "sequence"),
            (line(2, record=[]), "record"),
            (line(2, record={}), "type"),
            (line(2, record={"type": "delta", "slot": 0, "after": 1}), "delta"),
            (line(2, record={"type": "report", "time": START, "conference": "c"}), "fabric"),
            (line(2, record={"type": "event", "conference": "c", "name": "x"}), "time"),
            (line(2, record=wire.event("x", "c", data={"deep": deep})), "deep"),
            (line(2, record=wire.event("x", "c", data={"long": "x" * 1100000})), "longer"),
            (b"x" * 5000000, "longer"),
            (head(format=2), "format"),
            (head(app=""), "128"),
            (head(user="x" * 129), "128"),
        ]
        file = self.write("call.jsonl", head(), line(1), *(text for text, _ in wrong),
                          b"", b"   ", {"type": "later"}, {"session": "s1", "note": 1}, line(3))
        done = self.run_import(file, status=1)
        self.assert_summary(done, 2, 2, len(wrong))
        told = done.stderr.splitlines()
        for i, (_, word) in enumerate(wrong[:20]):
            self.assertIn(f"{file}:{i + 3}: ", told[i])
            self.assertIn(word, told[i])
        self.assertEqual(len(told), 21)
        self.assertIn("only counted", told[20])

    def test_what_a_crash_tore_is_told(self):
        file = self.write("call.jsonl", head(), *lines_of(
            [wire.report("f", "c", START + i) for i in range(3)]))
        os.truncate(file, os.path.getsize(file) - 10)
        done = self.run_import(file, status=1)
        self.assert_summary(done, 2, 2, 1)
        self.assertIn(f"{file}:4: ", done.stderr)
        self.assertIn("in the middle", done.stderr)
        # A whole record needs no line end.
        os.truncate(self.write("whole.jsonl", head(), *lines_of(
            [wire.report("f", "c", START + i) for i in range(3)])),
            os.path.getsize(self.path("whole.jsonl")) - 1)
        self.assert_summary(self.run_import(self.path("whole.jsonl")), 3, 1)

    def test_other_files_are_no_calls(self):
        rng = random.Random(7)
        for name, content in (("random", rng.randbytes(3000000)), ("zeros", bytes(3000000)),
                              ("json", b'{"a":1}\n' * 1000), ("brackets", b"[" * 3000000)):
            with open(self.path(name), "wb") as out:
                out.write(content)
            done = self.run_import(self.path(name), status=1)
            self.assertIn("0 records read, 0 stored now", done.stdout)
            self.assertIn(self.path(name), done.stderr)
            self.assertLess(len(done.stderr), 20000)

    # ---- Ways and ends ----

    def test_the_standard_input_is_stored_as_it_comes(self):
        importer = self.start("-", stdin=subprocess.PIPE)
        importer.stdin.write(encode([head(), *lines_of([wire.report("f", "c", START)])]).decode())
        importer.stdin.flush()
        self.wait_for_reports()
        importer.send_signal(signal.SIGINT)
        importer.wait(DEADLINE)  # before its input is closed, which would end it, too
        out, err = importer.communicate(timeout=DEADLINE)
        self.assertEqual(importer.returncode, 2)
        self.assertIn("interrupted", err)
        self.assertIn("1 stored now", out)

    def wait_for_reports(self):
        deadline = time.monotonic() + DEADLINE
        while not os.path.exists(self.store) or self.count() == 0:
            self.assertLess(time.monotonic(), deadline, "a report")
            time.sleep(0.01)

    def count(self):
        try:
            return self.query("SELECT count(*) FROM reports")[0][0]
        except sqlite3.OperationalError:  # no table yet
            return 0

    def test_an_interrupted_import_is_completed_by_the_next(self):
        lines = [head(), *lines_of(
            [wire.report("f", "c", START + i, filler="x" * 2000) for i in range(MANY)])]
        importer = self.start("-", stdin=subprocess.PIPE)
        feeder = threading.Thread(target=self.feed, args=(importer, lines[:MANY // 2]))
        feeder.start()
        self.wait_for_reports()
        importer.send_signal(signal.SIGINT)
        importer.wait(DEADLINE)
        feeder.join()
        stored = self.count()
        self.assertIn(f"{stored} stored now, 0 lines passed over", importer.stdout.read())
        self.assertEqual(importer.returncode, 2)
        self.assert_summary(self.run_import(self.write("call.jsonl", *lines)),
                            MANY, MANY - stored)
        self.assert_sound(MANY)

    def feed(self, importer, lines):
        """Writes what is read; what is not does not matter."""
        try:
            importer.stdin.buffer.write(encode(lines))
            importer.stdin.flush()
        except BrokenPipeError:
            pass

    def test_a_large_file_needs_little_memory(self):
        # A child begins with what its parent has: it must not hold the file.
        file = self.write("call.jsonl", head())
        with open(file, "ab") as out:
            for i in range(MANY):
                record = wire.report("f", "c", START + i, filler="x" * 2000)
                out.write(encode(lines_of([record], first=i + 1)))
        importer = self.start(file)
        began = time.monotonic()
        out = importer.stdout.read()
        _, status, usage = os.wait4(importer.pid, 0)
        importer.returncode = os.waitstatus_to_exitcode(status)
        importer.stderr.close()
        importer.stdout.close()
        self.assertEqual(out, f"{MANY} records read, {MANY} stored now, 0 lines passed over\n")
        self.assert_sound(MANY)
        if LONG:
            print(f"\n{MANY} lines, {os.path.getsize(file) >> 20} MiB: "
                  f"{time.monotonic() - began:.1f} s, {usage.ru_maxrss >> 10} MiB", flush=True)
        if not wire.SANITIZED:
            self.assertLess(usage.ru_maxrss, 64 * 1024)

    def test_what_cannot_be_done_is_told(self):
        file = self.write("call.jsonl", head(), *lines_of([wire.report("f", "c", START)]))
        for arguments, word in (
                ((), "no file"), (("--app", "", file), "--app"),
                (("--user", "x" * 129, file), "--user"), (("--nonsense", file), "nonsense"),
                ((self.path("none"),), "none"), ((self.folder,), self.folder)):
            self.assertIn(word, self.run_import(*arguments, status=2).stderr)
        # The other files are read all the same.
        self.assert_summary(self.run_import(self.path("none"), file, status=2), 1, 1)
        self.store = "/nonsense/calls.db"
        self.assertIn("--store", self.run_import(file, status=2).stderr)
        done = subprocess.run([os.environ["CALLSTATS_COLLECTOR"], "import", file], text=True,
                              capture_output=True, timeout=DEADLINE, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("--store is missing", done.stderr)

    def test_a_store_that_cannot_be_written_to_is_told(self):
        file = self.write("call.jsonl", head(), *lines_of(
            [wire.report("f", "c", START + i, filler="x" * 2000) for i in range(1000)]))
        self.run_import(self.write("empty.jsonl", head()))
        done = self.run_import(file, status=2, preexec_fn=lambda: resource.setrlimit(
            resource.RLIMIT_FSIZE, (300000, 300000)))
        self.assertIn("database", done.stderr)
        self.run_import(file)
        self.assert_sound(1000)

    def test_help_tells_all(self):
        done = subprocess.run([os.environ["CALLSTATS_COLLECTOR"], "import", "--help"], text=True,
                              capture_output=True, timeout=DEADLINE, check=True)
        for word in "--store", "--app", "--user", "FILE", "Exit status", "again":
            self.assertIn(word, done.stdout)


if __name__ == "__main__":
    unittest.main()
