/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * File names of downloads. Pure, any thread.
 */
#include "download-name.h"

#include <string.h>

/* File systems take 255 bytes; what is longer is cut. */
#define MAX_BYTES 150

/* What means something in a path, a shell or a file manager is replaced; so are
 * characters that are not seen, or turn what is seen around. */
static gboolean
is_plain (gunichar c)
{
  GUnicodeType type = g_unichar_type (c);

  return type != G_UNICODE_CONTROL && type != G_UNICODE_FORMAT &&
         type != G_UNICODE_LINE_SEPARATOR && type != G_UNICODE_PARAGRAPH_SEPARATOR &&
         type != G_UNICODE_SURROGATE && type != G_UNICODE_PRIVATE_USE &&
         (c >= 0x80 || strchr ("/\\:*?\"<>|%", (int)c) == NULL);
}

static GString *
make_name (const char *id, gboolean ascii)
{
  GString *name = g_string_new (NULL);

  for (const char *at = id; *at != '\0'; at = g_utf8_next_char (at)) {
    gunichar c = g_utf8_get_char (at);

    if (name->len >= MAX_BYTES)
      break;
    if (ascii
            ? c < 0x80 && (g_ascii_isalnum ((char)c) || c == '-' || c == '_' || c == '.')
            : is_plain (c))
      g_string_append_unichar (name, c);
    else
      g_string_append_c (name, '_');
  }
  return name;
}

char *
download_name_disposition (const char *prefix, const char *id, const char *suffix)
{
  g_autoptr (GString) ascii = make_name (id, TRUE);
  g_autoptr (GString) full = make_name (id, FALSE);
  /* RFC 8187's attr-char, but for those that GLib leaves alone anyway. */
  g_autofree char *encoded = g_uri_escape_string (full->str, "!#$&+^`|", FALSE);

  return g_strdup_printf ("attachment; filename=\"%s%s%s\"; filename*=UTF-8''%s%s%s",
      prefix, ascii->str, suffix, prefix, encoded, suffix);
}
