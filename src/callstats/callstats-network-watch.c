/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Changes of addresses, routes and links, from the kernel. Monitor thread only.
 */
#include "callstats-network-watch-private.h"

#include <errno.h>
#include <glib-unix.h>
#include <linux/if.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include "callstats-monitor.h"

#define TOGETHER_MS 200 /* an interface that comes up tells many things */
#define GROUPS \
  (RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE | \
      RTMGRP_IPV6_ROUTE)

struct _CallstatsNetworkWatch {
  void (*changed) (gpointer user_data);
  gpointer user_data;
  int socket;
  GHashTable *running; /* set of indexes of links that carry */
  GSource *readable;
  GSource *telling; /* NULL: nothing to tell */
};

static gboolean
on_tell (gpointer user_data)
{
  CallstatsNetworkWatch *self = user_data;

  g_clear_pointer (&self->telling, g_source_unref);
  self->changed (self->user_data);
  return G_SOURCE_REMOVE;
}

/* Links are told of for many reasons; the one that counts is that they carry again. */
static gboolean
is_new_link (CallstatsNetworkWatch *self, const struct ifinfomsg *link)
{
  gpointer index = GINT_TO_POINTER (link->ifi_index);

  if ((link->ifi_flags & IFF_RUNNING) != 0)
    return g_hash_table_add (self->running, index);
  g_hash_table_remove (self->running, index);
  return FALSE;
}

/* Those of the table local, say, come and go with addresses. */
static gboolean
is_way_out (const struct rtmsg *route)
{
  return route->rtm_type == RTN_UNICAST && (route->rtm_flags & RTM_F_CLONED) == 0;
}

static gboolean
is_change (CallstatsNetworkWatch *self, const struct nlmsghdr *header)
{
  const void *data = NLMSG_DATA (header);

  switch (header->nlmsg_type) {
  case RTM_NEWADDR:
    return TRUE;
  case RTM_NEWROUTE:
    return header->nlmsg_len >= NLMSG_LENGTH (sizeof (struct rtmsg)) && is_way_out (data);
  case RTM_NEWLINK:
    return header->nlmsg_len >= NLMSG_LENGTH (sizeof (struct ifinfomsg)) &&
           is_new_link (self, data);
  default:
    return FALSE;
  }
}

static gboolean
read_changes (CallstatsNetworkWatch *self, const char *bytes, gsize length)
{
  const struct nlmsghdr *header = (const void *)bytes;
  gboolean change = FALSE;

  for (; NLMSG_OK (header, length); header = NLMSG_NEXT (header, length))
    change |= is_change (self, header);
  return change;
}

static gboolean
on_readable (int socket, GIOCondition condition, gpointer user_data)
{
  CallstatsNetworkWatch *self = user_data;
  union {
    struct nlmsghdr header; /* for its alignment */
    char bytes[16384];
  } buffer;
  gboolean change = FALSE;
  gssize n;

  while ((n = recv (socket, buffer.bytes, sizeof buffer.bytes, MSG_DONTWAIT)) > 0)
    change |= read_changes (self, buffer.bytes, (gsize)n);
  /* There were more than the kernel keeps: they are gone, but there were some. */
  change |= n < 0 && errno == ENOBUFS;
  if (change && self->telling == NULL)
    self->telling = callstats_monitor_add_timeout (TOGETHER_MS, on_tell, self, NULL);
  if (n < 0 || (condition & (G_IO_HUP | G_IO_NVAL)) == 0)
    return G_SOURCE_CONTINUE;
  return G_SOURCE_REMOVE;
}

static int
open_socket (void)
{
  struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = GROUPS };
  int file = socket (AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

  if (file >= 0 && bind (file, (struct sockaddr *)&address, sizeof address) == 0)
    return file;
  if (file >= 0)
    close (file);
  return -1;
}

CallstatsNetworkWatch *
callstats_network_watch_new (void (*changed) (gpointer user_data), gpointer user_data)
{
  int file = open_socket ();
  CallstatsNetworkWatch *self;

  if (file < 0)
    return NULL;
  self = g_new0 (CallstatsNetworkWatch, 1);
  self->changed = changed;
  self->user_data = user_data;
  self->socket = file;
  self->running = g_hash_table_new (NULL, NULL);
  self->readable = g_unix_fd_source_new (file, G_IO_IN);
  g_source_set_callback (self->readable, G_SOURCE_FUNC (on_readable), self, NULL);
  g_source_attach (self->readable, callstats_monitor_get_context ());
  return self;
}

void
callstats_network_watch_free (CallstatsNetworkWatch *self)
{
  if (self == NULL)
    return;
  g_source_destroy (self->readable);
  g_source_unref (self->readable);
  if (self->telling != NULL) {
    g_source_destroy (self->telling);
    g_source_unref (self->telling);
  }
  close (self->socket);
  g_hash_table_unref (self->running);
  g_free (self);
}
