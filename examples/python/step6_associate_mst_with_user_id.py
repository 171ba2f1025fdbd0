#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Step 6 of callstats' guide, associateMstWithUserID(): whose stream an SSRC is."""

from guide import CONFERENCE, LOCAL_USER, REMOTE_USER, Callstats, finish, make_client

SSRC1 = 2447301367  # of the local video
SSRC2 = 2955158514  # of the remote video, out of the remote description
MST_LABEL = "front-camera"

client = make_client()
fabric = client.add_new_fabric("conference-server", Callstats.FabricUsage.MULTIPLEX, CONFERENCE,
                               None)
client.associate_mst_with_user_id(fabric, LOCAL_USER, SSRC1, MST_LABEL, None)
# The video tag is the name of the sink element that renders the stream.
client.associate_mst_with_user_id(fabric, REMOTE_USER, SSRC2, MST_LABEL, "bobs-sink")
client.send_fabric_event(fabric, "fabricTerminated", None)
finish(client)
