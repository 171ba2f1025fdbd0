# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who may read: read tokens, and what opens nothing."""
import hashlib
import json
import os
import re
import signal
import unittest

import wire

OF_DEMO = "csr_" + "d" * 43
OF_OTHER = "csr_" + "o" * 43
OF_ALL = "csr_" + "A" * 43

READ_PATHS = ["/api/v1/apps/{}/conferences", "/api/v1/apps/{}/conferences/c",
              "/api/v1/apps/{}/fabrics/f/reports"]


def read_token_line(**tokens):
    """As a key file has them: labels and hashes."""
    return "read-token=" + ";".join(
        f"{label}:{hashlib.sha256(token.encode()).hexdigest()}"
        for label, token in tokens.items()) + "\n"


def key_file(folder, text):
    path = os.path.join(folder, "keys")
    wire.write_private(path, text)
    return path


def bearer(token):
    return {"Authorization": "Bearer " + token}


NAMES = {"other": 'The "other" one'}
KEYS = ("[demo]\n" + read_token_line(old="csr_" + "x" * 43, page=OF_DEMO) +
        f"[other]\nsecret=other secret\nname={NAMES['other']}\n" + read_token_line(page=OF_OTHER) +
        "[*]\n" + read_token_line(ops=OF_ALL))


class ReadTokens(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = wire.Collector.make_folder()
        cls.collector = wire.Collector(folder, options=["--keys", key_file(folder, KEYS)])
        cls.addClassCleanup(cls.collector.finish)
        client = cls.collector.connect()
        client.hello()
        client.store(wire.report("f", "c"))

    def assert_answer(self, path, headers, status, code=None):
        got, answered, body = self.collector.http(path, headers=headers)
        self.assertEqual(got, status, (path, body))
        if code is not None:
            self.assertEqual(body["error"]["code"], code)
        return answered

    def test_each_opens_its_own_application(self):
        for token, app, status in ((OF_DEMO, "demo", 200), (OF_ALL, "demo", 200),
                                   (OF_OTHER, "demo", 403), (OF_DEMO, "other", 403)):
            for path in READ_PATHS:
                self.assert_answer(path.format(app), bearer(token), status)
        self.assert_answer("/api/v1/apps/other/conferences", bearer(OF_OTHER), 200)

    def test_nothing_and_rubbish_are_401_before_anything_is_told(self):
        for path in ["/api/v1/apps", *READ_PATHS]:
            for app in "demo", "nowhere", "%ff":
                answered = self.assert_answer(path.format(app), {}, 401, "missing-read-token")
                self.assertEqual(answered["WWW-Authenticate"], "Bearer")
                for token in "x", "csr_", OF_DEMO[:-1], OF_DEMO + "x", "csr_" + "D" * 43:
                    self.assert_answer(
                        path.format(app), bearer(token), 401, "invalid-read-token")

    def test_other_schemes_and_places_carry_no_token(self):
        for headers in ({"Authorization": "Basic " + OF_DEMO}, {"Authorization": OF_DEMO},
                        {"X-Token": OF_DEMO}):
            self.assert_answer("/api/v1/apps", headers, 401, "missing-read-token")
        for query in "token", "access_token", "read-token":
            self.assert_answer(f"/api/v1/apps?{query}={OF_ALL}", {}, 401)

    def test_an_application_is_not_told_apart_from_none(self):
        known = self.collector.http("/api/v1/apps/other/conferences", headers=bearer(OF_DEMO))
        unknown = self.collector.http("/api/v1/apps/none/conferences", headers=bearer(OF_DEMO))
        self.assertEqual((known[0], known[2]), (unknown[0], unknown[2]))
        self.assertEqual(known[0], 403)
        self.assert_answer("/api/v1/apps/none/conferences", bearer(OF_ALL), 404,
                           "unknown-application")

    def test_the_list_of_applications_has_those_the_token_opens(self):
        for token, apps in ((OF_DEMO, ["demo"]), (OF_OTHER, ["other"]),
                            (OF_ALL, ["demo", "other"])):
            self.assertEqual(self.collector.http("/api/v1/apps", headers=bearer(token))[2],
                             {"apps": apps, "names": {app: NAMES[app] for app in apps
                                                      if app in NAMES}})

    def test_secrets_and_tokens_for_writing_read_nothing(self):
        for token in wire.SECRET, wire.token(self.collector.audience):
            self.assert_answer("/api/v1/apps/demo/conferences", bearer(token), 401)

    def test_a_read_token_writes_nothing(self):
        for token in OF_DEMO, OF_ALL:
            with self.assertRaises(wire.Refused) as caught:
                self.collector.connect(bearer=token)
            self.assertEqual(caught.exception.status, 401)
        signed = wire.sign({"alg": "HS256"}, wire.claims(self.collector.audience), OF_DEMO)
        with self.assertRaises(wire.Refused):
            self.collector.connect(bearer=signed)
        hashed = hashlib.sha256(OF_DEMO.encode()).hexdigest()
        with self.assertRaises(wire.Refused):
            self.collector.connect(bearer=wire.token(self.collector.audience, hashed))

    def test_what_is_open_stays_open(self):
        for path in "/", "/icon.svg", "/healthz":
            self.assert_answer(path, {}, 200)

    def test_the_log_has_no_token(self):
        self.assert_answer("/api/v1/apps", bearer("csr_" + "leak" * 10 + "abc"), 401)
        log = self.collector.read_log()
        self.assertIn("event=reader-refused", log)
        self.assertIn("code=invalid-read-token", log)
        self.assertNotRegex(log, re.compile("leak|csr_"))


class Following(unittest.TestCase):
    def open(self, collector, headers):
        stream = wire.Socket(collector)
        lines = [f"{name}: {value}" for name, value in headers.items()]
        stream.send("\r\n".join([
            "GET /api/v1/apps/demo/live HTTP/1.1", f"Host: {collector.host}:{collector.port}",
            *lines, "", ""]).encode())
        self.assertIn(" 200 ", stream.read_head())
        return stream

    def wait_end(self, stream):
        """Fails where it does not come within the socket's deadline."""
        while stream.socket.recv(65536):
            pass

    def test_live_updates_end_with_the_right_to_read_them(self):
        folder = wire.Collector.make_folder()
        both = "[demo]\n" + read_token_line(gone=OF_DEMO, stays=OF_ALL)
        with wire.Collector(folder, options=["--keys", key_file(folder, both)]) as collector:
            origin = f"http://{collector.host}:{collector.port}"
            _, answered, _ = collector.http(
                "/api/v1/login", "POST", {"Origin": origin, "Content-Type": "application/json"},
                json.dumps({"token": OF_ALL}).encode())
            session = {"Cookie": answered["Set-Cookie"].split(";")[0]}
            gone, stays = self.open(collector, bearer(OF_DEMO)), self.open(collector, bearer(OF_ALL))
            followed = self.open(collector, session)
            key_file(folder, "[demo]\n" + read_token_line(stays=OF_ALL))
            collector.process.send_signal(signal.SIGHUP)
            self.wait_end(gone)
            collector.http("/api/v1/logout", "POST", {"Origin": origin, **session}, b"")
            self.wait_end(followed)
            client = collector.connect()
            client.hello()
            client.store(wire.report("f", "c-of-stays"))
            text = b""
            while b"c-of-stays" not in text:
                text += stays.read(1)


class WithoutReadTokens(unittest.TestCase):
    def test_reading_is_open_on_loopback(self):
        with wire.Collector() as collector:
            self.assertEqual(collector.get("apps")["apps"], ["demo"])
            self.assertEqual(
                collector.http("/api/v1/apps", headers=bearer("csr_none"))[0], 200)


if __name__ == "__main__":
    unittest.main()
