/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The webhooks of a configuration file: a group [webhook NAME] each.
 *
 *   url                      where to, https://HOST[:PORT]/PATH
 *   secret-file              what deliveries are signed with; several while it is
 *                            exchanged
 *   applications             of these only (all)
 *   events                   these only (all but conferenceSummaryUpdated)
 *   ca-file                  certificates to trust instead of the system's
 *   allow-plaintext          true: http:// will do
 *   allow-private-addresses  true: loopback, link-local and private networks will do
 *   timeout                  seconds of a try (10)
 *   retry-min, retry-max     seconds: a wait is up to retry-min, doubled with each try up
 *                            to retry-max (2, 600)
 *   max-age                  seconds until a delivery is given up (86400)
 *   max-waiting              deliveries that may wait (1000)
 *
 * and the thresholds of the notifications, see webhook-rules.h.
 *
 * Read at start, then only looked at: any thread.
 */
#pragma once

#include <gio/gio.h>

#include "webhook-rules.h"

typedef struct {
  char *name;
  char *url;
  char *host; /* without brackets */
  guint16 port;
  GPtrArray *secrets;  /* GBytes */
  char **applications; /* nullable: NULL: all */
  gboolean events[WEBHOOK_N_EVENTS];
  double thresholds[WEBHOOK_N_EVENTS];
  char *ca_file; /* nullable */
  gboolean allow_plaintext;
  gboolean allow_private;
  /* µs */
  gint64 timeout;
  gint64 retry_min;
  gint64 retry_max;
  gint64 max_age;
  guint max_waiting;
} WebhookConfig;

/* Whether a group of a configuration file is a webhook's. */
gboolean webhook_config_is_group (const char *group);
/* file: (nullable). path: its name. Returns: (element-type WebhookConfig): NULL with an
 * error that names the group, the key and the way out. */
GPtrArray *webhook_config_load (GKeyFile *file, const char *path, GError **error);
gboolean webhook_config_wants_app (const WebhookConfig *config, const char *app);
