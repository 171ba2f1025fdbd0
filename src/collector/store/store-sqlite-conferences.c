/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which call a record belongs to. Conference ids are used again, so the calls of one id
 * are told apart by time: what comes within CONFERENCE_SILENCE_SECONDS of a call is part
 * of it, and calls that late records bring that close to each other are one. The times
 * that are compared are by the collector's clock where that of the client is known.
 *
 * What changes in a conference is added up here until the commit.
 *
 * Writer thread only.
 */
#include "store-sqlite-statements.h"

#include <string.h>

#include "conference.h"

#define SILENCE ((gint64)CONFERENCE_SILENCE_SECONDS * G_USEC_PER_SEC)
/* Rows in the cache; past this it starts over. */
#define MAX_CACHED 65536

struct _SqliteConferences {
  GHashTable *by_id;   /* SqliteConference.id → SqliteConference */
  GHashTable *by_name; /* SqliteConference, by app and name: the one used last */
  GPtrArray *dirty;    /* SqliteConference */
};

static guint
hash_name (gconstpointer data)
{
  const SqliteConference *conference = data;

  return g_str_hash (conference->name) ^ (guint)conference->app;
}

static gboolean
equal_names (gconstpointer a, gconstpointer b)
{
  const SqliteConference *one = a, *other = b;

  return one->app == other->app && strcmp (one->name, other->name) == 0;
}

static void
conference_free (gpointer data)
{
  SqliteConference *conference = data;

  g_free (conference->name);
  g_free (conference);
}

SqliteConferences *
sqlite_conferences_new (void)
{
  SqliteConferences *self = g_new0 (SqliteConferences, 1);

  self->by_id =
      g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, conference_free);
  self->by_name = g_hash_table_new (hash_name, equal_names);
  self->dirty = g_ptr_array_new ();
  return self;
}

void
sqlite_conferences_free (SqliteConferences *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->dirty);
  g_hash_table_unref (self->by_name);
  g_hash_table_unref (self->by_id);
  g_free (self);
}

void
sqlite_conferences_forget (SqliteRows *rows)
{
  SqliteConferences *self = rows->conferences;

  g_ptr_array_set_size (self->dirty, 0);
  g_hash_table_remove_all (self->by_name);
  g_hash_table_remove_all (self->by_id);
  rows->generation++;
}

SqliteConference *
sqlite_conferences_add (
    SqliteRows *rows, gint64 id, gint64 app, const char *name, gint64 first, gint64 last)
{
  SqliteConferences *self = rows->conferences;
  SqliteConference *conference = g_hash_table_lookup (self->by_id, &id);

  if (conference == NULL) {
    conference = g_new0 (SqliteConference, 1);
    conference->id = id;
    conference->app = app;
    conference->name = g_strdup (name);
    g_hash_table_insert (self->by_id, &conference->id, conference);
    conference->first = first;
    conference->last = last;
  }
  conference->first = MIN (conference->first, first);
  conference->last = MAX (conference->last, last);
  g_hash_table_replace (self->by_name, conference, conference);
  return conference;
}

SqliteConference *
sqlite_conferences_get (SqliteRows *rows, gint64 id)
{
  return g_hash_table_lookup (rows->conferences->by_id, &id);
}

static gboolean
is_near (const SqliteConference *conference, gint64 time)
{
  return time >= conference->first - SILENCE && time <= conference->last + SILENCE;
}

static SqliteConference *
find_row (SqliteRows *rows, gint64 app, const char *name, sqlite3_stmt *found)
{
  SqliteConference *conference;

  if (found == NULL)
    return NULL;
  conference = sqlite_conferences_add (rows, sqlite3_column_int64 (found, 0), app, name,
      sqlite3_column_int64 (found, 1), sqlite3_column_int64 (found, 2));
  sqlite3_reset (found);
  return conference;
}

static SqliteConference *
find_conference (SqliteRows *rows, gint64 app, const char *name, gint64 time)
{
  SqliteConference key = { .app = app, .name = (char *)name };
  SqliteConference *conference = g_hash_table_lookup (rows->conferences->by_name, &key);

  if (conference != NULL && is_near (conference, time))
    return conference;
  return find_row (rows, app, name,
      sqlite_find (rows, SQL_FIND_CONFERENCE, "isii", app, name, time, SILENCE));
}

/* What comes that late does not make the call longer: there may be others since. */
static SqliteConference *
find_attended (SqliteRows *rows, gint64 app, const char *name, SqliteMoment *moment,
    gint64 attended_by)
{
  SqliteConference *conference = find_row (rows, app, name,
      sqlite_find (
          rows, SQL_FIND_ATTENDED, "isii", app, name, moment->corrected, attended_by));

  if (conference != NULL && moment->corrected > conference->last) {
    moment->time -= moment->corrected - conference->last;
    moment->corrected = conference->last;
    moment->alive = MIN (moment->alive, conference->last);
  }
  return conference;
}

SqliteConference *
sqlite_conference_at (SqliteRows *rows, gint64 app, const char *name,
    SqliteMoment *moment, gint64 attended_by, GError **error)
{
  SqliteConference *conference = find_conference (rows, app, name, moment->corrected);

  if (conference == NULL && attended_by != 0)
    conference = find_attended (rows, app, name, moment, attended_by);
  if (conference != NULL)
    return conference;
  if (!sqlite_run (rows, error, SQL_ADD_CONFERENCE, "isiiii", app, name, moment->time,
          moment->alive, moment->corrected, moment->stored))
    return NULL;
  return sqlite_conferences_add (rows, sqlite3_last_insert_rowid (rows->db), app, name,
      moment->corrected, moment->corrected);
}

/* ---- What changes ---- */

void
sqlite_conference_touch (
    SqliteRows *rows, SqliteConference *conference, const SqliteMoment *moment)
{
  if (!conference->dirty) {
    conference->dirty = TRUE;
    conference->earliest = conference->latest = moment->time;
    g_ptr_array_add (rows->conferences->dirty, conference);
  }
  conference->earliest = MIN (conference->earliest, moment->time);
  conference->latest = MAX (conference->latest, moment->time);
  conference->heard = MAX (conference->heard, moment->alive);
  conference->stored = MAX (conference->stored, moment->stored);
  conference->grown |=
      moment->corrected < conference->first || moment->corrected > conference->last;
  conference->first = MIN (conference->first, moment->corrected);
  conference->last = MAX (conference->last, moment->corrected);
}

/* Takes in the later one of two calls that turned out to be one. */
static gboolean
absorb (SqliteRows *rows, gint64 earlier, gint64 later, GError **error)
{
  return sqlite_run (rows, error, SQL_ABSORB_PARTICIPANTS, "ii", earlier, later) &&
         sqlite_run (rows, error, SQL_ABSORB_FABRICS, "ii", earlier, later) &&
         sqlite_run (rows, error, SQL_ABSORB_EVENTS, "ii", earlier, later) &&
         sqlite_run (rows, error, SQL_ABSORB_CONFERENCE, "ii", earlier, later) &&
         sqlite_run (rows, error, SQL_DROP_PARTICIPANTS, "i", later) &&
         sqlite_run (rows, error, SQL_DROP_SUMMARY, "i", later) &&
         sqlite_run (rows, error, SQL_DROP_CONFERENCE, "i", later) &&
         sqlite_run (rows, error, SQL_COUNT_CONFERENCE, "i", earlier) &&
         sqlite_run (rows, error, SQL_ADD_MERGE, "");
}

/* merged: set where rows of conferences have gone, so that all caches are stale. */
static gboolean
join_neighbours (SqliteRows *rows, gint64 id, gboolean *merged, GError **error)
{
  sqlite3_stmt *found;

  while ((found = sqlite_find (rows, SQL_FIND_NEIGHBOUR, "ii", id, SILENCE)) != NULL) {
    gint64 other = sqlite3_column_int64 (found, 0);
    gboolean before = sqlite3_column_int (found, 1) != 0;

    sqlite3_reset (found);
    if (!absorb (rows, before ? other : id, before ? id : other, error))
      return FALSE;
    *merged = TRUE;
    id = before ? other : id;
  }
  return TRUE;
}

static gboolean
settle (SqliteRows *rows, SqliteConference *conference, GError **error)
{
  gboolean counted = conference->counts;

  conference->dirty = conference->counts = FALSE;
  if (!sqlite_run (rows, error, SQL_TOUCH_CONFERENCE, "iiiiiiii", conference->id,
          conference->earliest, conference->latest, conference->heard, conference->first,
          conference->last, (gint64)conference->reports, conference->stored))
    return FALSE;
  conference->reports = 0;
  return !counted || sqlite_run (rows, error, SQL_COUNT_CONFERENCE, "i", conference->id);
}

gboolean
sqlite_conferences_settle (SqliteRows *rows, GError **error)
{
  SqliteConferences *self = rows->conferences;
  g_autoptr (GArray) grown = g_array_new (FALSE, FALSE, sizeof (gint64));
  gboolean merged = FALSE;

  for (guint i = 0; i < self->dirty->len; i++) {
    SqliteConference *conference = self->dirty->pdata[i];

    if (!settle (rows, conference, error))
      return FALSE;
    if (conference->grown)
      g_array_append_val (grown, conference->id);
    conference->grown = FALSE;
  }
  g_ptr_array_set_size (self->dirty, 0);
  for (guint i = 0; i < grown->len; i++)
    if (!join_neighbours (rows, g_array_index (grown, gint64, i), &merged, error))
      return FALSE;
  return TRUE;
}

gboolean
sqlite_conferences_begin (SqliteRows *rows, GError **error)
{
  sqlite3_stmt *found = sqlite_find (rows, SQL_COUNT_MERGES, "");
  gint64 merges;

  if (found == NULL)
    return sqlite_no_row (rows, error);
  merges = sqlite3_column_int64 (found, 0);
  sqlite3_reset (found);
  if (merges != rows->merges || g_hash_table_size (rows->conferences->by_id) > MAX_CACHED)
    sqlite_conferences_forget (rows);
  rows->merges = merges;
  return TRUE;
}
