/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a key file has, without any of its credentials. Main thread only.
 */
#include "app-command-private.h"

#include "applications-private.h"
#include "callstats/callstats-json-private.h"

/* Returns: (nullable): NULL with an error. Sealed secrets stay sealed. */
static Applications *
load (AppCommand *command, GError **error)
{
  g_autoptr (Applications) applications = applications_new ();
  g_autoptr (PrivateFile) file =
      private_file_read ("key file", command->options->keys, error);

  applications_leave_sealed (applications);
  if (file == NULL || !applications_read_key_text (applications, command->options->keys,
                          file->text, file->length, NULL, error))
    return NULL;
  return g_steal_pointer (&applications);
}

static void
append_days (GString *text, const char *name, int days)
{
  if (days >= 0)
    g_string_append_printf (text, " %s=%d", name, days);
}

static guint
count_sealed (const Application *application)
{
  guint n = 0;

  for (guint i = 0; i < application->secrets->len; i++)
    n += g_str_has_prefix (application->secrets->pdata[i], SEAL_PREFIX);
  return n;
}

gboolean
app_command_list (AppCommand *command, GError **error)
{
  g_autoptr (Applications) applications = load (command, error);
  g_autoptr (GPtrArray) ids = NULL;
  GString *text = command->shown;

  if (applications == NULL)
    return FALSE;
  ids = applications_list (applications);
  for (guint i = 0; i < ids->len; i++) {
    const Application *application =
        g_hash_table_lookup (applications->known, ids->pdata[i]);

    callstats_json_append_string (text, ids->pdata[i]);
    g_string_append_printf (text, " secrets=%u sealed=%u public-keys=%u read-tokens=%u",
        application->secrets->len, count_sealed (application),
        application->public_keys->len, application->read_tokens->len);
    append_days (text, "raw-days", application->raw_days);
    append_days (text, "summary-days", application->summary_days);
    if (application->name != NULL) {
      g_string_append (text, " name=");
      callstats_json_append_string (text, application->name);
    }
    g_string_append_c (text, '\n');
  }
  return TRUE;
}

static void
append_tokens (GString *text, const char *app, const GPtrArray *tokens)
{
  for (guint i = 0; i < tokens->len; i++) {
    const ReadToken *token = tokens->pdata[i];

    callstats_json_append_string (text, app);
    g_string_append_c (text, ' ');
    callstats_json_append_string (text, token->label);
    g_string_append_c (text, '\n');
  }
}

gboolean
app_command_token_list (AppCommand *command, GError **error)
{
  g_autoptr (Applications) applications = load (command, error);
  const char *only = command->options->all ? APPLICATIONS_ALL : command->words[0];
  g_autoptr (GPtrArray) ids = NULL;

  if (applications == NULL)
    return FALSE;
  if (only != NULL && g_str_equal (only, APPLICATIONS_ALL) == FALSE &&
      !applications_contain (applications, only))
    return app_command_fail (
        error, "key file \"%s\" has no application [%s]", command->options->keys, only);
  ids = applications_list (applications);
  for (guint i = 0; i < ids->len; i++) {
    const Application *application =
        g_hash_table_lookup (applications->known, ids->pdata[i]);

    if (only == NULL || g_str_equal (only, ids->pdata[i]))
      append_tokens (command->shown, ids->pdata[i], application->read_tokens);
  }
  if (only == NULL || g_str_equal (only, APPLICATIONS_ALL))
    append_tokens (command->shown, APPLICATIONS_ALL, applications->all->read_tokens);
  return TRUE;
}
