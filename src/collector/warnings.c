/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What is allowed and hardly meant. Main thread only.
 */
#include "warnings.h"

#include <string.h>

#include "log.h"
#include "webhook-config.h"

#define MIN_SECRET_BYTES 16

void
warn_of_options (const Options *options)
{
  if (options->behind_proxy && options->origin_urls == NULL)
    log_warning ("no-origin", "hint",
        "clients come by the proxy's address: name it with --origin, or their tokens are "
        "refused",
        NULL);
}

static void
warn_of_secrets (const Applications *applications, const char *app)
{
  const GPtrArray *secrets = applications_get_secrets (applications, app);

  for (guint i = 0; secrets != NULL && i < secrets->len; i++)
    if (strlen (secrets->pdata[i]) < MIN_SECRET_BYTES) {
      log_warning ("short-secret", "app", app, "hint",
          "a secret of fewer than 16 bytes may be guessed; callstats-collector app "
          "rotate "
          "makes a good one",
          NULL);
      return;
    }
}

static void
warn_of_webhook (const WebhookConfig *webhook, const Applications *applications)
{
  for (char **app = webhook->applications; app != NULL && *app != NULL; app++)
    if (!applications_contain (applications, *app))
      log_warning ("webhook-of-nothing", "webhook", webhook->name, "app", *app, "hint",
          "its applications name one that is not there", NULL);
}

void
warn_of_applications (const Options *options)
{
  g_autoptr (GPtrArray) apps = applications_list (options->applications);

  for (guint i = 0; i < apps->len; i++)
    warn_of_secrets (options->applications, apps->pdata[i]);
  for (guint i = 0; i < options->webhooks->len; i++)
    warn_of_webhook (options->webhooks->pdata[i], options->applications);
}
