/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One listener. Main thread, but for the reading of its feed in the pool.
 *
 * At any time it is in the pool (busy), being sent (sending), or waits.
 */
#include "live-stream.h"

#include "listener.h"
#include "log.h"
#include "reply.h"

#define PAUSE_MS 200 /* between two readings at least */
#define HEARTBEAT (15 * G_USEC_PER_SEC)
#define STALLED (20 * G_USEC_PER_SEC)       /* nothing was taken */
#define LIFETIME (15 * 60 * G_USEC_PER_SEC) /* then proxies see a new one */
#define RETRY "retry: 2000\n"

struct _LiveStream {
  LiveStreams *streams;
  SoupServerMessage *message;
  char *app;
  char *conference; /* nullable */
  LiveFeed *feed;   /* the pool's while it is busy */
  gboolean begun;   /* the headers are out */
  gboolean busy;
  gboolean sending;
  gboolean gone; /* libsoup is through with the message */
  gboolean ended;
  gboolean due; /* there may be something to read */
  gboolean dropped;
  guint timer;
  gint64 began, read, sent; /* monotonic */
  /* What the reading brought */
  GString *text;
  gboolean found;
  gboolean more;
  GError *error;
};

static void
stream_free (LiveStream *stream)
{
  g_signal_handlers_disconnect_by_data (stream->message, stream);
  g_object_unref (stream->message);
  if (stream->timer != 0)
    g_source_remove (stream->timer);
  if (stream->text != NULL)
    g_string_free (stream->text, TRUE);
  live_feed_free (stream->feed);
  g_clear_error (&stream->error);
  g_free (stream->app);
  g_free (stream->conference);
  g_free (stream);
}

static void
on_message_finished (SoupServerMessage *message, LiveStream *stream)
{
  stream->gone = TRUE;
  g_hash_table_remove (stream->streams->streams, stream);
  if (!stream->busy)
    stream_free (stream);
}

/* ---- Reading, when it is time ---- */

static void
start_reading (LiveStream *stream)
{
  stream->due = FALSE;
  stream->busy = TRUE;
  stream->read = g_get_monotonic_time ();
  g_thread_pool_push (stream->streams->pool, stream, NULL);
}

static void go_on (LiveStream *stream);

static gboolean
on_pause_over (gpointer user_data)
{
  LiveStream *stream = user_data;

  stream->timer = 0;
  go_on (stream);
  return G_SOURCE_REMOVE;
}

/* Reads when something is due, nothing is under way, and it was not just done; what is
 * left of a long past is read at once. */
static void
go_on (LiveStream *stream)
{
  gint64 pause = stream->read / 1000 + PAUSE_MS - g_get_monotonic_time () / 1000;

  if (!stream->due || stream->busy || stream->sending || stream->ended ||
      stream->timer != 0)
    return;
  if (pause <= 0 || stream->more)
    start_reading (stream);
  else
    stream->timer = g_timeout_add ((guint)pause, on_pause_over, stream);
}

/* ---- Sending ---- */

static void
send_text (LiveStream *stream, GString *text)
{
  SoupMessageBody *body = soup_server_message_get_response_body (stream->message);
  gsize length = text->len;

  stream->sending = TRUE;
  stream->sent = g_get_monotonic_time ();
  soup_message_body_append_take (body, (guchar *)g_string_free (text, FALSE), length);
  soup_server_message_unpause (stream->message);
}

static void
complete (LiveStream *stream)
{
  SoupMessageBody *body = soup_server_message_get_response_body (stream->message);
  GString *farewell = g_string_new (RETRY "\n");

  stream->ended = TRUE;
  stream->sent = g_get_monotonic_time ();
  soup_message_body_append_take (
      body, (guchar *)g_string_free (farewell, FALSE), sizeof RETRY "\n" - 2);
  soup_message_body_complete (body);
  soup_server_message_unpause (stream->message);
}

static void
on_chunk_written (SoupServerMessage *message, LiveStream *stream)
{
  if (stream->ended)
    return;
  stream->sending = FALSE;
  soup_server_message_pause (message);
  go_on (stream);
}

/* ---- What was read ---- */

static void
begin_stream (LiveStream *stream)
{
  GSocketAddress *remote = soup_server_message_get_remote_address (stream->message);

  stream->begun = TRUE;
  listener_upgraded (remote);
  reply_begin_stream (stream->message, "text/event-stream");
  g_string_prepend (stream->text, RETRY "\n");
  if (soup_server_message_get_method (stream->message) == SOUP_METHOD_HEAD)
    complete (stream);
}

static void
refuse (LiveStream *stream)
{
  if (stream->ended)
    reply_error (stream->message, SOUP_STATUS_SERVICE_UNAVAILABLE, "stopping",
        "The collector is stopping; connect again in a few seconds");
  else if (stream->error != NULL)
    reply_error (stream->message, SOUP_STATUS_INTERNAL_SERVER_ERROR, "store-failed",
        "The store cannot be read; the collector's log says why");
  else
    reply_error (stream->message, SOUP_STATUS_NOT_FOUND, "not-found",
        "No such conference in this application");
  stream->ended = TRUE;
  soup_server_message_unpause (stream->message);
}

static void
take_reading (LiveStream *stream)
{
  GString *text;

  if (stream->error != NULL)
    log_warning (
        "live-failed", "app", stream->app, "reason", stream->error->message, NULL);
  if (!stream->begun && (stream->ended || stream->error != NULL || !stream->found)) {
    refuse (stream);
    return;
  }
  if (!stream->begun)
    begin_stream (stream);
  if (stream->ended || stream->error != NULL || !stream->found) {
    if (!stream->ended)
      complete (stream);
    return;
  }
  stream->due |= stream->more;
  text = g_steal_pointer (&stream->text);
  if (text->len > 0)
    send_text (stream, text);
  else
    g_string_free (text, TRUE);
}

static gboolean
finish_reading (gpointer user_data)
{
  LiveStream *stream = user_data;

  stream->busy = FALSE;
  if (stream->gone) {
    stream_free (stream);
    return G_SOURCE_REMOVE;
  }
  take_reading (stream);
  if (stream->text != NULL)
    g_string_free (g_steal_pointer (&stream->text), TRUE);
  go_on (stream);
  return G_SOURCE_REMOVE;
}

void
live_stream_work (gpointer data, gpointer user_data)
{
  LiveStream *stream = data;

  stream->text = g_string_new (NULL);
  stream->found =
      live_feed_read (stream->feed, stream->text, &stream->more, &stream->error);
  g_idle_add_full (G_PRIORITY_DEFAULT, finish_reading, stream, NULL);
}

/* ---- From outside ---- */

void
live_stream_begin (LiveStreams *streams, SoupServerMessage *message, const char *app,
    const char *conference, LiveFeed *feed)
{
  LiveStream *stream = g_new0 (LiveStream, 1);

  stream->streams = streams;
  stream->message = g_object_ref (message);
  stream->app = g_strdup (app);
  stream->conference = g_strdup (conference);
  stream->feed = feed;
  stream->began = stream->sent = g_get_monotonic_time ();
  g_signal_connect (message, "finished", G_CALLBACK (on_message_finished), stream);
  g_signal_connect (message, "wrote-chunk", G_CALLBACK (on_chunk_written), stream);
  g_hash_table_add (streams->streams, stream);
  soup_server_message_pause (message);
  start_reading (stream);
}

gboolean
live_stream_is_about (const LiveStream *stream, const char *app, const char *conference)
{
  return g_str_equal (stream->app, app) &&
         (stream->conference == NULL || g_str_equal (stream->conference, conference));
}

void
live_stream_wake (LiveStream *stream)
{
  stream->due = TRUE;
  go_on (stream);
}

void
live_stream_end (LiveStream *stream)
{
  if (stream->ended)
    return;
  if (stream->begun)
    complete (stream);
  else
    stream->ended = TRUE; /* once it has been read */
}

void
live_stream_tick (LiveStream *stream, const Access *access, gint64 monotonic)
{
  gboolean waits = stream->sending || stream->ended;

  if (waits && stream->begun && !stream->dropped && monotonic - stream->sent > STALLED) {
    stream->dropped = TRUE;
    log_info (
        "live-dropped", "app", stream->app, "hint", "its reader takes nothing", NULL);
    listener_drop (soup_server_message_get_remote_address (stream->message));
  } else if (!access_may_read (access, stream->message, stream->app)) {
    live_stream_end (stream);
  } else if (!waits && !stream->busy && monotonic - stream->began > LIFETIME) {
    live_stream_end (stream);
  } else if (!waits && !stream->busy && stream->begun &&
             monotonic - stream->sent > HEARTBEAT) {
    send_text (stream, g_string_new (":\n\n"));
    live_stream_wake (stream);
  }
}
