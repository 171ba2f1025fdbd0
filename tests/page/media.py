# SPDX-License-Identifier: LGPL-2.1-or-later
"""Real calls of webrtcbins for tests/page/fixture.py, which starts this program: one or more calls
by name, at the same time, each end in a pipeline of its own under a callstatsmon.

    media.py BACKEND APP SECRET-FILE CALL…

Says `up CALL` when both ends of a call are set up and `over CALL` when it has ended, by line, and
`told CALL EVENT` of each event that the element tells. Takes lines `CALL ACTION [VALUE]`. Ends with
its standard input, and the calls with it.
"""

import base64
import json
import os
import re
import subprocess
import sys
import threading

import gi

gi.require_version("Gst", "1.0")
from gi.repository import GLib, Gst  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "tools"))

import hostile  # noqa: E402
from peers import End, structure  # noqa: E402

AUDIO = ("audiotestsrc is-live=true wave={wave} volume={volume} ! volume name=microphone ! "
         "level interval=100000000 ! opusenc ! rtpopuspay pt=97 ! "
         "application/x-rtp,encoding-params=(string)2 ! end. ")
VIDEO = ("videotestsrc is-live=true pattern=snow ! "
         "video/x-raw,width=320,height=180,framerate=15/1 ! valve name=camera ! "
         "vp8enc deadline=1 cpu-used=8 keyframe-max-dist=30 target-bitrate=300000 ! rtpvp8pay pt=96 ! end. ")
PEER = "--peer"
GAP = 1200  # ms between the steps of a call
GIVEN_UP = 6000  # ms after which a setup has failed; on a busy machine negotiating takes seconds


def say(*words):
    print(*words, flush=True)


class Call:
    """A call of alice and bob, both here, in which `steps` follow each other: what to do, and the
    event to wait for before the next one; GAP apart at least."""

    alice = {"user_id": "alice", "user_name": "Alice Ångström", "site_id": "Berlin"}
    bob = {"user_id": "bob", "user_name": "Bob Builder", "site_id": "Tokyo"}
    media = [AUDIO.format(wave="ticks", volume=0.5) + VIDEO,
             AUDIO.format(wave="sine", volume=0.1) + VIDEO]
    conference = None
    seconds = None  # after the last step until it ends; None: it goes on
    steps = ()

    def __init__(self, name, credentials, conference=None):
        self.name = name
        credentials = {**credentials, "conference_id": conference or self.conference or name}
        alice, bob = self.properties()
        self.ends = [End(credentials, self.media[0], True, **alice),
                     End(credentials, self.media[1], False, **bob)]
        self.ends[0].peer, self.ends[1].peer = self.ends[1], self.ends[0]
        self.prepare(2)

    def prepare(self, waits_for):
        self.waits_for = waits_for  # ends that are not set up yet
        self.to_do = list(self.steps)
        self.awaited = None
        for end in self.ends:
            end.on_event = self._on_event

    def properties(self):
        return ({**self.alice, "remote_user_id": self.bob["user_id"]},
                {**self.bob, "remote_user_id": self.alice["user_id"]})

    def start(self):
        for end in reversed(self.ends):
            end.play()

    def stop(self, *_):
        if self.ends:
            for end in self.ends:
                end.stop()
            say("over", self.name)
        self.ends = []

    def act(self, action, value):
        """What a line on the standard input asks for."""
        alice = self.ends[0]
        if action == "mute":
            alice.set_media("microphone", "mute", value == "on")
        elif action == "pause":
            alice.set_media("camera", "drop", value == "on")
        elif action == "hold":
            alice.pipeline.set_state(Gst.State.PAUSED if value == "on" else Gst.State.PLAYING)
        elif action == "feedback":
            alice.mon.emit("send-user-feedback", structure(overall=int(value)), None)
        elif action == "end":
            self.stop()

    def _on_event(self, name):
        """On a thread of the element."""
        say("told", self.name, name)
        GLib.idle_add(self._take, name)

    def _take(self, name):
        if name == "fabricSetup":
            self.waits_for -= 1
            if self.waits_for == 0:
                self._on_up()
        if name == self.awaited:
            self.awaited = None
            GLib.timeout_add(GAP, self._go_on)

    def _on_up(self):
        say("up", self.name)
        GLib.timeout_add(GAP, self._go_on)

    def _go_on(self):
        if self.ends and self.to_do:
            step, self.awaited = self.to_do.pop(0)
            step(*self.ends)
            if self.awaited is None:
                GLib.timeout_add(GAP, self._go_on)
        elif self.seconds:
            GLib.timeout_add(int(1000 * self.seconds), self.stop)
        return False


# Steps of the good call

def mute(alice, bob):
    alice.set_media("microphone", "mute", True)


def unmute(alice, bob):
    alice.set_media("microphone", "mute", False)
    bob.tell("activeDeviceList", deviceList=[
        {"mediaDeviceID": "headset-7", "label": "Headset 7", "kind": "audioinput"}])


def pause_video(alice, bob):
    bob.set_media("camera", "drop", True)


def resume_video(alice, bob):
    bob.set_media("camera", "drop", False)
    bob.mon.emit("send-custom-event", bob.fabric, json.dumps(
        {"type": "reaction", "emoji": "👍", "count": 3}), None)


def hold(alice, bob):
    alice.pipeline.set_state(Gst.State.PAUSED)


def resume(alice, bob):
    alice.pipeline.set_state(Gst.State.PLAYING)


def share_screen(alice, bob):
    alice.tell("screenShareStart")
    bob.log("Could not load the avatar of alice")


def stop_screen(alice, bob):
    alice.tell("screenShareStop")


def rate(alice, bob):
    alice.mon.emit("send-user-feedback", structure(
        overall=4, audio=5, video=3, comment="Good, but the picture froze once."), None)
    bob.mon.emit("send-user-feedback", structure(overall=5), None)


class Good(Call):
    """Fifteen seconds in which everything happens that the elements or applications tell."""

    conference = "weekly-stand-up"
    alice = {**Call.alice, "collect_sdp": True}
    bob = {**Call.bob, "collect_sdp": True}
    seconds = 1
    steps = ((mute, "audioMute"), (unmute, "audioUnmute"), (pause_video, "videoPause"),
             (resume_video, "videoResume"), (hold, "fabricHold"), (resume, "fabricResume"),
             (share_screen, "screenShareStart"), (stop_screen, "screenShareStop"), (rate, None))


class Lossy(Call):
    """A twelfth of what alice sends is lost. Its process is stopped for seconds: no reports."""

    conference = "sales-call-17"
    seconds = 12
    steps = ((lambda alice, bob: alice.lose(0.08), None),)


class Live(Call):
    """Goes on until it is told to end."""

    conference = "live-support"
    alice = {**Call.alice, "user_id": "lena", "user_name": "Lena Live"}
    bob = {**Call.bob, "user_id": "omar", "user_name": "Omar Support"}


class Failed(Call):
    """Never comes up."""

    media = [AUDIO.format(wave="ticks", volume=0.5), ""]

    def __init__(self, name, credentials):
        super().__init__(name, credentials)
        self.failures = 0
        self.spoil(*self.ends)

    def properties(self):
        return [{**one, "setup_timeout": GIVEN_UP} for one in super().properties()]

    def spoil(self, alice, bob):
        raise NotImplementedError

    def _on_event(self, name):
        super()._on_event(name)
        if name in ("fabricSetupFailed", "applicationErrorLog"):
            self.failures += 1
            GLib.timeout_add(1000, self.stop)


class NoCandidates(Failed):
    """Nothing of what bob offers to connect to arrives."""

    conference = "call-behind-firewall"

    def spoil(self, alice, bob):
        bob.spoil_candidate = alice.spoil_candidate = lambda text: None
        bob.spoil_sdp = alice.spoil_sdp = (
            lambda text: re.sub("a=candidate.*\r\n", "", text))


class NoAnswer(Failed):
    """The offer is never answered."""

    conference = "call-unanswered"

    def spoil(self, alice, bob):
        alice.spoil_candidate = lambda text: None
        bob.take_description = lambda text: None


class WrongCertificate(Failed):
    """bob's certificate is not the one that his description promises."""

    conference = "call-wrong-certificate"

    def properties(self):
        return [{**one, "setup_timeout": 30000} for one in super().properties()]

    def spoil(self, alice, bob):
        bob.spoil_sdp = lambda text: re.sub(
            "a=fingerprint:sha-256 ..:..", "a=fingerprint:sha-256 00:00", text)


class NoCamera(Failed):
    """The source of alice cannot be opened."""

    conference = "call-without-camera"
    media = ["filesrc name=camera location=/nonexistent/camera ! fakesink ", ""]

    def properties(self):
        return [{**one, "setup_timeout": 30000} for one in super().properties()]

    def spoil(self, alice, bob):
        pass


class Hostile(Call):
    """Whoever names all this means no good."""

    conference = hostile.CONFERENCE
    alice = {"user_id": hostile.USER, "user_name": hostile.USER_NAME, "site_id": hostile.SITE}
    bob = {"user_id": hostile.OTHER_USER, "user_name": hostile.OTHER_USER_NAME,
           "site_id": hostile.OTHER_SITE}
    media = [AUDIO.format(wave="ticks", volume=0.5), ""]
    seconds = 2
    steps = ((lambda alice, bob: Hostile.talk(alice, bob), None),)

    @staticmethod
    def talk(alice, bob):
        alice.log(hostile.MARKUP)
        alice.mon.emit("send-custom-event", alice.fabric, json.dumps(
            {"type": hostile.MARKUP, "__proto__": hostile.SCRIPT, hostile.MARKUP: "constructor"}),
            None)
        alice.tell("activeDeviceList", deviceList=[
            {"label": hostile.MARKUP, "kind": "audioinput", "mediaDeviceID": hostile.ADDRESS}])
        alice.mon.emit("send-user-feedback", structure(
            overall=1, comment=hostile.MARKUP + hostile.TURNED), None)
        bob.log(hostile.SCRIPT)


class Pipe:
    """The way to an end in another process: lines `S SDP` and `C M-LINE CANDIDATE` in base64."""

    def __init__(self, lines, output):
        self.lines = lines
        self.output = output
        self.lock = threading.Lock()

    def take_description(self, text):
        self._write("S", text)

    def take_candidate(self, line, text):
        self._write(f"C {line}", text)

    def serve(self, end):
        for line in self.lines:
            prefix, _, text = line.strip().rpartition(" ")
            text = base64.b64decode(text).decode()
            if prefix == "S":
                end.take_description(text)
            else:
                end.take_candidate(int(prefix[2:]), text)

    def _write(self, prefix, text):
        with self.lock:
            self.output.write(f"{prefix} {base64.b64encode(text.encode()).decode()}\n")
            self.output.flush()


class Dropped(Call):
    """bob is a process of its own, which is killed."""

    conference = "dropped-interview"

    def __init__(self, name, credentials):
        self.name = name
        self.arguments = credentials
        credentials = {**credentials, "conference_id": self.conference}
        self.ends = [End(credentials, self.media[0], True, **self.properties()[0])]
        self.prepare(1)

    def start(self):
        credentials = json.dumps({**self.arguments, "conference_id": self.conference})
        self.other = subprocess.Popen([sys.executable, __file__, PEER, credentials], text=True,
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        pipe = Pipe(self.other.stdout, self.other.stdin)
        self.ends[0].peer = pipe
        threading.Thread(target=pipe.serve, args=(self.ends[0],), daemon=True).start()
        super().start()

    def act(self, action, value):
        if action == "end":
            self.stop()

    def stop(self, *_):
        self._kill()
        super().stop()

    def _on_up(self):
        super()._on_up()
        GLib.timeout_add(3000, self._kill)

    def _kill(self):
        self.other.kill()
        self.other.wait()
        return False


CALLS = {"good": Good, "lossy": Lossy, "live": Live, "dropped": Dropped, "hostile": Hostile,
         "no-candidates": NoCandidates, "no-answer": NoAnswer, "no-camera": NoCamera,
         "wrong-certificate": WrongCertificate}


def run_peer(credentials):
    """The end that is killed."""
    end = End(json.loads(credentials), Call.media[1], False, **Call.bob, remote_user_id="alice")
    end.peer = Pipe(sys.stdin, sys.stdout)
    end.play()
    end.peer.serve(end)


def obey(calls, credentials, loop):
    """Takes lines until there are no more."""
    for line in sys.stdin:
        name, action, value = (line.split() + ["", ""])[:3]
        GLib.idle_add(act, calls, credentials, name, action, value)
    GLib.idle_add(loop.quit)


def act(calls, credentials, name, action, value):
    if action == "start":
        calls[name] = CALLS[name](name, credentials, value or None)
        calls[name].start()
    elif name in calls and calls[name].ends:
        calls[name].act(action, value)


def main():
    Gst.init(None)
    if sys.argv[1] == PEER:
        run_peer(sys.argv[2])
        return
    backend, app, secret_file, *names = sys.argv[1:]
    credentials = {"backend_url": backend, "app_id": app, "app_secret_file": secret_file}
    calls = {name: CALLS[name](name, credentials) for name in names}
    for call in calls.values():
        call.start()
    loop = GLib.MainLoop()
    threading.Thread(target=obey, args=(calls, credentials, loop), daemon=True).start()
    loop.run()
    for call in calls.values():
        call.stop()
    sys.stdout.flush()
    os._exit(0)  # the wrappers of libnice's agents must not go


if __name__ == "__main__":
    main()
