# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes a long call of a short one.

    stretch.py SECONDS < short.jsonl > long.jsonl

Takes what a collector exports as jsonl, a call that has ended, and writes the same for one whose
reports come once a second for so long: counters grow as they did between reports of the short call,
again and again, and everything else is as it was. It ends when the short one did.
"""

import json
import re
import sys

COUNTER = re.compile(
    r"(packets|bytes|frames|headerBytes|keyFrames|hugeFrames|retransmitted|fec|total|concealed|"
    r"silentConcealed|insertedSamples|removedSamples|jitterBuffer|requests|responses|consent)"
    r"(?!PerSecond)|.*(Count|Changes|Measurements)$|qpSum$")
TIME = re.compile(r"timestamp$|.*Timestamp$")
UNSETTLED = 3  # reports at the beginning


class Counters:
    """Those of one fabric."""

    def __init__(self, reports):
        self.reports = reports[UNSETTLED:]
        self.grown = {}

    def report(self, second):
        """The second's report, from 0 on; in turn."""
        index = second % (len(self.reports) - 1)
        before, now = self.reports[index:index + 2]
        return {name: self._stats(name, before["stats"].get(name, {}), stats)
                for name, stats in now["stats"].items()}, now["time"]

    def _stats(self, name, before, now):
        result = dict(now)
        for member, value in now.items():
            if isinstance(value, (int, float)) and COUNTER.match(member):
                key = (name, member)
                growth = max(0, value - before.get(member, value))
                self.grown[key] = self.grown.get(key, before.get(member, value)) + growth
                result[member] = self.grown[key]
        return result


def move(stats, shift):
    for one in stats.values():
        for member, value in one.items():
            if TIME.match(member) and isinstance(value, (int, float)):
                one[member] = value + shift / (1000 if value < 1e11 else 1)


def write(session, record):
    line = {"session": session, "sequence": round(record["time"] * 1000), "record": record}
    print(json.dumps(line, separators=(",", ":")))


def stretch(session, records, seconds):
    reports = [record for record in records if record["type"] == "report"]
    shift = -1000 * seconds
    if len(reports) > UNSETTLED + 2:
        counters = Counters(reports)
        begin = reports[0]["time"] + shift
        for second in range(seconds):
            stats, told = counters.report(second)
            time = begin + 1000 * second
            move(stats, time - told)
            write(session, {**reports[0], "time": time, "stats": stats})
    end = reports[-1]["time"] if reports else records[0]["time"]
    for record in records:
        if record["type"] != "report":
            moved = 0 if record["time"] >= end else shift
            write(session, {**record, "time": record["time"] + moved})


def main():
    sessions = {}
    for line in map(json.loads, sys.stdin):
        if line.get("type") == "session":
            print(json.dumps({**line, "time": line["time"] - 1000 * int(sys.argv[1])}))
        else:
            sessions.setdefault(line["session"], []).append(line["record"])
    for session, records in sessions.items():
        stretch(session, records, int(sys.argv[1]))


if __name__ == "__main__":
    main()
