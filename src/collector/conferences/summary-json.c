/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The JSON of a fabric's summary. Pure, any thread.
 */
#include <math.h>

#include "summary.h"

void
summary_json_add_time (JsonObject *object, const char *name, gint64 time)
{
  if (time == STORE_UNKNOWN_TIME)
    json_object_set_null_member (object, name);
  else
    json_object_set_int_member (object, name, time / 1000);
}

void
summary_json_add_duration (JsonObject *object, const char *name, gint64 duration)
{
  json_object_set_int_member (object, name, (duration + 500) / 1000);
}

void
summary_json_add_number (JsonObject *object, const char *name, double value, int digits)
{
  double unit = pow (10, digits);

  if (!isfinite (value))
    json_object_set_null_member (object, name);
  else if (digits == 0)
    json_object_set_int_member (object, name, (gint64)round (value));
  else
    json_object_set_double_member (object, name, round (value * unit) / unit);
}

void
summary_json_add_text (JsonObject *object, const char *name, const char *text)
{
  if (text != NULL)
    json_object_set_string_member (object, name, text);
  else
    json_object_set_null_member (object, name);
}

void
summary_json_add_distribution (
    JsonObject *object, const char *name, const Distribution *distribution, int digits)
{
  JsonObject *json;

  if (distribution->count == 0) {
    json_object_set_null_member (object, name);
    return;
  }
  json = json_object_new ();
  json_object_set_int_member (json, "count", (gint64)distribution->count);
  summary_json_add_number (json, "min", distribution->min, digits);
  summary_json_add_number (json, "p5", distribution->p5, digits);
  summary_json_add_number (json, "p50", distribution->p50, digits);
  summary_json_add_number (json, "p95", distribution->p95, digits);
  summary_json_add_number (json, "max", distribution->max, digits);
  summary_json_add_number (json, "mean", distribution->mean, digits);
  json_object_set_object_member (object, name, json);
}

void
summary_json_add_disruptions (
    JsonObject *object, const char *name, guint count, gint64 total)
{
  JsonObject *json = json_object_new ();

  json_object_set_int_member (json, "count", count);
  summary_json_add_duration (json, "total", total);
  json_object_set_object_member (object, name, json);
}

static void
add_distributions (JsonObject *json, const SummaryStream *stream)
{
  summary_json_add_distribution (json, "bitrate", &stream->bitrate, 1);
  summary_json_add_distribution (json, "fractionLost", &stream->fraction_lost, 4);
  summary_json_add_distribution (json, "jitter", &stream->jitter, 2);
  summary_json_add_distribution (json, "roundTripTime", &stream->round_trip, 2);
  summary_json_add_distribution (json, "score", &stream->score, 2);
  summary_json_add_distribution (json, "framesPerSecond", &stream->frame_rate, 1);
}

static JsonObject *
new_stream (const SummaryStream *stream)
{
  JsonObject *json = json_object_new ();

  json_object_set_int_member (json, "ssrc", stream->ssrc);
  summary_json_add_text (json, "kind", stream->video ? "video" : "audio");
  summary_json_add_text (json, "mid", stream->mid);
  summary_json_add_text (json, "codec", stream->codec);
  summary_json_add_text (json, "direction", stream->received ? "inbound" : "outbound");
  summary_json_add_time (json, "startTime", stream->first);
  summary_json_add_time (json, "endTime", stream->last);
  summary_json_add_number (json, "packets", stream->packets, 0);
  summary_json_add_number (json, "packetsLost", stream->packets_lost, 0);
  summary_json_add_number (json, "bytes", stream->bytes, 0);
  add_distributions (json, stream);
  summary_json_add_number (json, "freezeCount", stream->freezes, 0);
  summary_json_add_number (json, "freezeDuration", stream->freeze_duration * 1000, 0);
  return json;
}

static void
add_streams (JsonObject *json, const SummaryFabric *fabric)
{
  JsonArray *streams = json_array_sized_new (fabric->streams->len);

  for (guint i = 0; i < fabric->streams->len; i++)
    json_array_add_object_element (streams, new_stream (fabric->streams->pdata[i]));
  json_object_set_array_member (json, "streamSummary", streams);
}

static void
add_one_way (JsonObject *json, const SummaryFabric *fabric)
{
  static const char *const detectors[] = { "pair", "inbound", "event" };
  JsonArray *list = json_array_new ();

  for (guint i = 0; i < fabric->one_way->len; i++) {
    const SummaryOneWay *one = &g_array_index (fabric->one_way, SummaryOneWay, i);
    JsonObject *stream = json_object_new ();

    json_object_set_int_member (stream, "ssrc", one->ssrc);
    summary_json_add_text (stream, "kind", one->video ? "video" : "audio");
    summary_json_add_text (stream, "direction", one->received ? "inbound" : "outbound");
    summary_json_add_text (stream, "detectedBy", detectors[one->by]);
    json_array_add_object_element (list, stream);
  }
  json_object_set_array_member (json, "oneWayMedia", list);
}

static void
add_reasons (JsonObject *json, const SummaryFabric *fabric)
{
  JsonArray *reasons = json_array_new ();

  for (guint i = 0; i < fabric->failures->len; i++)
    json_array_add_string_element (
        reasons, ((SummaryFailure *)fabric->failures->pdata[i])->reason);
  json_object_set_array_member (json, "failureReasons", reasons);
}

static void
add_setup (JsonObject *json, const SummaryFabric *fabric)
{
  const StoreFabric *row = fabric->row;

  summary_json_add_text (json, "state", row->state);
  summary_json_add_number (json, "setupDelay", row->setup_delay, 3);
  summary_json_add_number (json, "iceGatheringDelay", row->ice_gathering_delay, 3);
  summary_json_add_number (json, "iceConnectivityDelay", row->ice_connectivity_delay, 3);
  add_reasons (json, fabric);
}

JsonObject *
summary_json_new_fabric (const SummaryFabric *fabric, const SummaryFabric *paired)
{
  JsonObject *json = json_object_new ();
  gboolean lasts =
      fabric->end == STORE_UNKNOWN_TIME || fabric->start == STORE_UNKNOWN_TIME;

  summary_json_add_text (json, "connectionID", fabric->row->fabric);
  summary_json_add_text (json, "localID", fabric->row->user);
  summary_json_add_text (json, "remoteID", fabric->row->remote_user);
  summary_json_add_text (
      json, "pairedConnectionID", paired != NULL ? paired->row->fabric : NULL);
  summary_json_add_time (json, "startTime", fabric->start);
  summary_json_add_time (json, "endTime", fabric->end);
  summary_json_add_number (json, "duration",
      lasts ? NAN : (double)MAX (fabric->end - fabric->start, 0) / 1000, 0);
  add_setup (json, fabric);
  summary_json_add_text (
      json, "terminationStatus", termination_to_string (fabric->termination));
  summary_json_add_text (json, "terminationCause", fabric->cause);
  summary_json_add_disruptions (
      json, "disruptions", fabric->disruptions, fabric->disrupted);
  summary_json_add_duration (json, "holdTime", fabric->held);
  json_object_set_int_member (json, "reportCount", (gint64)fabric->reports);
  summary_json_add_disruptions (json, "gaps", fabric->gaps, fabric->gap_time);
  add_one_way (json, fabric);
  summary_json_add_distribution (json, "score", &fabric->score, 2);
  add_streams (json, fabric);
  return json;
}
