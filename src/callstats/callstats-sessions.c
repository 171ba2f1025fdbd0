/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The sessions of one delivery, its own and those that others left. Monitor thread only.
 */
#include "callstats-sessions-private.h"

#include <unistd.h>

#include "callstats-monitor.h"

#define LOOK_MS 5000 /* the disk's time to tell what others left */
#define MAX_FRUITLESS 5

typedef struct {
  char *name;
  CallstatsOutbox *outbox;
  CallstatsSpool *spool; /* NULL: memory only */
  guint fruitless;       /* connections that brought no acknowledgement */
  guint64 before;        /* what was acknowledged at the last one's end */
} Session;

struct _CallstatsSessions {
  CallstatsSessionsCallbacks callbacks;
  gpointer user_data;
  CallstatsSpoolShelf *shelf; /* NULL: no spool */
  GSource *looking;           /* NULL: known what others left, or too late */
  gsize max_bytes;
  GQueue sessions; /* Session; the last one is its own */
  GQueue late;     /* Session, found since: they come when the own one has a rest */
  guint64 acked, thinned, dropped; /* of sessions that are through */
};

static Session *
current (CallstatsSessions *self)
{
  return self->sessions.head->data;
}

static Session *
own (CallstatsSessions *self)
{
  return self->sessions.tail->data;
}

static void
on_spool_ready (gpointer user_data)
{
  CallstatsSessions *self = user_data;

  self->callbacks.ready (self->user_data);
}

static Session *
session_new (CallstatsSessions *self, const char *name, CallstatsSpoolHome *home)
{
  Session *session = g_new0 (Session, 1);

  session->name = g_strdup (name);
  session->outbox = callstats_outbox_new (self->max_bytes);
  if (home != NULL) {
    callstats_spool_shelf_expire (self->shelf, home);
    callstats_outbox_adopt (
        session->outbox, home->entries, callstats_journal_get_state (home->journal));
  }
  session->before = callstats_outbox_acknowledged (session->outbox);
  if (self->shelf == NULL)
    return session;
  if (home == NULL)
    callstats_outbox_set_journalled (session->outbox);
  session->spool = callstats_spool_new (
      self->shelf, home, name, session->outbox, on_spool_ready, self);
  return session;
}

static void
session_free (Session *session, gboolean through)
{
  callstats_spool_free (session->spool, through);
  callstats_outbox_free (session->outbox);
  g_free (session->name);
  g_free (session);
}

/* Looking */

static void
stop_looking (CallstatsSessions *self)
{
  if (self->looking == NULL)
    return;
  g_source_destroy (self->looking);
  g_clear_pointer (&self->looking, g_source_unref);
}

/* Before its own, in their order. */
static gboolean
take_late (CallstatsSessions *self)
{
  gboolean any = self->late.length > 0;

  while (self->late.length > 0)
    g_queue_insert_before (
        &self->sessions, self->sessions.tail, g_queue_pop_head (&self->late));
  return any;
}

static void
on_found (GPtrArray *homes, gpointer user_data)
{
  CallstatsSessions *self = user_data;
  guint i;

  for (i = 0; i < homes->len; i++) {
    CallstatsSpoolHome *home = homes->pdata[i];
    const char *name = callstats_journal_get_state (home->journal)->session;
    g_queue_push_tail (&self->late, session_new (self, name, home));
  }
  g_ptr_array_unref (homes);
  if (self->looking != NULL)
    take_late (self);
  stop_looking (self);
  self->callbacks.ready (self->user_data);
}

static void
on_trouble (const GError *error, gpointer user_data)
{
  CallstatsSessions *self = user_data;

  self->callbacks.trouble (error, self->user_data);
}

static gboolean
on_look_timeout (gpointer user_data)
{
  CallstatsSessions *self = user_data;

  g_clear_pointer (&self->looking, g_source_unref);
  self->callbacks.ready (self->user_data);
  return G_SOURCE_REMOVE;
}

static void
open_shelf (CallstatsSessions *self, const CallstatsSpoolOptions *spool)
{
  static const CallstatsSpoolShelfCallbacks callbacks = {
    .found = on_found,
    .trouble = on_trouble,
  };

  self->shelf = callstats_spool_shelf_new (spool, &callbacks, self);
  self->looking = callstats_monitor_add_timeout (LOOK_MS, on_look_timeout, self, NULL);
}

CallstatsSessions *
callstats_sessions_new (gsize max_bytes, const CallstatsSpoolOptions *spool,
    const CallstatsSessionsCallbacks *callbacks, gpointer user_data)
{
  CallstatsSessions *self = g_new0 (CallstatsSessions, 1);
  g_autofree char *name = g_uuid_string_random ();

  self->callbacks = *callbacks;
  self->user_data = user_data;
  self->max_bytes = max_bytes;
  g_queue_init (&self->sessions);
  g_queue_init (&self->late);
  if (spool != NULL)
    open_shelf (self, spool);
  g_queue_push_tail (&self->sessions, session_new (self, name, NULL));
  return self;
}

static void
free_session (gpointer data)
{
  Session *session = data;

  session_free (session, callstats_outbox_is_empty (session->outbox));
}

void
callstats_sessions_free (CallstatsSessions *self)
{
  if (self == NULL)
    return;
  stop_looking (self);
  g_queue_clear_full (&self->sessions, free_session);
  g_queue_clear_full (&self->late, free_session);
  callstats_spool_shelf_free (self->shelf);
  g_free (self);
}

gboolean
callstats_sessions_are_ready (CallstatsSessions *self)
{
  Session *session = current (self);

  return self->looking == NULL &&
         (session->spool == NULL || callstats_spool_is_named (session->spool));
}

/* Records */

static void
kick (Session *session)
{
  if (session->spool != NULL)
    callstats_spool_kick (session->spool);
}

void
callstats_sessions_push (CallstatsSessions *self, CallstatsRecord *record)
{
  callstats_outbox_push (own (self)->outbox, record);
  kick (own (self));
}

void
callstats_sessions_lose (CallstatsSessions *self, const CallstatsRecord *record)
{
  callstats_outbox_lose (own (self)->outbox, record);
}

static void
set_max_bytes (gpointer session, gpointer max_bytes)
{
  callstats_outbox_set_max_bytes (
      ((Session *)session)->outbox, *(const gsize *)max_bytes);
}

void
callstats_sessions_set_bounds (CallstatsSessions *self, gsize max_bytes,
    guint64 spool_max_bytes, guint64 spool_max_age)
{
  if (self->shelf != NULL)
    callstats_spool_shelf_set_bounds (self->shelf, spool_max_bytes, spool_max_age);
  if (self->max_bytes == max_bytes)
    return;
  self->max_bytes = max_bytes;
  g_queue_foreach (&self->sessions, set_max_bytes, &max_bytes);
  g_queue_foreach (&self->late, set_max_bytes, &max_bytes);
}

void
callstats_sessions_get_tally (CallstatsSessions *self, guint owner, CallstatsTally *tally)
{
  callstats_outbox_get_tally (own (self)->outbox, owner, tally);
}

void
callstats_sessions_forget_owner (CallstatsSessions *self, guint owner)
{
  callstats_outbox_forget_owner (own (self)->outbox, owner);
}

/* The current session */

const char *
callstats_sessions_name (CallstatsSessions *self)
{
  return current (self)->name;
}

CallstatsOutbox *
callstats_sessions_outbox (CallstatsSessions *self)
{
  return current (self)->outbox;
}

gboolean
callstats_sessions_is_own (CallstatsSessions *self)
{
  return self->sessions.length == 1;
}

void
callstats_sessions_touch (CallstatsSessions *self)
{
  kick (current (self));
}

gboolean
callstats_sessions_acknowledge (CallstatsSessions *self, guint64 sequence)
{
  CallstatsOutbox *outbox = current (self)->outbox;
  guint64 before = callstats_outbox_acknowledged (outbox);

  if (!callstats_outbox_acknowledge (outbox, sequence))
    return FALSE;
  self->acked += callstats_outbox_acknowledged (outbox) - before;
  kick (current (self));
  return TRUE;
}

void
callstats_sessions_begin_anew (CallstatsSessions *self)
{
  Session *session = current (self);

  g_free (session->name);
  session->name = g_uuid_string_random ();
  callstats_outbox_restart (session->outbox);
  session->before = 0;
  if (session->spool != NULL)
    callstats_spool_rename (session->spool, session->name);
}

static void
leave_current (CallstatsSessions *self, gboolean through)
{
  Session *session = g_queue_pop_head (&self->sessions);

  self->thinned += callstats_outbox_thinned (session->outbox);
  self->dropped += callstats_outbox_dropped (session->outbox);
  session_free (session, through);
}

gboolean
callstats_sessions_advance (CallstatsSessions *self)
{
  if (!callstats_outbox_is_empty (current (self)->outbox))
    return FALSE;
  if (callstats_sessions_is_own (self))
    return take_late (self);
  leave_current (self, TRUE);
  return TRUE;
}

gboolean
callstats_sessions_note_end (CallstatsSessions *self)
{
  Session *session = current (self);
  guint64 now = callstats_outbox_acknowledged (session->outbox);

  session->fruitless = now > session->before ? 0 : session->fruitless + 1;
  session->before = now;
  take_late (self);
  if (session == own (self) || session->fruitless < MAX_FRUITLESS)
    return FALSE;
  leave_current (self, FALSE);
  return TRUE;
}

/* All of them */

void
callstats_sessions_flush (CallstatsSessions *self)
{
  if (own (self)->spool != NULL)
    callstats_spool_flush (own (self)->spool);
}

gboolean
callstats_sessions_are_quiet (CallstatsSessions *self)
{
  return own (self)->spool == NULL || callstats_spool_is_quiet (own (self)->spool);
}

void
callstats_sessions_get_stats (CallstatsSessions *self, CallstatsSessionsStats *stats)
{
  GList *link;

  *stats = (CallstatsSessionsStats){
    .acked = self->acked, .thinned = self->thinned, .dropped = self->dropped
  };
  for (link = self->sessions.head; link != NULL; link = link->next) {
    Session *session = link->data;

    stats->queued += callstats_outbox_length (session->outbox);
    stats->queued_bytes += callstats_outbox_bytes (session->outbox);
    stats->thinned += callstats_outbox_thinned (session->outbox);
    stats->dropped += callstats_outbox_dropped (session->outbox);
    stats->spooled_records += callstats_outbox_spooled (session->outbox);
    if (session->spool != NULL)
      stats->spooled += callstats_spool_bytes (session->spool);
  }
}
