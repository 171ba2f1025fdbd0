# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the eight steps of callstats' integration guide share.

The backend comes from the environment, as it does for callstatsmon: CALLSTATS_BACKEND_URL,
CALLSTATS_APP_ID and CALLSTATS_APP_SECRET_FILE, or CALLSTATS_TOKEN.
"""

import os
import sys

import gi

gi.require_version("Callstats", "1.0")
gi.require_version("Gst", "1.0")
from gi.repository import Callstats, GLib, Gst  # noqa: E402

LOCAL_USER = "Alice"
REMOTE_USER = "Bob"
CONFERENCE = "AliceAndBobAndCharlie"

# A whole call in one bin: its webrtcbins are named caller and callee.
CALL = """
  callstatsloopback name=call
  videotestsrc is-live=true ! video/x-raw,width=320,height=180,framerate=30/1 !
    vp8enc deadline=1 ! rtpvp8pay ! call.sink_0   call.src_0 ! fakesink
  audiotestsrc is-live=true ! opusenc ! rtpopuspay pt=97 ! call.sink_1   call.src_1 ! fakesink
"""


def make_client():
    """The client of an application without GStreamer."""
    client = Callstats.Client(
        app_id=os.environ["CALLSTATS_APP_ID"], user_id=LOCAL_USER,
        app_secret_file=os.environ.get("CALLSTATS_APP_SECRET_FILE"),
        backend_url=os.environ["CALLSTATS_BACKEND_URL"])
    client.connect("warning", lambda _, error: print("warning:", error.message, file=sys.stderr))
    return client


def finish(client):
    """Returns once the backend has stored everything."""
    if not client.flush(10000):
        sys.exit("The backend did not take everything in 10 s")


def data(**members):
    """The data of an event, in callstats' own keys."""
    return GLib.Variant("a{sv}", members)


def text(value):
    return GLib.Variant("s", value)


def number(value):
    return GLib.Variant("i", value)


def wait_for_message(pipeline, name, matches=lambda structure: True, seconds=30):
    """Returns the first element message `name` of the pipeline that `matches`."""
    deadline = GLib.get_monotonic_time() + seconds * GLib.USEC_PER_SEC
    while (rest := deadline - GLib.get_monotonic_time()) > 0:
        message = pipeline.bus.timed_pop_filtered(
            rest * 1000, Gst.MessageType.ELEMENT | Gst.MessageType.ERROR)
        if message is None:
            break
        if message.type == Gst.MessageType.ERROR:
            sys.exit(message.parse_error()[0].message)
        if message.has_name(name) and matches(message.get_structure()):
            return message.get_structure()
    sys.exit(f"no {name} in {seconds} s")
