# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the other clients of callstats send, after their documented bodies: Android and iOS, the
Java bridge, a C# client, the first REST clients."""
import urllib.parse
import unittest

import callstats
import wire


class Sdk(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.collector = wire.Collector()
        cls.addClassCleanup(cls.collector.finish)

    def client(self, user="alice", conference=None, **options):
        client = callstats.Client(self.collector, user, **options)
        client.authenticate()
        if conference is not None:
            client.join(conference, endpointInfo={"type": "native", "os": "Android"})
        return client

    def detail(self, conference):
        return self.collector.get("apps", wire.APP, "conferences", conference)

    def fabric(self, conference):
        [fabric] = self.detail(conference)["fabrics"]
        return fabric

    def report(self, fabric):
        [report] = callstats.reports_of(self.collector, fabric)
        return report


CANDIDATES = {
    "localIceCandidates": [{"id": "L", "type": "local-candidate", "ip": "192.0.2.1",
                            "port": 4000, "candidateType": "host", "transport": "udp"}],
    "remoteIceCandidates": [{"id": "R", "type": "remote-candidate", "ip": "192.0.2.2",
                             "port": 4000, "candidateType": "host", "transport": "udp"}],
    "iceCandidatePairs": [{"id": "P", "localCandidateId": "L", "remoteCandidateId": "R",
                           "state": "inprogress", "priority": 1, "nominated": False}],
}


class Android(Sdk):
    """connectionID is a time in milliseconds; statistics are W3C's, their times in µs."""

    def test_a_call(self):
        client = self.client(conference="android")
        peer = {"remoteID": "bob", "connectionID": "1700000000123", "originID": None}
        client.tell("/events/user/alive")
        client.tell("/events/fabric/statechange", **peer, changedState="connectionState",
                    prevState="new", newState="connecting")
        client.tell("/events/fabric/setup", **peer, **CANDIDATES, delay=812,
                    iceGatheringDelay=100, iceConnectivityDelay=700,
                    fabricTransmissionDirection="sendrecv", remoteEndpointType="peer",
                    selectedCandidatePairID="P")
        at = int(callstats.now_ms() * 1000)
        client.tell("/stats", **peer, wifiStats={"signal": 3, "rssi": -55, "timestamp": at}, stats=[
            {"id": "IN", "type": "inbound-rtp", "timestamp": float(at), "ssrc": 1,
             "mediaType": "audio", "packetsReceived": 10, "packetsLost": -1, "jitter": 0.003,
             "csioIntBRKbps": 12},
            {"id": "OUT", "type": "outbound-rtp", "timestamp": at, "ssrc": 4000000000,
             "mediaType": "video", "packetsSent": 20, "bytesSent": 9007199254740000}])
        client.tell("/events/media/actions", **peer, eventType="audioUnMute",
                    mediaDeviceID="mic", remoteIDList=["bob"])
        client.tell("/events/ice/status", **peer, eventType="iceDisruptionEnd", delay=5,
                    prevIceConnectionState="disconnected", currIceConnectionState="connected",
                    currIceCandidatePair=CANDIDATES["iceCandidatePairs"][0],
                    prevIceCandidatePair=CANDIDATES["iceCandidatePairs"][0])
        client.tell("/events/fabric/terminated", **peer)
        client.tell("/events/user/left")

        fabric = self.fabric("android")
        self.assertEqual((fabric["fabric"], fabric["remoteUser"], fabric["setupDelay"]),
                         ("1700000000123", "bob", 812))
        self.assertEqual(fabric["state"], "terminated")
        stats = self.report("1700000000123")["stats"]
        self.assertAlmostEqual(stats["IN"]["timestamp"], at / 1000, delta=1)
        self.assertEqual(stats["IN"]["packetsLost"], -1)
        self.assertEqual(stats["OUT"]["bytesSent"], 9007199254740000)
        self.assertEqual(stats["wifiStats"]["rssi"], -55)
        detail = self.detail("android")
        self.assertEqual(len(callstats.events_named(detail, "audioUnmute")), 1)
        self.assertTrue(detail["ended"])

    def test_early_clients_wrap_their_statistics(self):
        client = self.client(conference="wrapped")
        client.tell("/stats", remoteID="bob", connectionID="2", stats=[
            {"timestampUs": 1.7e15, "id": "IN", "type": "inbound-rtp",
             "members": {"ssrc": 1, "packetsReceived": 10}}])
        stats = self.report("2")["stats"]["IN"]
        self.assertEqual((stats["timestamp"], stats["packetsReceived"]), (1.7e12, 10))

    def test_a_setup_that_fails_names_no_fabric(self):
        client = self.client(conference="failing")
        client.tell("/events/fabric/setupfailed", reason="MediaPermissionError", name="n",
                    message="m", stack="s", fabricTransmissionDirection="sendrecv",
                    remoteEndpointType="peer")
        [event] = callstats.events_named(self.detail("failing"), "fabricSetupFailed")
        self.assertIsNone(event["fabric"])
        self.assertEqual(event["data"]["reason"], "MediaPermissionError")


class Ios(Sdk):
    """Statistics are Chrome's legacy ones, every value a text."""

    def test_legacy_statistics_become_w3cs(self):
        client = self.client(conference="ios")
        client.tell("/stats", remoteID="bob", connectionID="ios-1", stats=[
            {"reportId": "ssrc_11_recv", "timestamp": "1700000000000.5", "type": "ssrc",
             "ssrc": "11", "mediaType": "audio", "packetsReceived": "500", "packetsLost": "3",
             "bytesReceived": "40000", "googJitterReceived": "7", "audioOutputLevel": "32767",
             "googDecodingCTN": "12", "csioAvgJitter": "7"},
            {"reportId": "ssrc_22_send", "timestamp": "1700000000000.5", "type": "ssrc",
             "ssrc": "22", "mediaType": "video", "packetsSent": "900", "bytesSent": "90000",
             "packetsLost": "2", "googRtt": "62", "googFrameRateSent": "25",
             "googFrameWidthSent": "640", "googFrameHeightSent": "480", "googNacksReceived": "4"},
            {"reportId": "ssrc_33_send", "type": "ssrc", "ssrc": "33", "mediaType": "audio",
             "packetsSent": "1", "bytesSent": "1", "packetsLost": "-1", "googRtt": "-1",
             "timestamp": "1700000000000.5"},
            {"reportId": "Conn-audio-1-0", "type": "googCandidatePair", "bytesSent": "130000",
             "googRtt": "60", "googActiveConnection": "true", "localCandidateId": "Cand-L",
             "remoteCandidateId": "Cand-R", "timestamp": "1700000000000.5"},
            {"reportId": "Cand-L", "type": "localcandidate", "ipAddress": "192.0.2.1",
             "portNumber": "4000", "transport": "udp", "candidateType": "serverreflexive",
             "priority": "100", "timestamp": "1700000000000.5"},
        ])
        stats = self.report("ios-1")["stats"]
        received = stats["inbound-rtp-11"]
        self.assertEqual((received["ssrc"], received["kind"], received["packetsReceived"],
                          received["packetsLost"]), (11, "audio", 500, 3))
        self.assertEqual((received["jitter"], received["audioLevel"]), (0.007, 1))
        self.assertEqual(received["googDecodingCTN"], "12")  # W3C has no such thing
        self.assertNotIn("csioAvgJitter", received)
        self.assertNotIn("googJitterReceived", received)
        sent, told = stats["outbound-rtp-22"], stats["remote-inbound-rtp-22"]
        self.assertEqual((sent["framesPerSecond"], sent["frameWidth"], sent["nackCount"]),
                         (25, 640, 4))
        self.assertNotIn("packetsLost", sent)
        self.assertEqual((told["packetsLost"], told["roundTripTime"], told["localId"]),
                         (2, 0.062, "outbound-rtp-22"))
        self.assertNotIn("roundTripTime", stats["remote-inbound-rtp-33"])  # not known
        pair = stats["Conn-audio-1-0"]
        self.assertEqual((pair["type"], pair["currentRoundTripTime"], pair["nominated"]),
                         ("candidate-pair", 0.06, True))
        candidate = stats["Cand-L"]
        self.assertEqual((candidate["type"], candidate["candidateType"], candidate["port"]),
                         ("local-candidate", "srflx", 4000))

    def test_system_status_is_in_no_conference(self):
        client = self.client()
        client.post(client.app_path("/stats/system"), **client.common(
            cpuLevel=5, batteryLevel=50, memoryUsage=2, memoryAvailable=100, threadCount=1))


class Bridge(Sdk):
    """The Java bridge encodes its ids, and names a user where others name a connection."""

    def bridge(self, conference=None):
        client = self.client("jvb 1")
        client.conference = conference
        if conference is not None:
            client.join(conference, endpointInfo={
                "type": "middlebox", "buildName": "jvb", "os": "Linux"}, originID="jvb 1",
                siteID="eu")
        return client

    def common(self):
        encoded = urllib.parse.quote_plus("jvb 1")
        return {"localID": encoded, "originID": encoded, "deviceID": encoded,
                "timestamp": int(callstats.now_ms())}

    def test_status_and_signs_of_life(self):
        client = self.bridge()
        path = client.app_path("/stats/bridge/")
        client.post(path + "status", **self.common(), cpuUsage=0.4, memoryUsage=10.0,
                    totalMemory=100.0, threadCount=9, intervalSentBytes=1,
                    intervalReceivedBytes=2, intervalRtpFractionLoss=0.1,
                    totalRtpLostPackets=3, intervalAverageRtt=20.5, intervalAverageJitter=1.5,
                    intervalDownloadBitrate=4, intervalUploadBitrate=5, audioFabricCount=6,
                    videoFabricCount=7, conferenceCount=8, participantsCount=9)
        client.post(path + "alive", **self.common())

    def test_streams_of_each_endpoint(self):
        client = self.bridge("room")
        for remote in "ep1", "ep2":
            client.tell("/stats", remoteID=remote, connectionID="jvb 1", originID="jvb 1", stats=[
                {"type": "inbound", "ssrc": 1, "packetsReceived": 100, "bytesReceived": 9000,
                 "packetsLost": 4, "fractionalPacketLost": 0.04, "jitter": 12.5, "rtt": 80},
                {"type": "outbound", "ssrc": 2, "packetsSent": 50, "bytesSent": 4500,
                 "fractionalPacketLost": 0.5, "rtt": 90}])
        fabrics = {fabric["remoteUser"]: fabric["fabric"]
                   for fabric in self.detail("room")["fabrics"]}
        self.assertEqual(fabrics, {"ep1": "ep1@room", "ep2": "ep2@room"})
        stats = self.report("ep1@room")["stats"]
        received = stats["inbound-rtp-1"]
        self.assertEqual((received["packetsReceived"], received["packetsLost"],
                          received["jitter"]), (100, 4, 0.0125))
        self.assertEqual(received["fractionalPacketLost"], 0.04)  # its own name
        self.assertEqual(stats["remote-outbound-rtp-1"]["roundTripTime"], 0.08)
        self.assertEqual(stats["outbound-rtp-2"]["packetsSent"], 50)
        self.assertEqual(stats["remote-inbound-rtp-2"]["fractionLost"], 0.5)
        self.assertEqual(stats["remote-inbound-rtp-2"]["roundTripTime"], 0.09)

    def test_the_same_endpoint_in_two_conferences_is_two_fabrics(self):
        for conference in "a", "b":
            client = self.bridge(conference)
            client.tell("/stats", remoteID="ep", connectionID="jvb 1", stats=[
                {"type": "inbound", "ssrc": 1, "packetsReceived": 1}])
        for conference in "a", "b":
            self.assertEqual(self.fabric(conference)["fabric"], f"ep@{conference}")

    def test_a_fabric_that_is_named_after_its_endpoint_is_the_same_one(self):
        client = self.bridge("named")
        client.tell("/events/fabric/setup", remoteID="ep", connectionID="ep", delay=5,
                    **CANDIDATES)
        client.tell("/stats", remoteID="ep", connectionID="jvb 1", stats=[
            {"type": "inbound", "ssrc": 1, "packetsReceived": 1}])
        fabric = self.fabric("named")
        self.assertEqual((fabric["reports"], fabric["setupDelay"]), (1, 5))


class CSharp(Sdk):
    """Times are seconds, and the id of the conference is that of the connection, too."""

    def test_a_call(self):
        client = self.client(conference="csharp")
        at = int(callstats.now_ms() / 1000)
        peer = {"remoteID": "remoteID", "connectionID": client.uc_id, "timestamp": at,
                "originID": "origin"}
        client.tell("/events/userdetails", userName="userName", timestamp=at)
        client.tell("/events/fabric/setup", **peer, **CANDIDATES, delay=0, iceGatheringDelay=0,
                    iceConnectivityDelay=0, remoteEndpointType="peer",
                    fabricTransmissionDirection="sendrecv")
        client.tell("/events/fabric/transportchange", **peer, delay=0, relayType="turn/tcp",
                    currIceConnectionState="completed", prevIceConnectionState="connected",
                    currIceCandidatePair={}, prevIceCandidatePair={})
        client.tell("/events/fabric/status", **peer, delay=0, currIceConnectionState="failed",
                    prevIceConnectionState="disconnected", currIceCandidatePair={})
        client.tell("/events/dominantspeaker", timestamp=at)
        client.tell("/events/devices/list", timestamp=at, eventType="activeDeviceList",
                    mediaDeviceList=[{"mediaDeviceID": "d", "kind": "videoinput",
                                      "label": "cam", "groupID": "g"}])
        client.tell("/stats/system", timestamp=at, cpuUsage=5, threadCount=1)
        client.tell("/stats", **peer, stats=[{"tracks": "track", "candidatePairs": "3",
                                              "timestamp": at}])
        fabric = self.fabric("csharp")
        self.assertEqual((fabric["fabric"], fabric["state"], fabric["dropped"]),
                         ("remoteID@csharp", "dropped", at * 1000))
        detail = self.detail("csharp")
        self.assertEqual(detail["participants"][0]["userName"], "userName")
        [devices] = callstats.events_named(detail, "activeDeviceList")
        self.assertEqual(devices["data"]["deviceList"][0]["label"], "cam")
        [switch] = callstats.events_named(detail, "fabricTransportSwitch")
        self.assertEqual(switch["data"]["relayType"], "turn/tcp")
        [status] = callstats.events_named(detail, "systemStatus")
        self.assertEqual(status["data"]["cpuUsage"], 5)
        # No statistics at all, but not lost.
        self.assertEqual(fabric["reports"], 0)
        self.assertEqual(len(callstats.events_named(detail, "customStats")), 1)


class First(Sdk):
    """The first REST clients: one path for a fabric's events, samples of tracks and pairs."""

    def test_one_path_for_all_events_of_a_fabric(self):
        client = self.client(conference="swagger")
        peer = {"remoteID": "bob", "connectionID": "c"}
        client.tell("/events/fabric", **peer, eventType="fabricSetup", delay=7, **CANDIDATES)
        client.tell("/events/fabric", **peer, eventType="fabricTerminated")
        fabric = self.fabric("swagger")
        self.assertEqual((fabric["setupDelay"], fabric["state"]), (7, "terminated"))

    def test_samples_of_tracks_and_pairs(self):
        client = self.client(conference="tracks")
        at = 1700000000000
        client.tell("/stats", remoteID="bob", connectionID="t", stats=[
            {"timestamp": at + 1000 * i,
             "tracks": [{"ssrc": "5", "streamType": "inbound",
                         "data": {"packetsReceived": str(10 * i), "googJitterReceived": "2"}}],
             "candidatePairs": [{"id": "P", "googRtt": "9", "localCandidateId": "L"}]}
            for i in (1, 2)])
        reports = callstats.reports_of(self.collector, "t")
        self.assertEqual([report["time"] for report in reports], [at + 1000, at + 2000])
        self.assertEqual([report["stats"]["inbound-rtp-5"]["packetsReceived"]
                          for report in reports], [10, 20])
        self.assertEqual(reports[0]["stats"]["inbound-rtp-5"]["jitter"], 0.002)
        self.assertEqual(reports[0]["stats"]["P"]["type"], "candidate-pair")


if __name__ == "__main__":
    unittest.main()
