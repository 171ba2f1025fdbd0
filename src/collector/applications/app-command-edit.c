/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Applications, their secrets and public keys. Main thread only.
 */
#include "app-command-private.h"

#include <string.h>

#include "private-file.h"
#include "public-key.h"
#include "random-text.h"

#define MAX_ID 128 /* as the store takes them */

/* ---- What is made ---- */

static gboolean
check_id (const char *app, GError **error)
{
  const char *wrong = NULL;

  if (*app == '\0' || strlen (app) > MAX_ID || !g_utf8_validate (app, -1, NULL))
    wrong = "an application has an id of 1 to 128 bytes in UTF-8";
  else if (strcmp (app, APPLICATIONS_ALL) == 0)
    wrong = "[*] stands for all applications";
  for (const char *c = app; wrong == NULL && *c != '\0'; c++)
    if (strchr ("[]", *c) != NULL || g_ascii_iscntrl (*c))
      wrong = "a key file can name no id with brackets or control characters";
  return wrong == NULL || app_command_fail (error, "no such id: %s", wrong);
}

static char *
read_public_key (const char *path, GError **error)
{
  g_autoptr (PrivateFile) file = private_file_read ("key file", path, error);
  char *line;

  if (file == NULL)
    return NULL;
  line = p256_public_key_to_line (file->text);
  if (line == NULL)
    app_command_fail (error,
        "--es256-key: \"%s\" holds no public EC key on the curve P-256 in PEM, as "
        "openssl pkey -in KEY -pubout writes it",
        path);
  return line;
}

static char *
seal (AppCommand *command, const char *app, const char *secret, GError **error)
{
  g_autoptr (SealKey) key = seal_key_read (command->options->seal_key_file, error);

  return key != NULL ? seal_secret (key, app, secret, error) : NULL;
}

/* The text of a new secret, and what the key file has of it. */
static char *
make_secret (AppCommand *command, const char *app, char **secret, GError **error)
{
  *secret = random_text_new ();
  if (command->options->seal_key_file != NULL)
    return seal (command, app, *secret, error);
  if (!key_file_has_sealed (command->file))
    return g_strdup (*secret);
  app_command_fail (error,
      "key file \"%s\" has sealed secrets, and this one would lie open beside them; give "
      "--seal-key-file",
      command->options->keys);
  return NULL;
}

static gboolean
add_credential (AppCommand *command, const char *app, GError **error)
{
  g_autofree char *secret = NULL;
  g_autofree char *stored = NULL;

  if (command->options->es256_key != NULL) {
    stored = read_public_key (command->options->es256_key, error);
    if (stored != NULL)
      key_file_append (command->file, app, "public-key", stored);
    return stored != NULL;
  }
  stored = make_secret (command, app, &secret, error);
  if (stored != NULL) {
    key_file_append (command->file, app, "secret", stored);
    g_string_append_printf (command->shown, "%s\n", secret);
  }
  return stored != NULL;
}

/* ---- What is taken away ---- */

static gboolean
is_empty (AppCommand *command, const char *app, const char *key)
{
  g_auto (GStrv) values = key_file_get_list (command->file, app, key);

  return values[0] == NULL;
}

static void
keep_newest (AppCommand *command, const char *app, const char *key)
{
  g_auto (GStrv) values = key_file_get_list (command->file, app, key);
  guint n = g_strv_length (values);

  key_file_set_list (
      command->file, app, key, (const char *const *)values + (n > 0 ? n - 1 : 0));
}

static void
take_away (AppCommand *command, const char *app, const char *key)
{
  key_file_set_list (command->file, app, key, (const char *const[]){ NULL });
}

/* inside: the list in the file itself, which this program adds to, so the newest is
 * there; beside: the one of files. */
static void
retire_kind (AppCommand *command, const char *app, const char *inside, const char *beside)
{
  if (is_empty (command, app, inside))
    keep_newest (command, app, beside);
  else
    take_away (command, app, beside);
  keep_newest (command, app, inside);
}

static void
retire_all (AppCommand *command, const char *app)
{
  static const char *const kinds[] = { "secret", "secret-file", "public-key",
    "key-file" };

  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    take_away (command, app, kinds[i]);
}

/* ---- The commands ---- */

static void
set_days (AppCommand *command, const char *app, const char *key, int days)
{
  g_autofree char *text = g_strdup_printf ("%d", days);

  if (days != APP_DAYS_NOT_GIVEN)
    key_file_set (command->file, app, key, text);
}

static gboolean
set_fields (AppCommand *command, const char *app, GError **error)
{
  const AppOptions *options = command->options;

  if (options->name != NULL && !g_utf8_validate (options->name, -1, NULL))
    return app_command_fail (error, "--name: it is not UTF-8");
  if (options->name != NULL)
    key_file_set (command->file, app, "name", options->name);
  set_days (command, app, "raw-days", options->raw_days);
  set_days (command, app, "summary-days", options->summary_days);
  return TRUE;
}

gboolean
app_command_add (AppCommand *command, GError **error)
{
  const char *app = command->words[0];

  if (!check_id (app, error))
    return FALSE;
  if (key_file_has_group (command->file, app))
    return app_command_fail (error,
        "key file \"%s\" has [%s] already; callstats-collector app rotate gives it a new "
        "secret",
        command->options->keys, app);
  return set_fields (command, app, error) && add_credential (command, app, error);
}

gboolean
app_command_rotate (AppCommand *command, GError **error)
{
  const char *app = command->words[0];

  if (!check_id (app, error) || !app_command_check_known (command, app, error))
    return FALSE;
  if (command->options->retire)
    retire_all (command, app);
  return set_fields (command, app, error) && add_credential (command, app, error);
}

gboolean
app_command_retire (AppCommand *command, GError **error)
{
  const char *app = command->words[0];

  if (!check_id (app, error) || !app_command_check_known (command, app, error))
    return FALSE;
  retire_kind (command, app, "secret", "secret-file");
  retire_kind (command, app, "public-key", "key-file");
  return TRUE;
}

gboolean
app_command_remove (AppCommand *command, GError **error)
{
  const char *app = command->words[0];

  if (!check_id (app, error) || !app_command_check_known (command, app, error))
    return FALSE;
  key_file_remove_group (command->file, app);
  return TRUE;
}

static gboolean
seal_group (AppCommand *command, const char *app, guint *n, GError **error)
{
  g_auto (GStrv) secrets = key_file_get_list (command->file, app, "secret");

  for (guint i = 0; secrets[i] != NULL; i++) {
    char *sealed;

    if (g_str_has_prefix (secrets[i], SEAL_PREFIX))
      continue;
    sealed = seal (command, app, secrets[i], error);
    if (sealed == NULL)
      return FALSE;
    g_free (secrets[i]);
    secrets[i] = sealed;
    *n += 1;
  }
  key_file_set_list (command->file, app, "secret", (const char *const *)secrets);
  return TRUE;
}

gboolean
app_command_seal (AppCommand *command, GError **error)
{
  g_auto (GStrv) groups = key_file_get_groups (command->file);
  guint n = 0;

  if (command->options->seal_key_file == NULL)
    return app_command_fail (
        error, "--seal-key-file is missing; openssl rand -base64 32 makes such a key");
  for (guint i = 0; groups[i] != NULL; i++)
    if (!seal_group (command, groups[i], &n, error))
      return FALSE;
  g_string_append_printf (command->shown, "%u sealed\n", n);
  return TRUE;
}
