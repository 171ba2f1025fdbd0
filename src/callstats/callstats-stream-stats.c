/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * csStatsCallback's payload, made of two reports. What cannot be known is left out: the
 * rates of a first report, of a counter that went back, of an interval in which nothing
 * was expected.
 *
 * Pure, any thread.
 */
#include <math.h>
#include <string.h>

#include "callstats-enum-types.h"
#include "callstats-report-private.h"
#include "callstats-stream-stats-private.h"

CallstatsAssociation *
callstats_association_copy (const CallstatsAssociation *from)
{
  CallstatsAssociation *copy = g_new (CallstatsAssociation, 1);

  copy->ssrc = from->ssrc;
  copy->user_id = g_strdup (from->user_id);
  copy->usage_label = g_strdup (from->usage_label);
  copy->video_tag = g_strdup (from->video_tag);
  return copy;
}

void
callstats_association_free (CallstatsAssociation *association)
{
  g_free (association->user_id);
  g_free (association->usage_label);
  g_free (association->video_tag);
  g_free (association);
}

/* Reading reports */

/* A stats object of a report; of none, if the object is NULL. */
typedef struct {
  CallstatsReport *report;
  const CallstatsStatsObject *object;
} Stats;

static const CallstatsField *
find_field (Stats stats, const char *name)
{
  const CallstatsField *fields;
  guint i;

  if (stats.object == NULL)
    return NULL;
  fields = callstats_report_fields (stats.report, stats.object);
  for (i = 0; i < stats.object->n_fields; i++) {
    if (strcmp (fields[i].name, name) == 0)
      return &fields[i];
  }
  return NULL;
}

static const char *
find_text (Stats stats, const char *name)
{
  const CallstatsField *field = find_field (stats, name);

  return field != NULL && field->kind == CALLSTATS_VALUE_STRING ? field->s : NULL;
}

static gboolean
find_number (Stats stats, const char *name, double *number)
{
  const CallstatsField *field = find_field (stats, name);

  if (field == NULL)
    return FALSE;
  switch (field->kind) {
  case CALLSTATS_VALUE_INT:
    *number = (double)field->i;
    return TRUE;
  case CALLSTATS_VALUE_UINT:
    *number = (double)field->u;
    return TRUE;
  case CALLSTATS_VALUE_DOUBLE:
    *number = field->d;
    return TRUE;
  default:
    return FALSE;
  }
}

/* 0: none, or out of range. */
static guint32
find_ssrc (Stats stats)
{
  double ssrc;

  if (!find_number (stats, "ssrc", &ssrc) || ssrc < 1 || ssrc > G_MAXUINT32)
    return 0;
  return (guint32)ssrc;
}

/* report: nullable. */
static Stats
find_stats (CallstatsReport *report, const char *type, guint32 ssrc)
{
  Stats stats = { .report = report };
  guint i;

  for (i = 0; report != NULL && i < callstats_report_n_objects (report); i++) {
    stats.object = callstats_report_object (report, i);
    if (g_strcmp0 (find_text (stats, "type"), type) == 0 && find_ssrc (stats) == ssrc)
      return stats;
  }
  stats.object = NULL;
  return stats;
}

/* Intervals */

static double
time_of (Stats stats)
{
  double timestamp;

  return find_number (stats, "timestamp", &timestamp)
             ? timestamp
             : callstats_report_get_time (stats.report) / 1000.0;
}

/* Milliseconds; 0: there is no interval. */
static double
interval_between (Stats before, Stats now)
{
  if (before.object == NULL || now.object == NULL)
    return 0;
  return MAX (time_of (now) - time_of (before), 0);
}

static gboolean
find_growth (Stats before, Stats now, const char *counter, double *growth)
{
  double from, to;

  if (!find_number (before, counter, &from) || !find_number (now, counter, &to))
    return FALSE;
  *growth = to - from;
  return TRUE;
}

/* Streams */

typedef struct {
  const char *type;  /* W3C's, of this end */
  const char *other; /* of the other end's report of the same stream */
  const char *bytes, *packets;
  gboolean received;
} Direction;

static const Direction directions[] = {
  { "inbound-rtp", "remote-outbound-rtp", "bytesReceived", "packetsReceived", TRUE },
  { "outbound-rtp", "remote-inbound-rtp", "bytesSent", "packetsSent", FALSE },
};

typedef struct {
  const Direction *direction;
  guint32 ssrc;
  Stats before, now; /* of this end */
  Stats other;       /* of the other end, now */
} Stream;

static void
add_text (GVariantDict *dict, const char *name, const char *text)
{
  if (text != NULL)
    g_variant_dict_insert (dict, name, "s", text);
}

static void
add_rates (GVariantDict *dict, const Stream *stream)
{
  double interval = interval_between (stream->before, stream->now);
  double growth;

  if (interval <= 0)
    return;
  if (find_growth (stream->before, stream->now, stream->direction->bytes, &growth) &&
      growth >= 0)
    g_variant_dict_insert (dict, "bitrate", "d", 8 * growth / interval);
  if (find_growth (stream->before, stream->now, stream->direction->packets, &growth) &&
      growth >= 0)
    g_variant_dict_insert (dict, "packetRate", "d", 1000 * growth / interval);
}

/* Of what the other end should have sent in the interval. Packets that come late or twice
 * take back losses of before: then nothing was lost in this one. */
static gboolean
find_own_loss (const Stream *stream, double *fraction)
{
  double received, lost;

  if (!find_growth (stream->before, stream->now, "packetsReceived", &received) ||
      !find_growth (stream->before, stream->now, "packetsLost", &lost) || received < 0)
    return FALSE;
  lost = MAX (lost, 0);
  if (received + lost <= 0)
    return FALSE;
  *fraction = lost / (received + lost);
  return TRUE;
}

static void
add_loss (GVariantDict *dict, const Stream *stream)
{
  double fraction;
  gboolean known = stream->direction->received
                       ? find_own_loss (stream, &fraction)
                       : find_number (stream->other, "fractionLost", &fraction);

  if (!known)
    return;
  g_variant_dict_insert (dict, "fractionLoss", "d", fraction);
  g_variant_dict_insert (dict, "packetLossPercentage", "d", 100 * fraction);
}

/* W3C has seconds, callstats milliseconds. */
static void
add_times (GVariantDict *dict, const Stream *stream)
{
  Stats receiver = stream->direction->received ? stream->now : stream->other;
  double seconds, total, count;

  if (find_number (receiver, "jitter", &seconds))
    g_variant_dict_insert (dict, "jitter", "d", 1000 * seconds);
  if (find_number (stream->other, "roundTripTime", &seconds))
    g_variant_dict_insert (dict, "rtt", "d", 1000 * seconds);
  if (find_number (stream->other, "totalRoundTripTime", &total) &&
      find_number (stream->other, "roundTripTimeMeasurements", &count) && count > 0)
    g_variant_dict_insert (dict, "averageRTT", "d", 1000 * total / count);
}

static void
add_known (GVariantDict *dict, const char *name, double number)
{
  if (isfinite (number))
    g_variant_dict_insert (dict, name, "d", number);
}

/* Words and their cost, the biggest first. */
static void
add_reasons (GVariantDict *dict, const CallstatsScore *score)
{
  CallstatsReason ranked[CALLSTATS_N_REASONS];
  guint n = callstats_score_rank (score, ranked), i;
  GVariantBuilder builder;

  if (n == 0)
    return;
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (i = 0; i < n; i++) {
    GVariantDict reason;

    g_variant_dict_init (&reason, NULL);
    add_text (&reason, "reason", callstats_reason_to_string (ranked[i]));
    g_variant_dict_insert (
        &reason, "cost", "d", callstats_score_round (score->costs[ranked[i]]));
    g_variant_builder_add_value (&builder, g_variant_dict_end (&reason));
  }
  g_variant_dict_insert_value (dict, "scoreReasons", g_variant_builder_end (&builder));
}

/* The names of percentiles are those of callstats.js' reports. */
static void
add_qualities (GVariantDict *dict, const CallstatsStreamQualities *qualities)
{
  add_known (dict, "averageJitter", 1000 * qualities->average_jitter);
  add_known (dict, "csio75PercentileJitter", 1000 * qualities->jitter_75);
  add_known (dict, "csioPercentileJitter", 1000 * qualities->jitter_95);
  add_known (dict, "csioSig2Latency75", 1000 * qualities->round_trip_75);
  add_known (dict, "csioSig2Latency", 1000 * qualities->round_trip_95);
  add_known (dict, "csioPercentileFl", qualities->fraction_lost_95);
  if (qualities->score.value == 0)
    return;
  g_variant_dict_insert (
      dict, "score", "d", callstats_score_round (qualities->score.value));
  add_reasons (dict, &qualities->score);
}

static void
add_quality (
    GVariantDict *dict, const Stream *stream, const CallstatsStreamContext *context)
{
  CallstatsStreamQualities qualities = { 0 };

  if (context->quality != NULL &&
      callstats_quality_find (
          context->quality, stream->direction->received, stream->ssrc, &qualities))
    add_qualities (dict, &qualities);
  add_text (dict, "quality",
      callstats_enum_to_string (CALLSTATS_TYPE_STREAM_QUALITY,
          callstats_score_to_quality (qualities.score.value)));
}

/* Without an association a stream is its sender's: ours or the other end's. */
static void
add_people (
    GVariantDict *dict, const Stream *stream, const CallstatsStreamContext *context)
{
  const CallstatsAssociation *association =
      context->associations != NULL
          ? g_hash_table_lookup (context->associations, GUINT_TO_POINTER (stream->ssrc))
          : NULL;
  const char *user =
      stream->direction->received ? context->remote_user : context->local_user;

  if (association != NULL) {
    user = association->user_id;
    add_text (dict, "usageLabel", association->usage_label);
    add_text (dict, "associatedVideoTag", association->video_tag);
  }
  add_text (dict, "userID", user);
  add_text (
      dict, "remoteUserID", stream->direction->received ? user : context->remote_user);
}

static GVariant *
describe (const Stream *stream, const CallstatsStreamContext *context)
{
  g_autofree char *ssrc = g_strdup_printf ("%u", stream->ssrc);
  GVariantDict dict;
  double level;

  g_variant_dict_init (&dict, NULL);
  add_text (&dict, "ssrc", ssrc);
  add_text (&dict, "statsType", stream->direction->type);
  add_text (&dict, "mediaType", find_text (stream->now, "kind"));
  add_text (&dict, "mid", find_text (stream->now, "mid"));
  add_text (&dict, "msid", find_text (stream->now, "trackIdentifier"));
  add_text (&dict, "cname", find_text (stream->now, "cname"));
  if (find_number (stream->now, "audioLevel", &level))
    g_variant_dict_insert (&dict, "audioLevel", "d", level);
  add_people (&dict, stream, context);
  add_rates (&dict, stream);
  add_loss (&dict, stream);
  add_times (&dict, stream);
  add_quality (&dict, stream, context);
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

static void
add_stream (GVariantBuilder *tracks, GVariantDict *streams, const Stream *stream,
    const CallstatsStreamContext *context)
{
  g_autoptr (GVariant) described = describe (stream, context);
  g_autofree char *ssrc = g_strdup_printf ("%u", stream->ssrc);

  g_variant_builder_add_value (tracks, described);
  g_variant_dict_insert_value (streams, ssrc, described);
}

static const Direction *
find_direction (const char *type)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (directions); i++) {
    if (g_strcmp0 (directions[i].type, type) == 0)
      return &directions[i];
  }
  return NULL;
}

static void
add_streams (GVariantDict *dict, CallstatsReport *previous, CallstatsReport *current,
    const CallstatsStreamContext *context)
{
  GVariantBuilder tracks;
  GVariantDict streams;
  guint i;

  g_variant_builder_init (&tracks, G_VARIANT_TYPE ("aa{sv}"));
  g_variant_dict_init (&streams, NULL);
  for (i = 0; i < callstats_report_n_objects (current); i++) {
    Stream stream = { .now = { current, callstats_report_object (current, i) } };

    stream.direction = find_direction (find_text (stream.now, "type"));
    stream.ssrc = find_ssrc (stream.now);
    if (stream.direction == NULL || stream.ssrc == 0)
      continue;
    stream.before = find_stats (previous, stream.direction->type, stream.ssrc);
    stream.other = find_stats (current, stream.direction->other, stream.ssrc);
    add_stream (&tracks, &streams, &stream, context);
  }
  g_variant_dict_insert_value (dict, "streams", g_variant_dict_end (&streams));
  g_variant_dict_insert_value (
      dict, "mediaStreamTracks", g_variant_builder_end (&tracks));
}

GVariant *
callstats_stream_stats_new (CallstatsReport *previous, CallstatsReport *current,
    const CallstatsStreamContext *context)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  add_text (&dict, "connectionState", context->online ? "online" : "offline");
  add_text (&dict, "fabricState", context->fabric_state);
  add_text (&dict, "conferenceURL", context->conference_url);
  add_streams (&dict, previous, current, context);
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}
