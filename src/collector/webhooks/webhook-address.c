/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which addresses a webhook may reach. Threads as in the header.
 */
#include "webhook-address.h"

#include <string.h>

/* ---- Classes ---- */

typedef struct {
  const char *prefix;
  WebhookAddressClass class;
} Range;

/* The first that matches counts; see the registries of special-purpose addresses (RFC
 * 6890). */
static const Range ranges_v4[] = {
  { "168.63.129.16/32", WEBHOOK_ADDRESS_FORBIDDEN },   /* Azure's host */
  { "169.254.169.254/32", WEBHOOK_ADDRESS_FORBIDDEN }, /* metadata of most clouds */
  { "169.254.170.0/24", WEBHOOK_ADDRESS_FORBIDDEN },   /* credentials of containers */
  { "100.100.100.200/32", WEBHOOK_ADDRESS_FORBIDDEN }, /* Alibaba's metadata */
  { "0.0.0.0/8", WEBHOOK_ADDRESS_FORBIDDEN },
  { "10.0.0.0/8", WEBHOOK_ADDRESS_PRIVATE },
  { "100.64.0.0/10", WEBHOOK_ADDRESS_PRIVATE },
  { "127.0.0.0/8", WEBHOOK_ADDRESS_PRIVATE },
  { "169.254.0.0/16", WEBHOOK_ADDRESS_PRIVATE },
  { "172.16.0.0/12", WEBHOOK_ADDRESS_PRIVATE },
  { "192.0.0.0/24", WEBHOOK_ADDRESS_FORBIDDEN },
  { "192.0.2.0/24", WEBHOOK_ADDRESS_FORBIDDEN },
  { "192.88.99.0/24", WEBHOOK_ADDRESS_FORBIDDEN },
  { "192.168.0.0/16", WEBHOOK_ADDRESS_PRIVATE },
  { "198.18.0.0/15", WEBHOOK_ADDRESS_PRIVATE },
  { "198.51.100.0/24", WEBHOOK_ADDRESS_FORBIDDEN },
  { "203.0.113.0/24", WEBHOOK_ADDRESS_FORBIDDEN },
  { "224.0.0.0/3", WEBHOOK_ADDRESS_FORBIDDEN },
  { "0.0.0.0/0", WEBHOOK_ADDRESS_PUBLIC },
};

static const Range ranges_v6[] = {
  { "::1/128", WEBHOOK_ADDRESS_PRIVATE },
  { "fd00:ec2::254/128", WEBHOOK_ADDRESS_FORBIDDEN },   /* Amazon's metadata */
  { "fd00:ec2::23/128", WEBHOOK_ADDRESS_FORBIDDEN },    /* its containers' */
  { "fd20:ce::254/128", WEBHOOK_ADDRESS_FORBIDDEN },    /* Google's */
  { "fe80::a9fe:a9fe/128", WEBHOOK_ADDRESS_FORBIDDEN }, /* OpenStack's */
  { "fc00::/7", WEBHOOK_ADDRESS_PRIVATE },
  { "fe80::/10", WEBHOOK_ADDRESS_PRIVATE },
  { "fec0::/10", WEBHOOK_ADDRESS_PRIVATE },
  { "2001::/23", WEBHOOK_ADDRESS_FORBIDDEN }, /* Teredo among others */
  { "2001:db8::/32", WEBHOOK_ADDRESS_FORBIDDEN },
  { "3fff::/20", WEBHOOK_ADDRESS_FORBIDDEN },
  { "2000::/3", WEBHOOK_ADDRESS_PUBLIC },
  { "::/0", WEBHOOK_ADDRESS_FORBIDDEN },
};

/* IPv6 addresses that stand for an IPv4 address at this byte. */
static const struct {
  const char *prefix;
  guint offset;
} embeddings[] = {
  { "::ffff:0:0/96", 12 }, { "64:ff9b::/96", 12 }, /* NAT64 */
  { "2002::/16", 2 },                              /* 6to4 */
};

static gboolean
is_in (GInetAddress *address, const char *prefix)
{
  g_autoptr (GInetAddressMask) mask = g_inet_address_mask_new_from_string (prefix, NULL);

  return g_inet_address_mask_matches (mask, address);
}

static WebhookAddressClass
look_up (GInetAddress *address, const Range *ranges)
{
  while (!is_in (address, ranges->prefix))
    ranges++;
  return ranges->class;
}

WebhookAddressClass
webhook_address_classify (GInetAddress *address)
{
  if (g_inet_address_get_family (address) == G_SOCKET_FAMILY_IPV4)
    return look_up (address, ranges_v4);
  for (gsize i = 0; i < G_N_ELEMENTS (embeddings); i++) {
    g_autoptr (GInetAddress) embedded = NULL;

    if (!is_in (address, embeddings[i].prefix))
      continue;
    embedded = g_inet_address_new_from_bytes (
        g_inet_address_to_bytes (address) + embeddings[i].offset, G_SOCKET_FAMILY_IPV4);
    return look_up (embedded, ranges_v4);
  }
  return look_up (address, ranges_v6);
}

/* ---- The enumerator ---- */

#define TYPE_FILTER (filter_get_type ())
G_DECLARE_FINAL_TYPE (Filter, filter, WEBHOOK, FILTER, GSocketAddressEnumerator)

struct _Filter {
  GSocketAddressEnumerator parent;
  GSocketAddressEnumerator *all;
  char *host;
  gboolean allow_private;
  gboolean gave_one;
  gboolean refused_one;
  gboolean refused_private;
};

G_DEFINE_FINAL_TYPE (Filter, filter, G_TYPE_SOCKET_ADDRESS_ENUMERATOR)

static gboolean
is_allowed (Filter *self, GSocketAddress *address)
{
  WebhookAddressClass class;

  if (!G_IS_INET_SOCKET_ADDRESS (address))
    return FALSE;
  class = webhook_address_classify (
      g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (address)));
  if (class == WEBHOOK_ADDRESS_PRIVATE && !self->allow_private)
    self->refused_private = TRUE;
  return class == WEBHOOK_ADDRESS_PUBLIC ||
         (class == WEBHOOK_ADDRESS_PRIVATE && self->allow_private);
}

/* address: (nullable) (transfer full): NULL at the end. done: whether that is an answer.
 * Returns: (nullable) (transfer full): NULL with an error where all were refused. */
static GSocketAddress *
filter_address (Filter *self, GSocketAddress *address, gboolean *done, GError **error)
{
  *done = TRUE;
  if (address == NULL) {
    if (!self->gave_one && self->refused_one)
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
          "\"%s\" has only addresses that a webhook may not reach%s", self->host,
          self->refused_private ? "; where it is meant, write "
                                  "allow-private-addresses=true in the webhook's group"
                                : "");
    return NULL;
  }
  if (is_allowed (self, address)) {
    self->gave_one = TRUE;
    return address;
  }
  self->refused_one = TRUE;
  g_object_unref (address);
  *done = FALSE;
  return NULL;
}

static GSocketAddress *
filter_next (
    GSocketAddressEnumerator *enumerator, GCancellable *cancellable, GError **error)
{
  Filter *self = WEBHOOK_FILTER (enumerator);
  GError *failure = NULL;
  GSocketAddress *address;
  gboolean done;

  do {
    address = g_socket_address_enumerator_next (self->all, cancellable, &failure);
    if (failure != NULL) {
      g_propagate_error (error, failure);
      return NULL;
    }
    address = filter_address (self, address, &done, error);
  } while (!done);
  return address;
}

static void on_next (GObject *source, GAsyncResult *result, gpointer user_data);

/* task: (transfer full) */
static void
ask_on (Filter *self, GTask *task)
{
  g_socket_address_enumerator_next_async (
      self->all, g_task_get_cancellable (task), on_next, task);
}

static void
on_next (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Filter *self = g_task_get_source_object (task);
  GError *error = NULL;
  GSocketAddress *address =
      g_socket_address_enumerator_next_finish (self->all, result, &error);
  gboolean done = TRUE;

  if (error == NULL)
    address = filter_address (self, address, &done, &error);
  if (error != NULL)
    g_task_return_error (task, error);
  else if (done)
    g_task_return_pointer (task, address, g_object_unref);
  else
    ask_on (self, g_steal_pointer (&task));
}

static void
filter_next_async (GSocketAddressEnumerator *enumerator, GCancellable *cancellable,
    GAsyncReadyCallback callback, gpointer user_data)
{
  ask_on (WEBHOOK_FILTER (enumerator),
      g_task_new (enumerator, cancellable, callback, user_data));
}

static GSocketAddress *
filter_next_finish (
    GSocketAddressEnumerator *enumerator, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
filter_finalize (GObject *object)
{
  Filter *self = WEBHOOK_FILTER (object);

  g_object_unref (self->all);
  g_free (self->host);
  G_OBJECT_CLASS (filter_parent_class)->finalize (object);
}

static void
filter_class_init (FilterClass *class)
{
  GSocketAddressEnumeratorClass *enumerator = G_SOCKET_ADDRESS_ENUMERATOR_CLASS (class);

  G_OBJECT_CLASS (class)->finalize = filter_finalize;
  enumerator->next = filter_next;
  enumerator->next_async = filter_next_async;
  enumerator->next_finish = filter_next_finish;
}

static void
filter_init (Filter *self)
{
}

/* ---- The connectable ---- */

struct _WebhookTarget {
  GNetworkAddress parent;
  gboolean allow_private;
};

static GSocketConnectableIface *parent_connectable;

static GSocketAddressEnumerator *
target_enumerate (GSocketConnectable *connectable)
{
  WebhookTarget *self = WEBHOOK_TARGET (connectable);
  Filter *filter = g_object_new (TYPE_FILTER, NULL);

  filter->all = parent_connectable->enumerate (connectable);
  filter->host = g_strdup (g_network_address_get_hostname (G_NETWORK_ADDRESS (self)));
  filter->allow_private = self->allow_private;
  return G_SOCKET_ADDRESS_ENUMERATOR (filter);
}

static void
init_connectable (GSocketConnectableIface *iface)
{
  parent_connectable = g_type_interface_peek_parent (iface);
  iface->enumerate = target_enumerate;
  iface->proxy_enumerate = target_enumerate;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (WebhookTarget, webhook_target, G_TYPE_NETWORK_ADDRESS,
    G_IMPLEMENT_INTERFACE (G_TYPE_SOCKET_CONNECTABLE, init_connectable))

static void
webhook_target_class_init (WebhookTargetClass *class)
{
}

static void
webhook_target_init (WebhookTarget *self)
{
}

GSocketConnectable *
webhook_target_new (const char *host, guint16 port, gboolean allow_private)
{
  WebhookTarget *self =
      g_object_new (WEBHOOK_TYPE_TARGET, "hostname", host, "port", (guint)port, NULL);

  self->allow_private = allow_private;
  return G_SOCKET_CONNECTABLE (self);
}
