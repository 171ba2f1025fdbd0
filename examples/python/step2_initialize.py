#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Step 2 of callstats' guide, initialize(): who reports, to which backend, and its answer.

With a secret the library signs tokens itself; without one it asks for them.
"""

import os
import sys

from gi.repository import GLib

from guide import make_client

loop = GLib.MainLoop()
answers = []


def cs_init_callback(client, cs_error, message):
    print(cs_error, message)
    if "CALLSTATS_TOKEN" in os.environ and cs_error == "tokenGenerationError":
        return  # not made yet: token_generator() is asked now
    answers.append(cs_error)
    loop.quit()


def token_generator(client, force):
    """Asks the origin server for a token; with force, for another than the last."""
    print("token wanted", "again" if force else "")
    client.set_property("token", os.environ.get("CALLSTATS_TOKEN"))


client = make_client()
client.set_property("application-version", "1.2.3")  # configParams
client.set_property("site-id", "Helsinki")
client.connect("initialized", cs_init_callback)
client.connect("need-token", token_generator)
client.initialize()
GLib.timeout_add_seconds(20, loop.quit)
loop.run()
sys.exit(answers != ["success"])
