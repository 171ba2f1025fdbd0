# SPDX-License-Identifier: LGPL-2.1-or-later
"""A GStreamer participant reports over the WebSocket, a browser's client of callstats over REST:
they are in one conference."""
import os
import sys
import types

import harness

sys.path += [os.path.join(harness.TOP, "tests", name) for name in ("collector", "rest")]

import callstats  # noqa: E402

CONFERENCE = "together/1%ä"


class Together(harness.EndToEnd):
    def connect_browser(self, collector):
        """bob, in a browser."""
        with open(self.secret_file, encoding="ascii") as file:
            secret = file.read().strip()
        there = types.SimpleNamespace(host="127.0.0.1", port=collector.port)
        client = callstats.Client(there, "bob", harness.APP, secret)
        client.authenticate()
        client.join(CONFERENCE, userName="Bob B", endpointInfo={
            "type": "browser", "buildName": "Chrome", "os": "Linux"})
        return client

    def tell_call(self, client):
        peer = {"remoteID": "alice", "connectionID": "b0b"}
        client.tell("/events/fabric/setup", **peer, delay=250, iceGatheringDelay=50,
                    iceConnectivityDelay=100, localIceCandidates=[], remoteIceCandidates=[],
                    iceCandidatePairs=[], remoteEndpointType="peer",
                    fabricTransmissionDirection="sendrecv")
        for i in range(3):
            client.tell("/stats", **peer, stats=[
                {"id": "IN", "type": "inbound-rtp", "ssrc": 7, "kind": "video",
                 "timestamp": callstats.now_ms(), "packetsReceived": 100 * i, "packetsLost": 0}])
        client.tell("/events/fabric/terminated", **peer)

    def test_one_conference_two_participants_both_sides_fabrics(self):
        collector = self.start_collector()
        watched = self.credentials(collector.backend, user_id="alice", remote_user_id="bob",
                                   conference_id=CONFERENCE, webrtcbin_name="caller")
        call = self.make_call(watched).start()
        client = self.connect_browser(collector)

        def fabrics():
            detail = collector.conference(CONFERENCE)
            return {row["user"]: row for row in detail["fabrics"]} if detail else {}

        harness.wait_until(lambda: fabrics().get("alice", {}).get("reports", 0) >= 2,
                           3 * harness.CONNECTED, "reports of the pipeline")
        self.tell_call(client)
        client.tell("/events/user/left")
        self.assertEqual(call.stop(), 0)
        harness.wait_until(lambda: collector.conference(CONFERENCE)["ended"], 15, "the end")

        detail = collector.conference(CONFERENCE)
        self.assertEqual({row["user"]: row["endpointInfo"]["type"]
                          for row in detail["participants"]},
                         {"alice": "native", "bob": "browser"})
        sides = fabrics()
        self.assertEqual({user: row["remoteUser"] for user, row in sides.items()},
                         {"alice": "bob", "bob": "alice"})
        for row in sides.values():
            self.assertEqual(row["state"], "terminated")
            self.assertGreater(row["setupDelay"], 0)
            self.assertGreaterEqual(row["reports"], 2)
        [listed] = collector.get("conferences")["conferences"]
        self.assertEqual((listed["participants"], listed["fabrics"], listed["fabricSetup"]),
                         (2, 2, 2))


if __name__ == "__main__":
    harness.main()
