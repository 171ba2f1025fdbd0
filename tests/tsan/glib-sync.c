/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Tells the thread sanitizer what GLib synchronises. The distributions' GLib is built
 * without it, and locks with futexes that it cannot see; so without this library, which
 * tests preload, all that GMutex guards would look like a race.
 *
 * Each function tells of just the order that its counterpart in GLib promises, and then
 * calls that: what a lock held before, what was there when a source was attached or data
 * pushed. A write behind that, or a read without the lock, is still a race: test-tsan.c
 * proves both. Threads and GRecMutex are pthread's, which the sanitizer sees by itself,
 * as it sees the atomic operations that GLib's headers put into our own code.
 *
 * Any thread. In a process without the sanitizer it does nothing.
 */
#define _GNU_SOURCE /* RTLD_NEXT */
#include <dlfcn.h>
#include <glib-object.h>

/* The sanitizer's; in a process without it there are none. */
void __tsan_acquire (void *address) __attribute__ ((weak));
void __tsan_release (void *address) __attribute__ ((weak));

/* What happened before a release of the address, happened before what is next. */
static void
acquire (gconstpointer address)
{
  if (__tsan_acquire != NULL && address != NULL)
    __tsan_acquire ((void *)address);
}

static void
release (gconstpointer address)
{
  if (__tsan_release != NULL && address != NULL)
    __tsan_release ((void *)address);
}

/* The next definition of the symbol that is being defined. */
#define REAL(name) \
  static __typeof__ (&name) real; \
  if (real == NULL) \
  real = (__typeof__ (&name))dlsym (RTLD_NEXT, #name)

#define EXPORT __attribute__ ((visibility ("default")))

/* The headers have macros of these names. */
#undef g_once_init_enter
#undef g_once_init_leave
#undef g_object_ref
#undef g_atomic_ref_count_inc
#undef g_atomic_ref_count_dec

/* ---- Locks ---- */

EXPORT void
g_mutex_lock (GMutex *mutex)
{
  REAL (g_mutex_lock);
  real (mutex);
  acquire (mutex);
}

EXPORT gboolean
g_mutex_trylock (GMutex *mutex)
{
  gboolean locked;

  REAL (g_mutex_trylock);
  locked = real (mutex);
  if (locked)
    acquire (mutex);
  return locked;
}

EXPORT void
g_mutex_unlock (GMutex *mutex)
{
  REAL (g_mutex_unlock);
  release (mutex);
  real (mutex);
}

EXPORT void
g_cond_wait (GCond *cond, GMutex *mutex)
{
  REAL (g_cond_wait);
  release (mutex);
  real (cond, mutex);
  acquire (mutex);
}

EXPORT gboolean
g_cond_wait_until (GCond *cond, GMutex *mutex, gint64 end_time)
{
  gboolean woken;

  REAL (g_cond_wait_until);
  release (mutex);
  woken = real (cond, mutex, end_time);
  acquire (mutex);
  return woken;
}

/* ---- Once ---- */

typedef struct {
  GOnce *once;
  GThreadFunc func;
  gpointer data;
} OnceCall;

static gpointer
call_once (gpointer data)
{
  OnceCall *call = data;
  gpointer result = call->func (call->data);

  release (call->once);
  return result;
}

EXPORT gpointer
g_once_impl (GOnce *once, GThreadFunc func, gpointer arg)
{
  OnceCall call = { .once = once, .func = func, .data = arg };
  gpointer result;

  REAL (g_once_impl);
  result = real (once, call_once, &call);
  acquire (once);
  return result;
}

EXPORT
gboolean (g_once_init_enter) (volatile void *location)
{
  gboolean first;

  REAL (g_once_init_enter);
  first = real (location);
  acquire ((gconstpointer)location);
  return first;
}

EXPORT void (g_once_init_leave) (volatile void *location, gsize result)
{
  REAL (g_once_init_leave);
  release ((gconstpointer)location);
  real (location, result);
}

/* ---- References: the last one is given up behind all the others ---- */

#define LAST_REFERENCE(name, type) \
  EXPORT void name (type object) \
  { \
    REAL (name); \
    release (object); \
    acquire (object); \
    real (object); \
  }

LAST_REFERENCE (g_object_unref, gpointer)
LAST_REFERENCE (g_bytes_unref, GBytes *)
LAST_REFERENCE (g_variant_unref, GVariant *)
LAST_REFERENCE (g_hash_table_unref, GHashTable *)
LAST_REFERENCE (g_ptr_array_unref, GPtrArray *)
LAST_REFERENCE (g_array_unref, GArray *)
LAST_REFERENCE (g_closure_unref, GClosure *)

EXPORT gboolean
g_atomic_ref_count_dec (gatomicrefcount *count)
{
  REAL (g_atomic_ref_count_dec);
  release (count);
  acquire (count);
  return real (count);
}

/* ---- Queues: a lock of their own around each call ---- */

EXPORT void
g_async_queue_push (GAsyncQueue *queue, gpointer data)
{
  REAL (g_async_queue_push);
  release (queue);
  real (queue, data);
}

#define POP(name, declaration, ...) \
  EXPORT gpointer name declaration \
  { \
    gpointer data; \
\
    REAL (name); \
    data = real (__VA_ARGS__); \
    acquire (queue); \
    return data; \
  }

POP (g_async_queue_pop, (GAsyncQueue * queue), queue)
POP (g_async_queue_try_pop, (GAsyncQueue * queue), queue)
POP (g_async_queue_timeout_pop, (GAsyncQueue * queue, guint64 timeout), queue, timeout)

/* ---- Thread pools ---- */

typedef struct {
  GFunc func;
  gpointer data;
} Pool;

static void
work (gpointer item, gpointer user_data)
{
  Pool *pool = user_data;

  acquire (pool);
  pool->func (item, pool->data);
  release (pool);
}

EXPORT GThreadPool *
g_thread_pool_new (
    GFunc func, gpointer user_data, gint max_threads, gboolean exclusive, GError **error)
{
  Pool *pool = g_new0 (Pool, 1);

  REAL (g_thread_pool_new);
  pool->func = func;
  pool->data = user_data;
  return real (work, pool, max_threads, exclusive, error);
}

EXPORT gboolean
g_thread_pool_push (GThreadPool *pool, gpointer data, GError **error)
{
  REAL (g_thread_pool_push);
  release (pool->user_data);
  return real (pool, data, error);
}

EXPORT void
g_thread_pool_free (GThreadPool *pool, gboolean immediate, gboolean wait_)
{
  gpointer wrapped = pool->user_data;

  REAL (g_thread_pool_free);
  real (pool, immediate, wait_);
  if (wait_)
    acquire (wrapped);
}

/* ---- Sources: a callback comes behind the attaching ---- */

typedef struct {
  GSourceFunc func;
  gpointer data;
  GDestroyNotify notify;
  GSource *source; /* NULL: attached when it was made */
} Call;

static Call *
call_new (GSourceFunc func, gpointer data, GDestroyNotify notify, GSource *source)
{
  Call *call = g_new (Call, 1);

  *call = (Call){ .func = func, .data = data, .notify = notify, .source = source };
  release (call);
  return call;
}

static gboolean
call_run (gpointer data)
{
  Call *call = data;
  gboolean more;

  acquire (call);
  acquire (call->source);
  more = call->func (call->data);
  release (call);
  return more;
}

static void
call_free (gpointer data)
{
  Call *call = data;

  acquire (call);
  acquire (call->source);
  if (call->notify != NULL)
    call->notify (call->data);
  g_free (call);
}

/* Those of other kinds have callbacks of other types, and are all of one thread here. */
static gboolean
is_simple (GSource *source)
{
  return source->source_funcs == &g_idle_funcs ||
         source->source_funcs == &g_timeout_funcs;
}

EXPORT void
g_source_set_callback (
    GSource *source, GSourceFunc func, gpointer data, GDestroyNotify notify)
{
  REAL (g_source_set_callback);
  if (is_simple (source) && func != NULL)
    real (source, call_run, call_new (func, data, notify, source), call_free);
  else
    real (source, func, data, notify);
}

EXPORT guint
g_source_attach (GSource *source, GMainContext *context)
{
  REAL (g_source_attach);
  release (source);
  return real (source, context);
}

EXPORT void
g_source_set_ready_time (GSource *source, gint64 ready_time)
{
  REAL (g_source_set_ready_time);
  release (source);
  real (source, ready_time);
}

EXPORT void
g_main_context_invoke_full (GMainContext *context, gint priority, GSourceFunc function,
    gpointer data, GDestroyNotify notify)
{
  REAL (g_main_context_invoke_full);
  real (context, priority, call_run, call_new (function, data, notify, NULL), call_free);
}

EXPORT void
g_main_context_invoke (GMainContext *context, GSourceFunc function, gpointer data)
{
  g_main_context_invoke_full (context, G_PRIORITY_DEFAULT, function, data, NULL);
}

EXPORT guint
g_idle_add_full (
    gint priority, GSourceFunc function, gpointer data, GDestroyNotify notify)
{
  REAL (g_idle_add_full);
  return real (priority, call_run, call_new (function, data, notify, NULL), call_free);
}

EXPORT guint
g_idle_add (GSourceFunc function, gpointer data)
{
  return g_idle_add_full (G_PRIORITY_DEFAULT_IDLE, function, data, NULL);
}
