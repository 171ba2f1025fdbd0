# SPDX-License-Identifier: LGPL-2.1-or-later
"""Clients and a collector that are killed and stopped at random lose and double nothing.

Fifty faults by default; CALLSTATS_FAULTS says how many others, CALLSTATS_FAULTS_SEED
which ones.
"""

import os
import random
import signal
import subprocess
import threading
import time

import harness
from harness import EndToEnd, wait_until

from collector import Collector

FAULTS = int(os.environ.get("CALLSTATS_FAULTS", "50"))
SEED = os.environ.get("CALLSTATS_FAULTS_SEED", str(random.randrange(2 ** 32)))
APP = "demo"  # of test-unit-spool
SECRET = "correct horse battery staple"


class Client:
    """A process that tells 1, 2, … of a fabric, and prints what it was promised to keep."""

    def __init__(self, spool, backend):
        program = os.path.join(harness.build, "tests", "unit", "test-unit-spool")
        self.process = subprocess.Popen([program, "--child", spool, backend], text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.fabric = self.process.stdout.readline().strip()
        self.promised = 0
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def kill(self):
        self.process.kill()
        self.process.wait(10)
        self._reader.join(10)
        self.process.stdout.close()

    def _read(self):
        for line in self.process.stdout:
            if line.endswith("\n"):
                self.promised = int(line)


class Faults(EndToEnd):
    def setUp(self):
        super().setUp()
        self.random = random.Random(SEED)
        self.spool = os.path.join(self.folder, "spool")
        secret_file = os.path.join(self.folder, "demo-secret")
        with open(secret_file, "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(SECRET + "\n")
        program = os.path.join(harness.build, "src", "collector", "callstats-collector")
        self.collector = Collector(program, self.folder, APP, secret_file).start()
        self.addCleanup(lambda: self.collector.stop())
        self.clients = [Client(self.spool, self.collector.backend)]
        self.addCleanup(lambda: self.clients[-1].kill())

    def kill_collector(self):
        self.collector.kill()
        time.sleep(self.random.uniform(0, 0.25))
        self.collector.start()

    def stop_collector(self):
        self.collector.process.send_signal(signal.SIGSTOP)
        time.sleep(self.random.uniform(0, 0.25))
        self.collector.process.send_signal(signal.SIGCONT)

    def kill_client(self):
        self.clients[-1].kill()
        self.clients.append(Client(self.spool, self.collector.backend))

    def test_lose_and_double_nothing(self):
        faults = [self.kill_collector, self.stop_collector, self.kill_client]
        for _ in range(FAULTS):
            time.sleep(self.random.uniform(0, 0.3))
            self.random.choice(faults)()
        self.kill_client()
        wait_until(lambda: self.numbers().get(self.clients[-1].fabric), 30,
                   "the last client's records")
        wait_until(self.all_arrived, 10, "all that was promised")
        for fabric, numbers in self.numbers().items():
            self.assertEqual(numbers, list(range(1, len(numbers) + 1)),
                             f"fabric {fabric}, seed {SEED}")

    def all_arrived(self):
        numbers = self.numbers()
        return all(len(numbers.get(client.fabric, [])) >= client.promised
                   for client in self.clients[:-1])

    def numbers(self):
        """Those of each fabric, in the order of the store."""
        known = self.collector.conference("c1")
        self.assertFalse(known and known.get("truncated"))
        numbers = {}
        for event in known["events"] if known else []:
            if event["name"] == "audioMute":
                numbers.setdefault(event["fabric"], []).append(event["data"]["n"])
        return numbers


if __name__ == "__main__":
    harness.main()
