/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * rtpsession before 1.24 iterates over its sources while another thread adds one or
 * resets it (fixed by 5ef2ce69ff and 6675ed9aae). GLib notices; nothing comes of it, and
 * no element outside rtpbin can keep it from happening.
 */
#include "rtpsession-race.h"

#include <gst/gst.h>
#include <string.h>

static GLogFunc log_as_before;

static gboolean
is_rtpsession_race (const char *domain, const char *message)
{
  guint major, minor, micro, nano;

  gst_version (&major, &minor, &micro, &nano);
  return major == 1 && minor < 24 && g_strcmp0 (domain, "GLib") == 0 &&
         strstr (message, "assertion 'version == hash_table->version' failed") != NULL;
}

static gboolean
is_fatal (
    const char *domain, GLogLevelFlags level, const char *message, gpointer user_data)
{
  return !is_rtpsession_race (domain, message);
}

static void
on_log (const char *domain, GLogLevelFlags level, const char *message, gpointer user_data)
{
  if (is_rtpsession_race (domain, message))
    g_printerr ("# rtpsession before GStreamer 1.24: %s\n", message);
  else
    log_as_before (domain, level, message, NULL);
}

void
rtpsession_race_tolerate (void)
{
  if (log_as_before == NULL)
    log_as_before = g_log_set_default_handler (on_log, NULL);
  g_test_log_set_fatal_handler (is_fatal, NULL);
}
