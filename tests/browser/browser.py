# SPDX-License-Identifier: LGPL-2.1-or-later
"""Calls of a watched webrtcbin to a page in Chromium."""

import http.server
import json
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unittest

SKIPPED = 77  # what meson takes for a skipped test

try:
    import gi

    gi.require_version("Gst", "1.0")
    gi.require_version("GstSdp", "1.0")
    gi.require_version("GstWebRTC", "1.0")
    from gi.repository import Gst, GstSdp, GstWebRTC
except (ImportError, ValueError) as error:
    print("needs GStreamer's Python bindings:", error)
    sys.exit(SKIPPED)

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
FLAGS = ("--headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage "
         "--use-fake-device-for-media-stream --use-fake-ui-for-media-stream "
         "--autoplay-policy=no-user-gesture-required --allow-loopback-in-peer-connection "
         "--disable-features=WebRtcHideLocalIpsWithMdns").split()
DEADLINE = 40

class Page(http.server.BaseHTTPRequestHandler):
    def log_message(self, *arguments):
        pass

    def reply(self, body=b"", kind="text/html"):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path == "/offer":
            self.reply(self.server.offer.encode(), "text/plain")
        elif self.path == "/command":
            self.reply(self.server.command.encode(), "text/plain")
        else:
            self.reply(self.server.page)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.posts[self.path].put(body)
        self.reply()


class Browser:
    """Chromium with a page that answers one offer, and may post more."""

    def __init__(self, page, offer):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
        self.server.page = page
        self.server.offer = offer
        self.server.command = ""
        self.server.posts = {"/answer": queue.Queue(), "/stats": queue.Queue()}
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.profile = tempfile.mkdtemp(prefix="callstats-browser-")
        self.process = subprocess.Popen(
            [CHROMIUM, *FLAGS, f"--user-data-dir={self.profile}",
             f"http://127.0.0.1:{self.server.server_port}/"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def wait_answer(self):
        answer = self.server.posts["/answer"].get(timeout=DEADLINE)
        assert answer.startswith("v=0"), answer
        return answer

    def wait_stats(self):
        return json.loads(self.server.posts["/stats"].get(timeout=DEADLINE))

    def tell(self, command):
        self.server.command = command

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.server.shutdown()
        self.server.server_close()
        shutil.rmtree(self.profile, ignore_errors=True)


AUDIO = ("audiotestsrc is-live=true ! opusenc ! rtpopuspay pt=96 ! "
         "application/x-rtp,encoding-params=(string)2 ! webrtcbin. ")


class Call:
    """A webrtcbin that offers, watched by a callstatsmon."""

    def __init__(self, media=AUDIO):
        self.pipeline = Gst.parse_launch(
            "callstatsmon name=mon webrtcbin name=webrtcbin bundle-policy=max-bundle " + media)
        self.webrtcbin = self.pipeline.get_by_name("webrtcbin")
        self.events = []
        self.changed = threading.Condition()
        self.pipeline.get_by_name("mon").connect("fabric-event", self.on_event)

    def on_event(self, mon, fabric, name, data):
        fields = {data.nth_field_name(i): data.get_value(data.nth_field_name(i))
                  for i in range(data.n_fields())}
        with self.changed:
            self.events.append((name, fields))
            self.changed.notify_all()

    def ask(self, signal, argument):
        promise = Gst.Promise.new()
        self.webrtcbin.emit(signal, argument, promise)
        promise.wait()
        return promise

    def wait_for(self, condition, what):
        deadline = time.monotonic() + DEADLINE
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(f"waited in vain for {what}")
            with self.changed:
                self.changed.wait(0.1)

    def make_offer(self):
        """Returns the offer with all candidates."""
        self.pipeline.set_state(Gst.State.PLAYING)
        for pad in self.webrtcbin.sinkpads:
            self.wait_for(pad.get_current_caps, "caps")
        # Both must outlive the description.
        promise = self.ask("create-offer", None)
        reply = promise.get_reply()
        self.ask("set-local-description", reply.get_value("offer"))
        self.wait_for(
            lambda: self.webrtcbin.get_property("ice-gathering-state").value_nick ==
            "complete", "all candidates")
        return self.webrtcbin.get_property("local-description").sdp.as_text()

    def take_answer(self, text):
        _, sdp = GstSdp.SDPMessage.new_from_text(text)
        self.ask("set-remote-description", GstWebRTC.WebRTCSessionDescription.new(
            GstWebRTC.WebRTCSDPType.ANSWER, sdp))

    def find(self, *names):
        with self.changed:
            return [fields for name, fields in self.events if name in names]

    def phases(self):
        """Returns all phases that were told, as name → delay."""
        phases = {}
        for fields in self.find("fabricSetup", "fabricSetupFailed"):
            phases.update(json.loads(fields.get("phases", "{}")))
        for fields in self.find("fabricSetupPhase"):
            phases[fields["phase"]] = fields["delay"]
        return phases

    def close(self):
        self.pipeline.set_state(Gst.State.NULL)


def main():
    build = os.path.abspath(sys.argv.pop(1))
    os.environ.setdefault(
        "GST_REGISTRY_1_0", os.path.join(build, "tests", "browser.registry"))
    Gst.init(None)
    result = unittest.main(module="__main__", verbosity=2, exit=False).result
    if result.testsRun == len(result.skipped):
        sys.exit(SKIPPED)
    sys.exit(0 if result.wasSuccessful() else 1)
