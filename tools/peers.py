# SPDX-License-Identifier: LGPL-2.1-or-later
"""Ends of calls, a pipeline each: what tools/demo_calls.py and the page's tests make calls of.

Gst.init() comes first. Nothing of it may be freed before the process ends by os._exit().
"""

import random

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import Gst, GstSdp, GstWebRTC  # noqa: E402

DECODERS = {
    "VP8": "rtpvp8depay ! vp8dec ! fakesink sync=true async=false",
    "OPUS": "rtpopusdepay ! opusdec ! level interval=100000000 ! fakesink sync=true async=false",
}

kept = []  # libnice's agents are floating: the first wrapper sinks them and must not go


def structure(**fields):
    """Data of an event; lists of dicts become arrays of structures."""
    result = Gst.Structure.new_empty("data")
    for name, value in fields.items():
        if isinstance(value, list):
            value = Gst.ValueArray([structure(**one) for one in value])
        result.set_value(name, value)
    return result


class End:
    """One webrtcbin, by default under watch, and a way to the other one: `peer`, which takes
    descriptions and candidates as this does."""

    def __init__(self, credentials, media, offers, watched=True, **properties):
        self.offers = offers
        self.peer = None
        self.fabric = None
        self.lossy = None
        self.spoil_sdp = lambda text: text
        self.spoil_candidate = lambda text: text
        self.on_event = lambda name: None
        words = media + " webrtcbin name=end bundle-policy=max-bundle"
        self.pipeline = Gst.parse_launch(words + (" callstatsmon name=mon" if watched else ""))
        self.webrtcbin = self.pipeline.get_by_name("end")
        self.mon = self.pipeline.get_by_name("mon")
        for name, value in {**credentials, **properties}.items() if watched else ():
            self.mon.set_property(name.replace("_", "-"), value)
        if watched:
            self.mon.connect("fabric-added", self._on_fabric)
            self.mon.connect("fabric-event", lambda mon, fabric, name, data: self.on_event(name))
        self._stay_here()
        self.webrtcbin.connect("on-ice-candidate", self._on_candidate)
        self.webrtcbin.connect("pad-added", self._on_pad)
        if offers:
            self.webrtcbin.connect("on-negotiation-needed", lambda _: self._describe("offer"))

    def play(self):
        self.pipeline.set_state(Gst.State.PLAYING)

    def stop(self):
        self.pipeline.set_state(Gst.State.NULL)

    def take_description(self, text):
        _, sdp = GstSdp.SDPMessage.new_from_text(text)
        kind = GstWebRTC.WebRTCSDPType.ANSWER if self.offers else GstWebRTC.WebRTCSDPType.OFFER
        description = GstWebRTC.WebRTCSessionDescription.new(kind, sdp)
        self.webrtcbin.emit("set-remote-description", description, Gst.Promise.new())
        if not self.offers:
            self._describe("answer")

    def take_candidate(self, line, text):
        self.webrtcbin.emit("add-ice-candidate", line, text)

    def set_media(self, element, name, value):
        self.pipeline.get_by_name(element).set_property(name, value)

    def tell(self, event, **data):
        self.mon.emit("send-fabric-event", self.fabric, event, structure(**data), None)

    def log(self, message):
        self.mon.emit("report-error", self.fabric, "applicationLog",
                      structure(message=message, level="error", messageType="text"), None)

    def lose(self, share):
        """That share of what this end sends gets lost from now on."""
        known, self.lossy = self.lossy is not None, share
        if known:
            return
        sinks = self.webrtcbin.iterate_all_by_element_factory_name("nicesink")
        sinks.foreach(lambda sink: sink.get_static_pad("sink").add_probe(
            Gst.PadProbeType.BUFFER | Gst.PadProbeType.BUFFER_LIST, self._on_packet))

    def _on_packet(self, pad, info):
        lost = random.random() < self.lossy
        return Gst.PadProbeReturn.DROP if lost else Gst.PadProbeReturn.OK

    def _on_fabric(self, mon, fabric, webrtcbin):
        self.fabric = fabric

    def _stay_here(self):
        ice = self.webrtcbin.get_property("ice-agent")
        ice.emit("add-local-ip-address", "127.0.0.1")
        agent = ice.get_property("agent")
        agent.set_property("upnp", False)
        kept.extend([ice, agent])

    def _describe(self, kind):
        def created(promise):
            reply = promise.get_reply()  # the description is part of it
            description = reply.get_value(kind)
            self.webrtcbin.emit("set-local-description", description, Gst.Promise.new())
            self.peer.take_description(self.spoil_sdp(description.sdp.as_text()))
        self.webrtcbin.emit(f"create-{kind}", None, Gst.Promise.new_with_change_func(created))

    def _on_candidate(self, webrtcbin, line, text):
        text = self.spoil_candidate(text)
        if text:
            self.peer.take_candidate(line, text)

    def _on_pad(self, webrtcbin, pad):
        if pad.direction != Gst.PadDirection.SRC:
            return
        caps = pad.get_current_caps().get_structure(0)
        decoder = Gst.parse_bin_from_description(DECODERS[caps["encoding-name"]], True)
        self.pipeline.add(decoder)
        decoder.sync_state_with_parent()
        pad.link(decoder.get_static_pad("sink"))
