/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which addresses a webhook may reach, so that nobody can make the collector talk to the
 * machines behind it: an address to connect to that gives out only those that are
 * allowed. The check is made of the very address that is then connected to, so a name
 * that resolves to something else the next time gains nothing.
 *
 * The class is pure, any thread; the connectable as any other of GIO's.
 */
#pragma once

#include <gio/gio.h>

typedef enum {
  WEBHOOK_ADDRESS_PUBLIC,
  WEBHOOK_ADDRESS_PRIVATE,   /* loopback, link-local, behind a NAT */
  WEBHOOK_ADDRESS_FORBIDDEN, /* no host at all, many, or one that knows credentials */
} WebhookAddressClass;

/* Of an address that has another one in it (IPv4-mapped, NAT64, 6to4), the worse of both
 * classes. */
WebhookAddressClass webhook_address_classify (GInetAddress *address);

#define WEBHOOK_TYPE_TARGET (webhook_target_get_type ())
G_DECLARE_FINAL_TYPE (WebhookTarget, webhook_target, WEBHOOK, TARGET, GNetworkAddress)

/* host: a name or a numeric address without brackets. Enumerating fails with
 * G_IO_ERROR_PERMISSION_DENIED where no address is allowed; there is never a proxy. */
GSocketConnectable *webhook_target_new (
    const char *host, guint16 port, gboolean allow_private);
