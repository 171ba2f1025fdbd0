# SPDX-License-Identifier: LGPL-2.1-or-later
"""count_tests.py STEPS: how many tests passed and failed.

STEPS is what tools/test did, one line each: "passed NAME", "failed NAME", or
"suite CODE LOG", where CODE is what `meson test` ended with and LOG its
testlog.json, a line of JSON for each test. Names the failed and the skipped,
then prints "N passed, N failed" as the last line. The exit code is 0 only if
something passed and nothing failed.
"""

import json
import os
import sys

OUTCOMES = {"OK": "passed", "EXPECTEDFAIL": "passed", "SKIP": "skipped"}


def outcomes(steps):
    with open(steps) as file:
        for line in file:
            kind, rest = line.rstrip("\n").split(" ", 1)
            if kind == "suite":
                code, log = rest.split(" ", 1)
                yield from suite(int(code), log)
            else:
                yield kind, rest


def suite(code, log):
    folder = os.path.basename(os.path.dirname(os.path.dirname(log)))
    try:
        with open(log) as file:
            records = [json.loads(line) for line in file]
    except (OSError, ValueError) as error:
        return [("failed", f"{folder}: no complete log of its suite ({error})")]
    found = [(OUTCOMES.get(record["result"], "failed"), f"{folder}: {record['name']}")
             for record in records]
    # Meson may have stopped before the end without a failed test to show.
    if not found or (code != 0 and "failed" not in dict(found)):
        found.append(("failed", f"{folder}: meson test ended with code {code}"))
    return found


def main():
    found = list(outcomes(sys.argv[1]))
    for unwanted in ("skipped", "failed"):
        for outcome, name in found:
            if outcome == unwanted:
                print(f"{outcome}: {name}")
    passed, failed, skipped = (sum(outcome == wanted for outcome, _ in found)
                               for wanted in ("passed", "failed", "skipped"))
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
