# SPDX-License-Identifier: LGPL-2.1-or-later
"""GET …/fabrics/{fabric}/series: what charts show, against values that Python computes from the
same reports."""
import contextlib
import math
import os
import random
import sqlite3
import statistics
import time
import unittest

import wire

START = 1795338000000  # a multiple of a minute
IN, OUT = 11, 22


class Source:
    """Reports of a call with a stream in each direction, whose counters grow at random."""

    def __init__(self, seed=1):
        self.random = random.Random(seed)
        self.inbound = dict.fromkeys(
            ("bytesReceived", "packetsReceived", "packetsLost", "framesDecoded", "freezeCount",
             "jitterBufferDelay", "jitterBufferEmittedCount"), 0)
        self.outbound = dict.fromkeys(("bytesSent", "packetsSent"), 0)
        self.remote = dict.fromkeys(
            ("packetsReceived", "packetsLost", "totalRoundTripTime", "roundTripTimeMeasurements"), 0)
        self.remote_time = 0

    def grow(self, counters, **bounds):
        for name, most in bounds.items():
            grown = self.random.uniform(0, most) if isinstance(most, float) else \
                self.random.randint(0, most)
            counters[name] = round(counters[name] + grown, 6)

    def stats(self, at, index):
        self.grow(self.inbound, bytesReceived=200000, packetsReceived=200, packetsLost=5,
                  framesDecoded=30, freezeCount=1, jitterBufferDelay=9.0,
                  jitterBufferEmittedCount=900)
        self.grow(self.outbound, bytesSent=100000, packetsSent=100)
        if index % 3 == 0:  # RTCP comes now and then
            self.grow(self.remote, packetsReceived=300, packetsLost=3, totalRoundTripTime=0.3,
                      roundTripTimeMeasurements=2)
            self.remote_time = at - 100
        common = {"timestamp": at, "kind": "video", "codecId": "C"}
        return {
            "C": {"type": "codec", "mimeType": "video/VP8"},
            "I": {"type": "inbound-rtp", "ssrc": IN, **common, **self.inbound, "csScore": 4.1,
                  "csReasons": ["loss"] if index % 2 else []},
            "O": {"type": "outbound-rtp", "ssrc": OUT, **common, **self.outbound},
            "R": {"type": "remote-inbound-rtp", "ssrc": OUT, **self.remote,
                  "timestamp": self.remote_time},
        }


def make_reports(n, conference, fabric, start=START, interval=1000, seed=1):
    source = Source(seed)
    return [{"type": "report", "time": start + i * interval, "conference": conference,
             "fabric": fabric, "stats": source.stats(start + i * interval, i)} for i in range(n)]


def intervals(reports, object_id):
    """Pairs of an object's states, with the time of the second in ms and the seconds between."""
    for before, now in zip(reports, reports[1:]):
        yield (now["time"], before["stats"][object_id], now["stats"][object_id],
               (now["time"] - before["time"]) / 1000)


def expected_points(reports):
    """{metric: {time: (value, weight)}} of the inbound and of the outbound stream."""
    inbound, outbound = {}, {}

    def put(to, metric, at, value, weight):
        if weight > 0:
            to.setdefault(metric, {})[at] = (value, weight)

    for at, was, now, seconds in intervals(reports, "I"):
        grown = {name: now[name] - was[name] for name in now
                 if isinstance(now[name], (int, float)) and name in was}
        due = grown["packetsReceived"] + grown["packetsLost"]
        put(inbound, "bitrate", at, 8 * grown["bytesReceived"] / seconds, seconds)
        put(inbound, "packetRate", at, grown["packetsReceived"] / seconds, seconds)
        put(inbound, "frameRate", at, grown["framesDecoded"] / seconds, seconds)
        if due:
            put(inbound, "fractionLost", at, grown["packetsLost"] / due, due)
        if grown["jitterBufferEmittedCount"]:
            put(inbound, "jitterBufferDelay", at,
                grown["jitterBufferDelay"] / grown["jitterBufferEmittedCount"],
                grown["jitterBufferEmittedCount"])
    for at, was, now, seconds in intervals(reports, "O"):
        put(outbound, "bitrate", at, 8 * (now["bytesSent"] - was["bytesSent"]) / seconds, seconds)
    for at, was, now, _ in intervals(reports, "R"):
        if now["timestamp"] == was["timestamp"]:
            continue
        due = sum(now[name] - was[name] for name in ("packetsReceived", "packetsLost"))
        n = now["roundTripTimeMeasurements"] - was["roundTripTimeMeasurements"]
        if due:
            put(outbound, "fractionLost", at, (now["packetsLost"] - was["packetsLost"]) / due, due)
        if n:
            put(outbound, "roundTripTime", at,
                (now["totalRoundTripTime"] - was["totalRoundTripTime"]) / n, n)
    return {"inbound": inbound, "outbound": outbound}


def in_steps(points, step):
    """{time: (mean, least, greatest)} of {time: (value, weight)}."""
    buckets = {}
    for at, point in points.items():
        buckets.setdefault(at - at % step, []).append(point)
    return {at: (sum(v * w for v, w in cell) / sum(w for _, w in cell),
                 min(v for v, _ in cell), max(v for v, _ in cell))
            for at, cell in buckets.items()}


class Base(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.collector = wire.Collector()
        cls.addClassCleanup(cls.collector.finish)
        cls.client = cls.collector.connect()
        cls.client.hello("s1")

    def store(self, records):
        for first in range(0, len(records), 20):
            last = self.client.send_records(records[first:first + 20])
        self.client.wait_ack(last)

    def series(self, fabric, **params):
        return self.collector.get("apps", wire.APP, "fabrics", fabric, "series", **params)

    @staticmethod
    def stream(series, direction):
        return next(s for s in series["streams"] if s["direction"] == direction)

    def assert_column(self, series, column, expected, tolerance):
        """expected: {time: value}; everything else is null."""
        found = {at: value for at, value in zip(series["time"], column) if value is not None}
        self.assertEqual(set(found), set(expected))
        for at, value in expected.items():
            self.assertTrue(math.isclose(found[at], value, rel_tol=tolerance, abs_tol=1e-12),
                            (at, found[at], value))

    def check(self, series, reports, tolerance=1e-6):
        step = series["step"]
        for direction, metrics in expected_points(reports).items():
            stream = self.stream(series, direction)
            for name, points in metrics.items():
                with self.subTest(direction=direction, metric=name):
                    metric = stream["metrics"][name]
                    if step is None:
                        self.assert_column(series, metric["value"],
                                           {at: v for at, (v, _) in points.items()}, tolerance)
                        continue
                    cells = in_steps(points, step)
                    for index, key in enumerate(("mean", "min", "max")):
                        self.assert_column(series, metric[key],
                                           {at: cell[index] for at, cell in cells.items()},
                                           tolerance)


class Values(Base):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.reports = make_reports(150, "c1", "f1")
        cls.store(cls, cls.reports)

    def test_each_sample_is_a_point(self):
        series = self.series("f1")
        self.assertEqual((series["fabric"], series["conference"], series["user"], series["step"]),
                         ("f1", "c1", "alice", None))
        self.assertEqual(series["time"], [r["time"] for r in self.reports])
        self.assertEqual(series["gap"], [None] * 150)
        self.assertEqual((series["gaps"], series["truncated"]), ([], False))
        self.check(series, self.reports)

    def test_streams_are_described(self):
        series = self.series("f1")
        for direction, ssrc in (("inbound", IN), ("outbound", OUT)):
            stream = self.stream(series, direction)
            self.assertEqual((stream["ssrc"], stream["kind"], stream["codec"], stream["mid"]),
                             (ssrc, "video", "video/VP8", None))
            for metric in stream["metrics"].values():
                for name, column in metric.items():
                    if name != "unit":
                        self.assertEqual(len(column), len(series["time"]), name)
        self.assertEqual(self.stream(series, "inbound")["metrics"]["bitrate"]["unit"], "bit/s")

    def test_steps_have_mean_min_and_max(self):
        for step in (5000, 10000, 60000):
            self.check(self.series("f1", step=step), self.reports, 2e-5)

    def test_sums_and_words(self):
        metrics = self.stream(self.series("f1", step=10000), "inbound")["metrics"]
        reports = self.reports
        freezes = [reports[min(last, 149)]["stats"]["I"]["freezeCount"] for last in range(9, 150, 10)]
        self.assertEqual(metrics["freezeCount"]["sum"],
                         [freezes[0] - reports[0]["stats"]["I"]["freezeCount"],
                          *[b - a for a, b in zip(freezes, freezes[1:])]])
        self.assertEqual(metrics["reasons"]["words"], [["loss"]] * 15)
        raw = self.stream(self.series("f1"), "inbound")["metrics"]["reasons"]["words"]
        self.assertEqual(raw[:4], [[], ["loss"], [], ["loss"]])

    def test_auto_takes_the_finest_step_within_points(self):
        for points, step in ((150, None), (149, 10000), (15, 10000), (14, 20000), (1, 300000)):
            series = self.series("f1", points=points, step="auto")
            self.assertEqual(series["step"], step, points)
            self.assertLessEqual(len(series["time"]), points + 1)

    def test_range_keeps_the_interval_before(self):
        series = self.series("f1", from_=START + 50000, to=START + 60000, step="raw")
        self.assertEqual(series["time"], [START + 1000 * i for i in range(50, 60)])
        whole = self.series("f1", step="raw")
        for direction in ("inbound", "outbound"):
            part = self.stream(series, direction)["metrics"]["bitrate"]["value"]
            self.assertEqual(
                part, self.stream(whole, direction)["metrics"]["bitrate"]["value"][50:60])

    def test_range_without_reports_is_empty(self):
        for params in ({"from_": START + 10**7}, {"to": START - 1000}, {"from_": 5, "to": 4}):
            series = self.series("f1", **params)
            self.assertEqual((series["time"], series["streams"]), ([], []))


class Gaps(Base):
    def test_missing_reports_are_null_with_a_reason(self):
        reports = make_reports(60, "gaps", "silent")
        self.store(reports[:20] + reports[40:])
        series = self.series("silent")
        self.assertEqual(series["gaps"], [{"from": START + 19000, "to": START + 40000,
                                           "reason": "silent"}])
        row = series["time"].index(START + 19001)
        self.assertEqual(series["gap"][row], "silent")
        for stream in series["streams"]:
            for name, metric in stream["metrics"].items():
                for key, column in metric.items():
                    self.assertTrue(key == "unit" or column[row] is None, name)
            self.assertIsNone(stream["metrics"]["bitrate"]["value"][row + 1])
            self.assertIsNotNone(stream["metrics"]["bitrate"]["value"][row + 2])
        series = self.series("silent", step=10000)
        self.assertEqual(series["time"], [START + at for at in (0, 10000, 20000, 40000, 50000)])
        self.assertEqual(series["gap"], [None, None, "silent", None, None])

    def test_hold_is_a_gap(self):
        reports = make_reports(60, "gaps", "held")
        held = wire.event("fabricHold", "gaps", "held", START + 20500)
        resumed = wire.event("fabricResume", "gaps", "held", START + 39500)
        self.store(reports[:21] + [held] + reports[21:40] + [resumed] + reports[40:])
        series = self.series("held")
        self.assertEqual(series["gaps"], [{"from": START + 20000, "to": START + 40000,
                                           "reason": "hold"}])
        self.assertFalse(set(range(START + 21000, START + 41000, 1000)) & set(series["time"]))
        self.assertIn(START + 41000, series["time"])

    def test_gap_record_tells_why(self):
        start = START + 10**7  # what a user's client gave up may be of any of its fabrics
        reports = make_reports(30, "gaps", "given-up", start)
        gap = {"type": "gap", "time": start + 19000, "reason": "memory", "dropped": 10,
               "from": start + 10000, "to": start + 19000}
        self.store(reports[:10] + [gap] + reports[20:])
        self.assertEqual([g["reason"] for g in self.series("given-up")["gaps"]], ["memory"])

    def test_restarted_counters_begin_anew(self):
        reports = make_reports(20, "gaps", "restarted")
        again = make_reports(20, "gaps", "restarted", START + 20000, seed=2)
        self.store(reports + again)
        series = self.series("restarted")
        row = series["time"].index(START + 20000)
        for direction in ("inbound", "outbound"):
            values = self.stream(series, direction)["metrics"]["bitrate"]["value"]
            self.assertIsNone(values[row])
            self.assertNotIn(None, values[1:row] + values[row + 1:])
            self.assertGreaterEqual(min(v for v in values if v is not None), 0)


class Requests(Base):
    def test_unknown_ids_are_404(self):
        self.store(make_reports(3, "c", "known"))
        for path in ("/api/v1/apps/demo/fabrics/none/series", "/api/v1/apps/none/fabrics/known/series"):
            self.assertEqual(self.collector.http(path)[0], 404, path)

    def test_bad_parameters_are_400(self):
        self.store(make_reports(3, "c", "known"))
        for query in ("step=0", "step=-5", "step=x", "step=", "step=604800001", "points=0",
                      "points=5001", "points=x", "from=x", "to=1.5", "from=%00"):
            status, _, body = self.collector.http(f"/api/v1/apps/demo/fabrics/known/series?{query}")
            self.assertEqual(status, 400, query)
            self.assertEqual(body["error"]["code"], "bad-parameter")

    def test_too_many_points_are_400(self):
        reports = make_reports(2, "c", "far") + make_reports(2, "c", "far", START + 10**9, seed=2)
        self.store(reports)
        status, _, body = self.collector.http("/api/v1/apps/demo/fabrics/far/series?step=10000")
        self.assertEqual(status, 400, body)
        self.assertIn("points", body["error"]["message"])
        self.assertEqual(len(self.series("far", points=10)["time"]), 5)

    def test_ids_may_hold_any_character(self):
        for fabric in ("ä/ö %?#", '"quoted"\\', "\u2028'; DROP TABLE rollups; --", "=1+1"):
            self.store(make_reports(3, "c", fabric))
            series = self.series(fabric)
            self.assertEqual((series["fabric"], len(series["time"])), (fabric, 3))

    def test_numbers_beyond_reason_are_no_points(self):
        self.store([{"type": "report", "time": START + 1000 * i, "conference": "c", "fabric": "vast",
                     "stats": {"I": {"type": "inbound-rtp", "ssrc": 1, "jitter": 1e308,
                                     "audioLevel": 1e200, "bytesReceived": i * 1e300,
                                     "jitterBufferDelay": i * 1e300, "frameWidth": 640,
                                     "jitterBufferEmittedCount": i * 1e-300}}} for i in range(5)])
        for step in ("raw", 10000):
            self.assertEqual(list(self.series("vast", step=step)["streams"][0]["metrics"]),
                             ["frameWidth"])

    def test_reports_without_streams_have_no_points(self):
        self.store([{"type": "report", "time": START + i, "conference": "c", "fabric": "bare",
                     "stats": stats} for i, stats in enumerate(
                         ({}, {"x": {}}, {"I": {"type": "inbound-rtp"}},
                          {"I": {"type": 7, "ssrc": "x"}},
                          {"I": {"type": "inbound-rtp", "ssrc": -1, "jitter": "fast",
                                 "bytesReceived": None, "csReasons": {"a": 1}}}))])
        series = self.series("bare")
        self.assertEqual(series["time"], [])
        for stream in series["streams"]:
            self.assertEqual(stream["metrics"], {})


@unittest.skipUnless(os.environ.get("CALLSTATS_LONG") == "1", "the long form takes half a minute")
class AnHour(Base):
    def wait_for_blocks(self):
        """The store packs by itself; nothing tells when."""
        deadline = time.monotonic() + 120
        with contextlib.closing(sqlite3.connect(self.collector.store)) as database:
            while database.execute("SELECT count(*) FROM reports").fetchone()[0] > 255:
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.2)
            return database.execute(
                "SELECT count(*), sum(length(fine) + length(coarse) + ifnull(length(tail), 0)) * 1.0"
                " / sum(reports) FROM rollups").fetchone()

    def test_series_of_an_hour(self):
        reports = make_reports(3600, "hour", "hour")
        self.store(reports)
        rollups, size = self.wait_for_blocks()
        self.assertGreaterEqual(rollups, 13)
        for params in ({}, {"step": 10000}, {"step": 60000}):
            series = self.series("hour", **params)
            self.check(series, reports, 1e-4)
            times = []
            for _ in range(10):
                begin = time.perf_counter()
                self.series("hour", **params)
                times.append(1000 * (time.perf_counter() - begin))
            print(f"\nan hour, step {series['step']} ms: {len(series['time'])} points in "
                  f"{statistics.median(times):.0f} ms (median of 10); rollups take {size:.1f} bytes "
                  "a report")


if __name__ == "__main__":
    unittest.main()
