# SPDX-License-Identifier: LGPL-2.1-or-later
"""TLS: what it is served with, from which version on, exchanged in mid-call, and whom it lets
wait for how long."""
import hashlib
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import unittest
import warnings

import wire

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "end-to-end"))
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "rest"))
import callstats  # pylint: disable=wrong-import-position
from wayside import Certificates, openssl  # pylint: disable=wrong-import-position

READ_TOKEN = "csr_" + "r" * 43


class Tls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.mkdtemp(prefix="collector-tls-")
        cls.addClassCleanup(shutil.rmtree, folder)
        cls.certificates = Certificates(folder)
        cls.certificates.make("server", "IP:127.0.0.1")

    def path(self, name):
        return self.certificates.path(name)

    def options(self, certificate="server.pem", key="server.key"):
        return ["--tls-certificate", self.path(certificate), "--tls-key", self.path(key)]

    def collector(self, *options, certificate="server.pem", key="server.key", **keywords):
        return wire.Collector(options=[*self.options(certificate, key), *options],
                              trust=self.path("ca.pem"), **keywords)

    def refused(self, *options):
        with tempfile.TemporaryDirectory() as folder:
            return wire.refused(folder, *options)

    def serial(self, collector):
        """Of the certificate that a new connection gets."""
        pem = ssl.get_server_certificate((collector.host, collector.port))
        done = subprocess.run(["openssl", "x509", "-noout", "-serial"], input=pem, text=True,
                              capture_output=True, check=True, timeout=wire.DEADLINE)
        return done.stdout


class Serving(Tls):
    def test_requests_and_streams(self):
        with self.collector() as collector:
            self.assertEqual(collector.scheme, "https")
            self.assertEqual(collector.http("/healthz")[0], 200)
            client = collector.connect()
            client.hello()
            client.store(*wire.call(1700000000000))
            detail = collector.get("apps", "demo", "conferences", "c1")
            self.assertEqual(len(detail["fabrics"]), 1)
            self.assertEqual(client.bye().code, 1000)

    def test_a_key_that_others_may_read_is_warned_of(self):
        key = self.path("exposed.key")
        shutil.copyfile(self.path("server.key"), key)
        for mode, warned in (0o600, False), (0o640, True), (0o604, True):
            os.chmod(key, mode)
            with self.subTest(mode), self.collector(key="exposed.key") as collector:
                self.assertEqual(f"mode={mode:04o}" in collector.read_log(), warned)

    def test_large_answers_come_whole(self):
        with self.collector() as collector:
            client = collector.connect()
            client.hello()
            filler = {f"member{i}": "x" * 500 for i in range(80)}
            for _ in range(20):
                client.store(wire.report("f", "c", **filler))
            answer = collector.get("apps", "demo", "fabrics", "f", "reports")
            self.assertEqual(len(answer["reports"]), 20)
            self.assertEqual(answer["reports"][0]["stats"]["T1"]["member79"], "x" * 500)

    def test_plain_text_is_not_answered(self):
        with self.collector() as collector:
            with socket.create_connection((collector.host, collector.port), wire.DEADLINE) as plain:
                plain.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                answer = b""
                try:
                    while data := plain.recv(4096):
                        answer += data
                except ConnectionResetError:
                    pass
            self.assertNotIn(b"HTTP/", answer)
            self.assertEqual(collector.http("/healthz")[0], 200)
            self.assertIn("event=tls-failed", collector.read_log())

    def served(self, collector, version):
        """Whether a client of this version alone gets an answer."""
        context = ssl.create_default_context(cafile=self.path("ca.pem"))
        context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = context.maximum_version = version
        try:
            with socket.create_connection((collector.host, collector.port), wire.DEADLINE) as plain:
                with context.wrap_socket(plain, server_hostname="127.0.0.1") as tls:
                    tls.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                    return tls.recv(4096).startswith(b"HTTP/1.1 200")
        except (ssl.SSLError, ConnectionError):
            return False

    def test_versions_from_1_2_on(self):
        """Also where the system's settings would allow older ones."""
        for environment in {}, {"G_TLS_GNUTLS_PRIORITY": "NORMAL:+VERS-TLS1.1:+VERS-TLS1.0"}:
            with self.collector(environment=environment) as collector:
                self.assertTrue(self.served(collector, ssl.TLSVersion.TLSv1_3))
                self.assertTrue(self.served(collector, ssl.TLSVersion.TLSv1_2))
                self.assertFalse(self.served(collector, ssl.TLSVersion.TLSv1_1))
                self.assertFalse(self.served(collector, ssl.TLSVersion.TLSv1))

    def test_a_chain_is_sent_whole(self):
        folder = self.certificates.folder
        with open(self.path("middle.ext"), "w", encoding="utf-8") as out:
            out.write("basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign\n")
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                "middle.key", "-out", "middle.csr", "-subj", "/CN=middle", folder=folder)
        openssl("x509", "-req", "-in", "middle.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                "-CAcreateserial", "-days", "2", "-extfile", "middle.ext", "-out", "middle.pem",
                folder=folder)
        self.certificates.make("leaf", "IP:127.0.0.1", "middle")
        with open(self.path("chain.pem"), "w", encoding="utf-8") as out:
            for name in "leaf.pem", "middle.pem":
                with open(self.path(name), encoding="utf-8") as part:
                    out.write(part.read())
        with self.collector(certificate="chain.pem", key="leaf.key") as collector:
            self.assertEqual(collector.http("/healthz")[0], 200)


class Reloading(Tls):
    def reload(self, collector, *events):
        """Sends SIGHUP and waits for what the log says of it."""
        collector.process.send_signal(signal.SIGHUP)
        return collector.wait_log(*events)

    def test_a_certificate_is_exchanged_and_connections_stay(self):
        self.certificates.make("current", "IP:127.0.0.1")
        with self.collector(certificate="current.pem", key="current.key") as collector:
            client = collector.connect()
            client.hello()
            before = self.serial(collector)
            self.certificates.make("current", "IP:127.0.0.1")
            self.assertEqual(self.serial(collector), before)
            self.reload(collector, "certificate-reloaded")
            self.assertNotEqual(self.serial(collector), before)
            client.store(wire.report())
            collector.connect(user="bob").hello()

    def test_what_cannot_be_read_leaves_what_was_there(self):
        self.certificates.make("torn", "IP:127.0.0.1")
        with self.collector(certificate="torn.pem", key="torn.key") as collector:
            before = self.serial(collector)
            with open(self.path("torn.pem"), "w", encoding="utf-8") as out:
                out.write("-----BEGIN CERTIFICATE-----\n")
            line = self.reload(collector, "reload-failed")
            self.assertIn(self.path("torn.pem"), line)
            self.assertEqual(self.serial(collector), before)
            self.certificates.make("torn", "IP:127.0.0.1")
            self.reload(collector, "certificate-reloaded")
            self.assertNotEqual(self.serial(collector), before)

    def test_a_certificate_that_ends_soon_is_warned_of(self):
        with self.collector() as collector:  # they have two days
            self.assertIn("event=certificate-expires", collector.read_log())


class Refusing(Tls):
    def test_both_files_are_needed(self):
        for option in "--tls-certificate", "--tls-key":
            self.assertIn("belong together", self.refused(option, self.path("server.pem")))

    def test_files_that_are_none(self):
        with open(self.path("text"), "w", encoding="utf-8") as out:
            out.write("no certificate\n")
        missing = self.path("missing.pem")
        for certificate, key, words in ((missing, "server.key", (missing, "cannot be read")),
                                        ("server.pem", missing, (missing, "cannot be read")),
                                        ("text", "server.key", ("text", "PEM")),
                                        ("server.pem", "text", ("text", "private key"))):
            said = self.refused(*self.options(certificate, key))
            for word in words:
                self.assertIn(word, said)

    def test_a_key_with_a_passphrase(self):
        openssl("ec", "-in", "server.key", "-aes128", "-passout", "pass:x", "-out", "locked.key",
                folder=self.certificates.folder)
        said = self.refused(*self.options(key="locked.key"))
        self.assertIn("passphrase", said)

    def test_a_key_of_another_certificate(self):
        self.certificates.make("other", "IP:127.0.0.1")
        said = self.refused(*self.options(key="other.key"))
        self.assertIn("does not belong", said)
        self.assertIn("other.key", said)


class BeyondLoopback(Tls):
    """0.0.0.0 stands for all that is beyond; nothing there leaves the machine."""

    def keys(self):
        """A key file with a token for reading all."""
        path = self.path("collector.keys")
        digest = hashlib.sha256(READ_TOKEN.encode()).hexdigest()
        wire.write_private(path, f"[*]\nread-token=all:{digest}\n")
        return ["--keys", path]

    def test_without_tls_it_is_refused(self):
        said = self.refused("--listen", "0.0.0.0:0", *self.keys())
        for word in "0.0.0.0:0", "beyond loopback", "--tls-certificate", "--behind-proxy":
            self.assertIn(word, said)

    def test_without_read_tokens_it_is_refused(self):
        for options in (["--listen", "0.0.0.0:0", *self.options()],
                        ["--listen", "0.0.0.0:0", "--behind-proxy"], ["--behind-proxy"]):
            self.assertIn("reading needs a token", self.refused(*options))

    def test_with_both_it_is_served(self):
        with self.collector("--origin", "https://127.0.0.1:1", *self.keys(),
                            listen="0.0.0.0:0") as collector:
            collector.host = "127.0.0.1"
            self.assertEqual(collector.http("/api/v1/apps")[0], 401)
            status, _, body = collector.http(
                "/api/v1/apps", headers={"Authorization": "Bearer " + READ_TOKEN})
            self.assertEqual((status, body["apps"]), (200, ["demo"]))
            collector.connect().hello()

    def test_behind_a_proxy_plain_text_is_served(self):
        with wire.Collector(options=["--behind-proxy", "--origin", "https://stats.example.org",
                                     *self.keys()], listen="0.0.0.0:0") as collector:
            collector.host = "127.0.0.1"
            headers = {"Host": "stats.example.org"}
            self.assertEqual(collector.http("/healthz", headers=headers)[0], 200)
            self.assertEqual(collector.http("/api/v1/apps", headers=headers)[0], 401)
            bearer = wire.token("wss://stats.example.org")
            collector.connect(bearer=bearer).hello()


class Proxies(Tls):
    """Who a client is, a refused one, in the log."""

    def peer(self, *options, headers=()):
        with wire.Collector(options=[*options]) as collector:
            with self.assertRaises(wire.Refused):
                collector.connect(bearer="no.token.x", headers=headers)
            return re.search("peer=(\\S+)", collector.wait_log("client-refused")).group(1)

    def test_without_a_proxy_nobody_says_who_he_is(self):
        self.assertEqual(self.peer(headers=["X-Forwarded-For: 192.0.2.1"]), "127.0.0.1")

    def test_the_proxy_says_who_its_client_is(self):
        """What the client said itself stands before."""
        keys = BeyondLoopback.keys(self)
        for headers, peer in (
                (["X-Forwarded-For: 192.0.2.1"], "192.0.2.1"),
                (["X-Forwarded-For: 198.51.100.7, 192.0.2.1"], "192.0.2.1"),
                (["X-Forwarded-For: 198.51.100.7", "X-Forwarded-For: 2001:db8::1"], "2001:db8::1"),
                (["X-Forwarded-For: nonsense"], "127.0.0.1"),
                (["X-Forwarded-For: 192.0.2.1,"], "127.0.0.1"),
                ([], "127.0.0.1")):
            with self.subTest(headers):
                self.assertEqual(self.peer("--behind-proxy", *keys, headers=headers), peer)


    def test_those_of_the_rest_api_come_by_proxies_too(self):
        keys = BeyondLoopback.keys(self)
        with wire.Collector(options=["--behind-proxy", *keys]) as collector:
            client = callstats.Client(collector)
            status = client.ask_token(code="no.token.x",
                                      headers={"X-Forwarded-For": "192.0.2.1"})[0]
            self.assertEqual(status, 400)
            self.assertIn(" peer=192.0.2.1", collector.wait_log("client-refused"))


class Schemes(Tls):
    """The address that clients of callstats' REST API are told to go on with."""

    def told(self, collector, host, *headers):
        client = callstats.Client(collector)
        client.token = None
        status, _, body = client.ask_token(headers={"Host": host, **dict(headers)})
        self.assertEqual(status, 200, body)
        return set(body["metadata"]["urls"].values())

    def test_a_proxy_says_whether_its_client_came_by_tls(self):
        keys = BeyondLoopback.keys(self)
        proto = "X-Forwarded-Proto"
        with wire.Collector(options=["--behind-proxy", *keys]) as collector:
            for headers, scheme in (([(proto, "https")], "https"), ([(proto, "http")], "http"),
                                    ([(proto, "https, http")], "http"), ([], "http")):
                for url in self.told(collector, "localhost:1", *headers):
                    self.assertTrue(url.startswith(scheme + "://localhost:1"), (headers, url))
        with wire.Collector() as collector:
            for url in self.told(collector, "localhost:1", (proto, "https")):
                self.assertTrue(url.startswith("http://localhost:1"), url)


class Limits(Tls):
    def test_who_does_not_shake_hands_is_dropped(self):
        with self.collector() as collector:
            with socket.create_connection((collector.host, collector.port), wire.DEADLINE) as mute:
                self.assertEqual(mute.recv(1), b"")
            self.assertEqual(collector.http("/healthz")[0], 200)

    def test_connections_past_the_limit_hear_why(self):
        with self.collector("--max-connections", "2") as collector:
            held = [collector.connect(user=str(i)) for i in range(2)]
            with self.assertRaises(wire.Refused) as caught:
                collector.connect()
            self.assertEqual(caught.exception.status, 503)
            self.assertIn("retry-after", caught.exception.headers)
            held[0].hello()


if __name__ == "__main__":
    unittest.main()
