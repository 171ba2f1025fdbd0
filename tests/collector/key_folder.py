# SPDX-License-Identifier: LGPL-2.1-or-later
"""A folder with a key file, for tests, and callstats-collector app to change it."""
import os
import shutil
import subprocess
import tempfile
import unittest

import wire


class KeyFolder(unittest.TestCase):
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
