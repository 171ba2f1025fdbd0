/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Records to rows. A report costs one insert: the rows it refers to are cached with the
 * session, and what it changes in summaries is added up there until the commit.
 *
 * Writer thread only.
 */
#include "store-sqlite-statements.h"

#include <math.h>
#include <string.h>

#include "callstats/callstats-json-private.h"
#include "callstats/callstats-report-private.h"
#include "conference.h"

/* Rows one session may keep in its cache; past this it starts over. */
#define MAX_CACHED 4096

static const SqliteStatement mark_sql[] = {
  [FABRIC_MARK_ADDED] = SQL_MARK_ADDED,
  [FABRIC_MARK_SET_UP] = SQL_MARK_SET_UP,
  [FABRIC_MARK_FAILED] = SQL_MARK_FAILED,
  [FABRIC_MARK_DROPPED] = SQL_MARK_DROPPED,
  [FABRIC_MARK_TERMINATED] = SQL_MARK_TERMINATED,
};

typedef struct {
  gint64 id;
  gint64 conference;
  guint reports; /* since the last settling, as the two below */
  gint64 first, last;
} Fabric;

struct _SqliteClient {
  gint64 app;
  gint64 user;
  gint64 id;
  char *name;      /* of the session; ids are used again, so who it is says this */
  char *user_name; /* its id */
  guint64 stored;
  guint64 settled;          /* what the session's row says */
  gboolean has_holes;       /* not all up to stored is */
  guint written;            /* records, since somebody asked */
  TallyApp *tally;          /* of its application, in this transaction */
  guint generation;         /* of the ids of conferences below */
  GHashTable *conferences;  /* set of ids that the user takes part in */
  GHashTable *fabrics;      /* name -> Fabric */
  GPtrArray *changed;       /* SqliteConference, since the last settling */
  GPtrArray *dirty_fabrics; /* Fabric */
};

static SqliteClient *
client_new (gint64 id, guint64 stored, gint64 user, gint64 app, TallyApp *tally)
{
  SqliteClient *client = g_new0 (SqliteClient, 1);

  client->id = id;
  client->stored = client->settled = stored;
  client->user = user;
  client->app = app;
  client->tally = tally;
  client->conferences = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  client->fabrics = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  client->changed = g_ptr_array_new ();
  client->dirty_fabrics = g_ptr_array_new ();
  return client;
}

void
sqlite_client_free (SqliteClient *client)
{
  if (client == NULL)
    return;
  g_hash_table_unref (client->fabrics);
  g_hash_table_unref (client->conferences);
  g_ptr_array_unref (client->changed);
  g_ptr_array_unref (client->dirty_fabrics);
  g_free (client->name);
  g_free (client->user_name);
  g_free (client);
}

/* The last name that was told is shown; by all of them the user is found. name:
 * (nullable) */
static gboolean
name_user (SqliteRows *rows, const SqliteClient *client, const char *name, GError **error)
{
  return name == NULL ||
         (sqlite_run (rows, error, SQL_SET_USER_NAME, "is", client->user, name) &&
             sqlite_run (
                 rows, error, SQL_ADD_USER_NAME, "isi", client->app, name, client->user));
}

SqliteClient *
sqlite_client_open (SqliteRows *rows, const char *app, const char *user,
    const char *user_name, const char *session, GError **error)
{
  g_autoptr (SqliteClient) client = NULL;
  sqlite3_stmt *found;

  if (!sqlite_run (rows, error, SQL_ADD_APP, "s", app) ||
      !sqlite_run (rows, error, SQL_ADD_USER, "sss", app, user, user_name) ||
      !sqlite_run (
          rows, error, SQL_ADD_SESSION, "sssi", app, user, session, g_get_real_time ()))
    return NULL;
  found = sqlite_find (rows, SQL_FIND_SESSION, "sss", app, user, session);
  if (found == NULL) {
    sqlite_no_row (rows, error);
    return NULL;
  }
  client = client_new (sqlite3_column_int64 (found, 0), sqlite3_column_int64 (found, 1),
      sqlite3_column_int64 (found, 2), sqlite3_column_int64 (found, 3),
      tally_sheet_get_app (rows->sheet, app));
  sqlite3_reset (found);
  client->name = g_strdup (session);
  client->user_name = g_strdup (user);
  if (!name_user (rows, client, user_name, error))
    return NULL;
  if (sqlite_client_refresh (rows, client))
    return g_steal_pointer (&client);
  sqlite_no_row (rows, error);
  return NULL;
}

guint64
sqlite_client_stored (const SqliteClient *client)
{
  return client->stored;
}

guint
sqlite_client_take_written (SqliteClient *client)
{
  guint written = client->written;

  client->written = 0;
  return written;
}

/* Between transactions: nothing is dirty. */
static void
forget_rows (SqliteRows *rows, SqliteClient *client)
{
  g_hash_table_remove_all (client->fabrics);
  g_hash_table_remove_all (client->conferences);
  client->generation = rows->generation;
}

gboolean
sqlite_client_refresh (SqliteRows *rows, SqliteClient *client)
{
  sqlite3_stmt *found = sqlite_find (rows, SQL_GET_STORED, "isisi", client->id,
      client->name, client->app, client->user_name, client->user);

  if (found == NULL)
    return FALSE;
  client->stored = client->settled = (guint64)sqlite3_column_int64 (found, 0);
  client->has_holes = sqlite3_column_int (found, 1) != 0;
  sqlite3_reset (found);
  if (client->generation != rows->generation)
    forget_rows (rows, client);
  return TRUE;
}

/* Takes part in the conference from then on. */
static gboolean
attend (
    SqliteRows *rows, SqliteClient *client, SqliteConference *conference, GError **error)
{
  if (g_hash_table_contains (client->conferences, &conference->id))
    return TRUE;
  if (!sqlite_run (rows, error, SQL_ADD_PARTICIPANT, "ii", conference->id, client->user))
    return FALSE;
  conference->counts |= sqlite3_changes (rows->db) > 0;
  g_hash_table_add (
      client->conferences, g_memdup2 (&conference->id, sizeof conference->id));
  return TRUE;
}

static Fabric *
remember_fabric (
    SqliteClient *client, const char *name, gint64 id, const SqliteConference *conference)
{
  Fabric *fabric = g_new0 (Fabric, 1);

  fabric->id = id;
  fabric->conference = conference->id;
  g_hash_table_insert (client->fabrics, g_strdup (name), fabric);
  return fabric;
}

/* Returns: (nullable): NULL where it is not known yet. */
static Fabric *
find_fabric (SqliteRows *rows, SqliteClient *client, const char *name)
{
  Fabric *fabric = g_hash_table_lookup (client->fabrics, name);
  sqlite3_stmt *found;
  SqliteConference *conference;

  if (fabric != NULL)
    return fabric;
  found = sqlite_find (rows, SQL_FIND_FABRIC, "is", client->user, name);
  if (found == NULL)
    return NULL;
  conference = sqlite_conferences_add (rows, sqlite3_column_int64 (found, 1), client->app,
      (const char *)sqlite3_column_text (found, 2), sqlite3_column_int64 (found, 3),
      sqlite3_column_int64 (found, 4));
  fabric = remember_fabric (client, name, sqlite3_column_int64 (found, 0), conference);
  sqlite3_reset (found);
  return fabric;
}

/* Leaving begins no call. */
static gboolean
is_leaving (const CallstatsRecord *record)
{
  return record->kind == CALLSTATS_RECORD_EVENT && strcmp (record->name, "userLeft") == 0;
}

/* The conference of a record. A fabric stays in its call however long it was silent.
 * resolved: set to NULL where nothing is known. moment: as sqlite_conference_at() has it.
 */
static gboolean
resolve_conference (SqliteRows *rows, SqliteClient *client, const CallstatsRecord *record,
    SqliteMoment *moment, SqliteConference **resolved, GError **error)
{
  Fabric *fabric =
      record->fabric != NULL ? find_fabric (rows, client, record->fabric) : NULL;
  SqliteConference *conference =
      fabric != NULL ? sqlite_conferences_get (rows, fabric->conference) : NULL;

  *resolved = conference;
  if (conference == NULL && record->conference == NULL)
    return TRUE;
  if (conference == NULL ||
      (record->conference != NULL && strcmp (record->conference, conference->name) != 0))
    *resolved = sqlite_conference_at (rows, client->app, record->conference, moment,
        is_leaving (record) ? client->user : 0, error);
  return *resolved != NULL && attend (rows, client, *resolved, error);
}

static Fabric *
add_fabric (SqliteRows *rows, SqliteClient *client, SqliteConference *conference,
    const CallstatsRecord *record, GError **error)
{
  if (!sqlite_run (rows, error, SQL_ADD_FABRIC, "isis", client->user, record->fabric,
          conference->id, record->remote_user))
    return NULL;
  conference->counts = TRUE;
  return remember_fabric (
      client, record->fabric, sqlite3_last_insert_rowid (rows->db), conference);
}

/* A call that a fabric has left is to be counted anew. */
static gboolean
move_fabric (SqliteRows *rows, Fabric *fabric, SqliteConference *conference,
    const SqliteMoment *moment, GError **error)
{
  SqliteConference *before = sqlite_conferences_get (rows, fabric->conference);

  if (before != NULL) {
    sqlite_conference_touch (rows, before, moment);
    before->counts = TRUE;
  }
  conference->counts = TRUE;
  fabric->conference = conference->id;
  return sqlite_run (rows, error, SQL_MOVE_FABRIC, "ii", fabric->id, conference->id);
}

static Fabric *
get_fabric (SqliteRows *rows, SqliteClient *client, SqliteConference *conference,
    const CallstatsRecord *record, const SqliteMoment *moment, GError **error)
{
  Fabric *fabric = g_hash_table_lookup (client->fabrics, record->fabric);

  if (fabric == NULL)
    return add_fabric (rows, client, conference, record, error);
  if (fabric->conference != conference->id &&
      !move_fabric (rows, fabric, conference, moment, error))
    return NULL;
  return fabric;
}

static gboolean
write_report (SqliteRows *rows, SqliteClient *client, SqliteConference *conference,
    Fabric *fabric, const CallstatsRecord *record, GError **error)
{
  conference->reports++;
  if (fabric->reports++ == 0) {
    fabric->first = fabric->last = record->time;
    g_ptr_array_add (client->dirty_fabrics, fabric);
  }
  fabric->first = MIN (fabric->first, record->time);
  fabric->last = MAX (fabric->last, record->time);
  g_string_truncate (rows->text, 0);
  callstats_report_append_json (record->report, rows->text);
  return sqlite_run (
      rows, error, SQL_ADD_REPORT, "iis", fabric->id, record->time, rows->text->str);
}

static gboolean
apply_delays (SqliteRows *rows, Fabric *fabric, JsonObject *data, GError **error)
{
  return sqlite_run (rows, error, SQL_SET_DELAYS, "iddd", fabric->id,
      callstats_json_get_double (data, "delay", NAN),
      callstats_json_get_double (data, "iceGatheringDelay", NAN),
      callstats_json_get_double (data, "iceConnectivityDelay", NAN));
}

/* Why an event that says no reason of its own ended a setup or a fabric. */
static const char *
find_why (const FabricEffect *effect, JsonObject *data)
{
  if (effect->mark != FABRIC_MARK_FAILED)
    return callstats_json_get_string (data, "cause", NULL);
  return callstats_json_get_string (data, "reason", effect->reason);
}

/* Counted is the first time of each fabric. A setup does not fail once it is through. */
static gboolean
mark_fabric (SqliteRows *rows, SqliteClient *client, Fabric *fabric,
    const FabricEffect *effect, gint64 time, JsonObject *data, GError **error)
{
  sqlite3_stmt *found = sqlite_find (rows, SQL_GET_MARKS, "i", fabric->id);
  gboolean first, through;

  if (found == NULL)
    return sqlite_no_row (rows, error);
  first = sqlite3_column_type (found, effect->mark) == SQLITE_NULL;
  through = sqlite3_column_type (found, FABRIC_MARK_SET_UP) != SQLITE_NULL;
  sqlite3_reset (found);
  if (effect->mark == FABRIC_MARK_FAILED && through)
    return TRUE;
  if (first)
    tally_app_mark (client->tally, effect->mark, find_why (effect, data),
        callstats_json_get_double (data, "delay", NAN));
  if (first && effect->mark == FABRIC_MARK_FAILED &&
      !sqlite_run (
          rows, error, SQL_SET_FAILURE_REASON, "is", fabric->id, find_why (effect, data)))
    return FALSE;
  return sqlite_run (rows, error, mark_sql[effect->mark], "ii", fabric->id, time);
}

static gboolean
apply_to_fabric (SqliteRows *rows, SqliteClient *client, Fabric *fabric,
    const CallstatsRecord *record, JsonObject *data, GError **error)
{
  const FabricEffect *effect = fabric_effect (record->name);
  const char *usage = callstats_json_get_string (data, "fabricUsage", NULL);

  if (record->remote_user != NULL && !sqlite_run (rows, error, SQL_SET_REMOTE_USER, "is",
                                         fabric->id, record->remote_user))
    return FALSE;
  /* addNewFabric has it where it is known by then, fabricUsageEvent whenever it changes.
   */
  if (usage != NULL && !sqlite_run (rows, error, SQL_SET_USAGE, "is", fabric->id, usage))
    return FALSE;
  if (effect == NULL)
    return TRUE;
  if (effect->mark == FABRIC_MARK_SET_UP && !apply_delays (rows, fabric, data, error))
    return FALSE;
  if (effect->mark != FABRIC_MARK_NONE &&
      !mark_fabric (rows, client, fabric, effect, record->time, data, error))
    return FALSE;
  return effect->state == NULL || sqlite_run (rows, error, SQL_SET_STATE, "isi",
                                      fabric->id, effect->state, record->time);
}

static gboolean
apply_join (SqliteRows *rows, SqliteClient *client, SqliteConference *conference,
    const CallstatsRecord *record, JsonObject *data, GError **error)
{
  JsonNode *info = json_object_get_member (data, "endpointInfo");
  const char *site = callstats_json_get_string (data, "siteID", NULL);
  const char *name = callstats_json_get_string (data, "userName", NULL);
  const char *text = NULL;

  if (info != NULL && JSON_NODE_HOLDS_OBJECT (info)) {
    g_string_truncate (rows->text, 0);
    callstats_json_append_node (rows->text, info);
    text = rows->text->str;
  }
  return sqlite_run (rows, error, SQL_JOIN, "iiisss", conference->id, client->user,
             record->time, name, text, site) &&
         name_user (rows, client, name, error) &&
         (site == NULL ||
             sqlite_run (rows, error, SQL_SET_SITE, "is", conference->id, site));
}

static gboolean
apply_to_participant (SqliteRows *rows, SqliteClient *client,
    SqliteConference *conference, const CallstatsRecord *record, JsonObject *data,
    GError **error)
{
  /* callstats' clients may tell a user's name only after the join. */
  if (strcmp (record->name, "userJoined") == 0 ||
      strcmp (record->name, "userDetails") == 0)
    return apply_join (rows, client, conference, record, data, error);
  if (strcmp (record->name, "userLeft") == 0)
    return sqlite_run (
        rows, error, SQL_LEAVE, "iii", conference->id, client->user, record->time);
  return TRUE;
}

/* Who has left is back. */
static gboolean
write_sign_of_life (SqliteRows *rows, SqliteClient *client, SqliteConference *conference,
    const CallstatsRecord *record, GError **error)
{
  if (!sqlite_run (
          rows, error, SQL_STAY, "iii", conference->id, client->user, record->time))
    return FALSE;
  conference->counts |= sqlite3_changes (rows->db) > 0;
  return TRUE;
}

static gboolean
write_event (SqliteRows *rows, SqliteClient *client, SqliteConference *conference,
    Fabric *fabric, const CallstatsRecord *record, GError **error)
{
  g_autoptr (JsonObject) data =
      callstats_json_parse_object (record->data, strlen (record->data), NULL);

  if (strcmp (record->name, "userAlive") == 0)
    return write_sign_of_life (rows, client, conference, record, error);
  conference->counts = TRUE;
  if (data == NULL)
    data = json_object_new ();
  if (fabric != NULL && !apply_to_fabric (rows, client, fabric, record, data, error))
    return FALSE;
  if (!apply_to_participant (rows, client, conference, record, data, error))
    return FALSE;
  return sqlite_run (rows, error, SQL_ADD_EVENT, "iiiiss", conference->id, client->user,
      fabric != NULL ? fabric->id : (gint64)0, record->time, record->name, record->data);
}

static gboolean
write_other (SqliteRows *rows, SqliteClient *client, const CallstatsRecord *record,
    const SqliteMoment *moment, GError **error)
{
  static const char *const types[] = {
    [CALLSTATS_RECORD_EVENT] = "event", [CALLSTATS_RECORD_REPORT] = "report"
  };
  const char *type =
      record->kind == CALLSTATS_RECORD_OTHER ? record->name : types[record->kind];

  g_string_truncate (rows->text, 0);
  callstats_record_append_json (record, rows->text);
  return sqlite_run (rows, error, SQL_ADD_OTHER, "iiiss", client->user, record->time,
      moment->stored, rows->text->str, type);
}

static void
touch (SqliteRows *rows, SqliteClient *client, SqliteConference *conference,
    const SqliteMoment *moment)
{
  GPtrArray *changed = client->changed;

  if ((changed->len == 0 || changed->pdata[changed->len - 1] != conference) &&
      !g_ptr_array_find (changed, conference, NULL))
    g_ptr_array_add (changed, conference);
  sqlite_conference_touch (rows, conference, moment);
}

static gboolean
write_record (SqliteRows *rows, SqliteClient *client, const CallstatsRecord *record,
    SqliteMoment *moment, GError **error)
{
  SqliteConference *conference = NULL;
  Fabric *fabric = NULL;

  if (record->kind == CALLSTATS_RECORD_OTHER)
    return write_other (rows, client, record, moment, error);
  if (!resolve_conference (rows, client, record, moment, &conference, error))
    return FALSE;
  if (conference == NULL)
    return write_other (rows, client, record, moment, error);
  touch (rows, client, conference, moment);
  if (record->fabric != NULL) {
    fabric = get_fabric (rows, client, conference, record, moment, error);
    if (fabric == NULL)
      return FALSE;
  }
  if (record->kind == CALLSTATS_RECORD_REPORT)
    return fabric == NULL ||
           write_report (rows, client, conference, fabric, record, error);
  return write_event (rows, client, conference, fabric, record, error);
}

/* fresh: whether it is not stored yet. What is left out before it is remembered. */
static gboolean
take_number (SqliteRows *rows, SqliteClient *client, guint64 sequence, gboolean *fresh,
    GError **error)
{
  guint64 next = client->stored + 1;

  *fresh = sequence >= next;
  if (!*fresh)
    return !client->has_holes ||
           sqlite_hole_fill (rows, client->id, sequence, fresh, error);
  client->stored = sequence;
  client->has_holes |= sequence > next;
  return sqlite_hole_add (rows, client->id, next, sequence - 1, error);
}

/* A client whose clock is not known is taken to be there while it sends. */
static SqliteMoment
moment_of (const CallstatsRecord *record, gint64 clock_behind, gint64 now)
{
  gboolean known = clock_behind != STORE_UNKNOWN_TIME;
  gint64 corrected;

  if (clock_behind == STORE_CLOCK_LIVE)
    return (SqliteMoment){
      .time = record->time, .corrected = now, .alive = now, .stored = now
    };
  corrected = record->time + (known ? clock_behind : 0);
  return (SqliteMoment){ .time = record->time,
    .corrected = corrected,
    .alive = known ? MIN (corrected, now) : now,
    .stored = now };
}

gboolean
sqlite_client_write (SqliteRows *rows, SqliteClient *client, guint64 sequence,
    const CallstatsRecord *record, gint64 clock_behind, gint64 now, GError **error)
{
  SqliteMoment moment = moment_of (record, clock_behind, now);
  gboolean fresh;

  if (!take_number (rows, client, sequence, &fresh, error))
    return FALSE;
  if (!fresh)
    return TRUE;
  client->written++;
  client->tally->records++;
  client->tally->reports += record->kind == CALLSTATS_RECORD_REPORT;
  return write_record (rows, client, record, &moment, error);
}

const char *
sqlite_client_changed (const SqliteClient *client, guint index)
{
  return index < client->changed->len
             ? ((const SqliteConference *)client->changed->pdata[index])->name
             : NULL;
}

static gboolean
settle_fabrics (SqliteRows *rows, SqliteClient *client, GError **error)
{
  for (guint i = 0; i < client->dirty_fabrics->len; i++) {
    Fabric *fabric = client->dirty_fabrics->pdata[i];

    if (!sqlite_run (rows, error, SQL_COUNT_REPORTS, "iiii", fabric->id,
            (gint64)fabric->reports, fabric->first, fabric->last))
      return FALSE;
    fabric->reports = 0;
  }
  g_ptr_array_set_size (client->dirty_fabrics, 0);
  return TRUE;
}

gboolean
sqlite_client_settle (SqliteRows *rows, SqliteClient *client, GError **error)
{
  if (!settle_fabrics (rows, client, error))
    return FALSE;
  if (client->stored != client->settled &&
      !sqlite_run (rows, error, SQL_SET_STORED, "iii", client->id, (gint64)client->stored,
          g_get_real_time ()))
    return FALSE;
  client->settled = client->stored;
  g_ptr_array_set_size (client->changed, 0);
  if (g_hash_table_size (client->fabrics) + g_hash_table_size (client->conferences) >
      MAX_CACHED)
    forget_rows (rows, client);
  return TRUE;
}
