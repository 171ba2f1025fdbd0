# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the browser's client of callstats, 3.73, says of a call with two others, written after its
documented bodies: a request a line, as callstats.replay() sends them."""
import itertools

USER = "alice"
FIRST, SECOND = "q0x5w8k2rt", "m7d1z4hc9e"  # connection ids
SDP = ("v=0\r\no=- 4611 2 IN IP4 192.0.2.7\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"
       "c=IN IP4 192.0.2.7\r\na=ice-ufrag:abcd\r\na=ice-pwd:a-secret-of-the-call-1234\r\n"
       "a=candidate:1 1 udp 2122260223 192.0.2.7 40000 typ host\r\n")

ENDPOINT = {"type": "browser", "buildName": "Chrome", "buildVersion": "118.0.0.0",
            "appVersion": "shop 2.1", "os": "Linux", "osVersion": None, "userAgent": "Mozilla/5.0"}


def candidate(name, side):
    return {"id": name, "type": f"{side}-candidate", "ip": name, "port": 40000,
            "candidateType": "host", "transport": "udp"}


def pair(state="succeeded"):
    return {"type": "candidate-pair", "id": "CP1", "localCandidateId": "L1",
            "remoteCandidateId": "R1", "state": state, "priority": 9115038255631187000,
            "nominated": True, "googActiveConnection": "true"}


def stats(at, step):
    """A sample as getStats() has it, with what the client adds; step: seconds since the start."""
    common = {"timestamp": at, "codecId": "C1", "kind": "audio", "mediaType": "audio",
              "transportId": "T1"}
    copied = {"mimeType": "audio/opus", "clockRate": 48000, "channels": 2, "payloadType": 111,
              "csioMark": "excellent", "csioIntBRKbps": 31.5, "intervalBandwidth": 31.5}
    return [
        {"type": "codec", "id": "C1", "timestamp": at, "mimeType": "audio/opus",
         "clockRate": 48000, "channels": 2, "payloadType": 111},
        {"type": "inbound-rtp", "id": "I1", "ssrc": 1111, **common, **copied,
         "packetsReceived": 50 * step, "packetsLost": step, "bytesReceived": 4000 * step,
         "jitter": 0.004},
        {"type": "outbound-rtp", "id": "O1", "ssrc": 2222, "remoteId": "RI1", **common, **copied,
         "packetsSent": 50 * step, "bytesSent": 4000 * step},
        {"type": "remote-inbound-rtp", "id": "RI1", "ssrc": 2222, "localId": "O1", **common,
         **copied, "packetsLost": 0, "fractionLost": 0, "jitter": 0.002, "roundTripTime": 0.0625},
        {"type": "candidate-pair", "id": "CP1", "timestamp": at, "state": "succeeded",
         "nominated": True, "currentRoundTripTime": 0.06, "localCandidateId": "L1",
         "remoteCandidateId": "R1", "priority": 9115038255631187000},
        {"type": "transport", "id": "T1", "timestamp": at, "bytesSent": 4200 * step,
         "bytesReceived": 4300 * step, "dtlsState": "connected",
         "selectedCandidatePairId": "CP1", "currentRoundTripTime": 0.06, "state": "succeeded",
         "csioSentBwKbps": 33.6},
    ]


class Script:
    """Lines at times in ms after the start."""

    def __init__(self, start):
        self.start = start
        self.lines = []

    def request(self, method, path, body=None, authorized=True):
        self.lines.append({"method": method, "path": path, "body": body, "authorized": authorized})

    def tell(self, after, event, path, connection=USER, remote=USER, **data):
        body = {"callstatsVersion": "3.73.16", "timestamp": self.start + after + 0.25,
                "eventType": event, "localID": USER, "deviceID": "ab" * 32,
                "remoteID": remote, "connectionID": connection, **data}
        self.request("POST", "/v1/apps/APP/conferences/CONFERENCE" + path, body)

    def state(self, after, connection, remote, changed, before, now):
        self.tell(after, "fabricStateChange", "/UCID/events/fabric/statechange", connection,
                  remote, changedState=changed, prevState=before, newState=now)

    def join(self):
        self.request("POST", "/generics", {"appID": 1, "userID": USER, "eventType": "log"}, False)
        for _ in range(5):
            self.request("GET", "/clockSync", None, False)
        self.request("POST", "/authenticate", None, False)
        self.request("GET", "/v1/apps/APP/configurations/internal")
        self.tell(0, "userJoined", "", siteID="berlin", additionalIDs=None,
                  endpointInfo=ENDPOINT, userName="Alice A", disableGeoIP=True)
        self.tell(40, "userDetails", "/UCID/events/userdetails", userName="Alice A",
                  localIpAddressInfo=[], collectIP=False)

    def connect(self, after, connection, remote, delay):
        states = itertools.pairwise(["new", "checking", "connected"])
        self.state(after, connection, remote, "signalingState", "stable", "have-local-offer")
        for before, now in states:
            self.state(after + 20, connection, remote, "iceConnectionState", before, now)
        self.tell(after + 30, "mediaPlaybackStart", "/UCID/events/media/pipeline", connection,
                  remote, ssrc="0", kind="audio")
        self.tell(after + 50, "fabricSetup", "/UCID/events/fabric/setup", connection, remote,
                  delay=delay, iceGatheringDelay=delay / 4, iceConnectivityDelay=delay / 2,
                  localIceCandidates=[candidate("L1", "local")],
                  remoteIceCandidates=[candidate("R1", "remote")], iceCandidatePairs=[pair()],
                  remoteEndpointType="peer", fabricTransmissionDirection="sendrecv",
                  iceServers=[], selectedCandidatePairID="CP1")
        self.tell(after + 60, "sdpSubmissionEvent", "/UCID/events/sdp", connection, remote,
                  localSDP=SDP, remoteSDP="")
        self.tell(after + 61, "ssrcMap", "/UCID/events/ssrcmap", connection, remote, ssrcData=[
            {"ssrc": "2222", "cname": "x", "streamType": "outbound", "reportType": "local",
             "mediaType": "audio", "userID": USER, "msid": "m", "mslabel": "m", "label": "l",
             "localStartTime": self.start}])

    def sample(self, after, connection, remote):
        self.tell(after, "stats", "/UCID/stats", connection, remote,
                  stats=stats(self.start + after, after // 1000), wifiStats=None,
                  batteryStatus={"batteryLevel": 0.5, "isBatteryCharging": False})

    def act(self, after, event, connection, remote, **data):
        self.tell(after, event, "/UCID/events/media/actions", connection, remote, **data)

    def fail(self, after):
        """An error of a connection that stands, one of no connection, and a log line."""
        self.tell(after, "fabricSetupFailed", "/UCID/events/fabric/setupfailed", FIRST, "bob",
                  delay=after, reason="NegotiationFailure", function="createOffer", level="debug",
                  magicKey=7, endpoint=ENDPOINT, name="OperationError", message="no offer",
                  messageType="domError", fabricState="established",
                  iceConnectionState="connected")
        self.tell(after + 10, "fabricSetupFailed", "/UCID/events/fabric/setupfailed", delay=0,
                  reason="MediaConfigError", function="getUserMedia", level="debug", magicKey=7,
                  endpoint=ENDPOINT, name="NotAllowedError", message="denied",
                  messageType="domError")
        self.tell(after + 20, "applicationErrorLog", "/UCID/events/app/logs", FIRST, "bob",
                  level="debug", message="a log line", messageType="text")

    def leave(self, after):
        self.tell(after, "userFeedbackEvent", "/UCID/events/feedback", feedback={
            "overallRating": 4, "videoQualityRating": 3, "audioQualityRating": 5,
            "comments": "gut ✓"})
        self.tell(after + 10, "fabricTerminated", "/UCID/events/fabric/terminated", FIRST, "bob")
        self.tell(after + 20, "fabricTerminated", "/UCID/events/fabric/terminated", SECOND,
                  "carol")
        self.tell(after + 30, "userLeft", "/UCID/events/user/left")


def conversation(start):
    script = Script(start)
    script.join()
    script.connect(100, FIRST, "bob", 287.5)
    script.connect(200, SECOND, "carol", 295.0)
    script.act(3000, "audioMute", FIRST, "bob")
    script.act(4000, "audioUnmute", FIRST, "bob")
    script.act(5000, "videoPause", FIRST, "bob")
    script.act(6000, "videoResume", FIRST, "bob", ssrc="2222")
    for after in range(5000, 30001, 5000):
        script.sample(after, FIRST, "bob")
        script.sample(after + 40, SECOND, "carol")
    script.tell(10000, "userAlive", "/UCID/events/user/alive", FIRST, "bob")
    script.tell(11000, "fabricHold", "/UCID/events/fabric/actions", SECOND, "carol")
    script.tell(12000, "fabricResume", "/UCID/events/fabric/actions", SECOND, "carol")
    script.tell(13000, "customEvent", "/UCID/events/customevent", FIRST, "bob",
                eventList=[{"type": "a"}, {"type": "b"}])
    script.tell(14000, "somethingNew", "/UCID/events/some/thing", FIRST, "bob", own="key")
    script.fail(20000)
    script.leave(31000)
    return script.lines
