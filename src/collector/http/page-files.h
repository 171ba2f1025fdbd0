/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The files of the page as they are sent: read, compressed and hashed once.
 *
 * Main thread only.
 */
#pragma once

#include <gio/gio.h>

typedef struct {
  const char *content_type;
  GBytes *bytes;
  char *etag;
  GBytes *gzip; /* nullable: it would be no shorter */
  char *gzip_etag;
} PageFile;

typedef struct _PageFiles PageFiles;

PageFiles *page_files_new (void);
void page_files_free (PageFiles *files);

/* Stands for the contents of all of them. */
const char *page_files_get_version (const PageFiles *files);
/* name: such as "index.html" or "lib/dom.js". Returns: (nullable): valid until the next
 * call. */
const PageFile *page_files_find (PageFiles *files, const char *name);
