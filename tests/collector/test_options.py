# SPDX-License-Identifier: LGPL-2.1-or-later
"""What it says when it cannot start: exit code 1 and a text that names the value and the way
out."""
import hashlib
import os
import signal
import socket
import sqlite3
import subprocess
import tempfile
import unittest

import wire


class Options(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="collector-options-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.secret = self.write("secret", "a secret\n")

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, content):
        wire.write_private(self.path(name), content)
        return self.path(name)

    def run_with(self, *options, **environment):
        return subprocess.run([os.environ["CALLSTATS_COLLECTOR"], *options], text=True,
                              capture_output=True, timeout=wire.DEADLINE, check=False,
                              env={**os.environ, **environment})

    def arguments(self, **changes):
        options = {"listen": "127.0.0.1:0", "store": "sqlite:" + self.path("calls.db"),
                   "app": "demo", "app_secret_file": self.secret, **changes}
        return [part for name, value in options.items() if value is not None
                for part in ("--" + name.replace("_", "-"), value)]

    def assert_refused(self, arguments, *texts, **environment):
        done = self.run_with(*arguments, **environment)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        for text in texts:
            self.assertIn(text, done.stderr)
        self.assertNotIn("a secret", done.stderr)

    def test_listen(self):
        for listen in ("nonsense", "127.0.0.1", "127.0.0.1:", ":80", "127.0.0.1:x", "1:2:3",
                       "127.0.0.1:65536", "[::1", "example.org:80"):
            self.assert_refused(self.arguments(listen=listen), "--listen", listen, "127.0.0.1:8765")

    def test_beyond_loopback(self):
        for listen in "0.0.0.0:8765", "192.168.1.1:8765", "[::]:8765":
            self.assert_refused(
                self.arguments(listen=listen), listen, "beyond loopback", "--tls-certificate",
                "reverse proxy")

    def test_port_in_use(self):
        with socket.socket() as holder:
            holder.bind(("127.0.0.1", 0))
            holder.listen()
            port = holder.getsockname()[1]
            self.assert_refused(
                self.arguments(listen=f"127.0.0.1:{port}"), str(port), "in use", "another port")

    def test_store(self):
        for store in "nonsense", "sqlite:", "mysql:x", "":
            self.assert_refused(self.arguments(store=store), "--store", "sqlite:/")
        self.assert_refused(self.arguments(store=None), "--store is missing")

    def test_file_that_is_no_database(self):
        path = self.write("note.txt", "this is no database, " * 100)
        self.assert_refused(
            self.arguments(store="sqlite:" + path), path, "not an SQLite database")
        with open(path, encoding="utf-8") as note:
            self.assertTrue(note.read().startswith("this is no database"))

    def test_database_of_another_program(self):
        with sqlite3.connect(self.path("other.db")) as other:
            other.execute("CREATE TABLE things (id)")
        self.assert_refused(self.arguments(store="sqlite:" + self.path("other.db")),
                            "other.db", "another program")

    def test_database_of_a_newer_version(self):
        with wire.Collector(self.folder, store=self.path("newer.db")):
            pass
        with sqlite3.connect(self.path("newer.db")) as newer:
            newer.execute("PRAGMA user_version=1000")
        self.assert_refused(
            self.arguments(store="sqlite:" + self.path("newer.db")), "newer.db", "newer")

    def test_folder_that_does_not_exist(self):
        path = self.path("nowhere/calls.db")
        self.assert_refused(self.arguments(store="sqlite:" + path), path, "folder")
        self.assert_refused(self.arguments(store="sqlite:" + self.folder), self.folder)

    def test_secret_files(self):
        missing = self.path("missing")
        self.assert_refused(
            self.arguments(app_secret_file=missing), missing, "cannot be read", "permissions")
        empty = self.write("empty", "\n")
        self.assert_refused(self.arguments(app_secret_file=empty), empty, "is empty")
        exposed = self.write("exposed", "a secret\n")
        os.chmod(exposed, 0o640)
        self.assert_refused(
            self.arguments(app_secret_file=exposed), exposed, "mode 0640", "chmod 600")
        binary = self.write("binary", b"a\0b")
        self.assert_refused(self.arguments(app_secret_file=binary), binary, "NUL")

    def test_applications(self):
        self.assert_refused(self.arguments(app=None), "belong together")
        self.assert_refused(self.arguments(app_secret_file=None), "belong together")
        self.assert_refused(
            self.arguments(app=None, app_secret_file=None), "no application", "--keys")
        self.assert_refused(self.arguments(app=""), "application id")

    def test_key_files(self):
        missing = self.path("missing.keys")
        self.assert_refused(
            self.arguments(app=None, app_secret_file=None, keys=missing), missing, "[APP-ID]")
        empty = self.write("empty.keys", "[one]\n")
        self.assert_refused(
            self.arguments(app=None, app_secret_file=None, keys=empty), "[one]", "secret-file=")

    def test_public_keys(self):
        for argument in "demo", "demo:", ":file":
            self.assert_refused(
                self.arguments(app=None, app_secret_file=None, app_key=argument), "--app-key",
                argument)
        text = self.write("text", "no key")
        self.assert_refused(
            self.arguments(app=None, app_secret_file=None, app_key="demo:" + text), text, "P-256")
        keys = self.write("bad.keys", "[one]\nkey-file=text\n")
        self.assert_refused(
            self.arguments(app=None, app_secret_file=None, keys=keys), text, "P-256")

    def test_origins(self):
        for origin in "stats.example.org", "ftp://x", "https://x/path", "https://":
            self.assert_refused(self.arguments(origin=origin), "--origin", origin)

    def test_unknown_options(self):
        self.assert_refused([*self.arguments(), "--nonsense"], "nonsense")
        self.assert_refused([*self.arguments(), "nonsense"], "nonsense", "--help")
        self.assert_refused(self.arguments(max_connections="0"), "--max-connections")

    def test_mistyped_commands(self):
        self.assert_refused(["bakup", "--store", "sqlite:x"], '"bakup" is no command',
                            "app, import, migrate, retention, backup, check")

    def test_what_is_hardly_meant_is_told_in_the_log(self):
        self.write("keys", "[short]\nsecret=15-bytes-of-it!\n[good]\nsecret=16-bytes-of-it!!\n"
                   "read-token=page:" + hashlib.sha256(b"x").hexdigest() + "\n")
        self.write("hook-secret", "a secret of webhooks")
        for path in "keys", "hook-secret":
            os.chmod(self.path(path), 0o600)
        config = self.write("config", "[webhook ops]\nurl=https://127.0.0.1/\n"
                            "secret-file=hook-secret\napplications=good;nosuch\n")
        arguments = ["--listen", "127.0.0.1:0", "--store", "sqlite:" + self.path("calls.db"),
                     "--keys", self.path("keys"), "--config", config, "--behind-proxy"]
        with wire.Collector(self.folder, command=arguments) as collector:
            self.assertRegex(collector.wait_log("webhook-of-nothing"), "webhook=ops app=nosuch")
            log = collector.read_log()
            self.assertRegex(log, "event=no-origin .*--origin")
            self.assertRegex(log, "event=short-secret app=short ")
            self.assertNotIn("app=good", log)
            self.assertNotIn("bytes-of-it", log)
            self.assertEqual(log.count("level=warning"), 3, log)
            collector.process.send_signal(signal.SIGHUP)
            collector.wait_log("webhook-of-nothing", seen=1)
        with wire.Collector(self.folder, command=[
                *arguments, "--origin", "https://stats.example.org"]) as collector:
            collector.wait_log("webhook-of-nothing", seen=2)
            self.assertEqual(collector.read_log().count("no-origin"), 1)

    def test_help_and_version(self):
        done = self.run_with("--help")
        self.assertEqual(done.returncode, 0)
        for text in ("--app-key", "key-file=", "--listen", "--store", "--keys", "secret-file=",
                     "--origin", "--config", "CALLSTATS_COLLECTOR_", "  import "):
            self.assertIn(text, done.stdout)
        self.assertRegex(self.run_with("--version").stdout, r"^callstats-collector \d+\.\d+")

    def test_bad_values_in_a_configuration_file_are_refused_with_file_and_key(self):
        path = self.path("collector.conf")
        for line, texts in (("listn=127.0.0.1:1", ('"listn"', "--help")),
                            ("config=other.conf", ('"config"',)),
                            ("listen[de]=127.0.0.1:1", ('"listen[de]"',)),
                            ("listen=nonsense", ("listen", "nonsense", "127.0.0.1:8765")),
                            ("max-connections=many", ("max-connections", "many", "from 1 to")),
                            ("max-connections=0", ("max-connections", '"0"', "from 1 to")),
                            ("origin=https://a.example;nonsense", ("origin", '"nonsense"'))):
            self.write("collector.conf", "[collector]\n" + line + "\n")
            self.assert_refused([*self.arguments(listen=None), "--config", path], path, *texts)

    def test_configuration_files_of_another_form_are_refused(self):
        path = self.path("collector.conf")
        for content, texts in (("listen=127.0.0.1:1\n", ("[collector]",)),
                               ("[collectr]\n", ("[collectr]", "[collector]")),
                               (b"[collector]\nstore=\xff\xfe\n", ("UTF-8",))):
            self.write("collector.conf", content)
            self.assert_refused([*self.arguments(store=None), "--config", path], path, *texts)
        missing = self.path("missing.conf")
        self.assert_refused([*self.arguments(), "--config", missing], "--config", missing,
                            "[collector]")
        self.assert_refused(self.arguments(), "CALLSTATS_COLLECTOR_CONFIG", missing,
                            CALLSTATS_COLLECTOR_CONFIG=missing)

    def test_bad_values_in_the_environment_are_refused_with_their_name(self):
        self.assert_refused(self.arguments(), "CALLSTATS_COLLECTOR_MAX_CONNECTIONS", '"x"',
                            CALLSTATS_COLLECTOR_MAX_CONNECTIONS="x")
        self.assert_refused(self.arguments(listen=None), "CALLSTATS_COLLECTOR_LISTEN", "nonsense",
                            CALLSTATS_COLLECTOR_LISTEN="nonsense")


class Precedence(unittest.TestCase):
    """The command line goes before the environment, and that before the file."""

    HOSTS = ["file.example", "other.example", "environment.example", "flag.example"]

    def known_hosts(self, options=(), **environment):
        """Those of HOSTS that a collector with a file and more takes for its own."""
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "collector.conf")
            with open(path, "w", encoding="utf-8") as out:
                out.write("[collector]\n"
                          "origin=https://file.example; https://other.example\n")
            with wire.Collector(options=["--config", path, *options],
                                environment=environment) as collector:
                return [host for host in self.HOSTS
                        if collector.http("/healthz", headers={"Host": host})[0] == 200]

    def test_file(self):
        self.assertEqual(self.known_hosts(), ["file.example", "other.example"])

    def test_environment_goes_before_the_file(self):
        hosts = self.known_hosts(CALLSTATS_COLLECTOR_ORIGIN="https://environment.example")
        self.assertEqual(hosts, ["environment.example"])

    def test_command_line_goes_before_the_environment(self):
        hosts = self.known_hosts(["--origin", "https://flag.example"],
                                 CALLSTATS_COLLECTOR_ORIGIN="https://environment.example")
        self.assertEqual(hosts, ["flag.example"])

    def test_variables_that_are_no_options_are_not_looked_at(self):
        """As Kubernetes sets them for a service called callstats-collector."""
        self.known_hosts(CALLSTATS_COLLECTOR_PORT="tcp://10.0.0.1:8765")

    def test_all_in_a_file_with_paths_relative_to_it(self):
        with tempfile.TemporaryDirectory() as folder:
            wire.write_private(os.path.join(folder, "demo.secret"), wire.SECRET)
            path = os.path.join(folder, "collector.conf")
            with open(path, "w", encoding="utf-8") as out:
                out.write(f"[collector]\n# a comment\nlisten = 127.0.0.1:0\n"
                          f"store=sqlite:{folder}/calls.db\napp=demo\n"
                          "app-secret-file=demo.secret\nmax-connections=2\n")
            with wire.Collector(folder, command=["--config", path]) as collector:
                collector.connect().hello()


class Commands(unittest.TestCase):
    """They find the store where the collector does."""

    def run_command(self, *words, **environment):
        return subprocess.run([os.environ["CALLSTATS_COLLECTOR"], *words], text=True,
                              capture_output=True, timeout=wire.DEADLINE, check=False,
                              env={**os.environ, **environment})

    def test_store_by_file_and_environment(self):
        folder = wire.Collector.make_folder()
        with wire.Collector(folder) as collector:
            store = collector.store
        path = os.path.join(folder, "collector.conf")
        with open(path, "w", encoding="utf-8") as out:
            out.write(f"[collector]\nstore=sqlite:{store}\nmax-connections=5\nraw-days=30\n")
        empty = os.path.join(folder, "empty.jsonl")
        open(empty, "w", encoding="utf-8").close()
        for words in (["check"], ["migrate"], ["retention"], ["import", empty],
                      ["backup", os.path.join(folder, "copy.db")]):
            done = self.run_command(*words, "--config", path)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(self.run_command(*words).returncode, 2)
        done = self.run_command("check", CALLSTATS_COLLECTOR_STORE="sqlite:" + store)
        self.assertEqual(done.returncode, 0, done.stderr)
        done = self.run_command("check", "--store", "sqlite:" + os.path.join(folder, "copy.db"),
                                CALLSTATS_COLLECTOR_STORE="sqlite:/nowhere/calls.db")
        self.assertEqual(done.returncode, 0, done.stderr)


class Starting(unittest.TestCase):
    def test_several_applications_from_a_key_file(self):
        with tempfile.TemporaryDirectory() as folder:
            wire.write_private(os.path.join(folder, "two.secret"), "second\n")
            keys = os.path.join(folder, "keys")
            wire.write_private(
                keys, "[one]\nsecret=first\n\n[two]\nsecret-file=two.secret\n")
            with wire.Collector(options=["--keys", keys]) as collector:
                self.assertEqual(collector.get("apps")["apps"], ["demo", "one", "two"])
                audience = collector.audience
                for app, secret in ("one", "first"), ("two", "second"):
                    bearer = wire.token(audience, secret, app=app)
                    collector.connect(bearer=bearer).close()
                with self.assertRaises(wire.Refused):
                    collector.connect(bearer=wire.token(audience, "first", app="two"))

    def test_an_application_has_several_secrets_while_they_are_exchanged(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in "old", "new":
                wire.write_private(os.path.join(folder, name), name + " secret\n")
            keys = os.path.join(folder, "keys")
            wire.write_private(keys, "[demo]\nsecret-file=old;new\n")
            with wire.Collector(options=["--keys", keys]) as collector:
                for secret in wire.SECRET, "old secret", "new secret":
                    bearer = wire.token(collector.audience, secret)
                    collector.connect(bearer=bearer).close()
                with self.assertRaises(wire.Refused):
                    collector.connect(bearer=wire.token(collector.audience, "no secret"))

    def test_applications_do_not_see_each_other(self):
        with tempfile.TemporaryDirectory() as folder:
            keys = os.path.join(folder, "keys")
            wire.write_private(keys, "[other]\nsecret=x\n")
            with wire.Collector(options=["--keys", keys]) as collector:
                client = collector.connect()
                client.hello()
                client.store(wire.report("f", "c"))
                self.assertEqual(collector.get("apps", "other", "conferences")["conferences"], [])
                self.assertEqual(collector.http("/api/v1/apps/other/conferences/c")[0], 404)
                self.assertEqual(collector.http("/api/v1/apps/other/fabrics/f/reports")[0], 404)

    def test_listens_on_ipv6_loopback(self):
        try:
            with socket.socket(socket.AF_INET6) as probe:
                probe.bind(("::1", 0))
        except OSError:
            self.skipTest("no IPv6 loopback here")
        with wire.Collector(listen="[::1]:0") as collector:
            self.assertEqual(collector.host, "[::1]")
            self.assertEqual(collector.http("/healthz")[0], 200)


if __name__ == "__main__":
    unittest.main()
