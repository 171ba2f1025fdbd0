# SPDX-License-Identifier: LGPL-2.1-or-later
"""/metrics: what is counted and when, who may read it, and that promtool and the dashboard agree
with it."""
import hashlib
import json
import os
import re
import resource
import shutil
import subprocess
import unittest

import wire

DASHBOARD = os.environ["CALLSTATS_DASHBOARD"]
OF_DEMO = "csr_" + "d" * 43
OF_ALL = "csr_" + "A" * 43
KEYS = "".join(
    f"[{app}]\n{extra}read-token=x:{hashlib.sha256(token.encode()).hexdigest()}\n"
    for app, token, extra in (("*", OF_ALL, ""), ("other", OF_DEMO, "secret=other secret\n")))


def scrape(collector, headers=None):
    """The samples, by name with labels as they are written."""
    status, answered, body = collector.http("/metrics", headers=headers)
    assert status == 200, (status, body)
    kind = answered["Content-Type"]
    assert kind.startswith("text/plain; version=0.0.4"), kind
    lines = [line for line in body.decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


def demo(name, **labels):
    pairs = "".join(f',{key}="{value}"' for key, value in labels.items())
    return f'{name}{{app="demo"{pairs}}}'


class Base(unittest.TestCase):
    def start(self, **options):
        collector = wire.Collector(**options)
        self.addCleanup(collector.finish)
        return collector

    def client(self, collector, session="s1", **identity):
        client = collector.connect(**identity)
        client.hello(session)
        return client

    def assert_samples(self, samples, **expected):
        for name, value in expected.items():
            self.assertEqual(samples[demo("callstats_" + name)], value, name)


class Counting(Base):
    def test_a_call_is_counted_while_it_goes_on(self):
        collector = self.start()
        client = self.client(collector)
        records = wire.call(wire.now_ms() - 5000)
        client.store(*records[:4])
        samples = scrape(collector)
        self.assert_samples(
            samples, ingest_records_total=4, ingest_reports_total=1, fabric_setups_total=1,
            conferences_active=1, participants_active=1, fabrics_active=1,
            fabric_setup_delay_seconds_count=1, fabric_setup_delay_seconds_sum=0.1)
        self.assertEqual(samples[demo("callstats_fabric_setup_delay_seconds_bucket", le="0.1")], 1)
        self.assertGreater(samples["callstats_ingest_bytes_total"], 300)
        self.assertEqual(samples["callstats_ingest_connections"], 1)
        client.store(*records[4:])
        self.assert_samples(
            scrape(collector), ingest_records_total=len(records), ingest_reports_total=3,
            conferences_active=0, participants_active=0, fabrics_active=0)

    def test_ends_are_counted_by_fixed_words(self):
        collector = self.start()
        client = self.client(collector)
        client.store(
            *[wire.event("fabricSetupFailed", fabric=f"n{i}", reason="NegotiationFailure")
              for i in range(2)],
            wire.event("fabricSetupFailed", fabric="x", reason="c1 alice made this up"),
            wire.event("fabricDropped", fabric="d"),
            wire.event("fabricTerminated", fabric="d", cause="remote left"),
            wire.event("fabricTerminated", fabric="e", cause="bob made this up"))
        samples = scrape(collector)
        failures = demo("callstats_fabric_setup_failures_total", reason="{}")
        self.assertEqual(samples[failures.replace("{}", "NegotiationFailure")], 2)
        self.assertEqual(samples[failures.replace("{}", "other")], 1)
        self.assertEqual(samples[demo("callstats_fabric_drops_total")], 1)
        causes = "callstats_fabric_terminations_total"
        self.assertEqual(samples[demo(causes, cause="remote left")], 1)
        self.assertEqual(samples[demo(causes, cause="other")], 1)

    def test_repeated_records_and_events_are_counted_once(self):
        collector = self.start()
        records = wire.call(wire.now_ms() - 5000)
        client = self.client(collector)
        client.store(*records)
        again = collector.connect()
        again.hello()
        again.wait_ack(again.send_records(records, first=1))
        self.assert_samples(scrape(collector), ingest_records_total=len(records),
                            fabric_setups_total=1, fabric_setup_delay_seconds_count=1)
        # The same fabric is told to be set up under another number.
        again.store(records[2], records[-2])
        samples = scrape(collector)
        self.assert_samples(samples, ingest_records_total=len(records) + 2,
                            fabric_setups_total=1, fabric_setup_delay_seconds_count=1)
        self.assertEqual(samples[demo("callstats_fabric_terminations_total", cause="other")], 1)

    def test_a_fabric_is_not_counted_again_after_a_restart(self):
        folder = wire.Collector.make_folder()
        records = wire.call(wire.now_ms() - 5000)
        with wire.Collector(folder) as collector:
            self.client(collector).store(*records)
            self.assert_samples(scrape(collector), fabric_setups_total=1)
        collector = self.start(folder=folder)
        self.assert_samples(scrape(collector), ingest_records_total=0, fabric_setups_total=0)
        self.client(collector, "s2").store(*records)
        self.assert_samples(scrape(collector), ingest_records_total=len(records),
                            fabric_setups_total=0, fabric_setup_delay_seconds_count=0)

    def test_commits_and_their_lag_are_timed(self):
        collector = self.start()
        client = self.client(collector)
        for _ in range(3):
            client.store(wire.report())
        size = os.path.getsize(collector.store)
        samples = scrape(collector)
        self.assertEqual(samples["callstats_ingest_commit_lag_seconds_count"], 3)
        self.assertGreaterEqual(samples["callstats_store_commit_seconds_count"], 3)
        self.assertGreater(samples["callstats_ingest_commit_lag_seconds_sum"], 0)
        self.assertEqual(samples["callstats_store_errors_total"], 0)
        self.assertGreaterEqual(samples["callstats_store_bytes"], size)

    def test_transactions_that_fail_are_counted_and_their_records_not(self):
        collector = self.start()
        client = self.client(collector)
        limits = resource.prlimit(
            collector.process.pid, resource.RLIMIT_FSIZE, (2048, resource.RLIM_INFINITY))
        client.send_records(wire.call(wire.now_ms()))
        self.assertEqual(client.wait_close().code, 4007)
        resource.prlimit(collector.process.pid, resource.RLIMIT_FSIZE, limits)
        samples = scrape(collector)
        self.assertGreaterEqual(samples["callstats_store_errors_total"], 1)
        self.assert_samples(samples, ingest_records_total=0, fabric_setups_total=0)

    def test_refusals_are_counted(self):
        collector = self.start()
        with self.assertRaises(wire.Refused):
            collector.connect(bearer="x.y.z")
        self.assertEqual(scrape(collector)[
            'callstats_collector_tokens_refused_total{reason="invalid-token"}'], 1)

    def test_nobody_is_named(self):
        collector = self.start()
        client = self.client(collector, user="alice-in-chains")
        client.store(*wire.call(wire.now_ms(), "conference-of-secrets", "fabric-of-dreams", "bob"))
        text = collector.http("/metrics")[2].decode()
        for name in "alice-in-chains", "conference-of-secrets", "fabric-of-dreams", "bob":
            self.assertNotIn(name, text)


class Access(Base):
    def test_this_machine_needs_no_token(self):
        folder = wire.Collector.make_folder()
        keys = os.path.join(folder, "keys")
        wire.write_private(keys, KEYS)
        collector = self.start(folder=folder, options=["--keys", keys])
        self.assertEqual(collector.http("/api/v1/apps/demo/conferences")[0], 401)
        self.assertIn(demo("callstats_fabric_setups_total"), scrape(collector))

    def test_behind_a_proxy_a_token_for_all_is_needed(self):
        folder = wire.Collector.make_folder()
        keys = os.path.join(folder, "keys")
        wire.write_private(keys, KEYS)
        collector = self.start(folder=folder, options=["--keys", keys, "--behind-proxy"])
        for token, status in ((None, 401), ("csr_" + "x" * 43, 401), (OF_DEMO, 403)):
            headers = {"Authorization": "Bearer " + token} if token else {}
            self.assertEqual(collector.http("/metrics", headers=headers)[0], status, token)
        scrape(collector, {"Authorization": "Bearer " + OF_ALL})


class Consumers(Base):
    @classmethod
    def setUpClass(cls):
        folder = wire.Collector.make_folder()
        wire.write_private(os.path.join(folder, "hook"), "0123456789abcdef\n")
        config = os.path.join(folder, "config")
        with open(config, "w", encoding="utf-8") as out:
            out.write("[collector]\n[webhook ops]\nurl=https://192.0.2.1/\nsecret-file=hook\n")
        cls.collector = wire.Collector(folder, options=["--config", config])
        cls.addClassCleanup(cls.collector.finish)
        client = cls.collector.connect()
        client.hello()
        client.store(*wire.call(wire.now_ms() - 5000))
        cls.text = cls.collector.http("/metrics")[2].decode()

    def test_promtool_accepts_it(self):
        promtool = shutil.which("promtool")
        if promtool is None:
            self.skipTest("promtool is not installed (Debian: prometheus)")
        checked = subprocess.run([promtool, "check", "metrics"], input=self.text, text=True,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                 timeout=wire.DEADLINE, check=False)
        self.assertEqual((checked.returncode, checked.stdout), (0, ""))

    def test_every_family_is_described_once_and_whole(self):
        families = re.findall(r"^# TYPE (\S+) (\S+)$", self.text, re.M)
        self.assertEqual(len(dict(families)), len(families))
        self.assertEqual([name for name, _ in families],
                         re.findall(r"^# HELP (\S+) \S", self.text, re.M))
        of_family = None
        for line in self.text.splitlines():
            if line.startswith("# TYPE"):
                of_family = line.split(" ")[2]
            elif not line.startswith("#"):
                self.assertTrue(line.startswith(of_family), line)

    def test_samples_are_unique(self):
        names = [line.rsplit(" ", 1)[0] for line in self.text.splitlines()
                 if not line.startswith("#")]
        self.assertEqual(len(set(names)), len(names))

    def test_the_dashboard_asks_for_what_there_is(self):
        with open(DASHBOARD, encoding="utf-8") as text:
            dashboard = json.load(text)
        queries = [target["expr"] for panel in dashboard["panels"]
                   for target in panel.get("targets", ())]
        queries += [re.sub(r"^label_values\((.*), \w+\)$", r"\1", variable["query"])
                    for variable in dashboard["templating"]["list"]
                    if variable["type"] == "query"]
        there = set(re.findall(r"^([a-z_]+)", re.sub(r"^#.*$", "", self.text, flags=re.M), re.M))
        labels = {name: set(re.findall(r'(\w+)="', sample)) for name, sample in
                  re.findall(r"^([a-z_]+)\{([^}]*)\}", self.text, re.M)}
        self.assertGreater(len(queries), 10)
        used = set()
        for query in queries:
            names = set(re.findall(r"\b(?:callstats|process)_\w+", query))
            self.assertTrue(names, query)
            self.assertEqual(names - there, set(), query)
            for name, matchers in re.findall(r"\b(callstats_\w+)\{([^}]*)\}", query):
                wanted = set(re.findall(r"(\w+)\s*[=!]", matchers)) - {"job", "instance"}
                self.assertEqual(wanted - labels.get(name, set()), set(), query)
            for grouped in re.findall(r"by \(([^)]*)\)", query):
                of_all = set().union(*(labels.get(name, set()) for name in names))
                self.assertEqual(set(re.findall(r"\w+", grouped)) - of_all - {"instance"},
                                 set(), query)
            used |= names
        # Nothing that is told of calls is left out.
        told = {name for name in there if name.startswith("callstats_fabric") and
                not name.endswith(("_sum", "_count"))}
        self.assertEqual(told - used, set())

    def test_promtool_understands_the_queries(self):
        promtool = shutil.which("promtool")
        if promtool is None:
            self.skipTest("promtool is not installed (Debian: prometheus)")
        with open(DASHBOARD, encoding="utf-8") as text:
            dashboard = json.load(text)
        rules = [{"record": f"q:{i}", "expr": self.fill_variables(target["expr"])}
                 for i, target in enumerate(
                     target for panel in dashboard["panels"]
                     for target in panel.get("targets", ()))]
        path = os.path.join(self.collector.folder, "rules.json")  # JSON is YAML
        with open(path, "w", encoding="utf-8") as out:
            json.dump({"groups": [{"name": "dashboard", "rules": rules}]}, out)
        checked = subprocess.run([promtool, "check", "rules", "--lint=none", path], text=True,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                 timeout=wire.DEADLINE, check=False)
        self.assertEqual(checked.returncode, 0, checked.stdout)

    def fill_variables(self, query):
        return query.replace("$__rate_interval", "5m").replace("$app", ".*").replace(
            "$instance", ".*").replace("$job", ".*")


if __name__ == "__main__":
    unittest.main()
