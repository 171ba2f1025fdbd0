# SPDX-License-Identifier: LGPL-2.1-or-later
"""A whole conversation that was recorded of a browser's client becomes a conference. The recording
is no part of the repository: it is the file that CALLSTATS_RECORDED_CONVERSATION names, or one in
the folder shared/data beside the checkout. Without one the test is skipped."""
import lzma
import os
import sys
import time
import unittest

import callstats
from conversation import Conversation

BESIDE = os.path.normpath(os.path.join(
    os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "shared", "data",
    "callstats-3.73.16-conversation.jsonl.xz"))
NAMED = os.environ.get("CALLSTATS_RECORDED_CONVERSATION")


class Recorded(Conversation, unittest.TestCase):
    conference = f"recorded/{time.time_ns()}"

    @classmethod
    def setUpClass(cls):
        with lzma.open(NAMED or BESIDE, "rt", encoding="utf-8") as lines:
            cls.lines = callstats.read_conversation(lines)
        cls.tell()


if __name__ == "__main__":
    if not NAMED and not os.path.exists(BESIDE):
        print(f"skipped: no recorded conversation is at hand: there is no {BESIDE}, and "
              "CALLSTATS_RECORDED_CONVERSATION names no other file")
        sys.exit(77)
    unittest.main()
