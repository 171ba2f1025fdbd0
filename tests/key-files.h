/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Keys for tests, made by the openssl command in a folder of their own.
 */
#pragma once

#include <glib.h>

typedef struct {
  char *folder;
  GPtrArray *paths;
} KeyFiles;

KeyFiles *key_files_new (void);
/* Removes them. */
void key_files_free (KeyFiles *self);

/* Runs openssl with these words, in the folder; the file it writes is the last of them.
 * Returns: (transfer none): its path. */
const char *key_files_run (KeyFiles *self, const char *word, ...) G_GNUC_NULL_TERMINATED;
/* A private key on a curve, such as P-256, and the public half of a key. */
const char *key_files_make_private (KeyFiles *self, const char *name, const char *curve);
const char *key_files_make_public (
    KeyFiles *self, const char *name, const char *private_path);
const char *key_files_write (KeyFiles *self, const char *name, const char *text);
/* (transfer full) */
char *key_files_read (const char *path);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (KeyFiles, key_files_free)
