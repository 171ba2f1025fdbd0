/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A key file that is changed. The lock is on its folder: the file itself is another one
 * after each change, and a lock file would stay behind.
 */
#include "key-file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "applications-private.h"
#include "callstats/callstats-error.h"
#include "ini-lines.h"

struct _KeyFile {
  GKeyFile *keys;  /* what it says */
  IniLines *lines; /* the same, as it is written */
  char *path;      /* as it was given: what is in it is relative to that */
  char *real;      /* without symbolic links */
  char *name;      /* in the folder */
  int folder;
};

void
key_file_free (KeyFile *file)
{
  if (file == NULL)
    return;
  if (file->folder != -1)
    close (file->folder);
  g_key_file_unref (file->keys);
  ini_lines_free (file->lines);
  g_free (file->path);
  g_free (file->real);
  g_free (file->name);
  g_free (file);
}

/* A link stays a link: what it leads to is replaced. */
static char *
resolve (const char *path)
{
  char *real = realpath (path, NULL);
  char *result = real != NULL ? g_strdup (real) : g_canonicalize_filename (path, NULL);

  free (real);
  return result;
}

static gboolean
lock_folder (KeyFile *file, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (file->real);
  int locked;

  file->folder = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  do
    locked = file->folder != -1 ? flock (file->folder, LOCK_EX) : -1;
  while (locked == -1 && errno == EINTR);
  if (locked == 0)
    return TRUE;
  g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_UNAVAILABLE,
      "the folder \"%s\" of the key file cannot be locked: %s; name one that is there",
      folder, g_strerror (errno));
  return FALSE;
}

static gboolean
load (KeyFile *file, GError **error)
{
  g_autoptr (PrivateFile) content = NULL;

  if (!g_file_test (file->path, G_FILE_TEST_EXISTS)) {
    file->lines = ini_lines_new ("");
    return TRUE;
  }
  content = private_file_read ("key file", file->path, error);
  if (content == NULL)
    return FALSE;
  file->lines = ini_lines_new (content->text);
  if (g_key_file_load_from_data (
          file->keys, content->text, content->length, G_KEY_FILE_NONE, error))
    return TRUE;
  g_prefix_error (error, "key file \"%s\" is broken: ", file->path);
  return FALSE;
}

KeyFile *
key_file_open (const char *path, GError **error)
{
  g_autoptr (KeyFile) file = g_new0 (KeyFile, 1);

  file->keys = g_key_file_new ();
  file->path = g_canonicalize_filename (path, NULL);
  file->real = resolve (path);
  file->name = g_path_get_basename (file->real);
  file->folder = -1;
  if (!lock_folder (file, error) || !load (file, error))
    return NULL;
  return g_steal_pointer (&file);
}

gboolean
key_file_save (KeyFile *file, GError **error)
{
  g_autoptr (Applications) applications = applications_new ();
  g_autofree char *text = ini_lines_to_text (file->lines);
  gsize length = strlen (text);

  applications_leave_sealed (applications);
  return applications_read_key_text (
             applications, file->path, text, length, NULL, error) &&
         private_file_replace (file->folder, file->name, text, length, error);
}

gboolean
key_file_has_group (KeyFile *file, const char *group)
{
  return g_key_file_has_group (file->keys, group);
}

GStrv
key_file_get_groups (KeyFile *file)
{
  return g_key_file_get_groups (file->keys, NULL);
}

void
key_file_remove_group (KeyFile *file, const char *group)
{
  g_key_file_remove_group (file->keys, group, NULL);
  ini_lines_remove_group (file->lines, group);
}

/* The lines take over what the keys say of one. */
static void
write_line (KeyFile *file, const char *group, const char *key)
{
  g_autofree char *value = g_key_file_get_value (file->keys, group, key, NULL);

  ini_lines_set (file->lines, group, key, value);
}

void
key_file_set (KeyFile *file, const char *group, const char *key, const char *value)
{
  g_key_file_set_string (file->keys, group, key, value);
  write_line (file, group, key);
}

GStrv
key_file_get_list (KeyFile *file, const char *group, const char *key)
{
  GStrv values = g_key_file_get_string_list (file->keys, group, key, NULL, NULL);

  return values != NULL ? values : g_new0 (char *, 1);
}

void
key_file_set_list (
    KeyFile *file, const char *group, const char *key, const char *const *values)
{
  guint n = g_strv_length ((char **)values);

  if (n > 0)
    g_key_file_set_string_list (file->keys, group, key, values, n);
  else
    g_key_file_remove_key (file->keys, group, key, NULL);
  write_line (file, group, key);
}

void
key_file_append (KeyFile *file, const char *group, const char *key, const char *value)
{
  g_auto (GStrv) values = key_file_get_list (file, group, key);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) more = NULL;

  g_strv_builder_addv (builder, (const char **)values);
  g_strv_builder_add (builder, value);
  more = g_strv_builder_end (builder);
  key_file_set_list (file, group, key, (const char *const *)more);
}

gboolean
key_file_has_sealed (KeyFile *file)
{
  g_auto (GStrv) groups = g_key_file_get_groups (file->keys, NULL);

  for (guint i = 0; groups[i] != NULL; i++) {
    g_auto (GStrv) secrets = key_file_get_list (file, groups[i], "secret");

    for (guint j = 0; secrets[j] != NULL; j++)
      if (g_str_has_prefix (secrets[j], SEAL_PREFIX))
        return TRUE;
  }
  return FALSE;
}
