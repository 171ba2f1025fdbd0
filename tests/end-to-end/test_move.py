# SPDX-License-Identifier: LGPL-2.1-or-later
"""Clients in mid-stream are moved from one collector to another, and back.

Each collector has a store of its own. Over both of them nothing is missing and nothing is
there twice, and the order of every fabric is kept: chaos_store.py compares them with what
the clients told.
"""
import os
import subprocess
import unittest

import chaos_store
import harness

N_CLIENTS = 6
RATE = 100  # records a second, of each client
SECONDS = 60


class Client:
    """One chaos-client: two CallstatsClients that share a connection."""

    def __init__(self, test, user, backend, allowed):
        self.user = user
        self.ledger = os.path.join(test.folder, user + ".ledger")
        command = [os.path.join(harness.build, "tests", "end-to-end", "chaos-client"),
                   "--backend", backend, "--user", user, "--secret-file", test.secret_file,
                   "--ledger", self.ledger, "--rate", str(RATE)]
        if allowed:
            command += ["--allowed", allowed]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True)
        self.output = ""
        test.addCleanup(self.kill)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def finish(self):
        """Ends it once a backend has everything; False: that did not come."""
        self.process.terminate()
        try:
            self.output, _ = self.process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            return False
        return self.process.returncode == 0

    def told(self):
        return chaos_store.read_ledger(self.ledger, self.user)


class Move(harness.EndToEnd):
    def start(self, name, port=0, move_to=None):
        folder = os.path.join(self.folder, name)
        os.makedirs(folder, exist_ok=True)
        collector = self.make_collector(port)
        collector.data = folder
        collector.move_to = move_to
        return collector.start()

    def store(self, collector):
        return chaos_store.Store(collector)

    def wait_for_progress(self, clients, records):
        before = {client.user: sum(row.told for row in client.told()) for client in clients}
        for client in clients:
            harness.wait_until(
                lambda client=client: sum(row.promised for row in client.told()) >
                before[client.user] + records, SECONDS, f"progress of {client.user}")

    def judge(self, clients, stores):
        """Every number of every fabric once, over all stores."""
        for row in (row for client in clients for row in client.told()):
            parts = [store.fabrics[row.fabric].numbers for store in stores
                     if row.fabric in store.fabrics]
            numbers = [number for part in parts for number in part]
            self.assertEqual(sorted(numbers), list(range(1, row.told + 1)), row.fabric)
            for part in parts:
                for kind in (0, 1):
                    of_kind = [n for n in part if (n % 4 != 0) == kind]
                    self.assertEqual(of_kind, sorted(of_kind), row.fabric)
        for store in stores:
            self.assertEqual(store.gaps, {})
            for fabric, stored in store.fabrics.items():
                self.assertEqual(stored.wrong, [], fabric)

    def test_there_and_back(self):
        second_port = harness.free_port()
        first = self.start("first", move_to=f"ws://127.0.0.1:{second_port}/")
        second = self.start("second", second_port, move_to=first.backend)
        clients = [Client(self, f"user-{i}", first.backend, second.backend)
                   for i in range(N_CLIENTS)]
        self.wait_for_progress(clients, 50)
        self.assertEqual(first.stop(SECONDS), 0)
        self.wait_for_progress(clients, 50)
        first = self.start("first", first.port)
        self.assertEqual(second.stop(SECONDS), 0)
        self.wait_for_progress(clients, 50)
        for client in clients:
            self.assertTrue(client.finish(), client.output)
            self.assertIn("records-thinned: 0\nrecords-dropped: 0", client.output)
        self.assertEqual(first.stop(), 0)
        stores = [self.store(first), self.store(second)]
        self.judge(clients, stores)
        for store in stores:
            self.assertEqual({stored.user for stored in store.fabrics.values()},
                             {client.user for client in clients})

    def test_without_leave_they_stay(self):
        second_port = harness.free_port()
        first = self.start("first", move_to=f"ws://127.0.0.1:{second_port}/")
        second = self.start("second", second_port)
        clients = [Client(self, "alice", first.backend, None),
                   Client(self, "bob", first.backend, "wss://example.org")]
        self.wait_for_progress(clients, 10)
        self.assertEqual(first.stop(SECONDS), 0)
        first = self.start("first", first.port)
        self.wait_for_progress(clients, 10)
        for client in clients:
            self.assertTrue(client.finish(), client.output)
            # One warning, told to both of its CallstatsClients.
            self.assertEqual(client.output.count("allowed-backends"), 2, client.output)
        self.assertEqual(first.stop(), 0)
        self.assertEqual(second.stop(), 0)
        self.judge(clients, [self.store(first)])
        self.assertEqual(self.store(second).fabrics, {})

    def test_a_move_to_nowhere_is_undone(self):
        nowhere = f"ws://127.0.0.1:{harness.free_port()}/"
        first = self.start("first", move_to=nowhere)
        clients = [Client(self, "alice", first.backend, nowhere)]
        self.wait_for_progress(clients, 10)
        self.assertEqual(first.stop(SECONDS), 0)
        first = self.start("first", first.port)
        self.wait_for_progress(clients, 10)
        self.assertTrue(clients[0].finish(), clients[0].output)
        self.assertEqual(first.stop(), 0)
        self.judge(clients, [self.store(first)])


if __name__ == "__main__":
    harness.main()
