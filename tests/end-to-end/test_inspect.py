# SPDX-License-Identifier: LGPL-2.1-or-later
"""What gst-inspect-1.0 and gst-launch-1.0 -v tell of the elements, and what not."""

import os
import re
import subprocess
import unittest

import harness
from harness import TOP, EndToEnd, free_port, host_environment

PROPERTY = re.compile(r"^  ([a-z][a-z0-9-]*) +: (.*)$")
SECRETS = {"app-secret", "token"}


def inspect(element):
    """Returns its properties: name to lines, blurb first."""
    output = subprocess.run(["gst-inspect-1.0", element], text=True, capture_output=True, check=True,
                            timeout=60, env={**os.environ, **host_environment(), "NO_COLOR": "1",
                                             "GST_INSPECT_NO_COLORS": "1"}).stdout
    properties, name = {}, None
    for line in output.partition("Element Properties:")[2].splitlines():
        match = PROPERTY.match(line)
        if match:
            name = match.group(1)
            properties[name] = [match.group(2)]
        elif line and not line.startswith(" "):
            break
        elif name and line.strip():
            properties[name].append(line.strip())
    return properties


class Inspect(unittest.TestCase):
    def assert_documented(self, element):
        properties = inspect(element)
        for name in properties.keys() - inspect("bin").keys():
            blurb, flags = properties[name][0], properties[name][1]
            with self.subTest(name):
                self.assertGreater(len(blurb), 15, blurb)
                self.assertNotEqual(blurb.lower().replace(" ", "-"), name)
                self.assertRegex(flags, r"^flags: (readable|writable)")
                if "writable" in flags:
                    self.assertIn("changeable", flags)
                self.assertRegex(" ".join(properties[name][2:]),
                                 "Default:|Object of type|Boxed pointer|Write only")
        return properties

    def test_every_property_of_callstatsmon_has_blurb_flags_and_default(self):
        properties = self.assert_documented("callstatsmon")
        for secret in SECRETS & properties.keys():
            self.assertNotIn("readable", properties[secret][1])

    def test_every_property_of_callstatsloopback_has_blurb_flags_and_default(self):
        self.assert_documented("callstatsloopback")

    def test_the_readme_lists_the_properties_that_there_are(self):
        with open(os.path.join(TOP, "README.md")) as file:
            rows = re.findall(r"^\| (`[a-z-]+`(?:, `[a-z-]+`)*) \|", file.read(), re.MULTILINE)
        listed = re.findall(r"[a-z-]+", " ".join(rows))
        there = inspect("callstatsmon").keys() - inspect("bin").keys()
        self.assertEqual(sorted(listed), sorted(there), "README.md's table of properties")


class Secrets(EndToEnd):
    SECRET = "never-to-be-seen-0123456789abcdef"

    def test_are_not_in_verbose_output_nor_in_the_debug_log(self):
        words = self.credentials(f"ws://127.0.0.1:{free_port()}/", app_secret_file=None,
                                 app_secret=self.SECRET)
        call = self.make_call(words, 2, options=["-e", "-v", "-m"],
                              environment={"GST_DEBUG": "callstats*:9,GST_ELEMENT*:6",
                                           "G_MESSAGES_DEBUG": "all"})
        self.assertEqual(call.start().wait(40), 0)
        text = "\n".join(call.output)
        self.assertIn("callstatsmon", text)
        self.assertNotIn(self.SECRET, text)


if __name__ == "__main__":
    harness.main()
