/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The frame guard: a GIOStream around another one. Only reading differs: every read walks
 * over the frame headers in it, and ends for good at the first one that is not allowed.
 * The guard also reads nothing more after some pings whose answers the peer does not
 * take, so that these cannot pile up. Other frames go on even then: two ends that both
 * waited for the other one to read would wait for ever.
 *
 * One thread, as the header says.
 */
#include "frame-guard.h"

/* Bytes one turn of the main loop may read from one peer: libsoup would otherwise read on
 * for as long as the peer sends. */
#define TURN_BYTES (128 * 1024)
/* Bytes of a violator that are read and thrown away, so that it gets to read why. */
#define DISCARD_BYTES (4 * 1024 * 1024)

/* Pings that are passed on while the peer takes nothing, and those of one read beside. */
#define PINGS_AHEAD 16

typedef enum {
  GUARD_OPEN,
  GUARD_VIOLATED,   /* the owner is about to be told; nothing is read */
  GUARD_DISCARDING, /* the owner knows; what comes is thrown away */
  GUARD_ENDED,
} GuardState;

#define FRAME_TYPE_GUARD_INPUT (frame_guard_input_get_type ())
G_DECLARE_FINAL_TYPE (
    FrameGuardInput, frame_guard_input, FRAME, GUARD_INPUT, GInputStream)

struct _FrameGuardInput {
  GInputStream parent_instance;
  FrameGuard *guard; /* not owned: the guard owns this */
};

struct _FrameGuard {
  GIOStream parent_instance;
  GIOStream *base;
  GPollableInputStream *input;
  GPollableOutputStream *output;
  FrameGuardInput *filter;
  FrameParser parser;
  GuardState state;
  gboolean paused;
  gsize turn_left;
  gsize discard_left;
  GSource *waiting; /* the reader's source that nothing but wake() will fire */
  GSource *notice;
  FrameViolation violation;
  FrameGuardFunc func;
  gpointer user_data;
};

static void frame_guard_input_pollable_init (GPollableInputStreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (FrameGuardInput, frame_guard_input, G_TYPE_INPUT_STREAM,
    G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM, frame_guard_input_pollable_init))
G_DEFINE_FINAL_TYPE (FrameGuard, frame_guard, G_TYPE_IO_STREAM)

static void
wake (FrameGuard *guard)
{
  if (guard->waiting == NULL)
    return;
  g_source_set_ready_time (guard->waiting, 0);
  g_clear_pointer (&guard->waiting, g_source_unref);
}

static gboolean
tell_owner (gpointer user_data)
{
  g_autoptr (FrameGuard) guard = g_object_ref (user_data);

  g_clear_pointer (&guard->notice, g_source_unref);
  guard->state = GUARD_DISCARDING;
  guard->discard_left = DISCARD_BYTES;
  if (guard->func != NULL)
    guard->func (guard, guard->violation, guard->user_data);
  wake (guard);
  return G_SOURCE_REMOVE;
}

static void
violate (FrameGuard *guard, FrameViolation violation)
{
  guard->state = GUARD_VIOLATED;
  guard->violation = violation;
  guard->notice = g_idle_source_new ();
  g_source_set_priority (guard->notice, G_PRIORITY_DEFAULT);
  g_source_set_callback (guard->notice, tell_owner, guard, NULL);
  g_source_attach (guard->notice, g_main_context_get_thread_default ());
}

/* Whether the answers to more pings may be written. */
static gboolean
may_ping (FrameGuard *guard)
{
  if (guard->parser.n_pings < PINGS_AHEAD)
    return TRUE;
  if (!g_pollable_output_stream_is_writable (guard->output))
    return FALSE;
  guard->parser.n_pings = 0;
  return TRUE;
}

static gboolean
may_read (FrameGuard *guard)
{
  if (guard->state == GUARD_ENDED || guard->state == GUARD_DISCARDING)
    return TRUE;
  return guard->state == GUARD_OPEN && !guard->paused;
}

static gssize
would_block (GError **error)
{
  g_set_error_literal (
      error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "Nothing may be read right now");
  return -1;
}

/* Returns: 0 at the end of the stream or of the patience, else -1 with an error. */
static gssize
discard (FrameGuard *guard, GError **error)
{
  guint8 scratch[4096];
  gssize n;

  do {
    n = g_pollable_input_stream_read_nonblocking (
        guard->input, scratch, sizeof scratch, NULL, error);
    if (n > 0)
      guard->discard_left -= MIN ((gsize)n, guard->discard_left);
  } while (n > 0 && guard->discard_left > 0);
  return MIN (n, 0);
}

static gssize
read_open (FrameGuard *guard, guint8 *buffer, gsize count, GError **error)
{
  gsize passed;
  int violation;
  gssize n;

  if (guard->turn_left == 0 || !may_ping (guard))
    return would_block (error);
  n = g_pollable_input_stream_read_nonblocking (
      guard->input, buffer, MIN (count, guard->turn_left), NULL, error);
  if (n <= 0)
    return n;
  guard->turn_left -= n;
  passed = frame_parser_push (&guard->parser, buffer, n, &violation);
  if (violation != -1)
    violate (guard, violation);
  return passed > 0 ? (gssize)passed : would_block (error);
}

static gssize
frame_guard_input_read_nonblocking (
    GPollableInputStream *stream, void *buffer, gsize count, GError **error)
{
  FrameGuard *guard = FRAME_GUARD_INPUT (stream)->guard;

  if (guard == NULL || guard->state == GUARD_ENDED)
    return 0;
  if (guard->state == GUARD_DISCARDING)
    return discard (guard, error);
  if (!may_read (guard))
    return would_block (error);
  return read_open (guard, buffer, count, error);
}

static gboolean
frame_guard_input_is_readable (GPollableInputStream *stream)
{
  FrameGuard *guard = FRAME_GUARD_INPUT (stream)->guard;

  if (guard == NULL || guard->state == GUARD_ENDED)
    return TRUE;
  return may_read (guard) && g_pollable_input_stream_is_readable (guard->input);
}

static gboolean
frame_guard_input_can_poll (GPollableInputStream *stream)
{
  return TRUE;
}

static GSource *
child_source (FrameGuard *guard, GCancellable *cancellable)
{
  if (guard == NULL || guard->state == GUARD_ENDED || !may_read (guard))
    return NULL;
  if (guard->state == GUARD_OPEN && !may_ping (guard))
    return g_pollable_output_stream_create_source (guard->output, cancellable);
  return g_pollable_input_stream_create_source (guard->input, cancellable);
}

static GSource *
frame_guard_input_create_source (GPollableInputStream *stream, GCancellable *cancellable)
{
  FrameGuard *guard = FRAME_GUARD_INPUT (stream)->guard;
  g_autoptr (GSource) child = child_source (guard, cancellable);
  GSource *source = g_pollable_source_new_full (stream, child, cancellable);

  if (guard == NULL || guard->state == GUARD_ENDED) {
    g_source_set_ready_time (source, 0);
    return source;
  }
  guard->turn_left = TURN_BYTES;
  g_clear_pointer (&guard->waiting, g_source_unref);
  guard->waiting = g_source_ref (source);
  return source;
}

static gssize
frame_guard_input_read (GInputStream *stream, void *buffer, gsize count,
    GCancellable *cancellable, GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
      "Frames are read without blocking only");
  return -1;
}

static void
frame_guard_input_pollable_init (GPollableInputStreamInterface *iface)
{
  iface->can_poll = frame_guard_input_can_poll;
  iface->is_readable = frame_guard_input_is_readable;
  iface->create_source = frame_guard_input_create_source;
  iface->read_nonblocking = frame_guard_input_read_nonblocking;
}

static void
frame_guard_input_class_init (FrameGuardInputClass *klass)
{
  G_INPUT_STREAM_CLASS (klass)->read_fn = frame_guard_input_read;
}

static void
frame_guard_input_init (FrameGuardInput *self)
{
}

static GInputStream *
frame_guard_get_input_stream (GIOStream *stream)
{
  return G_INPUT_STREAM (FRAME_GUARD (stream)->filter);
}

static GOutputStream *
frame_guard_get_output_stream (GIOStream *stream)
{
  return G_OUTPUT_STREAM (FRAME_GUARD (stream)->output);
}

static gboolean
frame_guard_close (GIOStream *stream, GCancellable *cancellable, GError **error)
{
  return g_io_stream_close (FRAME_GUARD (stream)->base, cancellable, error);
}

static void
on_base_closed (GObject *base, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (g_io_stream_close_finish (G_IO_STREAM (base), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
frame_guard_close_async (GIOStream *stream, int priority, GCancellable *cancellable,
    GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (stream, cancellable, callback, user_data);

  g_io_stream_close_async (
      FRAME_GUARD (stream)->base, priority, cancellable, on_base_closed, task);
}

static gboolean
frame_guard_close_finish (GIOStream *stream, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
frame_guard_finalize (GObject *object)
{
  FrameGuard *guard = FRAME_GUARD (object);

  if (guard->notice != NULL)
    g_source_destroy (guard->notice);
  g_clear_pointer (&guard->notice, g_source_unref);
  g_clear_pointer (&guard->waiting, g_source_unref);
  guard->filter->guard = NULL;
  g_object_unref (guard->filter);
  g_object_unref (guard->base);
  G_OBJECT_CLASS (frame_guard_parent_class)->finalize (object);
}

static void
frame_guard_class_init (FrameGuardClass *klass)
{
  GIOStreamClass *stream_class = G_IO_STREAM_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = frame_guard_finalize;
  stream_class->get_input_stream = frame_guard_get_input_stream;
  stream_class->get_output_stream = frame_guard_get_output_stream;
  stream_class->close_fn = frame_guard_close;
  stream_class->close_async = frame_guard_close_async;
  stream_class->close_finish = frame_guard_close_finish;
}

static void
frame_guard_init (FrameGuard *guard)
{
  guard->filter = g_object_new (FRAME_TYPE_GUARD_INPUT, NULL);
  guard->filter->guard = guard;
  guard->turn_left = TURN_BYTES;
}

FrameGuard *
frame_guard_new (GIOStream *base, FramePeer peer, gsize max_payload)
{
  FrameGuard *guard = g_object_new (FRAME_TYPE_GUARD, NULL);

  guard->base = g_object_ref (base);
  guard->input = G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (base));
  guard->output = G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (base));
  frame_parser_init (&guard->parser, peer, max_payload);
  return guard;
}

void
frame_guard_set_callback (FrameGuard *guard, FrameGuardFunc func, gpointer user_data)
{
  guard->func = func;
  guard->user_data = user_data;
}

void
frame_guard_set_paused (FrameGuard *guard, gboolean paused)
{
  if (guard->paused == paused)
    return;
  guard->paused = paused;
  if (!paused)
    wake (guard);
}

void
frame_guard_abort (FrameGuard *guard)
{
  guard->state = GUARD_ENDED;
  wake (guard);
}
