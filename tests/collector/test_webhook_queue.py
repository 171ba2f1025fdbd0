# SPDX-License-Identifier: LGPL-2.1-or-later
"""What waits for a webhook: one at a time, not for ever, and not without bound."""
import os
import sqlite3
import unittest

from webhook import WebhookTest, accept, answer, hang


class Queue(WebhookTest):
    def test_one_at_a_time(self):
        receiver = self.receiver(hang, accept)
        collector = self.start(self.configure({"ops": self.hook(receiver, timeout="60")}))
        for i in range(4):
            self.hold(collector, f"c{i}")
            if i == 0:
                first = self.take(receiver)
        self.wait_metric(collector, 'callstats_webhook_waiting{webhook="ops"}', 4)
        self.assertTrue(receiver.requests.empty())
        receiver.released.set()
        seen = [first["confID"]] + [self.take(receiver)["confID"] for _ in range(4)]
        self.assertEqual(sorted(seen), ["c0", "c0", "c1", "c2", "c3"])

    def test_gone_is_the_end(self):
        receiver = self.receiver(answer(410), accept)
        collector = self.start(self.configure({"ops": self.hook(receiver)}))
        gone = 'callstats_webhook_deliveries_total{webhook="ops",outcome="gone"}'
        self.hold(collector, "c1")
        self.take(receiver)
        self.wait_metric(collector, gone, 1)
        self.hold(collector, "c2")
        self.wait_metric(collector, gone, 2)
        self.assertTrue(receiver.requests.empty())

    def test_what_is_too_old_is_given_up(self):
        receiver = self.receiver(answer(500))
        collector = self.start(self.configure({"ops": self.hook(receiver, max_age="1")}))
        self.hold(collector, "c1")
        self.take(receiver)
        self.wait_metric(
            collector, 'callstats_webhook_deliveries_total{webhook="ops",outcome="expired"}', 1)

    def test_past_the_bound_the_oldest_is_given_up(self):
        receiver = self.receiver(answer(503, Retry_After="3600"), accept)
        collector = self.start(self.configure({"ops": self.hook(
            receiver, max_waiting="2", retry_max="3600")}))
        for i in range(4):
            self.hold(collector, f"c{i}")
        self.take(receiver)
        crowded = 'callstats_webhook_deliveries_total{webhook="ops",outcome="crowded-out"}'
        self.wait_metric(collector, crowded, 2)
        self.assertTrue(receiver.requests.empty())

    def test_what_is_given_up_under_way_does_not_come_back(self):
        receiver = self.receiver(hang, accept)
        collector = self.start(self.configure({"ops": self.hook(
            receiver, max_waiting="1", timeout="60")}))
        self.hold(collector, "c0")
        self.assertEqual(self.take(receiver)["confID"], "c0")
        self.hold(collector, "c1")
        self.wait_metric(
            collector, 'callstats_webhook_deliveries_total{webhook="ops",outcome="crowded-out"}', 1)
        receiver.released.set()
        self.assertEqual(self.take(receiver)["confID"], "c1")
        self.hold(collector, "c2")
        self.assertEqual(self.take(receiver)["confID"], "c2")
        self.wait_metric(collector, 'callstats_webhook_waiting{webhook="ops"}', 0, 0)

    def waiting(self, folder):
        """What the store of a collector that has ended holds, of each webhook."""
        store = sqlite3.connect(os.path.join(folder, "calls.db"))
        self.addCleanup(store.close)
        return dict(store.execute("SELECT webhook, count(*) FROM deliveries"
                                  " WHERE due IS NOT NULL OR body IS NOT NULL GROUP BY webhook"))

    def test_what_waits_for_a_webhook_that_is_no_more_is_given_up(self):
        receiver = self.receiver(answer(503, Retry_After="3600"))
        hook = self.hook(receiver, retry_max="3600")
        folder = self.configure({"ops": hook, "other": hook})
        collector = self.start(folder)
        self.hold(collector, "c1")
        for name in "ops", "other":
            failed = f'callstats_webhook_attempts_total{{webhook="{name}",result="failure"}}'
            self.wait_metric(collector, failed, 1)
        self.assertEqual(collector.stop(), 0)
        self.assertEqual(self.waiting(folder), {"ops": 1, "other": 1})
        os.replace(os.path.join(self.configure({"ops": hook}), "config"),
                   os.path.join(folder, "config"))
        collector = self.start(folder)
        self.assertIn("deliveries=1", collector.wait_log("webhook-gave-up"))
        self.assertEqual(collector.stop(), 0)
        self.assertEqual(self.waiting(folder), {"ops": 1})


if __name__ == "__main__":
    unittest.main()
