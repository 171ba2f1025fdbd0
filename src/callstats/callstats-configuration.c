/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a client is told to be. Plain data, any thread.
 */
#include "callstats-reporter-private.h"

CallstatsConfiguration *
callstats_configuration_copy (const CallstatsConfiguration *from)
{
  CallstatsConfiguration *copy = g_new (CallstatsConfiguration, 1);

  *copy = *from;
  copy->backend_url = g_strdup (from->backend_url);
  copy->app_id = g_strdup (from->app_id);
  copy->app_secret = g_strdup (from->app_secret);
  copy->app_secret_file = g_strdup (from->app_secret_file);
  copy->user_id = g_strdup (from->user_id);
  copy->user_name = g_strdup (from->user_name);
  copy->conference_id = g_strdup (from->conference_id);
  return copy;
}

void
callstats_configuration_free (CallstatsConfiguration *configuration)
{
  if (configuration == NULL)
    return;
  g_free (configuration->backend_url);
  g_free (configuration->app_id);
  g_free (configuration->app_secret);
  g_free (configuration->app_secret_file);
  g_free (configuration->user_id);
  g_free (configuration->user_name);
  g_free (configuration->conference_id);
  g_free (configuration);
}
