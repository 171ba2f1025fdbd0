/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the files of callstats-collector app share. Main thread only.
 */
#pragma once

#include "app-options.h"
#include "applications.h"
#include "key-file.h"
#include "seal.h"

typedef struct {
  const AppOptions *options;
  char **words;   /* behind the verb */
  KeyFile *file;  /* locked, for a verb that changes it; else NULL */
  GString *shown; /* what goes to the standard output, once the file is written */
} AppCommand;

G_GNUC_PRINTF (2, 3)
gboolean app_command_fail (GError **error, const char *format, ...);
/* Whether the file has this application, or the group of read tokens for all. */
gboolean app_command_check_known (AppCommand *command, const char *app, GError **error);

gboolean app_command_add (AppCommand *command, GError **error);
gboolean app_command_rotate (AppCommand *command, GError **error);
gboolean app_command_retire (AppCommand *command, GError **error);
gboolean app_command_remove (AppCommand *command, GError **error);
gboolean app_command_seal (AppCommand *command, GError **error);

gboolean app_command_token_add (AppCommand *command, GError **error);
gboolean app_command_token_remove (AppCommand *command, GError **error);

/* These only read. */
gboolean app_command_list (AppCommand *command, GError **error);
gboolean app_command_token_list (AppCommand *command, GError **error);
