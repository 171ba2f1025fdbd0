/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The JSON of the query API. Pure, any thread.
 */
#include "query-json.h"

#include "callstats/callstats-json-private.h"
#include "conference.h"

static void
add_string (GString *json, const char *name, const char *value)
{
  callstats_json_append_member (json, name);
  if (value != NULL)
    callstats_json_append_string (json, value);
  else
    g_string_append (json, "null");
}

static void
add_int (GString *json, const char *name, gint64 value)
{
  callstats_json_append_member (json, name);
  callstats_json_append_int (json, value);
}

static void
add_boolean (GString *json, const char *name, gboolean value)
{
  callstats_json_append_member (json, name);
  g_string_append (json, value ? "true" : "false");
}

static void
add_delay (GString *json, const char *name, double value)
{
  callstats_json_append_member (json, name);
  callstats_json_append_double (json, value);
}

static void
add_time (GString *json, const char *name, gint64 time)
{
  callstats_json_append_member (json, name);
  if (time == STORE_UNKNOWN_TIME)
    g_string_append (json, "null");
  else
    callstats_json_append_int (json, time / 1000);
}

/* value: (nullable): JSON text, that the store was given by our own writer. */
static void
add_json (GString *json, const char *name, const char *value)
{
  callstats_json_append_member (json, name);
  g_string_append (json, value != NULL ? value : "null");
}

/* Between the elements of an array. */
static void
separate (GString *json)
{
  if (json->str[json->len - 1] != '[')
    g_string_append_c (json, ',');
}

static void
add_times (GString *json, const StoreConference *conference, gint64 now)
{
  add_time (json, "start", conference->start);
  add_time (json, "lastSeen", conference->last_seen);
  add_boolean (json, "ended",
      conference_has_ended (conference->present, conference->last_heard, now));
}

static void
append_conference (GString *json, const StoreConference *conference, gint64 now)
{
  separate (json);
  g_string_append_c (json, '{');
  add_string (json, "conference", conference->conference);
  add_times (json, conference, now);
  add_int (json, "participants", conference->participants);
  add_int (json, "fabrics", conference->fabrics);
  add_int (json, "fabricSetup", conference->set_up);
  add_int (json, "failed", conference->failed);
  add_int (json, "dropped", conference->dropped);
  add_int (json, "reports", conference->reports);
  g_string_append_c (json, '}');
}

void
query_json_append_list (
    GString *json, GPtrArray *conferences, const char *next, gint64 now)
{
  g_string_append (json, "{\"conferences\":[");
  for (guint i = 0; i < conferences->len; i++)
    append_conference (json, conferences->pdata[i], now);
  g_string_append_c (json, ']');
  add_string (json, "next", next);
  g_string_append (json, "}\n");
}

static void
append_participant (GString *json, gconstpointer row)
{
  const StoreParticipant *participant = row;

  separate (json);
  g_string_append_c (json, '{');
  add_string (json, "user", participant->user);
  add_string (json, "userName", participant->user_name);
  add_time (json, "joined", participant->joined);
  add_time (json, "left", participant->left);
  add_json (json, "endpointInfo", participant->endpoint_info);
  g_string_append_c (json, '}');
}

static void
append_fabric (GString *json, gconstpointer row)
{
  const StoreFabric *fabric = row;

  separate (json);
  g_string_append_c (json, '{');
  add_string (json, "fabric", fabric->fabric);
  add_string (json, "user", fabric->user);
  add_string (json, "remoteUser", fabric->remote_user);
  add_string (json, "usage", fabric->usage);
  add_time (json, "added", fabric->added);
  add_delay (json, "setupDelay", fabric->setup_delay);
  add_delay (json, "iceGatheringDelay", fabric->ice_gathering_delay);
  add_delay (json, "iceConnectivityDelay", fabric->ice_connectivity_delay);
  add_string (json, "state", fabric->state);
  add_time (json, "failed", fabric->failed);
  add_time (json, "dropped", fabric->dropped);
  add_time (json, "terminated", fabric->terminated);
  add_int (json, "reports", fabric->reports);
  add_time (json, "firstReport", fabric->first_report);
  add_time (json, "lastReport", fabric->last_report);
  g_string_append_c (json, '}');
}

static void
append_event (GString *json, gconstpointer row)
{
  const StoreEvent *event = row;

  separate (json);
  g_string_append_c (json, '{');
  add_time (json, "time", event->time);
  add_string (json, "user", event->user);
  add_string (json, "fabric", event->fabric);
  add_string (json, "name", event->name);
  add_json (json, "data", event->data);
  g_string_append_c (json, '}');
}

static void
append_rows (GString *json, const char *name, GPtrArray *rows,
    void (*append) (GString *, gconstpointer))
{
  callstats_json_append_member (json, name);
  g_string_append_c (json, '[');
  for (guint i = 0; i < rows->len; i++)
    append (json, rows->pdata[i]);
  g_string_append_c (json, ']');
}

void
query_json_append_detail (
    GString *json, const char *app, const StoreDetail *detail, gint64 now)
{
  g_string_append_c (json, '{');
  add_string (json, "app", app);
  add_string (json, "conference", detail->conference->conference);
  add_times (json, detail->conference, now);
  append_rows (json, "participants", detail->participants, append_participant);
  append_rows (json, "fabrics", detail->fabrics, append_fabric);
  append_rows (json, "events", detail->events, append_event);
  add_boolean (json, "truncated", detail->truncated);
  g_string_append (json, "}\n");
}

void
query_json_begin_reports (GString *json, const StoreFabricKey *fabric)
{
  g_string_append_c (json, '{');
  add_string (json, "fabric", fabric->fabric);
  add_string (json, "conference", fabric->conference);
  add_string (json, "user", fabric->user);
  callstats_json_append_member (json, "reports");
  g_string_append_c (json, '[');
}

void
query_json_append_report (
    GString *json, gboolean first, gint64 time, const char *stats, gsize length)
{
  if (!first)
    g_string_append_c (json, ',');
  g_string_append_c (json, '{');
  add_time (json, "time", time);
  callstats_json_append_member (json, "stats");
  g_string_append_len (json, stats, length);
  g_string_append_c (json, '}');
}

void
query_json_end_reports (GString *json, const char *next)
{
  g_string_append_c (json, ']');
  add_string (json, "next", next);
  g_string_append (json, "}\n");
}
