/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The plugins that webrtcbin needs and that may be missing. Debian packs that of libnice
 * apart. Any thread.
 */
#include "neededplugins.h"

static const struct {
  const char *plugin, *factory;
} needed[] = {
  { "nice", "nicesrc" },
  { "dtls", "dtlssrtpdec" },
  { "srtp", "srtpdec" },
  { "rtpmanager", "rtpbin" },
};

gboolean
gst_callstats_find_missing_plugin (const char **plugin, const char **factory)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (needed); i++) {
    g_autoptr (GstElementFactory) found = gst_element_factory_find (needed[i].factory);

    if (found != NULL)
      continue;
    *plugin = needed[i].plugin;
    *factory = needed[i].factory;
    return TRUE;
  }
  return FALSE;
}
