# SPDX-License-Identifier: LGPL-2.1-or-later
"""By which proxy a client goes, where it does not go, and what nobody gets to see."""

import base64
import os
import secrets

import harness
from harness import APP, Call, wait_until
from way import EVERYTHING, Way, clean_environment
from wayside import ConnectProxy, Redirector, Silent, openssl

HOST = "stats.example.org"  # never looked up: the proxies do that


class Proxies(Way):
    PASSWORD = "pass%word:" + secrets.token_hex(8)

    def proxied(self):
        relay = self.relay("DNS:" + HOST, origin="https://" + HOST)
        proxy = self.start(ConnectProxy(relay.port, "user:" + self.PASSWORD))
        return relay, proxy

    def address(self, proxy, password=None):
        word = (password or self.PASSWORD).replace("%", "%25").replace(":", "%3A")
        return f"http://user:{word}@127.0.0.1:{proxy.port}"

    def assert_hidden(self, reporter, *words):
        reporter.stop()
        text = "".join(reporter.output + reporter.log)
        for word in words:
            self.assertFalse(word in text, word)
            self.assertFalse(base64.b64encode(("user:" + word).encode()).decode() in text, word)
        return text

    def test_the_environment_leads_through_a_proxy_that_wants_a_password(self):
        _, proxy = self.proxied()
        reporter = self.report(f"wss://{HOST}/", {"https_proxy": self.address(proxy), **EVERYTHING})
        self.assert_stored(reporter)
        self.assertTrue(proxy.heads[0].startswith(f"CONNECT {HOST}:443 HTTP/1."), proxy.heads)
        self.assertNotIn("Bearer", "".join(proxy.heads))
        self.assert_hidden(reporter, self.PASSWORD, self.PASSWORD.replace("%", "%25"),
                           self.PASSWORD.partition(":")[2])

    def test_a_wrong_password_is_told_without_it(self):
        relay, proxy = self.proxied()
        wrong = "wrong-" + secrets.token_hex(8)
        reporter = self.report(f"wss://{HOST}/", {"https_proxy": self.address(proxy, wrong), **EVERYTHING})
        self.assertIn("is tried again", reporter.wait_for("warning"))
        wait_until(lambda: proxy.accepted >= 2, 30, "another try")
        self.assertEqual(relay.accepted, 0)
        self.assert_hidden(reporter, wrong)

    def test_a_proxy_that_is_none_is_told_without_its_password(self):
        for address in "http://user:%zz@127.0.0.1:1", "ftp://user:hidden@127.0.0.1:1", "http://":
            with self.subTest(address):
                reporter = self.report(f"wss://{HOST}/", {"https_proxy": address, **EVERYTHING})
                self.assertIn("https_proxy", reporter.wait_for("warning"))
                text = self.assert_hidden(reporter, "hidden", "%zz")
                self.assertIn("https_proxy", text)

    def test_what_is_on_this_machine_needs_none(self):
        relay = self.relay("IP:127.0.0.1")
        proxy = self.start(Silent())
        reporter = self.report(f"wss://127.0.0.1:{relay.port}/", {
            name: f"http://127.0.0.1:{proxy.port}" for name in ("http_proxy", "https_proxy", "all_proxy")})
        self.assert_stored(reporter)
        self.assertEqual(proxy.accepted, 0)

    def test_plain_text_is_tunnelled_too(self):
        self.collector = self.collect(f"http://{HOST}")
        proxy = self.start(ConnectProxy(self.collector.port))
        reporter = self.report(f"ws://{HOST}/", {"http_proxy": f"127.0.0.1:{proxy.port}"},
                               allow_plaintext="true")
        self.assert_stored(reporter)
        self.assertTrue(proxy.heads[0].startswith(f"CONNECT {HOST}:80 HTTP/1."), proxy.heads)


class Redirects(Way):
    def test_are_not_followed(self):
        for status in 301, 302, 303, 307, 308:
            with self.subTest(status):
                other = self.start(Silent())
                server = self.start(Redirector(status, f"ws://127.0.0.1:{other.port}/v1/stream"))
                reporter = self.report(f"ws://127.0.0.1:{server.port}/")
                self.assertIn(f"answered {status}", reporter.wait_for("warning"))
                wait_until(lambda: server.accepted >= 2, 30, "another try")
                self.assertEqual(other.accepted, 0)
                self.assertIn("Authorization: Bearer ", server.heads[0])
                reporter.stop()


class Secrets(Way):
    """Not even where everything is logged."""

    PASSWORD = secrets.token_hex(16)

    def run_monitor(self, backend, environment, relay, said="callstatsmon"):
        words = ["callstatsmon", "backend-url=" + backend, "app-id=" + APP, "user-id=alice",
                 "conference-id=way", "ca-file=" + self.certificates.path("ca.pem")]
        call = Call(words, options=["-v", "-m"], environment=clean_environment(**{
            **EVERYTHING, "GST_DEBUG_NO_COLOR": "1", **environment}))
        self.addCleanup(call.__exit__)
        call.start()
        wait_until(lambda: relay.heads and any(said in line for line in call.output), 50, said)
        self.assertEqual(call.stop(30), 0)
        tokens = [head.partition("Bearer ")[2].split("\r")[0] for head in relay.heads]
        return "\n".join(call.output), tokens

    def assert_hidden(self, text, *words):
        self.assertTrue("callstatsmon" in text)  # not assertIn: that would show all of it
        for word in ("Bearer ey", *words):
            self.assertFalse(word in text, word)

    def test_a_secret_its_tokens_and_the_proxys_password(self):
        relay = self.relay("DNS:" + HOST, origin="https://" + HOST)
        proxy = self.start(ConnectProxy(relay.port, "user:" + self.PASSWORD))
        with open(self.secret_file, encoding="utf-8") as file:
            secret = file.read().strip()
        text, tokens = self.run_monitor(f"wss://{HOST}/", {
            "CALLSTATS_APP_SECRET": secret,
            "https_proxy": f"http://user:{self.PASSWORD}@127.0.0.1:{proxy.port}"}, relay)
        self.assert_hidden(text, secret, self.PASSWORD, *tokens)

    def test_a_key_and_its_tokens(self):
        relay = self.relay("IP:127.0.0.1")
        openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "key",
                folder=self.folder)
        key = os.path.join(self.folder, "key")
        with open(key, encoding="utf-8") as file:
            lines = file.read().split("\n")[1:-2]
        text, tokens = self.run_monitor(f"wss://127.0.0.1:{relay.port}/",
                                        {"CALLSTATS_APP_KEY_FILE": key}, relay,
                                        "refused application")
        self.assertEqual(len(set(tokens)), 3)
        self.assert_hidden(text, *lines, *tokens)

    def test_a_token_of_the_applications_that_is_refused(self):
        relay = self.relay("IP:127.0.0.1")
        claims = base64.urlsafe_b64encode(b'{"appID":"%s"}' % APP.encode()).decode().rstrip("=")
        token = f"eyJhbGciOiJIUzI1NiJ9.{claims}.{secrets.token_urlsafe(32)}"
        text, tokens = self.run_monitor(f"wss://127.0.0.1:{relay.port}/",
                                        {"CALLSTATS_TOKEN": token}, relay, "callstats-need-token")
        self.assertEqual(set(tokens), {token})
        self.assert_hidden(text, token, token.split(".")[2])

    def test_cannot_be_read(self):
        relay = self.relay("IP:127.0.0.1")
        reporter = self.report(f"wss://127.0.0.1:{relay.port}/", app_secret="never", token="seen")
        for number, name in enumerate(("app-secret", "token"), 1):
            reporter.tell("get " + name)
            self.assertEqual(reporter.wait_for("get", number), name + " cannot be read")


if __name__ == "__main__":
    harness.main()
