# SPDX-License-Identifier: LGPL-2.1-or-later
"""By which keys a collector knows a client."""

import os

import harness
from harness import APP, free_port
from way import Way
from wayside import openssl


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
            self.assert_stored(reporter, number)
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
