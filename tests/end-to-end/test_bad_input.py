# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every wrong value gets a warning that names it and the way out; the call goes on."""

import http.server
import os
import threading

import harness
from harness import EndToEnd, free_port, make_secret_file, warnings_in


class BadInput(EndToEnd):
    def output_of(self, seconds=2, **changes):
        """The call must end by its own EOS, whatever is wrong with its monitor."""
        backend = changes.pop("backend_url", None) or f"ws://127.0.0.1:{free_port()}/"
        call = self.make_call(self.credentials(backend, **changes), seconds)
        self.assertEqual(call.start().wait(seconds + 30), 0, call.output)
        self.assertIn("Got EOS", "\n".join(call.output))
        self.assertNotIn("ERROR", "\n".join(call.output))
        return call.output

    def assert_one_warning(self, output, *words):
        """And its text, which gst-launch-1.0 prints in the lines after it."""
        self.assertEqual(len(warnings_in(output)), 1, output)
        text = "\n".join(output)
        for word in words:
            self.assertIn(str(word), text)

    def test_a_backend_that_refuses(self):
        port = free_port()
        output = self.output_of(backend_url=f"ws://127.0.0.1:{port}/")
        self.assert_one_warning(output, port)

    def test_a_backend_that_is_not_a_collector(self):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), NotACollector)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        output = self.output_of(backend_url=f"ws://127.0.0.1:{server.server_port}/")
        self.assert_one_warning(output, server.server_port, "collector")

    def test_a_wrong_secret(self):
        collector = self.start_collector()
        wrong = make_secret_file(os.path.join(self.folder, "wrong"))
        output = self.output_of(backend_url=collector.backend, app_secret_file=wrong)
        self.assert_one_warning(output, harness.APP, "secret")
        self.assertIsNone(collector.conference("conference"))

    def test_an_unknown_application(self):
        collector = self.start_collector()
        output = self.output_of(backend_url=collector.backend, app_id="nobody")
        self.assert_one_warning(output, "nobody")

    def test_a_malformed_url(self):
        for url in ("127.0.0.1:80", "http://127.0.0.1/", "ws://", "ws://a:port/", "nonsense"):
            with self.subTest(url):
                self.assert_one_warning(self.output_of(1, backend_url=url), url, "ws://")

    def test_a_secret_file_that_is_not_there(self):
        missing = os.path.join(self.folder, "no-such-file")
        self.assert_one_warning(self.output_of(app_secret_file=missing), missing)

    def test_a_secret_file_that_is_empty(self):
        empty = os.path.join(self.folder, "empty")
        open(empty, "w").close()
        self.assert_one_warning(self.output_of(app_secret_file=empty), empty)

    def test_plaintext_to_another_machine(self):
        output = self.output_of(backend_url="ws://192.0.2.1/")
        self.assert_one_warning(output, "ws://192.0.2.1", "allow-plaintext")


class NotACollector(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, *arguments):
        pass


if __name__ == "__main__":
    harness.main()
