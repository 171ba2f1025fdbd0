/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The command line of callstats-collector app.
 *
 * Main thread only.
 */
#pragma once

#include <gio/gio.h>

#define APP_DAYS_NOT_GIVEN G_MININT

typedef struct {
  char *config; /* nullable, as all that are text */
  char *keys;   /* never NULL where there are words */
  char *seal_key_file;
  char *es256_key;
  char *name;
  char *label;
  int raw_days; /* APP_DAYS_NOT_GIVEN, or for ever where 0 */
  int summary_days;
  gboolean retire;
  gboolean all;
  char **words; /* the verb and what it is about; nullable */
} AppOptions;

/* Returns: (nullable): NULL with an error that names the value and the way out. */
AppOptions *app_options_parse (int argc, char **argv, GError **error);
void app_options_free (AppOptions *options);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AppOptions, app_options_free)
