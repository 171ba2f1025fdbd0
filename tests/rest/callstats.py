# SPDX-License-Identifier: LGPL-2.1-or-later
"""A client of callstats' REST API, for tests. Standard library only."""
import http.client
import json
import time
import urllib.parse

import wire


def now_ms():
    return time.time() * 1000


def assertion(user="alice", app=wire.APP, secret=wire.SECRET, **claims):
    """What a browser signs: it has no times and no audience."""
    given = {"userID": user, "appID": app, **claims}
    return wire.sign({"alg": "HS256", "typ": "JWT"},
                     {name: value for name, value in given.items() if value is not None}, secret)


class Client:
    """One user of an application."""

    def __init__(self, collector, user="alice", app=wire.APP, secret=wire.SECRET):
        self.collector = collector
        self.user = user
        self.app = app
        self.secret = secret
        self.token = None
        self.uc_id = None
        self.conference = None

    def request(self, method, path, body=None, headers=None, form=False):
        """Returns status, headers and body; JSON is parsed."""
        connection = http.client.HTTPConnection(
            self.collector.host, self.collector.port, timeout=wire.DEADLINE)
        sent = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if body is not None and not isinstance(body, bytes):
            body = urllib.parse.urlencode(body).encode() if form else json.dumps(body).encode()
        if body is not None:
            sent["Content-Type"] = ("application/x-www-form-urlencoded" if form
                                    else "application/json")
        sent.update(headers or {})
        try:
            connection.request(method, path, body, {name: value for name, value in sent.items()
                                                    if value is not None})
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        if text and answer.headers.get_content_type() == "application/json":
            return answer.status, answer.headers, json.loads(text)
        return answer.status, answer.headers, text

    # Who it is

    def ask_token(self, code=None, headers=None, **changes):
        form = {"grant_type": "authorization_code", "client_id": f"{self.user}@{self.app}",
                "code": code or assertion(self.user, self.app, self.secret), **changes}
        return self.request("POST", "/authenticate", form=True, headers=headers,
                            body={name: value for name, value in form.items()
                                  if value is not None})

    def authenticate(self, **changes):
        status, _, body = self.ask_token(**changes)
        if status != 200:
            raise AssertionError(f"no token: {status} {body}")
        self.token = body["access_token"]
        return body

    # What it tells

    def app_path(self, path=""):
        return "/v1/apps/" + urllib.parse.quote(self.app, safe="") + path

    def path(self, path=""):
        quoted = urllib.parse.quote(self.conference, safe="")
        return self.app_path(f"/conferences/{quoted}/{self.uc_id}{path}")

    def common(self, **others):
        return {"localID": self.user, "deviceID": "d" * 64, "timestamp": now_ms(), **others}

    def post(self, path, status=200, **body):
        """Tells something, which must be answered with this status. Returns the answer."""
        got, _, answer = self.request("POST", path, body)
        if got != status:
            raise AssertionError(f"POST {path}: {got} {answer}")
        return answer

    def join(self, conference="c1", **others):
        self.conference = conference
        quoted = urllib.parse.quote(conference, safe="")
        answer = self.post(self.app_path(f"/conferences/{quoted}"), **self.common(**others))
        self.uc_id = answer["ucID"]
        return answer

    def tell(self, path, **body):
        return self.post(self.path(path), **self.common(**body))


# ---- Recorded conversations ----


def read_conversation(lines):
    return [json.loads(line) for line in lines if line.strip()]


def replay(client, conversation, conference, shift=0):
    """Sends the requests again, in order, as `client`, in another conference, their times moved
    by `shift` ms. Returns paths and statuses."""
    statuses = []
    for line in conversation:
        path, body = line["path"], line.get("body")
        if path == "/authenticate":
            client.authenticate()
            continue
        parts = path.split("/")
        if parts[1:3] == ["v1", "apps"]:
            parts[3] = urllib.parse.quote(client.app, safe="")
        if parts[4:5] == ["conferences"]:
            parts[5] = urllib.parse.quote(conference, safe="")
            parts[6:7] = [client.uc_id] if len(parts) > 6 else []
        if isinstance(body, dict) and "timestamp" in body:
            body = {**body, "timestamp": body["timestamp"] + shift}
        status, _, answer = client.request(
            line["method"], "/".join(parts), body,
            headers=None if line["authorized"] else {"Authorization": None})
        if "ucID" in answer:
            client.uc_id = answer["ucID"]
        statuses.append((path, status))
    return statuses


# ---- What the collector knows of it ----


def reports_of(collector, fabric, app=wire.APP):
    return collector.get("apps", app, "fabrics", fabric, "reports")["reports"]


def events_named(detail, name, fabric=None):
    return [event for event in detail["events"] if event["name"] == name
            and (fabric is None or event["fabric"] == fabric)]


def stats_of(report, kind):
    return [stats for stats in report["stats"].values() if stats["type"] == kind]
