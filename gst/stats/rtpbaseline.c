/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What RTP sessions had counted before. Monitor thread only.
 */
#include <string.h>

#include "fields.h"
#include "rtpbaseline.h"
#include "rtptaps.h"

/* Until no packet comes between two looks at what was counted here. */
#define MAX_TRIES 20

#define FIELD(name) \
  { \
    name, NULL, GST_CALLSTATS_UNIT_UNSIGNED, 0, NULL \
  }

/* application/x-rtp-source-stats: what is sent first, then what is received. */
static const GstCallstatsField packets_fields[] = { FIELD ("packets-sent"),
  FIELD ("packets-received") };
static const GstCallstatsField octets_fields[] = { FIELD ("octets-sent"),
  FIELD ("octets-received") };
static const GstCallstatsField nack_fields[] = { FIELD ("recv-nack-count"),
  FIELD ("sent-nack-count") };
static const GstCallstatsField pli_fields[] = { FIELD ("recv-pli-count"),
  FIELD ("sent-pli-count") };
static const GstCallstatsField fir_fields[] = { FIELD ("recv-fir-count"),
  FIELD ("sent-fir-count") };
static const GstCallstatsField lost_field = { "packets-lost", NULL,
  GST_CALLSTATS_UNIT_AS_IS, 0, "one too few on all versions" };

static guint64
read_count (const GstStructure *source, const GstCallstatsField *field)
{
  guint64 count = 0;

  gst_callstats_get_count (source, field->gst, &count);
  return count;
}

/* rtpsource takes the second packet for the first, once its probation is done, but counts
 * both; on all versions up to 1.28 (update_receiver_stats, init_seq). */
static gint64
undo_probation_quirk (gint64 lost)
{
  return lost + 1;
}

static gint64
read_lost (const GstStructure *source)
{
  double lost;

  if (!gst_callstats_get_double (source, lost_field.gst, &lost))
    return 0;
  return undo_probation_quirk ((gint64)lost);
}

static void
read_source (const GstStructure *source, guint session, GArray *baselines)
{
  GstCallstatsBaseline baseline = { .session = session };
  gboolean internal = FALSE, received;
  guint ssrc = 0;

  gst_structure_get_boolean (source, "internal", &internal);
  gst_structure_get_uint (source, "ssrc", &ssrc);
  baseline.received = received = !internal;
  baseline.ssrc = ssrc;
  baseline.packets = read_count (source, &packets_fields[received]);
  baseline.payload_bytes = read_count (source, &octets_fields[received]);
  baseline.nack = read_count (source, &nack_fields[received]);
  baseline.pli = read_count (source, &pli_fields[received]);
  baseline.fir = read_count (source, &fir_fields[received]);
  baseline.lost = received ? read_lost (source) : 0;
  if (baseline.packets > 0)
    g_array_append_val (baselines, baseline);
}

G_GNUC_BEGIN_IGNORE_DEPRECATIONS
static void
read_session (GstElement *rtpbin, guint session, GArray *baselines)
{
  g_autoptr (GObject) object = NULL;
  g_autoptr (GstStructure) stats = NULL;
  const GValue *value;
  GValueArray *sources;
  guint i;

  g_signal_emit_by_name (rtpbin, "get-internal-session", session, &object);
  if (object == NULL)
    return;
  g_object_get (object, "stats", &stats, NULL);
  value = stats != NULL ? gst_structure_get_value (stats, "source-stats") : NULL;
  if (value == NULL || !G_VALUE_HOLDS (value, g_value_array_get_type ()))
    return;
  sources = g_value_get_boxed (value);
  for (i = 0; sources != NULL && i < sources->n_values; i++)
    read_source (
        gst_value_get_structure (g_value_array_get_nth (sources, i)), session, baselines);
}
G_GNUC_END_IGNORE_DEPRECATIONS

static gboolean
add_session (GstElement *rtpbin, GstPad *pad, gpointer user_data)
{
  guint session;

  if (gst_callstats_read_session (GST_PAD_NAME (pad), "send_rtp_src_", &session) ||
      gst_callstats_read_session (GST_PAD_NAME (pad), "recv_rtp_sink_", &session))
    g_hash_table_add (user_data, GUINT_TO_POINTER (session));
  return TRUE;
}

static void
read_sessions (GstElement *rtpbin, GHashTable *sessions, GArray *baselines)
{
  GHashTableIter iter;
  gpointer session;

  g_hash_table_iter_init (&iter, sessions);
  while (g_hash_table_iter_next (&iter, &session, NULL))
    read_session (rtpbin, GPOINTER_TO_UINT (session), baselines);
}

static guint64
count_packets (GstCallstatsTraffic *traffic, GArray *flows)
{
  guint64 packets = 0;
  guint i;

  gst_callstats_traffic_get (traffic, flows);
  for (i = 0; i < flows->len; i++)
    packets += g_array_index (flows, GstCallstatsSessionFlow, i).flow.packets;
  return packets;
}

/* What the sessions have, less what has been counted here since. */
static void
subtract (GArray *baselines, GArray *flows)
{
  guint i, k;

  for (i = 0; i < baselines->len; i++) {
    GstCallstatsBaseline *baseline = &g_array_index (baselines, GstCallstatsBaseline, i);

    for (k = 0; k < flows->len; k++) {
      const GstCallstatsSessionFlow *flow =
          &g_array_index (flows, GstCallstatsSessionFlow, k);

      if (flow->session != baseline->session || flow->received != baseline->received ||
          flow->flow.ssrc != baseline->ssrc)
        continue;
      baseline->packets -= MIN (flow->flow.packets, baseline->packets);
      baseline->payload_bytes -= MIN (flow->flow.payload_bytes, baseline->payload_bytes);
    }
  }
}

GArray *
gst_callstats_baselines_new (GstElement *rtpbin, GstCallstatsTraffic *traffic)
{
  GArray *baselines = g_array_new (FALSE, TRUE, sizeof (GstCallstatsBaseline));
  g_autoptr (GArray) flows = g_array_new (FALSE, FALSE, sizeof (GstCallstatsSessionFlow));
  g_autoptr (GHashTable) sessions = g_hash_table_new (NULL, NULL);
  guint64 before, after;
  guint i;

  gst_element_foreach_pad (rtpbin, add_session, sessions);
  if (g_hash_table_size (sessions) == 0)
    return baselines;
  after = count_packets (traffic, flows);
  for (i = 0; i < MAX_TRIES; i++) {
    before = after;
    g_array_set_size (baselines, 0);
    read_sessions (rtpbin, sessions, baselines);
    after = count_packets (traffic, flows);
    if (before == after)
      break;
  }
  subtract (baselines, flows);
  return baselines;
}

const GstCallstatsBaseline *
gst_callstats_baselines_find (
    GArray *baselines, guint session, gboolean received, guint32 ssrc)
{
  guint i;

  for (i = 0; i < baselines->len; i++) {
    const GstCallstatsBaseline *baseline =
        &g_array_index (baselines, GstCallstatsBaseline, i);

    if (baseline->ssrc == ssrc && baseline->received == received &&
        baseline->session == session)
      return baseline;
  }
  return NULL;
}
