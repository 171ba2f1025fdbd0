# SPDX-License-Identifier: LGPL-2.1-or-later
"""The last line of tools/test: it must never call a bad run a good one."""

import json
import os
import subprocess
import sys
import tempfile
import unittest

import harness
from harness import TOP

# steps, results in the log (None: no log), last line, exit code
RUNS = [
    (["passed build", "suite 0 LOG"], ["OK", "OK"], "3 passed, 0 failed", 0),
    (["passed build", "suite 0 LOG"], ["OK", "SKIP"], "2 passed, 0 failed, 1 skipped", 0),
    (["passed build", "suite 2 LOG"], ["OK", "FAIL", "TIMEOUT"], "2 passed, 2 failed", 1),
    (["failed build"], None, "0 passed, 1 failed", 1),
    (["passed build", "suite 0 LOG"], None, "1 passed, 1 failed", 1),
    (["passed build", "suite 0 LOG"], [], "1 passed, 1 failed", 1),
    (["passed build", "suite 1 LOG"], ["OK"], "2 passed, 1 failed", 1),
    ([], None, "0 passed, 0 failed", 1),
]


class Counting(unittest.TestCase):
    def last_line(self, steps, results):
        with tempfile.TemporaryDirectory() as folder:
            log = os.path.join(folder, "testlog.json")
            if results is not None:
                with open(log, "w") as file:
                    file.writelines(json.dumps({"name": str(number), "result": result}) + "\n"
                                    for number, result in enumerate(results))
            path = os.path.join(folder, "steps")
            with open(path, "w") as file:
                file.writelines(step.replace("LOG", log) + "\n" for step in steps)
            done = subprocess.run(
                [sys.executable, os.path.join(TOP, "tools", "count_tests.py"), path],
                text=True, capture_output=True)
        return done.stdout.splitlines()[-1], done.returncode

    def test_every_kind_of_run_ends_with_its_line(self):
        for steps, results, line, code in RUNS:
            with self.subTest(steps=steps, results=results):
                self.assertEqual(self.last_line(steps, results), (line, code))


if __name__ == "__main__":
    harness.main()
