# SPDX-License-Identifier: LGPL-2.1-or-later
"""What chaos-client told, as its ledgers have it, against what is in the store."""

import json
import os
import sqlite3
import struct
from dataclasses import dataclass, field

OBJECTS = ("first", "second")  # beside what the client adds itself
HEAD = struct.Struct("=Q")
ROW = struct.Struct("=40sQQQQ")
MINUTE = 60 * 1000 * 1000  # µs: more than any stop lasts, less than a step of the clock


@dataclass
class Told:
    """One row of a ledger."""
    user: str
    fabric: str
    told: int
    promised: int
    ended: bool  # its end was promised


@dataclass
class Stored:
    """One fabric in the store."""
    user: str
    counted: int  # reports, by the fabric's own count
    numbers: list = field(default_factory=list)  # of events, then of reports, in order
    times: dict = field(default_factory=dict)  # n → (time, at)
    names: list = field(default_factory=list)  # of all other events, in order
    delay: float = None
    reports: int = 0
    wrong: list = field(default_factory=list)  # reports that are not what was told


def read_ledger(path, user):
    if not os.path.exists(path):
        return []
    with open(path, "rb") as file:
        data = file.read()
    if not data:
        return []
    n, = HEAD.unpack_from(data)
    told = []
    for i in range(n):
        name, begun, _, promised, ended = ROW.unpack_from(data, HEAD.size + i * ROW.size)
        told.append(Told(user, name.rstrip(b"\0").decode(), begun, promised, ended == 2))
    return told


def expected_report(n, at, time):
    """As chaos-client makes it."""
    timestamp = float(f"{time / 1000:.15g}")
    objects = {"first": {"type": "x-first", "n": n, "at": at, "jumping": n * n % 1000003,
                         "half": n / 2, "label": f"label-{n // 10}"}}
    if n % 16 < 12:
        objects["second"] = {"type": "x-second", "bytes": n * 1000}
    return {name: {**members, "id": name, "timestamp": timestamp}
            for name, members in objects.items()}


class Store:
    """The collector's database, read after its end. Reports that were packed meanwhile are
    asked of the collector, which runs for this once more."""

    def __init__(self, collector):
        path = os.path.join(collector.data, "callstats.sqlite")
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
            self.fabrics = self._read_fabrics(database)
            self._read_events(database)
            packed = {name for name, in database.execute(
                "SELECT f.name FROM blocks b JOIN fabrics f ON f.id = b.fabric")}
            self._read_reports(database, packed)
            self.gaps = self._read_gaps(database)
            self.sessions = database.execute(
                "SELECT u.name, s.stored FROM sessions s JOIN users u ON u.id = s.user"
            ).fetchall()
        database.close()
        if packed:
            self._ask_for_reports(collector, packed)

    def stored_of(self, user):
        """How many of all records, those that leave no row included."""
        return sum(stored for name, stored in self.sessions if name == user)

    def rows_of(self, user):
        """How many reports and events of fabrics."""
        return sum(len(fabric.numbers) + len(fabric.names)
                   for fabric in self.fabrics.values() if fabric.user == user)

    @staticmethod
    def _read_fabrics(database):
        return {name: Stored(user, reports) for name, user, reports in database.execute(
            "SELECT f.name, u.name, f.reports FROM fabrics f JOIN users u ON u.id = f.user")}

    def _read_events(self, database):
        for fabric, time, name, data in database.execute(
                "SELECT f.name, e.time, e.name, e.data FROM events e"
                " JOIN fabrics f ON f.id = e.fabric ORDER BY e.id"):
            stored = self.fabrics[fabric]
            data = json.loads(data)
            if name == "audioMute":
                stored.numbers.append(data["n"])
                stored.times[data["n"]] = (time, int(data["at"]))
            else:
                stored.names.append(name)
            if name == "fabricSetup":
                stored.delay = data["delay"]

    def _read_reports(self, database, packed):
        for fabric, time, stats in database.execute(
                "SELECT f.name, r.time, r.stats FROM reports r"
                " JOIN fabrics f ON f.id = r.fabric ORDER BY r.id"):
            if fabric not in packed:
                self._take_report(self.fabrics[fabric], time, json.loads(stats))

    def _ask_for_reports(self, collector, packed):
        """By their numbers, as blocks do not keep the order in which they came."""
        with collector.start():
            for fabric in packed:
                reports, after = [], {}
                while after is not None:
                    answer = collector.reports(fabric, **after)
                    reports += answer["reports"]
                    after = {"after": answer["next"]} if answer["next"] else None
                for report in sorted(reports, key=lambda report: report["stats"]["first"]["n"]):
                    time = report["stats"]["first"]["timestamp"]  # more exact than the API's
                    stored = self.fabrics[fabric]
                    self._take_report(stored, round(1000 * time), report["stats"])
                    if abs(time - report["time"]) > 1:
                        stored.wrong.append(report["stats"]["first"]["n"])

    @staticmethod
    def _take_report(stored, time, stats):
        n, at = stats["first"]["n"], stats["first"]["at"]
        stored.reports += 1
        stored.numbers.append(n)
        stored.times[n] = (time, int(at))
        if {i: stats[i] for i in stats if i in OBJECTS} != expected_report(n, at, time):
            stored.wrong.append(n)

    @staticmethod
    def _read_gaps(database):
        """user → how many records are told to be missing."""
        gaps = {}
        for user, record in database.execute(
                "SELECT u.name, o.record FROM others o JOIN users u ON u.id = o.user"):
            record = json.loads(record)
            if record["type"] == "gap":
                gaps[user] = gaps.get(user, 0) + record["dropped"]
        return gaps


class Verdict:
    """Counts, and what is wrong in words."""

    def __init__(self, told, store):
        self.records = self.lost = self.doubled = 0
        self.faults = []
        known = {row.fabric for row in told}
        for fabric in store.fabrics.keys() - known:
            self._blame(fabric, "was never told of")
        for row in told:
            self._judge(row, store.fabrics.get(row.fabric) or Stored(row.user, 0),
                        row.user in store.gaps)

    def _blame(self, fabric, what):
        self.faults.append(f"fabric {fabric}: {what}")

    def _judge(self, row, stored, gaps):
        numbers = set(stored.numbers)
        missing = set(range(1, row.told + 1)) - numbers
        lost = {n for n in missing if n <= row.promised}
        self.records += len(numbers)
        self.doubled += len(stored.numbers) - len(numbers)
        if not gaps:
            self.lost += len(lost)
            if lost:
                self._blame(row.fabric, f"lost {sorted(lost)[:20]}, promised {row.promised}")
            if numbers != set(range(1, len(numbers) + 1)):
                self._blame(row.fabric, f"has holes below {max(numbers)}: {sorted(missing)[:20]}")
        if numbers and max(numbers) > row.told:
            self._blame(row.fabric, f"has {max(numbers)}, of {row.told} that were told")
        self._judge_order(row, stored)
        self._judge_times(row, stored)
        self._judge_life(row, stored, numbers, gaps)

    def _judge_order(self, row, stored):
        for of, are_events in (("events", True), ("reports", False)):
            numbers = [n for n in stored.numbers if (n % 4 == 0) == are_events]
            for before, after in zip(numbers, numbers[1:]):
                if after <= before:
                    self._blame(row.fabric, f"{of}: {after} after {before}")
        if stored.wrong:
            self._blame(row.fabric, f"reports that were not told so: {stored.wrong[:20]}")

    def _judge_times(self, row, stored):
        """By the monotonic clock, whatever the wall clock did."""
        times = [stored.times[n] for n in sorted(stored.times)]
        ahead = [time - at for time, at in times]
        if ahead and max(ahead) - min(ahead) > MINUTE:
            self._blame(row.fabric, "its clock was stepped by "
                        f"{(max(ahead) - min(ahead)) / 1e6} s")
        for (before, _), (after, _) in zip(times, times[1:]):
            if after < before:
                self._blame(row.fabric, f"time went back by {before - after} µs")
        if stored.delay is not None and not 0 <= stored.delay < MINUTE / 1000:
            self._blame(row.fabric, f"fabricSetup after {stored.delay} ms")

    def _judge_life(self, row, stored, numbers, gaps):
        count = stored.names.count
        if max(count("addNewFabric"), count("fabricSetup"), count("fabricTerminated")) > 1:
            self._blame(row.fabric, f"lives more than once: {stored.names}")
        if stored.counted != stored.reports:
            self._blame(row.fabric, f"counts {stored.counted} reports of {stored.reports}")
        if gaps:
            return
        if numbers and (stored.names[:1] != ["addNewFabric"] or count("fabricSetup") == 0):
            self._blame(row.fabric, f"began with {stored.names[:5]}")
        if row.ended and count("fabricTerminated") == 0:
            self._blame(row.fabric, "never ended, which had been promised")
