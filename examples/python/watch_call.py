#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A call between two webrtcbins in this process, watched by a callstatsmon.

Prints the fabric events and the reports as they come. Nothing leaves the
process: a callstatsmon without backend-url speaks on the bus only.

    eval "$(meson devenv -C build-demo --dump)"
    /usr/bin/python3 examples/python/watch_call.py --seconds 10
"""

import argparse
import socket

import gi

for namespace in ("Callstats", "Gst", "GstSdp", "GstWebRTC"):
    gi.require_version(namespace, "1.0")
from gi.repository import Callstats, GLib, Gst, GstSdp, GstWebRTC  # noqa: E402,F401

MEDIA = """
  callstatsmon conference-id=example user-id=watcher
  videotestsrc is-live=true ! video/x-raw,width=320,height=180 ! vp8enc deadline=1 !
    rtpvp8pay ! application/x-rtp,media=video,encoding-name=VP8,payload=96 ! {video}
  audiotestsrc is-live=true ! opusenc !
    rtpopuspay ! application/x-rtp,media=audio,encoding-name=OPUS,payload=97 ! {audio}
"""
TWO_PEERS = MEDIA.format(video="caller.", audio="caller.") + """
  webrtcbin name=caller bundle-policy=max-bundle  webrtcbin name=callee bundle-policy=max-bundle
"""
# The same call where ICE has nothing but the loopback interface to work with.
LOOPBACK = MEDIA.format(video="call.sink_0", audio="call.sink_1") + """
  callstatsloopback name=call  call.src_0 ! fakesink  call.src_1 ! fakesink
"""


def has_network():
    """Whether there is a route to somewhere; no packet is sent to find out."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        return probe.connect_ex(("192.0.2.1", 9)) == 0


def describe(peer, kind, then):
    """Creates an offer or answer, sets it at this peer and hands it on."""
    def created(promise):
        # The description is part of the reply, and that of the promise: both
        # have to stay alive for as long as it is used.
        reply = promise.get_reply()
        description = reply.get_value(kind)
        peer.emit("set-local-description", description, None)
        then(description)
    peer.emit(f"create-{kind}", None, Gst.Promise.new_with_change_func(created))


def connect(caller, callee):
    """The signalling: what else would travel over a server."""
    def offered(offer):
        callee.emit("set-remote-description", offer, None)
        describe(callee, "answer",
                 lambda answer: caller.emit("set-remote-description", answer, None))

    caller.connect("on-negotiation-needed", lambda _: describe(caller, "offer", offered))
    for peer, other in ((caller, callee), (callee, caller)):
        peer.connect("on-ice-candidate", lambda _, line, candidate, other:
                     other.emit("add-ice-candidate", line, candidate), other)


def on_pad_added(callee, pad, pipeline):
    if pad.direction == Gst.PadDirection.SRC:
        sink = Gst.ElementFactory.make("fakesink")
        pipeline.add(sink)
        sink.sync_state_with_parent()
        pad.link(sink.get_static_pad("sink"))


def make_call(loopback):
    if loopback:
        return Gst.parse_launch(LOOPBACK)
    pipeline = Gst.parse_launch(TWO_PEERS)
    caller, callee = pipeline.get_by_name("caller"), pipeline.get_by_name("callee")
    callee.connect("pad-added", on_pad_added, pipeline)
    connect(caller, callee)
    return pipeline


def print_message(message):
    structure = message.get_structure()
    if message.type in (Gst.MessageType.ERROR, Gst.MessageType.WARNING):
        print(structure["gerror"].message)
    elif message.has_name("callstats-fabric-event"):
        print(structure["webrtcbin"].get_name(), structure["name"], structure["data"])
    elif message.has_name("callstats-stats"):
        report = Callstats.Report.new_from_json(structure["time"] * 1000, structure["report"])
        for stats in report.to_variant().unpack().values():
            if stats["type"] == "inbound-rtp":
                print(structure["webrtcbin"].get_name(), "SSRC", stats["ssrc"],
                      "received", stats.get("bytesReceived", "no"), "bytes")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--loopback", action="store_true", default=not has_network(),
                        help="use callstatsloopback, as is done where there is no network")
    arguments = parser.parse_args()
    Gst.init(None)
    loop = GLib.MainLoop()
    pipeline = make_call(arguments.loopback)
    pipeline.bus.add_signal_watch()
    pipeline.bus.connect("message", lambda _, message: print_message(message))
    pipeline.set_state(Gst.State.PLAYING)
    GLib.timeout_add_seconds(arguments.seconds, loop.quit)
    loop.run()
    pipeline.set_state(Gst.State.READY)  # the last reports and events are posted now
    while message := pipeline.bus.pop():
        print_message(message)
    pipeline.set_state(Gst.State.NULL)


if __name__ == "__main__":
    main()
