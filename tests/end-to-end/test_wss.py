# SPDX-License-Identifier: LGPL-2.1-or-later
"""A client and a collector with TLS of its own, with nothing in between."""

import os
import signal
import ssl
import subprocess
import urllib.request

import harness
from harness import count, wait_until
from way import Originated, Way

LIMIT = 200  # records a second


class TlsCollector(Originated):
    """Asked by a client that trusts the CA alone."""

    def __init__(self, *arguments, ca, **keywords):
        super().__init__(*arguments, **keywords)
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}),
            urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=ca)))

    @property
    def url(self):
        return f"https://127.0.0.1:{self.port}/"

    def open(self, url):
        return self.opener.open(url, timeout=10)


class Wss(Way):
    def collect_by_tls(self, *options):
        """With a certificate of its own, which the client's ca-file vouches for."""
        self.certificates.make("collector", "IP:127.0.0.1")
        collector = TlsCollector(
            os.path.join(harness.build, "src", "collector", "callstats-collector"), self.folder,
            harness.APP, self.secret_file, ca=self.certificates.path("ca.pem"),
            options=["--tls-certificate", self.certificates.path("collector.pem"),
                     "--tls-key", self.certificates.path("collector.key"), *options])
        self.addCleanup(lambda: collector.process and collector.stop())
        self.collector = collector.start()
        return collector

    def serial(self, collector):
        pem = ssl.get_server_certificate(("127.0.0.1", collector.port))
        return subprocess.run(["openssl", "x509", "-noout", "-serial"], input=pem, text=True,
                              capture_output=True, check=True, timeout=30).stdout

    def test_records_come_by_tls_and_go_on_after_another_certificate(self):
        collector = self.collect_by_tls()
        reporter = self.report(f"wss://127.0.0.1:{collector.port}/")
        self.assert_stored(reporter)
        before = self.serial(collector)
        self.certificates.make("collector", "IP:127.0.0.1")
        collector.process.send_signal(signal.SIGHUP)
        wait_until(lambda: self.serial(collector) != before, 30, "the other certificate")
        self.assert_stored(reporter, 2)
        self.assertEqual(reporter.stats()["connects"], 1)
        other = self.report(f"wss://127.0.0.1:{collector.port}/", user_id="bob")
        self.assert_stored(other, 3)
        self.assertEqual(reporter.said("warning") + other.said("warning"), [])

    def test_a_client_that_is_told_to_wait_loses_nothing(self):
        """More than the collector takes at once of one client."""
        collector = self.collect_by_tls("--client-record-rate", str(LIMIT))
        reporter = self.report(f"wss://127.0.0.1:{collector.port}/")
        self.assert_stored(reporter)
        events = 13 * LIMIT
        for _ in range(events):
            reporter.tell("event")

        def stored():
            stats = reporter.stats()
            self.assertEqual(stats["records-dropped"], 0)
            return stats["records-queued"] == 0 and stats["records-acked"] >= events

        wait_until(stored, 50, "all records at the collector")
        self.assertGreaterEqual(reporter.stats()["connects"], 2)
        self.assertEqual(count(collector.conference("way"), "audioMute"), events + 1)


if __name__ == "__main__":
    harness.main()
