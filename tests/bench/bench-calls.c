/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Calls that nobody made, through the store's interface and as the first schema had them.
 */
#include "bench-calls.h"

#include "callstats/callstats-report-private.h"
#include "store-sqlite-private.h"
#include "store-sqlite-schema-1.h"
#include "synthetic-call.h"

#define USERS 2000          /* who call each other */
#define SHAPES 16           /* of calls whose reports differ */
#define SESSIONS_AT_ONCE 64 /* before what they said is waited for */
#define FAILED_EVERY 20     /* call */
#define DROPPED_EVERY 15

typedef struct {
  Store *store;
  StoreSession *session;
  GPtrArray *records;
  char *conference, *fabric, *remote;
  gint64 start;
} Caller;

static void
on_opened (gpointer user_data, guint64 stored)
{
}

static void
on_committed (gpointer user_data, guint64 sequence, gsize bytes, guint written)
{
}

static void
on_failed (gpointer user_data, const GError *error)
{
  g_error ("bench: %s", error->message);
}

static gboolean
on_flushed (gpointer user_data)
{
  *(gboolean *)user_data = TRUE;
  return G_SOURCE_REMOVE;
}

static void
flush (Store *store)
{
  gboolean flushed = FALSE;

  store_flush (store, on_flushed, &flushed);
  while (!flushed)
    g_main_context_iteration (NULL, TRUE);
}

char *
bench_conference_name (guint day, guint index)
{
  return g_strdup_printf ("meeting-%u-%u", day, index);
}

/* ---- One participant ---- */

static void
say (Caller *caller, CallstatsRecord *record, gboolean of_fabric)
{
  record->conference = g_strdup (caller->conference);
  if (of_fabric) {
    record->fabric = g_strdup (caller->fabric);
    record->remote_user = g_strdup (caller->remote);
  }
  g_ptr_array_add (caller->records, record);
}

static void
say_event (Caller *caller, gint64 after_ms, const char *name, gboolean of_fabric,
    const char *data)
{
  say (caller,
      callstats_record_new_event (
          name, caller->start + after_ms * G_TIME_SPAN_MILLISECOND, data),
      of_fabric);
}

static void
say_beginning (Caller *caller)
{
  say_event (caller, 0, "userJoined", FALSE,
      "{\"endpointInfo\":{\"type\":\"native\",\"os\":\"Linux\","
      "\"buildName\":\"gst-callstats\",\"buildVersion\":\"0.1.0\"}}");
  say_event (caller, 20, "addNewFabric", TRUE, "{\"fabricUsage\":\"multiplex\"}");
  say_event (caller, 60, "fabricStateChange", TRUE,
      "{\"changedState\":\"signalingState\",\"prevState\":\"stable\","
      "\"newState\":\"have-local-offer\"}");
  say_event (caller, 180, "fabricStateChange", TRUE,
      "{\"changedState\":\"signalingState\",\"prevState\":\"have-local-offer\","
      "\"newState\":\"stable\"}");
  say_event (caller, 200, "fabricStateChange", TRUE,
      "{\"changedState\":\"iceConnectionState\",\"prevState\":\"new\","
      "\"newState\":\"checking\"}");
}

static void
say_set_up (Caller *caller, guint call)
{
  g_autofree char *data = g_strdup_printf ("{\"delay\":%u.5,\"iceGatheringDelay\":%u,"
                                           "\"iceConnectivityDelay\":%u.25}",
      300 + call * 37 % 900, 80 + call % 90, 60 + call % 50);

  say_event (caller, 400, "fabricStateChange", TRUE,
      "{\"changedState\":\"iceConnectionState\",\"prevState\":\"checking\","
      "\"newState\":\"connected\"}");
  say_event (caller, 420, "fabricSetup", TRUE, data);
  say_event (caller, 500, "ssrcMap", TRUE,
      "{\"ssrcData\":[{\"ssrc\":2447301367,\"streamType\":\"outbound\","
      "\"reportType\":\"local\",\"mediaType\":\"video\"},{\"ssrc\":1590275277,"
      "\"streamType\":\"outbound\",\"reportType\":\"local\",\"mediaType\":\"audio\"}]}");
}

static void
say_reports (Caller *caller, guint call, guint reports)
{
  for (guint second = 0; second < reports; second++) {
    gint64 time = caller->start + (second + 1) * G_USEC_PER_SEC + second * 7919 % 20000;
    g_autoptr (CallstatsReport) report =
        synthetic_report_new (call % SHAPES, second, time);

    say (caller, callstats_record_new_report (report), TRUE);
  }
}

static void
say_call (Caller *caller, guint call, guint reports)
{
  gint64 end = 1000 * (gint64)reports + 1500;

  say_beginning (caller);
  if (call % FAILED_EVERY == 0) {
    say_event (caller, 15000, "fabricSetupFailed", TRUE,
        "{\"reason\":\"IceConnectionFailure\"}");
  } else {
    say_set_up (caller, call);
    say_reports (caller, call, reports);
    if (call % DROPPED_EVERY == 0)
      say_event (caller, end - 100, "fabricDropped", TRUE, "{\"cause\":\"ice\"}");
  }
  say_event (caller, end, "fabricTerminated", TRUE, "{\"cause\":\"application\"}");
  say_event (caller, end + 100, "userLeft", FALSE, "{}");
}

static void
caller_begin (Caller *caller, Store *store, const char *conference, guint user,
    guint other, const char *fabric, gint64 start)
{
  static const StoreSessionEvents events = { on_opened, on_committed, on_failed };
  g_autofree char *name = g_strdup_printf ("user-%u", user);

  caller->store = store;
  caller->session =
      store_session_open (store, BENCH_APP, name, NULL, fabric, &events, NULL, NULL);
  caller->records =
      g_ptr_array_new_with_free_func ((GDestroyNotify)callstats_record_unref);
  caller->conference = g_strdup (conference);
  caller->fabric = g_strdup (fabric);
  caller->remote = g_strdup_printf ("user-%u", other);
  caller->start = start;
}

static void
caller_end (Caller *caller)
{
  store_session_append (caller->session, 1, caller->records, 1);
  store_session_close (caller->session);
  g_ptr_array_unref (caller->records);
  g_free (caller->conference);
  g_free (caller->fabric);
  g_free (caller->remote);
}

/* ---- All of them ---- */

static guint64
add_conference (Store *store, guint day, guint index, guint reports, gint64 start)
{
  g_autofree char *conference = bench_conference_name (day, index);
  guint call = day * 7 + index;
  guint users[] = { call * 31 % USERS, (call * 31 + 1 + call % 97) % USERS };

  for (guint side = 0; side < 2; side++) {
    g_autofree char *fabric = g_strdup_printf ("fabric-%u-%u-%u", day, index, side);
    Caller caller;

    caller_begin (
        &caller, store, conference, users[side], users[1 - side], fabric, start);
    say_call (&caller, call, reports);
    caller_end (&caller);
  }
  return call % FAILED_EVERY == 0 ? 0 : 2 * (guint64)reports;
}

static gpointer
pack (gpointer store)
{
  g_autoptr (GError) error = NULL;

  if (!store_compact (store, NULL, NULL, &error))
    g_error ("bench: %s", error->message);
  return NULL;
}

guint64
bench_fill (Store *store, const BenchSize *size, gint64 now)
{
  gint64 apart = 12 * G_TIME_SPAN_HOUR / size->conferences;
  guint64 reports = 0;
  GThread *packer = NULL;

  for (guint day = 0; day < size->days; day++) {
    gint64 begin = now - (size->days - day) * G_TIME_SPAN_DAY;

    for (guint i = 0; i < size->conferences; i++) {
      reports += add_conference (store, day, i, size->reports, begin + i * apart);
      if (i % SESSIONS_AT_ONCE == 0)
        flush (store);
    }
    flush (store);
    if (packer != NULL)
      g_thread_join (packer);
    packer = g_thread_new ("packer", pack, store);
  }
  g_thread_join (packer);
  return reports;
}

void
bench_add_hour (Store *store, const char *conference, const char *fabric, gint64 start)
{
  Caller caller;

  caller_begin (&caller, store, conference, 0, 1, fabric, start);
  say_beginning (&caller);
  say_set_up (&caller, 1);
  say_reports (&caller, 1, 3600);
  caller_end (&caller);
  flush (store);
  pack (store);
}

/* ---- The first schema ---- */

static void
run (sqlite3 *db, const char *sql)
{
  g_autoptr (GError) error = NULL;

  if (!sqlite_execute (db, sql, &error))
    g_error ("bench: %s", error->message);
}

static void
insert_reports (sqlite3 *db, guint fabric, guint reports, gint64 start)
{
  g_autoptr (sqlite3_stmt) insert = sqlite_prepare (
      db, "INSERT INTO reports (fabric, time, stats) VALUES (?1, ?2, ?3)", NULL);
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint second = 0; second < reports; second++) {
    gint64 time = start + second * G_USEC_PER_SEC;
    g_autoptr (CallstatsReport) report =
        synthetic_report_new (fabric % SHAPES, second, time);

    g_string_truncate (text, 0);
    callstats_report_append_json (report, text);
    sqlite3_bind_int64 (insert, 1, fabric);
    sqlite3_bind_int64 (insert, 2, time);
    sqlite3_bind_text (insert, 3, text->str, (int)text->len, SQLITE_STATIC);
    g_assert_cmpint (sqlite3_step (insert), ==, SQLITE_DONE);
    sqlite3_reset (insert);
  }
}

static void
insert_conference (sqlite3 *db, guint index, guint reports, gint64 start)
{
  gint64 end = start + reports * G_USEC_PER_SEC;
  g_autofree char *sql = g_strdup_printf (
      "INSERT INTO conferences VALUES (%1$u, 1, 'c%1$u', %2$" G_GINT64_FORMAT
      ", %3$" G_GINT64_FORMAT ", %3$" G_GINT64_FORMAT ");"
      "INSERT INTO participants (conference, user, joined, left) VALUES (%1$u, 1, "
      "%2$" G_GINT64_FORMAT ", %3$" G_GINT64_FORMAT ");"
      "INSERT INTO fabrics (id, user, name, conference, added, set_up, reports,"
      " first_report, last_report) VALUES (%1$u, 1, 'f%1$u', %1$u, %2$" G_GINT64_FORMAT
      ", %2$" G_GINT64_FORMAT ", %4$u, %2$" G_GINT64_FORMAT ", %3$" G_GINT64_FORMAT ");"
      "INSERT INTO events (conference, user, fabric, time, name, data)"
      " VALUES (%1$u, 1, %1$u, %2$" G_GINT64_FORMAT ", 'fabricSetup', '{}');",
      index, start, end, reports);

  run (db, sql);
  insert_reports (db, index, reports, start);
}

guint64
bench_make_first_schema (const char *path, const BenchSize *size, gint64 now)
{
  g_autofree char *identity =
      g_strdup_printf ("PRAGMA application_id=%d; PRAGMA user_version=1;"
                       "INSERT INTO apps VALUES (1, '" BENCH_APP "');"
                       "INSERT INTO users VALUES (1, 1, 'user-1', NULL);",
          SQLITE_SCHEMA_APPLICATION_ID);
  g_autoptr (sqlite3) db = NULL;

  g_assert_cmpint (sqlite3_open (path, &db), ==, SQLITE_OK);
  run (db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF");
  run (db, schema_1);
  run (db, identity);
  run (db, "BEGIN");
  for (guint i = 1; i <= size->conferences; i++)
    insert_conference (db, i, size->reports, now - i * G_TIME_SPAN_MINUTE);
  run (db, "COMMIT");
  return (guint64)size->conferences * size->reports;
}
