# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tokens that nobody was given: each is tried at every door of the collector, over real sockets,
refused, counted, and has written and read nothing."""
import base64
import hashlib
import hmac
import json
import os
import re
import subprocess
import sys
import unittest

import wire

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "rest"))
import callstats  # pylint: disable=wrong-import-position

READ_TOKEN = "csr_" + "d" * 43
OTHER_READ_TOKEN = "csr_" + "o" * 43
SECRETS = {"demo": wire.SECRET, "keys": "secret of keys, too", "other": "other's secret"}
HOUR = 3600


def digest(token):
    return hashlib.sha256(token.encode()).hexdigest()


def openssl(*arguments, data=None):
    return subprocess.run(["openssl", *arguments], input=data, check=True, capture_output=True,
                          timeout=wire.DEADLINE).stdout


def segment(value):
    """A JSON value, or text as it is."""
    return wire.base64url((value if isinstance(value, str) else json.dumps(value)).encode())


def jws(header, claims, sign):
    text = segment(header) + "." + segment(claims)
    return text + "." + wire.base64url(sign(text.encode()))


def by_secret(secret, algorithm=hashlib.sha256):
    secret = secret if isinstance(secret, bytes) else secret.encode()
    return lambda text: hmac.new(secret, text, algorithm).digest()


def by_key(path, algorithm="sha256", raw=None):
    """raw: how long r and s are each; None: as openssl writes it."""
    def sign(text):
        der = openssl("dgst", "-" + algorithm, "-sign", path, data=text)
        return der if raw is None else der_to_raw(der, raw)
    return sign


def der_to_raw(der, size):
    numbers, at = b"", 3 if der[1] & 0x80 else 2
    for _ in "rs":
        length = der[at + 1]
        numbers += der[at + 2:at + 2 + length].lstrip(b"\0").rjust(size, b"\0")
        at += 2 + length
    return numbers


class Keys:
    """The attacker's own, and the public ones that everybody may know."""

    def __init__(self, folder):
        self.folder = folder
        for name, curve in ("client", "P-256"), ("stranger", "P-256"), ("p384", "P-384"):
            openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:" + curve,
                    "-out", self.path(name))
        openssl("genpkey", "-algorithm", "RSA", "-out", self.path("rsa"))
        for name in "client", "stranger", "rsa":
            openssl("pkey", "-in", self.path(name), "-pubout", "-out", self.path(name + ".pub"))

    def path(self, name):
        return os.path.join(self.folder, name)

    def read(self, name):
        with open(self.path(name), encoding="ascii") as file:
            return file.read()


class Attack:
    """claims: of an honest token, as the door takes them, changed by the attack."""

    def __init__(self, keys, claims):
        self.keys = keys
        self.claims = claims

    def hs256(self, header=None, secret=wire.SECRET, algorithm=hashlib.sha256, **changes):
        claims = {name: value for name, value in {**self.claims, **changes}.items()
                  if value is not None}
        return jws({"alg": "HS256", "typ": "JWT"} if header is None else header, claims,
                   by_secret(secret, algorithm))

    def honest(self):
        return self.hs256()

    def by_algorithm(self):
        """Another algorithm than the application's."""
        nothing = lambda text: b""
        for name in "none", "None", "NONE", "nOnE", "":
            yield f"alg {name!r}, unsigned", jws({"alg": name}, self.claims, nothing)
            yield f"alg {name!r}, signed", self.hs256({"alg": name})
        for value in (None, 1, ["HS256"], {"HS256": 1}, "hs256", "Hs256", "HS256 ", "HS-256",
                      "HS256\0", "HMAC", "dir", "A256GCM", "EdDSA", "PS256"):
            yield f"alg {value!r}", self.hs256({"alg": value})
        yield "no alg", self.hs256({"typ": "JWT"})
        yield "alg twice", self.hs256('{"alg":"HS256","alg":"none"}')
        yield "the header is no object", self.hs256("[]")
        yield "HS384", self.hs256({"alg": "HS384"}, algorithm=hashlib.sha384)
        yield "HS512", self.hs256({"alg": "HS512"}, algorithm=hashlib.sha512)
        yield "HS256 said, SHA-512 made", self.hs256(algorithm=hashlib.sha512)
        yield "RS256", jws({"alg": "RS256"}, self.claims, by_key(self.keys.path("rsa")))
        yield "ES256 where there are only secrets", jws(
            {"alg": "ES256"}, self.claims, by_key(self.keys.path("client"), raw=32))

    def by_mixing_up(self):
        """What everybody may know of an application's key, taken for a secret."""
        claims = {**self.claims, "appID": "keys"}
        pem = self.keys.read("client.pub")
        line = "".join(pem.splitlines()[1:-1])
        for what, secret in (("PEM", pem), ("PEM without its line end", pem.strip()),
                             ("base64", line), ("DER", base64.b64decode(line)), ("nothing", "")):
            for algorithm in "HS256", "ES256":
                yield f"{algorithm} by the public key's {what}", jws(
                    {"alg": algorithm}, claims, by_secret(secret))
        client = self.keys.path("client")
        yield "ES384", jws({"alg": "ES384"}, claims,
                           by_key(self.keys.path("p384"), "sha384", raw=48))
        yield "ES384 by the key of ES256", jws({"alg": "ES384"}, claims,
                                               by_key(client, "sha384", raw=32))
        yield "HS256 said, ES256 made", jws({"alg": "HS256"}, claims, by_key(client, raw=32))
        yield "another's key", jws({"alg": "ES256"}, claims,
                                   by_key(self.keys.path("stranger"), raw=32))
        yield "a signature in DER", jws({"alg": "ES256"}, claims, by_key(client))
        for what, made in (("zeros", bytes(64)), ("ones", b"\xff" * 64), ("nothing", b""),
                           ("half", bytes(32)), ("too much", bytes(96))):
            yield f"ES256, its signature {what}", jws({"alg": "ES256"}, claims, lambda _, m=made: m)
        # The order of the curve as r and s is zero by another name.
        order = bytes.fromhex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551")
        yield "ES256, the curve's order", jws({"alg": "ES256"}, claims, lambda _: order * 2)

    def by_header(self):
        """A header that brings its own key, or wants to be understood."""
        own = {"kty": "oct", "k": wire.base64url(b"mine")}
        for name, value in (("jwk", own), ("jku", "http://127.0.0.1/jwks"), ("kid", "/dev/null"),
                            ("kid", "../../../dev/null"), ("kid", "' UNION SELECT 'mine"),
                            ("x5u", "http://127.0.0.1/x5u"), ("x5c", ["mine"])):
            yield f"{name}={value!r}", self.hs256({"alg": "HS256", name: value}, secret="mine")
        yield "crit", self.hs256({"alg": "HS256", "crit": ["exp"], "exp": 1})
        yield "crit of b64", self.hs256({"alg": "HS256", "b64": False, "crit": ["b64"]})
        yield "crit that is no list", self.hs256({"alg": "HS256", "crit": True})

    def by_form(self):
        """A good token that was changed."""
        head, body, signature = self.honest().split(".")
        good = f"{head}.{body}.{signature}"
        for claim in {"userID": "bob"}, {"exp": 9999999999}:
            yield f"claims changed: {claim}", f"{head}.{segment({**self.claims, **claim})}.{signature}"
        for what, token in (
                ("no signature", f"{head}.{body}."), ("two parts", f"{head}.{body}"),
                ("four parts", good + "." + signature), ("a cut signature", good[:-1]),
                ("a longer signature", good + "A"), ("a padded signature", good + "="),
                ("a changed signature", good[:-4] + ("AAAA" if good[-4:] != "AAAA" else "BBBB")),
                ("a signature in other letters", good + "%00"),
                ("no header", f".{body}.{signature}"), ("no claims", f"{head}..{signature}"),
                ("a quoted token", f'"{good}"'), ("twice", f"{good},{good}"),
                ("lots of it", "a" * 9000), ("many dots", "." * 100),
                ("the secret itself", wire.SECRET), ("a read token", READ_TOKEN),
                ("a hash of one", digest(READ_TOKEN))):
            yield what, token

    def by_application(self):
        """Who may write for one application may not for another one."""
        yield "another application's secret", self.hs256(appID="other")
        yield "its own by another's", self.hs256(secret=SECRETS["other"])
        yield "an unknown one", self.hs256(appID="nobody")
        yield "none", self.hs256(appID=None)
        for app in "", [], ["demo"], {"demo": 1}, True, 1.5, "demo\0", "Demo", "demo ", "*", "x" * 2000:
            yield f"appID {app!r}"[:60], self.hs256(appID=app)
        claims = json.dumps(self.claims)
        yield "two applications, the last by the first's secret", jws(
            {"alg": "HS256"}, claims[:-1] + ',"appID":"other"}', by_secret(wire.SECRET))

    def by_user(self):
        for user in None, "", [], {"alice": 1}, True, 1.5, "x" * 2000:
            yield f"userID {user!r}"[:60], self.hs256(userID=user)

    def by_time(self, now):
        """Of those times that a token has."""
        yield "expired", self.hs256(iat=now - HOUR, exp=now - 61)
        yield "expired long ago", self.hs256(iat=0, exp=1)
        yield "not yet", self.hs256(nbf=now + 3 * 61, exp=now + HOUR)
        yield "from the future", self.hs256(iat=now + 3 * 61, exp=now + HOUR)
        for exp in "9999999999", True, [9999999999], {}, -1, "", "never":
            yield f"exp {exp!r}", self.hs256(exp=exp)
        for name in "iat", "nbf":
            for value in "1", True, [], -1:
                yield f"{name} {value!r}", self.hs256(**{name: value})

    def by_lack_of_time(self):
        for name in "exp", "iat":
            yield f"no {name}", self.hs256(**{name: None})

    def by_audience(self, needed):
        for audience in ("ws://127.0.0.1:1", "wss://evil.example", "ws://127.0.0.1", "", 1, {}, [],
                         ["https://evil.example"], [None], True, "demo", "*", "http://localhost/x",
                         *([None] if needed else [])):
            yield f"aud {audience!r}", self.hs256(aud=audience)

    def everywhere(self, now):
        for attacks in (self.by_algorithm(), self.by_mixing_up(), self.by_header(),
                        self.by_form(), self.by_application(), self.by_user(),
                        self.by_time(now), self.by_audience(False)):
            yield from attacks


class Attacks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = wire.Collector.make_folder()
        cls.keys = Keys(folder)
        path = os.path.join(folder, "keys")
        wire.write_private(
            path, f"[demo]\nread-token=a:{digest(READ_TOKEN)}\n"
                  f"[keys]\nkey-file=client.pub\nsecret={SECRETS['keys']}\n"
                  f"[other]\nsecret={SECRETS['other']}\nread-token=a:{digest(OTHER_READ_TOKEN)}\n"
                  f"[pages]\nsecret=pages' secret\nallowed-origins=https://app.example.org\n")
        cls.collector = wire.Collector(folder, options=["--keys", path])
        cls.addClassCleanup(cls.collector.finish)
        cls.now = wire.now_ms() // 1000
        cls.stream = Attack(cls.keys, wire.claims(cls.collector.audience))
        cls.assertion = Attack(cls.keys, {"appID": "demo", "userID": "alice"})

    def counted(self, *reasons):
        text = self.collector.http("/metrics", headers={
            "Authorization": "Bearer " + READ_TOKEN})[2].decode()
        return sum(int(n) for kind, reason, n in re.findall(
            r'^callstats_collector_(tokens|readers)_refused_total\{reason="([^"]+)"\} (\d+)$',
            text, re.M) if not reasons or reason in reasons)

    def assert_all_refused(self, attacks, refuse, n_counted=1):
        """refuse: a door; it fails where it lets one in."""
        before, n = self.counted(), 0
        for what, token in attacks:
            with self.subTest(what):
                refuse(token)
                n += 1
        self.assertGreater(n, 0)
        self.assertEqual(self.counted() - before, n * n_counted)

    # ---- The doors ----

    def refuse_stream(self, token):
        """Of the WebSocket."""
        with self.assertRaises(wire.Refused) as caught:
            self.collector.connect(bearer=token.encode("ascii", "replace").decode())
        self.assertEqual(caught.exception.status, 401)
        self.assertIn("Bearer", caught.exception.headers["www-authenticate"])

    def refuse_renewal(self, token):
        """Of a connection that stands."""
        client = self.collector.connect(user="alice")
        client.hello()
        client.send_json({"type": "token", "token": token})
        self.assertEqual(client.wait_close().code, 4001)

    def refuse_assertion(self, token):
        """Of callstats' REST API."""
        client = callstats.Client(self.collector, user="alice")
        status, _, body = client.ask_token(code=token, client_id=None)
        self.assertEqual(status, 400, body)
        self.assertNotIn("access_token", body)

    def refuse_access(self, token):
        status, _, body = callstats.Client(self.collector).request(
            "POST", "/v1/apps/demo/conferences/c", {"localID": "alice"},
            headers={"Authorization": "Bearer " + token})
        self.assertEqual(status, 401, body)

    def refuse_reading(self, token, path="/api/v1/apps/demo/conferences"):
        status, _, body = self.collector.http(path, headers={"Authorization": "Bearer " + token})
        self.assertEqual(status, 401, body)

    # ---- The attacks ----

    def test_honest_tokens_are_taken(self):
        """Or all else would prove nothing."""
        self.collector.connect(bearer=self.stream.honest()).close()
        self.collector.connect(bearer=jws(
            {"alg": "ES256"}, {**self.stream.claims, "appID": "keys"},
            by_key(self.keys.path("client"), raw=32))).close()
        client = callstats.Client(self.collector)
        for code in (self.assertion.honest(), self.assertion.hs256(
                exp=self.now + HOUR, iat=self.now, nbf=self.now, aud=self.collector.audience)):
            client.authenticate(code=code)
        client.join()

    def test_at_the_stream(self):
        self.assert_all_refused(self.stream.everywhere(self.now), self.refuse_stream)
        self.assert_all_refused(self.stream.by_lack_of_time(), self.refuse_stream)
        self.assert_all_refused(self.stream.by_audience(True), self.refuse_stream)

    def test_in_a_connection_that_stands(self):
        attacks = [*self.stream.by_time(self.now), *self.stream.by_application(),
                   *self.stream.by_user(), *self.stream.by_audience(True)]
        # The user of these is another one.
        attacks += [("another user", self.stream.hs256(userID="bob")),
                    ("another application", self.stream.hs256(
                        appID="other", secret=SECRETS["other"]))]
        self.assert_all_refused(attacks, self.refuse_renewal)

    def test_at_authenticate(self):
        self.assert_all_refused(self.assertion.everywhere(self.now), self.refuse_assertion)

    def test_at_authenticate_for_another(self):
        others = self.counted("other-user")
        unknown = self.counted("unknown-application")
        client = callstats.Client(self.collector)
        for client_id in "bob@demo", "alice@other", "alice@", "@demo", "alice@demo@other":
            status, _, body = client.ask_token(client_id=client_id)
            self.assertEqual((status, "access_token" in body), (400, False), client_id)
        self.assertEqual(self.counted("other-user") - others, 4)
        self.assertEqual(self.counted("unknown-application") - unknown, 1)  # alice@

    def test_at_rest(self):
        client = callstats.Client(self.collector)
        client.authenticate()
        part = json.loads(base64.urlsafe_b64decode(client.token.split(".")[1] + "=="))
        access = Attack(self.keys, part)
        self.assert_all_refused(
            [*self.stream.everywhere(self.now), ("a stream's token", self.stream.honest()),
             ("an assertion", self.assertion.honest()),
             ("its own claims by the secret", access.honest()),
             *access.by_algorithm(), *access.by_form()], self.refuse_access)

    def test_at_rest_of_another_application(self):
        before = self.counted("other-user")
        client = callstats.Client(self.collector, app="other", secret=SECRETS["other"])
        client.authenticate()
        for path in ("/v1/apps/demo/conferences/c", "/v1/apps/demo/configurations/internal",
                     "/v1/apps/demo/stats/bridge/b"):
            method = "GET" if "configurations" in path else "POST"
            self.assertEqual(client.request(method, path, {"localID": "alice"})[0], 401, path)
        self.assertEqual(self.counted("other-user") - before, 3)

    def test_at_rest_from_another_origin(self):
        before = self.counted("wrong-origin")
        client = callstats.Client(self.collector, app="pages", secret="pages' secret")
        client.authenticate(headers={"Origin": "https://app.example.org"})
        for origin in ("https://evil.example", "http://app.example.org", "null",
                       "https://app.example.org.evil.example", "https://app.example.org:444"):
            self.assertEqual(client.ask_token(headers={"Origin": origin})[0], 400, origin)
            self.assertEqual(client.request("POST", "/v1/apps/pages/conferences/c",
                                            client.common(), headers={"Origin": origin})[0], 403)
        self.assertEqual(self.counted("wrong-origin") - before, 10)

    def test_at_the_query_api(self):
        client = callstats.Client(self.collector)
        client.authenticate()
        attacks = [("an access token", client.token), ("a stream's token", self.stream.honest()),
                   ("an assertion", self.assertion.honest()), ("the secret", wire.SECRET),
                   ("the hash", digest(READ_TOKEN)), ("another's hash", digest(OTHER_READ_TOKEN)),
                   ("a changed token", READ_TOKEN[:-1] + "e"), ("a longer one", READ_TOKEN + "d"),
                   ("a cut one", READ_TOKEN[:-1]), ("in capitals", READ_TOKEN.upper()),
                   ("its prefix", "csr_"),
                   ("signed by a read token", self.stream.hs256(secret=READ_TOKEN))]
        for path in ("/api/v1/apps", "/api/v1/apps/demo/conferences",
                     "/api/v1/apps/demo/conferences/c", "/api/v1/apps/nobody/conferences"):
            self.assert_all_refused(attacks, lambda token, p=path: self.refuse_reading(token, p))
        self.assertEqual(self.collector.http("/api/v1/apps/demo/conferences", headers={
            "Authorization": "Bearer " + OTHER_READ_TOKEN})[0], 403)

    def test_read_tokens_write_nothing(self):
        attacks = [("itself", READ_TOKEN), ("as secret", self.stream.hs256(secret=READ_TOKEN)),
                   ("its hash as secret", self.stream.hs256(secret=digest(READ_TOKEN)))]
        for refuse in self.refuse_stream, self.refuse_renewal, self.refuse_access:
            self.assert_all_refused(attacks, refuse)

    def test_nothing_was_told_to_the_log(self):
        self.refuse_stream(self.stream.hs256(secret="mine"))
        log = self.collector.read_log()
        for secret in [*SECRETS.values(), READ_TOKEN, self.stream.hs256().split(".")[1]]:
            self.assertNotIn(secret, log)


class Isolation(unittest.TestCase):
    def test_what_one_application_writes_no_other_reads(self):
        folder = wire.Collector.make_folder()
        path = os.path.join(folder, "keys")
        wire.write_private(path, f"[demo]\nread-token=a:{digest(READ_TOKEN)}\n"
                                 f"[other]\nsecret={SECRETS['other']}\n"
                                 f"read-token=a:{digest(OTHER_READ_TOKEN)}\n")
        with wire.Collector(folder, options=["--keys", path]) as collector:
            for app, secret in ("demo", wire.SECRET), ("other", SECRETS["other"]):
                client = collector.connect(bearer=wire.token(collector.audience, secret, app=app))
                client.hello()
                client.store(wire.report(f"fabric-of-{app}", "same", bytesSent=len(app)))
            for token, own, other in ((READ_TOKEN, "demo", "other"),
                                      (OTHER_READ_TOKEN, "other", "demo")):
                headers = {"Authorization": "Bearer " + token}
                _, _, body = collector.http(f"/api/v1/apps/{own}/conferences/same", headers=headers)
                self.assertEqual([f["fabric"] for f in body["fabrics"]], [f"fabric-of-{own}"])
                status, _, _ = collector.http(
                    f"/api/v1/apps/{own}/fabrics/fabric-of-{other}/reports", headers=headers)
                self.assertEqual(status, 404)


if __name__ == "__main__":
    unittest.main()
