# SPDX-License-Identifier: LGPL-2.1-or-later
"""docs/openapi.yaml holds: every path and method is walked with requests that are as they must
be and with such that are not, and every answer is what the document promises."""
import hashlib
import json
import os
import re
import subprocess
import unittest

import api
import callstats
import wire

START = 1700000000000
OF_DEMO = "csr_" + "d" * 43
OF_OTHER = "csr_" + "o" * 43


def name_version(collector, operations):
    """The version of the page's files is what the page says."""
    page = api.send(collector, "GET", "/").body.decode()
    found = re.search('"/page/([^/]*)/shell/main.js"', page)
    for operation in operations:
        for parameter in operation.of_kind("path"):
            if parameter["name"] == "version" and found:
                parameter["example"] = found[1]


def fill(collector, headers=None):
    """What the document's examples name, and ids that need care."""
    client = collector.connect(user="alice")
    client.hello("a")
    codec = {"type": "codec", "id": "C1", "mimeType": "video/VP8", "payloadType": 96}
    for at, conference, fabric in ((START, "standup", "9e1b9b72"), (START + 86400000, "ä/ö %", "f2"),
                                   (wire.now_ms() - 2000, "now", "f3")):
        records = wire.call(at, conference, fabric)
        records[0]["data"].update(userName="Alice", siteID="berlin")
        records.insert(4, {"type": "report", "time": at + 500, "conference": conference,
                           "fabric": fabric, "stats": {"C1": codec}})
        client.store(*records)
    client.store(*wire.call(START, "bad", "f4")[:2],
                 wire.event("fabricSetupFailed", "bad", "f4", START + 30, reason="IceConnectionFailure"))
    client.store({"type": "bridgeStatus", "time": START, "data": {"cpuUsage": 0.5}},
                 {"type": "preCallTestResults", "time": START + 1, "data": {"results": {}}})
    client.close()
    client = collector.connect(user="bob")
    client.hello("b")
    client.store(*wire.call(START + 5, "standup", "b1", "alice"))
    client.close()
    for conference in ("standup", "bad"):
        collector.summary(conference, headers=headers)


class Base(unittest.TestCase):
    document = api.Document()
    operations = document.operations()

    def request(self, operation, target, method=None, **options):
        """The answer; fails where the document does not have it so, or it is a 500."""
        answer = api.send(self.collector, method or operation.method, target, **options)
        self.assertNotEqual(answer.status, 500, (operation.id, target, answer.body))
        if method is None:
            wrong = self.document.check(operation, answer)
            self.assertIsNone(wrong, (operation.id, target[:200]))
        return answer

    def assert_error(self, answer, status, code=None):
        self.assertEqual(answer.status, status, answer.body)
        self.assertIsNone(self.document.check_content(
            {"application/json": {"schema": api.error_document()}}, answer))
        if code is not None:
            self.assertIn(f'"code":"{code}"', answer.body.decode())

    def readable(self):
        """Operations that need nothing but the right to read."""
        return [o for o in self.operations if o.method == "GET" and
                (o.is_open or o.schemes & {"readToken"}) and
                (not o.id.startswith("getPageFile") or os.environ.get("CALLSTATS_PAGE") == "1")]


class TheDocument(Base):
    def test_all_references_lead_somewhere(self):
        for reference in self.document.references():
            self.document.resolver.resolve(reference)

    def test_operations_are_described_with_examples(self):
        ids = [operation.id for operation in self.operations]
        self.assertEqual(len(set(ids)), len(ids))
        for operation in self.operations:
            with self.subTest(operation.id):
                self.assertTrue(operation.node["summary"])
                self.assertTrue(set(operation.node["tags"]) <=
                                {tag["name"] for tag in self.document.tree["tags"]})
                self.assertEqual({p["name"] for p in operation.of_kind("path")},
                                 {part[1:-1] for part in operation.path.split("/")
                                  if part.startswith("{")})
                for parameter in operation.parameters:
                    self.assertTrue(parameter["description"], parameter["name"])
                    self.document.validate(parameter["example"], parameter["schema"])

    def test_schemas_are_closed_or_say_why_not(self):
        """A member that is not documented must not pass."""
        for name, schema in self.document.tree["components"]["schemas"].items():
            # What others are made of is closed there.
            if "properties" in schema and not name.endswith("Fields"):
                self.assertTrue("unevaluatedProperties" in schema or
                                "additionalProperties" in schema, name)

    def test_routes_are_those_of_the_collector(self):
        folder = wire.Collector.make_folder()
        wire.write_private(os.path.join(folder, "secret"), "secret\n")
        printed = subprocess.run(
            [os.environ["CALLSTATS_COLLECTOR"], "--listen", "127.0.0.1:0",
             "--store", "sqlite:" + os.path.join(folder, "calls.db"), "--app", "demo",
             "--app-secret-file", os.path.join(folder, "secret"), "--print-routes"],
            stdout=subprocess.PIPE, text=True, check=True, timeout=wire.DEADLINE).stdout
        routes = {tuple(line.rsplit(" ", 1)) for line in printed.splitlines()[1:]}
        self.assertEqual(routes, self.document.patterns())


class Requests(Base):
    @classmethod
    def setUpClass(cls):
        cls.collector = wire.Collector()
        cls.addClassCleanup(cls.collector.finish)
        fill(cls.collector)
        name_version(cls.collector, cls.operations)

    def test_good_requests_get_what_is_documented(self):
        for operation in self.readable():
            with self.subTest(operation.id):
                wanted = 426 if "101" in operation.responses else 200
                self.assertEqual(self.request(operation, operation.target()).status, wanted)
                for parameter in operation.of_kind("query"):
                    for value in api.valid_values(parameter["schema"], parameter.get("example")):
                        answer = self.request(
                            operation, operation.target(**{parameter["name"]: value}))
                        # An id may be one that nothing has.
                        self.assertIn(answer.status, (wanted, 404) if parameter["name"] ==
                                      "occurrence" else (wanted,), (parameter["name"], value))

    def test_bad_parameters_are_400(self):
        for operation in self.readable():
            for parameter in operation.of_kind("query"):
                for value in api.invalid_values(self.document.resolve(parameter["schema"])):
                    with self.subTest(operation.id, parameter=parameter["name"], value=value):
                        # What is no form at all is no parameter.
                        if value in ("1%00",):
                            self.request(operation, operation.target(**{parameter["name"]: value}))
                            continue
                        self.assert_error(self.request(
                            operation, operation.target(**{parameter["name"]: value})),
                            400, "bad-parameter")

    def test_strange_parameters_harm_nothing(self):
        for operation in self.readable():
            for parameter in [*operation.of_kind("query"), {"name": "other"}, {"name": "%ff"}]:
                for value in api.STRANGE:
                    self.request(operation, operation.target(**{parameter["name"]: value}))
            for query in ("?", "&", "=", "limit", "limit=1&limit=x", "a=b&a=c", "a" * 20000):
                self.request(operation, operation.target() + "?" + query)

    def test_bad_ids_are_400_and_unknown_ones_404(self):
        for operation in self.readable():
            for parameter in operation.of_kind("path"):
                for value, status in (("%ff", 400), ("%00", 400), ("", 400),
                                      ("no%20such", 404), ("%F0%9F%98%80", 404),
                                      ("x" * 3000, 404), ("%27%20OR%201%3D1--", 404), ("%25", 404)):
                    with self.subTest(operation.id, parameter=parameter["name"], value=value[:40]):
                        target = operation.target({parameter["name"]: value})
                        self.assert_error(self.request(operation, target), status)

    def test_what_is_no_uri_is_400(self):
        for operation in self.readable():
            targets = [operation.target({parameter["name"]: "a%zz"})
                       for parameter in operation.of_kind("path")]
            for target in [*targets, operation.target() + "?%", operation.target() + "?a=%z"]:
                self.assertEqual(api.send(self.collector, "GET", target).status, 400, target)

    def test_other_methods_are_405_with_those_that_there_are(self):
        there = {}
        for operation in self.operations:
            there.setdefault(operation.path, []).append(operation)
        for path, operations in there.items():
            methods = {operation.method for operation in operations}
            methods |= {"HEAD"} if "GET" in methods else set()
            for method in {"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE",
                           "PROPFIND", "get"} - methods:
                with self.subTest(path, method=method):
                    answer = self.request(operations[0], operations[0].target(), method)
                    if method == "OPTIONS" and answer.status in (200, 204):
                        self.assertIn("Access-Control-Allow-Methods", answer.headers)
                        continue
                    self.assertEqual(answer.status, 405, answer.body)
                    allowed = set(answer.headers["Allow"].split(", "))
                    self.assertEqual(allowed - {"OPTIONS"}, methods - {"OPTIONS"})
                    if method != "HEAD":
                        self.assert_error(answer, 405, "method-not-allowed")

    def test_head_is_get_without_a_body(self):
        for operation in self.readable():
            with self.subTest(operation.id):
                got = self.request(operation, operation.target())
                answer = self.request(operation, operation.target(), "HEAD")
                self.assertEqual((answer.status, answer.content_type, answer.body),
                                 (got.status, got.content_type, b""))

    def test_bodies_where_none_belongs_are_not_read(self):
        for operation in self.readable():
            answer = self.request(operation, operation.target(), body=b"{" * 100000,
                                  headers={"Content-Type": "application/json"})
            self.assertIn(answer.status, (200, 426), operation.id)

    def test_strange_hosts_are_421(self):
        for operation in self.operations:
            with self.subTest(operation.id):
                answer = self.request(operation, operation.target(), host="evil.example")
                self.assert_error(answer, 421, "misdirected-request")

    def test_a_document_that_lacks_a_field_or_a_path_is_noticed(self):
        operation = next(o for o in self.operations if o.id == "listConferences")
        answer = api.send(self.collector, "GET", operation.target())
        row = ("components", "schemas", "ConferenceRow")
        self.assertIsNone(self.document.check(operation, answer))
        less = api.without(self.document, (*row, "properties"), "lastSeen")
        self.assertIn("lastSeen", less.check(operation, answer))
        answer.body = answer.body.replace(b'"lastSeen"', b'"lastSeeen"')
        self.assertIn("lastSee", self.document.check(operation, answer))
        self.assertNotEqual(api.without(self.document, ("paths",), "/healthz").patterns(),
                            self.document.patterns())


class Writing(Base):
    """Operations with a body: what their examples say, and what is no such body."""

    @classmethod
    def setUpClass(cls):
        cls.collector = wire.Collector()
        cls.addClassCleanup(cls.collector.finish)
        fill(cls.collector)
        name_version(cls.collector, cls.operations)

    def with_body(self):
        return [operation for operation in self.operations if operation.body]

    def test_what_is_no_body_is_refused_as_documented(self):
        for operation in self.with_body():
            for body in (b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"a":' * 2000, b"[" * 100000,
                         b'"' + b"x" * 100000 + b'"', b"a=b&c=%ff"):
                for content_type in (*operation.body["content"], "text/plain"):
                    with self.subTest(operation.id, body=body[:10]):
                        answer = self.request(operation, operation.target(), body=body,
                                              headers={"Content-Type": content_type})
                        self.assertGreaterEqual(answer.status, 400)

    def test_too_large_a_body_is_413(self):
        for operation in self.with_body():
            if "413" in operation.responses:
                with self.subTest(operation.id):
                    answer = self.request(operation, operation.target(), body=b" " * 5000000,
                                          headers={"Content-Type": "application/json"})
                    self.assertEqual(answer.status, 413)

    def test_bad_ids_are_refused(self):
        for operation in self.with_body():
            for parameter in operation.of_kind("path"):
                for value in "%ff", "%00", "":
                    with self.subTest(operation.id, value=value):
                        answer = self.request(operation, operation.target({parameter["name"]: value}),
                                              body=b"{}", headers={"Content-Type": "application/json"})
                        self.assertGreaterEqual(answer.status, 400)


class Reporting(Base):
    """What takes an access token of /authenticate."""

    @classmethod
    def setUpClass(cls):
        folder = wire.Collector.make_folder()
        keys = os.path.join(folder, "keys")
        wire.write_private(keys, "[other]\nsecret=other secret\n")
        cls.collector = wire.Collector(folder, options=[
            "--keys", keys, "--client-record-rate", "1000000", "--app-record-rate", "1000000"])
        cls.addClassCleanup(cls.collector.finish)
        cls.client = callstats.Client(cls.collector)
        cls.client.authenticate()
        cls.client.join("standup")
        cls.other = callstats.Client(cls.collector, app="other", secret="other secret")
        cls.other.authenticate()

    def guarded(self):
        return [o for o in self.operations if "accessToken" in o.schemes]

    def send(self, operation, body=None, token=None, ids=None):
        headers = {"Content-Type": "application/json"}
        if token is not False:
            headers["Authorization"] = f"Bearer {token or self.client.token}"
        target = operation.target({"ucID": self.client.uc_id, **(ids or {})})
        if operation.body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        return self.request(operation, target, body=body, headers=headers)

    def body(self, operation):
        """One that the document allows."""
        if operation.body is None:
            return None, {}
        schema = operation.body["content"]["application/json"]["schema"]
        return api.valid_body(self.document, schema, localID="alice", local_id="alice",
                              timestamp=wire.now_ms()), self.document.resolve(schema)

    def test_good_ones_are_taken(self):
        for operation in self.guarded():
            with self.subTest(operation.id):
                wanted = (200, 404) if operation.method == "GET" else (200,)
                answer = self.send(operation, self.body(operation)[0])
                self.assertIn(answer.status, wanted, answer.body)

    def test_spoiled_ones_are_answered_as_documented(self):
        for operation in self.guarded():
            body, schema = self.body(operation)
            for spoiled in api.spoiled_bodies(body, schema) if body else ():
                with self.subTest(operation.id, body=str(spoiled)[:80]):
                    self.send(operation, spoiled)

    def test_no_token_and_rubbish_are_401(self):
        for operation in self.guarded():
            for token in (False, "x", "a.b.c", self.client.token[:-3] + "xxx", OF_DEMO,
                          callstats.assertion(), "x" * 20000):
                with self.subTest(operation.id, token=str(token)[:20]):
                    answer = self.send(operation, self.body(operation)[0], token)
                    self.assertEqual(answer.status, 401, answer.body)

    def test_the_token_of_another_application_is_refused(self):
        for operation in self.guarded():
            with self.subTest(operation.id):
                answer = self.send(operation, self.body(operation)[0], self.other.token)
                self.assertIn(answer.status, (401, 403), answer.body)


class Tokens(Base):
    """Where reading needs a token."""

    @classmethod
    def setUpClass(cls):
        folder = wire.Collector.make_folder()
        keys = os.path.join(folder, "keys")
        lines = [f"[{app}]\nread-token=page:{hashlib.sha256(token.encode()).hexdigest()}\n"
                 for app, token in (("demo", OF_DEMO), ("other", OF_OTHER))]
        wire.write_private(keys, lines[0] + lines[1] + "secret=other secret\n")
        cls.collector = wire.Collector(folder, options=["--keys", keys])
        cls.addClassCleanup(cls.collector.finish)
        fill(cls.collector, {"Authorization": f"Bearer {OF_DEMO}"})
        name_version(cls.collector, cls.operations)

    def to_read(self):
        return [o for o in self.operations if "readToken" in o.schemes]

    def test_a_token_opens_its_application(self):
        for operation in self.to_read():
            with self.subTest(operation.id):
                answer = self.request(operation, operation.target(),
                                      headers={"Authorization": f"Bearer {OF_DEMO}"})
                self.assertEqual(answer.status, 200)

    def test_none_and_bad_ones_are_401_before_anything_else_is_told(self):
        for operation in self.to_read():
            targets = [operation.target()]
            for parameter in operation.of_kind("path"):
                targets += [operation.target({parameter["name"]: value})
                            for value in ("nowhere", "%ff")]
            for parameter in operation.of_kind("query"):
                targets.append(operation.target(**{parameter["name"]: "%ff"}))
            for target in targets:
                for value in (None, "", "Bearer", "Bearer ", "Bearer x", f"Basic {OF_DEMO}",
                              f"Bearer {OF_DEMO}x", "Bearer " + "x" * 20000,
                              "Bearer " + wire.token(self.collector.audience)):
                    with self.subTest(operation.id, target=target, value=(value or "none")[:40]):
                        headers = {} if value is None else {"Authorization": value}
                        self.assert_error(self.request(operation, target, headers=headers), 401)

    def test_that_of_another_application_is_403(self):
        for operation in self.to_read():
            if operation.of_kind("path"):
                with self.subTest(operation.id):
                    self.assert_error(self.request(
                        operation, operation.target(),
                        headers={"Authorization": f"Bearer {OF_OTHER}"}), 403)

    def test_what_is_open_needs_none(self):
        for operation in self.readable():
            if operation.is_open:
                self.assertEqual(self.request(operation, operation.target()).status, 200)


if __name__ == "__main__":
    unittest.main()
