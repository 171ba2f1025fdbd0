/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What RTCP has told of the streams of a session. Pure, for one thread at a time.
 */
#include "../rtcpreader.h"
#include "rtcpledger.h"

#define MAX_SSRCS 256
/* Sender reports that the other end may still answer. */
#define N_SENT 16

typedef struct {
  guint32 middle; /* of its NTP time */
  gint64 time;
} SentReport;

typedef struct {
  GstCallstatsSentReports told;
  SentReport reports[N_SENT];
  guint next;
} Sent;

typedef struct {
  GstCallstatsReceivedReports told;
  guint32 packets, octets; /* of the last report */
} Received;

struct _GstCallstatsRtcpLedger {
  GHashTable *sent;     /* SSRC → Sent */
  GHashTable *received; /* SSRC → Received */
};

/* Returns: (nullable): NULL: there are too many */
static gpointer
get (GHashTable *table, guint32 ssrc, gsize size)
{
  gpointer entry = g_hash_table_lookup (table, GUINT_TO_POINTER (ssrc));

  if (entry == NULL && g_hash_table_size (table) < MAX_SSRCS) {
    entry = g_malloc0 (size);
    g_hash_table_insert (table, GUINT_TO_POINTER (ssrc), entry);
  }
  return entry;
}

static void
count (GstCallstatsFeedbackType type, guint *nack, guint *pli, guint *fir)
{
  guint *const counters[] = {
    [GST_CALLSTATS_FEEDBACK_NACK] = nack,
    [GST_CALLSTATS_FEEDBACK_PLI] = pli,
    [GST_CALLSTATS_FEEDBACK_FIR] = fir,
  };

  ++*counters[type];
}

/* What came */

/* RFC 3550, section 6.4.1; but by the time at which the report left, for a sender may
 * write what clock it likes into it. */
static void
take_round_trip (Sent *sent, const GstCallstatsReportBlock *block, gint64 time)
{
  double seconds;
  guint i;

  for (i = 0; i < N_SENT; i++) {
    const SentReport *report = &sent->reports[i];

    if (block->last_sr == 0 || report->time == 0 || report->middle != block->last_sr)
      continue;
    seconds = (time - report->time) / (double)G_USEC_PER_SEC - block->delay / 65536.0;
    sent->told.round_trip = MAX (seconds, 0);
    sent->told.total_round_trip += sent->told.round_trip;
    sent->told.round_trips++;
    return;
  }
}

/* GStreamer reports of a source that it knows by its sender reports alone, too, as after
 * a rest: of its packets that says nothing. The highest sequence number is 0 then, or the
 * one before it. */
static gboolean
is_empty (const GstCallstatsReportBlock *block)
{
  return (block->highest == 0 || block->highest == G_MAXUINT32) && block->lost == 0 &&
         block->jitter == 0;
}

static void
take_block (
    GstCallstatsRtcpLedger *self, const GstCallstatsReportBlock *block, gint64 time)
{
  Sent *sent = get (self->sent, block->ssrc, sizeof *sent);

  if (sent == NULL)
    return;
  take_round_trip (sent, block, time);
  if (is_empty (block))
    return;
  sent->told.time = time;
  sent->told.lost = block->lost;
  sent->told.fraction_lost = block->fraction_lost / 256.0;
  sent->told.highest = block->highest;
  sent->told.jitter = block->jitter;
}

/* Counters of 32 bits that wrap, or begin again with their sender. */
static void
add_growth (guint64 *total, guint32 *last, guint32 now)
{
  guint32 growth = now - *last;

  *total += growth < G_MAXINT32 ? growth : now;
  *last = now;
}

static void
take_report (
    GstCallstatsRtcpLedger *self, const GstCallstatsSenderReport *report, gint64 time)
{
  Received *received = get (self->received, report->ssrc, sizeof *received);

  if (received == NULL)
    return;
  received->told.time = time;
  received->told.count++;
  received->told.ntp = report->ntp;
  received->told.timestamp = report->timestamp;
  add_growth (&received->told.packets, &received->packets, report->packets);
  add_growth (&received->told.octets, &received->octets, report->octets);
}

static void
take_received (GstCallstatsRtcpLedger *self, const GstCallstatsRtcp *rtcp, gint64 time)
{
  guint i;

  for (i = 0; i < rtcp->blocks->len; i++)
    take_block (self, &g_array_index (rtcp->blocks, GstCallstatsReportBlock, i), time);
  for (i = 0; i < rtcp->reports->len; i++)
    take_report (self, &g_array_index (rtcp->reports, GstCallstatsSenderReport, i), time);
  for (i = 0; i < rtcp->leavers->len; i++) {
    Received *received =
        get (self->received, g_array_index (rtcp->leavers, guint32, i), sizeof *received);

    if (received != NULL)
      received->told.left = time;
  }
}

/* What we send */

static void
keep_report (
    GstCallstatsRtcpLedger *self, const GstCallstatsSenderReport *report, gint64 time)
{
  Sent *sent = get (self->sent, report->ssrc, sizeof *sent);

  if (sent == NULL)
    return;
  sent->reports[sent->next].middle = (guint32)(report->ntp >> 16);
  sent->reports[sent->next].time = time;
  sent->next = (sent->next + 1) % N_SENT;
}

static void
take_feedback (
    GstCallstatsRtcpLedger *self, gboolean received, const GstCallstatsFeedback *feedback)
{
  Sent *ours;
  Received *theirs;

  if (received) {
    ours = get (self->sent, feedback->ssrc, sizeof *ours);
    if (ours != NULL)
      count (feedback->type, &ours->told.nack, &ours->told.pli, &ours->told.fir);
  } else {
    theirs = get (self->received, feedback->ssrc, sizeof *theirs);
    if (theirs != NULL)
      count (feedback->type, &theirs->told.nack, &theirs->told.pli, &theirs->told.fir);
  }
}

void
gst_callstats_rtcp_ledger_take (GstCallstatsRtcpLedger *self, gboolean received,
    const guint8 *data, gsize size, gint64 time)
{
  GstCallstatsRtcp rtcp;
  guint i;

  gst_callstats_rtcp_init (&rtcp, data, size);
  if (received)
    take_received (self, &rtcp, time);
  for (i = 0; !received && i < rtcp.reports->len; i++)
    keep_report (self, &g_array_index (rtcp.reports, GstCallstatsSenderReport, i), time);
  for (i = 0; i < rtcp.feedback->len; i++)
    take_feedback (
        self, received, &g_array_index (rtcp.feedback, GstCallstatsFeedback, i));
  gst_callstats_rtcp_clear (&rtcp);
}

const GstCallstatsSentReports *
gst_callstats_rtcp_ledger_get_sent (GstCallstatsRtcpLedger *self, guint32 ssrc)
{
  const Sent *sent = g_hash_table_lookup (self->sent, GUINT_TO_POINTER (ssrc));

  return sent != NULL ? &sent->told : NULL;
}

const GstCallstatsReceivedReports *
gst_callstats_rtcp_ledger_get_received (GstCallstatsRtcpLedger *self, guint32 ssrc)
{
  const Received *received =
      g_hash_table_lookup (self->received, GUINT_TO_POINTER (ssrc));

  return received != NULL ? &received->told : NULL;
}

GstCallstatsRtcpLedger *
gst_callstats_rtcp_ledger_new (void)
{
  GstCallstatsRtcpLedger *self = g_new0 (GstCallstatsRtcpLedger, 1);

  self->sent = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  self->received = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  return self;
}

void
gst_callstats_rtcp_ledger_free (GstCallstatsRtcpLedger *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->sent);
  g_hash_table_unref (self->received);
  g_free (self);
}
