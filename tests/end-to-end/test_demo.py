# SPDX-License-Identifier: LGPL-2.1-or-later
"""tools/demo: what a newcomer sees first."""

import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import threading
import unittest

import harness
from harness import TOP, EndToEnd, wait_until

KEYS = ["backend", "app", "conference", "participants", "fabrics", "fabricSetup",
        "fabricSetupDelayMs", "reports", "fabricTerminated"]


class Demo(EndToEnd):
    """Without the installing and building before it, which tools/test has done."""

    def start(self, *arguments):
        program = os.path.join(harness.build, "src", "collector", "callstats-collector")
        demo = subprocess.Popen(
            [sys.executable, os.path.join(TOP, "tools", "run_demo.py"), "--collector", program,
             "--data", self.folder, *arguments],
            text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(lambda: demo.poll() is None and demo.kill())
        return demo

    def end(self, demo, timeout=40):
        output, errors = demo.communicate(timeout=timeout)
        self.assertEqual((demo.returncode, errors), (0, ""), output)
        return output, json.loads(output.splitlines()[-1])

    def assert_whole_call(self, call):
        self.assertEqual(list(call), KEYS)
        for key in ("participants", "fabrics", "fabricSetup", "fabricTerminated"):
            self.assertEqual(call[key], 2, key)
        self.assertEqual(len(call["fabricSetupDelayMs"]), 2)
        for delay in call["fabricSetupDelayMs"]:
            self.assertTrue(1 <= delay <= 15000, delay)

    def test_ends_by_itself_with_what_the_collector_knows(self):
        output, call = self.end(self.start("--seconds", "8"))
        self.assert_whole_call(call)
        self.assertGreaterEqual(call["reports"], 10)
        self.assertIn("page: http://127.0.0.1:", output)
        self.assertIn("alice: fabricSetup after", output)

    def test_ctrl_c_ends_it_with_the_same_line_and_leaves_nothing_running(self):
        demo = self.start()
        watchdog = threading.Timer(30, demo.kill)
        watchdog.start()
        self.addCleanup(watchdog.cancel)
        wanted = {"alice: fabricSetup ", "bob: fabricSetup ", "reports stored: alice [1-9]"}
        for line in demo.stdout:
            wanted -= {pattern for pattern in wanted if re.search(pattern, line)}
            if not wanted:
                break
        self.assertFalse(wanted, "not within 30 s")
        children = children_of(demo.pid)
        self.assertEqual(len(children), 2, "a collector and a pipeline")
        demo.send_signal(signal.SIGINT)
        _, call = self.end(demo)
        self.assert_whole_call(call)
        wait_until(lambda: not any(map(is_alive, children)), 5, "the children are gone")

    def test_keeps_the_app_secret_to_itself(self):
        output, _ = self.end(self.start("--seconds", "2"))
        path = os.path.join(self.folder, "app-secret")
        with open(path) as file:
            secret = file.read().strip()
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        self.assertNotIn(secret, output)
        with open(os.path.join(self.folder, "pipeline.log")) as file:
            self.assertNotIn(secret, file.read())

    def test_says_that_a_port_is_taken(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = str(taken.getsockname()[1])
            demo = self.start("--port", port)
            output, errors = demo.communicate(timeout=20)
        self.assertNotEqual(demo.returncode, 0, output)
        self.assertIn(port, errors)
        self.assertIn("--port", errors)


class Options(unittest.TestCase):
    """Of the script itself, refused before anything is installed or built."""

    def refused(self, *arguments):
        done = subprocess.run([os.path.join(TOP, "tools", "demo"), *arguments], text=True,
                              capture_output=True, timeout=10)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        return done.stderr

    def test_an_unknown_one_is_named(self):
        self.assertIn('"--secnods"', self.refused("--secnods", "3"))

    def test_a_value_that_is_not_a_number_is_named(self):
        self.assertIn('"soon"', self.refused("--seconds", "soon"))
        self.assertIn('"65536"', self.refused("--port=65536"))

    def test_a_missing_value_is_noticed(self):
        self.assertIn("--data", self.refused("--data"))


def children_of(parent):
    with open(f"/proc/{parent}/task/{parent}/children") as file:
        return [int(child) for child in file.read().split()]


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


if __name__ == "__main__":
    harness.main()
