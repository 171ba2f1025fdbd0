# SPDX-License-Identifier: LGPL-2.1-or-later
"""What callstats-collector app changes, a running collector takes over; sealed secrets."""
import os
import re
import signal
import unittest

import wire
from key_folder import KeyFolder


class Running(KeyFolder):
    """A collector that is told by SIGHUP."""

    def collector(self, *options):
        return wire.Collector(self.folder, options=["--keys", self.keys, *options])

    def reload(self, collector, event="applications-reloaded"):
        seen = collector.read_log().count("event=" + event)
        collector.process.send_signal(signal.SIGHUP)
        return collector.wait_log(event, seen)

    def assert_taken(self, collector, app, secret):
        collector.connect(bearer=wire.token(collector.audience, secret.strip(), app=app)).close()

    def assert_refused(self, collector, app, secret, code="invalid-token"):
        with self.assertRaises(wire.Refused) as caught:
            self.assert_taken(collector, app, secret)
        self.assertEqual(caught.exception.status, 401)
        self.assertEqual(caught.exception.body["error"]["code"], code)

    def reads(self, collector, token, app="one"):
        return collector.http(f"/api/v1/apps/{app}/conferences",
                              headers={"Authorization": "Bearer " + token.strip()})[0]

    def test_secrets_come_and_go(self):
        old = self.app("add", "one")
        with self.collector() as collector:
            self.assert_taken(collector, "one", old)
            new = self.app("rotate", "one")
            two = self.app("add", "two")
            self.assert_refused(collector, "one", new)
            self.reload(collector)
            for app, secret in ("one", old), ("one", new), ("two", two), (wire.APP, wire.SECRET):
                self.assert_taken(collector, app, secret)
            self.app("retire", "one")
            self.app("remove", "two")
            self.reload(collector)
            self.assert_taken(collector, "one", new)
            self.assert_refused(collector, "one", old)
            self.assert_refused(collector, "two", two, "unknown-application")

    def test_read_tokens_come_and_go(self):
        self.app("add", "one")
        self.app("add", "two")
        with self.collector() as collector:
            self.assertEqual(self.reads(collector, "none"), 200)
            tokens = [self.app("token", "add", "one", "--label", "page"),
                      self.app("token", "add", "--all", "--label", "page")]
            self.reload(collector)
            self.assertEqual([self.reads(collector, token) for token in tokens], [200, 200])
            self.assertEqual([self.reads(collector, token, "two") for token in tokens], [403, 200])
            self.assertEqual(self.reads(collector, "none"), 401)
            self.app("token", "remove", "--all", "page")
            self.reload(collector)
            self.assertEqual([self.reads(collector, token) for token in tokens], [200, 401])

    def test_a_broken_file_changes_nothing_and_is_told(self):
        secret = self.app("add", "one")
        with self.collector() as collector:
            for content in "[one", "[one]\n", "[one]\nsecert=x\n", "[one]\nsecret-file=none\n":
                self.write("keys", content)
                line = self.reload(collector, "reload-failed")
                self.assertIn("keys", line)
                self.assert_taken(collector, "one", secret)
            os.unlink(self.keys)
            self.reload(collector, "reload-failed")
            self.assert_taken(collector, "one", secret)
            self.assertNotIn(secret.strip(), collector.read_log())

    def test_a_connection_ends_with_its_application(self):
        secret = self.app("add", "one")
        with self.collector() as collector:
            client = collector.connect(
                bearer=wire.token(collector.audience, secret.strip(), app="one"))
            client.hello()
            client.store(wire.report())
            other = collector.connect()
            other.hello()
            self.app("remove", "one")
            self.reload(collector)
            self.assertEqual(client.wait_close().code, 4002)
            other.store(wire.report())

    def test_a_connection_ends_with_the_secret_that_signed_its_token(self):
        old = self.app("add", "one").strip()
        with self.collector() as collector:
            clients = []
            for secret in old, self.app("rotate", "one").strip():
                self.reload(collector)
                clients.append(collector.connect(bearer=wire.token(
                    collector.audience, secret, app="one", user=f"user{len(clients)}")))
                clients[-1].hello()
            self.app("retire", "one")
            self.reload(collector)
            closed = clients[0].wait_close()
            self.assertEqual((closed.code, closed.reason), (4001, "invalid-token"))
            clients[1].store(wire.report())

    def test_a_connection_lives_on_with_a_token_by_the_new_secret(self):
        old = self.app("add", "one").strip()
        with self.collector() as collector:
            client = collector.connect(bearer=wire.token(collector.audience, old, app="one"))
            client.hello()
            new = self.app("rotate", "one").strip()
            self.reload(collector)
            client.send_json({"type": "token",
                              "token": wire.token(collector.audience, new, app="one")})
            client.store(wire.report())
            self.app("retire", "one")
            self.reload(collector)
            client.store(wire.report())

    def test_sealed_secrets(self):
        seal = self.make_seal_key()
        secret = self.app("add", "one", "--seal-key-file", seal)
        self.assertNotIn(secret.strip(), self.read())
        self.assertIn("secret=sealed:", self.read())
        self.refuse(["rotate", "one"], "sealed", "--seal-key-file")
        os.chmod(self.keys, 0o644)
        with self.collector("--seal-key-file", seal) as collector:
            self.assert_taken(collector, "one", secret)
            again = self.app("rotate", "one", "--seal-key-file", seal)
            self.reload(collector)
            self.assert_taken(collector, "one", secret)
            self.assert_taken(collector, "one", again)

    def test_sealing_what_was_open(self):
        secrets = [self.app("add", "one"), self.app("add", "two")]
        seal = self.make_seal_key()
        self.assertEqual(self.app("seal", "--seal-key-file", seal), "2 sealed\n")
        for secret in secrets:
            self.assertNotIn(secret.strip(), self.read())
        with self.collector("--seal-key-file", seal) as collector:
            self.assert_taken(collector, "one", secrets[0])
            self.assert_taken(collector, "two", secrets[1])

    def test_sealed_lines_are_equal_to_none_before(self):
        seal = self.make_seal_key()
        self.write("keys", "[one]\nsecret=same;same\n")
        self.app("seal", "--seal-key-file", seal)
        lines = re.findall(r"sealed:[^;]+", self.read())
        self.assertEqual((len(lines), len(set(lines))), (2, 2))

    def assert_not_started(self, *texts, options=()):
        done = wire.refused(self.folder, "--keys", self.keys, *options)
        for text in texts:
            self.assertIn(text, done)

    def test_what_does_not_open_is_told(self):
        seal = self.make_seal_key()
        secret = self.app("add", "one", "--seal-key-file", seal)
        sealed = self.read()
        self.assert_not_started("[one]", "sealed", "--seal-key-file")
        wrong = ["--seal-key-file", self.make_seal_key("other.key")]
        self.assert_not_started("one", "another key", options=wrong)
        right = ["--seal-key-file", seal]
        self.write("keys", sealed.replace("[one]", "[two]"))
        self.assert_not_started("two", "another application", options=right)
        body = re.search(r"sealed:(.*);", sealed).group(1)
        for changed in (body[:-8], body[:20] + "A" * 4 + body[24:], "Ag" + body[2:], "", "%%%%"):
            self.write("keys", sealed.replace(body, changed))
            self.assert_not_started('"one"', options=right)
        for key, text in (("c2hvcnQ=\n", "32 bytes"), (secret, "32 bytes"), ("", "32 bytes")):
            self.assert_not_started(text, options=["--seal-key-file", self.write("bad", key)])
        os.chmod(seal, 0o640)
        self.assert_not_started("seal.key", "mode 0640", "chmod 600", options=right)

    def test_credentials_of_systemd_may_show_the_groups_permissions(self):
        os.mkdir(self.path("credentials"))
        self.keys = self.write("credentials/keys", "[one]\nsecret=a secret\n", 0o440)
        self.assert_not_started("mode 0440")
        with wire.Collector(self.folder, options=["--keys", self.keys], environment={
                "CREDENTIALS_DIRECTORY": self.path("credentials")}) as collector:
            self.assert_taken(collector, "one", "a secret")

    def test_secrets_that_others_may_read_are_refused(self):
        self.app("add", "one")
        os.chmod(self.keys, 0o604)
        self.assert_not_started(self.keys, "mode 0604", "chmod 600")
        self.write("keys", "[one]\nsecret-file=one.secret\n", 0o644)
        self.write("one.secret", "a secret", 0o640)
        self.assert_not_started("one.secret", "mode 0640", "chmod 600")


if __name__ == "__main__":
    unittest.main()
