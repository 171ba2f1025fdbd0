/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Keys for tests. Main thread only.
 */
#include "key-files.h"

#include <glib/gstdio.h>

KeyFiles *
key_files_new (void)
{
  KeyFiles *self = g_new0 (KeyFiles, 1);

  self->folder = g_dir_make_tmp ("callstats-keys-XXXXXX", NULL);
  g_assert_nonnull (self->folder);
  self->paths = g_ptr_array_new_with_free_func (g_free);
  return self;
}

void
key_files_free (KeyFiles *self)
{
  guint i;

  if (self == NULL)
    return;
  for (i = 0; i < self->paths->len; i++)
    g_unlink (self->paths->pdata[i]);
  g_rmdir (self->folder);
  g_ptr_array_unref (self->paths);
  g_free (self->folder);
  g_free (self);
}

static const char *
add_path (KeyFiles *self, const char *name)
{
  char *path = g_build_filename (self->folder, name, NULL);

  g_ptr_array_add (self->paths, path);
  return path;
}

static void
run_openssl (const char *folder, char **words)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *complaint = NULL;
  int status;

  g_spawn_sync (folder, words, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL,
      NULL, NULL, NULL, &complaint, &status, &error);
  g_assert_no_error (error);
  if (!g_spawn_check_wait_status (status, &error))
    g_error ("openssl %s: %s", words[1], complaint);
}

const char *
key_files_run (KeyFiles *self, const char *word, ...)
{
  g_autoptr (GPtrArray) words = g_ptr_array_new ();
  const char *last = word;
  va_list args;

  g_ptr_array_add (words, (char *)"openssl");
  va_start (args, word);
  for (; word != NULL; word = va_arg (args, const char *)) {
    g_ptr_array_add (words, (char *)word);
    last = word;
  }
  va_end (args);
  g_ptr_array_add (words, NULL);
  run_openssl (self->folder, (char **)words->pdata);
  return add_path (self, last);
}

const char *
key_files_make_private (KeyFiles *self, const char *name, const char *curve)
{
  g_autofree char *option = g_strconcat ("ec_paramgen_curve:", curve, NULL);

  return key_files_run (
      self, "genpkey", "-algorithm", "EC", "-pkeyopt", option, "-out", name, NULL);
}

const char *
key_files_make_public (KeyFiles *self, const char *name, const char *private_path)
{
  return key_files_run (self, "pkey", "-in", private_path, "-pubout", "-out", name, NULL);
}

const char *
key_files_write (KeyFiles *self, const char *name, const char *text)
{
  const char *path = add_path (self, name);

  g_assert_true (
      g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
  return path;
}

char *
key_files_read (const char *path)
{
  char *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  return text;
}
