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
  char *name;
  gboolean dirty;
  gint64 first, last; /* of the times since the last settling */
  gint64 heard;
} Conference;

typedef struct {
  gint64 id;
  Conference *conference;
  guint reports; /* since the last settling, as the two below */
  gint64 first, last;
} Fabric;

struct _SqliteClient {
  gint64 app;
  gint64 user;
  gint64 id;
  guint64 stored;
  guint64 settled;              /* what the session's row says */
  gboolean has_holes;           /* not all up to stored is */
  guint written;                /* records, since somebody asked */
  TallyApp *tally;              /* of its application, in this transaction */
  GHashTable *conferences;      /* name -> Conference */
  GHashTable *fabrics;          /* name -> Fabric */
  GPtrArray *dirty_conferences; /* Conference */
  GPtrArray *dirty_fabrics;     /* Fabric */
};

static void
conference_free (gpointer data)
{
  Conference *conference = data;

  g_free (conference->name);
  g_free (conference);
}

static SqliteClient *
client_new (gint64 id, guint64 stored, gint64 user, gint64 app, TallyApp *tally)
{
  SqliteClient *client = g_new0 (SqliteClient, 1);

  client->id = id;
  client->stored = client->settled = stored;
  client->user = user;
  client->app = app;
  client->tally = tally;
  client->conferences =
      g_hash_table_new_full (g_str_hash, g_str_equal, NULL, conference_free);
  client->fabrics = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  client->dirty_conferences = g_ptr_array_new ();
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
  g_ptr_array_unref (client->dirty_conferences);
  g_ptr_array_unref (client->dirty_fabrics);
  g_free (client);
}

SqliteClient *
sqlite_client_open (SqliteRows *rows, const char *app, const char *user,
    const char *user_name, const char *session, GError **error)
{
  g_autoptr (SqliteClient) client = NULL;
  sqlite3_stmt *found;

  if (!sqlite_run (rows, error, SQL_ADD_APP, "s", app) ||
      !sqlite_run (rows, error, SQL_ADD_USER, "sss", app, user, user_name) ||
      !sqlite_run (rows, error, SQL_ADD_SESSION, "sss", app, user, session))
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
  return sqlite_client_refresh (rows, client, error) ? g_steal_pointer (&client) : NULL;
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

gboolean
sqlite_client_refresh (SqliteRows *rows, SqliteClient *client, GError **error)
{
  sqlite3_stmt *found = sqlite_find (rows, SQL_GET_STORED, "i", client->id);

  if (found == NULL)
    return sqlite_no_row (rows, error);
  client->stored = client->settled = (guint64)sqlite3_column_int64 (found, 0);
  client->has_holes = sqlite3_column_int (found, 1) != 0;
  sqlite3_reset (found);
  return TRUE;
}

static void
touch (SqliteClient *client, Conference *conference, gint64 time, gint64 now)
{
  if (!conference->dirty) {
    conference->dirty = TRUE;
    conference->first = conference->last = time;
    g_ptr_array_add (client->dirty_conferences, conference);
  }
  conference->first = MIN (conference->first, time);
  conference->last = MAX (conference->last, time);
  conference->heard = now;
}

static Conference *
get_conference (SqliteRows *rows, SqliteClient *client, const char *name, gint64 time,
    gint64 now, GError **error)
{
  Conference *conference = g_hash_table_lookup (client->conferences, name);
  sqlite3_stmt *found;

  if (conference != NULL)
    return conference;
  if (!sqlite_run (rows, error, SQL_ADD_CONFERENCE, "isii", client->app, name, time, now))
    return NULL;
  found = sqlite_find (rows, SQL_FIND_CONFERENCE, "is", client->app, name);
  if (found == NULL) {
    sqlite_no_row (rows, error);
    return NULL;
  }
  conference = g_new0 (Conference, 1);
  conference->id = sqlite3_column_int64 (found, 0);
  conference->name = g_strdup (name);
  sqlite3_reset (found);
  g_hash_table_insert (client->conferences, conference->name, conference);
  if (!sqlite_run (rows, error, SQL_ADD_PARTICIPANT, "ii", conference->id, client->user))
    return NULL;
  return conference;
}

/* The conference of a record; that of its fabric where it names none itself. found: set
 * to NULL where nothing is known. */
static gboolean
resolve_conference (SqliteRows *rows, SqliteClient *client, const CallstatsRecord *record,
    gint64 now, Conference **resolved, GError **error)
{
  g_autofree char *name = g_strdup (record->conference);
  Fabric *fabric;
  sqlite3_stmt *found;

  *resolved = NULL;
  if (name == NULL && record->fabric != NULL) {
    fabric = g_hash_table_lookup (client->fabrics, record->fabric);
    if (fabric != NULL) {
      *resolved = fabric->conference;
      return TRUE;
    }
    found = sqlite_find (rows, SQL_FIND_FABRIC, "is", client->user, record->fabric);
    if (found != NULL) {
      name = g_strdup ((const char *)sqlite3_column_text (found, 1));
      sqlite3_reset (found);
    }
  }
  if (name == NULL)
    return TRUE;
  *resolved = get_conference (rows, client, name, record->time, now, error);
  return *resolved != NULL;
}

static Fabric *
add_fabric (SqliteRows *rows, SqliteClient *client, Conference *conference,
    const CallstatsRecord *record, GError **error)
{
  Fabric *fabric;
  sqlite3_stmt *found;

  if (!sqlite_run (rows, error, SQL_ADD_FABRIC, "isis", client->user, record->fabric,
          conference->id, record->remote_user))
    return NULL;
  found = sqlite_find (rows, SQL_FIND_FABRIC, "is", client->user, record->fabric);
  if (found == NULL) {
    sqlite_no_row (rows, error);
    return NULL;
  }
  fabric = g_new0 (Fabric, 1);
  fabric->id = sqlite3_column_int64 (found, 0);
  sqlite3_reset (found);
  g_hash_table_insert (client->fabrics, g_strdup (record->fabric), fabric);
  return fabric;
}

static Fabric *
get_fabric (SqliteRows *rows, SqliteClient *client, Conference *conference,
    const CallstatsRecord *record, GError **error)
{
  Fabric *fabric = g_hash_table_lookup (client->fabrics, record->fabric);

  if (fabric == NULL)
    fabric = add_fabric (rows, client, conference, record, error);
  if (fabric == NULL || fabric->conference == conference)
    return fabric;
  fabric->conference = conference;
  if (!sqlite_run (rows, error, SQL_MOVE_FABRIC, "ii", fabric->id, conference->id))
    return NULL;
  return fabric;
}

static gboolean
write_report (SqliteRows *rows, SqliteClient *client, Fabric *fabric,
    const CallstatsRecord *record, GError **error)
{
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

/* Counted is the first time of each fabric. */
static gboolean
mark_fabric (SqliteRows *rows, SqliteClient *client, Fabric *fabric, FabricMark mark,
    gint64 time, JsonObject *data, GError **error)
{
  sqlite3_stmt *found = sqlite_find (rows, SQL_GET_MARKS, "i", fabric->id);
  gboolean first;

  if (found == NULL)
    return sqlite_no_row (rows, error);
  first = sqlite3_column_type (found, mark) == SQLITE_NULL;
  sqlite3_reset (found);
  if (first)
    tally_app_mark (client->tally, mark,
        callstats_json_get_string (
            data, mark == FABRIC_MARK_FAILED ? "reason" : "cause", NULL),
        callstats_json_get_double (data, "delay", NAN));
  return sqlite_run (rows, error, mark_sql[mark], "ii", fabric->id, time);
}

static gboolean
apply_to_fabric (SqliteRows *rows, SqliteClient *client, Fabric *fabric,
    const CallstatsRecord *record, JsonObject *data, GError **error)
{
  const FabricEffect *effect = fabric_effect (record->name);

  if (effect == NULL)
    return TRUE;
  if (effect->mark == FABRIC_MARK_ADDED &&
      !sqlite_run (rows, error, SQL_SET_USAGE, "is", fabric->id,
          callstats_json_get_string (data, "fabricUsage", NULL)))
    return FALSE;
  if (effect->mark == FABRIC_MARK_SET_UP && !apply_delays (rows, fabric, data, error))
    return FALSE;
  if (effect->mark != FABRIC_MARK_NONE &&
      !mark_fabric (rows, client, fabric, effect->mark, record->time, data, error))
    return FALSE;
  return sqlite_run (
      rows, error, SQL_SET_STATE, "isi", fabric->id, effect->state, record->time);
}

static gboolean
apply_join (SqliteRows *rows, SqliteClient *client, Conference *conference,
    const CallstatsRecord *record, JsonObject *data, GError **error)
{
  JsonNode *info = json_object_get_member (data, "endpointInfo");
  const char *text = NULL;

  if (info != NULL && JSON_NODE_HOLDS_OBJECT (info)) {
    g_string_truncate (rows->text, 0);
    callstats_json_append_node (rows->text, info);
    text = rows->text->str;
  }
  return sqlite_run (rows, error, SQL_JOIN, "iiiss", conference->id, client->user,
      record->time, callstats_json_get_string (data, "userName", NULL), text);
}

static gboolean
apply_to_participant (SqliteRows *rows, SqliteClient *client, Conference *conference,
    const CallstatsRecord *record, JsonObject *data, GError **error)
{
  if (strcmp (record->name, "userJoined") == 0)
    return apply_join (rows, client, conference, record, data, error);
  if (strcmp (record->name, "userLeft") == 0)
    return sqlite_run (
        rows, error, SQL_LEAVE, "iii", conference->id, client->user, record->time);
  if (strcmp (record->name, "userAlive") == 0)
    return sqlite_run (
        rows, error, SQL_STAY, "iii", conference->id, client->user, record->time);
  return TRUE;
}

static gboolean
write_event (SqliteRows *rows, SqliteClient *client, Conference *conference,
    Fabric *fabric, const CallstatsRecord *record, GError **error)
{
  g_autoptr (JsonObject) data =
      callstats_json_parse_object (record->data, strlen (record->data), NULL);

  if (data == NULL)
    data = json_object_new ();
  if (fabric != NULL && !apply_to_fabric (rows, client, fabric, record, data, error))
    return FALSE;
  if (!apply_to_participant (rows, client, conference, record, data, error))
    return FALSE;
  if (strcmp (record->name, "userAlive") == 0)
    return TRUE;
  return sqlite_run (rows, error, SQL_ADD_EVENT, "iiiiss", conference->id, client->user,
      fabric != NULL ? fabric->id : (gint64)0, record->time, record->name, record->data);
}

static gboolean
write_other (
    SqliteRows *rows, SqliteClient *client, const CallstatsRecord *record, GError **error)
{
  g_string_truncate (rows->text, 0);
  callstats_record_append_json (record, rows->text);
  return sqlite_run (
      rows, error, SQL_ADD_OTHER, "iis", client->user, record->time, rows->text->str);
}

static gboolean
write_record (SqliteRows *rows, SqliteClient *client, const CallstatsRecord *record,
    gint64 now, GError **error)
{
  Conference *conference = NULL;
  Fabric *fabric = NULL;

  if (record->kind == CALLSTATS_RECORD_OTHER)
    return write_other (rows, client, record, error);
  if (!resolve_conference (rows, client, record, now, &conference, error))
    return FALSE;
  if (conference == NULL)
    return write_other (rows, client, record, error);
  touch (client, conference, record->time, now);
  if (record->fabric != NULL) {
    fabric = get_fabric (rows, client, conference, record, error);
    if (fabric == NULL)
      return FALSE;
  }
  if (record->kind == CALLSTATS_RECORD_REPORT)
    return write_report (rows, client, fabric, record, error);
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

gboolean
sqlite_client_write (SqliteRows *rows, SqliteClient *client, guint64 sequence,
    const CallstatsRecord *record, gint64 now, GError **error)
{
  gboolean fresh;

  if (!take_number (rows, client, sequence, &fresh, error))
    return FALSE;
  if (!fresh)
    return TRUE;
  client->written++;
  client->tally->records++;
  client->tally->reports += record->kind == CALLSTATS_RECORD_REPORT;
  return write_record (rows, client, record, now, error);
}

const char *
sqlite_client_changed (const SqliteClient *client, guint index)
{
  const GPtrArray *dirty = client->dirty_conferences;

  return index < dirty->len ? ((const Conference *)dirty->pdata[index])->name : NULL;
}

static gboolean
settle_conferences (SqliteRows *rows, SqliteClient *client, GError **error)
{
  for (guint i = 0; i < client->dirty_conferences->len; i++) {
    Conference *conference = client->dirty_conferences->pdata[i];

    conference->dirty = FALSE;
    if (!sqlite_run (rows, error, SQL_TOUCH_CONFERENCE, "iiii", conference->id,
            conference->first, conference->last, conference->heard))
      return FALSE;
  }
  g_ptr_array_set_size (client->dirty_conferences, 0);
  return TRUE;
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
  if (!settle_conferences (rows, client, error) || !settle_fabrics (rows, client, error))
    return FALSE;
  if (client->stored != client->settled &&
      !sqlite_run (rows, error, SQL_SET_STORED, "ii", client->id, (gint64)client->stored))
    return FALSE;
  client->settled = client->stored;
  if (g_hash_table_size (client->fabrics) + g_hash_table_size (client->conferences) >
      MAX_CACHED) {
    g_hash_table_remove_all (client->fabrics);
    g_hash_table_remove_all (client->conferences);
  }
  return TRUE;
}
