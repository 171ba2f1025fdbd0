# SPDX-License-Identifier: LGPL-2.1-or-later
"""docs/openapi.yaml as tests read it: operations with their references resolved, requests that
are as the document wants them or not, and whether an answer is what it promises."""
import copy
import http.client
import json
import os
import re
import sys
import urllib.parse

import wire

try:
    import jsonschema
    import yaml
except ImportError as missing:
    print(f"skipped: {missing}; install python3-jsonschema and python3-yaml")
    sys.exit(77)

PATH = os.path.join(os.path.dirname(__file__), "..", "..", "docs", "openapi.yaml")
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def content_type(self):
        return (self.headers.get("Content-Type") or "").split(";")[0].strip().lower()


class Operation:
    """A path and method; parameters and responses are resolved."""

    def __init__(self, document, path, method, item):
        self.path = path
        self.method = method.upper()
        self.node = item[method]
        self.id = self.node["operationId"]
        self.parameters = [document.resolve(p) for p in
                           [*item.get("parameters", ()), *self.node.get("parameters", ())]]
        self.responses = {status: document.resolve(response)
                          for status, response in self.node["responses"].items()}
        body = self.node.get("requestBody")
        self.body = document.resolve(body) if body else None
        self.security = self.node.get("security", document.tree.get("security", []))

    @property
    def schemes(self):
        return {name for way in self.security for name in way}

    @property
    def is_open(self):
        return not self.schemes

    @property
    def streams(self):
        return "text/event-stream" in self.responses.get("200", {}).get("content", {})

    def of_kind(self, place):
        return [p for p in self.parameters if p["in"] == place]

    def target(self, ids=None, **query):
        """ids: what stands in the path in place of the examples, percent-encoded."""
        path = self.path
        for parameter in self.of_kind("path"):
            value = (ids or {}).get(parameter["name"])
            if value is None:
                value = urllib.parse.quote(str(parameter["example"]), safe="")
            path = path.replace("{%s}" % parameter["name"], value)
        return path + ("?" + "&".join(f"{k}={v}" for k, v in query.items()) if query else "")


class Document:
    def __init__(self, path=PATH):
        with open(path, encoding="utf-8") as text:
            self.tree = yaml.safe_load(text)
        self.resolver = jsonschema.RefResolver("", self.tree)

    def resolve(self, node):
        while "$ref" in node:
            node = self.resolver.resolve(node["$ref"])[1]
        return node

    def operations(self):
        return [Operation(self, path, method, item)
                for path, item in self.tree["paths"].items()
                for method in item if method in METHODS]

    def patterns(self):
        """As the router writes them."""
        return {(re.sub(r"\{[^}]*\}", "*", operation.path), operation.method)
                for operation in self.operations()}

    def validate(self, instance, schema):
        """Raises where the instance is not of the schema."""
        jsonschema.Draft202012Validator(schema, resolver=self.resolver).validate(instance)

    def references(self, node=...):
        node = self.tree if node is ... else node
        if isinstance(node, dict):
            if isinstance(node.get("$ref"), str):
                yield node["$ref"]
            for child in node.values():
                yield from self.references(child)
        elif isinstance(node, list):
            for child in node:
                if child is not None:  # of an enum
                    yield from self.references(child)

    def check(self, operation, answer):
        """What is wrong with the answer, as far as the document says; None: nothing."""
        response = operation.responses.get(str(answer.status))
        if response is None:
            return f"status {answer.status} is not documented: {answer.body[:300]}"
        for name, header in response.get("headers", {}).items():
            if name not in answer.headers:
                return f"{answer.status} has no {name}"
            try:
                self.validate(answer.headers[name], self.resolve(header)["schema"])
            except jsonschema.ValidationError as error:
                return f"{name}: {error.message}"
        return self.check_content(response.get("content"), answer)

    def check_content(self, content, answer):
        if content is None:
            return f"{answer.status} has a body: {answer.body[:300]}" if answer.body else None
        if answer.content_type not in content:
            return f"{answer.status} has the content type {answer.content_type!r}"
        schema = content[answer.content_type].get("schema", {})
        if answer.content_type == "text/event-stream":
            return None
        try:
            text = answer.body.decode("utf-8")
            self.validate(json.loads(text) if answer.content_type == "application/json" else text,
                          schema)
        except ValueError as error:
            return f"{answer.status} has a body that cannot be read: {error}"
        except jsonschema.ValidationError as error:
            where = "/".join(str(part) for part in error.absolute_path)
            return f"{answer.status} has a body that is not as documented, at /{where}: " \
                   f"{error.message[:300]}"
        return None


def error_document():
    """The form of all errors, for what is no operation's."""
    return {"$ref": "#/components/schemas/Error"}


# ---- Values that a schema allows, and some that it does not ----


def valid_values(schema, example=None):
    values = [] if example is None else [example]
    values += schema.get("enum", [])
    values += [schema[name] for name in ("minimum", "maximum", "default", "const")
               if name in schema]
    if schema.get("type") == "boolean":
        values += [True, False]
    return [json.dumps(v) if not isinstance(v, str) else v for v in values]


def invalid_values(schema):
    """As they stand in a query string."""
    kind = schema.get("type")
    if kind in ("integer", "number"):
        values = ["", "x", "%20", "0x10", "1,5", "--1", "9" * 40, "NaN", "1%00", "%ff"]
        values += ["1.5", "1e3"] if kind == "integer" else []
        values += [str(schema["minimum"] - 1)] if "minimum" in schema else []
        values += [str(schema["maximum"] + 1)] if "maximum" in schema else []
        return values
    if kind == "boolean":
        return ["", "1", "yes", "TRUE", "%ff"]
    if "enum" in schema:
        return ["", "nope", schema["enum"][0] + "x", "%ff"]
    values = [""] if schema.get("minLength") else []
    values += ["x" * (schema["maxLength"] + 1)] if "maxLength" in schema else []
    values += ["!"] if "pattern" in schema else []
    return values


# What any reader of a query string may be given.
STRANGE = ["%00", "%ff", "%F0%9F%98%80", "a" * 5000, "%27%3B%20DROP%20TABLE--",
           "%0d%0aX-Evil:%201", "{}", "*", "%25", "_"]


# ---- Requests ----


def send(collector, method, target, headers=None, body=None, host=None):
    connection = http.client.HTTPConnection(collector.host, collector.port, wire.DEADLINE)
    try:
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        connection.putheader("Host", host or f"{collector.host}:{collector.port}")
        for name, value in (headers or {}).items():
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        response = connection.getresponse()
        if response.headers.get_content_type() == "text/event-stream" and \
                response.status == 200 and method != "HEAD":
            return Answer(response.status, response.headers, b"")
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()


WRONG = [None, 1, -1.5, True, "", "x", "\ud83d", [], {}, [[]], {"a": {"b": [1]}}, 10 ** 400]


def valid_body(document, schema, **given):
    """An object with all members that the schema names; given: what it cannot know."""
    schema = document.resolve(schema)
    samples = {"string": "text", "number": 1700000000000, "integer": 1, "boolean": True,
               "object": {}, "array": []}
    body = {}
    for part in [schema, *map(document.resolve, schema.get("allOf", ()))]:
        for name, member in part.get("properties", {}).items():
            member = document.resolve(member)
            kind = member.get("type", "object")
            body[name] = given.get(name, member.get(
                "example", samples[kind[0] if isinstance(kind, list) else kind]))
    document.validate(body, schema)
    return body


def spoiled_bodies(body, schema):
    """The same with a member missing, or with another type."""
    for name in schema.get("required", ()):
        yield {key: value for key, value in body.items() if key != name}
    for name in body:
        for value in WRONG:
            yield {**body, name: value}


def without(document, path, *names):
    """A copy of the document of which something was taken away, to see a test fail."""
    other = copy.copy(document)
    other.tree = copy.deepcopy(document.tree)
    node = other.tree
    for name in path:
        node = node[name]
    for name in names:
        del node[name]
    other.resolver = jsonschema.RefResolver("", other.tree)
    return other
