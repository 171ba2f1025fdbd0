# SPDX-License-Identifier: LGPL-2.1-or-later
"""The calls of tools/demo, each end in a pipeline of its own under a callstatsmon.

    demo_calls.py BACKEND APP SECRET-FILE CONFERENCE

CONFERENCE goes on until SIGINT: alice and bob with video and audio, who mute, pause and share, over
a network that loses packets for some seconds every so often. CONFERENCE-short is an audio call that
ends by itself, and CONFERENCE-blocked one that cannot be set up, since no candidate gets through.
"""

import os
import re
import signal
import sys

import gi

gi.require_version("Gst", "1.0")
from gi.repository import GLib, Gst  # noqa: E402

from peers import End, structure  # noqa: E402

AUDIO = ("audiotestsrc is-live=true wave={wave} volume=0.3 ! volume name=microphone ! "
         "level interval=100000000 ! opusenc ! rtpopuspay pt=97 ! "
         "application/x-rtp,encoding-params=(string)2 ! end. ")
VIDEO = ("videotestsrc is-live=true pattern={pattern} ! "
         "video/x-raw,width={width},height={height},framerate={rate}/1 ! valve name=camera ! "
         "vp8enc deadline=1 cpu-used=8 keyframe-max-dist=60 target-bitrate={bitrate} ! "
         "rtpvp8pay pt=96 ! end. ")
ALICE = AUDIO.format(wave="ticks") + VIDEO.format(
    pattern="ball", width=640, height=360, rate=25, bitrate=800_000)
BOB = AUDIO.format(wave="sine") + VIDEO.format(
    pattern="smpte", width=320, height=180, rate=15, bitrate=300_000)

ROUND = 40  # seconds, after which everything comes again
SHORT = 12_000  # ms of the short call
BLOCKED = 4000  # ms until a setup is given up


class Peers:
    """Two ends, connected to each other."""

    def __init__(self, credentials, conference, media, users, **properties):
        ids = [user["user_id"] for user in users]
        common = {**credentials, "conference_id": conference}
        self.ends = [End(common, media[side], side == 0, **users[side],
                         remote_user_id=ids[1 - side], **properties) for side in (0, 1)]
        self.ends[0].peer, self.ends[1].peer = self.ends[1], self.ends[0]

    def start(self):
        for end in reversed(self.ends):
            end.play()

    def stop(self):
        for end in self.ends:
            end.stop()
        self.ends = []


def user(name, full_name, site):
    return {"user_id": name, "user_name": full_name, "site_id": site}


class Talk(Peers):
    """The call of alice and bob: what happens in each round, by its second. on_up: called when
    both are connected."""

    def __init__(self, credentials, conference, on_up):
        super().__init__(credentials, conference, [ALICE, BOB], [
            user("alice", "Alice Ångström", "Berlin"), user("bob", "Bob Builder", "Tokyo")],
            collect_sdp=True)
        self.on_up = on_up
        self.second = 0
        self.up = set()
        for end in self.ends:
            end.on_event = lambda name, end=end: GLib.idle_add(self._on_event, end, name)

    def _on_event(self, end, name):
        if name == "fabricSetup" and self.ends:
            self.up.add(end)
            if len(self.up) == 2:
                self.on_up()
                GLib.timeout_add_seconds(1, self._go_on)

    def _go_on(self):
        if not self.ends:
            return GLib.SOURCE_REMOVE
        self.second += 1
        step = STEPS.get((self.second - 1) % ROUND)
        if step:
            step(*self.ends)
        return GLib.SOURCE_CONTINUE


def rate(alice, bob):
    alice.mon.emit("send-user-feedback", structure(
        overall=3, audio=4, video=2, comment="The picture froze for a while."), None)
    bob.mon.emit("send-user-feedback", structure(overall=4), None)


STEPS = {
    1: lambda alice, bob: alice.set_media("microphone", "mute", True),
    4: lambda alice, bob: alice.set_media("microphone", "mute", False),
    6: lambda alice, bob: bob.set_media("camera", "drop", True),
    9: lambda alice, bob: bob.set_media("camera", "drop", False),
    11: lambda alice, bob: alice.lose(0.08),
    17: lambda alice, bob: alice.lose(0),
    19: lambda alice, bob: bob.tell("screenShareStart"),
    22: lambda alice, bob: bob.tell("activeDeviceList", deviceList=[
        {"mediaDeviceID": "headset-7", "label": "Headset 7", "kind": "audioinput"}]),
    26: lambda alice, bob: bob.tell("screenShareStop"),
    28: rate,
    31: lambda alice, bob: bob.lose(0.25),
    34: lambda alice, bob: bob.lose(0),
    36: lambda alice, bob: alice.log("Could not load the avatar of bob"),
}


def make_short(credentials, conference):
    return Peers(credentials, conference, [AUDIO.format(wave="ticks"), AUDIO.format(wave="sine")],
                 [user("erin", "Erin Example", "Berlin"), user("frank", "Frank Fast", "Lima")])


def make_blocked(credentials, conference):
    call = Peers(credentials, conference, [AUDIO.format(wave="ticks"), ""],
                 [user("carol", "Carol Closed", "Lima"), user("dave", "Dave Dark", "Tokyo")],
                 setup_timeout=BLOCKED)
    for end in call.ends:
        end.spoil_candidate = lambda text: None
        end.spoil_sdp = lambda text: re.sub("a=candidate.*\r\n", "", text)
    return call


def on_error(bus, message, loop):
    error, debug = message.parse_error()
    print(f"ERROR: {message.src.get_path_string()}: {error.message}\n{debug}", flush=True)
    loop.failed = True
    loop.quit()


def on_warning(bus, message):
    error, debug = message.parse_warning()
    print(f"WARNING: {message.src.get_path_string()}: {error.message}", flush=True)


def watch(call, loop):
    for end in call.ends:
        bus = end.pipeline.get_bus()
        bus.add_signal_watch()
        bus.connect("message::error", on_error, loop)
        bus.connect("message::warning", on_warning)


def main():
    backend, app, secret_file, conference = sys.argv[1:]
    Gst.init(None)
    credentials = {"backend_url": backend, "app_id": app, "app_secret_file": secret_file}
    loop = GLib.MainLoop()
    loop.failed = False
    calls = []

    def add(call, until=None):
        calls.append(call)
        call.start()
        if until:
            GLib.timeout_add(until, call.stop)

    def add_others():
        add(make_blocked(credentials, conference + "-blocked"), BLOCKED + 2000)
        add(make_short(credentials, conference + "-short"), SHORT)

    talk = Talk(credentials, conference, add_others)
    watch(talk, loop)
    for number in (signal.SIGINT, signal.SIGTERM):
        GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, number, loop.quit)
    add(talk)
    loop.run()
    for call in calls:
        call.stop()
    os._exit(1 if loop.failed else 0)  # see peers.py


if __name__ == "__main__":
    main()
