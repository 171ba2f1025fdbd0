# SPDX-License-Identifier: LGPL-2.1-or-later
"""What every path has in common: methods, hosts, headers."""
import unittest

import wire

PATHS = ["/", "/icon.svg", "/healthz", "/api/v1/apps",
         "/api/v1/apps/demo/conferences", "/api/v1/apps/demo/conferences/x",
         "/api/v1/apps/demo/fabrics/x/reports"]


class Http(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.collector = wire.Collector(options=["--origin", "https://stats.example.org"])
        cls.addClassCleanup(cls.collector.finish)

    def test_health(self):
        status, headers, body = self.collector.http("/healthz")
        self.assertEqual((status, body), (200, {"status": "ok"}))
        self.assertEqual(headers["Cache-Control"], "no-store")

    def test_unknown_paths_are_404(self):
        for path in ("/x", "//", "/api", "/api/v1", "/api/v1/apps/", "/api/v1/apps/demo",
                     "/index.html", "/icon.svg/", "/..%2Fetc/passwd", "/api/v1/apps/demo/fabrics",
                     "/api/v1/apps/demo/fabrics/x/reports/y/z", "/%00"):
            status, _, body = self.collector.http(path)
            self.assertEqual((status, body["error"]["code"]), (404, "not-found"), path)

    def test_bad_ids_are_400(self):
        for path in ("/api/v1/apps/demo/conferences/%ff", "/api/v1/apps/demo/conferences/",
                     "/api/v1/apps/demo/conferences/%00", "/api/v1/apps//conferences"):
            status, _, body = self.collector.http(path)
            self.assertEqual((status, body["error"]["code"]), (400, "bad-id"), path)

    def test_other_methods_are_405_with_allow(self):
        for path in [*PATHS, "/v1/stream"]:
            for method in "POST", "PUT", "DELETE", "OPTIONS", "PATCH":
                status, headers, body = self.collector.http(path, method)
                self.assertEqual((status, headers["Allow"]), (405, "GET, HEAD"), path)
                self.assertEqual(body["error"]["code"], "method-not-allowed")

    def test_head_is_get_without_a_body(self):
        client = self.collector.connect()
        client.hello()
        client.store(wire.report("x", "x"))
        for path in PATHS:
            got = self.collector.http(path)
            status, headers, body = self.collector.http(path, "HEAD")
            self.assertEqual((status, body), (got[0], b""), path)
            self.assertEqual(headers["Content-Type"], got[1]["Content-Type"], path)

    def test_strange_hosts_are_421(self):
        for host in "evil.example", "192.168.0.1", "localhost.evil.example:80":
            for path in [*PATHS, "/v1/stream", "/nothing"]:
                status, _, body = self.collector.http(path, headers={"Host": host})
                self.assertEqual((status, body["error"]["code"]), (421, "misdirected-request"))

    def test_loopback_and_origins_are_good_hosts(self):
        for host in ("localhost", "127.0.0.1:1", "[::1]:80", "stats.example.org",
                     "stats.example.org:443"):
            status, _, _ = self.collector.http("/healthz", headers={"Host": host})
            self.assertEqual(status, 200, host)

    def test_origin_is_an_audience(self):
        self.collector.connect(bearer=wire.token("wss://stats.example.org")).close()

    def test_security_headers_are_on_every_answer(self):
        for path in [*PATHS, "/nothing", "/v1/stream"]:
            _, headers, _ = self.collector.http(path)
            self.assertEqual(headers["X-Content-Type-Options"], "nosniff", path)
            self.assertIn("default-src 'none'", headers["Content-Security-Policy"], path)

    def test_request_body_is_not_kept(self):
        request = wire.Socket(self.collector)
        before = self.collector.rss_kib()
        request.send(b"POST /healthz HTTP/1.1\r\nHost: localhost\r\n"
                     b"Content-Length: 30000000\r\n\r\n")
        for _ in range(30):
            request.send(bytes(1000000))
        self.assertIn(" 405 ", request.read_head())
        request.close()
        if not wire.SANITIZED:
            self.assertLess(self.collector.rss_kib() - before, 1024)


class Limits(unittest.TestCase):
    def test_connections_past_the_limit_get_503(self):
        with wire.Collector(options=["--max-connections", "3"]) as collector:
            held = [collector.connect() for _ in range(3)]
            with self.assertRaises(wire.Refused) as caught:
                collector.connect()
            self.assertEqual(caught.exception.status, 503)
            self.assertEqual(caught.exception.body["error"]["code"], "too-many-connections")
            held[0].hello()
            held.pop().close()
            self.wait_for_room(collector)

    def wait_for_room(self, collector):
        """The collector notices by itself that a peer has gone."""
        while True:
            try:
                collector.connect().close()
                return
            except (wire.Refused, EOFError, ConnectionError):
                continue


if __name__ == "__main__":
    unittest.main()
