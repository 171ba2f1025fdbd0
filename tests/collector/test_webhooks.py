# SPDX-License-Identifier: LGPL-2.1-or-later
"""Webhooks are told everything once, whatever receiver and collector go through."""
import json
import unittest

import wire
from webhook import OLD_SECRET, SECRET, SUMMARY, WebhookTest, accept, answer, hang, reset, verify


class Delivery(WebhookTest):
    def test_summary_of_a_conference_that_ended(self):
        receiver = self.receiver()
        collector = self.start(self.configure({"ops": self.hook(receiver)}))
        self.hold(collector, "c1")
        message = self.take(receiver)
        self.assertEqual((message["appID"], message["confID"]), ("demo", "c1"))
        self.assertEqual((message["userCount"], message["setupStatus"]), (1, "success"))
        self.assertEqual(message["fabricSetupTimes"]["meanSetupDelay"], 100)
        self.assertEqual(len(message["fabricSummaries"]), 1)
        self.wait_metric(
            collector, 'callstats_webhook_deliveries_total{webhook="ops",outcome="delivered"}', 1)

    def test_receiver_that_fails_three_times_gets_it_once_across_a_restart(self):
        receiver = self.receiver(answer(500), reset, hang, accept)
        folder = self.configure({"ops": self.hook(receiver, timeout="0.5")})
        with wire.Collector(folder, options=["--config", folder + "/config"]) as collector:
            self.hold(collector, "c1")
            ids = [self.take(receiver)["deliveryID"] for _ in range(2)]
            collector.kill()
        collector = self.start(folder)
        ids += [self.take(receiver)["deliveryID"] for _ in range(2)]
        self.assertEqual(len(set(ids)), 1)
        # What comes next is the next conference's, so the first was not sent again.
        self.hold(collector, "c2")
        last = self.take(receiver)
        self.assertEqual(last["confID"], "c2")
        self.assertNotEqual(last["deliveryID"], ids[0])
        self.assertTrue(receiver.requests.empty())

    def test_what_was_delivered_is_not_sent_after_a_restart(self):
        receiver = self.receiver()
        folder = self.configure({"ops": self.hook(receiver)})
        with wire.Collector(folder, options=["--config", folder + "/config"]) as collector:
            self.hold(collector, "c1")
            self.take(receiver)
            self.wait_metric(collector,
                'callstats_webhook_deliveries_total{webhook="ops",outcome="delivered"}', 1)
        collector = self.start(folder)
        self.hold(collector, "c2")
        self.assertEqual(self.take(receiver)["confID"], "c2")

    def test_late_records_bring_an_update_and_nothing_a_second_time(self):
        receiver = self.receiver()
        events = f"{SUMMARY};conferenceSummaryUpdated;droppedConferences;partiallyFailedConferences"
        collector = self.start(self.configure({"ops": self.hook(receiver, events=events)}))
        start = wire.now_ms() - 60000
        records = wire.call(start, "c1", "f1")
        records.insert(-2, wire.event("fabricDropped", "c1", "f1", start + 3200))
        self.hold(collector, "c1", records)
        first = self.take_all(receiver, SUMMARY, "droppedConferences")
        self.hold(collector, "c1", [
            wire.event("fabricSetupFailed", "c1", "f2", start + 50, reason="TransportFailure")],
            "late")
        late = self.take_all(receiver, "conferenceSummaryUpdated", "partiallyFailedConferences")
        self.assertEqual(late["conferenceSummaryUpdated"]["fabricCount"], 2)
        messages = [*first.values(), *late.values()]
        self.assertEqual(len({message["occurrence"] for message in messages}), 1)
        self.assertEqual(len({message["deliveryID"] for message in messages}), 4)
        self.hold(collector, "c2")
        self.assertEqual(self.take(receiver)["confID"], "c2")

    def take_all(self, receiver, *reasons):
        messages = [json.loads(receiver.next()[2]) for _ in reasons]
        self.assertEqual({message["reason"] for message in messages}, set(reasons))
        return {message["reason"]: message for message in messages}

    def test_a_call_that_goes_on_after_all_had_left_is_an_update(self):
        receiver = self.receiver()
        events = f"{SUMMARY};conferenceSummaryUpdated"
        collector = self.start(self.configure({"ops": self.hook(receiver, events=events)}))
        start = wire.now_ms() - 8000
        scores = 'callstats_fabric_score_count{app="demo"}'
        for at, fabric, event in ((start, "f1", SUMMARY),
                                  (start + 5000, "f2", "conferenceSummaryUpdated")):
            records = wire.call(at, "c1", fabric)
            for record in records:
                if record["type"] == "report":
                    record["stats"]["callstats-quality"] = {
                        "type": "callstats-quality", "score": 4.2}
            self.hold(collector, "c1", records, "of-" + fabric)
            message = self.take(receiver, event)
        self.assertEqual((message["fabricCount"], message["rejoinCount"]), (2, 1))
        # The first fabric's score is not counted again with the second end.
        self.wait_metric(collector, scores, 2, 2)
        self.hold(collector, "c2")
        self.assertEqual(self.take(receiver)["confID"], "c2")

    def test_each_webhook_gets_its_own_applications_and_events(self):
        mine, others = self.receiver(), self.receiver()
        collector = self.start(self.configure({
            "mine": self.hook(mine, applications="demo;x", secret_file="hook-secret;old-secret"),
            "others": self.hook(others, applications="other")}))
        self.hold(collector, "c1")
        _, headers, body = mine.next()
        for secret in SECRET, OLD_SECRET:
            self.assertTrue(verify(headers, body, secret))
        self.assertFalse(verify(headers, body + b" ", SECRET))
        self.assertFalse(verify(headers, body, "another secret"))
        self.assertTrue(others.requests.empty())


if __name__ == "__main__":
    unittest.main()
