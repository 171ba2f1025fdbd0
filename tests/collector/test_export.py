# SPDX-License-Identifier: LGPL-2.1-or-later
"""Downloads of conferences: complete, readable by others, bounded, and the same again once they
are imported."""
import csv
import http.client
import io
import json
import os
import re
import sqlite3
import subprocess
import unittest
import urllib.parse

import wire
from test_series import START, Source, expected_points, make_reports

FORMULA = "=cmd|' /C calc'!A0"
FABRICS = ("f1", "-2+3", 'q", \r\n;', "ä/ö", FORMULA)
CONFERENCE = 'c/1 "ä"\r\n\u202e..%00'


def events(conference, fabric, start):
    return [
        wire.event("addNewFabric", conference, fabric, start + 10, "bob", fabricUsage="multiplex"),
        wire.event("fabricStateChange", conference, fabric, start + 50,
                   changedState="iceConnectionState", prevState="new", newState="checking"),
        wire.event("fabricSetup", conference, fabric, start + 110, "bob", delay=100,
                   iceGatheringDelay=20, iceConnectivityDelay=60.5),
        wire.event("fabricTerminated", conference, fabric, start + 20500, "bob"),
    ]


def make_call(conference, user_name, fabrics, start=START, n=20):
    """All records of one participant."""
    records = [wire.event("userJoined", conference, at=start, userName=user_name,
                          endpointInfo={"type": "test"})]
    for index, fabric in enumerate(fabrics):
        records += events(conference, fabric, start + index)
        # Times may be parts of a millisecond.
        records += [{**r, "time": r["time"] + 0.125, "remoteUser": "bob"}
                    for r in make_reports(n, conference, fabric, start, seed=index)]
    records += [
        {"type": "gap", "time": start + 5000, "reason": "memory", "dropped": 3,
         "from": start + 4000, "to": start + 5000},
        {"type": "later", "time": start + 6000, "conference": conference, "what": ["=1", None]},
        wire.event("userLeft", conference, at=start + 21000),
    ]
    return records


class Base(unittest.TestCase):
    environment = ()

    @classmethod
    def setUpClass(cls):
        cls.collector = wire.Collector(environment=cls.environment)
        cls.addClassCleanup(cls.collector.finish)

    @staticmethod
    def fill(collector, user, records, session="s1", at_once=20):
        client = collector.connect(user=user)
        client.hello(session, userName=records[0].get("data", {}).get("userName"))
        for first in range(0, len(records), at_once):
            last = client.send_records(records[first:first + at_once])
        client.wait_ack(last)
        client.close()

    def path(self, conference, **params):
        quoted = urllib.parse.quote(conference, safe="")
        return (f"/api/v1/apps/{wire.APP}/conferences/{quoted}/export?"
                + urllib.parse.urlencode(params))

    def export(self, conference, collector=None, **params):
        status, headers, body = (collector or self.collector).http(self.path(conference, **params))
        self.assertEqual(status, 200, body)
        return headers, body


def without_keys(node, *names):
    if isinstance(node, dict):
        return {k: without_keys(v, *names) for k, v in node.items() if k not in names}
    return [without_keys(v, *names) for v in node] if isinstance(node, list) else node


def by_text(rows):
    return sorted(rows, key=lambda row: json.dumps(row, sort_keys=True))


class Whole(Base):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.calls = {"alice": make_call(CONFERENCE, "Alice", FABRICS),
                     FORMULA: make_call(CONFERENCE, "+Bob", ["b1"], START + 3)}
        for user, records in cls.calls.items():
            cls.fill(cls.collector, user, records)

    def sent(self, kind):
        return [(user, r) for user, records in self.calls.items() for r in records
                if r["type"] == kind]

    def test_json_has_everything(self):
        headers, document = self.export(CONFERENCE)
        self.assertEqual(headers.get_content_type(), "application/json")
        self.assertEqual(document["app"], wire.APP)
        self.assertEqual(document["conference"]["conference"], CONFERENCE)
        summary = self.collector.http(self.path(CONFERENCE).replace("/export", "/summary"))
        self.assertEqual(document["summary"], summary[2] if summary[0] == 200 else None)
        self.assertEqual({(p["user"], p["userName"]) for p in document["participants"]},
                         {("alice", "Alice"), (FORMULA, "+Bob")})
        self.assertEqual(
            by_text(document["events"]),
            by_text([{"time": int(e["time"]), "user": user, "fabric": e.get("fabric"),
                      "name": e["name"], "data": e["data"]} for user, e in self.sent("event")]))
        samples = {(f["user"], f["fabric"]): f["samples"] for f in document["fabrics"]}
        self.assertEqual(len(samples), len(FABRICS) + 1)
        for (user, fabric), found in samples.items():
            self.assertEqual(found, [{"time": r["time"], "stats": r["stats"]}
                                     for by, r in self.sent("report")
                                     if (by, r["fabric"]) == (user, fabric)])
        self.assertEqual(by_text(document["others"]),
                         by_text([{"user": user, "record": r} for kind in ("gap", "later")
                                  for user, r in self.sent(kind)]))

    def run_import(self, store, text):
        done = subprocess.run(
            [os.environ["CALLSTATS_COLLECTOR"], "import", "--store", "sqlite:" + store, "-"],
            input=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        return [int(n) for n in re.findall(rb"\d+", done.stdout)]

    def test_lines_are_the_same_again_once_imported(self):
        headers, body = self.export(CONFERENCE, format="jsonl")
        self.assertEqual(headers.get_content_type(), "application/jsonl")
        lines = [json.loads(line) for line in body.splitlines()]
        n = sum(len(records) for records in self.calls.values())
        self.assertEqual(len([line for line in lines if "record" in line]), n)
        store = os.path.join(wire.Collector.make_folder(), "calls.db")
        self.assertEqual(self.run_import(store, body), [n, n, 0])
        self.assertEqual(self.run_import(store, body), [n, 0, 0])
        with wire.Collector(store=store) as other:
            _, again = self.export(CONFERENCE, other)
            _, first = self.export(CONFERENCE)
            changing = ("exported", "occurrence", "ended", "summary")
            for document in (first, again):
                for name in ("setupDelay", "score"):  # of the summary
                    document["conference"].pop(name, None)
                document["fabrics"] = by_text(document["fabrics"])
                document["events"] = by_text(document["events"])
                document["others"] = by_text(document["others"])
            self.assertEqual(without_keys(again, *changing), without_keys(first, *changing))

    def test_an_export_that_has_grown_brings_the_rest(self):
        records = make_call("grows", "Alice", ["g1"], START + 10**8)
        self.fill(self.collector, "alice", records[:15], "s2")
        store = os.path.join(wire.Collector.make_folder(), "calls.db")
        _, body = self.export("grows", format="jsonl")
        self.assertEqual(self.run_import(store, body), [15, 15, 0])
        self.fill(self.collector, "alice", records[15:], "s2")
        late = make_reports(1, "grows", "g1", START + 10**8 - 700)
        self.fill(self.collector, "alice", late, "s3")
        _, body = self.export("grows", format="jsonl")
        n = len(records) + 1
        self.assertEqual(self.run_import(store, body), [n, n - 15, 0])

    def rows(self, **params):
        headers, body = self.export(CONFERENCE, format="csv", **params)
        self.assertEqual(headers["Content-Type"], "text/csv; charset=utf-8; header=present")
        text = body.decode()
        self.assertTrue(text.endswith("\r\n"))
        return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))

    def test_csv_is_what_the_series_are(self):
        for step, params in ((None, {"step": "raw"}), ("10000", {"step": 10000})):
            rows = self.rows(**params)
            for row in rows:
                self.assertNotIn(None, row)
                self.assertNotIn(None, row.values())
                self.assertEqual(row["step"], step or "")
            for user, fabric in [("alice", f) for f in FABRICS]:
                series = self.collector.get("apps", wire.APP, "fabrics", fabric, "series", **params)
                for stream in series["streams"]:
                    self.check_stream(rows, fabric, series, stream)

    def check_stream(self, rows, fabric, series, stream):
        own = {int(row["time"]): row for row in rows
               if row["fabric"].removeprefix("'") == fabric
               and row["direction"] == stream["direction"]}
        for name, metric in stream["metrics"].items():
            column = metric.get("value", metric.get("mean", metric.get("sum", metric.get("words"))))
            for at, value in zip(series["time"], column):
                if value is None:
                    self.assertEqual(own[at][name] if at in own else "", "")
                elif name in ("reasons", "qualityLimitation"):
                    self.assertEqual(own[at][name].split(), value)
                else:
                    self.assertEqual(float(own[at][name]), value, (fabric, name, at))

    def test_csv_holds_no_formula(self):
        rows = self.rows()
        self.assertEqual({row["fabric"] for row in rows},
                         {"f1", "b1", 'q", \r\n;', "ä/ö", "'-2+3", "'" + FORMULA})
        self.assertEqual({row["user"] for row in rows}, {"alice", "'" + FORMULA})
        for row in rows:
            for value in row.values():
                self.assertNotIn(value[:1], set("=+-@\t\r\n"), row)

    def test_rtcstats_reads_it(self):
        _, body = self.export(CONFERENCE, format="rtcstats")
        magic, metadata, *lines = body.decode().split("\n")
        self.assertEqual((magic, json.loads(metadata)["fileFormat"], lines.pop()),
                         ("RTCStatsDump", 3, ""))
        now, connections = 0, {}
        for line in lines:
            method, connection, value, *_, delta = json.loads(line)
            now += delta
            connections.setdefault(connection, []).append((method, round(now, 3), value))
        self.assertEqual(set(connections), {None, "b1", *FABRICS})
        self.assertEqual([m for m, _, _ in connections["f1"]],
                         ["create", "oniceconnectionstatechange", "fabricSetup", "close"]
                         + ["getStats"] * 20)
        self.assertEqual(connections["f1"][1][2], "checking")
        self.assertEqual([(at, value) for _, at, value in connections["f1"][4:]],
                         [(r["time"], r["stats"]) for _, r in self.sent("report")
                          if r["fabric"] == "f1"])

    def test_rtcstats_is_told_what_has_gone(self):
        records = [{"type": "report", "time": START + i, "conference": "gone", "fabric": "gone",
                    "stats": {name: {"type": "codec"} for name in ids}}
                   for i, ids in enumerate(("ab", "b", "bc"))]
        self.fill(self.collector, "alice", records, "s4")
        _, body = self.export("gone", format="rtcstats")
        values = [json.loads(line)[2] for line in body.decode().splitlines()[2:]]
        self.assertEqual([{k: v is None for k, v in value.items()} for value in values],
                         [{"a": False, "b": False}, {"a": True, "b": False},
                          {"b": False, "c": False}])


class Requests(Base):
    def test_file_names_are_safe(self):
        for n, conference in enumerate((CONFERENCE, "../../etc/passwd", 'a"; filename="evil.exe',
                                        "x" * 128, "ü" * 60, "\U0001f600", ".hidden", "a\x7fb")):
            self.fill(self.collector, "alice", make_call(conference, "A", [f"n{n}"], n=1), f"n{n}")
            headers, _ = self.export(conference, format="csv")
            header = headers["Content-Disposition"]
            match = re.fullmatch(
                r'attachment; filename="conference-([A-Za-z0-9._-]{1,200})\.csv"; '
                r"filename\*=UTF-8''conference-((?:[A-Za-z0-9!#$&+.^_`|~-]|%[0-9A-F]{2})+)\.csv",
                header)
            self.assertIsNotNone(match, header)
            name = urllib.parse.unquote(match.group(2), errors="strict")
            self.assertFalse(set(name) & set('/\\:*?"<>|%\r\n\x7f\u202e'), name)
            self.assertLess(len(name.encode()), 200)
            if conference == "\U0001f600":
                self.assertEqual((name, match.group(1)), ("\U0001f600", "_"))

    def test_unknown_ids_are_404(self):
        for path in ("/api/v1/apps/demo/conferences/none/export",
                     "/api/v1/apps/none/conferences/none/export"):
            for form in ("json", "jsonl", "csv", "rtcstats"):
                status, headers, body = self.collector.http(f"{path}?format={form}")
                self.assertEqual((status, headers["Content-Disposition"]), (404, None), path)
                self.assertIn("error", body)

    def test_bad_parameters_are_400(self):
        self.fill(self.collector, "alice", make_call("bad", "A", ["bad"], n=1), "bad")
        for params in ({"format": "xml"}, {"format": ""}, {"step": "x"}, {"occurrence": "-1"}):
            status, _, body = self.collector.http(self.path("bad", **params))
            self.assertEqual(status, 400, params)
            self.assertEqual(body["error"]["code"], "bad-parameter")
        self.assertEqual(self.collector.http(self.path("bad", occurrence=10**9))[0], 404)
        self.assertEqual(self.collector.http(self.path("bad"), method="POST")[0], 405)

    def test_head_has_no_body(self):
        self.fill(self.collector, "alice", make_call("head", "A", ["head"], n=1), "head")
        status, headers, body = self.collector.http(self.path("head"), method="HEAD")
        self.assertEqual((status, body), (200, b""))
        self.assertIn("conference-head.json", headers["Content-Disposition"])

    def test_conference_without_fabrics(self):
        self.fill(self.collector, "alice", [wire.event("userJoined", "bare", at=2 * START)],
                  "bare")
        _, document = self.export("bare")
        self.assertEqual((document["fabrics"], document["others"]), ([], []))
        self.assertEqual(len(document["events"]), 1)
        _, body = self.export("bare", format="csv")
        self.assertEqual(body.count(b"\r\n"), 1)
        self.assertEqual(self.export("bare", format="jsonl")[1].count(b"\n"), 2)


class Centuries(unittest.TestCase):
    """Reports thousands of years apart."""

    def test_csv_ends_and_the_collector_too(self):
        with wire.Collector() as collector:
            for user, times in (("two", (0.001, 24e13)), ("three", (0.001, START, 24e13))):
                Base.fill(collector, user, [
                    {**wire.report("f", user, packetsReceived=1), "time": at} for at in times])
                for _ in range(3):  # more than there are threads for it
                    for step in "raw", "1", "604799999":
                        status, _, body = collector.http(
                            f"/api/v1/apps/{wire.APP}/conferences/{user}/export?"
                            f"format=csv&step={step}")
                        self.assertEqual((status, body.count(b"fabric,user")), (200, 1))
            self.assertEqual(collector.stop(), 0)


class Wide(Base):
    """More streams than have room in a table for as long as a window is at first."""
    STREAMS, N = 170, 80

    def stats(self, i):
        return {f"I{s}": {"type": "inbound-rtp", "ssrc": s + 1, "timestamp": START + 1000 * i,
                          "kind": "video", "bytesReceived": 1000 * i, "packetsReceived": 10 * i,
                          "packetsLost": i, "framesDecoded": 3 * i, "freezeCount": i,
                          "totalFreezesDuration": i / 10, "jitter": 0.01, "frameWidth": 640,
                          "frameHeight": 480, "jitterBufferDelay": i,
                          "jitterBufferEmittedCount": 10 * i, "csScore": 4}
                for s in range(self.STREAMS)}

    def test_csv_leaves_no_cell_out(self):
        self.fill(self.collector, "alice", [wire.event("userJoined", "wide", at=START)] + [
            {"type": "report", "time": START + 1000 * i, "conference": "wide", "fabric": "wide",
             "stats": self.stats(i)} for i in range(self.N)], at_once=1)
        _, body = self.export("wide", format="csv", step="raw")
        rows = list(csv.DictReader(io.StringIO(body.decode(), newline="")))
        self.assertGreater(sum(value != "" for row in rows for value in list(row.values())[12:]),
                           100000)
        told = {(row["ssrc"], row["time"]) for row in rows if row["packetRate"] == "10"}
        self.assertEqual(len(told), self.STREAMS * (self.N - 1))
        self.assertEqual({row["jitter"] for row in rows if row["packetRate"]}, {"0.01"})


class Large(Base):
    N = 200 if wire.SANITIZED else 1200
    # With an arena for each thread, what is kept free depends on which of them had the work.
    environment = (("MALLOC_ARENA_MAX", "1"),)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        stats = {f"o{i}": {"type": "codec", "sdpFmtpLine": "x" * 100} for i in range(40)}
        source = Source()
        cls.fill(cls.collector, "alice", [wire.event("userJoined", "large", at=START)] + [
            {"type": "report", "time": START + 1000 * i, "conference": "large", "fabric": "large",
             "stats": {**stats, **source.stats(START + 1000 * i, i)}} for i in range(cls.N)],
            at_once=8)

    def test_memory_is_bounded(self):
        for form in 2 * ("json", "jsonl", "csv", "rtcstats"):
            self.export("large", format=form)
        before = self.collector.rss_kib()
        for form in ("json", "jsonl", "csv", "rtcstats"):
            _, body = self.export("large", format=form)
            if form == "jsonl":
                self.assertEqual(body.count(b"\n"), self.N + 3)
                self.assertGreater(len(body), 5000 * self.N)
        if not wire.SANITIZED:
            self.assertLess(self.collector.rss_kib() - before, 8192)

    def begin(self):
        """A download of which the client takes no more than its socket does."""
        reader = http.client.HTTPConnection(self.collector.host, self.collector.port, timeout=20)
        reader.request("GET", self.path("large", format="jsonl"))
        return reader, reader.getresponse()

    def files(self):
        return len(os.listdir(f"/proc/{self.collector.process.pid}/fd"))

    def test_reader_that_goes_away_harms_nobody(self):
        self.export("large", format="csv")
        for _ in range(20):
            reader, answer = self.begin()
            self.assertTrue(answer.read(10000))
            reader.close()
        self.assertEqual(len(self.export("large", format="jsonl")[1].splitlines()), self.N + 3)
        self.assertLess(self.files(), 40)

    def test_broken_store_breaks_the_download_off(self):
        with wire.Collector() as collector:
            self.fill(collector, "alice", [wire.event("userJoined", "large", at=START)] + [
                {"type": "report", "time": START + i, "conference": "large", "fabric": "large",
                 "stats": {"a": {"type": "codec", "sdpFmtpLine": "x" * 10000}}}
                for i in range(1500)], at_once=5)
            reader = http.client.HTTPConnection(collector.host, collector.port, timeout=20)
            reader.request("GET", self.path("large", format="jsonl"))
            answer = reader.getresponse()
            answer.read(1000)
            with sqlite3.connect(collector.store, timeout=20) as database:
                database.execute("ALTER TABLE others RENAME TO elsewhere")
            database.close()
            with self.assertRaises((http.client.IncompleteRead, ConnectionError)):
                answer.read()
            reader.close()
            self.assertIn("query-failed", collector.read_log())


if __name__ == "__main__":
    unittest.main()
