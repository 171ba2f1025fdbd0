# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whom a client trusts."""

import base64
import json
import os
import shutil

import harness
from harness import free_port
from way import Way
from wayside import TlsRelay


class Trust(Way):
    def test_a_backend_by_its_own_ca(self):
        relay = self.relay("IP:127.0.0.1")
        reporter = self.report(f"wss://127.0.0.1:{relay.port}/")
        self.assert_stored(reporter)
        self.assertEqual(reporter.said("warning"), [])

    def test_whom_it_does_not_trust_it_tells_nothing(self):
        cases = [
            ("another CA", ("IP:127.0.0.1", "other-ca"), {}, ("nobody who is trusted here", "ca-file")),
            ("the system's CAs", ("IP:127.0.0.1",), {"ca_file": None}, ("nobody who is", "ca-file")),
            ("another host", ("DNS:elsewhere.example.org",), {}, ("for another host",)),
            ("expired", ("IP:127.0.0.1", "ca", -1), {}, ("expired", "clock")),
        ]
        started = []
        for what, certificate, changes, words in cases:
            relay = self.start(TlsRelay(self.certificates.make("server", *certificate)))
            reporter = self.report(f"wss://127.0.0.1:{relay.port}/", **changes)
            started.append((what, relay, reporter, words))
        for what, relay, reporter, words in started:
            with self.subTest(what):
                self.assert_told_and_not_sent(reporter, relay, *words)

    def test_a_ca_file_of_no_use_is_told_until_it_is_of_use(self):
        relay = self.relay("IP:127.0.0.1")
        path = os.path.join(self.folder, "late.pem")
        for text in None, "", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n":
            with self.subTest(text):
                if text is not None:
                    with open(path, "w", encoding="utf-8") as out:
                        out.write(text)
                reporter = self.report(f"wss://127.0.0.1:{relay.port}/", ca_file=path)
                warning = reporter.wait_for("warning")
                self.assertIn("ca-file", warning)
                self.assertIn(path, warning)
                self.assertEqual(relay.accepted, 0)
                if text is None or text == "no certificate":
                    reporter.stop()
        shutil.copy(self.certificates.path("ca.pem"), path)
        self.assert_stored(reporter)

    def test_without_tls_in_the_process_that_is_told(self):
        reporter = self.report(f"wss://127.0.0.1:{free_port()}/",
                               environment={"GIO_MODULE_DIR": self.folder})
        self.assertIn("glib-networking", reporter.wait_for("warning"))

    def test_a_token_is_for_the_origin_it_goes_to(self):
        relay = self.relay("IP:127.0.0.1", origin="https://other.example.org:{}")
        reporter = self.report(f"wss://127.0.0.1:{relay.port}/")
        self.assertIn("--origin", reporter.wait_for("warning"))
        self.assertEqual(reporter.wait_for("initialized"), "authError")
        payload = relay.heads[0].partition("Authorization: Bearer ")[2].split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
        self.assertEqual(claims["aud"], f"wss://127.0.0.1:{relay.port}")
        self.assertEqual(len(relay.heads), 1)

    def test_plain_text_stays_on_this_machine(self):
        for host in ("stats.example.org", "localhost.example.org", "ip6-localhost", "127.1",
                     "[::ffff:127.0.0.1]"):
            with self.subTest(host):
                reporter = self.report(f"ws://{host}:{free_port()}/")
                self.assertIn("allow-plaintext", reporter.wait_for("warning"))
                self.assertEqual(reporter.stats()["connects"], 0)
                reporter.stop()


if __name__ == "__main__":
    harness.main()
