# SPDX-License-Identifier: LGPL-2.1-or-later
"""A real call of which both ends report: what its summary says of it."""
import json
import unittest
import urllib.error
import urllib.request

import harness

SECONDS = 6


def read_summary(collector):
    url = f"{collector.url}api/v1/apps/{harness.APP}/conferences/conference/summary"
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        if error.code != 404:
            raise
        return None


def find_ended(collector):
    summary = read_summary(collector)
    return summary if summary and summary["endTime"] else None


class Summary(harness.EndToEnd):
    def watch_both_ends(self, caller=None, callee=None, **options):
        """caller, callee: whom these are told that they are connected to."""
        collector = self.start_collector()
        words = [word for name, user, remote in (("caller", "alice", caller),
                                                 ("callee", "bob", callee))
                 for word in self.credentials(collector.backend, user_id=user,
                                              remote_user_id=remote, webrtcbin_name=name,
                                              **options)]
        call = self.make_call(words, SECONDS).start()
        self.assertEqual(call.wait(60), 0, call.output)
        return harness.wait_until(lambda: find_ended(collector), 30, "a summary of the call")

    def test_ends_are_paired_by_their_certificates(self):
        summary = self.watch_both_ends()
        self.assertEqual(sorted(summary["userIDList"]), ["alice", "bob"])
        self.assertEqual((summary["setupStatus"], summary["terminationStatus"]),
                         ("success", "terminated"))
        self.assertEqual(summary["terminations"], {"terminated": 2})
        fabrics = {fabric["localID"]: fabric for fabric in summary["fabricSummaries"]}
        self.assertEqual(set(fabrics), {"alice", "bob"})
        alice, bob = fabrics["alice"], fabrics["bob"]
        self.assertEqual(alice["remoteID"], None)
        self.assertEqual(alice["pairedConnectionID"], bob["connectionID"])
        self.assertEqual(bob["pairedConnectionID"], alice["connectionID"])
        self.assert_streams(alice, bob)
        self.assertEqual(summary["oneWayMedia"], 0)
        self.assertEqual(summary["affectedUsers"], [])

    def assert_streams(self, alice, bob):
        """What alice sends is what bob receives, by the count of each."""
        sent = {s["ssrc"]: s for s in alice["streamSummary"] if s["direction"] == "outbound"}
        received = {s["ssrc"]: s for s in bob["streamSummary"] if s["direction"] == "inbound"}
        self.assertEqual({s["kind"] for s in sent.values()}, {"audio", "video"})
        self.assertEqual(set(sent), set(received))
        for ssrc, stream in sent.items():
            with self.subTest(stream["kind"]):
                other = received[ssrc]
                self.assertEqual(other["codec"], stream["codec"])
                self.assertGreater(other["packets"], 0)
                self.assertLessEqual(other["packets"], stream["packets"] * 1.1 + 20)
                self.assertEqual(other["fractionLost"]["max"], 0)
                self.assertGreater(other["bitrate"]["p50"], 1)
                self.assertTrue(1 <= other["score"]["p50"] <= 5)

    def test_without_certificates_users_pair_them(self):
        summary = self.watch_both_ends("bob", "alice", detail="none")
        self.assertEqual(summary["pairedFabricCount"], 2)


if __name__ == "__main__":
    harness.main()
