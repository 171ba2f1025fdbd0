#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Step 8 of callstats' guide, statsCallback(): how good every stream is, once a second.

Ends after five of them.
"""

import sys

from guide import CALL, CONFERENCE, LOCAL_USER, REMOTE_USER, GLib, Gst

Gst.init(None)
loop = GLib.MainLoop()
pipeline = Gst.parse_launch(f"""callstatsmon name=monitor webrtcbin-name=caller
  user-id={LOCAL_USER} remote-user-id={REMOTE_USER} conference-id={CONFERENCE} {CALL}""")
told = []


def describe(value):
    if isinstance(value, list):  # scoreReasons
        return ",".join(each["reason"] for each in value)
    return f"{value:.6g}" if isinstance(value, float) else value


def cs_stats_callback(client, fabric, stats):
    stats = stats.unpack()
    print(stats["connectionState"], stats["fabricState"], stats["conferenceURL"])
    for track in stats["mediaStreamTracks"]:
        print(" ", *(f"{name}={describe(value)}" for name, value in sorted(track.items())))
    told.append(stats)
    if len(told) == 5:
        loop.quit()


client = pipeline.get_by_name("monitor").get_property("client")
client.connect("stats", cs_stats_callback)
pipeline.set_state(Gst.State.PLAYING)
GLib.timeout_add_seconds(30, loop.quit)
loop.run()
pipeline.set_state(Gst.State.NULL)
sys.exit(len(told) < 5)
