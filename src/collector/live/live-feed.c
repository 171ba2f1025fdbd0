/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What one listener is told. A feed is used by one thread at a time.
 *
 * Conferences, participants and fabrics are told whole whenever they are not as they were
 * told last, so it does no harm to tell them again. Events and reports are told once: the
 * id of the message that has them says how far the listener is then.
 */
#include "live-feed.h"

#include "callstats/callstats-json-private.h"
#include "live-position.h"
#include "query-json.h"

/* What one reading may bring. */
#define MAX_BYTES (256 * 1024)
#define MAX_EVENTS 500
#define MAX_REPORTS 200 /* of a fabric */
#define MAX_CONFERENCES 200

struct _LiveFeed {
  Store *store;
  char *app;
  char *conference; /* NULL: the list */
  gint64 occurrence;
  gboolean reports;
  LivePosition *position; /* of a conference; NULL: its end, when it is first read */
  gint64 change;          /* of the list; -1: its end */
  GHashTable *told;       /* kind and name → digest of what was told last */
  gboolean placed;        /* the listener knows where it stands */
};

static gboolean
parse_change (const char *text, gint64 *change)
{
  return g_ascii_string_to_signed (text, 10, 0, G_MAXINT64, change, NULL);
}

LiveFeed *
live_feed_new (Store *store, const char *app, const char *conference, gint64 occurrence,
    const char *after, gboolean reports)
{
  LivePosition *position = NULL;
  gint64 change = -1;
  LiveFeed *feed;

  if (after != NULL && conference == NULL && !parse_change (after, &change))
    return NULL;
  if (after != NULL && conference != NULL) {
    position = live_position_parse (after);
    if (position == NULL)
      return NULL;
  }
  feed = g_new0 (LiveFeed, 1);
  feed->store = store;
  feed->app = g_strdup (app);
  feed->conference = g_strdup (conference);
  feed->occurrence = occurrence;
  feed->reports = reports;
  feed->position = position;
  feed->change = change;
  feed->told = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return feed;
}

void
live_feed_free (LiveFeed *feed)
{
  if (feed == NULL)
    return;
  g_free (feed->app);
  g_free (feed->conference);
  live_position_free (feed->position);
  g_hash_table_unref (feed->told);
  g_free (feed);
}

/* id: (nullable). JSON of ours has no line breaks in it. */
static void
append_message (GString *text, const char *type, const char *id, const GString *json)
{
  if (id != NULL)
    g_string_append_printf (text, "id: %s\n", id);
  g_string_append_printf (text, "event: %s\ndata: ", type);
  g_string_append_len (text, json->str, (gssize)json->len);
  g_string_append (text, "\n\n");
}

/* ---- States ---- */

/* Takes the JSON, and tells it if it is not what was told last. */
static void
tell_state (
    LiveFeed *feed, GString *text, const char *type, const char *name, GString *json)
{
  g_autofree char *key = g_strdup_printf ("%s %s", type, name);
  g_autofree char *digest =
      g_compute_checksum_for_data (G_CHECKSUM_SHA1, (const guchar *)json->str, json->len);

  if (g_strcmp0 (g_hash_table_lookup (feed->told, key), digest) != 0) {
    append_message (text, type, NULL, json);
    g_hash_table_replace (feed->told, g_steal_pointer (&key), g_steal_pointer (&digest));
  }
  g_string_free (json, TRUE);
}

static void
tell_states (LiveFeed *feed, const StoreDetail *detail, GString *text)
{
  GString *json = g_string_new (NULL);

  query_json_append_conference (json, detail->conference, g_get_real_time ());
  tell_state (feed, text, "conference", "", json);
  for (guint i = 0; i < detail->participants->len; i++) {
    StoreParticipant *participant = detail->participants->pdata[i];

    json = g_string_new (NULL);
    query_json_append_participant (json, participant);
    tell_state (feed, text, "participant", participant->user, json);
  }
  for (guint i = 0; i < detail->fabrics->len; i++) {
    StoreFabric *fabric = detail->fabrics->pdata[i];
    g_autofree char *id = g_strdup_printf ("%" G_GINT64_FORMAT, fabric->id);

    json = g_string_new (NULL);
    query_json_append_fabric (json, fabric);
    tell_state (feed, text, "fabric", id, json);
  }
}

/* ---- Events and reports ---- */

static void
append_placed (LiveFeed *feed, GString *text, const char *type, const GString *json)
{
  g_autoptr (GString) id = g_string_new (NULL);

  live_position_append (feed->position, id);
  append_message (text, type, id->str, json);
}

static gboolean
tell_events (LiveFeed *feed, const StoreConferenceId *conference, GString *text,
    gboolean *more, GError **error)
{
  StoreEventSearch search = {
    .conference = *conference,
    .from = G_MININT64,
    .to = G_MAXINT64,
    .by_arrival = TRUE,
    .after = { 0, feed->position->event },
    .limit = MAX_EVENTS,
    .max_bytes = MAX_BYTES,
  };
  g_autoptr (GPtrArray) events = store_list_events (feed->store, &search, more, error);
  g_autoptr (GString) json = g_string_new ("{\"events\":[");

  if (events == NULL)
    return FALSE;
  for (guint i = 0; i < events->len; i++) {
    StoreEvent *event = events->pdata[i];

    if (i > 0)
      g_string_append_c (json, ',');
    query_json_append_event (json, event);
    feed->position->event = event->id;
  }
  g_string_append (json, "]}");
  if (events->len > 0)
    append_placed (feed, text, "events", json);
  return TRUE;
}

typedef struct {
  GString *json;
  gboolean any;
} Reports;

static void
append_report (gint64 time, const char *stats, gsize length, gpointer user_data)
{
  Reports *reports = user_data;

  query_json_append_report (reports->json, !reports->any, time, stats, length);
  reports->any = TRUE;
}

static void
begin_fabric (GString *json, const StoreFabric *fabric)
{
  if (json->str[json->len - 1] != '[')
    g_string_append_c (json, ',');
  g_string_append_c (json, '{');
  callstats_json_append_member (json, "fabric");
  callstats_json_append_string (json, fabric->fabric);
  callstats_json_append_member (json, "user");
  callstats_json_append_string (json, fabric->user);
  callstats_json_append_member (json, "reports");
  g_string_append_c (json, '[');
}

/* Returns: how many, -1 with an error. */
static int
read_fabric (LiveFeed *feed, const StoreFabric *fabric, LiveFabric *place, GString *json,
    GError **error)
{
  StoreFabricKey key = { .id = fabric->id,
    .fabric = fabric->fabric,
    .user = fabric->user,
    .conference = feed->conference };
  gsize length = json->len;
  Reports reports = { json, FALSE };
  int n;

  begin_fabric (json, fabric);
  n = store_read_reports (feed->store, &key, &place->cursor, G_MAXINT64, MAX_REPORTS,
      MAX_BYTES - MIN (json->len, MAX_BYTES - 1), append_report, &reports, &place->more,
      error);
  g_string_append (json, "]}");
  if (n <= 0)
    g_string_truncate (json, length);
  place->reports = fabric->reports;
  return n;
}

/* A fabric is looked at when it has another number of reports than before. */
static gboolean
tell_reports (LiveFeed *feed, const StoreDetail *detail, GString *text, gboolean *more,
    GError **error)
{
  g_autoptr (GString) json = g_string_new ("{\"fabrics\":[");
  gsize empty = json->len;

  for (guint i = 0; i < detail->fabrics->len; i++) {
    const StoreFabric *fabric = detail->fabrics->pdata[i];
    LiveFabric *place = live_position_find (feed->position, fabric);

    if (place->reports == fabric->reports && !place->more)
      continue;
    if (json->len >= MAX_BYTES) {
      *more = TRUE;
      continue;
    }
    if (read_fabric (feed, fabric, place, json, error) < 0)
      return FALSE;
    *more = *more || place->more;
  }
  if (json->len > empty) {
    g_string_append (json, "]}");
    append_placed (feed, text, "reports", json);
  }
  return TRUE;
}

/* ---- Reading ---- */

static gboolean
read_conference (LiveFeed *feed, GString *text, gboolean *more, GError **error)
{
  StoreConferenceId id = { feed->app, feed->conference, feed->occurrence };
  g_autoptr (StoreDetail) detail = store_read_states (feed->store, &id, error);

  if (detail == NULL)
    return FALSE;
  if (feed->position == NULL)
    feed->position = live_position_of (detail);
  tell_states (feed, detail, text);
  return tell_events (feed, &id, text, more, error) &&
         (!feed->reports || tell_reports (feed, detail, text, more, error));
}

static gboolean
read_list (LiveFeed *feed, GString *text, gboolean *more, GError **error)
{
  g_autoptr (GPtrArray) list = NULL;

  if (feed->change < 0)
    feed->change = store_find_last_change (feed->store, error);
  if (feed->change < 0)
    return FALSE;
  list =
      store_list_changed (feed->store, feed->app, feed->change, MAX_CONFERENCES, error);
  for (guint i = 0; list != NULL && i < list->len; i++) {
    StoreConference *conference = list->pdata[i];
    g_autoptr (GString) json = g_string_new (NULL);
    g_autofree char *id = g_strdup_printf ("%" G_GINT64_FORMAT, conference->sort_key);

    query_json_append_conference (json, conference, g_get_real_time ());
    append_message (text, "conference", id, json);
    feed->change = conference->sort_key;
  }
  *more = list != NULL && list->len == MAX_CONFERENCES;
  return list != NULL;
}

/* An id without data is no event, but is where the listener goes on from. */
static void
tell_place (LiveFeed *feed, GString *text)
{
  g_string_append (text, "id: ");
  if (feed->conference != NULL)
    live_position_append (feed->position, text);
  else
    g_string_append_printf (text, "%" G_GINT64_FORMAT, feed->change);
  g_string_append (text, "\n\n");
  feed->placed = TRUE;
}

gboolean
live_feed_read (LiveFeed *feed, GString *text, gboolean *more, GError **error)
{
  *more = FALSE;
  if (!(feed->conference != NULL ? read_conference (feed, text, more, error)
                                 : read_list (feed, text, more, error)))
    return FALSE;
  if (!feed->placed)
    tell_place (feed, text);
  return TRUE;
}
