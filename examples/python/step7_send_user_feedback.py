#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Step 7 of callstats' guide, sendUserFeedback(): called back once the backend has stored it."""

import sys

from gi.repository import GLib

from guide import CONFERENCE, LOCAL_USER, data, make_client, number, text

loop = GLib.MainLoop()
outcomes = []


def pc_callback(client, result):
    try:
        outcomes.append(client.send_user_feedback_finish(result))
        print("success")
    except GLib.Error as error:
        print("failure", error.message)
    loop.quit()


feedback = data(userID=text(LOCAL_USER),  # mandatory in the guide; the client's by default
                overall=number(4))  # mandatory: 1 to 5
client = make_client()
client.send_user_feedback(CONFERENCE, feedback, None, pc_callback)
GLib.timeout_add_seconds(20, loop.quit)
loop.run()
sys.exit(not outcomes)
