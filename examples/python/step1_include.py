#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Step 1 of callstats' guide, "Include callstats.js": the library, and the object of it."""

import gi

gi.require_version("Callstats", "1.0")
from gi.repository import Callstats  # noqa: E402

client = Callstats.Client()

# What was callStats.fabricUsage, callStats.fabricEvent, callStats.webRTCFunctions …
for enumeration in (Callstats.FabricUsage, Callstats.FabricEvent, Callstats.WebrtcFunction,
                    Callstats.EndpointType, Callstats.TransmissionDirection,
                    Callstats.CsError, Callstats.UserIdType, Callstats.CallType,
                    Callstats.Role):
    values = enumeration.__enum_values__
    print(enumeration.__name__ + ":",
          *(Callstats.enum_to_string(enumeration.__gtype__, value) for value in values))
