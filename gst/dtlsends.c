/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Whether the other end has closed DTLS. webrtcbin's DTLS transports are not looked at:
 * their references are not safe before 1.29; the elements behind them are.
 */
#include "dtlsends.h"

typedef struct {
  GstElement *decoder;
  gulong handler;
  CallstatsDtlsState state;
} Connection;

struct _GstCallstatsDtlsEnds {
  GstCallstatsFabricLink *link; /* its owner is this */
  gpointer owner;
  GstCallstatsDtlsEnded ended;
  GArray *connections; /* Connection */
};

/* One state on its way to the monitor thread. */
typedef struct {
  GstCallstatsFabricLink *link;
  gpointer decoder; /* to compare only */
  CallstatsDtlsState state;
  gint64 time;
} Change;

static void
change_free (gpointer data)
{
  Change *change = data;

  gst_callstats_fabric_link_unref (change->link);
  g_free (change);
}

/* Closed only when none goes any more. */
static CallstatsDtlsState
get_state (GstCallstatsDtlsEnds *self)
{
  static const CallstatsDtlsState by_life[] = { CALLSTATS_DTLS_STATE_CONNECTED,
    CALLSTATS_DTLS_STATE_CONNECTING, CALLSTATS_DTLS_STATE_FAILED,
    CALLSTATS_DTLS_STATE_CLOSED };
  guint i, j;

  for (i = 0; i < G_N_ELEMENTS (by_life); i++) {
    for (j = 0; j < self->connections->len; j++) {
      if (g_array_index (self->connections, Connection, j).state == by_life[i])
        return by_life[i];
    }
  }
  return CALLSTATS_DTLS_STATE_NEW;
}

static gboolean
take_change (gpointer data)
{
  Change *change = data;
  GstCallstatsDtlsEnds *self = change->link->owner;
  guint i;

  for (i = 0; self != NULL && i < self->connections->len; i++) {
    Connection *connection = &g_array_index (self->connections, Connection, i);

    if (connection->decoder != change->decoder)
      continue;
    connection->state = change->state;
    self->ended (self->owner, get_state (self), change->time);
    break;
  }
  return G_SOURCE_REMOVE;
}

/* GstDtlsConnectionState */
static const CallstatsDtlsState states[] = {
  CALLSTATS_DTLS_STATE_NEW,
  CALLSTATS_DTLS_STATE_CLOSED,
  CALLSTATS_DTLS_STATE_FAILED,
  CALLSTATS_DTLS_STATE_CONNECTING,
  CALLSTATS_DTLS_STATE_CONNECTED,
};

/* A connection is closed before it begins, too. */
static void
on_connection_state (GObject *decoder, GParamSpec *pspec, gpointer user_data)
{
  Change *change;
  gint state;

  g_object_get (decoder, "connection-state", &state, NULL);
  if ((guint)state >= G_N_ELEMENTS (states))
    return;
  change = g_new0 (Change, 1);
  change->link = gst_callstats_fabric_link_ref (user_data);
  change->decoder = decoder;
  change->state = states[state];
  change->time = g_get_monotonic_time ();
  callstats_monitor_invoke (take_change, change, change_free);
}

static Connection *
find (GstCallstatsDtlsEnds *self, GstElement *decoder)
{
  guint i;

  for (i = 0; i < self->connections->len; i++) {
    Connection *connection = &g_array_index (self->connections, Connection, i);

    if (connection->decoder == decoder)
      return connection;
  }
  return NULL;
}

/* What it was before is told as a change, too; and again until it is connected, for one
 * that came at the same moment may have been told first. */
static void
add (const GValue *item, gpointer user_data)
{
  GstCallstatsDtlsEnds *self = user_data;
  GstElement *decoder = g_value_get_object (item);
  Connection connection = { .decoder = decoder };
  Connection *known = find (self, decoder);

  if (known != NULL) {
    if (known->state != CALLSTATS_DTLS_STATE_CONNECTED)
      on_connection_state (G_OBJECT (decoder), NULL, self->link);
    return;
  }
  connection.decoder = gst_object_ref (decoder);
  connection.handler = gst_callstats_fabric_link_connect (self->link, decoder,
      "notify::connection-state", G_CALLBACK (on_connection_state), 0);
  g_array_append_val (self->connections, connection);
  on_connection_state (G_OBJECT (decoder), NULL, self->link);
}

void
gst_callstats_dtls_ends_look (GstCallstatsDtlsEnds *self, GstElement *webrtcbin)
{
  GstIterator *decoders =
      gst_bin_iterate_all_by_element_factory_name (GST_BIN (webrtcbin), "dtlsdec");

  while (gst_iterator_foreach (decoders, add, self) == GST_ITERATOR_RESYNC)
    gst_iterator_resync (decoders);
  gst_iterator_free (decoders);
}

gboolean
gst_callstats_dtls_ends_is_connected (GstCallstatsDtlsEnds *self)
{
  return get_state (self) == CALLSTATS_DTLS_STATE_CONNECTED;
}

GstCallstatsDtlsEnds *
gst_callstats_dtls_ends_new (GstCallstatsFabricLink *link, GstCallstatsDtlsEnded ended)
{
  GstCallstatsDtlsEnds *self = g_new0 (GstCallstatsDtlsEnds, 1);

  self->link = gst_callstats_fabric_link_new (link->client, link->fabric, self);
  self->owner = link->owner;
  self->ended = ended;
  self->connections = g_array_new (FALSE, FALSE, sizeof (Connection));
  return self;
}

void
gst_callstats_dtls_ends_free (GstCallstatsDtlsEnds *self)
{
  guint i;

  if (self == NULL)
    return;
  for (i = 0; i < self->connections->len; i++) {
    Connection *connection = &g_array_index (self->connections, Connection, i);

    g_signal_handler_disconnect (connection->decoder, connection->handler);
    gst_object_unref (connection->decoder);
  }
  g_array_unref (self->connections);
  self->link->owner = NULL;
  gst_callstats_fabric_link_unref (self->link);
  g_free (self);
}
