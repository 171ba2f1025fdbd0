/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The properties of callstatsmon. Those that say who reports, and to whom, are those of
 * CallstatsClient, in whose class each has its only description; the rest are settings
 * of the element.
 *
 * Any thread; whoever calls guards the settings.
 */
#pragma once

#include "gstcallstatsmon.h"

G_BEGIN_DECLS

/* Ids; from GST_CALLSTATS_MON_CLIENT_S on they are the client's. */
typedef enum {
  GST_CALLSTATS_MON_REMOTE_USER_ID = 1,
  GST_CALLSTATS_MON_WEBRTCBIN,
  GST_CALLSTATS_MON_WEBRTCBIN_NAME,
  GST_CALLSTATS_MON_INTERVAL,
  GST_CALLSTATS_MON_SETUP_TIMEOUT,
  GST_CALLSTATS_MON_FABRIC_USAGE,
  GST_CALLSTATS_MON_COLLECT_IP,
  GST_CALLSTATS_MON_DETAIL,
  GST_CALLSTATS_MON_COLLECT_SDP,
  GST_CALLSTATS_MON_COLLECT_DEVICES,
  GST_CALLSTATS_MON_POST_MESSAGES,
  GST_CALLSTATS_MON_N_SETTINGS,
  GST_CALLSTATS_MON_ADDITIONAL_IDS = GST_CALLSTATS_MON_N_SETTINGS,
  GST_CALLSTATS_MON_STATS,
  GST_CALLSTATS_MON_CLIENT,
  GST_CALLSTATS_MON_CLIENT_S,
} GstCallstatsMonProperty;

/* Values by id; the one at 0 is not used. */
typedef struct {
  GValue values[GST_CALLSTATS_MON_N_SETTINGS];
} GstCallstatsMonSettings;

void gst_callstats_mon_install_properties (GObjectClass *klass);

/* The properties' defaults. */
void gst_callstats_mon_settings_init (
    GstCallstatsMonSettings *settings, GObjectClass *klass);
void gst_callstats_mon_settings_clear (GstCallstatsMonSettings *settings);

/* What additional-ids holds, a structure here and an a{ss} there. Only strings are ids.
 * Returns: (transfer floating) */
GVariant *gst_callstats_ids_to_variant (const GstStructure *ids);
/* Returns: (transfer full) */
GstStructure *gst_callstats_ids_from_variant (GVariant *ids);

G_END_DECLS
