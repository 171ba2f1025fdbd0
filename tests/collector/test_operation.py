# SPDX-License-Identifier: LGPL-2.1-or-later
"""What whoever runs a collector relies on: health and readiness, the service manager, the log,
a graceful stop, and what is installed beside the program."""
import hashlib
import io
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import unittest

import wire

INSTALL = os.environ.get("CALLSTATS_COLLECTOR_INSTALL") or os.path.join(
    os.path.dirname(os.path.abspath(__file__)), "..", "..", "src", "collector", "install")


def installed(name):
    return os.path.join(INSTALL, name)


class Readiness(unittest.TestCase):
    def wait_ready(self, collector, status):
        """Until it says so; it looks at its store once a second."""
        for _ in range(int(wire.DEADLINE)):
            got, headers, body = collector.http("/readyz")
            if got == status:
                return headers, body
            wire.pause(1)
        raise AssertionError(f"/readyz stays at {got}: {body}")

    def test_it_is_ready_once_it_listens(self):
        with wire.Collector() as collector:
            status, headers, body = collector.http("/readyz")
            self.assertEqual((status, body), (200, {"status": "ready"}))
            self.assertEqual(headers["Cache-Control"], "no-store")

    def test_a_store_that_takes_nothing_is_not_ready_until_it_does(self):
        """A file may not grow any more, as on a full disk; the log still may."""
        with wire.Collector() as collector:
            self.wait_ready(collector, 200)
            pid = collector.process.pid
            limits = resource.prlimit(pid, resource.RLIMIT_FSIZE, (2048, resource.RLIM_INFINITY))
            headers, body = self.wait_ready(collector, 503)
            self.assertEqual(body["error"]["code"], "store-failed")
            self.assertIn("Retry-After", headers)
            self.assertIn("event=not-ready", collector.read_log())
            self.assertEqual(collector.http("/healthz")[0], 200)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)
            self.wait_ready(collector, 200)
            self.assertEqual(collector.read_log().count("event=not-ready"), 1)
            self.assertIn("event=ready-again", collector.read_log())
            client = collector.connect()
            client.hello()
            client.store(wire.report())

    def test_asking_often_writes_little(self):
        with wire.Collector() as collector:
            self.wait_ready(collector, 200)
            wal = collector.store + "-wal"
            before = os.path.getsize(wal)
            for _ in range(200):
                self.assertEqual(collector.http("/readyz")[0], 200)
            self.assertLess(os.path.getsize(wal) - before, 100 * 4096)

    def test_it_is_not_ready_while_it_stops(self):
        with wire.Collector(options=["--move-to", "ws://127.0.0.1:1/"]) as collector:
            client = collector.connect()
            client.hello()
            collector.process.send_signal(signal.SIGTERM)
            client.receive("move")
            status, headers, body = collector.http("/readyz")
            self.assertEqual((status, body["error"]["code"]), (503, "stopping"))
            self.assertIn("Retry-After", headers)
            client.close()
            self.assertEqual(collector.process.wait(wire.DEADLINE), 0)


class ServiceManager(unittest.TestCase):
    """We are the one that started it: sd_notify(3)."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="collector-notify-")
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.socket.close)
        self.socket.settimeout(wire.DEADLINE)

    def next(self, *besides):
        """The next message that is none of these."""
        while True:
            message = self.socket.recv(4096).decode()
            if message not in besides:
                return message

    def run_through(self, address, **environment):
        self.socket.bind(address)
        name = address if isinstance(address, str) else "@" + address[1:].decode()
        with wire.Collector(environment={"NOTIFY_SOCKET": name, **environment}) as collector:
            self.assertEqual(self.next("WATCHDOG=1"), "READY=1")
            collector.process.send_signal(signal.SIGHUP)
            self.assertRegex(self.next("WATCHDOG=1"), r"^RELOADING=1\nMONOTONIC_USEC=\d+$")
            self.assertEqual(self.next("WATCHDOG=1"), "READY=1")
            collector.process.send_signal(signal.SIGTERM)
            self.assertEqual(self.next("WATCHDOG=1"), "STOPPING=1")
            self.assertEqual(collector.stop(), 0)

    def test_it_is_told_of_start_reload_and_stop(self):
        self.run_through(self.path)

    def test_its_socket_may_be_abstract(self):
        self.run_through(b"\0" + self.path.encode())

    def test_it_is_shown_that_the_collector_lives(self):
        self.socket.bind(self.path)
        with wire.Collector(environment={"NOTIFY_SOCKET": self.path, "WATCHDOG_USEC": "100000"}):
            for _ in range(5):
                self.assertEqual(self.next("READY=1"), "WATCHDOG=1")

    def test_the_watch_over_another_process_is_not_its_own(self):
        self.socket.bind(self.path)
        environment = {"NOTIFY_SOCKET": self.path, "WATCHDOG_USEC": "2000", "WATCHDOG_PID": "1"}
        with wire.Collector(environment=environment) as collector:
            self.assertEqual(self.next(), "READY=1")
            for _ in range(20):
                collector.http("/healthz")
            self.assertEqual(collector.stop(), 0)
        self.assertEqual(self.next(), "STOPPING=1")

    def test_without_one_nothing_happens(self):
        for name in "", "nonsense", "/nowhere/at/all", "/" + "x" * 200:
            with wire.Collector(environment={"NOTIFY_SOCKET": name}) as collector:
                self.assertEqual(collector.http("/healthz")[0], 200)


class Reloading(unittest.TestCase):
    def test_applications_are_read_again_and_connections_stay(self):
        folder = wire.Collector.make_folder()
        keys = os.path.join(folder, "keys")
        wire.write_private(keys, "[one]\nsecret=first\n")
        with wire.Collector(folder, options=["--keys", keys]) as collector:
            client = collector.connect()
            client.hello()
            wire.write_private(keys, "[one]\nsecret=first\n\n[two]\nsecret=second\n")
            collector.process.send_signal(signal.SIGHUP)
            collector.wait_log("applications-reloaded")
            bearer = wire.token(collector.audience, "second", app="two")
            collector.connect(bearer=bearer).hello()
            client.store(wire.report())

    def test_a_broken_file_leaves_what_was_there(self):
        folder = wire.Collector.make_folder()
        keys = os.path.join(folder, "keys")
        wire.write_private(keys, "[one]\nsecret=first\n")
        with wire.Collector(folder, options=["--keys", keys]) as collector:
            wire.write_private(keys, "[two]\nnonsense")
            collector.process.send_signal(signal.SIGHUP)
            self.assertIn(keys, collector.wait_log("reload-failed"))
            bearer = wire.token(collector.audience, "first", app="one")
            collector.connect(bearer=bearer).hello()


class Log(unittest.TestCase):
    SECRETS = {"secret": "a secret nobody may see", "other": "another of that kind",
               "read": "csr_" + "s" * 43, "wrong": "csr_" + "w" * 43,
               "cookie": "a-cookie-of-a-browser", "password": "of-a-proxy"}

    def use(self, collector):
        """What carries secrets, rightly and wrongly."""
        tokens = [wire.token(collector.audience, self.SECRETS["secret"], lifetime=lifetime, **more)
                  for lifetime, more in ((300, {}), (-300, {}), (300, {"app": "two"}),
                                         (300, {"user": "bob"}))]
        for token in [*tokens, "no.token.atall", tokens[0] + "x"]:
            try:
                client = collector.connect(bearer=token)
                client.hello()
                client.store(wire.report())
                client.send_json({"type": "token", "token": tokens[1]})
                client.wait_close()
            except wire.Refused:
                pass
        for name in "read", "wrong", "secret":
            for headers in ({"Authorization": "Bearer " + self.SECRETS[name]},
                            {"Cookie": "callstats-session=" + self.SECRETS["cookie"]},
                            {"Authorization": "Basic " + self.SECRETS["cookie"]},
                            {"Proxy-Authorization": self.SECRETS["password"]}):
                collector.http("/api/v1/apps", headers=headers)
                collector.http("/api/v1/apps/demo/conferences?token=" + tokens[0], headers=headers)
        for path in "/authenticate", "/login", "/api/v1/login", "/api/v1/session":
            collector.http(path, "POST", headers={"Authorization": "Bearer " + tokens[0]})
        return tokens

    def test_no_secret_appears_even_if_all_is_logged(self):
        folder = wire.Collector.make_folder()
        keys = os.path.join(folder, "keys")
        digest = hashlib.sha256(self.SECRETS["read"].encode()).hexdigest()
        wire.write_private(keys, f"[two]\nsecret={self.SECRETS['other']}\n\n"
                                 f"[*]\nread-token=all:{digest}\n")
        everything = {"G_MESSAGES_DEBUG": "all", "SOUP_DEBUG": "all"}
        collector = wire.Collector(folder, options=["--keys", keys], environment=everything,
                                   secret=self.SECRETS["secret"])
        printed = []
        output = collector.process.stdout
        reader = threading.Thread(target=printed.extend, args=(output,))
        reader.start()
        collector.process.stdout = io.StringIO()  # the reader has it now
        tokens = self.use(collector)
        collector.process.send_signal(signal.SIGHUP)
        collector.wait_log("applications-reloaded")
        wire.write_private(keys, f"[two]\nsecret={self.SECRETS['other']}\nnonsense")
        collector.process.send_signal(signal.SIGHUP)
        collector.wait_log("reload-failed")
        self.assertEqual(collector.stop(), 0)
        reader.join(wire.DEADLINE)
        output.close()
        log = collector.read_log() + "".join(printed)
        self.assertIn("event=client-refused", log)
        self.assertIn("DEBUG", log)  # all is logged
        for secret in [*self.SECRETS.values(), *tokens, digest]:
            self.assertNotIn(secret, log)
        for token in tokens:  # nor a part of one that could be used
            self.assertNotIn(token.split(".")[2], log)

    def test_a_line_is_an_event_whatever_a_client_is_called(self):
        with wire.Collector() as collector:
            user = 'x level=info event=forged\nevent=forged app="y"'
            client = collector.connect(user=user)
            client.hello()
            self.assertEqual(client.bye().code, 1000)
            collector.wait_log("client-closed")
            for line in collector.read_log().splitlines():
                self.assertRegex(line, r"^\d{4}-\d\d-\d\dT[\d:.]+Z level=\w+ event=[\w-]+( |$)")
                self.assertNotRegex(line, r"^\S+ level=\w+ event=forged")


class Stopping(unittest.TestCase):
    def filled(self, collector, reports=200):
        """A fabric whose reports are more than a socket holds."""
        client = collector.connect()
        client.hello()
        filler = {f"member{i}": os.urandom(16).hex() for i in range(600)}
        for _ in range(reports // 2):
            client.store(*[wire.report("f", "c", **filler)] * 2)
        client.close()

    def test_an_answer_that_is_under_way_is_finished(self):
        with wire.Collector() as collector:
            self.filled(collector)
            slow = wire.Socket(collector)
            slow.send(b"GET /api/v1/apps/demo/fabrics/f/reports HTTP/1.0\r\n"
                      b"Host: localhost\r\n\r\n")
            self.assertIn(" 200 ", slow.read_head())
            collector.process.send_signal(signal.SIGTERM)
            collector.wait_log("stopping")
            body = slow.buffer
            while data := slow.socket.recv(1 << 20):
                body += data
            self.assertEqual(body.count(b'"time"'), 200)
            self.assertTrue(body.rstrip().endswith(b"}"))
            self.assertEqual(collector.process.wait(wire.DEADLINE), 0)

    def test_a_reader_that_does_not_read_does_not_keep_it(self):
        with wire.Collector() as collector:
            self.filled(collector)
            stuck = wire.Socket(collector)
            stuck.send(b"GET /api/v1/apps/demo/fabrics/f/reports HTTP/1.1\r\n"
                       b"Host: localhost\r\n\r\n")
            stuck.read_head()
            self.assertEqual(collector.stop(), 0)

    def test_a_second_signal_does_not_wait_for_answers(self):
        """While queries are read and the store is tried."""
        with wire.Collector() as collector:
            self.filled(collector)
            for path in "/readyz", "/metrics", "/api/v1/apps/demo/fabrics/f/reports":
                for _ in range(30):
                    asking = wire.Socket(collector)
                    asking.send(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            asking.read_head()
            for number in signal.SIGTERM, signal.SIGINT:
                collector.process.send_signal(number)
            self.assertEqual(collector.process.wait(wire.DEADLINE), 0, collector.read_log())

    def test_a_request_that_comes_too_late_is_told_when_to_come_back(self):
        with wire.Collector() as collector:
            stubborn = collector.connect()  # keeps it from ending at once
            stubborn.hello()
            late = wire.Socket(collector)
            late.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n")
            collector.http("/healthz")  # so that the connection is accepted
            collector.process.send_signal(signal.SIGTERM)
            collector.wait_log("client-closed")
            late.send(b"\r\n")
            head = late.read_head()
            self.assertIn(" 503 ", head)
            self.assertIn("Retry-After: ", head)
            late.close()
            stubborn.close()
            self.assertEqual(collector.process.wait(wire.DEADLINE), 0)


class Installed(unittest.TestCase):
    def help(self):
        done = subprocess.run([os.environ["CALLSTATS_COLLECTOR"], "--help"], text=True,
                              capture_output=True, timeout=wire.DEADLINE, check=True)
        return done.stdout

    def options(self):
        return set(re.findall(r"^  (?:-h, )?--([\w-]+)", self.help(), re.MULTILINE))

    def test_the_manual_has_every_option_and_command(self):
        with open(installed("callstats-collector.1"), encoding="utf-8") as page:
            text = page.read()
        self.assertEqual(set(re.findall(r"^\.It Fl -([\w-]+)", text, re.MULTILINE)),
                         self.options())
        commands = re.findall(r"^  (\w+) {2,}\S", self.help().partition("Commands;")[2],
                              re.MULTILINE)
        self.assertEqual(set(re.findall(r"^\.It Cm (\w+)", text, re.MULTILINE)), set(commands))

    def test_the_manual_is_without_fault(self):
        if shutil.which("groff") is None:
            self.skipTest("no groff here")
        done = subprocess.run(["groff", "-mdoc", "-ww", "-z", "-Tutf8",
                               installed("callstats-collector.1")], text=True,
                              capture_output=True, timeout=wire.DEADLINE, check=True)
        self.assertEqual((done.stdout, done.stderr), ("", ""))

    def test_the_example_of_a_configuration_file(self):
        """Every option is in it, as its help has it, and it can be used."""
        with open(installed("collector.conf"), encoding="utf-8") as example:
            text = example.read()
        keys = dict(re.findall(r"^#?([\w-]+)=(.*)$", text, re.MULTILINE))
        self.assertEqual(set(keys), self.options() - {"config", "help", "version"})
        for name, value in keys.items():
            default = re.search(rf"--{name}=\S+ .*\((\S+)\)$", self.help(), re.MULTILINE)
            if default is not None:
                self.assertIn(f"\n#{name}={default.group(1)}\n", text.replace(
                    "\nlisten=127.0.0.1:8765\n", "\n#listen=127.0.0.1:8765\n"))
        folder = wire.Collector.make_folder()
        keys = os.path.join(folder, "keys")
        wire.write_private(keys, f"[demo]\nsecret={wire.SECRET}\n")
        path = os.path.join(folder, "collector.conf")
        with open(path, "w", encoding="utf-8") as out:
            out.write(text.replace("/var/lib/callstats-collector/", "").replace(
                "sqlite:", f"sqlite:{folder}/").replace(":8765\n", ":0\n"))
        with wire.Collector(folder, command=["--config", path]) as collector:
            collector.connect().hello()

    def unit(self, folder):
        """The unit, with the program that was built."""
        with open(installed("callstats-collector.service.in"), encoding="utf-8") as unit:
            text = unit.read()
        text = text.replace("@bindir@", os.path.dirname(os.environ["CALLSTATS_COLLECTOR"]))
        path = os.path.join(folder, "callstats-collector.service")
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
        return path

    def analyze(self, *words):
        if shutil.which("systemd-analyze") is None:
            self.skipTest("no systemd here")
        with tempfile.TemporaryDirectory() as folder:
            return subprocess.run(["systemd-analyze", "--no-pager", *words, self.unit(folder)],
                                  text=True, capture_output=True, timeout=60, check=False)

    def test_the_unit_is_understood(self):
        done = self.analyze("--man=no", "verify")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_the_unit_keeps_the_collector_in_a_sandbox(self):
        """At most 2.0 of 10 by the count of systemd-analyze."""
        done = self.analyze("security", "--offline=true", "--threshold=20")
        self.assertIn("Overall exposure level", done.stdout + done.stderr)
        self.assertEqual(done.returncode, 0, done.stdout[-300:] + done.stderr)


if __name__ == "__main__":
    unittest.main()
