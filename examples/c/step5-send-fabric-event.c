/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Step 5 of callstats' guide, sendFabricEvent(): what users do in a call, and its end.
 */
#include "guide.h"

int
main (void)
{
  g_autoptr (CallstatsClient) client = guide_make_client ();
  g_autoptr (GError) error = NULL;
  g_autofree char *fabric = callstats_client_add_new_fabric (
      client, REMOTE_USER, CALLSTATS_FABRIC_USAGE_MULTIPLEX, CONFERENCE, NULL, &error);
  GVariant *devices = g_variant_new_parsed (
      "{'deviceList': <[{'deviceId': 'default', 'kind': 'videoinput',"
      " 'label': 'FaceTime HD Camera', 'groupId': '2004946474'}]>}");

  if (fabric != NULL &&
      callstats_client_send_fabric_event (client, fabric, "videoPause", NULL, &error) &&
      callstats_client_send_fabric_event (
          client, fabric, "activeDeviceList", devices, &error))
    callstats_client_send_fabric_event (client, fabric, "fabricTerminated", NULL, &error);
  return guide_finish (client, error);
}
