/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Files that hold secrets: read whole, together with whether others than their owner may
 * read them too, and written so that nobody else ever could and no half of one is seen.
 *
 * Any thread.
 */
#pragma once

#include <gio/gio.h>

typedef struct {
  char *text; /* ends in a NUL that length does not count */
  gsize length;
  guint mode;       /* its permission bits */
  gboolean exposed; /* group or others may read or write it */
} PrivateFile;

/* what: names the file in an error, as "secret file of application \"x\"". Returns:
 * (nullable): NULL with an error. */
PrivateFile *private_file_read (const char *what, const char *path, GError **error);
/* Overwrites the text before it is freed. */
void private_file_free (PrivateFile *file);

/* Fails with the way out where the file is exposed. */
gboolean private_file_check_mode (
    const PrivateFile *file, const char *what, const char *path, GError **error);

/* Takes the place of the file at once and durably, with mode 0600 and its owner. folder:
 * a descriptor of the folder it is in; name: in that. */
gboolean private_file_replace (
    int folder, const char *name, const char *text, gsize length, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PrivateFile, private_file_free)
