# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who may report over callstats' REST API, from which pages, and what the others are told."""
import base64
import json
import os
import signal
import subprocess
import unittest

import callstats
import wire

ACTIONS = "urn:x-callstats:auth:errorActions"
RETRY, GET_NEW_TOKEN, REPORT_ERROR = 0, 1, 2
SIGNING_PART = "0123456789abcdef-behind-the-colon"


def claims_of(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def write_keys(folder, **groups):
    """A key file with a group for each application."""
    path = os.path.join(folder, "keys")
    lines = [f"[{app}]\n" + "".join(f"{name}={value}\n" for name, value in keys.items())
             for app, keys in groups.items()]
    wire.write_private(path, "\n".join(lines))
    return path


class Base(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = wire.Collector.make_folder()
        cls.private = os.path.join(folder, "private.pem")
        subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout",
                        "-out", cls.private], check=True)
        public = subprocess.run(["openssl", "ec", "-in", cls.private, "-pubout"], check=True,
                                capture_output=True).stdout
        with open(os.path.join(folder, "public.pem"), "wb") as out:
            out.write(public)
        cls.keys = write_keys(folder, **{
            "4711": {"secret": "c2VjcmV0:" + SIGNING_PART},
            "short": {"secret": "c2VjcmV0:short"},
            "signed": {"key-file": "public.pem"},
            "full": {"secret": "full-secret", "collect-ip": "full"},
            "none": {"secret": "none-secret", "collect-ip": "none"},
            "pages": {"secret": "pages-secret", "allowed-origins":
                      "https://app.example.org;*.example.net", "collect-sdp": "true",
                      "collect-devices": "true",
                      "default-config": '{"media":{"audio":true}}'},
        })
        cls.collector = wire.Collector(options=["--keys", cls.keys, "--origin",
                                                "https://stats.example.org"])
        cls.addClassCleanup(cls.collector.finish)

    def client(self, *args, **options):
        client = callstats.Client(self.collector, *args, **options)
        client.authenticate()
        return client


class Authentication(Base):
    def refused(self, error, action, number, client=None, **request):
        client = client or callstats.Client(self.collector)
        status, headers, body = client.ask_token(**request)
        self.assertEqual((status, body.get("error")), (400, error), body)
        self.assertEqual(headers["Cache-Control"], "no-store")
        [told] = body[ACTIONS]
        self.assertEqual((told["action"], told["params"]["errorCode"]), (action, number), body)
        self.assertGreaterEqual(told["params"]["timeout"], 1000)
        self.assertEqual(body["error_description"], told["params"]["errorReason"])

    def test_a_token_says_what_clients_read_of_it(self):
        client = callstats.Client(self.collector, "ä b/c", "4711", SIGNING_PART)
        body = client.authenticate()
        self.assertEqual((body["token_type"], body["expires_in"]), ("bearer", 3600))
        here = f"http://{self.collector.host}:{self.collector.port}/v1/apps"
        self.assertEqual(body["metadata"]["urls"], {"events": here, "stats": here, "config": here})
        claims = claims_of(client.token)
        self.assertEqual(claims["appID"], 4711)
        self.assertEqual(claims["userID"], "%C3%A4%20b%2Fc")
        self.assertRegex(claims["expiry"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$")
        self.assertEqual((claims["submissionInterval"], claims["collectSDP"]), (15000, False))
        self.assertIn("circuitBreaker", claims["ingestedEvents"])
        self.assertNotIn("connectedDeviceList", claims["ingestedEvents"])
        self.assertNotIn("secret", json.dumps(claims))

    def test_urls_are_the_origin_that_was_asked(self):
        for host, url in (("stats.example.org", "https://stats.example.org"),
                          ("localhost:1234", "http://localhost:1234")):
            body = callstats.Client(self.collector).authenticate(headers={"Host": host})
            self.assertEqual(body["metadata"]["urls"]["events"], url + "/v1/apps")

    def test_an_application_may_want_more(self):
        client = self.client(app="pages", secret="pages-secret")
        claims = claims_of(client.token)
        self.assertTrue(claims["collectSDP"])
        self.assertIn("connectedDeviceList", claims["ingestedEvents"])
        self.assertEqual(claims["appID"], "pages")

    def test_bad_requests(self):
        self.refused("invalid_request", REPORT_ERROR, 7, grant_type=None)
        self.refused("unsupported_grant_type", REPORT_ERROR, 7, grant_type="password")
        self.refused("invalid_request", REPORT_ERROR, 7, client_id="alice")
        status, _, body = callstats.Client(self.collector).request(
            "POST", "/authenticate", {"grant_type": "authorization_code"})
        self.assertEqual((status, body["error"]), (400, "invalid_request"))

    def test_bad_assertions(self):
        now = int(callstats.now_ms() / 1000)
        self.refused("invalid_grant", REPORT_ERROR, 6, code="x.y.z")
        self.refused("invalid_grant", REPORT_ERROR, 6, code=callstats.assertion(secret="other"))
        none = wire.sign({"alg": "none"}, {"appID": wire.APP, "userID": "alice"}, "")
        self.refused("invalid_grant", REPORT_ERROR, 6, code=none)
        self.refused("invalid_grant", REPORT_ERROR, 6,
                     code=none.rsplit(".", 1)[0] + ".")
        self.refused("invalid_grant", GET_NEW_TOKEN, 6, code=callstats.assertion(exp=now - 3600))
        self.refused("invalid_grant", REPORT_ERROR, 6, code=callstats.assertion(nbf=now + 3600))
        self.refused("invalid_grant", REPORT_ERROR, 4,
                     code=callstats.assertion(aud="https://elsewhere.example"))
        self.refused("invalid_client", REPORT_ERROR, 1, code=callstats.assertion(app="nobody"))
        self.refused("invalid_grant", REPORT_ERROR, 3, code=callstats.assertion(user="bob"))
        self.refused("invalid_client", REPORT_ERROR, 1, client_id="alice@4711")
        self.refused("invalid_client", REPORT_ERROR, 1, client_id="alice@nobody",
                     code=callstats.assertion(secret="other"))

    def test_a_public_key_is_no_secret(self):
        with open(os.path.join(os.path.dirname(self.keys), "public.pem"), encoding="ascii") as pem:
            code = callstats.assertion(app="signed", secret=pem.read())
        self.refused("invalid_grant", REPORT_ERROR, 6, code=code,
                     client=callstats.Client(self.collector, app="signed"))

    def test_es256(self):
        client = callstats.Client(self.collector, app="signed")
        client.authenticate(code=self.sign_es256("alice"))
        client.join("es256")

    def sign_es256(self, user):
        """As third parties do: appID and keyID are texts."""
        text = ".".join(wire.base64url(json.dumps(part).encode()) for part in (
            {"alg": "ES256", "typ": "JWT"}, {"appID": "signed", "userID": user, "keyID": "k"}))
        der = subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.private],
                             input=text.encode(), capture_output=True, check=True).stdout
        # SEQUENCE { INTEGER r, INTEGER s }
        r_length = der[3]
        r, s = der[4:4 + r_length], der[6 + r_length:]
        raw = b"".join(int.from_bytes(part, "big").to_bytes(32, "big") for part in (r, s))
        return text + "." + wire.base64url(raw)

    def test_a_secret_behind_a_key_id_is_long_enough_to_be_one(self):
        callstats.Client(self.collector, app="4711", secret=SIGNING_PART).authenticate()
        self.refused("invalid_grant", REPORT_ERROR, 6,
                     client=callstats.Client(self.collector, app="short", secret="short"))

    def test_tokens_are_of_no_use_elsewhere(self):
        token = self.client().token
        with self.assertRaises(wire.Refused) as caught:
            self.collector.connect(bearer=token)
        self.assertEqual(caught.exception.status, 401)
        self.refused("invalid_grant", REPORT_ERROR, 6, code=token)


class Requests(Base):
    def post(self, client, path, body=None, **options):
        return client.request("POST", path, client.common() if body is None else body, **options)

    def join(self, **options):
        client = self.client(**options)
        client.join("c")
        return client

    def assert_refused(self, answer, status, text):
        got, _, body = answer
        self.assertEqual((got, body["status"]), (status, "error"), body)
        self.assertEqual(body["msg"], body["message"])
        self.assertIn(text, body["msg"])

    def test_a_token_is_needed_and_checked(self):
        client = self.join()
        for token, text in ((None, "needed"), ("", "needed"), ("x", "Invalid"),
                            (client.token + "x", "Invalid"), ("a" * 9000, "Invalid"),
                            (callstats.assertion(), "Invalid"),
                            (wire.token(self.collector.audience), "Invalid")):
            answer = self.post(client, client.path("/events/user/alive"), headers={
                "Authorization": f"Bearer {token}" if token is not None else None})
            self.assert_refused(answer, 401, text)
            self.assertIn("Bearer", answer[1]["WWW-Authenticate"])

    def test_claims_of_a_token_cannot_be_changed(self):
        client = self.join()
        head, _, signature = client.token.split(".")
        claims = claims_of(client.token)
        for changes in {"userID": "bob"}, {"appID": 4711}, {"exp": claims["exp"] + 9}, \
                {"credential": 9999}:
            forged = wire.base64url(json.dumps({**claims, **changes}).encode())
            answer = self.post(client, client.path("/events/user/alive"), headers={
                "Authorization": f"Bearer {head}.{forged}.{signature}"})
            self.assert_refused(answer, 401, "Invalid client token.")

    def test_a_token_of_another_application_writes_nothing(self):
        client = self.join()
        other = self.client(app="pages", secret="pages-secret")
        other.conference, other.uc_id = client.conference, client.uc_id
        self.assert_refused(self.post(other, client.path("/events/user/left")), 401,
                            "another application")

    def test_the_body_is_of_the_tokens_user(self):
        client = self.join()
        for user in "bob", "", None, 5, "alice ", "alice%00":
            body = {**client.common(), "localID": user}
            self.assert_refused(
                self.post(client, client.path("/events/user/left"), body), 422, "localID")
        detail = self.collector.get("apps", wire.APP, "conferences", "c")
        self.assertIsNone(detail["participants"][0]["left"])

    def test_bad_bodies(self):
        client = self.join()
        path = client.path("/events/fabric/statechange")
        for body in b"", b"{", b"[]", b"\xff", b"null", b'{"a":' * 40 + b"1" + b"}" * 40:
            answer = client.request("POST", path, body)
            self.assertEqual((answer[0], answer[2]["status"]), (400, "error"), body)
        good = {**client.common(), "changedState": "signalingState", "newState": "stable"}
        self.assertEqual(self.post(client, path, good)[0], 200)
        for name, value, text in (("timestamp", None, "timestamp"), ("timestamp", "x", "timestamp"),
                                  ("timestamp", -1, "timestamp"), ("timestamp", 1e300, "timestamp"),
                                  ("changedState", None, "changedState"), ("newState", 5, "newState"),
                                  ("connectionID", "x" * 300, "connectionID")):
            self.assert_refused(self.post(client, path, {**good, name: value}), 422, text)
        for path, body in (("/events/ice/status", {}), ("/events/ice/status", {"eventType": "a b"}),
                           ("/events/feedback", {"feedback": {"overallRating": 6}}),
                           ("/events/feedback", {"feedback": 1}), ("/stats", {"stats": {}}),
                           ("/events/what/ever", {}), ("/events/sdp", {"localID": 1})):
            status, _, answer = self.post(client, client.path(path), {**client.common(), **body})
            self.assertEqual((status, answer["status"]), (422, "error"), (path, body))

    def test_a_conference_has_a_name_of_at_most_256_bytes(self):
        client = self.client()
        client.join("x" * 256)
        with self.assertRaisesRegex(AssertionError, "422.*confID"):
            client.join("x" * 257)

    def test_strange_stats_harm_nothing(self):
        client = self.join()
        strange = [1, None, "x", [], {}, {"type": 1}, {"type": "inbound-rtp"}, {"id": "x"},
                   {"type": "ssrc", "ssrc": "x"}, {"type": "inbound", "ssrc": -1},
                   {"type": "ssrc", "ssrc": 1e20}, {"tracks": 1, "candidatePairs": {}},
                   {"type": "t", "id": "i", "timestamp": [], "a": {"b": [1]}, "n": 1e308},
                   {"type": "googCandidatePair", "googActiveConnection": {}, "googRtt": True},
                   {"type": "localcandidate", "candidateType": []}, {"members": {}, "data": {}},
                   {"data": {"ssrc": {}}, "streamType": 5}]
        for stats in [strange, *[[one] for one in strange], []]:
            client.tell("/stats", remoteID="bob", connectionID="strange", stats=stats)

    def test_too_many_stats_are_422(self):
        client = self.join()
        one = {"type": "inbound", "ssrc": 1}
        for n, status in (2048, 200), (2049, 422):
            sample = {"tracks": [one] * 1000, "candidatePairs": [one] * (n - 1001)}
            for stats in [one] * n, [sample]:
                body = client.common(remoteID="bob", connectionID="many", stats=stats)
                answer = self.post(client, client.path("/stats"), body)
                self.assertEqual(answer[0], status, answer[2])
                if status == 422:
                    self.assert_refused(answer, 422, "2048 objects")

    def test_too_large_a_body_is_413(self):
        client = self.join()
        body = json.dumps({**client.common(), "x": "y" * 1100000}).encode()
        self.assertEqual(client.request("POST", client.path("/events/user/alive"), body)[0], 413)

    def test_other_methods_are_405(self):
        client = self.join()
        for path in client.path("/stats"), "/authenticate", "/generics":
            status, headers, _ = client.request("GET", path)
            self.assertEqual((status, headers["Allow"]), (405, "POST"), path)

    def test_settings(self):
        client = self.client(app="pages", secret="pages-secret")
        path = client.app_path("/configurations")
        status, _, body = client.request("GET", path + "/internal")
        self.assertEqual((status, body["collectSDP"]), (200, True))
        status, _, body = client.request("GET", path)
        self.assertEqual((status, body), (200, {"default": {"media": {"audio": True}}}))
        self.assertEqual(client.request("GET", path + "/default")[2], {"media": {"audio": True}})
        self.assertEqual(client.request("GET", path + "/recommended")[0], 404)
        # The one body without the names of all others.
        client.post(path, local_id="alice", app_id="pages", rtc_rtp_parameters={})
        client.post(path, 422, local_id="bob")
        client.token = None
        self.assertEqual(client.request("GET", path)[0], 401)

    def test_the_clock_is_open_and_right(self):
        client = callstats.Client(self.collector)
        before = int(callstats.now_ms())
        status, _, body = client.request("GET", "/clockSync")
        self.assertEqual(status, 200)
        self.assertTrue(before <= body["now"] <= callstats.now_ms() + 1)

    def test_the_log_has_no_tokens(self):
        client = self.join()
        self.post(client, client.path("/x"))
        log = self.collector.read_log()
        self.assertIn("rest-client-authenticated", log)
        for secret in client.token, callstats.assertion(), wire.SECRET, SIGNING_PART:
            self.assertNotIn(secret, log)


class Addresses(Base):
    TOLD = {"localIceCandidates": [
        {"id": "L", "ip": "192.0.2.77", "port": 1}, {"id": "M", "ip": "x.local"},
        {"id": "N", "ip": "2001:db8:1:2:3::4"}, {"id": "192.0.2.77", "ip": "N"}]}

    def keep(self, conference, **options):
        client = self.client(**options)
        client.join(conference)
        peer = {"remoteID": "bob", "connectionID": conference}
        client.tell("/events/fabric/setup", **peer, **self.TOLD)
        client.tell("/stats", **peer, stats=[
            {"type": "googCandidatePair", "id": "P", "googLocalAddress": "192.0.2.77:5000",
             "googRemoteAddress": "[2001:db8:1:2:3::4]:5000"}])
        client.tell("/events/userdetails", localIpAddressInfo=[{"any": "192.0.2.77"}, "::1"])
        detail = self.collector.get("apps", client.app, "conferences", conference)
        [setup] = callstats.events_named(detail, "fabricSetup")
        [user] = callstats.events_named(detail, "userDetails")
        pair = callstats.reports_of(self.collector, conference, client.app)[0]["stats"]["P"]
        return ([one["ip"] for one in setup["data"]["localIceCandidates"]],
                [pair["googLocalAddress"], pair["googRemoteAddress"]],
                user["data"]["localIpAddressInfo"])

    def test_they_are_masked_by_default(self):
        self.assertEqual(self.keep("masked"), (
            ["192.0.2.0", "x.local", "2001:db8:1::", "N"],
            ["192.0.2.0:5000", "[2001:db8:1::]:5000"], [{"any": "192.0.2.0"}, "::"]))

    def test_an_application_may_want_all_or_none(self):
        self.assertEqual(self.keep("full", app="full", secret="full-secret"), (
            ["192.0.2.77", "x.local", "2001:db8:1:2:3::4", "N"],
            ["192.0.2.77:5000", "[2001:db8:1:2:3::4]:5000"], [{"any": "192.0.2.77"}, "::1"]))
        self.assertEqual(self.keep("none", app="none", secret="none-secret"), (
            ["", "x.local", "", "N"], ["", ""], [{"any": ""}, ""]))


class Pages(Base):
    def allowed(self, client, origin, path=None):
        status, headers, _ = client.request(
            "POST", path or client.path("/events/user/alive"), client.common(),
            headers={"Origin": origin})
        return status, headers["Access-Control-Allow-Origin"]

    def preflight(self, path, origin, **headers):
        return callstats.Client(self.collector).request("OPTIONS", path, headers={
            "Origin": origin, "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type", **headers})

    def test_any_page_may_where_the_application_says_nothing(self):
        client = self.client()
        client.join("c")
        self.assertEqual(self.allowed(client, "https://anybody.example"), (200, "*"))
        status, headers, body = self.preflight(client.path("/stats"), "https://anybody.example")
        self.assertEqual((status, body), (204, b""))
        self.assertEqual(headers["Access-Control-Allow-Origin"], "*")
        self.assertIn("POST", headers["Access-Control-Allow-Methods"])
        self.assertIn("Authorization", headers["Access-Control-Allow-Headers"])
        self.assertIsNone(headers["Access-Control-Allow-Credentials"])

    def test_only_its_pages_may_where_it_names_them(self):
        client = self.client(app="pages", secret="pages-secret")
        client.join("c")
        for origin, good in (
                ("https://app.example.org", True), ("https://deep.app.example.net", True),
                ("http://x.example.net:8080", True), ("http://app.example.org", False),
                ("https://app.example.org:8443", False), ("https://app.example.org.evil", False),
                ("https://example.net", False), ("https://evilexample.net", False),
                ("null", False), ("https://*.example.net", False), ("", False)):
            allowed = self.allowed(client, origin)
            self.assertEqual(allowed, (200, origin) if good else (403, None), origin)
            _, headers, _ = self.preflight(client.path("/stats"), origin)
            self.assertEqual(headers["Access-Control-Allow-Origin"], origin if good else None)
            self.assertEqual(headers["Vary"], "Origin")
            status, headers, body = client.ask_token(headers={"Origin": origin})
            if good:
                self.assertEqual(headers["Access-Control-Allow-Origin"], origin)
            else:
                self.assertEqual((status, body[ACTIONS][0]["params"]["errorCode"]), (400, 5))

    def test_no_page_is_needed(self):
        client = self.client(app="pages", secret="pages-secret")
        client.join("c")
        client.tell("/events/user/alive")

    def test_a_page_may_read_why_it_was_refused(self):
        client = self.client()
        client.conference, client.uc_id, client.token = "c", "u", "x"
        self.assertEqual(self.allowed(client, "https://anybody.example"), (401, "*"))

    def test_nothing_else_is_for_other_pages(self):
        for path in "/api/v1/apps", "/v1/stream", "/", "/healthz", "/api/v1/apps/demo/conferences":
            status, headers, _ = self.preflight(path, "https://anybody.example")
            self.assertEqual(status, 405, path)
            for name in headers:
                self.assertFalse(name.lower().startswith("access-control"), (path, name))
            _, headers, _ = callstats.Client(self.collector).request(
                "GET", path, headers={"Origin": "https://anybody.example"})
            self.assertIsNone(headers["Access-Control-Allow-Origin"], path)


class Changes(unittest.TestCase):
    """What happens to clients while the collector changes."""

    def test_after_a_restart_a_token_has_expired(self):
        folder = wire.Collector.make_folder()
        with wire.Collector(folder) as collector:
            client = callstats.Client(collector)
            client.authenticate()
            client.join("c")
            uc_id = client.uc_id
        with wire.Collector(folder) as collector:
            client.collector = collector
            status, _, body = client.request(
                "POST", client.path("/events/user/alive"), client.common())
            self.assertEqual((status, body["msg"]), (401, "Token has expired"))
            client.authenticate()
            client.tell("/events/user/alive")
            client.join("c")
            self.assertEqual(client.uc_id, uc_id)
            self.assertEqual(len(collector.get("apps", wire.APP, "conferences")["conferences"]), 1)

    def test_a_secret_that_is_taken_away_ends_its_tokens(self):
        folder = wire.Collector.make_folder()
        write_keys(folder, other={"secret": "old;new"})
        with wire.Collector(options=["--keys", os.path.join(folder, "keys")]) as collector:
            old = callstats.Client(collector, app="other", secret="old")
            new = callstats.Client(collector, app="other", secret="new")
            for client in old, new:
                client.authenticate()
                client.join("c")
            write_keys(folder, other={"secret": "new"})
            collector.process.send_signal(signal.SIGHUP)
            while "applications-reloaded" not in collector.read_log():
                self.assertEqual(callstats.Client(collector).request("GET", "/clockSync")[0], 200)
            new.tell("/events/user/alive")
            status, _, body = old.request("POST", old.path("/events/user/alive"), old.common())
            self.assertEqual((status, body["msg"]), (401, "Token has expired"))
            self.assertEqual(old.ask_token()[0], 400)

    def test_what_was_answered_survives_a_crash(self):
        folder = wire.Collector.make_folder()
        for run in range(5):
            with wire.Collector(folder) as collector:
                client = callstats.Client(collector)
                client.authenticate()
                client.join("c")
                for i in range(20):
                    client.tell("/events/some/thing", eventType=f"event-{run}-{i}")
                collector.kill()
        with wire.Collector(folder) as collector:
            detail = collector.get("apps", wire.APP, "conferences", "c")
            names = [event["name"] for event in detail["events"]
                     if event["name"].startswith("event-")]
            self.assertEqual(sorted(names), sorted(
                f"event-{run}-{i}" for run in range(5) for i in range(20)))

    def test_too_many_records_are_429(self):
        with wire.Collector(options=["--client-record-rate", "1"]) as collector:
            client = callstats.Client(collector)
            client.authenticate()
            client.join("c")
            for _ in range(100):
                status, headers, body = client.request(
                    "POST", client.path("/events/user/alive"), client.common())
                if status != 200:
                    break
            self.assertEqual((status, body["status"]), (429, "error"))
            self.assertGreater(int(headers["Retry-After"]), 0)


if __name__ == "__main__":
    unittest.main()
