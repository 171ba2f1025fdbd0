# SPDX-License-Identifier: LGPL-2.1-or-later
"""What Chromium's getStats says of a call, and what the monitor at the other end says."""

import json
import statistics
import threading
import unittest

from browser import CHROMIUM, Browser, Call, Gst, main

POLLS = 22
RTP = range(128, 192)
EVERY = 40  # one of so many RTP packets of a stream is dropped where the test says so

PAGE = b"""<!DOCTYPE html><video id="theirs" autoplay playsinline muted></video><script>
const post = async (path, body) => fetch(path, {method: "POST", body});
(async () => {
  const media = await navigator.mediaDevices.getUserMedia(
    {audio: true, video: {width: 320, height: 240, frameRate: 15}});
  const peer = new RTCPeerConnection();
  peer.ontrack = event => { theirs.srcObject = event.streams[0]; };
  await peer.setRemoteDescription({type: "offer", sdp: await (await fetch("/offer")).text()});
  for (const track of media.getTracks())
    peer.addTrack(track, media);
  await peer.setLocalDescription(await peer.createAnswer());
  if (peer.iceGatheringState != "complete")
    await new Promise(done => peer.addEventListener("icegatheringstatechange",
      () => peer.iceGatheringState == "complete" && done()));
  await post("/answer", peer.localDescription.sdp);
  setInterval(async () => {
    if (await (await fetch("/command")).text() == "stop")
      for (const sender of peer.getSenders())
        await sender.replaceTrack(null);
    await post("/stats", JSON.stringify(Object.fromEntries(await peer.getStats())));
  }, 1000);
})().catch(error => post("/answer", String(error)));
</script>"""

MEDIA = (
    "audiotestsrc is-live=true ! opusenc ! rtpopuspay pt=96 ! valve name=valve-audio ! "
    "application/x-rtp,encoding-params=(string)2 ! webrtcbin. "
    "videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=240,framerate=15/1 ! "
    "vp8enc deadline=1 cpu-used=16 keyframe-max-dist=60 target-bitrate=300000 ! rtpvp8pay pt=97 ! "
    "valve name=valve-video ! webrtcbin. ")


class Sieve:
    """Drops every so manieth RTP packet of each SSRC that passes a pad."""

    def __init__(self, pad):
        self.seen = {}
        pad.add_probe(Gst.PadProbeType.BUFFER, self.on_buffer)

    def of(self, ssrc):
        """How many were dropped."""
        return self.seen.get(ssrc, 0) // EVERY

    def on_buffer(self, pad, info):
        head = info.get_buffer().extract_dup(0, 12)
        if len(head) < 12 or head[0] not in RTP or 192 <= head[1] <= 223:
            return Gst.PadProbeReturn.OK
        ssrc = int.from_bytes(head[8:12], "big")
        self.seen[ssrc] = self.seen.get(ssrc, 0) + 1
        return Gst.PadProbeReturn.OK if self.seen[ssrc] % EVERY else Gst.PadProbeReturn.DROP


def find_element(pipeline, factory):
    found = pipeline.iterate_all_by_element_factory_name(factory)
    result, element = found.next()
    assert result == Gst.IteratorResult.OK, factory
    return element


class Report:
    """A sample of one end: stats id → object."""

    def __init__(self, objects):
        self.objects = objects

    def all(self, kind):
        return [o for o in self.objects.values() if o["type"] == kind]

    def by_ssrc(self, kind):
        return {o["ssrc"]: o for o in self.all(kind)}

    def stream(self, kind, media):
        found = [o for o in self.all(kind) if o.get("kind") == media]
        assert len(found) == 1, (kind, media, found)
        return found[0]

    def codec(self, stream):
        return self.objects[stream["codecId"]]

    def selected_pair(self):
        pairs = [self.objects[t["selectedCandidatePairId"]] for t in self.all("transport")]
        assert len(pairs) == 1, pairs
        return pairs[0]

    def selected(self, end):
        return self.objects[self.selected_pair()[f"{end}CandidateId"]]


class WatchedCall:
    """A call with media both ways and samples of both ends."""

    def __init__(self, test, lossy):
        self.call = Call(MEDIA)
        test.addCleanup(self.call.close)
        self.ours = []
        self.changed = threading.Condition()
        self.call.pipeline.get_by_name("mon").connect("report", self.on_report)
        self.call.webrtcbin.connect("pad-added", self.on_pad)
        # Chromium refuses retransmissions of audio.
        video = self.call.webrtcbin.get_static_pad("sink_1")
        video.get_property("transceiver").set_property("do-nack", True)
        self.browser = Browser(PAGE, self.call.make_offer())
        test.addCleanup(self.browser.close)
        self.call.take_answer(self.browser.wait_answer())
        self.sieves = {}
        if lossy:
            self.sieves["out"] = Sieve(find_element(
                self.call.pipeline, "nicesink").get_static_pad("sink"))
            self.sieves["in"] = Sieve(find_element(
                self.call.pipeline, "nicesrc").get_static_pad("src"))
        self.theirs = []

    def on_report(self, mon, fabric, text):
        with self.changed:
            self.ours.append(Report(json.loads(text)))
            self.changed.notify_all()

    def on_pad(self, webrtcbin, pad):
        if pad.direction != Gst.PadDirection.SRC:
            return
        is_video = pad.get_property("transceiver").get_property("mlineindex") == 1
        decode = Gst.parse_bin_from_description(
            "rtpvp8depay ! vp8dec ! fakevideosink" if is_video
            else "rtpopusdepay ! opusdec ! fakeaudiosink", True)
        self.call.pipeline.add(decode)
        decode.sync_state_with_parent()
        pad.link(decode.get_static_pad("sink"))

    def take_theirs(self):
        self.theirs.append(Report(self.browser.wait_stats()))
        return self.theirs[-1]

    def run(self):
        def has_all(report):
            return len(report.all("inbound-rtp")) == 2 and all(
                o.get("framesPerSecond", 1) for o in report.all("inbound-rtp")) and all(
                "jitter" in report.by_ssrc("remote-inbound-rtp").get(o["ssrc"], {})
                for o in report.all("outbound-rtp"))

        def told_all():
            """We were told of both our streams, and how long that takes."""
            return self.ours and sum("roundTripTime" in o for o in self.ours[-1].all(
                "remote-inbound-rtp")) == 2
        while not has_all(self.take_theirs()) or not told_all():
            pass
        self.theirs.clear()
        with self.changed:
            self.ours.clear()
        while len(self.theirs) < POLLS:
            self.take_theirs()
        self.polls = list(self.theirs)
        with self.changed:
            self.polled = list(self.ours)

    def quiesce(self):
        """Both ends stop sending; returns the samples after nothing more came."""
        def counts(report):
            return sorted((o["type"], o["ssrc"], o.get("packetsReceived"), o.get("packetsSent"),
                           o.get("packetsLost"))
                          for kind in ("inbound-rtp", "outbound-rtp", "remote-inbound-rtp")
                          for o in report.all(kind))
        self.browser.tell("stop")
        for valve in ("valve-audio", "valve-video"):
            self.call.pipeline.get_by_name(valve).set_property("drop", True)
        same = 0
        while same < 4:
            same = same + 1 if counts(self.take_theirs()) == counts(self.theirs[-2]) else 0
        with self.changed:
            mark = len(self.ours)
            assert self.changed.wait_for(lambda: len(self.ours) >= mark + 2, 10)
            return self.ours[-1], self.theirs[-1]


def median(values):
    values = [value for value in values if value is not None]
    assert len(values) >= POLLS - 4, values
    return statistics.median(values)


@unittest.skipUnless(CHROMIUM, "needs chromium")
class Truth(unittest.TestCase):
    def check_counters(self, ours, theirs):
        """Both samples are of the time after the last packet."""
        for media in ("audio", "video"):
            for mine, other in (
                    (ours.stream("outbound-rtp", media), theirs.stream("inbound-rtp", media)),
                    (theirs.stream("outbound-rtp", media), ours.stream("inbound-rtp", media))):
                self.assertEqual(mine["ssrc"], other["ssrc"])
                pairs = [("packetsSent", "packetsReceived"), ("bytesSent", "bytesReceived"),
                         ("headerBytesSent", "headerBytesReceived"),
                         ("retransmittedPacketsSent", "retransmittedPacketsReceived")]
                # What is sent again with the same SSRC, SRTP takes for a replay.
                if "rtxSsrc" not in mine and mine.get("retransmittedPacketsSent", 0) > 0:
                    self.check_arrived(mine, other, None)
                    continue
                for sent, received in pairs:
                    self.assertEqual(mine.get(sent, 0), other.get(received, 0),
                                     (media, mine["type"], mine["id"], sent))

    def check_told(self, samples, stream, told):
        """What one end was told in a report is what the other had counted at that time."""
        lost = [(o["timestamp"], o["packetsLost"]) for o in (
            sample.stream("inbound-rtp", stream["kind"]) for sample in samples
            if sample.all("inbound-rtp"))]
        around = ([count for time, count in lost if time <= told["timestamp"]][-1:] +
                  [count for time, count in lost if time >= told["timestamp"]][:1])
        self.assertTrue(around)
        self.assertGreaterEqual(told["packetsLost"], min(around) - 1)
        self.assertLessEqual(told["packetsLost"], max(around) + 1)

    def check_loss(self, call, ours, theirs):
        """What the one end lost is what the other is told, and what was dropped."""
        for media in ("audio", "video"):
            outbound = ours.stream("outbound-rtp", media)
            self.check_told(call.theirs, theirs.stream("inbound-rtp", media),
                            ours.by_ssrc("remote-inbound-rtp")[outbound["ssrc"]])
            inbound = ours.stream("inbound-rtp", media)
            self.check_told(call.ours, inbound,
                            theirs.by_ssrc("remote-inbound-rtp")[inbound["ssrc"]])
            if not call.sieves:
                self.assertEqual(inbound["packetsLost"], 0)
                continue
            self.assertGreater(call.sieves["out"].of(outbound["ssrc"]), 3)
            self.assertGreater(call.sieves["in"].of(inbound["ssrc"]), 3)
            # Audio comes again with the same SSRC: by RFC 3550 that is not lost.
            if media == "video":
                self.assertAlmostEqual(
                    inbound["packetsLost"], call.sieves["in"].of(inbound["ssrc"]), delta=1)
                # What one end asks to be sent again is what the other is asked for.
                self.assertGreater(outbound["nackCount"], 0)
                self.assertAlmostEqual(
                    outbound["nackCount"], theirs.stream("inbound-rtp", media)["nackCount"], delta=1)
                self.assertAlmostEqual(
                    inbound["nackCount"], theirs.stream("outbound-rtp", media)["nackCount"], delta=1)
            self.check_arrived(outbound, theirs.stream("inbound-rtp", media), call.sieves["out"])
            self.check_arrived(theirs.stream("outbound-rtp", media), inbound, call.sieves["in"])

    def check_arrived(self, outbound, inbound, sieve):
        """All that was sent arrived, retransmissions too, but what was dropped.

        What is sent again with the same SSRC though it had arrived, SRTP takes for a replay.
        """
        dropped = sum(sieve.of(outbound.get(ssrc)) for ssrc in ("ssrc", "rtxSsrc")) if sieve else 0
        replays = 0 if "rtxSsrc" in outbound else outbound.get("retransmittedPacketsSent", 0)
        missing = outbound["packetsSent"] - dropped - inbound["packetsReceived"]
        self.assertGreaterEqual(missing, 0)
        self.assertLessEqual(missing, replays)

    def check_codecs(self, ours, theirs):
        for kind in ("inbound-rtp", "outbound-rtp"):
            other = "outbound-rtp" if kind == "inbound-rtp" else "inbound-rtp"
            for media in ("audio", "video"):
                mine = ours.codec(ours.stream(kind, media))
                their = theirs.codec(theirs.stream(other, media))
                for member in ("payloadType", "clockRate", "channels"):
                    self.assertEqual(mine.get(member), their.get(member), (kind, media))
                self.assertEqual(mine["mimeType"].lower(), their["mimeType"].lower())
                self.assertEqual(ours.stream(kind, media)["mid"],
                                 theirs.stream(other, media)["mid"])

    def check_candidates(self, ours, theirs):
        for mine, their in (("local", "remote"), ("remote", "local")):
            for member in ("candidateType", "protocol", "port"):
                self.assertEqual(ours.selected(mine)[member], theirs.selected(their)[member])

    def check_times(self, call):
        for media in ("audio", "video"):
            ours = [r for r in call.polled if r.all("remote-inbound-rtp")]

            def of(reports, kind, member):
                streams = [r.stream(kind, media) for r in reports]
                remote = {"inbound-rtp": "remote-outbound-rtp",
                          "outbound-rtp": "remote-inbound-rtp"}[kind]
                return [(r.by_ssrc(remote).get(s["ssrc"], {}) if member[0] == "~" else s).get(
                    member.lstrip("~")) for r, s in zip(reports, streams)]
            self.assertAlmostEqual(median(of(ours, "inbound-rtp", "jitter")),
                                   median(of(call.polls, "outbound-rtp", "~jitter")), delta=0.005)
            self.assertAlmostEqual(median(of(call.polls, "inbound-rtp", "jitter")),
                                   median(of(ours, "outbound-rtp", "~jitter")), delta=0.005)
            self.assertAlmostEqual(
                median(of(ours, "outbound-rtp", "~roundTripTime")),
                median([r.selected_pair().get("currentRoundTripTime") for r in call.polls]),
                delta=0.020)

    def check_frames(self, call):
        for kind, other in (("inbound-rtp", "outbound-rtp"), ("outbound-rtp", "inbound-rtp")):
            mine = [r.stream(kind, "video") for r in call.polled]
            their = [r.stream(other, "video") for r in call.polls]
            self.assertAlmostEqual(median([s.get("framesPerSecond") for s in mine]),
                                   median([s.get("framesPerSecond") for s in their]), delta=2)
            for member in ("frameWidth", "frameHeight"):
                self.assertEqual(mine[-1][member], their[-1][member], member)

    def check_polls(self, call):
        """In mid-call: what one end has counted, the other counts within one poll."""
        for media in ("audio", "video"):
            sent = [r.stream("outbound-rtp", media)["packetsSent"] for r in call.polled]
            for report in call.polls[1:-1]:
                received = report.stream("inbound-rtp", media)["packetsReceived"]
                self.assertTrue(any(
                    before <= received <= after for before, after in zip(sent, sent[1:])),
                    (media, received, sent))

    def check(self, lossy):
        call = WatchedCall(self, lossy)
        call.run()
        ours, theirs = call.quiesce()
        self.check_codecs(ours, theirs)
        self.check_candidates(ours, theirs)
        if not lossy:
            self.check_counters(ours, theirs)
            self.check_polls(call)
        self.check_loss(call, ours, theirs)
        self.check_times(call)
        self.check_frames(call)

    def test_a_call_without_loss(self):
        self.check(lossy=False)

    def test_a_call_with_loss_both_ways(self):
        self.check(lossy=True)


if __name__ == "__main__":
    main()
