# SPDX-License-Identifier: LGPL-2.1-or-later
"""Conferences of callstats' REST clients for tests/page/fixture.py: a browser's whole call, a
dropped one, many small ones of the past, and those whose names mean no good."""

import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.join(os.path.dirname(HERE), name) for name in ("rest", "collector")]

import browser  # noqa: E402
import callstats  # noqa: E402
import hostile  # noqa: E402

MINUTE = 60 * 1000
BROWSER = "browser-call"
DROPPED = "train-tunnel"
PAST = 24  # small conferences
PEOPLE = ("ada", "bert", "cora", "dirk", "emil", "fritz")
SITES = ("Berlin", "Tokyo", "São Paulo")


def end_of(tell, connection, after):
    tell(after, "/events/fabric/terminated", connectionID=connection)
    tell(after + 10, "/events/user/left")


class Teller:
    """One user who tells of a conference that began at `start`."""

    def __init__(self, collector, app, secret, user, conference, start, **joined):
        self.start = start
        self.client = callstats.Client(collector, user, app, secret)
        self.client.authenticate()
        self.client.join(conference, timestamp=start, **joined)

    def tell(self, after, path, **body):
        self.client.tell(path, timestamp=self.start + after, **body)

    def set_up(self, connection, remote, delay):
        self.tell(delay, "/events/fabric/setup", connectionID=connection, remoteID=remote,
                  delay=delay, iceGatheringDelay=delay / 4, iceConnectivityDelay=delay / 2,
                  remoteEndpointType="peer", fabricTransmissionDirection="sendrecv")


def tell_browser_call(collector, app, secret, now):
    lines = json.loads(json.dumps(browser.conversation(now - 40 * MINUTE)))
    callstats.replay(callstats.Client(collector, browser.USER, app, secret), lines, BROWSER)


def tell_dropped_call(collector, app, secret, now):
    """Two minutes; the connection is lost in the second one and never comes back."""
    one = Teller(collector, app, secret, "tina", DROPPED, now - 30 * MINUTE,
                 userName="Tina Train", siteID="ICE 599")
    remote = {"connectionID": "tunnel-1", "remoteID": "otto"}
    one.set_up("tunnel-1", "otto", 420)
    for second in range(5, 80, 5):
        lost = max(0, second - 50)
        one.tell(1000 * second, "/stats", **remote, stats=sample(one.start + 1000 * second,
                                                                 second, lost))
    one.tell(80000, "/events/fabric/disruptions", **remote, eventType="iceDisruptionStart")
    one.tell(110000, "/events/fabric/status", **remote, delay=110000,
             prevIceConnectionState="disconnected", currIceConnectionState="failed")
    end_of(one.tell, "tunnel-1", 120000)


def sample(at, second, lost):
    return [{"type": "inbound-rtp", "id": "I", "timestamp": at, "ssrc": 4711, "kind": "audio",
             "packetsReceived": 50 * second - 20 * lost, "packetsLost": 20 * lost,
             "bytesReceived": 4000 * second - 1600 * lost, "jitter": 0.004 + lost / 1000}]


def tell_past(collector, app, secret, now):
    """One every 37 minutes; every fifth was never set up, with a reason."""
    for n in range(PAST):
        user, remote = PEOPLE[n % 6], PEOPLE[(n + 1) % 6]
        one = Teller(collector, app, secret, user, f"daily-{n:02}", now - (n + 2) * 37 * MINUTE,
                     userName=user.capitalize(), siteID=SITES[n % 3])
        if n % 5 == 4:
            one.tell(9000, "/events/fabric/setupfailed", connectionID=f"past-{n}",
                     remoteID=remote, reason="IceConnectionFailure", delay=9000,
                     function="iceConnectionFailure", messageType="domError",
                     name="Error", message="no candidate pair works")
            one.tell(9100, "/events/user/left")
            continue
        one.set_up(f"past-{n}", remote, 150 + 40 * (n % 9))
        for second in range(0, 60, 10):
            one.tell(1000 * second, "/stats", connectionID=f"past-{n}", remoteID=remote,
                     stats=sample(one.start + 1000 * second, second + 1, n % 4))
        end_of(one.tell, f"past-{n}", 60000 + 1000 * n)


def tell_hostile(collector, app, secret, now):
    for n, (conference, user) in enumerate(zip(hostile.CONFERENCES, hostile.USERS)):
        one = Teller(collector, app, secret, user, conference, now - (n + 3) * MINUTE,
                     userName=hostile.USER_NAME, siteID=hostile.SITE)
        connection = f"hostile {n} {hostile.MARKUP}"
        remote = {"connectionID": connection, "remoteID": hostile.OTHER_USER}
        one.set_up(connection, hostile.OTHER_USER, 300)
        one.tell(400, "/events/sdp", **remote, remoteSDP=hostile.SCRIPT,
                 localSDP=f"v=0\r\ns={hostile.MARKUP}\r\na=mid:{hostile.SCRIPT}\r\n")
        one.tell(500, "/events/app/logs", **remote, level="error", messageType="text",
                 message=hostile.MARKUP)
        one.tell(600, "/events/fabric/setupfailed", reason=hostile.MARKUP, delay=1,
                 function=hostile.SCRIPT, name=hostile.MARKUP, message=hostile.TURNED)
        one.tell(700, "/events/customevent", **remote, eventList=[
            {hostile.MARKUP: hostile.SCRIPT, "__proto__": hostile.MARKUP}])
        one.tell(800, "/stats", **remote, stats=hostile_sample(one.start + 800, 1))
        one.tell(5800, "/stats", **remote, stats=hostile_sample(one.start + 5800, 6))
        one.tell(5900, "/events/feedback", feedback={"overallRating": 1,
                                                     "comments": hostile.MARKUP})
        end_of(one.tell, connection, 6000)


def hostile_sample(at, second):
    one, = sample(at, second, 0)
    codec = {"type": "codec", "id": "C", "timestamp": at, "mimeType": hostile.MARKUP,
             "clockRate": 48000, "payloadType": 111}
    return [codec, {**one, "codecId": "C", "trackIdentifier": hostile.MARKUP,
                    "mid": hostile.SCRIPT}]
