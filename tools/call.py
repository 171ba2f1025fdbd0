# SPDX-License-Identifier: LGPL-2.1-or-later
"""A watched call: one gst-launch-1.0 pipeline, started and stopped.

Used by tools/run_demo.py and by the end-to-end tests.
"""

import os
import signal
import subprocess
import threading

from collector import start_child

VIDEO = "video/x-raw,width=640,height=360,framerate=30/1"


def media(video=VIDEO, frames=-1):
    """The words of a live call with video and audio; endless unless told otherwise.

    An audio buffer is 1024 samples at Opus' 48 kHz, so both end together.
    """
    pictures = [] if frames < 0 else [f"num-buffers={frames}"]
    ticks = [] if frames < 0 else [f"num-buffers={round(frames / 30 * 48000 / 1024)}"]
    return [
        "callstatsloopback", "name=call",
        "videotestsrc", "is-live=true", *pictures, "!", video, "!",
        "vp8enc", "deadline=1", "!", "rtpvp8pay", "!", "call.sink_0",
        "audiotestsrc", "is-live=true", "wave=ticks", *ticks, "!",
        "opusenc", "!", "rtpopuspay", "pt=97", "!", "call.sink_1",
        "call.src_0", "!", "rtpvp8depay", "!", "vp8dec", "!", "fakesink",
        "call.src_1", "!", "rtpopusdepay", "!", "opusdec", "!", "fakesink",
    ]


def monitor(**properties):
    """The words of one callstatsmon: monitor(user_id="alice") is user-id=alice."""
    return ["callstatsmon",
            *(f"{name.replace('_', '-')}={value}" for name, value in properties.items())]


def monitors(conference, backend, app, secret_file):
    """Alice at the calling end, bob at the called one."""
    common = {"backend_url": backend, "app_id": app, "app_secret_file": secret_file,
              "conference_id": conference}
    return [
        *monitor(webrtcbin_name="caller", user_id="alice", remote_user_id="bob", **common),
        *monitor(webrtcbin_name="callee", user_id="bob", remote_user_id="alice", **common),
    ]


class Call:
    """A gst-launch-1.0 that runs `words`, or another program; every line it prints goes to
    `on_line`."""

    def __init__(self, words, options=("-e",), environment=None, on_line=None,
                 program=("gst-launch-1.0",)):
        self.command = [*program, *options, *words]
        self.environment = {**os.environ, **(environment or {}), **host_environment()}
        self.output = []
        self.on_line = on_line
        self.process = None

    def start(self):
        self.process = start_child(self.command, env=self.environment, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   errors="replace")
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def running(self):
        return self.process.poll() is None

    def wait(self, timeout):
        """Returns the exit code; subprocess.TimeoutExpired if there is none by then."""
        code = self.process.wait(timeout)
        self._reader.join(timeout)
        return code

    def stop(self, timeout=10):
        """Ends it as Ctrl-C would; it has to end by itself."""
        if self.running():
            self.process.send_signal(signal.SIGINT)
        return self.wait(timeout)

    def __enter__(self):
        return self if self.process else self.start()

    def __exit__(self, *exception):
        if self.running():
            self.process.kill()
            self.wait(10)

    def _read(self):
        with self.process.stdout:
            for line in self.process.stdout:
                line = line.rstrip("\n")
                self.output.append(line)
                if self.on_line:
                    self.on_line(line)


def host_environment():
    """A plugin built with a sanitizer needs its runtime in the host from the start.

    So does C++, whose exceptions the runtime wraps: proxy resolvers throw some.
    What the host itself leaks is not ours to find.
    """
    runtime = os.environ.get("CALLSTATS_SANITIZER_RUNTIME")
    if not runtime:
        return {}
    return {"LD_PRELOAD": f"{runtime} libstdc++.so.6",
            "ASAN_OPTIONS": "detect_leaks=0:" + os.environ.get("ASAN_OPTIONS", "")}
