/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A fabric from its events and reports to what it came to. Pure; one thread at a time.
 */
#include "summary-fabric.h"

#include <math.h>
#include <string.h>

#include "callstats/callstats-json-private.h"
#include "callstats/callstats-quality-private.h"
#include "summarizer.h"

/* A time without reports is a gap where it is so many times as long as the usual interval
 * between them, and longer than this. */
#define GAP_INTERVALS 3
#define GAP_MIN_MS 5000.0
/* Times between reports that may be gaps; those of short intervals cannot. */
#define MAX_GAPS 4096

typedef struct {
  double length; /* ms */
  gboolean held; /* reports were not due */
} Pause;

struct _FabricReader {
  SummaryFabric *fabric;
  gint64 disrupted_since; /* STORE_UNKNOWN_TIME: is not, as below */
  gint64 held_since;
  gint64 set_up_at;
  gint64 first_event, last_event;
  gint64 terminated, dropped, aborted;
  gboolean failed_by_ice; /* that is the last failure, and none of its own */
  GArray *holds;          /* gint64: begin and end, by turns */
  /* Of the reports */
  CallstatsQuality *quality;
  GPtrArray *streams; /* StreamReader */
  gint64 first_report, last_report;
  GArray *pauses; /* Pause */
  Histogram intervals;
  Histogram score;
};

const char *
termination_to_string (Termination termination)
{
  static const char *const names[N_TERMINATIONS] = { NULL, "terminated", "aborted",
    "timeout", "dropped", "failed" };

  return names[termination];
}

static void
failure_free (gpointer data)
{
  SummaryFailure *failure = data;

  g_free (failure->reason);
  g_free (failure);
}

void
summary_fabric_free (SummaryFabric *fabric)
{
  if (fabric == NULL)
    return;
  g_ptr_array_unref (fabric->failures);
  g_ptr_array_unref (fabric->streams);
  g_array_unref (fabric->one_way);
  g_free (fabric->cause);
  g_free (fabric->connection);
  g_free (fabric);
}

FabricReader *
fabric_reader_new (const StoreFabric *row)
{
  FabricReader *reader = g_new0 (FabricReader, 1);

  reader->fabric = g_new0 (SummaryFabric, 1);
  reader->fabric->row = row;
  reader->fabric->failures = g_ptr_array_new_with_free_func (failure_free);
  reader->fabric->streams =
      g_ptr_array_new_with_free_func ((GDestroyNotify)summary_stream_free);
  reader->fabric->one_way = g_array_new (FALSE, FALSE, sizeof (SummaryOneWay));
  reader->disrupted_since = reader->held_since = reader->set_up_at = reader->first_event =
      reader->last_event = reader->terminated = reader->dropped = reader->aborted =
          reader->first_report = reader->last_report = STORE_UNKNOWN_TIME;
  reader->holds = g_array_new (FALSE, FALSE, sizeof (gint64));
  reader->quality = callstats_quality_new ();
  reader->streams = g_ptr_array_new_with_free_func ((GDestroyNotify)stream_reader_free);
  reader->pauses = g_array_new (FALSE, FALSE, sizeof (Pause));
  return reader;
}

void
fabric_reader_free (FabricReader *reader)
{
  summary_fabric_free (reader->fabric);
  g_array_unref (reader->holds);
  callstats_quality_free (reader->quality);
  g_ptr_array_unref (reader->streams);
  g_array_unref (reader->pauses);
  histogram_clear (&reader->intervals);
  histogram_clear (&reader->score);
  g_free (reader);
}

void
summary_fabric_add_one_way (SummaryFabric *fabric, guint32 ssrc, gboolean video,
    gboolean received, OneWayReason by)
{
  for (guint i = 0; i < fabric->one_way->len; i++) {
    const SummaryOneWay *known = &g_array_index (fabric->one_way, SummaryOneWay, i);

    if (known->ssrc == ssrc && known->received == received)
      return;
  }
  if (fabric->one_way->len < SUMMARY_MAX_STREAMS)
    g_array_append_val (fabric->one_way, ((SummaryOneWay){ ssrc, video, received, by }));
}

/* ---- Events ---- */

static void
set_up (FabricReader *reader, gint64 time, JsonObject *data)
{
  reader->fabric->set_up = TRUE;
  reader->set_up_at = time;
}

static void
fail (FabricReader *reader, gint64 time, JsonObject *data, const char *fallback)
{
  SummaryFailure *failure;

  if (reader->fabric->set_up || reader->fabric->failures->len >= SUMMARY_MAX_STREAMS)
    return;
  failure = g_new0 (SummaryFailure, 1);
  failure->reason = g_strdup (callstats_json_get_string (data, "reason", fallback));
  failure->time = time;
  g_ptr_array_add (reader->fabric->failures, failure);
}

static void
fail_setup (FabricReader *reader, gint64 time, JsonObject *data)
{
  if (reader->failed_by_ice && !reader->fabric->set_up)
    g_ptr_array_set_size (reader->fabric->failures, 0);
  reader->failed_by_ice = FALSE;
  fail (reader, time, data, "unknown");
}

/* callstats tells this one beside fabricSetupFailed, or instead of it. */
static void
fail_ice (FabricReader *reader, gint64 time, JsonObject *data)
{
  if (reader->fabric->failures->len > 0)
    return;
  fail (reader, time, data, "IceConnectionFailure");
  reader->failed_by_ice = reader->fabric->failures->len > 0;
}

static void
begin_disruption (FabricReader *reader, gint64 time, JsonObject *data)
{
  if (reader->disrupted_since != STORE_UNKNOWN_TIME)
    return;
  reader->disrupted_since = time;
  reader->fabric->disruptions++;
}

/* Packets may end a disruption even after the fabric was taken for dropped. */
static void
end_disruption (FabricReader *reader, gint64 time, JsonObject *data)
{
  reader->dropped = STORE_UNKNOWN_TIME;
  if (reader->disrupted_since == STORE_UNKNOWN_TIME)
    return;
  reader->fabric->disrupted += MAX (time - reader->disrupted_since, 0);
  reader->disrupted_since = STORE_UNKNOWN_TIME;
}

static void
drop (FabricReader *reader, gint64 time, JsonObject *data)
{
  reader->dropped = time;
}

static void
abort_setup (FabricReader *reader, gint64 time, JsonObject *data)
{
  reader->aborted = time;
}

static void
hold (FabricReader *reader, gint64 time, JsonObject *data)
{
  if (reader->held_since == STORE_UNKNOWN_TIME)
    reader->held_since = time;
}

static void
resume (FabricReader *reader, gint64 time, JsonObject *data)
{
  if (reader->held_since == STORE_UNKNOWN_TIME)
    return;
  reader->fabric->held += MAX (time - reader->held_since, 0);
  if (reader->holds->len < 2 * MAX_GAPS) {
    g_array_append_val (reader->holds, reader->held_since);
    g_array_append_val (reader->holds, time);
  }
  reader->held_since = STORE_UNKNOWN_TIME;
}

static void
terminate (FabricReader *reader, gint64 time, JsonObject *data)
{
  const char *cause = callstats_json_get_string (data, "cause", NULL);

  reader->terminated = time;
  if (cause != NULL && reader->fabric->cause == NULL)
    reader->fabric->cause = g_strdup (cause);
}

/* ssrc: callstats' clients send a string. */
static guint32
get_ssrc (JsonObject *data)
{
  const char *text = callstats_json_get_string (data, "ssrc", NULL);
  gint64 number = text != NULL ? g_ascii_strtoll (text, NULL, 10)
                               : callstats_json_get_int (data, "ssrc", 0);

  return number > 0 && number <= G_MAXUINT32 ? (guint32)number : 0;
}

static void
flow_one_way (FabricReader *reader, gint64 time, JsonObject *data)
{
  const char *direction = callstats_json_get_string (data, "streamType", "outbound");
  const char *media = callstats_json_get_string (data, "mediaType", "audio");

  summary_fabric_add_one_way (reader->fabric, get_ssrc (data),
      strcmp (media, "audio") != 0, strcmp (direction, "inbound") == 0, ONE_WAY_BY_EVENT);
}

static gint64
first_known (gint64 one, gint64 other)
{
  return one != STORE_UNKNOWN_TIME ? one : other;
}

static gint64
earlier (gint64 one, gint64 other)
{
  return one != STORE_UNKNOWN_TIME && other != STORE_UNKNOWN_TIME
             ? MIN (one, other)
             : first_known (one, other);
}

static const struct {
  const char *name;
  void (*take) (FabricReader *reader, gint64 time, JsonObject *data);
} events[] = {
  { "fabricSetup", set_up },
  { "fabricSetupFailed", fail_setup },
  { "iceFailed", fail_ice },
  { "iceDisruptionStart", begin_disruption },
  { "iceDisruptionEnd", end_disruption },
  { "fabricDropped", drop },
  { "iceAborted", abort_setup },
  { "fabricHold", hold },
  { "fabricResume", resume },
  { "fabricTerminated", terminate },
  { "oneWayMediaStart", flow_one_way },
};

void
fabric_reader_take_event (FabricReader *reader, const StoreEvent *event)
{
  g_autoptr (JsonObject) data = NULL;

  reader->first_event = earlier (reader->first_event, event->time);
  reader->last_event = MAX (reader->last_event, event->time);
  for (guint i = 0; i < G_N_ELEMENTS (events); i++) {
    if (strcmp (events[i].name, event->name) != 0)
      continue;
    data = callstats_json_parse_object (event->data, strlen (event->data), NULL);
    if (data == NULL)
      data = json_object_new ();
    events[i].take (reader, event->time, data);
    return;
  }
}

/* ---- Reports ---- */

static gboolean
is_held (const FabricReader *reader, gint64 from, gint64 to)
{
  const gint64 *holds = (const gint64 *)(gpointer)reader->holds->data;

  if (reader->held_since != STORE_UNKNOWN_TIME && reader->held_since < to)
    return TRUE;
  for (guint i = 0; i + 1 < reader->holds->len; i += 2)
    if (holds[i] < to && holds[i + 1] > from)
      return TRUE;
  return FALSE;
}

static void
take_time (FabricReader *reader, gint64 time)
{
  double length;
  Pause pause = { 0 };

  reader->fabric->reports++;
  if (reader->first_report == STORE_UNKNOWN_TIME) {
    reader->first_report = reader->last_report = time;
    return;
  }
  length = pause.length = (double)(time - reader->last_report) / 1000;
  histogram_add (&reader->intervals, length);
  if (length > GAP_MIN_MS && reader->pauses->len < MAX_GAPS) {
    pause.held = is_held (reader, reader->last_report, time);
    g_array_append_val (reader->pauses, pause);
  }
  reader->last_report = time;
}

/* Whether what the other end sends is to arrive: events are known before reports. */
static gboolean
flows_at (const FabricReader *reader, gint64 time)
{
  return reader->fabric->set_up && time >= reader->set_up_at &&
         (reader->dropped == STORE_UNKNOWN_TIME || time < reader->dropped) &&
         !is_held (reader, time, time + 1);
}

/* Returns: (nullable): NULL where there are too many. */
static StreamReader *
get_stream (FabricReader *reader, guint32 ssrc, gboolean received)
{
  for (guint i = 0; i < reader->streams->len; i++) {
    StreamReader *stream = reader->streams->pdata[i];

    if (stream_reader_get_ssrc (stream) == ssrc &&
        stream_reader_is_received (stream) == received)
      return stream;
  }
  if (reader->streams->len == SUMMARY_MAX_STREAMS) {
    reader->fabric->truncated = TRUE;
    return NULL;
  }
  g_ptr_array_add (reader->streams, stream_reader_new (ssrc, received));
  return reader->streams->pdata[reader->streams->len - 1];
}

static void
take_stream (FabricReader *reader, GArray *samples, guint index, StreamSample *sample,
    double round_trip)
{
  const CallstatsSample *own = callstats_samples_at (samples, index);
  gboolean received = callstats_sample_has_type (own, "inbound-rtp");
  double ssrc = own->numbers[CALLSTATS_SAMPLE_SSRC];
  StreamReader *stream;

  if ((!received && !callstats_sample_has_type (own, "outbound-rtp")) ||
      !(ssrc >= 1 && ssrc <= G_MAXUINT32) ||
      !callstats_samples_find_media (samples, own, &sample->video, &sample->codec))
    return;
  stream = get_stream (reader, (guint32)ssrc, received);
  if (stream == NULL)
    return;
  sample->own = own;
  sample->object = callstats_report_object (sample->report, index);
  sample->other = callstats_samples_find_other (samples, own, received);
  sample->round_trip =
      sample->other != NULL ? sample->other->numbers[CALLSTATS_SAMPLE_ROUND_TRIP] : NAN;
  if (isnan (sample->round_trip))
    sample->round_trip = round_trip;
  stream_reader_take (stream, sample);
}

static const char *
find_text (CallstatsReport *report, const CallstatsStatsObject *object, const char *name)
{
  const CallstatsField *fields = callstats_report_fields (report, object);

  for (guint i = 0; i < object->n_fields; i++)
    if (strcmp (fields[i].name, name) == 0 && fields[i].kind == CALLSTATS_VALUE_STRING)
      return fields[i].s;
  return NULL;
}

static const CallstatsStatsObject *
find_object (CallstatsReport *report, const char *id)
{
  for (guint i = 0; id != NULL && i < callstats_report_n_objects (report); i++)
    if (strcmp (callstats_report_object (report, i)->id, id) == 0)
      return callstats_report_object (report, i);
  return NULL;
}

static const char *
find_fingerprint (
    CallstatsReport *report, const CallstatsStatsObject *transport, const char *which)
{
  const CallstatsStatsObject *certificate =
      find_object (report, find_text (report, transport, which));

  return certificate != NULL ? find_text (report, certificate, "fingerprint") : NULL;
}

/* Both fingerprints in an order that both ends agree on. Each salts the other: who uses
 * a certificate for several calls is not recognised by what is kept of it. */
static char *
name_connection (const char *one, const char *other)
{
  g_autofree char *a = g_ascii_strup (one, -1);
  g_autofree char *b = g_ascii_strup (other, -1);
  g_autofree char *both =
      strcmp (a, b) < 0 ? g_strjoin ("\n", a, b, NULL) : g_strjoin ("\n", b, a, NULL);

  return g_compute_checksum_for_string (G_CHECKSUM_SHA256, both, -1);
}

static void
find_connection (FabricReader *reader, CallstatsReport *report)
{
  for (guint i = 0; i < callstats_report_n_objects (report); i++) {
    const CallstatsStatsObject *object = callstats_report_object (report, i);
    const char *local, *remote;

    if (g_strcmp0 (find_text (report, object, "type"), "transport") != 0)
      continue;
    local = find_fingerprint (report, object, "localCertificateId");
    remote = find_fingerprint (report, object, "remoteCertificateId");
    if (local == NULL || remote == NULL)
      continue;
    reader->fabric->connection = name_connection (local, remote);
    return;
  }
}

static void
take_score (FabricReader *reader, GArray *samples, CallstatsReport *report)
{
  for (guint i = 0; i < samples->len; i++) {
    const CallstatsStatsObject *object = callstats_report_object (report, i);
    const CallstatsField *fields = callstats_report_fields (report, object);

    if (!callstats_sample_has_type (
            callstats_samples_at (samples, i), "callstats-quality"))
      continue;
    for (guint k = 0; k < object->n_fields; k++)
      if (strcmp (fields[k].name, "score") == 0)
        histogram_add (&reader->score,
            fields[k].kind == CALLSTATS_VALUE_DOUBLE ? fields[k].d : (double)fields[k].i);
  }
}

/* Reports without scores, such as browsers', are given them. */
void
fabric_reader_take_report (
    FabricReader *reader, gint64 time, const char *stats, gsize length)
{
  g_autofree char *text = g_strndup (stats, length);
  g_autoptr (CallstatsReport) plain = callstats_report_new_from_json (time, text, NULL);
  g_autoptr (CallstatsReport) report = NULL;
  g_autoptr (GArray) samples = NULL;
  StreamSample sample = { .time = time };
  double round_trip;

  take_time (reader, time);
  if (plain == NULL || callstats_report_n_objects (plain) > CALLSTATS_QUALITY_MAX_OBJECTS)
    return;
  report = callstats_quality_add (reader->quality, plain);
  samples = callstats_samples_read (report);
  sample.report = report;
  sample.flows = flows_at (reader, time);
  round_trip = callstats_samples_find_round_trip (samples, (double)time / 1000);
  for (guint i = 0; i < samples->len; i++)
    take_stream (reader, samples, i, &sample, round_trip);
  take_score (reader, samples, report);
  if (reader->fabric->connection == NULL)
    find_connection (reader, report);
}

/* ---- The end ---- */

/* Unknown times are the least of all. */
static gint64
last_sign_of_life (const FabricReader *reader)
{
  return MAX (MAX (reader->last_event, reader->last_report), reader->fabric->row->added);
}

static void
end_by (SummaryFabric *fabric, Termination termination, gint64 time)
{
  fabric->termination = termination;
  fabric->terminated = fabric->end = time;
}

static void
find_end (FabricReader *reader, gboolean ended, gint64 left)
{
  SummaryFabric *fabric = reader->fabric;
  gint64 last = last_sign_of_life (reader);

  fabric->end = fabric->terminated = STORE_UNKNOWN_TIME;
  if (reader->dropped != STORE_UNKNOWN_TIME)
    end_by (fabric, TERMINATION_DROPPED, reader->dropped);
  else if (!fabric->set_up && fabric->failures->len > 0)
    end_by (
        fabric, TERMINATION_FAILED, ((SummaryFailure *)fabric->failures->pdata[0])->time);
  else if (reader->aborted != STORE_UNKNOWN_TIME && !fabric->set_up)
    end_by (fabric, TERMINATION_ABORTED, reader->aborted);
  else if (reader->terminated != STORE_UNKNOWN_TIME)
    end_by (fabric, fabric->set_up ? TERMINATION_TERMINATED : TERMINATION_ABORTED,
        reader->terminated);
  else if (left != STORE_UNKNOWN_TIME && left >= last)
    end_by (fabric, fabric->set_up ? TERMINATION_TERMINATED : TERMINATION_ABORTED, left);
  else if (ended)
    end_by (fabric, TERMINATION_TIMEOUT, last);
}

/* What still lasts is over at the end, or now. */
static void
close_times (FabricReader *reader)
{
  gint64 over = first_known (
      reader->terminated, MAX (last_sign_of_life (reader), reader->fabric->terminated));
  gint64 dropped = reader->dropped;

  resume (reader, over, NULL);
  end_disruption (reader, over, NULL);
  reader->dropped = dropped;
}

static void
count_gaps (FabricReader *reader)
{
  double usual = histogram_get_percentile (&reader->intervals, 50);

  for (guint i = 0; i < reader->pauses->len; i++) {
    const Pause *pause = &g_array_index (reader->pauses, Pause, i);

    if (pause->held || pause->length <= GAP_INTERVALS * usual)
      continue;
    reader->fabric->gaps++;
    reader->fabric->gap_time += (gint64)(pause->length * 1000);
  }
}

static void
finish_streams (FabricReader *reader)
{
  SummaryFabric *fabric = reader->fabric;

  while (reader->streams->len > 0) {
    SummaryStream *stream =
        stream_reader_finish (g_ptr_array_steal_index (reader->streams, 0));

    g_ptr_array_add (fabric->streams, stream);
    if (stream->silent_until - stream->silent_since >= ONE_WAY_MIN)
      summary_fabric_add_one_way (
          fabric, stream->ssrc, stream->video, TRUE, ONE_WAY_BY_INBOUND);
  }
}

SummaryFabric *
fabric_reader_finish (
    FabricReader *reader, Histogram *scores, gboolean ended, gint64 left)
{
  SummaryFabric *fabric;

  reader->fabric->set_up |= reader->fabric->row->set_up != STORE_UNKNOWN_TIME;
  find_end (reader, ended, left);
  close_times (reader);
  count_gaps (reader);
  finish_streams (reader);
  histogram_describe (&reader->score, &reader->fabric->score);
  histogram_merge (scores, &reader->score);
  fabric = g_steal_pointer (&reader->fabric);
  fabric->start = first_known (
      fabric->row->added, earlier (reader->first_event, reader->first_report));
  fabric_reader_free (reader);
  return fabric;
}
