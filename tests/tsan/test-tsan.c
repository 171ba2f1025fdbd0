/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The thread sanitizer with glib-sync.c: what GLib synchronises is no race, and what it
 * does not is found. Each case is a process of its own, in which two threads touch one
 * number.
 */
#include <glib-object.h>

typedef struct {
  guint number; /* what all is about */
  GMutex lock;
  GCond cond;
  gboolean ready;
  GAsyncQueue *queue;
  GOnce once;
  gsize init;
  gatomicrefcount count;
  GMainContext *context;
  GMainLoop *loop;
  GObject *object;
} Shared;

static gpointer
on_thread (gpointer (*func) (gpointer), Shared *shared)
{
  return g_thread_join (g_thread_new ("other", func, shared));
}

/* Two threads at a time, and this one after the other in time only. */
static void
race (GThreadFunc other, void (*here) (Shared *shared), Shared *shared)
{
  GThread *thread = g_thread_new ("other", other, shared);

  here (shared);
  g_thread_join (thread);
}

static void
touch (Shared *shared)
{
  guint i;

  for (i = 0; i < 1000; i++)
    shared->number++;
}

static gpointer
touch_there (gpointer data)
{
  touch (data);
  return NULL;
}

/* ---- Not synchronised ---- */

static void
bare (Shared *shared)
{
  race (touch_there, touch, shared);
}

static void
touch_locked (Shared *shared)
{
  guint i;

  for (i = 0; i < 1000; i++) {
    g_mutex_lock (&shared->lock);
    shared->number++;
    g_mutex_unlock (&shared->lock);
  }
}

static gpointer
touch_locked_there (gpointer data)
{
  touch_locked (data);
  return NULL;
}

static void
lock_on_one_side (Shared *shared)
{
  race (touch_locked_there, touch, shared);
}

static gboolean
touch_and_quit (gpointer data)
{
  Shared *shared = data;

  touch (shared);
  g_main_loop_quit (shared->loop);
  return G_SOURCE_REMOVE;
}

static gpointer
run_loop (gpointer data)
{
  Shared *shared = data;

  g_main_loop_run (shared->loop);
  return NULL;
}

static void
post (Shared *shared)
{
  GSource *source = g_idle_source_new ();

  g_source_set_callback (source, touch_and_quit, shared, NULL);
  touch (shared);
  g_source_attach (source, shared->context);
  g_source_unref (source);
}

static void
write_behind_a_post (Shared *shared)
{
  GThread *thread = g_thread_new ("loop", run_loop, shared);

  post (shared);
  touch (shared);
  g_thread_join (thread);
}

static gpointer
pop (gpointer data)
{
  Shared *shared = data;

  g_async_queue_pop (shared->queue);
  touch (shared);
  return NULL;
}

static void
push (Shared *shared)
{
  touch (shared);
  g_async_queue_push (shared->queue, shared);
}

static void
push_and_write (Shared *shared)
{
  push (shared);
  touch (shared);
}

static void
write_behind_a_push (Shared *shared)
{
  race (pop, push_and_write, shared);
}

/* ---- Synchronised ---- */

static void
join (Shared *shared)
{
  on_thread (touch_there, shared);
  touch (shared);
}

static void
lock_on_both_sides (Shared *shared)
{
  race (touch_locked_there, touch_locked, shared);
}

static void
post_and_join (Shared *shared)
{
  race (run_loop, post, shared);
}

static void
push_and_pop (Shared *shared)
{
  race (pop, push, shared);
}

static gpointer
wait_for_it (gpointer data)
{
  Shared *shared = data;

  g_mutex_lock (&shared->lock);
  while (!shared->ready)
    g_cond_wait (&shared->cond, &shared->lock);
  touch (shared);
  g_mutex_unlock (&shared->lock);
  return NULL;
}

static void
tell_it (Shared *shared)
{
  touch (shared);
  g_mutex_lock (&shared->lock);
  shared->ready = TRUE;
  g_cond_signal (&shared->cond);
  g_mutex_unlock (&shared->lock);
}

static void
condition (Shared *shared)
{
  race (wait_for_it, tell_it, shared);
}

static gpointer
make (gpointer data)
{
  touch (data);
  return data;
}

static void
make_once (Shared *shared)
{
  g_once (&shared->once, make, shared);
  g_assert_cmpuint (shared->number, ==, 1000);
}

static gpointer
make_once_there (gpointer data)
{
  make_once (data);
  return NULL;
}

static void
once (Shared *shared)
{
  race (make_once_there, make_once, shared);
}

static void
init_once (Shared *shared)
{
  if (g_once_init_enter (&shared->init)) {
    touch (shared);
    g_once_init_leave (&shared->init, 1);
  }
  g_assert_cmpuint (shared->number, ==, 1000);
}

static gpointer
init_once_there (gpointer data)
{
  init_once (data);
  return NULL;
}

static void
init (Shared *shared)
{
  race (init_once_there, init_once, shared);
}

/* Only the last one may touch what all have touched before, each in a place of its own.
 */
static void
give_up (Shared *shared)
{
  if (g_atomic_ref_count_dec (&shared->count))
    touch (shared);
  else
    shared->ready = TRUE;
}

static gpointer
touch_and_give_up (gpointer data)
{
  Shared *shared = data;

  touch (shared);
  if (g_atomic_ref_count_dec (&shared->count))
    touch (shared);
  return NULL;
}

static void
references (Shared *shared)
{
  g_atomic_ref_count_inc (&shared->count);
  race (touch_and_give_up, give_up, shared);
}

static void
pool_work (gpointer item, gpointer user_data)
{
  touch (item);
}

static void
pool (Shared *shared)
{
  GThreadPool *workers = g_thread_pool_new (pool_work, NULL, 1, FALSE, NULL);

  touch (shared);
  g_thread_pool_push (workers, shared, NULL);
  g_thread_pool_free (workers, FALSE, TRUE);
  touch (shared);
}

typedef struct {
  const char *name;
  void (*run) (Shared *shared);
  gboolean races;
} Case;

static const Case cases[] = {
  { "bare", bare, TRUE },
  { "lock-on-one-side", lock_on_one_side, TRUE },
  { "write-behind-a-post", write_behind_a_post, TRUE },
  { "write-behind-a-push", write_behind_a_push, TRUE },
  { "join", join, FALSE },
  { "lock-on-both-sides", lock_on_both_sides, FALSE },
  { "post", post_and_join, FALSE },
  { "push-and-pop", push_and_pop, FALSE },
  { "condition", condition, FALSE },
  { "once", once, FALSE },
  { "init", init, FALSE },
  { "references", references, FALSE },
  { "pool", pool, FALSE },
};

static void
run_case (const Case *c)
{
  Shared shared = { .once = G_ONCE_INIT, .queue = g_async_queue_new () };

  g_mutex_init (&shared.lock);
  g_cond_init (&shared.cond);
  g_atomic_ref_count_init (&shared.count);
  shared.context = g_main_context_new ();
  shared.loop = g_main_loop_new (shared.context, FALSE);
  c->run (&shared);
  g_main_loop_unref (shared.loop);
  g_main_context_unref (shared.context);
  g_async_queue_unref (shared.queue);
}

static void
test_case (gconstpointer data)
{
  const Case *c = data;

  if (g_test_subprocess ()) {
    run_case (c);
    return;
  }
  g_test_trap_subprocess (NULL, 0, 0);
  if (c->races) {
    g_test_trap_assert_failed ();
    g_test_trap_assert_stderr ("*data race*");
  } else {
    g_test_trap_assert_passed ();
    g_test_trap_assert_stderr_unmatched ("*ThreadSanitizer*");
  }
}

int
main (int argc, char **argv)
{
  guint i;

  g_test_init (&argc, &argv, NULL);
  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path =
        g_strdup_printf ("/tsan/%s/%s", cases[i].races ? "race" : "none", cases[i].name);

    g_test_add_data_func (path, &cases[i], test_case);
  }
  return g_test_run ();
}
