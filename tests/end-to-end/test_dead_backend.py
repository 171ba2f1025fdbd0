# SPDX-License-Identifier: LGPL-2.1-or-later
"""A backend that never answers costs the call no time."""

import socket
import statistics
import time

import harness
from harness import EndToEnd, free_port

SECONDS = 2
ROUNDS = 5


class DeadBackend(EndToEnd):
    def run_time(self, watched_by):
        call = self.make_call(watched_by, SECONDS)
        start = time.monotonic()
        self.assertEqual(call.start().wait(30), 0, call.output)
        return time.monotonic() - start

    def test_that_never_existed_changes_no_run_time(self):
        """By turns, so that a busy machine is busy for both. A difference that is not above the
        one between runs without a monitor says nothing of it."""
        refused = self.credentials(f"ws://127.0.0.1:{free_port()}/")
        self.run_time([])  # fills the registry
        with_monitor, without = [], []
        for _ in range(ROUNDS):
            without.append(self.run_time([]))
            with_monitor.append(self.run_time(refused))
        difference = statistics.median(with_monitor) - statistics.median(without)
        noise = max(without) - min(without)
        self.assertLess(abs(difference), max(0.3, noise), (with_monitor, without))

    def test_that_takes_connections_and_says_nothing_changes_none_either(self):
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen()
            backend = f"ws://127.0.0.1:{silent.getsockname()[1]}/"
            before = self.run_time([])
            watched = self.run_time(self.credentials(backend))
            behind = self.run_time([])
        self.assertLess(watched - max(before, behind), 1 + abs(before - behind))


if __name__ == "__main__":
    harness.main()
