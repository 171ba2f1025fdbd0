/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * IP addresses in bodies. Pure, any thread.
 */
#include "rest-addresses.h"

#include <string.h>

#define IPV4_KEPT 3 /* bytes: /24 */
#define IPV6_KEPT 6 /* /48 */

/* Whose values are addresses, perhaps with a port. */
static const char *const address_members[] = { "address", "ip", "ipAddress",
  "relatedAddress", "localAddress", "remoteAddress", "googLocalAddress",
  "googRemoteAddress", NULL };
/* Whose elements are, in whatever form. */
static const char *const address_lists[] = { "localIpAddressInfo", NULL };

static char *
mask (GInetAddress *address)
{
  GSocketFamily family = g_inet_address_get_family (address);
  gsize kept = family == G_SOCKET_FAMILY_IPV4 ? IPV4_KEPT : IPV6_KEPT;
  guint8 bytes[16] = { 0 };
  g_autoptr (GInetAddress) masked = NULL;

  memcpy (bytes, g_inet_address_to_bytes (address), kept);
  masked = g_inet_address_new_from_bytes (bytes, family);
  return g_inet_address_to_string (masked);
}

/* port: (out) (nullable): ":" and what follows. Returns: (nullable): NULL: no address. */
static GInetAddress *
parse (const char *text, const char **port)
{
  GInetAddress *address = g_inet_address_new_from_string (text);
  const char *colon = strrchr (text, ':');
  g_autofree char *host = NULL;

  *port = NULL;
  if (address != NULL || colon == NULL)
    return address;
  *port = colon;
  host = text[0] == '[' && colon > text + 1 && colon[-1] == ']'
             ? g_strndup (text + 1, (gsize)(colon - text) - 2)
             : g_strndup (text, (gsize)(colon - text));
  return g_inet_address_new_from_string (host);
}

/* Returns: (transfer full) */
static JsonNode *
filter_text (JsonNode *node, CollectIp collect_ip)
{
  const char *port;
  g_autoptr (GInetAddress) address = parse (json_node_get_string (node), &port);
  JsonNode *filtered;
  g_autofree char *masked = NULL;
  g_autofree char *text = NULL;

  if (address == NULL)
    return json_node_copy (node);
  if (collect_ip == COLLECT_IP_MASKED) {
    masked = mask (address);
    text = g_strdup_printf (port != NULL && strchr (masked, ':') ? "[%s]%s" : "%s%s",
        masked, port != NULL ? port : "");
  }
  filtered = json_node_new (JSON_NODE_VALUE);
  json_node_set_string (filtered, text != NULL ? text : "");
  return filtered;
}

static JsonObject *filter_members (
    JsonObject *object, CollectIp collect_ip, gboolean all);

static JsonArray *filter_elements (JsonArray *array, CollectIp collect_ip, gboolean all);

/* all: whether any text in it may be an address. Returns: (transfer full) */
static JsonNode *
filter_node (JsonNode *node, CollectIp collect_ip, gboolean all)
{
  JsonNode *filtered;

  switch (json_node_get_node_type (node)) {
  case JSON_NODE_OBJECT:
    filtered = json_node_new (JSON_NODE_OBJECT);
    json_node_take_object (
        filtered, filter_members (json_node_get_object (node), collect_ip, all));
    return filtered;
  case JSON_NODE_ARRAY:
    filtered = json_node_new (JSON_NODE_ARRAY);
    json_node_take_array (
        filtered, filter_elements (json_node_get_array (node), collect_ip, all));
    return filtered;
  case JSON_NODE_VALUE:
    if (all && json_node_get_string (node) != NULL)
      return filter_text (node, collect_ip);
    return json_node_copy (node);
  default:
    return json_node_copy (node);
  }
}

static JsonArray *
filter_elements (JsonArray *array, CollectIp collect_ip, gboolean all)
{
  guint n = json_array_get_length (array);
  JsonArray *filtered = json_array_sized_new (n);

  for (guint i = 0; i < n; i++)
    json_array_add_element (
        filtered, filter_node (json_array_get_element (array, i), collect_ip, all));
  return filtered;
}

static JsonObject *
filter_members (JsonObject *object, CollectIp collect_ip, gboolean all)
{
  JsonObject *filtered = json_object_new ();
  JsonObjectIter members;
  const char *name;
  JsonNode *node;

  json_object_iter_init_ordered (&members, object);
  while (json_object_iter_next_ordered (&members, &name, &node))
    json_object_set_member (filtered, name,
        filter_node (node, collect_ip,
            all || g_strv_contains (address_members, name) ||
                g_strv_contains (address_lists, name)));
  return filtered;
}

JsonObject *
rest_addresses_filter (JsonObject *body, CollectIp collect_ip)
{
  return collect_ip == COLLECT_IP_FULL ? json_object_ref (body)
                                       : filter_members (body, collect_ip, FALSE);
}
