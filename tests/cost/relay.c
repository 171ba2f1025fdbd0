/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One thread, which polls.
 */
#define _GNU_SOURCE
#include "relay.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FLAP G_USEC_PER_SEC
#define SMALL 4096 /* bytes of a socket that stalls */
#define BACKLOG 64

/* Both sockets of one connection: to the client, to the server */
typedef struct {
  int sockets[2];
  gboolean upgraded; /* the handshake is through */
  gboolean stalled;
} Link;

struct _Relay {
  RelayFault fault;
  guint port, server;
  int reserve;  /* bound too: nobody else gets the port meanwhile */
  int listener; /* -1: gone */
  int stop[2];  /* pipe */
  GThread *thread;
  GArray *links; /* Link; of the thread */
  gint64 next_flap;
  gint harmed; /* atomic */
};

static struct sockaddr_in
get_address (guint port)
{
  struct sockaddr_in address = { .sin_family = AF_INET };

  address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  address.sin_port = htons ((guint16)port);
  return address;
}

int
relay_bind (guint *port)
{
  struct sockaddr_in address = get_address (*port);
  socklen_t size = sizeof address;
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int yes = 1;

  setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind (fd, (struct sockaddr *)&address, size) < 0)
    g_error ("Cannot bind port %u: %s", *port, g_strerror (errno));
  getsockname (fd, (struct sockaddr *)&address, &size);
  *port = ntohs (address.sin_port);
  return fd;
}

static void
listen_on (Relay *self)
{
  int small = SMALL;

  if (self->listener < 0)
    self->listener = relay_bind (&self->port);
  if (self->fault == RELAY_STALL)
    setsockopt (self->listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  if (listen (self->listener, BACKLOG) < 0)
    g_error ("Cannot listen at port %u: %s", self->port, g_strerror (errno));
}

/* Without a goodbye, as from a machine that went down. */
static void
link_break (Link *link)
{
  struct linger at_once = { .l_onoff = 1 };
  guint i;

  for (i = 0; i < 2; i++) {
    setsockopt (link->sockets[i], SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close (link->sockets[i]);
  }
}

static void
break_all (Relay *self)
{
  guint i;

  for (i = 0; i < self->links->len; i++)
    link_break (&g_array_index (self->links, Link, i));
  g_array_set_size (self->links, 0);
}

static void
flap (Relay *self)
{
  self->next_flap = g_get_monotonic_time () + FLAP;
  if (self->listener < 0) {
    listen_on (self);
    return;
  }
  g_atomic_int_add (&self->harmed, (gint)self->links->len);
  close (self->listener);
  self->listener = -1;
  break_all (self);
}

static void
accept_one (Relay *self)
{
  struct sockaddr_in server = get_address (self->server);
  Link link = { 0 };

  link.sockets[0] = accept4 (self->listener, NULL, NULL, SOCK_CLOEXEC);
  if (link.sockets[0] < 0)
    return;
  link.sockets[1] = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect (link.sockets[1], (struct sockaddr *)&server, sizeof server) < 0)
    g_error ("The collector refuses the relay: %s", g_strerror (errno));
  g_array_append_val (self->links, link);
}

/* Returns: FALSE: one side has gone */
static gboolean
forward (Relay *self, Link *link, guint from)
{
  char data[16384];
  gssize size = recv (link->sockets[from], data, sizeof data, 0);

  if (size <= 0 ||
      send (link->sockets[1 - from], data, (gsize)size, MSG_NOSIGNAL) != size)
    return FALSE;
  if (from != 1)
    return TRUE;
  if (self->fault == RELAY_STALL && link->upgraded) {
    link->stalled = TRUE;
    g_atomic_int_inc (&self->harmed);
  }
  link->upgraded |= memmem (data, (gsize)size, "\r\n\r\n", 4) != NULL;
  return TRUE;
}

static void
append (GArray *polled, int fd, gboolean wanted)
{
  struct pollfd entry = { .fd = wanted ? fd : -1, .events = POLLIN };

  g_array_append_val (polled, entry);
}

static void
list_sockets (Relay *self, GArray *polled)
{
  guint i;

  g_array_set_size (polled, 0);
  append (polled, self->stop[0], TRUE);
  append (polled, self->listener, self->listener >= 0);
  for (i = 0; i < self->links->len; i++) {
    const Link *link = &g_array_index (self->links, Link, i);

    append (polled, link->sockets[0], !link->stalled);
    append (polled, link->sockets[1], !link->stalled);
  }
}

/* From the end, as those that have gone are taken out. */
static void
forward_all (Relay *self, GArray *polled)
{
  guint i;

  for (i = self->links->len; i > 0; i--) {
    Link *link = &g_array_index (self->links, Link, i - 1);
    gboolean alive = TRUE;
    guint from;

    for (from = 0; alive && from < 2; from++) {
      if (g_array_index (polled, struct pollfd, 2 * i + from).revents != 0)
        alive = forward (self, link, from);
    }
    if (alive)
      continue;
    link_break (link);
    g_array_remove_index_fast (self->links, i - 1);
  }
}

static int
get_timeout (Relay *self)
{
  gint64 rest = self->next_flap - g_get_monotonic_time ();

  return self->fault != RELAY_FLAP ? -1 : (int)MAX (0, (rest + 999) / 1000);
}

static gpointer
run (gpointer data)
{
  static const struct sched_param none;
  Relay *self = data;
  g_autoptr (GArray) polled = g_array_new (FALSE, FALSE, sizeof (struct pollfd));

  sched_setscheduler (0, SCHED_OTHER, &none); /* a network is no part of the process */
  self->next_flap = g_get_monotonic_time () + FLAP;
  for (;;) {
    list_sockets (self, polled);
    if (poll ((struct pollfd *)polled->data, polled->len, get_timeout (self)) < 0 &&
        errno != EINTR)
      g_error ("poll: %s", g_strerror (errno));
    if (g_array_index (polled, struct pollfd, 0).revents != 0)
      return NULL;
    forward_all (self, polled);
    if (g_array_index (polled, struct pollfd, 1).revents & POLLIN)
      accept_one (self);
    if (get_timeout (self) == 0)
      flap (self);
  }
}

Relay *
relay_new (RelayFault fault)
{
  Relay *self = g_new0 (Relay, 1);

  self->fault = fault;
  self->reserve = relay_bind (&self->port);
  self->listener = -1;
  self->links = g_array_new (FALSE, FALSE, sizeof (Link));
  if (pipe2 (self->stop, O_CLOEXEC) < 0)
    g_error ("pipe: %s", g_strerror (errno));
  return self;
}

guint
relay_get_port (Relay *self)
{
  return self->port;
}

void
relay_start (Relay *self, guint server)
{
  self->server = server;
  listen_on (self);
  self->thread = g_thread_new ("relay", run, self);
}

guint
relay_count_harmed (Relay *self)
{
  return (guint)g_atomic_int_get (&self->harmed);
}

void
relay_free (Relay *self)
{
  if (self == NULL)
    return;
  if (write (self->stop[1], "", 1) != 1)
    g_error ("write: %s", g_strerror (errno));
  g_thread_join (self->thread);
  break_all (self);
  g_array_unref (self->links);
  if (self->listener >= 0)
    close (self->listener);
  close (self->reserve);
  close (self->stop[0]);
  close (self->stop[1]);
  g_free (self);
}
