# SPDX-License-Identifier: LGPL-2.1-or-later
"""What people call themselves and their calls who mean no good. tests/page/hostile.test.mjs looks
for each of these texts."""

MARKUP = "<img src=x onerror=alert(1)>"
SCRIPT = '"><script>alert(1)</script>'
ADDRESS = "javascript:alert(1)"
TURNED = "\u202eevil\u202c"  # RTL override and its end
UNCLOSED = "\u202elive\u2067"  # an override and an isolate that nothing ends

CONFERENCE = MARKUP
USER = MARKUP
USER_NAME = f"Mallory {UNCLOSED}"
SITE = SCRIPT
OTHER_USER = "__proto__"
OTHER_USER_NAME = f"<b>{ADDRESS}</b>"
OTHER_SITE = "👩‍👩‍👧‍👦 \u202dsite"

# Conferences of clients without media; the first has 256 bytes, the limit.
CONFERENCES = ["ж" * 128, "__proto__", "constructor", "hasOwnProperty", ADDRESS, SCRIPT,
               f"turned {TURNED} {UNCLOSED} end", "🧨🎉👩‍👩‍👧‍👦", "a/b?c=d#e%2Ff&g", "../..", " ",
               "' OR 1=1 --", "&lt;b&gt;bold&lt;/b&gt;"]
USERS = ["constructor", "__proto__", MARKUP, f"rtl {UNCLOSED}", "🤖", ADDRESS, SCRIPT, "..",
         "toString", "u/v?w#x", "ж" * 64, "مرحبا", "&amp;"]
