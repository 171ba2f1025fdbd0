/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Retention by application. Main thread only.
 */
#include "retention.h"

static guint
choose (int told, guint fallback)
{
  return told >= 0 ? (guint)told : fallback;
}

StoreRetention *
retention_of_applications (const Applications *applications, const StoreDays *others)
{
  StoreRetention *retention = store_retention_new (others);
  g_autoptr (GPtrArray) apps = applications_list (applications);

  for (guint i = 0; i < apps->len; i++) {
    const char *app = apps->pdata[i];
    const StoreDays days = {
      choose (applications_get_raw_days (applications, app), others->raw),
      choose (applications_get_summary_days (applications, app), others->summaries),
    };

    store_retention_set (retention, app, &days);
  }
  return retention;
}
