#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A collector with calls for whoever looks at its page.

    python3 tests/page/fixture.py build

starts callstats-collector from a build folder on a free port, with a store of its own that goes
with it, makes real calls of webrtcbins and REST clients, all at the same time, and prints one line
of JSON when they are there:

    {"url": …, "app": …, "token": …, "conferences": {"good": ID, …}, "users": […]}

It serves until its standard input ends. Until then each line there does something, and is
answered with a line of JSON, {"done": LINE} or {"error": …}:

    live mute on|off, live pause on|off, live hold on|off, live feedback 3, live end
    live start CONFERENCE      another call that goes on
    collector stop|kill|start  on the same port, with the same store
    wait CALL EVENT            until the elements of that call have told the event
"""

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import types

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(TOP, "tools"))

import hostile  # noqa: E402
import rest_calls  # noqa: E402
from call import host_environment  # noqa: E402
from collector import Collector  # noqa: E402

APP = "page"
SYSTEM_PYTHON = "/usr/bin/python3"  # GStreamer's bindings belong to the system's
REPORTS_STOP = 4  # seconds, of the lossy call
DEADLINE = 150  # seconds, for everything, under a sanitizer on a busy machine
MEDIA = {  # what each part needs of media.py: its call and that call's conference
    "good": "weekly-stand-up", "lossy": "sales-call-17", "live": "live-support",
    "dropped": "dropped-interview", "hostile": hostile.CONFERENCE,
    "no-candidates": "call-behind-firewall", "no-answer": "call-unanswered",
    "no-camera": "call-without-camera", "wrong-certificate": "call-wrong-certificate",
}
FAILED = ("no-candidates", "no-answer", "no-camera", "wrong-certificate")
PARTS = {"good": ("good",), "lossy": ("lossy",), "live": ("live",), "dropped": ("dropped",),
         "failed": FAILED, "hostile": ("hostile",), "browser": (), "past": ()}


class Keyed(Collector):
    """A collector whose applications and read tokens are in a key file."""

    def _command(self):
        return [self.program, "--listen", f"127.0.0.1:{self.port}",
                "--store", "sqlite:" + os.path.join(self.data, "callstats.sqlite"),
                "--keys", self.keys]

    @property
    def keys(self):
        return os.path.join(self.data, "keys")

    def run_app(self, *words):
        return subprocess.run([self.program, "app", *words, "--keys", self.keys], check=True,
                              text=True, capture_output=True, timeout=DEADLINE).stdout.strip()


class Media:
    """One process of tests/page/media.py."""

    def __init__(self, collector, calls):
        self.calls = calls
        self.told = []  # (word, call, event or "")
        self.changed = threading.Condition()
        command = [SYSTEM_PYTHON, os.path.join(HERE, "media.py"), collector.backend, APP,
                   collector.secret_file, *calls]
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", *command], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, start_new_session=True,
            env={**os.environ, **host_environment(), "PYTHONDONTWRITEBYTECODE": "1"})
        threading.Thread(target=self._read, daemon=True).start()

    def tell(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def wait_for(self, *wanted):
        """Until it has said that."""
        def is_there():
            return wanted in self.told or self.process.poll() is not None
        with self.changed:
            self.changed.wait_for(is_there, DEADLINE)
            if wanted not in self.told:
                raise RuntimeError(f"media.py never said {' '.join(wanted)}: {self.told[-20:]}")

    def stop(self):
        self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _read(self):
        for line in self.process.stdout:
            with self.changed:
                self.told.append(tuple(line.split()))
                self.changed.notify_all()
        with self.changed:
            self.changed.notify_all()


class Fixture:
    def __init__(self, arguments):
        self.arguments = arguments
        self.folder = arguments.data or tempfile.mkdtemp(prefix="callstats-page-")
        os.makedirs(self.folder, mode=0o700, exist_ok=True)
        self.parts = arguments.only or list(PARTS)
        self.medias = {}  # call → Media
        self.token = None

    def start(self):
        program = os.path.join(self.arguments.build, "src", "collector", "callstats-collector")
        self.collector = Keyed(program, self.folder, APP, os.path.join(self.folder, "app-secret"),
                               self.arguments.port)
        self._make_keys()
        self.collector.start(DEADLINE)
        calls = [call for part in self.parts for call in PARTS[part]]
        # Apart from the others: this process is stopped for a while, that one killed.
        for group in ([call for call in calls if call not in ("lossy", "dropped")],
                      *([call] for call in calls if call in ("lossy", "dropped"))):
            media = Media(self.collector, group) if group else None
            self.medias.update({call: media for call in group})
        self._tell_rest()
        if "lossy" in calls:
            self._interrupt(self.medias["lossy"])
        for call in calls:
            self._finish(call)

    def _make_keys(self):
        secret = self.collector.run_app("add", APP, "--name", "Calls for the page")
        descriptor = os.open(self.collector.secret_file, os.O_WRONLY | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secret + "\n")
        self.secret = secret
        with open(self.collector.keys, "a", encoding="utf-8") as file:
            file.write("collect-sdp=true\ncollect-devices=true\n")
        if not self.arguments.open_to_all:
            self.token = self.collector.run_app("token", "add", APP, "--label", "page")

    def _tell_rest(self):
        there = types.SimpleNamespace(host="127.0.0.1", port=self.collector.port)
        now = int(time.time() * 1000)
        told = {"browser": (rest_calls.tell_browser_call,), "hostile": (rest_calls.tell_hostile,),
                "past": (rest_calls.tell_past, rest_calls.tell_dropped_call)}
        for part in self.parts:
            for tell in told.get(part, ()):
                tell(there, APP, self.secret, now)

    def _interrupt(self, media):
        """Some seconds with reports, and as many without."""
        media.wait_for("up", "lossy")
        time.sleep(REPORTS_STOP)
        media.process.send_signal(signal.SIGSTOP)
        time.sleep(REPORTS_STOP)
        media.process.send_signal(signal.SIGCONT)

    def _finish(self, call):
        """Until the call has what it is there for."""
        media = self.medias[call]
        if call == "live":
            media.wait_for("up", call)
        elif call == "dropped":
            media.wait_for("up", call)
            if self.arguments.complete:
                media.wait_for("told", call, "fabricDropped")
                media.tell("dropped end")
        else:
            media.wait_for("over", call)

    def describe(self):
        names = {call: MEDIA[call] for call in self.medias}
        if "browser" in self.parts:
            names["browser"] = rest_calls.BROWSER
        if "past" in self.parts:
            names["tunnel"] = rest_calls.DROPPED
        result = {"url": self.collector.url, "app": APP, "token": self.token,
                  "conferences": names}
        if "hostile" in self.parts:
            result["hostile"] = {
                "conferences": [hostile.CONFERENCE, *hostile.CONFERENCES],
                "users": [hostile.USER, hostile.OTHER_USER, *hostile.USERS],
                "texts": {name: value for name, value in vars(hostile).items()
                          if name.isupper() and isinstance(value, str)}}
        return result

    def obey(self, line):
        name, action, *rest = line.split()
        if name == "collector":
            {"stop": self.collector.stop, "kill": self.collector.kill,
             "start": self.collector.start}[action]()
        elif name == "wait":
            self.medias[action].wait_for("told", action, *rest)
        else:
            self.medias[name].tell(line)
            if action == "end":
                self.medias[name].wait_for("over", name)

    def stop(self):
        for media in set(self.medias.values()):
            media.stop()
        if self.collector.process and self.collector.process.poll() is None:
            self.collector.stop()
        if not self.arguments.data:
            shutil.rmtree(self.folder)


def read_devenv(build):
    """The environment of a build folder, for those who come without it."""
    dump = subprocess.run(["meson", "devenv", "-C", build, "--dump"], check=True, text=True,
                          capture_output=True, timeout=60).stdout
    environment = {}
    for name, value in re.findall(r'^(\w+)="(.*)"$', dump, re.MULTILINE):
        environment[name] = value.replace(f"${name}", os.environ.get(name, "")).rstrip(":")
    return environment


def set_environment(arguments):
    build = arguments.build = os.path.abspath(arguments.build)
    if build not in os.environ.get("GST_PLUGIN_PATH_1_0", ""):
        os.environ.update(read_devenv(build))
    os.environ.setdefault("GST_REGISTRY_1_0", os.path.join(build, "tests", "registry.bin"))
    if arguments.runtime:
        os.environ["CALLSTATS_SANITIZER_RUNTIME"] = arguments.runtime


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", help="the build folder")
    parser.add_argument("--port", type=int, default=0, help="by default any that is free")
    parser.add_argument("--data", help="keep the store in this folder")
    parser.add_argument("--open-to-all", action="store_true", help="no read token is needed")
    parser.add_argument("--only", type=lambda text: text.split(","), metavar="PART,…",
                        help=f"not all of {', '.join(PARTS)}")
    parser.add_argument("--complete", action="store_true",
                        help="wait until the dropped call is told as dropped, about 45 s")
    parser.add_argument("--runtime", help="of the build's sanitizer")
    return parser.parse_args()


def serve(fixture):
    for line in sys.stdin:
        try:
            fixture.obey(line.strip())
            answer = {"done": line.strip()}
        except Exception as error:  # noqa: BLE001 - whatever it is, the test hears of it
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


def main():
    arguments = parse_arguments()
    set_environment(arguments)
    fixture = Fixture(arguments)
    try:
        fixture.start()
        print(json.dumps(fixture.describe()), flush=True)
        serve(fixture)
    finally:
        fixture.stop()


if __name__ == "__main__":
    main()
