# SPDX-License-Identifier: LGPL-2.1-or-later
"""What webhooks are told when a conference has passed a threshold."""
import json
import unittest

import wire
from webhook import SUMMARY, WebhookTest

EVENTS = ("failedConferences;partiallyFailedConferences;droppedConferences;highSetupDelays;"
          "highRoundTripTime;lowScore;highChurn;" + SUMMARY)


def all_failed(conference, start):
    return [wire.event("userJoined", conference, at=start),
            wire.event("addNewFabric", conference, "n1", start + 10),
            wire.event("fabricSetupFailed", conference, "n1", start + 20,
                       reason="TransportFailure"),
            wire.event("userLeft", conference, at=start + 30)]


def partly_failed_and_dropped(conference, start):
    records = wire.call(start, conference, "p1")
    records[-2:-2] = [
        wire.event("addNewFabric", conference, "p2", start + 100),
        wire.event("fabricSetupFailed", conference, "p2", start + 200, reason="TransportFailure"),
        wire.event("fabricDropped", conference, "p1", start + 3200)]
    return records


def bad_media(conference, start):
    records = wire.call(start, conference, "m1")
    for i, record in enumerate(record for record in records if record["type"] == "report"):
        record["stats"] = {
            "R": {"type": "remote-inbound-rtp", "ssrc": 1, "kind": "audio", "localId": "O",
                  "roundTripTime": 0.6, "roundTripTimeMeasurements": i + 1,
                  "totalRoundTripTime": 0.6 * (i + 1)},
            "O": {"type": "outbound-rtp", "ssrc": 1, "kind": "audio", "remoteId": "R",
                  "packetsSent": 50 * i, "bytesSent": 5000 * i, "csScore": 2},
            "callstats-quality": {"type": "callstats-quality", "score": 2}}
    return records


def churn(conference, start):
    return [wire.event(name, conference, at=start + 1000 * i) for i, name in
            enumerate(["userJoined", "userLeft"] * 3)]


CONFERENCES = {
    "good": lambda conference, start: wire.call(start, conference, "g1"),
    "failed": all_failed,
    "partly": partly_failed_and_dropped,
    "media": bad_media,
    "churn": churn,
}


class Thresholds(WebhookTest):
    @classmethod
    def setUpClass(cls):
        """Holds each conference once; `told` has what webhooks got, by conference and reason."""
        cls.told = {}
        test = cls("hold_all")
        try:
            test.hold_all(cls.told)
        finally:
            test.doCleanups()

    def hold_all(self, told):
        receivers = {name: self.receiver() for name in ("usual", "strict")}
        collector = self.start(self.configure({
            "usual": self.hook(receivers["usual"], events=EVENTS),
            "strict": self.hook(receivers["strict"], events=EVENTS, high_setup_delay="99",
                                dropped_fabrics="2", failed_fabrics="2", churn="3")}))
        start = wire.now_ms() - 10000
        for conference, make in CONFERENCES.items():
            self.hold(collector, conference, make(conference, start))
        for name, receiver in receivers.items():
            told[name] = {conference: {} for conference in CONFERENCES}
            while not all(SUMMARY in messages for messages in told[name].values()):
                self.note(told[name], receiver)
            # What is told of a conference is queued together with its summary.
            self.wait_metric(collector, f'callstats_webhook_waiting{{webhook="{name}"}}', 0, 0)
            while not receiver.requests.empty():
                self.note(told[name], receiver)

    def note(self, told, receiver):
        message = json.loads(receiver.next()[2])
        self.assertNotIn(message["reason"], told[message["confID"]])
        told[message["confID"]][message["reason"]] = message

    def assert_told(self, webhook, conference, *reasons):
        messages = self.told[webhook][conference]
        self.assertEqual(set(messages), {SUMMARY, *reasons})
        return [messages[reason] for reason in reasons]

    def test_a_good_call_is_no_reason(self):
        self.assert_told("usual", "good")

    def test_all_failed(self):
        message, = self.assert_told("usual", "failed", "failedConferences")
        self.assertEqual((message["appId"], message["triggerType"]), ("demo", "individual"))
        self.assertEqual((message["actualValue"], message["threshold"],
                          message["fractionalValue"]), (1, 1, 1))
        self.assertEqual(message["fabrics"], [
            {"connectionID": "n1", "localID": "alice", "remoteID": None}])
        self.assertLessEqual(message["period"]["start"], message["period"]["end"])
        self.assertIn("1 of 1 fabrics of conference failed", message["text"])

    def test_part_of_it_failed_and_dropped(self):
        _, dropped = self.assert_told(
            "usual", "partly", "partiallyFailedConferences", "droppedConferences")
        self.assertEqual(dropped["fractionalValue"], 0.5)
        self.assertEqual(dropped["fabrics"][0]["connectionID"], "p1")

    def test_bad_media(self):
        round_trip, score = self.assert_told("usual", "media", "highRoundTripTime", "lowScore")
        self.assertEqual((round_trip["actualValue"], score["actualValue"]), (600, 2))

    def test_coming_and_going(self):
        message, = self.assert_told("usual", "churn", "highChurn")
        self.assertEqual((message["actualValue"], message["threshold"]), (2, 2))

    def test_thresholds_are_what_is_configured(self):
        message, = self.assert_told("strict", "good", "highSetupDelays")
        self.assertEqual((message["actualValue"], message["threshold"]), (100, 99))
        self.assert_told("strict", "partly", "highSetupDelays")
        self.assert_told("strict", "churn")


if __name__ == "__main__":
    unittest.main()
