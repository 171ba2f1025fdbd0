# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes watched calls and says what the collector knows of the one that goes on.

tools/demo runs this in the environment of a finished build. It starts the
collector, then the calls (demo_calls.py), opens the page, prints the fabric
events as the collector's query API has them, ends at Ctrl-C or after --seconds,
and prints a summary as one line of JSON. The exit code is 0 only if nothing is
missing from that summary.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.parse

from call import Call
from collector import Collector, CollectorError, make_secret_file

APP = "demo"
CALLS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "demo_calls.py")
END_TIMEOUT = 10  # seconds, for the pipeline and for the last records to arrive
SLOWEST = 15000   # ms of a setup, on a machine that does much else
SETUP_TIMEOUT = 30  # seconds
GRACE = 5         # seconds of a call that need not be reported: setup and end


class Demo:
    def __init__(self, collector, conference, seconds):
        self.collector = collector
        self.conference = conference
        self.seconds = seconds
        self.stopped = threading.Event()
        self.started = None
        self.shown = set()

    def run(self):
        """Returns what is wrong with the call, a list of sentences."""
        words = [CALLS, self.collector.backend, APP, self.collector.secret_file, self.conference]
        log = os.path.join(self.collector.data, "pipeline.log")
        with open(log, "a") as file, Call(
                words, (), on_line=lambda line: self._note(file, line),
                program=[sys.executable]) as call:
            self.started = time.monotonic()
            say(f"call {self.conference}: alice and bob, log in {log}")
            say("beside it a short call of erin and frank, and one of carol that cannot be set up")
            self._follow(call)
            wrong = self._end(call)
        if not wrong:
            self._wait_for(lambda known: count(known, "fabricTerminated") >= 2)
        known = self._known()
        print(json.dumps(summary(self.collector, self.conference, known)), flush=True)
        return wrong + shortcomings(known, self.seconds)

    def _follow(self, call):
        """Until the call has been up as long as was asked for."""
        deadline = self.started + SETUP_TIMEOUT
        up = False
        while call.running() and not self.stopped.is_set() and time.monotonic() < deadline:
            known = self._known()
            self._show(known)
            if not up and count(known, "fabricSetup") >= 2:
                up = True
                deadline = time.monotonic() + (self.seconds or float("inf"))
            self.stopped.wait(min(1, max(0, deadline - time.monotonic())))

    def _end(self, call):
        if not call.running():
            tail = "\n".join(call.output[-10:])
            return [f"the call ended by itself with code {call.wait(1)}:\n{tail}"]
        say("ending the call")
        code = call.stop(END_TIMEOUT)
        return [f"the call ended with code {code}"] if code else []

    def _wait_for(self, condition):
        deadline = time.monotonic() + END_TIMEOUT
        while not condition(self._known()) and time.monotonic() < deadline:
            time.sleep(0.1)
        self._show(self._known())

    def _known(self):
        return self.collector.conference(self.conference) or {
            "participants": [], "fabrics": [], "events": []}

    def _show(self, known):
        for event in known["events"]:
            self._show_event(event)
        reports = ", ".join(f"{fabric['user']} {fabric['reports']}" for fabric in by_user(known))
        if reports and not self.stopped.is_set():
            say(f"{self._clock()} reports stored: {reports}")

    def _show_event(self, event):
        # By key: two connections report, and an earlier event may arrive later.
        key = (event["time"], event["user"], event.get("fabric"), event["name"])
        if key not in self.shown:
            self.shown.add(key)
            say(f"{self._clock()} {event['user']}: {event['name']}{detail(event)}")

    def _clock(self):
        return f"{time.monotonic() - self.started:5.1f} s"

    def _note(self, file, line):
        file.write(line + "\n")
        file.flush()
        if line.startswith(("WARNING", "ERROR")):
            say(line)


def detail(event):
    data = event["data"] or {}
    if "delay" in data:
        return f" after {data['delay']} ms"
    if "newState" in data:
        return f" {data['changedState']} {data['newState']}"
    return ""


def count(known, name):
    return sum(event["name"] == name for event in known["events"])


def by_user(known):
    return sorted(known["fabrics"], key=lambda fabric: fabric["user"])


def setup_delays(known):
    return [fabric["setupDelay"] for fabric in by_user(known)]


def summary(collector, conference, known):
    return {
        "backend": collector.backend,
        "app": collector.app,
        "conference": conference,
        "participants": len(known["participants"]),
        "fabrics": len(known["fabrics"]),
        "fabricSetup": count(known, "fabricSetup"),
        "fabricSetupDelayMs": setup_delays(known),
        "reports": sum(fabric["reports"] for fabric in known["fabrics"]),
        "fabricTerminated": count(known, "fabricTerminated"),
    }


def shortcomings(known, seconds):
    """What a good call has and this one has not, a list of sentences."""
    wrong = []
    for what, number in (("participants", len(known["participants"])),
                         ("fabrics", len(known["fabrics"])),
                         ("fabricSetup", count(known, "fabricSetup")),
                         ("fabricTerminated", count(known, "fabricTerminated"))):
        if number != 2:
            wrong.append(f"{what}: {number} instead of 2")
    for delay in setup_delays(known):
        if not (isinstance(delay, (int, float)) and 1 <= delay <= SLOWEST):
            wrong.append(f"fabricSetupDelayMs: {delay} is not from 1 to {SLOWEST}")
    for fabric in known["fabrics"]:
        wrong += missing_reports(fabric, max(1, (seconds or 0) - GRACE))
    return wrong


def missing_reports(fabric, least):
    """One report a second, over as many seconds."""
    wrong = []
    if fabric["reports"] < least:
        wrong.append(f"{fabric['user']}: {fabric['reports']} reports instead of at least {least}")
    elif fabric["lastReport"] - fabric["firstReport"] < (least - 1) * 1000:
        wrong.append(f"{fabric['user']}: reports span less than {least - 1} s")
    return wrong


def say(text):
    print(text, flush=True)


def page_of(collector, conference=None):
    """The address of the overview, or of a conference."""
    segments = [collector.app] + (["conferences", conference] if conference else [])
    return f"{collector.url}#/" + "/".join(urllib.parse.quote(one, safe="") for one in segments)


def open_page(address):
    """In the browser of the desktop that this terminal is on, if it is on one."""
    desktop = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    opener = shutil.which("xdg-open")
    if not (desktop and opener and sys.stdout.isatty()):
        return
    subprocess.Popen([opener, address], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                     stderr=subprocess.DEVNULL, start_new_session=True)


def parse_arguments():
    parser = argparse.ArgumentParser(description="see tools/demo --help")
    parser.add_argument("--collector", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--seconds", type=int)
    parser.add_argument("--no-browser", action="store_true")
    return parser.parse_args()


def start_collector(arguments):
    os.makedirs(arguments.data, mode=0o700, exist_ok=True)
    secret_file = make_secret_file(os.path.join(arguments.data, "app-secret"))
    collector = Collector(arguments.collector, arguments.data, APP, secret_file, arguments.port)
    try:
        return collector.start()
    except CollectorError as error:
        sys.exit(f"demo: the collector did not start:\n{error}\n"
                 f"If port {arguments.port} is taken, give another: --port N")


def main():
    arguments = parse_arguments()
    conference = time.strftime("demo-%Y%m%d-%H%M%S-") + str(os.getpid())
    with start_collector(arguments) as collector:
        demo = Demo(collector, conference, arguments.seconds)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: demo.stopped.set())
        say(f"collector on {collector.backend}, data in {collector.data}")
        say(f"page: {page_of(collector, conference)}")
        say(f"all calls: {page_of(collector)}")
        if not arguments.no_browser:
            open_page(page_of(collector, conference))
        if not arguments.seconds:
            say("Ctrl-C ends the call and the collector")
        wrong = demo.run()
    for sentence in wrong:
        print(f"demo: {sentence}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
