/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The transports of one webrtcbin. Monitor thread only, but for the id.
 */
#include "transport.h"

char *
gst_callstats_transport_id (guint session)
{
  return g_strdup_printf ("transport-stats_%u", session);
}
