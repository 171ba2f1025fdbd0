/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The applications, their secrets and public keys. Only read once filled: any thread.
 */
#include "applications.h"

#include <string.h>

#include "callstats/callstats-error.h"
#include "public-key.h"

#define MAX_SECRET 4096
#define MAX_CREDENTIALS 8 /* of a kind; a bad token costs as many checks */

typedef struct {
  GPtrArray *secrets;
  GPtrArray *public_keys; /* PEM */
} Application;

struct _Applications {
  GHashTable *known; /* application id -> Application */
};

static void
application_free (gpointer data)
{
  Application *application = data;

  g_ptr_array_unref (application->secrets);
  g_ptr_array_unref (application->public_keys);
  g_free (application);
}

Applications *
applications_new (void)
{
  Applications *applications = g_new0 (Applications, 1);

  applications->known =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, application_free);
  return applications;
}

void
applications_free (Applications *applications)
{
  if (applications == NULL)
    return;
  g_hash_table_unref (applications->known);
  g_free (applications);
}

/* Returns: (nullable): NULL with an error. */
static Application *
ensure_application (Applications *applications, const char *app, GError **error)
{
  Application *application = g_hash_table_lookup (applications->known, app);

  if (application != NULL)
    return application;
  if (*app == '\0' || !g_utf8_validate (app, -1, NULL)) {
    g_set_error_literal (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT,
        "an application id is empty or not UTF-8; give it with --app ID");
    return NULL;
  }
  application = g_new0 (Application, 1);
  application->secrets = g_ptr_array_new_with_free_func (g_free);
  application->public_keys = g_ptr_array_new_with_free_func (g_free);
  g_hash_table_insert (applications->known, g_strdup (app), application);
  return application;
}

static gboolean
add_credential (const char *app, GPtrArray *list, const char *credential, GError **error)
{
  if (list->len >= MAX_CREDENTIALS) {
    g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT,
        "application \"%s\" has more than %d secrets or keys; take old ones away", app,
        MAX_CREDENTIALS);
    return FALSE;
  }
  g_ptr_array_add (list, g_strdup (credential));
  return TRUE;
}

static gboolean
add_secret (
    Applications *applications, const char *app, const char *secret, GError **error)
{
  Application *application = ensure_application (applications, app, error);

  return application != NULL && add_credential (app, application->secrets, secret, error);
}

static gboolean
check_secret (const char *secret, gsize length, const char *path, GError **error)
{
  const char *wrong = NULL;

  if (length == 0)
    wrong = "is empty; write the application's secret into it";
  else if (strlen (secret) != length)
    wrong =
        "holds a NUL byte, so it is no secret; write the application's secret into it";
  else if (g_str_has_prefix (secret, "-----BEGIN"))
    /* Whoever has a public key could sign with it. */
    wrong = "holds a key in PEM, which is no secret; give a public key with --app-key";
  else if (length > MAX_SECRET)
    wrong = "is longer than 4096 bytes, so it is no secret; check the path";
  if (wrong == NULL)
    return TRUE;
  g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT,
      "secret file \"%s\" %s", path, wrong);
  return FALSE;
}

/* Returns: (transfer full) (nullable): NULL with an error. */
static char *
read_file (
    const char *what, const char *app, const char *path, gsize *length, GError **error)
{
  g_autoptr (GError) unreadable = NULL;
  char *text;

  if (g_file_get_contents (path, &text, length, &unreadable))
    return text;
  g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_NOT_FOUND,
      "%s of application \"%s\" cannot be read: %s; check the path and its permissions",
      what, app, unreadable->message);
  return NULL;
}

gboolean
applications_add_secret_file (
    Applications *applications, const char *app, const char *path, GError **error)
{
  gsize length;
  g_autofree char *secret = read_file ("secret file", app, path, &length, error);

  if (secret == NULL)
    return FALSE;
  while (length > 0 && (secret[length - 1] == '\n' || secret[length - 1] == '\r'))
    secret[--length] = '\0';
  return check_secret (secret, length, path, error) &&
         add_secret (applications, app, secret, error);
}

/* Returns: (transfer full) (nullable): NULL with an error. */
static char *
read_public_key (const char *app, const char *path, GError **error)
{
  gsize length;
  g_autofree char *text = read_file ("key file", app, path, &length, error);
  const char *wrong = NULL;

  if (text == NULL)
    return NULL;
  if (strlen (text) == length && is_p256_public_key (text))
    return g_steal_pointer (&text);
  if (strstr (text, "PRIVATE KEY-----") != NULL)
    wrong =
        "holds a private key, which belongs to the clients alone; give the public one, "
        "as openssl pkey -in KEY -pubout writes it";
  else
    wrong = "holds no public EC key on the curve P-256 in PEM, as openssl pkey -in KEY "
            "-pubout writes it";
  g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT,
      "key file \"%s\" of application \"%s\" %s", path, app, wrong);
  return NULL;
}

gboolean
applications_add_public_key_file (
    Applications *applications, const char *app, const char *path, GError **error)
{
  g_autofree char *key = read_public_key (app, path, error);
  Application *application =
      key != NULL ? ensure_application (applications, app, error) : NULL;

  return application != NULL &&
         add_credential (app, application->public_keys, key, error);
}

typedef gboolean (*AddFile) (
    Applications *applications, const char *app, const char *path, GError **error);

/* The files that a group names, relative to the key file. */
static gboolean
add_files (Applications *applications, GKeyFile *keys, const char *app, const char *name,
    const char *folder, AddFile add, GError **error)
{
  g_auto (GStrv) files = g_key_file_get_string_list (keys, app, name, NULL, NULL);

  for (guint i = 0; files != NULL && files[i] != NULL; i++) {
    g_autofree char *path = g_canonicalize_filename (files[i], folder);

    if (!add (applications, app, path, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
add_group (Applications *applications, GKeyFile *keys, const char *app, const char *path,
    GError **error)
{
  g_autofree char *secret = g_key_file_get_string (keys, app, "secret", NULL);
  g_autofree char *folder = g_path_get_dirname (path);

  if (!add_files (applications, keys, app, "secret-file", folder,
          applications_add_secret_file, error) ||
      !add_files (applications, keys, app, "key-file", folder,
          applications_add_public_key_file, error))
    return FALSE;
  if (secret != NULL && *secret != '\0')
    return check_secret (secret, strlen (secret), path, error) &&
           add_secret (applications, app, secret, error);
  if (applications_contain (applications, app))
    return TRUE;
  g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT,
      "key file \"%s\": application [%s] has neither secret nor key; add "
      "secret-file=PATH or key-file=PATH",
      path, app);
  return FALSE;
}

gboolean
applications_add_key_file (Applications *applications, const char *path, GError **error)
{
  g_autoptr (GKeyFile) keys = g_key_file_new ();
  g_autoptr (GError) unreadable = NULL;
  g_auto (GStrv) groups = NULL;

  if (!g_key_file_load_from_file (keys, path, G_KEY_FILE_NONE, &unreadable)) {
    g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_NOT_FOUND,
        "key file \"%s\" cannot be read: %s; it holds a group [APP-ID] with "
        "secret-file=PATH or key-file=PATH for each application",
        path, unreadable->message);
    return FALSE;
  }
  groups = g_key_file_get_groups (keys, NULL);
  for (guint i = 0; groups[i] != NULL; i++)
    if (!add_group (applications, keys, groups[i], path, error))
      return FALSE;
  return TRUE;
}

gboolean
applications_contain (const Applications *applications, const char *app)
{
  return g_hash_table_contains (applications->known, app);
}

const GPtrArray *
applications_get_secrets (const Applications *applications, const char *app)
{
  const Application *application = g_hash_table_lookup (applications->known, app);

  return application->secrets;
}

const GPtrArray *
applications_get_public_keys (const Applications *applications, const char *app)
{
  const Application *application = g_hash_table_lookup (applications->known, app);

  return application->public_keys;
}

static int
compare_ids (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *
applications_list (const Applications *applications)
{
  GPtrArray *list = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer id;

  g_hash_table_iter_init (&iter, applications->known);
  while (g_hash_table_iter_next (&iter, &id, NULL))
    g_ptr_array_add (list, id);
  g_ptr_array_sort (list, compare_ids);
  return list;
}
