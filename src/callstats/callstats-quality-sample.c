/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What quality is found from, out of a report: each stats object read once, and which of
 * them are streams of media.
 *
 * Pure, any thread.
 */
#include <math.h>
#include <string.h>

#include "callstats-quality-sample-private.h"
#include "callstats-report-private.h"

/* How long what the other end reported is taken for true. */
#define REPORTED_AGE_MAX 15000.0

static const struct {
  const char *name;
  CallstatsSampleMember member;
} member_names[] = {
  { "ssrc", CALLSTATS_SAMPLE_SSRC },
  { "timestamp", CALLSTATS_SAMPLE_TIMESTAMP },
  { "packetsReceived", CALLSTATS_SAMPLE_PACKETS },
  { "packetsSent", CALLSTATS_SAMPLE_PACKETS },
  { "packetsLost", CALLSTATS_SAMPLE_LOST },
  { "packetsRepaired", CALLSTATS_SAMPLE_REPAIRED },
  { "packetsDiscarded", CALLSTATS_SAMPLE_DISCARDED },
  { "retransmittedPacketsReceived", CALLSTATS_SAMPLE_RETRANSMITTED },
  { "retransmittedPacketsSent", CALLSTATS_SAMPLE_RETRANSMITTED },
  { "bytesReceived", CALLSTATS_SAMPLE_BYTES },
  { "bytesSent", CALLSTATS_SAMPLE_BYTES },
  { "lastPacketReceivedTimestamp", CALLSTATS_SAMPLE_LAST_PACKET },
  { "lastPacketSentTimestamp", CALLSTATS_SAMPLE_LAST_PACKET },
  { "jitter", CALLSTATS_SAMPLE_JITTER },
  { "jitterBufferDelay", CALLSTATS_SAMPLE_BUFFER_DELAY },
  { "jitterBufferEmittedCount", CALLSTATS_SAMPLE_BUFFER_COUNT },
  { "framesDecoded", CALLSTATS_SAMPLE_FRAMES },
  { "framesEncoded", CALLSTATS_SAMPLE_FRAMES },
  { "framesPerSecond", CALLSTATS_SAMPLE_FRAME_RATE },
  { "frameWidth", CALLSTATS_SAMPLE_FRAME_WIDTH },
  { "frameHeight", CALLSTATS_SAMPLE_FRAME_HEIGHT },
  { "totalFreezesDuration", CALLSTATS_SAMPLE_FROZEN },
  { "totalSamplesReceived", CALLSTATS_SAMPLE_SAMPLES },
  { "concealedSamples", CALLSTATS_SAMPLE_CONCEALED },
  { "silentConcealedSamples", CALLSTATS_SAMPLE_SILENT },
  { "targetBitrate", CALLSTATS_SAMPLE_TARGET_BITRATE },
  { "fractionLost", CALLSTATS_SAMPLE_FRACTION_LOST },
  { "roundTripTime", CALLSTATS_SAMPLE_ROUND_TRIP },
  { "currentRoundTripTime", CALLSTATS_SAMPLE_PAIR_ROUND_TRIP },
  { "rtxSsrc", CALLSTATS_SAMPLE_RTX_SSRC },
  { "fecSsrc", CALLSTATS_SAMPLE_FEC_SSRC },
  { "type", CALLSTATS_SAMPLE_TYPE },
  { "kind", CALLSTATS_SAMPLE_KIND },
  { "codecId", CALLSTATS_SAMPLE_CODEC_ID },
  { "mimeType", CALLSTATS_SAMPLE_MIME_TYPE },
  { "contentType", CALLSTATS_SAMPLE_CONTENT_TYPE },
};

static GHashTable *
get_members (void)
{
  static gsize once = 0;
  static GHashTable *members;
  guint i;

  if (g_once_init_enter (&once)) {
    members = g_hash_table_new (g_str_hash, g_str_equal);
    for (i = 0; i < G_N_ELEMENTS (member_names); i++)
      g_hash_table_insert (members, (gpointer)member_names[i].name,
          GUINT_TO_POINTER (member_names[i].member + 1));
    g_once_init_leave (&once, 1);
  }
  return members;
}

const char *
callstats_sample_text (const CallstatsSample *sample, CallstatsSampleMember member)
{
  return sample->texts[member - CALLSTATS_SAMPLE_N_NUMBERS];
}

gboolean
callstats_sample_has_type (const CallstatsSample *sample, const char *type)
{
  return g_strcmp0 (callstats_sample_text (sample, CALLSTATS_SAMPLE_TYPE), type) == 0;
}

static double
number_of (const CallstatsField *field)
{
  switch (field->kind) {
  case CALLSTATS_VALUE_INT:
    return (double)field->i;
  case CALLSTATS_VALUE_UINT:
    return (double)field->u;
  case CALLSTATS_VALUE_DOUBLE:
    return field->d;
  default:
    return NAN;
  }
}

static void
read_sample (CallstatsReport *report, guint index, CallstatsSample *sample)
{
  const CallstatsStatsObject *object = callstats_report_object (report, index);
  const CallstatsField *fields = callstats_report_fields (report, object);
  guint i;

  memset (sample, 0, sizeof *sample);
  sample->id = object->id;
  for (i = 0; i < CALLSTATS_SAMPLE_N_NUMBERS; i++)
    sample->numbers[i] = NAN;
  for (i = 0; i < object->n_fields; i++) {
    guint member =
        GPOINTER_TO_UINT (g_hash_table_lookup (get_members (), fields[i].name));

    if (member == 0)
      continue;
    if (--member < CALLSTATS_SAMPLE_N_NUMBERS)
      sample->numbers[member] = number_of (&fields[i]);
    else if (fields[i].kind == CALLSTATS_VALUE_STRING)
      sample->texts[member - CALLSTATS_SAMPLE_N_NUMBERS] = fields[i].s;
  }
  if (isnan (sample->numbers[CALLSTATS_SAMPLE_TIMESTAMP]))
    sample->numbers[CALLSTATS_SAMPLE_TIMESTAMP] =
        (double)callstats_report_get_time (report) / 1000;
}

GArray *
callstats_samples_read (CallstatsReport *report)
{
  guint n = callstats_report_n_objects (report), i;
  GArray *samples = g_array_sized_new (FALSE, FALSE, sizeof (CallstatsSample), n);

  g_array_set_size (samples, n);
  for (i = 0; i < n; i++)
    read_sample (report, i, &g_array_index (samples, CallstatsSample, i));
  return samples;
}

const CallstatsSample *
callstats_samples_at (GArray *samples, guint index)
{
  return &g_array_index (samples, CallstatsSample, index);
}

const CallstatsSample *
callstats_samples_find_id (GArray *samples, const char *id)
{
  guint i;

  for (i = 0; id != NULL && i < samples->len; i++) {
    if (strcmp (callstats_samples_at (samples, i)->id, id) == 0)
      return callstats_samples_at (samples, i);
  }
  return NULL;
}

static const CallstatsSample *
find_ssrc (GArray *samples, const char *type, double ssrc)
{
  guint i;

  for (i = 0; i < samples->len; i++) {
    const CallstatsSample *sample = callstats_samples_at (samples, i);

    if (sample->numbers[CALLSTATS_SAMPLE_SSRC] == ssrc &&
        callstats_sample_has_type (sample, type))
      return sample;
  }
  return NULL;
}

static gboolean
is_named_as_repair (GArray *samples, double ssrc)
{
  guint i;

  for (i = 0; i < samples->len; i++) {
    const CallstatsSample *sample = callstats_samples_at (samples, i);

    if (sample->numbers[CALLSTATS_SAMPLE_RTX_SSRC] == ssrc ||
        sample->numbers[CALLSTATS_SAMPLE_FEC_SSRC] == ssrc)
      return TRUE;
  }
  return FALSE;
}

/* RED, comfort noise and tones come in the stream of the media themselves. */
static gboolean
is_media_codec (const char *mime_type)
{
  static const char *const repairs[] = { "rtx", "ulpfec", "flexfec-03", "flexfec" };
  const char *encoding = strchr (mime_type, '/');
  guint i;

  for (i = 0; encoding != NULL && i < G_N_ELEMENTS (repairs); i++) {
    if (g_ascii_strcasecmp (encoding + 1, repairs[i]) == 0)
      return FALSE;
  }
  return TRUE;
}

static gboolean
knows_codecs (GArray *samples)
{
  guint i;

  for (i = 0; i < samples->len; i++) {
    if (callstats_sample_text (
            callstats_samples_at (samples, i), CALLSTATS_SAMPLE_MIME_TYPE) != NULL)
      return TRUE;
  }
  return FALSE;
}

static gboolean
is_old (const CallstatsSample *reported, double time)
{
  return time - reported->numbers[CALLSTATS_SAMPLE_TIMESTAMP] > REPORTED_AGE_MAX;
}

const CallstatsSample *
callstats_samples_find_other (
    GArray *samples, const CallstatsSample *own, gboolean received)
{
  const CallstatsSample *other =
      find_ssrc (samples, received ? "remote-outbound-rtp" : "remote-inbound-rtp",
          own->numbers[CALLSTATS_SAMPLE_SSRC]);

  if (other != NULL && is_old (other, own->numbers[CALLSTATS_SAMPLE_TIMESTAMP]))
    return NULL;
  return other;
}

double
callstats_samples_find_round_trip (GArray *samples, double time)
{
  double pair = NAN, reported = NAN;
  guint i;

  for (i = 0; i < samples->len; i++) {
    const CallstatsSample *sample = callstats_samples_at (samples, i);

    pair = fmin (pair, sample->numbers[CALLSTATS_SAMPLE_PAIR_ROUND_TRIP]);
    if (!is_old (sample, time))
      reported = fmin (reported, sample->numbers[CALLSTATS_SAMPLE_ROUND_TRIP]);
  }
  return isnan (pair) ? reported : pair;
}

/* A stream without a codec, where others have one, repairs one of those. */
gboolean
callstats_samples_find_media (
    GArray *samples, const CallstatsSample *own, gboolean *video, const char **codec)
{
  const CallstatsSample *with = callstats_samples_find_id (
      samples, callstats_sample_text (own, CALLSTATS_SAMPLE_CODEC_ID));
  const char *kind = callstats_sample_text (own, CALLSTATS_SAMPLE_KIND);

  *codec = with != NULL ? callstats_sample_text (with, CALLSTATS_SAMPLE_MIME_TYPE) : NULL;
  if (*codec != NULL && !is_media_codec (*codec))
    return FALSE;
  if (callstats_sample_text (own, CALLSTATS_SAMPLE_CODEC_ID) == NULL &&
      knows_codecs (samples))
    return FALSE;
  if (kind == NULL)
    kind = *codec;
  if (kind == NULL || is_named_as_repair (samples, own->numbers[CALLSTATS_SAMPLE_SSRC]))
    return FALSE;
  *video = g_ascii_strncasecmp (kind, "video", 5) == 0;
  return *video || g_ascii_strncasecmp (kind, "audio", 5) == 0;
}
