#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Step 4 of callstats' guide, reportError(): a call that does not come about.

callstatsmon sees the failures of a webrtcbin by itself; this is for what only the
application knows, and for applications without GStreamer.
"""

from guide import CONFERENCE, REMOTE_USER, Callstats, data, finish, make_client, text

client = make_client()
fabric = client.add_new_fabric(REMOTE_USER, Callstats.FabricUsage.MULTIPLEX, CONFERENCE, None)


def create_offer():
    raise RuntimeError("no codec in common")


def create_offer_error(error):
    client.report_error(fabric, Callstats.WebrtcFunction.CREATEOFFER, data(
        name=text(type(error).__name__), message=text(str(error)), stack=text("create_offer")))


try:
    create_offer()
except RuntimeError as error:
    create_offer_error(error)

finish(client)
