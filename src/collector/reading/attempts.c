/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How often an address may fail. Each failure moves the time at which all is forgiven six
 * seconds on; that time is all that is kept. Main thread only.
 */
#include "attempts.h"

#include <gio/gio.h>
#include <string.h>

#define MAX_ADDRESSES 4096
#define STEP (ATTEMPT_SECONDS * (gint64)G_USEC_PER_SEC)

struct _Attempts {
  GHashTable *forgiven; /* network -> gint64 *: when */
};

Attempts *
attempts_new (void)
{
  Attempts *attempts = g_new0 (Attempts, 1);

  attempts->forgiven = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return attempts;
}

void
attempts_free (Attempts *attempts)
{
  if (attempts == NULL)
    return;
  g_hash_table_unref (attempts->forgiven);
  g_free (attempts);
}

/* Whoever has an address of IPv6 has all of a /64. */
static char *
network_of (const char *text)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (text);
  g_autoptr (GInetAddress) network = NULL;
  guint8 bytes[16];

  if (address == NULL || g_inet_address_get_family (address) != G_SOCKET_FAMILY_IPV6)
    return g_strdup (text);
  memcpy (bytes, g_inet_address_to_bytes (address), sizeof bytes);
  memset (bytes + 8, 0, 8);
  network = g_inet_address_new_from_bytes (bytes, G_SOCKET_FAMILY_IPV6);
  return g_inet_address_to_string (network);
}

guint
attempts_check (Attempts *attempts, const char *address, gint64 now)
{
  g_autofree char *network = network_of (address);
  const gint64 *forgiven = g_hash_table_lookup (attempts->forgiven, network);
  gint64 over;

  if (forgiven == NULL)
    return 0;
  over = *forgiven + STEP - now - ATTEMPTS_AT_ONCE * STEP;
  return over > 0 ? (guint)((over + G_USEC_PER_SEC - 1) / G_USEC_PER_SEC) : 0;
}

static gboolean
is_forgiven (gpointer network, gpointer forgiven, gpointer now)
{
  return *(gint64 *)forgiven <= *(gint64 *)now;
}

void
attempts_note (Attempts *attempts, const char *address, gint64 now)
{
  char *network = network_of (address);
  gint64 *forgiven = g_hash_table_lookup (attempts->forgiven, network);

  if (forgiven != NULL) {
    *forgiven = MAX (*forgiven, now) + STEP;
    g_free (network);
    return;
  }
  if (g_hash_table_size (attempts->forgiven) >= MAX_ADDRESSES)
    g_hash_table_foreach_remove (attempts->forgiven, is_forgiven, &now);
  /* So many cannot be held back one by one; all begin again. */
  if (g_hash_table_size (attempts->forgiven) >= MAX_ADDRESSES)
    g_hash_table_remove_all (attempts->forgiven);
  forgiven = g_new (gint64, 1);
  *forgiven = now + STEP;
  g_hash_table_insert (attempts->forgiven, network, forgiven);
}
