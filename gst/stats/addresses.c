/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Addresses as collect-ip lets them out. Pure, any thread.
 */
#include "addresses.h"

#include <gio/gio.h>
#include <string.h>

GType
gst_callstats_collect_ip_get_type (void)
{
  static const GEnumValue values[] = {
    { GST_CALLSTATS_COLLECT_IP_FULL, "Whole addresses", "full" },
    { GST_CALLSTATS_COLLECT_IP_MASKED, "The /24 of IPv4 and /48 of IPv6", "masked" },
    { GST_CALLSTATS_COLLECT_IP_NONE, "No addresses", "none" },
    { 0, NULL, NULL },
  };
  static gsize type;

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_enum_register_static ("GstCallstatsCollectIp", values));
  return type;
}

static char *
mask_ipv4 (const guint8 *bytes)
{
  return g_strdup_printf ("%u.%u.%u.0", bytes[0], bytes[1], bytes[2]);
}

static char *
mask_ipv6 (const guint8 *bytes)
{
  guint8 masked[16] = { 0 };
  g_autoptr (GInetAddress) address = NULL;

  memcpy (masked, bytes, 6);
  address = g_inet_address_new_from_bytes (masked, G_SOCKET_FAMILY_IPV6);
  return g_inet_address_to_string (address);
}

char *
gst_callstats_filter_address (const char *address, GstCallstatsCollectIp collect_ip)
{
  g_autofree char *bare = g_strndup (address, strcspn (address, "%"));
  g_autoptr (GInetAddress) parsed = NULL;

  if (collect_ip == GST_CALLSTATS_COLLECT_IP_FULL)
    return g_strdup (address);
  if (collect_ip == GST_CALLSTATS_COLLECT_IP_NONE)
    return NULL;
  parsed = g_inet_address_new_from_string (bare);
  if (parsed == NULL)
    return NULL;
  if (g_inet_address_get_family (parsed) == G_SOCKET_FAMILY_IPV4)
    return mask_ipv4 (g_inet_address_to_bytes (parsed));
  return mask_ipv6 (g_inet_address_to_bytes (parsed));
}
