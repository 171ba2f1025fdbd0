/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A relay with a valve, of plain sockets.
 */
#include "valve.h"

#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define SMALL 4096 /* bytes of the receive buffer, and of a piece */

/* What a client sends first, as far as it has passed. */
typedef enum {
  AT_REQUEST,
  AT_HELLO,
  PAST_HELLO,
} Stage;

typedef struct {
  int client, collector;
  Stage stage;
} Relay;

struct _Valve {
  GThread *thread;
  int listener, wake;
  guint port, collector_port;
  GArray *relays; /* Relay; its thread only */

  GMutex lock;
  GCond cond;
  ValveState state;
  gboolean breaking, ending;
  guint n_connections;
};

static struct sockaddr_in
loopback (guint port)
{
  return (struct sockaddr_in){ .sin_family = AF_INET,
    .sin_port = htons ((guint16)port),
    .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
}

static void
relay_clear (gpointer data)
{
  Relay *relay = data;

  close (relay->client);
  close (relay->collector);
}

static void
accept_client (Valve *self)
{
  Relay relay = { .client = accept (self->listener, NULL, NULL),
    .collector = socket (AF_INET, SOCK_STREAM, 0) };
  struct sockaddr_in address = loopback (self->collector_port);

  g_assert_cmpint (relay.client, >=, 0);
  g_assert_cmpint (
      connect (relay.collector, (struct sockaddr *)&address, sizeof address), ==, 0);
  g_array_append_val (self->relays, relay);
  g_mutex_lock (&self->lock);
  self->n_connections++;
  g_mutex_unlock (&self->lock);
}

static gboolean
is_shut (const Relay *relay, ValveState state)
{
  return (state == VALVE_AFTER_UPGRADE && relay->stage > AT_REQUEST) ||
         (state == VALVE_AFTER_HELLO && relay->stage > AT_HELLO);
}

/* A client waits for the answer to its request and to its hello before it goes on, so
 * what is read while it does belongs to them. */
static gboolean
pass_up (Relay *relay)
{
  char piece[SMALL];
  gssize n = recv (relay->client, piece, sizeof piece, 0);

  if (n <= 0)
    return FALSE;
  if (relay->stage == AT_REQUEST) {
    if (n >= 4 && memcmp (piece + n - 4, "\r\n\r\n", 4) == 0)
      relay->stage = AT_HELLO;
  } else {
    relay->stage = PAST_HELLO;
  }
  return send (relay->collector, piece, (gsize)n, MSG_NOSIGNAL) == n;
}

static gboolean
pass_down (Relay *relay)
{
  char piece[SMALL];
  gssize n = recv (relay->collector, piece, sizeof piece, 0);

  return n > 0 && send (relay->client, piece, (gsize)n, MSG_NOSIGNAL) == n;
}

/* Returns: FALSE when it ends. */
static gboolean
take_orders (Valve *self, ValveState *state)
{
  gboolean going;

  g_mutex_lock (&self->lock);
  if (self->breaking)
    g_array_set_size (self->relays, 0);
  self->breaking = FALSE;
  *state = self->state;
  going = !self->ending;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
  return going;
}

static void
wait_for_any (Valve *self, GArray *polled, ValveState state)
{
  struct pollfd first[] = { { .fd = self->wake, .events = POLLIN },
    { .fd = self->listener, .events = POLLIN } };
  guint i;

  g_array_set_size (polled, 0);
  g_array_append_vals (polled, first, G_N_ELEMENTS (first));
  for (i = 0; i < self->relays->len; i++) {
    Relay *relay = &g_array_index (self->relays, Relay, i);
    struct pollfd ends[] = { { .fd = is_shut (relay, state) ? -1 : relay->client,
                                 .events = POLLIN },
      { .fd = relay->collector, .events = POLLIN } };

    g_array_append_vals (polled, ends, G_N_ELEMENTS (ends));
  }
  while (poll ((struct pollfd *)polled->data, polled->len, -1) < 0)
    ;
}

/* From the last relay on, since those that end are removed. */
static void
pass (Valve *self, const GArray *polled)
{
  guint i;

  for (i = self->relays->len; i > 0; i--) {
    Relay *relay = &g_array_index (self->relays, Relay, i - 1);
    const struct pollfd *ends = &g_array_index (polled, struct pollfd, 2 * i);

    if ((ends[0].revents != 0 && !pass_up (relay)) ||
        (ends[1].revents != 0 && !pass_down (relay)))
      g_array_remove_index (self->relays, i - 1);
  }
}

static gpointer
run (gpointer data)
{
  Valve *self = data;
  g_autoptr (GArray) polled = g_array_new (FALSE, FALSE, sizeof (struct pollfd));
  ValveState state;

  while (take_orders (self, &state)) {
    const struct pollfd *first;
    guint64 woken;

    wait_for_any (self, polled, state);
    pass (self, polled);
    first = (const struct pollfd *)polled->data;
    if (first[0].revents != 0)
      g_assert_cmpint (read (self->wake, &woken, sizeof woken), ==, sizeof woken);
    if (first[1].revents != 0)
      accept_client (self);
  }
  return NULL;
}

static void
wake (Valve *self)
{
  guint64 one = 1;

  g_assert_cmpint (write (self->wake, &one, sizeof one), ==, sizeof one);
}

Valve *
valve_new (guint port)
{
  Valve *self = g_new0 (Valve, 1);
  struct sockaddr_in address = loopback (0);
  socklen_t length = sizeof address;
  int small = SMALL;

  g_mutex_init (&self->lock);
  g_cond_init (&self->cond);
  self->collector_port = port;
  self->relays = g_array_new (FALSE, FALSE, sizeof (Relay));
  g_array_set_clear_func (self->relays, relay_clear);
  self->wake = eventfd (0, EFD_CLOEXEC);
  self->listener = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  /* Before listen(): accepted sockets begin with it. */
  setsockopt (self->listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  g_assert_cmpint (
      bind (self->listener, (struct sockaddr *)&address, sizeof address), ==, 0);
  g_assert_cmpint (listen (self->listener, 16), ==, 0);
  getsockname (self->listener, (struct sockaddr *)&address, &length);
  self->port = ntohs (address.sin_port);
  self->thread = g_thread_new ("valve", run, self);
  return self;
}

void
valve_free (Valve *self)
{
  g_mutex_lock (&self->lock);
  self->ending = TRUE;
  g_mutex_unlock (&self->lock);
  wake (self);
  g_thread_join (self->thread);
  g_array_unref (self->relays);
  close (self->listener);
  close (self->wake);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->cond);
  g_free (self);
}

char *
valve_get_url (Valve *self)
{
  return g_strdup_printf ("ws://127.0.0.1:%u/", self->port);
}

void
valve_set (Valve *self, ValveState state)
{
  g_mutex_lock (&self->lock);
  self->state = state;
  g_mutex_unlock (&self->lock);
  wake (self);
}

void
valve_break (Valve *self)
{
  g_mutex_lock (&self->lock);
  self->breaking = TRUE;
  wake (self);
  while (self->breaking)
    g_cond_wait (&self->cond, &self->lock);
  g_mutex_unlock (&self->lock);
}

guint
valve_n_connections (Valve *self)
{
  guint n;

  g_mutex_lock (&self->lock);
  n = self->n_connections;
  g_mutex_unlock (&self->lock);
  return n;
}
