#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A call between two webrtcbins in this process, watched by a callstatsmon.

Prints the fabric events and the reports as they come. Nothing leaves the
process: a callstatsmon without backend-url speaks on the bus only.

    eval "$(meson devenv -C build-demo --dump)"
    /usr/bin/python3 examples/python/watch_call.py --seconds 10
"""

import argparse
import json
import socket

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
gi.require_version("Callstats", "1.0")
from gi.repository import Callstats, GLib, Gst, GstSdp, GstWebRTC  # noqa: E402,F401

MEDIA = """
  videotestsrc is-live=true ! video/x-raw,width=320,height=180 ! vp8enc deadline=1 !
    rtpvp8pay ! application/x-rtp,media=video,encoding-name=VP8,payload=96 ! {video}
  audiotestsrc is-live=true ! opusenc !
    rtpopuspay ! application/x-rtp,media=audio,encoding-name=OPUS,payload=97 ! {audio}
"""
TWO_PEERS = MEDIA.format(video="caller.", audio="caller.") + """
  webrtcbin name=caller bundle-policy=max-bundle
  webrtcbin name=callee bundle-policy=max-bundle
  callstatsmon conference-id=example user-id=watcher
"""
# The same call on a machine where ICE has nothing but the loopback interface.
LOOPBACK = MEDIA.format(video="call.sink_0", audio="call.sink_1") + """
  callstatsloopback name=call  call.src_0 ! fakesink  call.src_1 ! fakesink
  callstatsmon conference-id=example user-id=watcher
"""


def has_network():
    """Whether there is a route to somewhere; no packet is sent to find out."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        return probe.connect_ex(("192.0.2.1", 9)) == 0


def describe(peer, kind, then):
    """Creates an offer or answer, sets it at this peer and hands it on."""
    def created(promise):
        # The description lives as long as the reply it is in, and that as long
        # as the promise: neither may go before the last use.
        reply = promise.get_reply()
        description = reply.get_value(kind)
        peer.emit("set-local-description", description, None)
        then(description)
    peer.emit(f"create-{kind}", None, Gst.Promise.new_with_change_func(created))


def connect(caller, callee):
    """The signalling: what would travel over a server stays in this process."""
    def offered(offer):
        callee.emit("set-remote-description", offer, None)
        describe(callee, "answer", answered)

    def answered(answer):
        caller.emit("set-remote-description", answer, None)

    caller.connect("on-negotiation-needed", lambda _: describe(caller, "offer", offered))
    for peer, other in ((caller, callee), (callee, caller)):
        peer.connect("on-ice-candidate",
                     lambda _, line, candidate, other: other.emit("add-ice-candidate",
                                                                  line, candidate), other)


def sink_received(callee, pad, pipeline):
    sink = Gst.ElementFactory.make("fakesink")
    pipeline.add(sink)
    sink.sync_state_with_parent()
    pad.link(sink.get_static_pad("sink"))


def make_pipeline():
    if not has_network():
        return Gst.parse_launch(LOOPBACK)
    pipeline = Gst.parse_launch(TWO_PEERS)
    callee = pipeline.get_by_name("callee")
    callee.connect("pad-added", lambda bin, pad: pad.direction == Gst.PadDirection.SRC
                   and sink_received(bin, pad, pipeline))
    connect(pipeline.get_by_name("caller"), callee)
    return pipeline


def on_message(_bus, message, loop):
    structure = message.get_structure()
    if message.type in (Gst.MessageType.ERROR, Gst.MessageType.EOS):
        loop.quit()
    elif message.type == Gst.MessageType.WARNING:
        print("warning:", message.parse_warning().gerror.message)
    elif message.has_name("callstats-fabric-event"):
        print(structure["webrtcbin"].get_name(), structure["name"], structure["data"])
    elif message.has_name("callstats-stats"):
        print_report(structure["webrtcbin"].get_name(), structure["report"])


def print_report(name, text):
    for stats in json.loads(text).values():
        if stats["type"] == "inbound-rtp":
            print(name, "received", stats.get("kind"), stats.get("bytesReceived"), "bytes")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=10)
    seconds = parser.parse_args().seconds
    Gst.init(None)
    loop = GLib.MainLoop()
    pipeline = make_pipeline()
    pipeline.bus.add_signal_watch()
    pipeline.bus.connect("message", on_message, loop)
    pipeline.set_state(Gst.State.PLAYING)
    GLib.timeout_add_seconds(seconds, loop.quit)
    loop.run()
    pipeline.set_state(Gst.State.READY)  # the last reports and events are posted now
    while message := pipeline.bus.pop():
        on_message(pipeline.bus, message, loop)
    pipeline.set_state(Gst.State.NULL)


if __name__ == "__main__":
    main()
