# SPDX-License-Identifier: LGPL-2.1-or-later
"""How the page is served: types, versions, ETags, policies, and no way to anything else."""
import gzip
import os
import re
import unittest
import xml.etree.ElementTree

import wire

WEB = os.environ["CALLSTATS_WEB"]
TYPES = {"css": "text/css; charset=utf-8", "html": "text/html; charset=utf-8",
         "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml",
         "txt": "text/plain; charset=utf-8"}
HAS_PAGE = os.environ["CALLSTATS_PAGE"] == "1"


def read_list(name):
    """The files of a resource: paths, and where in the sources they are (None: from npm)."""
    for node in xml.etree.ElementTree.parse(os.path.join(WEB, name)).iter("file"):
        alias = node.get("alias", node.text)
        path = "/page/" + alias if "/" in alias else "/" + alias.replace("index.html", "")
        yield path, None if alias.startswith("vendor/") else os.path.join(WEB, node.text)


FILES = dict(read_list("page.gresource.xml" if HAS_PAGE else "no-page.gresource.xml"))
# One of each folder and type, for what does not depend on the contents.
KINDS = {path.rpartition("/")[0] + path.rpartition(".")[2]: path for path in FILES}.values()


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.collector = wire.Collector()
        cls.addClassCleanup(cls.collector.finish)

    def get(self, path, **headers):
        return self.collector.http(
            path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    def test_every_file_is_served_as_it_is(self):
        for path, source in FILES.items():
            status, headers, body = self.get(path)
            self.assertEqual(status, 200, path)
            self.assertEqual(headers["Content-Type"],
                             TYPES[path.rsplit(".", 1)[1] if path != "/" else "html"], path)
            self.assertEqual(int(headers["Content-Length"]), len(body), path)
            if source is not None and path != "/":
                with open(source, "rb") as file:
                    self.assertEqual(body, file.read(), path)

    def version(self):
        return re.search('"/page/([0-9a-f]{16})/shell/main.js"', self.get("/")[2].decode())[1]

    @unittest.skipUnless(HAS_PAGE, "built without the page")
    def test_the_document_names_files_by_their_version_and_loads_all_modules_at_once(self):
        document = self.get("/")[2].decode()
        version = self.version()
        with open(FILES["/"], encoding="utf-8") as file:
            source = file.read()
        rest = re.sub(r'  <link rel="modulepreload".*\n', "", document)
        self.assertEqual(rest.replace(f"/page/{version}/", "/page/"), source)
        self.assertEqual(re.findall('"modulepreload" href="([^"]*)"', document),
                         sorted(path.replace("/page/", f"/page/{version}/")
                                for path in FILES if path.endswith(".js")))

    @unittest.skipUnless(HAS_PAGE, "built without the page")
    def test_what_has_a_version_may_be_kept_and_no_other_version_is_there(self):
        version = self.version()
        for path in [path for path in FILES if path.startswith("/page/")]:
            name = path.removeprefix("/page/")
            _, got, same = self.get(path)
            status, headers, body = self.get(f"/page/{version}/{name}")
            self.assertEqual((status, body, headers["ETag"]), (200, same, got["ETag"]), path)
            self.assertEqual(headers["Cache-Control"], "public, max-age=31536000, immutable")
        for other in "0" * 16, version[:-1], version + "0", version.upper() + "X", "..", "%20":
            status, headers, body = self.get(f"/page/{other}/shell/main.js")
            self.assertEqual((status, body["error"]["code"]), (404, "not-found"), other)
            self.assertEqual(headers["Cache-Control"], "no-store")

    def test_text_is_compressed_for_those_who_take_that(self):
        shorter = 0
        for path in KINDS:
            _, plain, body = self.get(path)
            status, headers, packed = self.get(path, Accept_Encoding="br, gzip;q=0.5")
            self.assertEqual((status, headers["Vary"]), (200, "Accept-Encoding"), path)
            if headers["Content-Encoding"] is None:
                self.assertLess(len(body), 1500, path)
                continue
            shorter += 1
            self.assertEqual(gzip.decompress(packed), body, path)
            self.assertLess(len(packed), len(body))
            self.assertNotEqual(headers["ETag"], plain["ETag"])
            again, _, none = self.get(path, Accept_Encoding="gzip", If_None_Match=headers["ETag"])
            self.assertEqual((again, none), (304, b""), path)
        self.assertGreater(shorter, 0)

    def test_nothing_is_compressed_for_those_who_do_not(self):
        for given in ("", "br", "gzip;q=0", "x-gzip2", "deflate, gzip;q=0.0", ";", "q=1"):
            _, headers, body = self.get("/", Accept_Encoding=given)
            self.assertIsNone(headers["Content-Encoding"], given)
            self.assertIn(b"<!DOCTYPE html>", body)

    def test_head_tells_the_same_without_a_body(self):
        for path in KINDS:
            _, got, _ = self.get(path)
            status, headers, body = self.collector.http(path, "HEAD")
            self.assertEqual((status, body), (200, b""), path)
            for name in "Content-Type", "Content-Length", "ETag", "Content-Security-Policy":
                self.assertEqual(headers[name], got[name], path)

    def test_an_etag_stands_for_one_content(self):
        of = {}
        for path in KINDS:
            _, headers, body = self.get(path)
            self.assertRegex(headers["ETag"], r'^"[0-9a-f]{32}"$')
            self.assertEqual(of.setdefault(headers["ETag"], body), body, path)
        with wire.Collector() as other:
            for path in KINDS:
                self.assertIn(other.http(path)[1]["ETag"], of)

    def test_what_the_client_has_is_not_sent_again(self):
        for path in KINDS:
            etag = self.get(path)[1]["ETag"]
            for given in (etag, f'"x", W/{etag}, "y"', "*"):
                status, headers, body = self.get(path, If_None_Match=given)
                self.assertEqual((status, body), (304, b""), (path, given))
                self.assertEqual(headers["ETag"], etag)
                self.assertEqual(headers["Cache-Control"], "no-cache")
                self.assertNotIn("Content-Length", headers)

    def test_another_etag_gets_the_file(self):
        etag = self.get("/")[1]["ETag"]
        for given in ('""', '"x"', etag[:-2] + '"', etag.strip('"'), "", ",", "W/", '"' * 1000):
            self.assertEqual(self.get("/", If_None_Match=given)[0], 200, given)

    def test_a_browser_asks_each_time_so_that_versions_never_mix(self):
        for path in KINDS:
            self.assertEqual(self.get(path)[1]["Cache-Control"], "no-cache", path)

    def test_nothing_but_own_files_runs_or_shows(self):
        for path in KINDS:
            _, headers, _ = self.get(path)
            policy = dict(part.split(" ", 1)
                          for part in headers["Content-Security-Policy"].split("; "))
            self.assertEqual(policy.pop("default-src"), "'none'")
            for name in "script", "style", "img", "connect":
                self.assertEqual(policy.pop(f"{name}-src"), "'self'")
            for name in "base-uri", "form-action", "frame-ancestors", "trusted-types":
                self.assertEqual(policy.pop(name), "'none'")
            self.assertEqual(policy.pop("require-trusted-types-for"), "'script'")
            self.assertEqual(policy, {})
            self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
            self.assertEqual(headers["Referrer-Policy"], "no-referrer")
            self.assertEqual(headers["Cross-Origin-Opener-Policy"], "same-origin")
            self.assertEqual(headers["Cross-Origin-Resource-Policy"], "same-origin")
            self.assertIn("camera=()", headers["Permissions-Policy"])

    def test_a_document_refers_to_files_that_there_are(self):
        document = self.get("/")[2].decode()
        paths = re.findall(r'(?:src|href)="(/[^"]+)"', document)
        self.assertIn("/icon.svg", paths)
        for path in paths:
            self.assertEqual(self.get(path)[0], 200, path)

    def test_paths_lead_to_nothing_else(self):
        for path in ("/page/", "/page/shell", "/page/shell/x.js", "/page/x/main.js",
                     "/page/shell/main.js/", "/page/shell/main.js/x", "/page/shell/MAIN.js",
                     "/page/shell%2Fmain.js", "/page/shell/..%2Findex.html",
                     "/page/%2e%2e/openapi.yaml", "/page/../openapi.yaml", "/page/./index.html",
                     "/page/lib/..%2F..%2F..%2F..%2Fetc%2Fpasswd", "/page/lib/.", "/page/lib/..",
                     "/page/lib/*", "/page/*/*", "/page/lib/dom.js%00", "/page/lib/dom.js%20",
                     "/page/index.html", "/page//index.html", "/page/%2Findex.html",
                     "/page/vendor/package.json", "/page/web/package.json", "/page/lib/%ff",
                     "/page/lib/" + "x" * 4000, "/index.html", "/page.html",
                     "/page/x/shell/main.js", "/page//shell/main.js", "/page/*/shell/main.js",
                     "/page/x/y/shell/main.js"):
            status, headers, body = self.get(path)
            self.assertIn((status, body["error"]["code"]),
                          ((404, "not-found"), (400, "bad-id")), path)
            self.assertEqual(headers["Cache-Control"], "no-store", path)

    def test_other_hosts_get_nothing(self):
        for path in KINDS:
            status, _, body = self.get(path, Host="evil.example")
            self.assertEqual((status, body["error"]["code"]), (421, "misdirected-request"), path)

    @unittest.skipUnless(HAS_PAGE, "built without the page")
    def test_what_others_wrote_comes_with_its_license(self):
        self.assertIn("uPlot", self.get("/page/vendor/uPlot.esm.js")[2].decode())
        self.assertIn("Permission is hereby granted",
                      self.get("/page/vendor/uPlot.LICENSE.txt")[2].decode())

    @unittest.skipIf(HAS_PAGE, "built with the page")
    def test_without_the_page_it_is_said_where_the_api_is(self):
        document = self.get("/")[2].decode()
        self.assertIn("without its page", document)
        self.assertIn('href="/api/v1/openapi.yaml"', document)
        self.assertEqual(self.get("/page/shell/main.js")[0], 404)


if __name__ == "__main__":
    unittest.main()
