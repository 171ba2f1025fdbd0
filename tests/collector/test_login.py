# SPDX-License-Identifier: LGPL-2.1-or-later
"""The login of the page: what its cookie opens, and to whom it is given."""
import hashlib
import http.cookies
import json
import os
import re
import signal
import unittest

import wire

TOKEN = "csr_" + "d" * 43
OTHER = "csr_" + "o" * 43
LIST = "/api/v1/apps/demo/conferences"


def key_file(folder, text):
    path = os.path.join(folder, "keys")
    wire.write_private(path, text)
    return path


def line(label, token):
    return f"read-token={label}:{hashlib.sha256(token.encode()).hexdigest()}\n"


KEYS = f"[demo]\n{line('page', TOKEN)}[other]\nsecret=x\n{line('page', OTHER)}"


class Base(unittest.TestCase):
    options = ()

    def setUp(self):
        folder = wire.Collector.make_folder()
        self.keys = key_file(folder, KEYS)
        self.collector = wire.Collector(folder, options=["--keys", self.keys, *self.options])
        self.addCleanup(self.collector.finish)
        self.origin = f"http://127.0.0.1:{self.collector.port}"

    def post(self, path="/api/v1/login", token=TOKEN, body=None, **headers):
        headers = {"Content-Type": "application/json", "Origin": self.origin,
                   **{name.replace("_", "-"): value for name, value in headers.items()}}
        data = json.dumps({"token": token}).encode() if body is None else body
        return self.collector.http(path, "POST", {name: value for name, value in headers.items()
                                                  if value is not None}, data)

    def cookie(self, headers):
        """The one that is set."""
        cookies = http.cookies.SimpleCookie(headers["Set-Cookie"])
        self.assertEqual(len(cookies), 1)
        return next(iter(cookies.values()))

    def log_in(self, **options):
        """Returns the headers with the cookie that it gave."""
        status, headers, body = self.post(**options)
        self.assertEqual(status, 200, body)
        cookie = self.cookie(headers)
        return {"Cookie": f"{cookie.key}={cookie.value}"}

    def get(self, headers, path=LIST, method="GET"):
        return self.collector.http(path, method, headers)[0]

    def assert_refused(self, answer, status, code):
        got, headers, body = answer
        self.assertEqual((got, body["error"]["code"]), (status, code))
        self.assertIsNone(headers["Set-Cookie"])
        return headers


class Login(Base):
    def test_the_cookie_reads_what_its_token_reads(self):
        headers = self.log_in()
        self.assertEqual(self.get(headers), 200)
        self.assertEqual(self.get(headers, method="HEAD"), 200)
        self.assertEqual(self.get({"Cookie": f"a=b; {headers['Cookie']}; c=d"}), 200)
        self.assertEqual(self.get(headers, "/api/v1/apps/other/conferences"), 403)
        self.assertEqual(self.collector.http("/api/v1/apps", headers=headers)[2]["apps"], ["demo"])

    def test_the_cookie_is_for_no_script_and_no_other_site(self):
        cookie = self.cookie(self.post()[1])
        self.assertEqual((cookie.key, cookie["path"], cookie["samesite"], cookie["domain"]),
                         ("callstats", "/", "Strict", ""))
        self.assertTrue(cookie["httponly"])
        self.assertFalse(cookie["secure"])
        self.assertEqual(cookie["max-age"], str(12 * 60 * 60))
        self.assertRegex(cookie.value, r"^[\w-]{43}$")
        self.assertNotIn(cookie.value, TOKEN)

    def test_logging_out_ends_the_session(self):
        first, second = self.log_in(), self.log_in()
        status, headers, _ = self.post("/api/v1/logout", body=b"", **first)
        self.assertEqual((status, self.cookie(headers)["max-age"]), (200, "0"))
        self.assertEqual((self.get(first), self.get(second)), (401, 200))

    def test_a_session_ends_with_its_token(self):
        headers = self.log_in()
        wire.write_private(self.keys, "[demo]\n" + line("page", OTHER))
        self.collector.process.send_signal(signal.SIGHUP)
        self.collector.wait_log("applications-reloaded")
        self.assertEqual(self.get(headers), 401)

    def test_cookies_that_are_none(self):
        real = self.log_in()["Cookie"]
        for cookie in ("callstats=", "callstats", "callstats=x", real[:-1], real + "x",
                       real.replace("callstats=", "callstats2="), "callstats=" + TOKEN):
            self.assertEqual(self.get({"Cookie": cookie}), 401, cookie)

    def test_a_bad_token_beside_a_good_cookie_is_refused(self):
        self.assertEqual(self.get({**self.log_in(), "Authorization": "Bearer x"}), 401)

    def test_the_cookie_writes_nothing(self):
        headers = self.log_in()
        value = headers["Cookie"].split("=")[1]
        for bearer in value, "":
            with self.assertRaises(wire.Refused) as caught:
                self.collector.connect(bearer=bearer, headers=["Cookie: " + headers["Cookie"]])
            self.assertEqual(caught.exception.status, 401)

    def test_what_is_no_read_token_is_refused(self):
        for token in "", "x", TOKEN[:-1], wire.SECRET, wire.token(self.collector.audience):
            self.assert_refused(self.post(token=token), 401, "invalid-read-token")

    def test_bodies_that_are_none(self):
        for body in b"", b"{", b"[]", b"{}", b'{"token":1}', b'{"token":null}', b"\xff":
            self.assert_refused(self.post(body=body), 400, "bad-body")
        self.assert_refused(self.post(body=b'"' + b"x" * 2000 + b'"'), 413, "too-large")
        for kind in "application/x-www-form-urlencoded", "text/plain", "multipart/form-data":
            self.assert_refused(self.post(Content_Type=kind), 415, "unsupported-media-type")

    def test_other_sites_cannot_log_in_or_out(self):
        session = self.log_in()
        for origin in (None, "null", "http://evil.example", self.origin + ".evil.example",
                       self.origin.replace("http:", "ftp:"), "x" + self.origin,
                       "http://127.0.0.1:1", "http://localhost.evil.example"):
            for path in "/api/v1/login", "/api/v1/logout":
                self.assert_refused(self.post(path, Origin=origin, **session), 403, "wrong-origin")
        self.assertEqual(self.get(session), 200)

    def test_a_forwarded_port_is_an_origin_too(self):
        self.log_in(Origin="http://localhost:9000", Host="localhost:9000")
        self.assert_refused(self.post(Origin="http://localhost:9001", Host="localhost:9000"),
                            403, "wrong-origin")

    def test_attempts_are_limited(self):
        for _ in range(10):
            self.assert_refused(self.post(token="wrong"), 401, "invalid-read-token")
        headers = self.assert_refused(self.post(token="wrong"), 429, "too-many-attempts")
        self.assertIn(int(headers["Retry-After"]), range(1, 7))
        self.assert_refused(self.post(), 429, "too-many-attempts")
        self.assertEqual(self.get({"Authorization": "Bearer " + TOKEN}), 200)

    def test_every_attempt_is_counted_and_no_token_logged(self):
        self.log_in()
        self.post(token="wrong")
        self.post(Origin="http://evil.example")
        _, _, text = self.collector.http("/metrics", headers={"Authorization": "Bearer " + TOKEN})
        for result in "accepted", "refused", "wrong-origin":
            self.assertIn(f'callstats_collector_logins_total{{result="{result}"}} 1\n',
                          text.decode())
        log = self.collector.read_log()
        self.assertIn("event=login-refused", log)
        self.assertNotRegex(log, re.compile("wrong\\b(?!-)|csr_"))


class BehindAProxy(Base):
    options = ["--behind-proxy", "--origin", "https://stats.example.org"]
    HEADERS = {"Host": "stats.example.org", "X_Forwarded_Proto": "https",
               "Origin": "https://stats.example.org"}

    def test_the_cookie_is_for_the_encrypted_host_alone(self):
        for unsaid in {}, {"X_Forwarded_Proto": None}:
            cookie = self.cookie(self.post(**{**self.HEADERS, **unsaid})[1])
            self.assertEqual((cookie.key, cookie["path"]), ("__Host-callstats", "/"))
            self.assertTrue(cookie["secure"] and cookie["httponly"])
            self.assertEqual(self.get({"Cookie": f"{cookie.key}={cookie.value}"}), 200)

    def test_a_page_in_plain_text_cannot_log_in(self):
        self.assert_refused(self.post(**{**self.HEADERS, "Origin": "http://stats.example.org"}),
                            403, "wrong-origin")

    def test_a_plain_cookie_is_none(self):
        cookie = self.cookie(self.post(**self.HEADERS)[1])
        self.assertEqual(self.get({"Cookie": "callstats=" + cookie.value,
                                   "X-Forwarded-Proto": "https"}), 401)

    def test_clients_are_told_apart(self):
        for _ in range(10):
            self.post(token="wrong", X_Forwarded_For="192.0.2.1", **self.HEADERS)
        for address, status in (("192.0.2.1", 429), ("192.0.2.2", 401),
                                ("192.0.2.2, 192.0.2.1", 429)):
            self.assertEqual(self.post(token="wrong", X_Forwarded_For=address,
                                       **self.HEADERS)[0], status)


if __name__ == "__main__":
    unittest.main()
