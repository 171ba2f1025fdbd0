# SPDX-License-Identifier: LGPL-2.1-or-later
"""callstats-collector app: credentials are made, shown once, exchanged and taken away."""
import hashlib
import os
import re
import resource
import stat
import subprocess
import unittest

import wire
from key_folder import KeyFolder

SECRET_FORM = re.compile(r"[\w-]{43}\n")
TOKEN_FORM = re.compile(r"csr_[\w-]{43}\n")


class Editing(KeyFolder):
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
                ([], ["name a command: add, list", "--help"]), (["nonsense"], ['"nonsense"']),
                (["add"], ["app add ID"]), (["token"], ["no command"]),
                (["add", "one"], ["[one]", "already", "rotate"]),
                (["add", "*"], ["[*]"]), (["add", ""], ["1 to 128"]),
                (["add", "x" * 129], ["1 to 128"]), (["add", "a]b"], ["brackets"]),
                (["add", "a\nb"], ["control"]),
                (["add", "two", "--raw-days", "-1"], ["raw-days", "-1", "0 to"]),
                (["add", "two", "--summary-days=abc"], ["summary-days", "abc", "0 to 36500"]),
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
        for words, text in (((), "name a command: add, list"),
                            (("--help",), "callstats-collector app [OPTION")):
            done = subprocess.run([os.environ["CALLSTATS_COLLECTOR"], "app", *words], text=True,
                                  capture_output=True, timeout=wire.DEADLINE, check=False)
            self.assertIn(text, done.stdout + done.stderr)

    def test_the_file_may_be_named_as_for_the_collector(self):
        environment = {**os.environ, "CALLSTATS_COLLECTOR_KEYS": self.keys}
        subprocess.run([os.environ["CALLSTATS_COLLECTOR"], "app", "add", "one"], env=environment,
                       check=True, stdout=subprocess.DEVNULL, timeout=wire.DEADLINE)
        self.write("conf", "[collector]\nlisten=127.0.0.1:0\nkeys=keys\n")
        subprocess.run([os.environ["CALLSTATS_COLLECTOR"], "app", "add", "two", "--config",
                        self.path("conf")], check=True, stdout=subprocess.DEVNULL,
                       timeout=wire.DEADLINE)
        self.assertEqual(self.app("list").count("\n"), 2)


if __name__ == "__main__":
    unittest.main()
