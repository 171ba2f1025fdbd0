#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Step 5 of callstats' guide, sendFabricEvent(): what users do in a call, and its end."""

from gi.repository import GLib

from guide import CONFERENCE, REMOTE_USER, Callstats, data, finish, make_client

client = make_client()
fabric = client.add_new_fabric(REMOTE_USER, Callstats.FabricUsage.MULTIPLEX, CONFERENCE, None)

client.send_fabric_event(fabric, "videoPause", None)

device = {"deviceId": "default", "kind": "videoinput", "label": "FaceTime HD Camera",
          "groupId": "2004946474"}
client.send_fabric_event(fabric, "activeDeviceList",
                         data(deviceList=GLib.Variant("aa{ss}", [device])))

client.send_fabric_event(fabric, "fabricTerminated", None)
finish(client)
