/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A key file that is changed: locked against others who change it, kept with its
 * comments, checked before it takes the place of what was there.
 *
 * Any thread; one at a time.
 */
#pragma once

#include <gio/gio.h>

typedef struct _KeyFile KeyFile;

/* Waits for others who change it. A file that is not there is empty. Returns: (nullable):
 * NULL with an error. */
KeyFile *key_file_open (const char *path, GError **error);
void key_file_free (KeyFile *file);

/* Fails, and leaves the file alone, where the collector could not read it. */
gboolean key_file_save (KeyFile *file, GError **error);

gboolean key_file_has_group (KeyFile *file, const char *group);
/* Returns: (transfer full) */
GStrv key_file_get_groups (KeyFile *file);
void key_file_remove_group (KeyFile *file, const char *group);

void key_file_set (KeyFile *file, const char *group, const char *key, const char *value);
/* Returns: (transfer full): of a list; empty where there is none. */
GStrv key_file_get_list (KeyFile *file, const char *group, const char *key);
/* An empty list takes the key away. */
void key_file_set_list (
    KeyFile *file, const char *group, const char *key, const char *const *values);
/* At the end: the newest is last. */
void key_file_append (
    KeyFile *file, const char *group, const char *key, const char *value);
/* Whether any secret in it is sealed. */
gboolean key_file_has_sealed (KeyFile *file);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (KeyFile, key_file_free)
