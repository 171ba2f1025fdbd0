/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Finds calls whose summaries lack something, and makes them anew. A thread of its own
 * reads and computes, a few calls at a time; what it made is written by the store's
 * writer, and only when that is durable it goes on.
 *
 * A call that is over is looked at once nothing came for a moment, so that what a client
 * delivers late is summed up once. What costs much is done more rarely: a call takes at
 * most a tenth of the time.
 */
#include "summarizer.h"

#include <math.h>

#include "callstats/callstats-json-private.h"
#include "conference.h"
#include "log.h"
#include "summary-maker.h"

#define TICK_MS 500
/* For so long nothing may have come. */
#define REST (1 * G_USEC_PER_SEC)
/* Calls of one round, so that few results wait for the writer. */
#define ROUND 16
/* Calls that are looked through in search of those whose turn it is. */
#define MAX_STALE 65536
/* Between two summaries of a call that goes on. */
#define LIVE_INTERVAL (5 * G_USEC_PER_SEC)
/* One that never rests is summed up even so. */
#define RESTLESS (60 * G_USEC_PER_SEC)
/* A call takes one part of so many of the time. */
#define COST_FACTOR 10

typedef struct {
  SummaryFunc func;
  gpointer user_data;
} Listener;

/* What the thread knows of a call that is stale. Monotonic times. */
typedef struct {
  gint64 changes; /* when it was looked at last */
  gint64 changed; /* when they were seen to be others */
  gint64 since;   /* it was made the last time; before that: found to be stale */
  gint64 next;    /* not before that */
  gboolean made;
  guint round; /* when it was seen last */
} Turn;

/* A summary on its way from the thread to the writer to the listeners. */
typedef struct {
  Summarizer *summarizer;
  char *app;
  char *conference;
  gint64 id;
  JsonObject *json;      /* nullable: nothing to tell */
  gboolean kept;         /* json is what was kept before: only an end is told of it */
  StoreSummary *summary; /* nullable, likewise */
} Result;

struct _Summarizer {
  Store *store;
  GArray *listeners; /* Listener */
  GThreadPool *pool; /* of one thread */
  guint tick;
  gboolean busy;      /* the thread is at work, or the writer with what came of it */
  guint writing;      /* results that are not durable yet */
  gboolean more;      /* there may be more to do at once */
  gboolean freed;     /* goes with the last result */
  int stopping;       /* atomic */
  gboolean caught_up; /* the thread's: the ends of the run before are told */
  gint64 told_until;  /* the thread's: those of calls up to this one are */
  GHashTable *turns;  /* the thread's: gint64 id → Turn */
  guint round;        /* the thread's */
};

static void
result_free (gpointer data)
{
  Result *result = data;

  g_free (result->app);
  g_free (result->conference);
  g_clear_pointer (&result->json, json_object_unref);
  store_summary_free (result->summary);
  g_free (result);
}

/* ---- The thread: one call ---- */

static gboolean
is_stopping (Summarizer *self)
{
  return g_atomic_int_get (&self->stopping) != 0;
}

static char *
write_json (JsonObject *object)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  GString *text = g_string_new (NULL);

  json_node_set_object (node, object);
  callstats_json_append_node (text, node);
  return g_string_free (text, FALSE);
}

static StoreSummary *
pack_summary (
    const StoreStaleCall *stale, gint64 changes, gboolean over, const Summary *summary)
{
  StoreSummary *packed = g_new0 (StoreSummary, 1);

  packed->id = stale->id;
  packed->changes = changes;
  packed->over = over;
  packed->now = g_get_real_time ();
  packed->setup_delay = summary->setup_delay;
  packed->score = summary->score;
  packed->disruptions = summary->disruptions;
  packed->one_way = summary->one_way;
  packed->pairs = g_array_ref (summary->pairs);
  packed->json = write_json (summary->json);
  return packed;
}

static Result *
result_new (Summarizer *self, const StoreStaleCall *stale)
{
  Result *result = g_new0 (Result, 1);

  result->summarizer = self;
  result->app = g_strdup (stale->app);
  result->conference = g_strdup (stale->conference);
  result->id = stale->id;
  return result;
}

/* Returns: (nullable) (transfer full): the summary that is kept, if it was made when the
 * call had ended. */
static JsonObject *
read_final (Summarizer *self, const StoreStaleCall *stale)
{
  StoreConferenceId id = { stale->app, stale->conference, stale->id };
  gsize length;
  g_autofree char *text = store_read_summary (self->store, &id, &length, NULL);
  g_autoptr (JsonObject) json =
      text != NULL ? callstats_json_parse_object (text, length, NULL) : NULL;

  if (json == NULL || isnan (callstats_json_get_double (json, "endTime", NAN)))
    return NULL;
  return g_steal_pointer (&json);
}

/* json: (transfer full): it stays. */
static Result *
keep_summary (Summarizer *self, const StoreStaleCall *stale, gint64 changes,
    gboolean over, JsonObject *json)
{
  Result *result = result_new (self, stale);
  StoreSummary *summary = g_new0 (StoreSummary, 1);

  summary->id = stale->id;
  summary->changes = changes;
  summary->over = over;
  summary->now = g_get_real_time ();
  summary->setup_delay = summary->score = NAN;
  summary->pairs = g_array_new (FALSE, FALSE, sizeof (StorePair));
  result->summary = summary;
  result->json = json;
  result->kept = TRUE;
  return result;
}

/* Since it was listed, the call may go on again. */
static gboolean
is_over (const StoreConference *conference)
{
  return conference_has_ended (
      conference->present, conference->last_heard, g_get_real_time ());
}

/* Once reports were removed from a call, the summary of its end is the best there is; one
 * from before its end lacks the reports that are left.
 * Returns: (nullable): NULL where nothing can be made of it now. */
static Result *
summarize (Summarizer *self, const StoreStaleCall *stale, GError **error)
{
  gint64 changes = 0;
  gboolean expired = FALSE;
  g_autoptr (StoreDetail) call =
      store_read_call (self->store, stale->id, &changes, &expired, error);
  g_autoptr (JsonObject) final = expired ? read_final (self, stale) : NULL;
  g_autoptr (Summary) summary = NULL;
  gboolean over;
  Result *result;

  if (call == NULL)
    return NULL;
  over = is_over (call->conference);
  if (final != NULL)
    return keep_summary (self, stale, changes, over, g_steal_pointer (&final));
  call->truncated |= expired;
  summary = summary_make (self->store, stale->app, call, over, &self->stopping, error);
  if (summary == NULL)
    return NULL;
  result = result_new (self, stale);
  result->json = json_object_ref (summary->json);
  result->summary = pack_summary (stale, changes, over, summary);
  return result;
}

/* ---- The thread: whose turn it is ---- */

static Turn *
get_turn (Summarizer *self, const StoreStaleCall *stale, gint64 now)
{
  Turn *turn = g_hash_table_lookup (self->turns, &stale->id);

  if (turn == NULL) {
    turn = g_new0 (Turn, 1);
    turn->changes = -1;
    turn->since = now;
    g_hash_table_insert (self->turns, g_memdup2 (&stale->id, sizeof stale->id), turn);
  }
  turn->round = self->round;
  return turn;
}

static gboolean
was_not_seen (gpointer key, gpointer value, gpointer user_data)
{
  const Turn *turn = value;

  return turn->round != *(guint *)user_data &&
         MAX (turn->next, turn->since + LIVE_INTERVAL) <= g_get_monotonic_time ();
}

static gboolean
has_turn (Turn *turn, const StoreStaleCall *stale, gint64 now)
{
  if (turn->changes != stale->changes)
    turn->changed = now;
  turn->changes = stale->changes;
  if (now < turn->next)
    return FALSE;
  if (!stale->over)
    return !turn->made || now - turn->since >= LIVE_INTERVAL;
  return now - turn->changed >= REST || now - turn->since >= RESTLESS;
}

static void
postpone (Turn *turn, gint64 began)
{
  gint64 now = g_get_monotonic_time ();

  turn->made = TRUE;
  turn->since = now;
  turn->next = now + (now - began) * COST_FACTOR;
}

static void
add_result (Summarizer *self, GPtrArray *results, const StoreStaleCall *stale)
{
  g_autoptr (GError) error = NULL;
  Result *result = summarize (self, stale, &error);

  if (error != NULL)
    log_warning ("summary-failed", "app", stale->app, "conference", stale->conference,
        "reason", error->message, NULL);
  if (result != NULL)
    g_ptr_array_add (results, result);
}

/* more: set where others have to wait for the next round. */
static void
summarize_stale (Summarizer *self, GPtrArray *results, gboolean *more, GError **error)
{
  g_autoptr (GPtrArray) list =
      store_list_stale_calls (self->store, g_get_real_time (), MAX_STALE, error);

  self->round++;
  for (guint i = 0; list != NULL && i < list->len && !is_stopping (self); i++) {
    const StoreStaleCall *stale = list->pdata[i];
    gint64 now = g_get_monotonic_time ();
    Turn *turn = get_turn (self, stale, now);

    if (results->len >= ROUND) {
      *more = TRUE;
      continue;
    }
    if (!has_turn (turn, stale, now))
      continue;
    add_result (self, results, stale);
    postpone (turn, now);
  }
  if (list != NULL)
    g_hash_table_foreach_remove (self->turns, was_not_seen, &self->round);
}

/* One that cannot be read is marked as told, so that it does not come again. */
static void
add_untold_call (Summarizer *self, GPtrArray *results, const StoreStaleCall *call)
{
  StoreConferenceId id = { call->app, call->conference, call->id };
  Result *result = result_new (self, call);
  g_autoptr (GError) error = NULL;
  gsize length;
  g_autofree char *text = store_read_summary (self->store, &id, &length, &error);

  if (text != NULL)
    result->json = callstats_json_parse_object (text, length, &error);
  if (error != NULL)
    log_warning ("summary-not-told", "app", call->app, "conference", call->conference,
        "reason", error->message, NULL);
  g_ptr_array_add (results, result);
}

/* What a run before this one did not come to tell. more: set where there may be more. */
static void
add_untold (Summarizer *self, GPtrArray *results, gboolean *more, GError **error)
{
  g_autoptr (GPtrArray) list =
      store_list_untold_calls (self->store, self->told_until, ROUND, error);

  for (guint i = 0; list != NULL && i < list->len; i++) {
    const StoreStaleCall *call = list->pdata[i];

    add_untold_call (self, results, call);
    self->told_until = call->id;
  }
  *more = list != NULL && list->len == ROUND;
  self->caught_up = list != NULL && !*more;
}

static gboolean deliver (gpointer user_data);

/* What one round came to. */
typedef struct {
  Summarizer *summarizer;
  GPtrArray *results;
  gboolean more;
} Round;

static void
work (gpointer data, gpointer user_data)
{
  Round *round = data;
  Summarizer *self = round->summarizer;
  g_autoptr (GError) error = NULL;

  if (!self->caught_up)
    add_untold (self, round->results, &round->more, &error);
  if (self->caught_up)
    summarize_stale (self, round->results, &round->more, &error);
  if (error != NULL)
    log_warning ("summaries-failed", "reason", error->message, NULL);
  g_idle_add_full (G_PRIORITY_DEFAULT, deliver, round, NULL);
}

/* ---- The main thread ---- */

static void
destroy (Summarizer *self)
{
  g_array_unref (self->listeners);
  g_hash_table_unref (self->turns);
  g_free (self);
}

static void
start_round (Summarizer *self)
{
  Round *round = g_new0 (Round, 1);

  round->summarizer = self;
  round->results = g_ptr_array_new ();
  self->busy = TRUE;
  g_thread_pool_push (self->pool, round, NULL);
}

static gboolean
on_tick (gpointer user_data)
{
  Summarizer *self = user_data;

  if (!self->busy)
    start_round (self);
  return G_SOURCE_CONTINUE;
}

/* The round is through once all it brought is durable. */
static void
finish_round (Summarizer *self)
{
  self->busy = FALSE;
  if (self->freed)
    destroy (self);
  else if (self->more)
    start_round (self);
}

static void
tell (Summarizer *self, const Result *result, gboolean ended_now)
{
  for (guint i = 0; i < self->listeners->len && !self->freed; i++) {
    const Listener *listener = &g_array_index (self->listeners, Listener, i);

    listener->func (
        result->app, result->conference, ended_now, result->json, listener->user_data);
  }
  if (ended_now && !self->freed)
    store_mark_told (self->store, result->id);
}

/* Of what is outdated nothing is told: it is made anew. */
static void
on_written (StoreSummaryState state, const GError *error, gpointer user_data)
{
  Result *result = user_data;
  Summarizer *self = result->summarizer;

  if (error != NULL)
    log_warning ("summary-not-kept", "app", result->app, "conference", result->conference,
        "reason", error->message, NULL);
  else if (state == STORE_SUMMARY_ENDED_NOW ||
           (state == STORE_SUMMARY_CURRENT && !result->kept))
    tell (self, result, state == STORE_SUMMARY_ENDED_NOW);
  result_free (result);
  if (--self->writing == 0)
    finish_round (self);
}

static void
deliver_result (Summarizer *self, Result *result)
{
  StoreSummary *summary = g_steal_pointer (&result->summary);

  if (self->freed) {
    store_summary_free (summary);
    result_free (result);
    return;
  }
  if (summary != NULL) {
    self->writing++;
    store_write_summary (self->store, summary, on_written, result);
    return;
  }
  if (result->json != NULL)
    tell (self, result, TRUE);
  else
    store_mark_told (self->store, result->id);
  result_free (result);
}

static gboolean
deliver (gpointer user_data)
{
  Round *round = user_data;
  Summarizer *self = round->summarizer;

  self->more = round->more;
  for (guint i = 0; i < round->results->len; i++)
    deliver_result (self, round->results->pdata[i]);
  g_ptr_array_unref (round->results);
  g_free (round);
  if (self->writing == 0)
    finish_round (self);
  return G_SOURCE_REMOVE;
}

void
summarizer_listen (Summarizer *self, SummaryFunc func, gpointer user_data)
{
  g_array_append_val (self->listeners, ((Listener){ func, user_data }));
}

Summarizer *
summarizer_new (Store *store)
{
  Summarizer *self = g_new0 (Summarizer, 1);

  self->store = store;
  self->listeners = g_array_new (FALSE, FALSE, sizeof (Listener));
  self->turns = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_free);
  self->pool = g_thread_pool_new (work, NULL, 1, FALSE, NULL);
  self->tick = g_timeout_add (TICK_MS, on_tick, self);
  return self;
}

/* What is on its way to the writer comes back after this; the last of it frees. */
void
summarizer_free (Summarizer *self)
{
  if (self == NULL)
    return;
  self->freed = TRUE;
  g_atomic_int_set (&self->stopping, TRUE);
  g_source_remove (self->tick);
  g_thread_pool_free (self->pool, FALSE, TRUE);
  if (!self->busy)
    destroy (self);
}
