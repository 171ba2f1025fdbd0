/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Step 4 of callstats' guide, reportError(): a call that does not come about.
 * callstatsmon sees the failures of a webrtcbin by itself; this is for what only the
 * application knows, and for applications without GStreamer.
 */
#include "guide.h"

int
main (void)
{
  g_autoptr (CallstatsClient) client = guide_make_client ();
  g_autoptr (GError) error = NULL;
  g_autofree char *fabric = callstats_client_add_new_fabric (
      client, REMOTE_USER, CALLSTATS_FABRIC_USAGE_MULTIPLEX, CONFERENCE, NULL, &error);
  GVariantDict details;

  if (fabric == NULL)
    return guide_fail (error);
  g_variant_dict_init (&details, NULL);
  g_variant_dict_insert (&details, "name", "s", "RuntimeError");
  g_variant_dict_insert (&details, "message", "s", "no codec in common");
  g_variant_dict_insert (&details, "stack", "s", "create_offer");
  callstats_client_report_error (client, fabric, CALLSTATS_WEBRTC_FUNCTION_CREATE_OFFER,
      g_variant_dict_end (&details), &error);
  return guide_finish (client, error);
}
