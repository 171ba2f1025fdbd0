# SPDX-License-Identifier: LGPL-2.1-or-later
"""docs/api-map.md: no cell is empty, and what it names is there."""

import os
import re
import sys
import unittest

import gi

for namespace in ("Callstats", "Gst"):
    gi.require_version(namespace, "1.0")
from gi.repository import Callstats, GObject, Gst  # noqa: E402

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
GIR = os.path.join(sys.argv[1], "src", "callstats", "Callstats-1.0.gir")
MAP = os.path.join(TOP, "docs", "api-map.md")
EXEMPT = ("remark",)  # columns that may be empty


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def tables():
    """The tables: a list of rows each, the first with the columns' names."""
    found = [[]]
    for line in read(MAP).splitlines():
        if not line.startswith("|"):
            found.append([])
        elif not set(line) <= set("|-"):
            found[-1].append([cell.strip() for cell in line.strip("|").split("|")])
    return [table for table in found if table]


def words(text):
    return set(re.findall(r"`([a-z][a-z0-9-]*)(?: \(.*?\))?`", text))


class ApiMap(unittest.TestCase):
    def test_no_cell_is_empty(self):
        for head, *rows in tables():
            for row in rows:
                with self.subTest(row[0]):
                    self.assertEqual(len(row), len(head))
                    for name, cell in zip(head, row):
                        self.assertTrue(cell or name in EXEMPT)

    def test_functions_and_types_are_there(self):
        gir = read(GIR)
        named = set(re.findall(r"\b(callstats_[a-z0-9_]+)", read(MAP)))
        self.assertGreater(len(named), 15)
        self.assertEqual({name for name in named
                          if f'c:identifier="{name}"' not in gir}, set())
        types = set(re.findall(r"`(Callstats[A-Za-z]+)`", read(MAP)))
        self.assertEqual({name for name in types if f'c:type="{name}"' not in gir}, set())
        for name in re.findall(r"`Callstats\.([A-Z]\w+)`", read(MAP)):
            self.assertTrue(hasattr(Callstats, name), name)

    def test_methods_are_called_by_their_names(self):
        for name in re.findall(r"`client\.([a-z_]+)\(", read(MAP)):
            self.assertTrue(hasattr(Callstats.Client, name), name)

    def test_every_verb_of_the_client_is_mapped(self):
        text = read(MAP)
        for name in dir(Callstats.Client):
            if re.match(r"send_(?!report)|set_identifiers|associate|add_new|log$|report_", name):
                self.assertIn("callstats_client_" + name, text)

    def test_signals_and_properties_of_the_element_are_there(self):
        Gst.init(None)
        monitor = Gst.ElementFactory.make("callstatsmon")
        known = {spec.name for spec in monitor.list_properties()}
        known |= set(GObject.signal_list_names(monitor))
        calls = tables()[0]
        self.assertEqual(calls[0][-1], "callstatsmon")
        for row in calls[1:]:
            for word in words(row[-1]) - {"callstatsmon", "attributes", "turn-server", "callstats-need-token"}:
                self.assertIn(word, known, row[0])
        for name in known & {"app-id", "app-secret", "app-secret-file", "token", "user-id",
                             "user-name", "remote-user-id", "conference-id", "site-id",
                             "application-version", "additional-ids", "fabric-usage",
                             "setup-timeout", "collect-ip", "collect-sdp", "collect-devices",
                             "backend-url", "interval"}:
            self.assertIn(f"`{name}`", read(MAP))

    def test_signals_of_the_client_are_there(self):
        known = set(GObject.signal_list_names(Callstats.Client))
        for name in ("initialized", "stats", "need-token", "default-config",
                     "recommended-config", "fabric-event", "warning", "report"):
            self.assertIn(name, known)
        self.assertEqual({name for name in known if f"`{name}" not in read(MAP)}, set())


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
