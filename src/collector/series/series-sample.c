/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reports to samples. Pure, any thread.
 */
#include "series-sample.h"

#include <math.h>
#include <string.h>

/* A report may have many more, for it is not to be trusted; objects are looked for one
 * after the other. */
#define MAX_OBJECTS 4096

static const struct {
  const char *name;
  SampleMember member;
} member_names[] = {
  { "ssrc", SAMPLE_SSRC },
  { "timestamp", SAMPLE_TIMESTAMP },
  { "bytesReceived", SAMPLE_BYTES },
  { "bytesSent", SAMPLE_BYTES },
  { "packetsReceived", SAMPLE_PACKETS },
  { "packetsSent", SAMPLE_PACKETS },
  { "packetsLost", SAMPLE_LOST },
  { "retransmittedPacketsReceived", SAMPLE_RETRANSMITTED },
  { "fractionLost", SAMPLE_FRACTION_LOST },
  { "jitter", SAMPLE_JITTER },
  { "jitterBufferDelay", SAMPLE_BUFFER_DELAY },
  { "jitterBufferEmittedCount", SAMPLE_BUFFER_COUNT },
  { "framesDecoded", SAMPLE_CODED_FRAMES },
  { "framesEncoded", SAMPLE_CODED_FRAMES },
  { "framesReceived", SAMPLE_PASSED_FRAMES },
  { "framesSent", SAMPLE_PASSED_FRAMES },
  { "framesPerSecond", SAMPLE_FRAME_RATE },
  { "frameWidth", SAMPLE_FRAME_WIDTH },
  { "frameHeight", SAMPLE_FRAME_HEIGHT },
  { "freezeCount", SAMPLE_FREEZES },
  { "totalFreezesDuration", SAMPLE_FROZEN },
  { "qpSum", SAMPLE_QP_SUM },
  { "targetBitrate", SAMPLE_TARGET_BITRATE },
  { "audioLevel", SAMPLE_AUDIO_LEVEL },
  { "totalAudioEnergy", SAMPLE_AUDIO_ENERGY },
  { "totalSamplesDuration", SAMPLE_AUDIO_DURATION },
  { "totalSamplesReceived", SAMPLE_SAMPLES },
  { "concealedSamples", SAMPLE_CONCEALED },
  { "silentConcealedSamples", SAMPLE_SILENT },
  { "csScore", SAMPLE_SCORE },
  { "score", SAMPLE_SCORE },
  { "roundTripTime", SAMPLE_ROUND_TRIP },
  { "currentRoundTripTime", SAMPLE_ROUND_TRIP },
  { "totalRoundTripTime", SAMPLE_ROUND_TRIP_SUM },
  { "roundTripTimeMeasurements", SAMPLE_ROUND_TRIPS },
  { "responsesReceived", SAMPLE_ROUND_TRIPS },
  { "availableOutgoingBitrate", SAMPLE_AVAILABLE_OUTGOING },
  { "selectedCandidatePairChanges", SAMPLE_PAIR_CHANGES },
  { "nominated", SAMPLE_NOMINATED },
  { "type", SAMPLE_TYPE },
  { "kind", SAMPLE_KIND },
  { "mediaType", SAMPLE_KIND },
  { "mid", SAMPLE_MID },
  { "trackIdentifier", SAMPLE_TRACK },
  { "codecId", SAMPLE_CODEC_ID },
  { "mimeType", SAMPLE_MIME_TYPE },
  { "mediaSourceId", SAMPLE_SOURCE_ID },
  { "csReasons", SAMPLE_REASONS },
  { "reasons", SAMPLE_REASONS },
  { "qualityLimitationReason", SAMPLE_LIMITATION },
  { "selectedCandidatePairId", SAMPLE_PAIR_ID },
};

static const char *const type_names[] = {
  [SAMPLE_INBOUND] = "inbound-rtp",
  [SAMPLE_OUTBOUND] = "outbound-rtp",
  [SAMPLE_REMOTE_INBOUND] = "remote-inbound-rtp",
  [SAMPLE_SOURCE] = "media-source",
  [SAMPLE_CODEC] = "codec",
  [SAMPLE_TRANSPORT] = "transport",
  [SAMPLE_PAIR] = "candidate-pair",
  [SAMPLE_QUALITY] = "callstats-quality",
};

static GHashTable *
get_members (void)
{
  static gsize once = 0;
  static GHashTable *members;

  if (g_once_init_enter (&once)) {
    members = g_hash_table_new (g_str_hash, g_str_equal);
    for (guint i = 0; i < G_N_ELEMENTS (member_names); i++)
      g_hash_table_insert (members, (gpointer)member_names[i].name,
          GUINT_TO_POINTER (member_names[i].member + 1));
    g_once_init_leave (&once, 1);
  }
  return members;
}

static SampleType
find_type (const char *name)
{
  for (guint i = SAMPLE_OTHER + 1; name != NULL && i < G_N_ELEMENTS (type_names); i++) {
    if (strcmp (type_names[i], name) == 0)
      return i;
  }
  return SAMPLE_OTHER;
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
    return isfinite (field->d) ? field->d : NAN;
  case CALLSTATS_VALUE_BOOLEAN:
    return field->b;
  /* Integers above 2^53 travel so. */
  case CALLSTATS_VALUE_STRING:
  case CALLSTATS_VALUE_JSON:
    break;
  }
  return NAN;
}

static void
set_member (SampleObject *object, SampleMember member, const CallstatsField *field)
{
  if (member < SAMPLE_N_NUMBERS)
    object->numbers[member] = number_of (field);
  else if (field->kind == CALLSTATS_VALUE_STRING || field->kind == CALLSTATS_VALUE_JSON)
    object->texts[member - SAMPLE_N_NUMBERS] = field->s;
}

/* Which member a field is, plus one; most are what the same one was before. */
static guint8
find_member (const Sample *before, guint index, guint nth, const char *name)
{
  const CallstatsStatsObject *like;

  if (before != NULL && index < before->objects->len) {
    like = callstats_report_object (before->report, index);
    if (nth < like->n_fields &&
        strcmp (callstats_report_fields (before->report, like)[nth].name, name) == 0)
      return before->fields->data[like->first + nth];
  }
  return (guint8)GPOINTER_TO_UINT (g_hash_table_lookup (get_members (), name));
}

static void
read_object (Sample *sample, const Sample *before, guint index)
{
  const CallstatsStatsObject *from = callstats_report_object (sample->report, index);
  const CallstatsField *fields = callstats_report_fields (sample->report, from);
  SampleObject *object = &g_array_index (sample->objects, SampleObject, index);

  object->id = from->id;
  object->hash = from->hash;
  for (guint i = 0; i < SAMPLE_N_NUMBERS; i++)
    object->numbers[i] = NAN;
  for (guint i = 0; i < from->n_fields; i++) {
    guint8 member = find_member (before, index, i, fields[i].name);

    sample->fields->data[from->first + i] = member;
    if (member > 0)
      set_member (object, member - 1, &fields[i]);
  }
  object->type = find_type (sample_text (object, SAMPLE_TYPE));
}

static guint
count_fields (CallstatsReport *report, guint n_objects)
{
  const CallstatsStatsObject *last;

  if (n_objects == 0)
    return 0;
  last = callstats_report_object (report, n_objects - 1);
  return last->first + last->n_fields;
}

Sample *
sample_new (CallstatsReport *report, const Sample *before)
{
  guint n = MIN (callstats_report_n_objects (report), MAX_OBJECTS);
  guint n_fields = count_fields (report, n);
  Sample *sample = g_new0 (Sample, 1);

  sample->report = callstats_report_ref (report);
  sample->time = callstats_report_get_time (report);
  sample->objects = g_array_sized_new (FALSE, TRUE, sizeof (SampleObject), n);
  g_array_set_size (sample->objects, n);
  sample->fields = g_byte_array_sized_new (n_fields);
  g_byte_array_set_size (sample->fields, n_fields);
  for (guint i = 0; i < n; i++)
    read_object (sample, before, i);
  return sample;
}

void
sample_free (Sample *sample)
{
  if (sample == NULL)
    return;
  g_array_unref (sample->objects);
  g_byte_array_unref (sample->fields);
  callstats_report_unref (sample->report);
  g_free (sample);
}

const char *
sample_text (const SampleObject *object, SampleMember member)
{
  return object->texts[member - SAMPLE_N_NUMBERS];
}

static const SampleObject *
object_at (const Sample *sample, guint index)
{
  return &g_array_index (sample->objects, SampleObject, index);
}

const SampleObject *
sample_find_id (const Sample *sample, const char *id)
{
  guint hash = id != NULL ? g_str_hash (id) : 0;

  for (guint i = 0; sample != NULL && id != NULL && i < sample->objects->len; i++) {
    const SampleObject *object = object_at (sample, i);

    if (object->hash == hash && strcmp (object->id, id) == 0)
      return object;
  }
  return NULL;
}

static gboolean
is_stream (const SampleObject *object, SampleType type, const SampleObject *like)
{
  double ssrc = like->numbers[SAMPLE_SSRC];

  if (object->type != type)
    return FALSE;
  if (!isnan (ssrc))
    return object->numbers[SAMPLE_SSRC] == ssrc;
  return object->hash == like->hash && strcmp (object->id, like->id) == 0;
}

const SampleObject *
sample_find_stream (
    const Sample *sample, guint index, SampleType type, const SampleObject *like)
{
  guint n = sample != NULL ? sample->objects->len : 0;

  for (guint i = 0; i < n; i++) {
    const SampleObject *object = object_at (sample, (index + i) % n);

    if (is_stream (object, type, like))
      return object;
  }
  return NULL;
}
