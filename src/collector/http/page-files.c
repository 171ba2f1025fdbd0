/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The files of the page. The document names the others by their version, and has a
 * browser load all modules at once instead of one level of imports after the other. Main
 * thread only.
 */
#include "page-files.h"

#include <stdlib.h>
#include <string.h>

#define FILES "/callstats/collector/page/"
#define DOCUMENT "index.html"
#define VERSION_LENGTH 16

struct _PageFiles {
  GHashTable *files; /* name → PageFile */
  char *version;
  gboolean overlaid; /* by GLib, with files that somebody is working on */
};

static const struct {
  const char *suffix;
  const char *content_type;
} content_types[] = {
  { ".css", "text/css; charset=utf-8" },
  { ".html", "text/html; charset=utf-8" },
  { ".js", "text/javascript; charset=utf-8" },
  { ".svg", "image/svg+xml" },
  { ".txt", "text/plain; charset=utf-8" },
};

/* ---- One file ---- */

static const char *
find_content_type (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (content_types); i++)
    if (g_str_has_suffix (name, content_types[i].suffix))
      return content_types[i].content_type;
  return NULL;
}

static GBytes *
compress (GBytes *bytes)
{
  g_autoptr (GZlibCompressor) gzip =
      g_zlib_compressor_new (G_ZLIB_COMPRESSOR_FORMAT_GZIP, 9);
  g_autoptr (GOutputStream) memory = g_memory_output_stream_new_resizable ();
  g_autoptr (GOutputStream) stream =
      g_converter_output_stream_new (memory, G_CONVERTER (gzip));
  gsize size;
  const void *data = g_bytes_get_data (bytes, &size);

  /* Memory takes all of it. */
  g_output_stream_write_all (stream, data, size, NULL, NULL, NULL);
  g_output_stream_close (stream, NULL, NULL);
  return g_memory_output_stream_steal_as_bytes (G_MEMORY_OUTPUT_STREAM (memory));
}

/* Takes the bytes. */
static PageFile *
file_new (GBytes *bytes, const char *content_type)
{
  g_autofree char *hash = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, bytes);
  PageFile *file = g_new0 (PageFile, 1);

  file->content_type = content_type;
  file->bytes = bytes;
  file->etag = g_strdup_printf ("\"%.32s\"", hash);
  file->gzip = compress (bytes);
  file->gzip_etag = g_strdup_printf ("\"%.32s-gzip\"", hash);
  if (g_bytes_get_size (file->gzip) >= g_bytes_get_size (bytes))
    g_clear_pointer (&file->gzip, g_bytes_unref);
  return file;
}

static void
file_free (gpointer data)
{
  PageFile *file = data;

  g_bytes_unref (file->bytes);
  g_free (file->etag);
  g_clear_pointer (&file->gzip, g_bytes_unref);
  g_free (file->gzip_etag);
  g_free (file);
}

/* ---- All of them ---- */

/* What is of no known type is not served. */
static void
load_file (PageFiles *files, const char *name)
{
  g_autofree char *path = g_strconcat (FILES, name, NULL);
  const char *content_type = find_content_type (name);
  GBytes *bytes = g_resources_lookup_data (path, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);

  if (bytes != NULL && content_type != NULL)
    g_hash_table_insert (files->files, g_strdup (name), file_new (bytes, content_type));
  else
    g_clear_pointer (&bytes, g_bytes_unref);
}

/* folder: "" or a path that ends with a slash. */
static void
load_folder (PageFiles *files, const char *folder)
{
  g_autofree char *path = g_strconcat (FILES, folder, NULL);
  g_auto (GStrv) children =
      g_resources_enumerate_children (path, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);

  for (guint i = 0; children != NULL && children[i] != NULL; i++) {
    g_autofree char *name = g_strconcat (folder, children[i], NULL);

    if (g_str_has_suffix (name, "/"))
      load_folder (files, name);
    else
      load_file (files, name);
  }
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(char **)a, *(char **)b);
}

/* Returns: (transfer container): sorted. */
static char **
list_names (const PageFiles *files)
{
  guint n;
  char **names = (char **)g_hash_table_get_keys_as_array (files->files, &n);

  qsort (names, n, sizeof *names, compare_names);
  return names;
}

static char *
make_version (const PageFiles *files)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autofree char **names = list_names (files);

  for (guint i = 0; names[i] != NULL; i++) {
    const PageFile *file = g_hash_table_lookup (files->files, names[i]);

    g_checksum_update (checksum, (const guchar *)names[i], -1);
    g_checksum_update (checksum, (const guchar *)file->etag, -1);
  }
  return g_strndup (g_checksum_get_string (checksum), VERSION_LENGTH);
}

/* ---- The document ---- */

static void
append_preloads (const PageFiles *files, GString *links)
{
  g_autofree char **names = list_names (files);

  for (guint i = 0; names[i] != NULL; i++)
    if (g_str_has_suffix (names[i], ".js"))
      g_string_append_printf (
          links, "  <link rel=\"modulepreload\" href=\"/page/%s\">\n", names[i]);
}

static void
complete_document (PageFiles *files)
{
  const PageFile *file = g_hash_table_lookup (files->files, DOCUMENT);
  g_autofree char *start = g_strdup_printf ("=\"/page/%s/", files->version);
  GString *links = g_string_new (NULL);
  GString *text;
  gsize size;
  const char *data;

  data = g_bytes_get_data (file->bytes, &size);
  text = g_string_new_len (data, (gssize)size);
  append_preloads (files, links);
  g_string_append (links, "</head>");
  g_string_replace (text, "</head>", links->str, 1);
  g_string_replace (text, "=\"/page/", start, 0);
  g_hash_table_insert (files->files, g_strdup (DOCUMENT),
      file_new (g_string_free_to_bytes (text), find_content_type (DOCUMENT)));
  g_string_free (links, TRUE);
}

PageFiles *
page_files_new (void)
{
  PageFiles *files = g_new0 (PageFiles, 1);

  files->files = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, file_free);
  files->overlaid = g_getenv ("G_RESOURCE_OVERLAYS") != NULL;
  load_folder (files, "");
  files->version = make_version (files);
  if (!files->overlaid)
    complete_document (files);
  return files;
}

void
page_files_free (PageFiles *files)
{
  if (files == NULL)
    return;
  g_hash_table_unref (files->files);
  g_free (files->version);
  g_free (files);
}

const char *
page_files_get_version (const PageFiles *files)
{
  return files->version;
}

const PageFile *
page_files_find (PageFiles *files, const char *name)
{
  if (files->overlaid && g_hash_table_contains (files->files, name))
    load_file (files, name);
  return g_hash_table_lookup (files->files, name);
}
