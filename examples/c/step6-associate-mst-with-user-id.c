/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Step 6 of callstats' guide, associateMstWithUserID(): whose stream an SSRC is.
 */
#include "guide.h"

#define SSRC1 2447301367u /* of the local video */
#define SSRC2 2955158514u /* of the remote video, out of the remote description */
#define MST_LABEL "front-camera"

int
main (void)
{
  g_autoptr (CallstatsClient) client = guide_make_client ();
  g_autoptr (GError) error = NULL;
  g_autofree char *fabric = callstats_client_add_new_fabric (client, "conference-server",
      CALLSTATS_FABRIC_USAGE_MULTIPLEX, CONFERENCE, NULL, &error);

  /* The video tag is the name of the sink element that renders the stream. */
  if (fabric != NULL &&
      callstats_client_associate_mst_with_user_id (
          client, fabric, LOCAL_USER, SSRC1, MST_LABEL, NULL, &error) &&
      callstats_client_associate_mst_with_user_id (
          client, fabric, REMOTE_USER, SSRC2, MST_LABEL, "bobs-sink", &error))
    callstats_client_send_fabric_event (client, fabric, "fabricTerminated", NULL, &error);
  return guide_finish (client, error);
}
