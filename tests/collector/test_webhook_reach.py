# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whom webhooks never reach, and how much of an answer is read."""
import os
import socket
import ssl
import subprocess
import unittest

import wire
from webhook import WebhookTest, accept, answer, endless


class Reach(WebhookTest):
    def failures(self, collector, name, least=1):
        self.wait_metric(collector,
            f'callstats_webhook_attempts_total{{webhook="{name}",result="failure"}}', least)

    def test_private_addresses_are_refused_in_every_notation(self):
        receiver = self.receiver(family=socket.AF_INET6, host="::")
        hosts = {"dotted": "127.0.0.1", "short": "127.1", "number": "2130706433",
                 "hexadecimal": "0x7f000001", "octal": "0177.0.0.1", "zero": "0",
                 "any": "0.0.0.0", "name": "localhost", "six": "[::1]", "any-six": "[::]",
                 "mapped": "[::ffff:127.0.0.1]", "mapped-hex": "[::ffff:7f00:1]",
                 "nat64": "[64:ff9b::7f00:1]", "compatible": "[::127.0.0.1]",
                 "ipv6-name": "ip6-localhost", "dot": "localhost."}
        collector = self.start(self.configure({
            name: {"url": f"http://{host}:{receiver.port}/hook", "allow-plaintext": "true"}
            for name, host in hosts.items()}))
        self.hold(collector, "c1")
        for name in hosts:
            self.failures(collector, name)
        self.assertEqual(receiver.connections, 0)
        self.assertIn("has only addresses that a webhook may not reach; where it is meant, write "
                      "allow-private-addresses=true", collector.read_log())

    def test_metadata_stays_out_of_reach_even_where_private_addresses_are_allowed(self):
        collector = self.start(self.configure({"ops": {
            "url": "http://169.254.169.254/", "allow-plaintext": "true",
            "allow-private-addresses": "true"}}))
        self.hold(collector, "c1")
        self.failures(collector, "ops")
        self.assertIn("has only addresses that a webhook may not reach", collector.read_log())
        self.assertNotIn("allow-private-addresses", collector.read_log())

    def test_redirects_are_not_followed(self):
        other = self.receiver()
        location = f"http://127.0.0.1:{other.port}/other"
        receiver = self.receiver(answer(302, Location=location),
                                 answer(307, Location=location),
                                 answer(308, Location=location), accept)
        collector = self.start(self.configure({"ops": self.hook(receiver)}))
        self.hold(collector, "c1")
        self.assertEqual(len({self.take(receiver)["deliveryID"] for _ in range(4)}), 1)
        self.assertEqual(other.connections, 0)

    def test_proxies_of_the_environment_are_not_used(self):
        receiver, proxy = self.receiver(), self.receiver()
        address = f"http://127.0.0.1:{proxy.port}"
        collector = self.start(
            self.configure({"ops": self.hook(receiver)}),
            environment={"http_proxy": address, "https_proxy": address, "all_proxy": address,
                         "no_proxy": ""})
        self.hold(collector, "c1")
        self.take(receiver)
        self.assertEqual(proxy.connections, 0)

    def test_an_answer_without_end_is_not_read(self):
        for head, delivered in ((b"\r\n", True), (b"", False)):
            receiver = self.receiver(endless(head), accept)
            collector = self.start(self.configure({"ops": {
                **self.hook(receiver, timeout="20"),
                "url": f"http://127.0.0.1:{receiver.port}/hook?key=hidden-in-the-url"}}))
            self.hold(collector, "c1")
            receiver.next()
            result = "success" if delivered else "failure"
            self.wait_metric(collector, "callstats_webhook_attempts_total"
                             f'{{webhook="ops",result="{result}"}}', 1)
            self.assertTrue(receiver.released.wait(wire.DEADLINE))
            # What fits into the buffers of two sockets, and a little more.
            self.assertLess(receiver.sent, 32 << 20)

    def certificate(self, folder, name):
        paths = [os.path.join(folder, f"{name}.{kind}") for kind in ("pem", "key")]
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-days", "2", "-subj", f"/CN={name}", "-addext", f"subjectAltName={name}",
             "-out", paths[0], "-keyout", paths[1]],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*paths)
        return paths[0], context

    def test_certificates_are_verified(self):
        folder = wire.Collector.make_folder()
        good, context = self.certificate(folder, "IP:127.0.0.1")
        other, other_context = self.certificate(folder, "DNS:other.example")
        receiver, unknown = self.receiver(context=context), self.receiver(context=context)
        misnamed = self.receiver(context=other_context)
        url = "https://127.0.0.1:{}/hook"
        private = {"allow-private-addresses": "true"}
        collector = self.start(self.configure({
            "good": {"url": url.format(receiver.port), "ca-file": good, **private},
            "unknown": {"url": url.format(unknown.port), **private},
            "misnamed": {"url": url.format(misnamed.port), "ca-file": other, **private}}))
        self.hold(collector, "c1")
        self.take(receiver)
        for name in "unknown", "misnamed":
            self.failures(collector, name, 2)
        self.assertTrue(unknown.requests.empty())
        self.assertTrue(misnamed.requests.empty())


if __name__ == "__main__":
    unittest.main()
