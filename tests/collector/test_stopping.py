# SPDX-License-Identifier: LGPL-2.1-or-later
"""SIGTERM and SIGINT: commits are finished, clients are told, the exit code is 0."""
import signal
import threading
import unittest

import wire


class Stopping(unittest.TestCase):
    def stop_with(self, number):
        collector = wire.Collector()
        client = collector.connect()
        client.hello()
        last = client.send_records([wire.report("f", "c")] * 10)
        client.wait_ack(last)
        collector.process.send_signal(number)
        closed = client.wait_close()
        client.close()
        self.assertEqual(closed.code, 1001)
        self.assertRegex(closed.reason, r"^retry-after=\d+; .*connect again")
        self.assertEqual(collector.stop(), 0)

    def test_sigterm(self):
        self.stop_with(signal.SIGTERM)

    def test_sigint(self):
        self.stop_with(signal.SIGINT)

    def test_without_clients(self):
        collector = wire.Collector()
        self.assertEqual(collector.stop(), 0)

    def test_peer_that_never_answers_does_not_keep_it_alive(self):
        collector = wire.Collector()
        stubborn = collector.connect()
        stubborn.hello()
        self.assertEqual(collector.stop(), 0)

    def test_second_signal_does_not_wait_for_clients(self):
        collector = wire.Collector()
        stubborn = collector.connect()
        stubborn.hello()
        collector.process.send_signal(signal.SIGTERM)
        with self.assertRaises(wire.Closed):
            while True:
                opcode, _ = stubborn.receive_frame()
                if opcode == wire.CLOSE:
                    raise wire.Closed(1001, "")
        collector.process.send_signal(signal.SIGTERM)
        self.assertEqual(collector.process.wait(wire.DEADLINE), 0)
        self.assertEqual(collector.stop(), 0)

    def test_under_load_what_was_acked_is_there(self):
        collector = wire.Collector()
        client = collector.connect()
        client.hello("load")
        acked = []

        def send():
            try:
                while True:
                    client.send_records([wire.report("f", "c")] * 20)
            except OSError:
                pass

        sender = threading.Thread(target=send)
        sender.start()
        try:
            while True:
                acked.append(int(client.receive("ack")["sequence"]))
                if len(acked) == 5:
                    collector.process.send_signal(signal.SIGTERM)
        except wire.Closed as closed:
            self.assertIn(closed.code, (0, 1001))
        except ConnectionError:
            pass
        self.assertEqual(collector.stop(), 0)
        client.close()
        sender.join(wire.DEADLINE)
        with wire.Collector(collector.folder) as again:
            self.assertGreaterEqual(again.connect().hello("load")["stored"], acked[-1])


if __name__ == "__main__":
    unittest.main()
