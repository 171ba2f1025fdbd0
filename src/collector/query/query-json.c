/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The JSON of the query API. Pure, any thread.
 */
#include "query-json.h"

#include <math.h>

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

/* What only a part of all conferences has is absent elsewhere. */
static void
add_known (GString *json, const StoreConference *conference)
{
  g_autofree char *occurrence = g_strdup_printf ("%" G_GINT64_FORMAT, conference->id);

  add_string (json, "occurrence", occurrence);
  if (!isnan (conference->setup_delay))
    add_delay (json, "setupDelay", conference->setup_delay);
  if (!isnan (conference->score))
    add_delay (json, "score", conference->score);
  if (conference->site != NULL)
    add_string (json, "site", conference->site);
}

static void
append_conference (GString *json, const StoreConference *conference, gint64 now)
{
  g_string_append_c (json, '{');
  add_string (json, "conference", conference->conference);
  add_times (json, conference, now);
  add_int (json, "participants", conference->participants);
  add_int (json, "fabrics", conference->fabrics);
  add_int (json, "fabricSetup", conference->set_up);
  add_int (json, "failed", conference->failed);
  add_int (json, "dropped", conference->dropped);
  add_int (json, "reports", conference->reports);
  add_known (json, conference);
  g_string_append_c (json, '}');
}

void
query_json_append_conference (
    GString *json, const StoreConference *conference, gint64 now)
{
  append_conference (json, conference, now);
}

void
query_json_append_list (GString *json, GPtrArray *conferences, const char *next,
    const char *previous, const char *live, gint64 now)
{
  g_string_append (json, "{\"conferences\":[");
  for (guint i = 0; i < conferences->len; i++) {
    separate (json);
    append_conference (json, conferences->pdata[i], now);
  }
  g_string_append_c (json, ']');
  add_string (json, "next", next);
  add_string (json, "previous", previous);
  add_string (json, "live", live);
  g_string_append (json, "}\n");
}

void
query_json_append_participant (GString *json, const StoreParticipant *participant)
{
  g_string_append_c (json, '{');
  add_string (json, "user", participant->user);
  add_string (json, "userName", participant->user_name);
  add_time (json, "joined", participant->joined);
  add_time (json, "left", participant->left);
  add_json (json, "endpointInfo", participant->endpoint_info);
  g_string_append_c (json, '}');
}

static void
add_fabric (GString *json, const StoreFabric *fabric)
{
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
}

void
query_json_append_fabric (GString *json, const StoreFabric *fabric)
{
  g_string_append_c (json, '{');
  add_fabric (json, fabric);
  g_string_append_c (json, '}');
}

void
query_json_append_event (GString *json, const StoreEvent *event)
{
  g_string_append_c (json, '{');
  add_time (json, "time", event->time);
  add_string (json, "user", event->user);
  add_string (json, "fabric", event->fabric);
  add_string (json, "name", event->name);
  add_json (json, "data", event->data);
  g_string_append_c (json, '}');
}

static void
append_user (GString *json, const StoreUser *user)
{
  g_string_append_c (json, '{');
  add_string (json, "user", user->user);
  add_string (json, "userName", user->user_name);
  add_int (json, "conferences", user->conferences);
  add_time (json, "lastSeen", user->last_seen);
  g_string_append_c (json, '}');
}

static void
append_other (GString *json, const StoreOther *other)
{
  g_string_append_c (json, '{');
  add_time (json, "time", other->time);
  add_string (json, "user", other->user);
  add_string (json, "type", other->type);
  add_json (json, "record", other->record);
  g_string_append_c (json, '}');
}

typedef void (*AppendRow) (GString *json, gconstpointer row);

static void
append_rows (GString *json, const char *name, GPtrArray *rows, AppendRow append)
{
  callstats_json_append_member (json, name);
  g_string_append_c (json, '[');
  for (guint i = 0; i < rows->len; i++) {
    separate (json);
    append (json, rows->pdata[i]);
  }
  g_string_append_c (json, ']');
}

static void
append_page (
    GString *json, const char *name, GPtrArray *rows, AppendRow append, const char *next)
{
  g_string_append_c (json, '{');
  append_rows (json, name, rows, append);
  add_string (json, "next", next);
  g_string_append (json, "}\n");
}

void
query_json_append_events (GString *json, GPtrArray *events, const char *next)
{
  append_page (json, "events", events, (AppendRow)query_json_append_event, next);
}

void
query_json_append_fabrics (GString *json, GPtrArray *fabrics, const char *next)
{
  append_page (json, "fabrics", fabrics, (AppendRow)query_json_append_fabric, next);
}

void
query_json_append_users (GString *json, GPtrArray *users, const char *next)
{
  append_page (json, "users", users, (AppendRow)append_user, next);
}

void
query_json_append_others (GString *json, GPtrArray *others, const char *next)
{
  append_page (json, "records", others, (AppendRow)append_other, next);
}

void
query_json_append_detail (GString *json, const char *app, const StoreDetail *detail,
    const char *live, gint64 now)
{
  g_string_append_c (json, '{');
  add_string (json, "app", app);
  add_string (json, "conference", detail->conference->conference);
  add_times (json, detail->conference, now);
  add_known (json, detail->conference);
  append_rows (json, "participants", detail->participants,
      (AppendRow)query_json_append_participant);
  append_rows (json, "fabrics", detail->fabrics, (AppendRow)query_json_append_fabric);
  append_rows (json, "events", detail->events, (AppendRow)query_json_append_event);
  add_boolean (json, "truncated", detail->truncated);
  add_string (json, "live", live);
  g_string_append (json, "}\n");
}

void
query_json_begin_fabric (GString *json, const StoreFabricDetail *detail)
{
  g_autofree char *occurrence = g_strdup_printf ("%" G_GINT64_FORMAT, detail->occurrence);

  g_string_append_c (json, '{');
  add_fabric (json, detail->fabric);
  add_string (json, "conference", detail->conference);
  add_string (json, "occurrence", occurrence);
  if (detail->paired == NULL)
    return;
  callstats_json_append_member (json, "paired");
  g_string_append_c (json, '{');
  add_string (json, "fabric", detail->paired);
  add_string (json, "user", detail->paired_user);
  g_string_append_c (json, '}');
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
