# SPDX-License-Identifier: LGPL-2.1-or-later
"""docs/stats.md against what a real call's reports hold.

Run by hand as `test_stats_table.py BUILD --raw`, it counts what webrtcbin's own get-stats
gives in the same call.
"""

import ctypes
import json
import os
import re
import sys
import threading
import unittest

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import GLib, Gst, GstWebRTC  # noqa: E402

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TABLE = os.path.join(TOP, "docs", "stats.md")
BASE = {"id", "type", "timestamp"}
# One dictionary of the standard for two types, and one name of GStreamer's for another.
DICTIONARIES = {"local-candidate": "ice-candidate", "remote-candidate": "ice-candidate"}
WANTED = 110
DEADLINE = 40

END = ("webrtcbin name={name} bundle-policy=max-bundle "
       "videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=15/1 ! "
       "vp8enc deadline=1 cpu-used=16 keyframe-max-dist=15 target-bitrate=300000 ! "
       "rtpvp8pay pt=97 ! application/x-rtp,media=video,encoding-name=VP8,payload=97 ! "
       "{name}.sink_0 "
       "audiotestsrc is-live=true volume=0.5 ! opusenc ! rtpopuspay pt=96 ! "
       "application/x-rtp,media=audio,encoding-name=OPUS,payload=96 ! {name}.sink_1 ")


class End:
    """One of the two webrtcbins of a call."""

    def __init__(self, pipeline, name):
        self.pipeline = pipeline
        self.webrtcbin = pipeline.get_by_name(name)
        self.webrtcbin.connect("pad-added", self.on_pad)
        self.webrtcbin.connect("on-data-channel", self.on_channel)
        agent = self.webrtcbin.get_property("ice-agent")
        # Up to 1.28 it is floating: what Python takes for its own is webrtcbin's.
        if Gst.version() < (1, 29):
            ctypes.CDLL("libgobject-2.0.so.0").g_object_ref(ctypes.c_void_p(hash(agent)))
        agent.emit("add-local-ip-address", "127.0.0.1")
        agent.get_property("agent").set_property("upnp", False)

    def on_pad(self, webrtcbin, pad):
        if pad.direction != Gst.PadDirection.SRC:
            return
        is_video = pad.get_property("transceiver").get_property("mlineindex") == 0
        sink = ("rtpvp8depay ! vp8dec ! fakevideosink"
                if is_video
                else "rtpopusdepay ! opusdec plc=true ! fakeaudiosink")
        decoding = Gst.parse_bin_from_description(sink, True)
        self.pipeline.add(decoding)
        decoding.sync_state_with_parent()
        pad.link(decoding.get_static_pad("sink"))

    def on_channel(self, webrtcbin, channel):
        channel.connect("on-message-string",
                        lambda channel, text: channel.emit("send-string", "echo " + text))
        self.channel = channel

    def connect_candidates(self, other):
        self.webrtcbin.connect(
            "on-ice-candidate",
            lambda _, mline, candidate: other.webrtcbin.emit("add-ice-candidate", mline, candidate))

    def ask(self, signal, argument):
        promise = Gst.Promise.new()
        self.webrtcbin.emit(signal, argument, promise)
        promise.wait()
        return promise


class Call:
    """A call both ways with audio, video and a data channel."""

    def __init__(self, monitor="callstatsmon name=mon interval=200 collect-ip=full "):
        self.pipeline = Gst.parse_launch(
            monitor + END.format(name="caller") + END.format(name="callee"))
        self.changed = threading.Condition()
        self.reports = {}
        self.caller, self.callee = End(self.pipeline, "caller"), End(self.pipeline, "callee")
        self.caller.connect_candidates(self.callee)
        self.callee.connect_candidates(self.caller)
        mon = self.pipeline.get_by_name("mon")
        if mon is not None:
            mon.connect("report", self.on_report)

    def on_report(self, mon, fabric, text):
        with self.changed:
            self.reports.setdefault(fabric, []).append(json.loads(text))
            self.changed.notify_all()

    def answer_latency(self):
        """As an application has to, or there are no sender reports from 1.26 on."""
        bus = self.pipeline.get_bus()
        while bus.timed_pop_filtered(Gst.CLOCK_TIME_NONE, Gst.MessageType.LATENCY |
                                     Gst.MessageType.APPLICATION).type == Gst.MessageType.LATENCY:
            self.pipeline.recalculate_latency()

    def start(self):
        self.answering = threading.Thread(target=self.answer_latency)
        self.answering.start()
        self.pipeline.set_state(Gst.State.PLAYING)
        for end in (self.caller, self.callee):
            for pad in end.webrtcbin.sinkpads:
                deadline = GLib.get_monotonic_time() + DEADLINE * 1000000
                while pad.get_current_caps() is None:
                    assert GLib.get_monotonic_time() < deadline
                    with self.changed:
                        self.changed.wait(0.02)
        channel = self.caller.webrtcbin.emit("create-data-channel", "chat", None)
        channel.connect("on-open", lambda channel: channel.emit("send-string", "hello"))
        self.channel = channel
        # Promise and reply must outlive the description in them.
        offered = self.caller.ask("create-offer", None)
        reply = offered.get_reply()
        offer = reply.get_value("offer")
        self.caller.ask("set-local-description", offer)
        self.callee.ask("set-remote-description", offer)
        answered = self.callee.ask("create-answer", None)
        answer_reply = answered.get_reply()
        answer = answer_reply.get_value("answer")
        self.callee.ask("set-local-description", answer)
        self.caller.ask("set-remote-description", answer)

    def wait_for(self, condition):
        with self.changed:
            assert self.changed.wait_for(condition, DEADLINE), "the call did not come so far"

    def stop(self):
        self.pipeline.post_message(
            Gst.Message.new_application(self.pipeline, Gst.Structure.new_empty("stop")))
        self.answering.join()
        self.pipeline.set_state(Gst.State.NULL)


def pairs_of(report):
    """The (dictionary, member) pairs of a report."""
    return {(DICTIONARIES.get(o["type"], o["type"]), member)
            for o in report.values() for member in set(o) - BASE}


def rows():
    """The rows of docs/stats.md: (dictionary, member) → the other columns."""
    with open(TABLE) as file:
        found = re.findall(
            r"^\| `([a-z-]+)` \| `(\w+)` \| (.+?) \| (.*?) \| (.*?) \| (.*?) \|$",
            file.read(), re.M)
    return {(dictionary, member): tuple(rest) for dictionary, member, *rest in found}


def extensions():
    """The pairs of docs/stats.md that are not the standard's."""
    with open(TABLE) as file:
        return set(re.findall(r"^\| `([a-z-]+)` \| `([\w.]+)` \| [^|]* \|$", file.read(), re.M))


def is_delivered(row):
    return row[0] != "–"


class StatsTable(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.call = Call()
        cls.call.start()

        def settled():
            """Long enough for RTCP both ways, and for what comes once a second."""
            return len(cls.call.reports) == 2 and all(
                len(reports) >= 50 and sum(
                    "roundTripTime" in o for o in reports[-1].values()) == 2
                for reports in cls.call.reports.values())
        cls.call.wait_for(settled)
        cls.seen = set().union(*(pairs_of(report) for reports in cls.call.reports.values()
                                 for report in reports))
        descriptions = [end.webrtcbin.get_property("current-local-description")
                        for end in (cls.call.caller, cls.call.callee)]
        cls.sdp = "".join(description.sdp.as_text() for description in descriptions)
        cls.last = [reports[-1] for reports in cls.call.reports.values()]
        cls.call.stop()

    def objects(self, kind):
        return [o for report in self.last for o in report.values() if o["type"] == kind]

    def test_formats_are_those_of_the_descriptions(self):
        lines = dict(re.findall(r"a=fmtp:(\d+) (.+?)\r?\n", self.sdp))
        told = {str(o["payloadType"]): o["sdpFmtpLine"]
                for o in self.objects("codec") if "sdpFmtpLine" in o}
        self.assertTrue(told)
        for payload, line in told.items():
            self.assertEqual(set(line.split(";")), set(lines[payload].split(";")))

    def test_sources_have_the_tracks_of_the_descriptions(self):
        tracks = {track for _, track in re.findall(r"a=msid:(\S+) (\S+)", self.sdp)}
        tracks |= set(re.findall(r"a=ssrc:\d+ msid:\S+ (\S+)", self.sdp))
        sources = self.objects("media-source")
        self.assertEqual(len(sources), 4)
        for source in sources:
            self.assertIn(source["trackIdentifier"], tracks)
        self.assertEqual(len({source["trackIdentifier"] for source in sources}), 4)

    def test_sources_have_the_rate_of_their_caps(self):
        rates = [o["framesPerSecond"] for o in self.objects("media-source") if o["kind"] == "video"]
        self.assertEqual(len(rates), 2)
        for rate in rates:
            self.assertAlmostEqual(rate, 15, delta=4)

    def test_what_is_played_was_sent_a_moment_before(self):
        for reports in self.call.reports.values():
            played = [[(o["timestamp"], o["estimatedPlayoutTimestamp"]) for o in report.values()
                       if "estimatedPlayoutTimestamp" in o and o["kind"] == "audio"]
                      for report in reports]
            played = [sample[0] for sample in played if sample]
            self.assertGreater(len(played), 20)
            for now, then in played[len(played) // 2:]:
                self.assertLess(then, now)
                self.assertGreater(then, now - 3000)
            # It goes with the clock: as far as the reports go.
            (first, from_), (last, to) = played[len(played) // 2], played[-1]
            self.assertAlmostEqual(to - from_, last - first, delta=1000)

    def test_what_is_delivered_is_in_the_table(self):
        self.assertEqual(sorted(self.seen - set(rows()) - extensions()), [])
        self.assertEqual(
            sorted(pair for pair in self.seen & set(rows()) if not is_delivered(rows()[pair])), [])

    def test_what_the_table_says_of_every_call_is_delivered(self):
        always = {pair for pair, row in rows().items() if is_delivered(row) and not row[2]}
        self.assertEqual(sorted(always - self.seen), [])

    def test_there_are_as_many_as_it_says(self):
        with open(TABLE) as file:
            text = file.read()
        delivered = {pair: row for pair, row in rows().items() if is_delivered(row)}
        proven = {pair for pair, row in delivered.items()
                  if not re.search(r"rules`|\(constant\)|\(range\)|\(zero\)", row[3])}
        said, said_proven = re.search(
            r"\*\*(\d+)\*\* distinct pairs.*?\*\*(\d+)\*\* of them", text, re.S).groups()
        self.assertEqual(int(said), len(delivered))
        self.assertEqual(int(said_proven), len(proven))
        self.assertGreaterEqual(len(proven), WANTED)

    def test_every_row_has_a_reason_or_a_proof_that_exists(self):
        sources = {}
        for folder, _, names in os.walk(os.path.join(TOP, "tests")):
            for name in names:
                if name.endswith((".c", ".py")):
                    with open(os.path.join(folder, name)) as file:
                        sources[name.rsplit(".", 1)[0]] = file.read()
        for pair, row in rows().items():
            source, _, condition, proof = row
            if not is_delivered(row):
                self.assertTrue(condition, f"{pair}: no reason for its absence")
                continue
            found = re.findall(r"`([\w-]+)`(?: ([\w/ -]+))?", proof)
            self.assertTrue(found, f"{pair}: no proof")
            for name, _ in found:
                self.assertIn(name, sources, pair)


def raw():
    """What get-stats itself gives in the same call."""
    call = Call(monitor="")
    call.start()
    with call.changed:
        call.changed.wait(10)
    known, seen = rows(), set()
    for end in (call.caller, call.callee):
        reply = end.ask("get-stats", None).get_reply()
        for i in range(reply.n_fields()):
            stats = reply.get_value(reply.nth_field_name(i))
            kind = stats.get_name()
            for j in range(stats.n_fields()):
                words = stats.nth_field_name(j).split("-")
                member = words[0] + "".join(word.capitalize() for word in words[1:])
                seen.add((DICTIONARIES.get(kind, kind), member))
    call.stop()
    pairs = sorted(pair for pair in seen if pair in known)
    print(f"{Gst.version_string()}: get-stats gives {len(pairs)} of the standard's pairs")
    for dictionary, member in pairs:
        print(" ", dictionary, member)


if __name__ == "__main__":
    os.environ.setdefault("GST_REGISTRY_1_0", os.path.join(
        os.path.abspath(sys.argv[1]), "tests", "stats-table.registry"))
    Gst.init(None)
    if "--raw" in sys.argv:
        raw()
    else:
        unittest.main(argv=sys.argv[:1], verbosity=2)
