/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The callstats plugin: registers its elements, nothing else.
 */
#include <gst/gst.h>

#include "gstcallstatsloopback.h"
#include "gstcallstatsmon.h"

static gboolean
plugin_init (GstPlugin *plugin)
{
  return GST_ELEMENT_REGISTER (callstatsmon, plugin)
         && GST_ELEMENT_REGISTER (callstatsloopback, plugin);
}

GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, callstats,
    "Monitors WebRTC calls as callstats did", plugin_init, PACKAGE_VERSION, "LGPL",
    "gst-callstats", "gst-callstats")
