# SPDX-License-Identifier: LGPL-2.1-or-later
"""A client that tests drive, and a collector behind what stands in between."""

import json
import os
import shutil
import subprocess
import tempfile
import threading
import time

import harness
from collector import Collector
from harness import APP, EndToEnd, count, wait_until
from wayside import Certificates, TlsRelay

MOST_TRIES = 15  # in a second of waits of at least 100 ms; a hot loop makes hundreds
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
EVERYTHING = {"G_MESSAGES_DEBUG": "all", "GST_DEBUG": "*:9"}


class Originated(Collector):
    """A collector that is known by other origins, too."""

    def __init__(self, *arguments, options=(), **keywords):
        super().__init__(*arguments, **keywords)
        self.options = options

    def _command(self):
        return [*super()._command(), *self.options]


def clean_environment(**changes):
    names = {*PROXIES, *(name.upper() for name in PROXIES)}
    return {**{name: value for name, value in os.environ.items() if name not in names}, **changes}


class Reporter:
    """tests/end-to-end/reporter.c, and what it said."""

    def __init__(self, environment=None, **properties):
        self.program = os.path.join(harness.build, "tests", "end-to-end", "reporter")
        self.properties = properties
        # What TLS leaves at exit is not ours to find; LeakSanitizer itself fails on it.
        self.environment = clean_environment(**{
            "ASAN_OPTIONS": "detect_leaks=0:" + os.environ.get("ASAN_OPTIONS", ""),
            **(environment or {})})
        self.output = []
        self.log = []

    def start(self):
        words = [f"{name.replace('_', '-')}={value}" for name, value in self.properties.items()]
        self.process = subprocess.Popen([self.program, *words], env=self.environment, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, errors="replace")
        self.readers = [threading.Thread(target=lines.extend, args=(stream,), daemon=True)
                        for stream, lines in ((self.process.stdout, self.output),
                                              (self.process.stderr, self.log))]
        for reader in self.readers:
            reader.start()
        return self

    def tell(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def said(self, word):
        return [line[len(word) + 1:].rstrip("\n") for line in list(self.output)
                if line.startswith(word + " ")]

    def wait_for(self, word, n=1, timeout=30):
        wait_until(lambda: len(self.said(word)) >= n, timeout, f"{n} × {word} in {self.output}")
        return self.said(word)[n - 1]

    def stats(self):
        before = len(self.said("stats"))
        self.tell("stats")
        return json.loads(self.wait_for("stats", before + 1))

    def stop(self):
        if self.process.poll() is None and not self.process.stdin.closed:
            self.process.stdin.close()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
        for reader in self.readers:
            reader.join(10)
        self.process.stdout.close()
        self.process.stderr.close()
        return self.process.returncode


class Way(EndToEnd):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.mkdtemp(prefix="callstats-test-")
        cls.addClassCleanup(shutil.rmtree, folder)
        cls.certificates = Certificates(folder)

    def start(self, server):
        self.addCleanup(server.stop)
        return server

    def collect(self, *origins, options=()):
        words = [word for origin in origins for word in ("--origin", origin)]
        collector = Originated(os.path.join(harness.build, "src", "collector", "callstats-collector"),
                               self.folder, APP, self.secret_file, options=[*words, *options])
        self.addCleanup(lambda: collector.process and collector.stop())
        return collector.start()

    def relay(self, *arguments, origin="https://127.0.0.1:{}", **keywords):
        """TLS by a certificate of these arguments in front of a collector of its own."""
        relay = self.start(TlsRelay(self.certificates.make("server", *arguments, **keywords)))
        self.collector = self.collect(origin.format(relay.port))
        relay.target = self.collector.port
        return relay

    def report(self, backend, environment=None, **changes):
        properties = {"backend_url": backend, "app_id": APP, "user_id": "alice",
                      "conference_id": "way", "app_secret_file": self.secret_file,
                      "ca_file": self.certificates.path("ca.pem"), **changes}
        reporter = Reporter(environment, **{name: value for name, value in properties.items()
                                            if value is not None})
        self.addCleanup(lambda: self.assertEqual(reporter.stop(), 0, reporter.log[-50:]))
        return reporter.start()

    def assert_stored(self, reporter, n=1):
        reporter.tell("event")
        wait_until(lambda: count(self.collector.conference("way"), "audioMute") == n, 40,
                   f"the event at the collector: {reporter.output}")

    def assert_told_and_not_sent(self, reporter, relay, *words):
        """One warning; tries that become rarer; and not one byte inside of TLS."""
        warning = reporter.wait_for("warning")
        for word in words:
            self.assertIn(word, warning)
        reporter.tell("event")
        wait_until(lambda: relay.accepted >= 3, 30, "tries")
        time.sleep(1)  # of which a hot loop would make use
        self.assertLess(relay.accepted, 3 + MOST_TRIES)
        self.assertEqual(relay.heads, [])
        self.assertEqual(len(reporter.said("warning")), 1)
        stats = reporter.stats()
        self.assertEqual((stats["connects"], stats["records-acked"], stats["records-dropped"]),
                         (0, 0, 0))
        self.assertGreater(stats["records-queued"], 0)
