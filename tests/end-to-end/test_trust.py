# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whom a client trusts, and by what a collector knows it."""

import base64
import json
import os

import harness
from harness import APP, count, free_port, wait_until
from way import Way
from wayside import openssl


class Trust(Way):
    def test_a_backend_by_its_own_ca(self):
        relay = self.relay("IP:127.0.0.1")
        reporter = self.report(f"wss://127.0.0.1:{relay.port}/")
        self.assert_stored(reporter)
        self.assertEqual(reporter.said("warning"), [])

    def test_the_system_does_not_trust_it(self):
        relay = self.relay("IP:127.0.0.1")
        reporter = self.report(f"wss://127.0.0.1:{relay.port}/", ca_file=None)
        self.assert_told_and_not_sent(reporter, relay, "nobody who is trusted here", "ca-file")

    def test_another_ca(self):
        relay = self.relay("IP:127.0.0.1", "other-ca")
        reporter = self.report(f"wss://127.0.0.1:{relay.port}/")
        self.assert_told_and_not_sent(reporter, relay, "nobody who is trusted here", "ca-file")

    def test_another_host(self):
        relay = self.relay("DNS:elsewhere.example.org")
        reporter = self.report(f"wss://127.0.0.1:{relay.port}/")
        self.assert_told_and_not_sent(reporter, relay, "for another host")

    def test_an_expired_certificate(self):
        relay = self.relay("IP:127.0.0.1", days=-1)
        reporter = self.report(f"wss://127.0.0.1:{relay.port}/")
        self.assert_told_and_not_sent(reporter, relay, "expired", "clock")

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
        os.replace(self.certificates.path("ca.pem"), path)
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


class Keys(Way):
    def make_key(self, name):
        openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out",
                name, folder=self.folder)
        openssl("pkey", "-in", name, "-pubout", "-out", name + ".pub", folder=self.folder)
        return os.path.join(self.folder, name)

    def test_es256_from_a_file(self):
        old, new = self.make_key("old"), self.make_key("new")
        self.collector = self.collect(options=["--app-key", f"{APP}:{old}.pub",
                                               "--app-key", f"{APP}:{new}.pub"])
        for number, key in enumerate((old, new), 1):
            reporter = self.report(self.collector.backend, app_secret_file=None, app_key_file=key)
            reporter.tell("event")
            reporter.tell("flush")
            self.assertEqual(reporter.wait_for("flush"), "done")
            wait_until(lambda: count(self.collector.conference("way"), "audioMute") == number, 20, key)
            reporter.tell("get app-key-file")
            self.assertEqual(reporter.wait_for("get"), f'app-key-file "{key}"')
            reporter.stop()

    def test_a_key_that_the_collector_does_not_have(self):
        self.collector = self.collect(options=["--app-key", f"{APP}:{self.make_key('known')}.pub"])
        reporter = self.report(self.collector.backend, app_secret_file=None,
                               app_key_file=self.make_key("unknown"))
        warning = reporter.wait_for("warning")
        self.assertIn("invalid-token", warning)
        self.assertIn("app-key-file", warning)

    def test_a_file_that_is_no_key(self):
        reporter = self.report(f"ws://127.0.0.1:{free_port()}/", app_secret_file=None,
                               app_key_file=self.secret_file)
        warning = reporter.wait_for("warning")
        with open(self.secret_file, encoding="utf-8") as file:
            self.assertNotIn(file.read().strip(), warning)
        self.assertIn("app-key-file", warning)
        self.assertIn("openssl", warning)


if __name__ == "__main__":
    harness.main()
