# SPDX-License-Identifier: LGPL-2.1-or-later
"""callstats-collector app: credentials are made, shown once, exchanged and taken away, and a
running collector takes it over."""
import hashlib
import os
import re
import resource
import shutil
import signal
import stat
import subprocess
import tempfile
import unittest

import wire

SECRET_FORM = re.compile(r"[\w-]{43}\n")
TOKEN_FORM = re.compile(r"csr_[\w-]{43}\n")


class Folder(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="collector-apps-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.keys = self.path("keys")

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, content, mode=0o600):
        wire.write_private(self.path(name), content)
        os.chmod(self.path(name), mode)
        return self.path(name)

    def read(self, name="keys"):
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    def run_app(self, *words, keys=None, **others):
        return subprocess.run(
            [os.environ["CALLSTATS_COLLECTOR"], "app", *words, "--keys", keys or self.keys],
            text=True, capture_output=True, timeout=wire.DEADLINE, check=False, **others)

    def app(self, *words, **others):
        """What it shows, as it succeeds."""
        done = self.run_app(*words, **others)
        self.assertEqual((done.returncode, done.stderr), (0, ""), words)
        return done.stdout

    def refuse(self, words, *texts, **others):
        """It fails with the texts, shows nothing and leaves the key file alone."""
        before = self.read() if os.path.exists(self.keys) else None
        done = self.run_app(*words, **others)
        self.assertEqual((done.returncode, done.stdout), (1, ""), words)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        for text in texts:
            self.assertIn(text, done.stderr)
        self.assertEqual(self.read() if os.path.exists(self.keys) else None, before)

    def make_seal_key(self, name="seal.key"):
        key = subprocess.run(["openssl", "rand", "-base64", "32"], capture_output=True, text=True,
                             check=True, timeout=wire.DEADLINE).stdout
        return self.write(name, key)

    def make_key_pair(self, name):
        """Returns the path of the public key."""
        private, public = self.path(name), self.path(name + ".pub")
        for command in (["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256",
                         "-out", private], ["pkey", "-in", private, "-pubout", "-out", public]):
            subprocess.run(["openssl", *command], check=True, timeout=wire.DEADLINE)
        return public


class Editing(Folder):
    def test_a_secret_is_shown_once_in_a_file_of_its_owner(self):
        secret = self.app("add", "one", "--name", "Höhe; [1]", "--raw-days", "30",
                          "--summary-days", "0")
        self.assertRegex(secret, SECRET_FORM)
        self.assertEqual(stat.S_IMODE(os.stat(self.keys).st_mode), 0o600)
        listed = self.app("list")
        self.assertNotIn(secret.strip(), listed)
        self.assertEqual(listed, '"one" secrets=1 sealed=0 public-keys=0 read-tokens=0 '
                                 'raw-days=30 summary-days=0 name="Höhe; [1]"\n')

    def test_a_token_is_shown_once_and_kept_as_a_hash(self):
        self.app("add", "one")
        tokens = [self.app("token", "add", "one"), self.app("token", "add", "one"),
                  self.app("token", "add", "--all", "--label", "grafana")]
        for token in tokens:
            self.assertRegex(token, TOKEN_FORM)
            self.assertNotIn(token.strip()[4:], self.read())
        self.assertEqual(len(set(tokens)), 3)
        self.assertEqual(self.app("token", "list"),
                         '"one" "token1"\n"one" "token2"\n"*" "grafana"\n')
        self.assertEqual(self.app("token", "list", "--all"), '"*" "grafana"\n')
        self.app("token", "remove", "one", "token1")
        self.assertEqual(self.app("token", "list", "one"), '"one" "token2"\n')
        self.app("token", "remove", "--all", "grafana")
        self.assertEqual(self.app("token", "list"), '"one" "token2"\n')

    def test_rotating_keeps_the_old_ones_until_they_are_retired(self):
        secrets = [self.app("add", "one").strip(), self.app("rotate", "one").strip()]
        for secret in secrets:
            self.assertIn(secret, self.read())
        self.app("retire", "one")
        self.assertNotIn(secrets[0], self.read())
        self.assertIn(secrets[1], self.read())
        secrets.append(self.app("rotate", "one", "--retire").strip())
        self.assertNotIn(secrets[1], self.read())
        self.assertIn(secrets[2], self.read())

    def test_retiring_keeps_what_rotating_made_before_what_lies_in_files(self):
        for name in "old", "new":
            self.write(name, name + " secret\n")
        self.write("keys", "[one]\nsecret-file=old;new\n")
        self.app("retire", "one")
        self.assertEqual(self.read(), "[one]\nsecret-file=new;\n")
        secret = self.app("rotate", "one")
        self.app("retire", "one")
        self.assertEqual(self.read().strip(), "[one]\nsecret=" + secret.strip() + ";")

    def test_public_keys_in_place_of_secrets(self):
        public = self.make_key_pair("client")
        self.assertEqual(self.app("add", "one", "--es256-key", public), "")
        self.assertNotIn("-----", self.read())
        self.assertIn("secrets=0 sealed=0 public-keys=1", self.app("list"))
        self.app("rotate", "one")
        self.app("rotate", "one", "--es256-key", self.make_key_pair("next"), "--retire")
        self.assertIn("secrets=0 sealed=0 public-keys=1", self.app("list"))
        self.refuse(["add", "two", "--es256-key", self.path("client")], "client", "-pubout")

    def test_every_other_line_stays_as_it_is(self):
        self.write("keys", "# of the whole file\n\n# of one\n[one]\n# of its secret\n"
                           " secret = x \nraw-days=3\n\n# of two\n[two]\nsecret=y\n# at the end\n")
        self.app("add", "three", "--name", "3")
        token = self.app("token", "add", "one", "--label", "page").strip()
        self.app("remove", "two")
        secret = re.search(r"\[three\]\nname=3\nsecret=(.*);\n", self.read()).group(1)
        self.assertEqual(
            self.read(), "# of the whole file\n\n# of one\n[one]\n# of its secret\n"
            " secret = x \nraw-days=3\nread-token=page:" +
            hashlib.sha256(token.encode()).hexdigest() +
            f";\n\n[three]\nname=3\nsecret={secret};\n")
        self.app("token", "remove", "one", "page")
        self.assertIn("raw-days=3\n\n[three]", self.read())

    def test_a_group_in_two_pieces(self):
        self.write("keys", "[one]\nsecret=a\n[two]\nsecret=b\n[one]\nsecret=c\n")
        secret = self.app("rotate", "one").strip()
        self.assertEqual(
            self.read(), f"[one]\nsecret=c;{secret};\n[two]\nsecret=b\n[one]\n")
        self.app("remove", "one")
        self.assertEqual(self.read(), "[two]\nsecret=b\n")

    def test_many_at_once_lose_nothing(self):
        words = [["add", f"app{n}"] for n in range(12)]
        running = [subprocess.Popen(
            [os.environ["CALLSTATS_COLLECTOR"], "app", *word, "--keys", self.keys],
            stdout=subprocess.DEVNULL) for word in words]
        self.assertEqual([process.wait(wire.DEADLINE) for process in running], [0] * 12)
        self.assertEqual(self.app("list").count("\n"), 12)
        self.assertEqual(os.listdir(self.folder), ["keys"])

    @unittest.skipIf(os.geteuid() != 0, "needs root")
    def test_the_file_keeps_its_owner(self):
        self.app("add", "one")
        os.chown(self.keys, 65534, 65534)
        self.app("rotate", "one")
        status = os.stat(self.keys)
        self.assertEqual((status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)),
                         (65534, 65534, 0o600))

    def test_a_link_stays_a_link(self):
        os.mkdir(self.path("elsewhere"))
        self.write("elsewhere/keys", "[one]\nsecret=x\n")
        os.symlink("elsewhere/keys", self.keys)
        self.app("add", "two")
        self.assertTrue(os.path.islink(self.keys))
        self.assertIn("[two]", self.read("elsewhere/keys"))

    def test_what_cannot_be_written_leaves_the_file_as_it_was(self):
        self.app("add", "one")
        self.refuse(["rotate", "one"], "keys", "cannot be written", preexec_fn=lambda:
                    resource.setrlimit(resource.RLIMIT_FSIZE, (16, 16)))
        self.assertEqual(os.listdir(self.folder), ["keys"])

    def test_what_nobody_saw_is_an_error(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run(
                [os.environ["CALLSTATS_COLLECTOR"], "app", "add", "one", "--keys", self.keys],
                stdout=full, stderr=subprocess.PIPE, text=True, timeout=wire.DEADLINE, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("nobody has seen it", done.stderr)

    def test_a_file_that_the_collector_could_not_read_is_not_written(self):
        self.write("keys", "[one]\nsecret=x\n\n[two]\nsecret-file=missing\n")
        self.refuse(["rotate", "one"], "missing", "cannot be read")
        self.app("remove", "two")
        self.app("rotate", "one")
        self.write("keys", "no group\n")
        self.refuse(["add", "one"], "keys", "broken")

    def test_at_most_eight_secrets(self):
        self.app("add", "one")
        for _ in range(7):
            self.app("rotate", "one")
        self.refuse(["rotate", "one"], "one", "more than 8")

    def test_what_it_is_called_with(self):
        self.app("add", "one", "--name", "x")
        for words, texts in (
                ([], ["no command", "--help"]), (["nonsense"], ['"nonsense"']),
                (["add"], ["app add ID"]), (["token"], ["no command"]),
                (["add", "one"], ["[one]", "already", "rotate"]),
                (["add", "*"], ["[*]"]), (["add", ""], ["1 to 128"]),
                (["add", "x" * 129], ["1 to 128"]), (["add", "a]b"], ["brackets"]),
                (["add", "a\nb"], ["control"]),
                (["add", "two", "--raw-days", "-1"], ["raw-days", "-1", "0 to"]),
                (["add", "two", "--name", b"\xff"], ["--name", "UTF-8"]),
                (["rotate", "two"], ["[two]", "app list"]), (["remove", "two"], ["[two]"]),
                (["retire", "two"], ["[two]"]), (["token", "add"], ["--all"]),
                (["token", "add", "one", "--all"], ["--all"]),
                (["token", "add", "two"], ["[two]"]),
                (["token", "add", "one", "--label", "a;b"], ["--label", "a;b"]),
                (["token", "remove", "one", "none"], ["none", "token list"]),
                (["seal"], ["--seal-key-file", "openssl"])):
            self.refuse(words, *texts)
        self.refuse(["add", "one"], "/nowhere", keys="/nowhere/keys")

    def test_the_file_may_be_named_as_for_the_collector(self):
        environment = {**os.environ, "CALLSTATS_COLLECTOR_KEYS": self.keys}
        subprocess.run([os.environ["CALLSTATS_COLLECTOR"], "app", "add", "one"], env=environment,
                       check=True, stdout=subprocess.DEVNULL, timeout=wire.DEADLINE)
        self.write("conf", "[collector]\nlisten=127.0.0.1:0\nkeys=keys\n")
        subprocess.run([os.environ["CALLSTATS_COLLECTOR"], "app", "add", "two", "--config",
                        self.path("conf")], check=True, stdout=subprocess.DEVNULL,
                       timeout=wire.DEADLINE)
        self.assertEqual(self.app("list").count("\n"), 2)


class Running(Folder):
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
