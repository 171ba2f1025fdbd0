/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Each thread writes a record of its own; what it knows of locks it adds to a table under
 * `lock`, which no wrapper sees.
 */
#include "trace-private.h"

#include <string.h>

#include "symbols.h"

#define MAX_DEPTH 256
#define MAX_HELD 16
#define MAX_OWN 8

typedef struct {
  const char *name;
  gboolean of_headers;
  guint64 entries, outermost;
  guint most;
} Entry;

typedef struct {
  GMutex *mutex;
  gpointer taker;
  guint entered; /* meanwhile */
  const char *called;
} Held;

typedef struct _Thread Thread;

struct _Thread {
  Thread *next;
  gboolean own;    /* outermost function */
  gboolean tester; /* the application's */
  gpointer stack[MAX_DEPTH];
  guint depth;
  guint entered; /* since the outermost */
  guint64 entries;
  GHashTable *functions; /* address → Entry */
  GArray *calls;         /* Call */
  Held held[MAX_HELD];
  guint n_held;
};

typedef struct {
  gpointer function;
  const char *called;
} Call;

typedef struct {
  gpointer taker, holder;
  guint64 taken;
  guint most;
  const char *called;
} Lock;

static gint recording; /* atomic */
static gpointer own_functions[MAX_OWN];
static __thread Thread *this_thread;
static Thread *threads; /* atomic; only grows */

static GMutex lock;
static GHashTable *locks;  /* GMutex → Lock; under lock */
static GPtrArray *retired; /* Lock; under lock */

void __cyg_profile_func_enter (void *function, void *caller);
void __cyg_profile_func_exit (void *function, void *caller);

/* Threads */

static Thread *
thread_new (void)
{
  Thread *self = g_new0 (Thread, 1);

  self->functions = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  self->calls = g_array_new (FALSE, FALSE, sizeof (Call));
  do
    self->next = g_atomic_pointer_get (&threads);
  while (!g_atomic_pointer_compare_and_exchange (&threads, self->next, self));
  return self;
}

static gboolean
is_own_function (gpointer function)
{
  guint i;

  for (i = 0; own_functions[i] != NULL; i++) {
    if (own_functions[i] == function)
      return TRUE;
  }
  return FALSE;
}

static gboolean
is_foreign (const Thread *self)
{
  return !self->own && !self->tester;
}

/* Inline functions of the libraries' headers, which are instrumented with ours. */
static gboolean
is_of_headers (const char *name)
{
  const char *function = strrchr (name, ':');

  function = function != NULL ? function + 1 : name;
  return g_str_has_prefix (function, "g_") || g_str_has_prefix (function, "glib_") ||
         g_str_has_prefix (function, "__gst_") ||
         (g_str_has_prefix (function, "gst_") &&
             !g_str_has_prefix (function, "gst_callstats_"));
}

static Entry *
get_entry (Thread *self, gpointer function)
{
  Entry *entry = g_hash_table_lookup (self->functions, function);

  if (entry == NULL) {
    entry = g_new0 (Entry, 1);
    entry->name = symbols_get_name (function);
    g_assert (entry->name != NULL);
    entry->of_headers = is_of_headers (entry->name);
    g_hash_table_insert (self->functions, function, entry);
  }
  return entry;
}

/* Hooks */

void
__cyg_profile_func_enter (void *function, void *caller)
{
  Thread *self = this_thread;
  Entry *entry;
  guint i;

  if (!g_atomic_int_get (&recording))
    return;
  if (self == NULL)
    self = this_thread = thread_new ();
  if (self->depth == 0) {
    self->own = is_own_function (function);
    self->entered = 0;
  }
  g_assert (self->depth < MAX_DEPTH);
  self->stack[self->depth++] = function;
  entry = get_entry (self, function);
  if (entry->of_headers)
    return;
  self->entered++;
  for (i = 0; i < self->n_held; i++)
    self->held[i].entered++;
  if (!is_foreign (self))
    return;
  entry->entries++;
  self->entries++;
}

void
__cyg_profile_func_exit (void *function, void *caller)
{
  Thread *self = this_thread;
  Entry *entry;

  /* It was entered before the trace began. */
  if (self == NULL || self->depth == 0)
    return;
  if (--self->depth > 0 || !is_foreign (self))
    return;
  entry = get_entry (self, function);
  entry->outermost++;
  entry->most = MAX (entry->most, self->entered);
}

/* What is wrapped */

void
trace_note_call (const char *name)
{
  Thread *self = this_thread;
  Call call;
  guint i;

  if (self == NULL || self->depth == 0)
    return;
  for (i = 0; i < self->n_held; i++)
    self->held[i].called = name;
  call.function = self->stack[self->depth - 1];
  call.called = name;
  if (is_foreign (self))
    g_array_append_val (self->calls, call);
}

void
trace_note_lock (GMutex *mutex)
{
  Thread *self = this_thread;

  if (self == NULL || self->depth == 0)
    return;
  g_assert (self->n_held < MAX_HELD);
  self->held[self->n_held++] = (Held){ mutex, self->stack[self->depth - 1], 0, NULL };
}

static Lock *
get_lock (GMutex *mutex)
{
  Lock *self = g_hash_table_lookup (locks, mutex);

  if (self == NULL) {
    self = g_new0 (Lock, 1);
    g_hash_table_insert (locks, mutex, self);
  }
  return self;
}

/* With the lock held. */
static void
add_held (const Thread *thread, const Held *held)
{
  Lock *self = get_lock (held->mutex);

  if (is_foreign (thread)) {
    self->taker = held->taker;
    self->taken++;
  }
  if (held->called != NULL)
    self->called = held->called;
  if (self->holder == NULL || held->entered > self->most || held->called != NULL)
    self->holder = held->taker;
  self->most = MAX (self->most, held->entered);
}

void
trace_note_unlock (GMutex *mutex)
{
  Thread *self = this_thread;
  guint i;

  for (i = self != NULL ? self->n_held : 0; i > 0; i--) {
    if (self->held[i - 1].mutex != mutex)
      continue;
    __real_g_mutex_lock (&lock);
    add_held (self, &self->held[i - 1]);
    __real_g_mutex_unlock (&lock);
    self->held[i - 1] = self->held[--self->n_held];
    return;
  }
}

void
trace_note_wait (GMutex *mutex)
{
  Thread *self = this_thread;
  guint i;

  for (i = 0; self != NULL && i < self->n_held; i++) {
    if (self->held[i].mutex == mutex)
      self->held[i].called = NULL;
  }
}

void
trace_note_clear (GMutex *mutex)
{
  gpointer gone = NULL, value = NULL;

  if (!g_atomic_int_get (&recording))
    return;
  __real_g_mutex_lock (&lock);
  if (g_hash_table_steal_extended (locks, mutex, &gone, &value))
    g_ptr_array_add (retired, value);
  __real_g_mutex_unlock (&lock);
}

/* The test's thread */

static void
find_own (const char *const *own)
{
  guint i;

  for (i = 0; own[i] != NULL; i++) {
    g_assert (i < MAX_OWN - 1);
    own_functions[i] = symbols_find (own[i]);
    if (own_functions[i] == NULL)
      g_error ("There is no function %s any more", own[i]);
  }
}

void
trace_begin (const char *const *own)
{
  symbols_read ();
  find_own (own);
  locks = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  retired = g_ptr_array_new_with_free_func (g_free);
  this_thread = thread_new ();
  this_thread->tester = TRUE;
  g_atomic_int_set (&recording, TRUE);
}

guint64
trace_count_entries (void)
{
  guint64 sum = 0;
  Thread *thread;

  for (thread = g_atomic_pointer_get (&threads); thread != NULL; thread = thread->next)
    sum += thread->entries;
  return sum;
}

static gboolean
carries_media (Thread *thread, TraceIsProbe is_probe)
{
  GHashTableIter iter;
  gpointer entry;

  g_hash_table_iter_init (&iter, thread->functions);
  while (g_hash_table_iter_next (&iter, NULL, &entry)) {
    if (((Entry *)entry)->outermost > 0 && is_probe (((Entry *)entry)->name))
      return TRUE;
  }
  return FALSE;
}

static void
add_entry (GHashTable *sums, const Entry *entry, gboolean media)
{
  TraceFunction *sum;

  if (entry->entries == 0)
    return;
  sum = g_hash_table_lookup (sums, entry->name);
  if (sum == NULL) {
    sum = g_new0 (TraceFunction, 1);
    sum->name = entry->name;
    g_hash_table_insert (sums, (gpointer)entry->name, sum);
  }
  sum->entries += entry->entries;
  sum->outermost += entry->outermost;
  sum->on_media += media ? entry->entries : 0;
  sum->most = MAX (sum->most, entry->most);
}

static int
compare_functions (gconstpointer a, gconstpointer b)
{
  return strcmp (((const TraceFunction *)a)->name, ((const TraceFunction *)b)->name);
}

GArray *
trace_get_functions (TraceIsProbe is_probe)
{
  g_autoptr (GHashTable) sums =
      g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
  GArray *functions = g_array_new (FALSE, FALSE, sizeof (TraceFunction));
  GHashTableIter iter;
  gpointer value;
  Thread *thread;

  for (thread = threads; thread != NULL; thread = thread->next) {
    gboolean media = carries_media (thread, is_probe);

    g_hash_table_iter_init (&iter, thread->functions);
    while (g_hash_table_iter_next (&iter, NULL, &value))
      add_entry (sums, value, media);
  }
  g_hash_table_iter_init (&iter, sums);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    g_array_append_vals (functions, value, 1);
  g_array_sort (functions, compare_functions);
  return functions;
}

GArray *
trace_get_calls (TraceIsProbe is_probe)
{
  GArray *calls = g_array_new (FALSE, FALSE, sizeof (TraceCall));
  Thread *thread;
  guint i;

  for (thread = threads; thread != NULL; thread = thread->next) {
    gboolean media = carries_media (thread, is_probe);

    for (i = 0; i < thread->calls->len; i++) {
      const Call *call = &g_array_index (thread->calls, Call, i);
      TraceCall named = { symbols_get_name (call->function), call->called, media };

      g_array_append_val (calls, named);
    }
  }
  return calls;
}

static void
append_lock (GArray *array, const Lock *self)
{
  TraceLock named = { .taken = self->taken, .most = self->most, .called = self->called };

  if (self->taker == NULL)
    return;
  named.taker = symbols_get_name (self->taker);
  named.holder = symbols_get_name (self->holder);
  g_array_append_val (array, named);
}

GArray *
trace_get_locks (void)
{
  GArray *array = g_array_new (FALSE, FALSE, sizeof (TraceLock));
  GHashTableIter iter;
  gpointer value;
  guint i;

  __real_g_mutex_lock (&lock);
  g_hash_table_iter_init (&iter, locks);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    append_lock (array, value);
  for (i = 0; i < retired->len; i++)
    append_lock (array, g_ptr_array_index (retired, i));
  __real_g_mutex_unlock (&lock);
  return array;
}
