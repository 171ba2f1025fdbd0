/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The command line of callstats-collector import.
 *
 * Main thread only.
 */
#pragma once

#include <gio/gio.h>

typedef struct {
  char *config; /* nullable */
  char *store;
  char *app; /* of records that do not say; nullable, as user */
  char *user;
  char **files; /* "-" is the standard input */
} ImportOptions;

/* Returns: (nullable): NULL with an error that names the value and the way out. */
ImportOptions *import_options_parse (int argc, char **argv, GError **error);
void import_options_free (ImportOptions *options);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ImportOptions, import_options_free)
