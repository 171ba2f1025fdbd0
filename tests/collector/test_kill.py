# SPDX-License-Identifier: LGPL-2.1-or-later
"""SIGKILL in the middle of ingest and packing, over and over: the store is whole after each,
and has everything that was acknowledged, once. 5 times; 50 with CALLSTATS_LONG=1."""
import os
import random
import sqlite3
import subprocess
import tempfile
import threading
import time
import unittest

import wire

CYCLES = 50 if os.environ.get("CALLSTATS_LONG") == "1" else 5
CLIENTS = 3
BATCH = 20
IN_FLIGHT = 400
START = 1700000000000
DEADLINE = 60


class Sender(threading.Thread):
    """One session that sends numbered reports as fast as they are acknowledged, until the
    connection ends."""

    def __init__(self, collector, number, on_acked):
        super().__init__()
        self.number = number
        self.on_acked = on_acked
        self.client = collector.connect(user=f"user-{number}")
        self.stored = int(self.client.hello(f"session-{number}")["stored"])
        self.acked = self.sent = self.stored
        self.error = None

    def make_record(self, sequence):
        return wire.report(f"fabric-{self.number}", "killed", START + 1000 * sequence,
                           number=sequence)

    def send(self):
        while True:
            self.sent = self.client.send_records(
                [self.make_record(self.sent + 1 + i) for i in range(BATCH)], first=self.sent + 1)
            while self.sent - self.acked > IN_FLIGHT:
                self.take_ack()

    def take_ack(self):
        acked = int(self.client.receive("ack")["sequence"])
        self.on_acked(acked - self.acked)
        self.acked = acked

    def run(self):
        try:
            self.send()
        except OSError:
            pass
        except wire.Closed:
            return
        except Exception as error:  # told by the main thread
            self.error = error
            return
        try:  # what came before the end
            while True:
                self.take_ack()
        except (OSError, wire.Closed):
            pass


class Kill(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="collector-kill-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.store = os.path.join(self.folder, "calls.db")
        self.acked = dict.fromkeys(range(CLIENTS), 0)
        self.under_way = 0  # when it was killed

    def command(self, name):
        return [os.environ["CALLSTATS_COLLECTOR"], name, "--store", "sqlite:" + self.store]

    def run_until_killed(self, packs):
        collector = wire.Collector(self.folder)
        enough = threading.Event()
        left = [random.randrange(200, 2000)]

        def on_acked(n):
            left[0] -= n
            if left[0] <= 0:
                enough.set()

        senders = [Sender(collector, number, on_acked) for number in range(CLIENTS)]
        for sender in senders:
            self.assertGreaterEqual(sender.stored, self.acked[sender.number])
            sender.start()
        packer = subprocess.Popen(self.command("migrate"), stdout=subprocess.DEVNULL,
                                  stderr=subprocess.PIPE) if packs else None
        self.assertTrue(enough.wait(DEADLINE), "nothing is acknowledged")
        time.sleep(random.uniform(0, 0.06))  # at any moment of a transaction
        collector.kill()
        if packer is not None:
            packer.kill()
            packer.communicate()
        for sender in senders:
            sender.join(DEADLINE)
            self.assertFalse(sender.is_alive())
            self.assertIsNone(sender.error)
            self.acked[sender.number] = sender.acked
            self.under_way += sender.sent - sender.acked
        collector.stop()

    def assert_whole(self):
        done = subprocess.run(self.command("check"), capture_output=True, text=True,
                              timeout=DEADLINE, check=False)
        self.assertEqual((done.returncode, done.stdout, done.stderr),
                         (0, "The store is whole.\n", ""))
        with sqlite3.connect(self.store) as db:
            stored = dict(db.execute("SELECT name, stored FROM sessions"))
        for number, acked in self.acked.items():
            self.assertGreaterEqual(stored[f"session-{number}"], acked)
        return stored

    def read_numbers(self, collector, fabric):
        numbers, after = [], None
        while True:
            page = collector.get("apps", wire.APP, "fabrics", fabric, "reports",
                                 **({"after": after} if after else {}))
            numbers += [report["stats"]["T1"]["number"] for report in page["reports"]]
            after = page.get("next")
            if not after:
                return numbers

    def assert_all_are_there(self, stored):
        with wire.Collector(self.folder) as collector:
            for number in range(CLIENTS):
                self.assertEqual(self.read_numbers(collector, f"fabric-{number}"),
                                 list(range(1, stored[f"session-{number}"] + 1)))

    def test_what_was_acked_survives_kill_9(self):
        for cycle in range(CYCLES):
            self.run_until_killed(packs=cycle % 2 == 1)
            stored = self.assert_whole()
        self.assert_all_are_there(stored)
        subprocess.run(self.command("migrate"), stdout=subprocess.DEVNULL, timeout=DEADLINE,
                       check=True)
        self.assert_whole()
        self.assert_all_are_there(stored)
        self.assertGreater(self.under_way, 0)
        print(f"killed {CYCLES} times with {self.under_way} records under way,"
              f" {sum(self.acked.values())} acknowledged, {sum(stored.values())} stored")


if __name__ == "__main__":
    unittest.main()
