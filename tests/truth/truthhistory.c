/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * All reports of a call, from the first to the last: what must hold between one and the
 * next.
 *
 * For the test's thread.
 */
#include <string.h>

#include "reportcheck.h"
#include "truthcheck.h"

#define MTU 1500

static const char *const end_names[] = { "caller", "callee" };

/* Members that only grow */
static const char *const counters[] = { "packetsSent", "bytesSent", "headerBytesSent",
  "retransmittedPacketsSent", "retransmittedBytesSent", "packetsReceived",
  "bytesReceived", "headerBytesReceived", "retransmittedPacketsReceived",
  "retransmittedBytesReceived", "packetsDiscarded", "packetsDuplicated",
  "packetsRepaired", "nackCount", "firCount", "pliCount", "framesSent", "framesEncoded",
  "framesReceived", "framesDecoded", "framesDropped", "keyFramesEncoded",
  "keyFramesDecoded", "totalRoundTripTime", "roundTripTimeMeasurements", "reportsSent",
  "jitterBufferDelay", "jitterBufferEmittedCount", "totalDecodeTime", "totalEncodeTime",
  "freezeCount", "pauseCount", "totalFreezesDuration", "totalPausesDuration",
  "totalSamplesReceived", "concealedSamples", "messagesSent", "messagesReceived",
  "selectedCandidatePairChanges", "requestsSent", "responsesReceived" };

typedef struct {
  const char *name;
  gint64 start;
  GHashTable *ids;       /* "type ssrc" → id */
  GHashTable *active;    /* ids of streams that flow until the end, once seen */
  GPtrArray *streams[2]; /* TruthStream: sent, received */
  guint transports;      /* when the call was at rest */
} History;

static void
check_growing (const Report *report, JsonObject *object, JsonObject *before)
{
  Stats stats = stats_of (report, object);
  guint i;

  for (i = 0; i < G_N_ELEMENTS (counters); i++) {
    double now, then;

    if (!stats_has_number (before, counters[i]))
      continue;
    if (!stats_has_number (object, counters[i])) {
      check_failed ("%s: %s vanishes", stats.what, counters[i]);
      continue;
    }
    now = stats_get_number (object, counters[i]);
    then = stats_get_number (before, counters[i]);
    if (now < then)
      check_failed (
          "%s: %s goes back from %.15g to %.15g", stats.what, counters[i], then, now);
  }
}

/* Milliseconds of the epoch, within the call. Those of what an end knows itself move from
 * report to report; those of what it hears, when it hears. */
static void
check_timestamp (History *history, const Report *report, JsonObject *object,
    JsonObject *before, gint64 arrival)
{
  Stats stats = stats_of (report, object);
  const char *type = stats_get_string (object, "type");
  gboolean own =
      g_strcmp0 (type, "outbound-rtp") == 0 || g_strcmp0 (type, "inbound-rtp") == 0;
  double now = stats_get_number (object, "timestamp");
  double then = before != NULL ? stats_get_number (before, "timestamp") : 0;

  check_range (&stats, "timestamp", (double)history->start - 1000, (double)arrival + 100);
  if (now < then)
    check_failed ("%s: timestamp goes back", stats.what);
  else if (own && now == then)
    check_failed ("%s: timestamp stands still", stats.what);
}

static void
check_same_id (History *history, const Report *report, JsonObject *object)
{
  Stats stats = stats_of (report, object);
  const char *id = stats_get_string (object, "id");
  const char *known;

  if (!stats_has_number (object, "ssrc") ||
      g_strcmp0 (stats_get_string (object, "type"), "codec") == 0)
    return;
  known = g_hash_table_lookup (history->ids, stats.what);
  if (known == NULL)
    g_hash_table_insert (history->ids, g_strdup (stats.what), g_strdup (id));
  else if (g_strcmp0 (known, id) != 0)
    check_failed ("%s: id changes from %s to %s", stats.what, known, id);
}

/* Whether it flows until the end. One whose sender says BYE may be away until it flows
 * again. */
static gboolean
is_active (History *history, JsonObject *object)
{
  gboolean outbound = g_strcmp0 (stats_get_string (object, "type"), "outbound-rtp") == 0;
  GPtrArray *streams = history->streams[outbound ? 0 : 1];
  guint i;

  if (!outbound && g_strcmp0 (stats_get_string (object, "type"), "inbound-rtp") != 0)
    return FALSE;
  for (i = 0; i < streams->len; i++) {
    const TruthStream *stream = g_ptr_array_index (streams, i);

    if (stats_get_number (object, "ssrc") == stream->ssrc)
      return !stream->gone && !stream->rested;
  }
  check_failed ("%s's %s %.0f was a phantom", history->name,
      stats_get_string (object, "type"), stats_get_number (object, "ssrc"));
  return FALSE;
}

static void
check_object (History *history, const Report *report, const Report *before,
    const char *key, JsonObject *object, gint64 arrival)
{
  JsonObject *was = before != NULL && json_object_has_member (before->objects, key)
                        ? json_object_get_object_member (before->objects, key)
                        : NULL;
  Stats stats = stats_of (report, object);

  check_text (&stats, "id", key);
  check_timestamp (history, report, object, was, arrival);
  check_same_id (history, report, object);
  if (is_active (history, object))
    g_hash_table_add (history->active, g_strdup (key));
  if (was != NULL) {
    check_text (&stats, "type", stats_get_string (was, "type"));
    check_growing (report, object, was);
  }
}

static void
check_none_vanished (History *history, const Report *report)
{
  GHashTableIter iter;
  const char *id;

  g_hash_table_iter_init (&iter, history->active);
  while (g_hash_table_iter_next (&iter, (gpointer *)&id, NULL)) {
    if (!json_object_has_member (report->objects, id))
      check_failed ("%s's %s vanishes", history->name, id);
  }
}

static void
check_report (
    History *history, const Report *report, const Report *before, gint64 arrival)
{
  GList *keys = json_object_get_members (report->objects);
  GList *i;

  for (i = keys; i != NULL; i = i->next)
    check_object (history, report, before, i->data,
        json_object_get_object_member (report->objects, i->data), arrival);
  g_list_free (keys);
  check_none_vanished (history, report);
}

/* Transports */

static guint
count_transports (const Report *report)
{
  GList *all = report_list (report, "transport");
  guint n = g_list_length (all);

  g_list_free (all);
  return n;
}

/* FALSE: one has no such member, which was told */
static gboolean
sum_transports (const Report *report, const char *member, double *sum)
{
  GList *all = report_list (report, "transport");
  gboolean complete = TRUE;
  GList *i;

  *sum = 0;
  for (i = all; i != NULL; i = i->next) {
    Stats stats = stats_of (report, i->data);

    check_range (&stats, member, 0, G_MAXDOUBLE);
    complete = complete && stats_has_number (i->data, member);
    *sum += stats_get_number (i->data, member);
  }
  g_list_free (all);
  return complete;
}

/* A report was made between the coming of the one before the last and its own. On each
 * transport one packet may have been between our probe and that of callstatsmon. */
static void
check_transports (const Report *report, const TruthReport *before, const TruthReport *now)
{
  guint between = count_transports (report);
  const struct {
    const char *member;
    guint64 low, high;
    guint slack;
  } bounds[] = {
    { "packetsSent", before->packets_sent, now->packets_sent, between },
    { "bytesSent", before->bytes_sent, now->bytes_sent, between * MTU },
    { "packetsReceived", before->packets_received, now->packets_received, between },
    { "bytesReceived", before->bytes_received, now->bytes_received, between * MTU },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (bounds); i++) {
    double sum;

    if (sum_transports (report, bounds[i].member, &sum) &&
        (sum + bounds[i].slack < (double)bounds[i].low ||
            sum > (double)bounds[i].high + bounds[i].slack))
      check_failed ("%s's transports: %s is %.0f, not between %" G_GUINT64_FORMAT
                    " and %" G_GUINT64_FORMAT,
          report->name, bounds[i].member, sum, bounds[i].low, bounds[i].high);
  }
}

static void
check_end (TruthCall *call, History *history, TruthEnd end)
{
  GPtrArray *reports = truth_call_get_reports (call, end);
  Report *before = NULL;
  guint i;

  g_assert_cmpuint (reports->len, >, 2);
  for (i = 0; i < reports->len; i++) {
    const TruthReport *entry = g_ptr_array_index (reports, i);
    Report *report = report_new (history->name, entry->json);

    check_report (history, report, before, entry->time);
    if (i >= 2 && count_transports (report) >= history->transports)
      check_transports (report, g_ptr_array_index (reports, i - 2), entry);
    g_clear_pointer (&before, report_free);
    before = report;
  }
  g_clear_pointer (&before, report_free);
  g_test_message ("%s: %u reports", history->name, reports->len);
}

static guint
count_last_transports (TruthCall *call, TruthEnd end)
{
  g_autofree char *json = truth_call_dup_report (call, end);
  g_autoptr (Report) report = report_new (end_names[end], json);

  return count_transports (report);
}

void
truth_check_history (TruthCall *call)
{
  GPtrArray *streams[N_ENDS];
  guint transports[N_ENDS];
  guint end;

  for (end = 0; end < N_ENDS; end++)
    streams[end] = truth_call_get_streams (call, end);
  for (end = 0; end < N_ENDS; end++)
    transports[end] = count_last_transports (call, end);
  truth_call_stop (call);
  for (end = 0; end < N_ENDS; end++) {
    History history = { .name = end_names[end], .start = truth_call_get_start (call) };

    history.ids = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
    history.active = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
    history.streams[0] = streams[end];
    history.streams[1] = streams[!end];
    history.transports = transports[end];
    check_end (call, &history, end);
    g_hash_table_unref (history.ids);
    g_hash_table_unref (history.active);
  }
  for (end = 0; end < N_ENDS; end++)
    g_ptr_array_unref (streams[end]);
}
