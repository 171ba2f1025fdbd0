/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The applications and their secrets. Only read once filled: any thread.
 */
#include "applications.h"

#include <string.h>

#include "callstats/callstats-error.h"

#define MAX_SECRET 4096

struct _Applications {
  GHashTable *secrets; /* application id -> secret */
};

Applications *
applications_new (void)
{
  Applications *applications = g_new0 (Applications, 1);

  applications->secrets = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return applications;
}

void
applications_free (Applications *applications)
{
  if (applications == NULL)
    return;
  g_hash_table_unref (applications->secrets);
  g_free (applications);
}

static gboolean
add_secret (
    Applications *applications, const char *app, const char *secret, GError **error)
{
  if (*app == '\0' || !g_utf8_validate (app, -1, NULL)) {
    g_set_error_literal (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT,
        "an application id is empty or not UTF-8; give it with --app ID");
    return FALSE;
  }
  if (g_hash_table_contains (applications->secrets, app)) {
    g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT,
        "application \"%s\" is given twice; name it once, by --app or in the key file",
        app);
    return FALSE;
  }
  g_hash_table_insert (applications->secrets, g_strdup (app), g_strdup (secret));
  return TRUE;
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
  else if (length > MAX_SECRET)
    wrong = "is longer than 4096 bytes, so it is no secret; check the path";
  if (wrong == NULL)
    return TRUE;
  g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT,
      "secret file \"%s\" %s", path, wrong);
  return FALSE;
}

gboolean
applications_add_secret_file (
    Applications *applications, const char *app, const char *path, GError **error)
{
  g_autoptr (GError) unreadable = NULL;
  g_autofree char *secret = NULL;
  gsize length;

  if (!g_file_get_contents (path, &secret, &length, &unreadable)) {
    g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_NOT_FOUND,
        "secret file of application \"%s\" cannot be read: %s; check the path and its "
        "permissions",
        app, unreadable->message);
    return FALSE;
  }
  while (length > 0 && (secret[length - 1] == '\n' || secret[length - 1] == '\r'))
    secret[--length] = '\0';
  return check_secret (secret, length, path, error) &&
         add_secret (applications, app, secret, error);
}

static gboolean
add_group (Applications *applications, GKeyFile *keys, const char *app, const char *path,
    GError **error)
{
  g_autofree char *file = g_key_file_get_string (keys, app, "secret-file", NULL);
  g_autofree char *secret = g_key_file_get_string (keys, app, "secret", NULL);

  if (file != NULL) {
    g_autofree char *folder = g_path_get_dirname (path);
    g_autofree char *full = g_canonicalize_filename (file, folder);

    return applications_add_secret_file (applications, app, full, error);
  }
  if (secret != NULL && *secret != '\0')
    return add_secret (applications, app, secret, error);
  g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT,
      "key file \"%s\": application [%s] has no secret; add secret-file=PATH", path, app);
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
        "secret-file=PATH for each application",
        path, unreadable->message);
    return FALSE;
  }
  groups = g_key_file_get_groups (keys, NULL);
  for (guint i = 0; groups[i] != NULL; i++)
    if (!add_group (applications, keys, groups[i], path, error))
      return FALSE;
  return TRUE;
}

const char *
applications_secret (const Applications *applications, const char *app)
{
  return g_hash_table_lookup (applications->secrets, app);
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

  g_hash_table_iter_init (&iter, applications->secrets);
  while (g_hash_table_iter_next (&iter, &id, NULL))
    g_ptr_array_add (list, id);
  g_ptr_array_sort (list, compare_ids);
  return list;
}
