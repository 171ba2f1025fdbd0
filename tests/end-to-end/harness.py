# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the end-to-end tests share: whole processes, watched from outside.

Meson runs each test as `test_NAME.py BUILD-FOLDER`, for a sanitizers' build with
`--runtime=LIBRARY` after it, in the build's environment; by hand:

    eval "$(meson devenv -C build --dump)"
    /usr/bin/python3 tests/end-to-end/test_demo.py build
"""

import os
import re
import shutil
import socket
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(TOP, "tools"))

from call import Call, host_environment, media, monitor, monitors  # noqa: E402,F401
from collector import Collector, make_secret_file  # noqa: E402

APP = "end-to-end"
VIDEO = "video/x-raw,width=160,height=120,framerate=30/1"  # little work for two cores
FRAMES_A_SECOND = 30
CONNECTED = 15  # seconds that ICE and DTLS may take where a sanitizer slows everything
SKIPPED = 77  # what meson takes for a skipped test

TOLD = re.compile(r"callstats-stats, fabric=\(string\)([0-9a-f-]+),.* time=\(gint64\)(\d+)")

build = None


def main():
    """Takes our own arguments out of the way of unittest's."""
    global build
    build = os.path.abspath(sys.argv.pop(1))
    # Shared by all tests of a build: scanning every plugin takes seconds.
    os.environ.setdefault("GST_REGISTRY_1_0", os.path.join(build, "tests", "registry.bin"))
    if sys.argv[1:] and sys.argv[1].startswith("--runtime="):
        os.environ["CALLSTATS_SANITIZER_RUNTIME"] = sys.argv.pop(1).partition("=")[2]
    result = unittest.main(verbosity=2, exit=False).result
    if result.testsRun == len(result.skipped):
        sys.exit(SKIPPED)
    sys.exit(0 if result.wasSuccessful() else 1)


def wait_until(condition, timeout, what):
    """Returns the first true result of `condition`, which is asked often."""
    deadline = time.monotonic() + timeout
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout} s: {what}")
        time.sleep(0.05)


def count(known, name):
    """How often the event `name` is in a conference as the query API tells it."""
    return sum(event["name"] == name for event in known["events"]) if known else 0


def free_port():
    """A port that refuses connections, for it was bound and is not any more."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def reports_told(call):
    """The times of the reports that a call with post-messages=stats and -m printed, by fabric."""
    told = {}
    for line in call.output:
        match = TOLD.search(line)
        if match:
            told.setdefault(match[1], []).append(int(match[2]))
    return told


def warnings_in(output):
    return [line for line in output if line.startswith("WARNING")]


class EndToEnd(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="callstats-test-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.secret_file = make_secret_file(os.path.join(self.folder, "app-secret"))

    def make_collector(self, port=0):
        collector = Collector(os.path.join(build, "src", "collector", "callstats-collector"),
                              self.folder, APP, self.secret_file, port)
        self.addCleanup(lambda: collector.process and collector.stop())
        return collector

    def start_collector(self, port=0):
        return self.make_collector(port).start()

    def make_call(self, watched_by, seconds=None, **options):
        """A call with these callstatsmon words, endless or `seconds` long."""
        frames = -1 if seconds is None else round(seconds * FRAMES_A_SECOND)
        call = Call(media(VIDEO, frames) + watched_by, **options)
        self.addCleanup(call.__exit__)
        return call

    def credentials(self, backend, **changes):
        """The properties of a callstatsmon that reports to `backend`; None leaves one out."""
        properties = {"backend_url": backend, "app_id": APP,
                      "app_secret_file": self.secret_file, "user_id": "alice",
                      "conference_id": "conference", **changes}
        return monitor(**{name: value for name, value in properties.items()
                          if value is not None})
