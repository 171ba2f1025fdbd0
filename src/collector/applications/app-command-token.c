/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Read tokens in a key file: a label and a hash each. Main thread only.
 */
#include "app-command-private.h"

#include <string.h>

#include "read-token.h"

#define LABEL_CHARACTERS G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "._@-"
#define MAX_LABEL 64

/* Returns: (nullable): NULL with an error where the words and --all do not name one. */
static const char *
find_group (AppCommand *command, guint n_others, GError **error)
{
  guint n = g_strv_length (command->words);
  const char *app = command->options->all ? APPLICATIONS_ALL : command->words[0];

  if (n != n_others + (command->options->all ? 0 : 1)) {
    app_command_fail (error, "name either an application or --all");
    return NULL;
  }
  if (command->file != NULL && !app_command_check_known (command, app, error))
    return NULL;
  return app;
}

static gboolean
has_label (const char *value, const char *label)
{
  gsize length = strlen (label);

  return strncmp (value, label, length) == 0 && value[length] == ':';
}

static gboolean
is_taken (char **values, const char *label)
{
  for (; *values != NULL; values++)
    if (has_label (*values, label))
      return TRUE;
  return FALSE;
}

static char *
make_label (char **values)
{
  for (guint n = 1;; n++) {
    g_autofree char *label = g_strdup_printf ("token%u", n);

    if (!is_taken (values, label))
      return g_steal_pointer (&label);
  }
}

static gboolean
check_label (char **values, const char *label, GError **error)
{
  if (*label == '\0' || strlen (label) > MAX_LABEL ||
      label[strspn (label, LABEL_CHARACTERS)] != '\0')
    return app_command_fail (error,
        "--label: \"%s\" is not a word of up to %d letters, digits and ._@-", label,
        MAX_LABEL);
  if (is_taken (values, label))
    return app_command_fail (error,
        "--label: there is a read token \"%s\" already; take another label or remove it",
        label);
  return TRUE;
}

static char *
format_entry (const char *label, const char *token)
{
  guint8 hash[READ_TOKEN_HASH_BYTES];
  GString *entry = g_string_new (label);

  g_string_append_c (entry, ':');
  read_token_hash (token, hash);
  for (guint i = 0; i < sizeof hash; i++)
    g_string_append_printf (entry, "%02x", hash[i]);
  return g_string_free (entry, FALSE);
}

gboolean
app_command_token_add (AppCommand *command, GError **error)
{
  const char *app = find_group (command, 0, error);
  g_auto (GStrv) values = NULL;
  g_autofree char *label = NULL;
  g_autofree char *token = NULL;
  g_autofree char *entry = NULL;

  if (app == NULL)
    return FALSE;
  values = key_file_get_list (command->file, app, "read-token");
  label = command->options->label != NULL ? g_strdup (command->options->label)
                                          : make_label (values);
  if (!check_label (values, label, error))
    return FALSE;
  token = read_token_new ();
  entry = format_entry (label, token);
  key_file_append (command->file, app, "read-token", entry);
  g_string_append_printf (command->shown, "%s\n", token);
  return TRUE;
}

gboolean
app_command_token_remove (AppCommand *command, GError **error)
{
  const char *app = find_group (command, 1, error);
  const char *label = app != NULL ? command->words[command->options->all ? 0 : 1] : NULL;
  g_auto (GStrv) values = NULL;
  g_autoptr (GStrvBuilder) kept = g_strv_builder_new ();
  g_auto (GStrv) list = NULL;

  if (app == NULL)
    return FALSE;
  values = key_file_get_list (command->file, app, "read-token");
  if (!is_taken (values, label))
    return app_command_fail (
        error, "[%s] has no read token \"%s\"; see token list", app, label);
  for (guint i = 0; values[i] != NULL; i++)
    if (!has_label (values[i], label))
      g_strv_builder_add (kept, values[i]);
  list = g_strv_builder_end (kept);
  key_file_set_list (command->file, app, "read-token", (const char *const *)list);
  return TRUE;
}
