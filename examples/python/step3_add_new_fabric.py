#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Step 3 of callstats' guide, addNewFabric(): a new webrtcbin is told, as soon as it is there.

Without this call callstatsmon finds every webrtcbin by itself, and what it carries; an
application makes it to name the other end before anything else happens.
"""

import sys

from guide import CALL, CONFERENCE, LOCAL_USER, REMOTE_USER, Callstats, Gst, wait_for_message

Gst.init(None)
pipeline = Gst.Pipeline()
monitor = Gst.ElementFactory.make("callstatsmon")
monitor.set_property("webrtcbin-name", "caller")
monitor.set_property("user-id", LOCAL_USER)
pipeline.add(monitor)
pipeline.set_state(Gst.State.READY)

call = Gst.parse_bin_from_description(CALL, False)
webrtcbin = call.get_by_name("caller")


def pc_callback(promise):
    reply = promise.get_reply()
    print("Monitoring status:", reply.to_string())


attributes = Gst.Structure.new_from_string(
    "attributes, remote-endpoint-type=peer, fabric-transmission-direction=sendonly")
promise = Gst.Promise.new_with_change_func(pc_callback)
monitor.emit("add-new-fabric", webrtcbin, REMOTE_USER, Callstats.FabricUsage.MULTIPLEX,
             CONFERENCE, attributes, promise)

pipeline.add(call)
pipeline.set_state(Gst.State.PLAYING)
wait_for_message(pipeline, "callstats-fabric-event", lambda event: event["name"] == "fabricSetup")
pipeline.set_state(Gst.State.NULL)
sys.exit(promise.wait() != Gst.PromiseResult.REPLIED)
