/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Errors and warnings of a pipeline as the data of applicationErrorLog.
 */
#include <string.h>

#include "errorlog.h"

#define END_OF_URI " \t\r\n\"'<>`"
#define END_OF_AUTHORITY "/?#"

static gboolean
is_in_scheme (char c)
{
  return g_ascii_isalnum (c) || c == '+' || c == '-' || c == '.';
}

/* turn:user:password@host has no slashes. */
static gsize
skip_slashes (const char *text)
{
  return text[0] == '/' && text[1] == '/' ? 2 : 0;
}

/* From text, which stands behind a scheme's colon: copies what may be told of the URI.
 * Returns: the length of the whole URI */
static gsize
copy_uri (GString *out, const char *text)
{
  gsize length = strcspn (text, END_OF_URI);
  g_autofree char *uri = g_strndup (text, length);
  gsize slashes = skip_slashes (uri);
  char *authority = uri + slashes;
  char *at;

  authority[strcspn (authority, "?#")] = '\0';
  /* A password may hold a slash that should have been escaped. */
  at = strrchr (authority, '@');
  if (at != NULL && (slashes == 2 || memchr (authority, '/', at - authority) == NULL))
    authority = at + 1;
  g_string_append_len (out, "//", slashes);
  g_string_append (out, authority);
  return length;
}

static gboolean
is_turn (const char *colon, gsize scheme)
{
  static const char *const schemes[] = { "turn", "turns", "stun", "stuns" };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (schemes); i++) {
    if (strlen (schemes[i]) == scheme &&
        g_ascii_strncasecmp (colon - scheme, schemes[i], scheme) == 0)
      return TRUE;
  }
  return FALSE;
}

char *
gst_callstats_log_text (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  g_autofree char *told = NULL;
  GString *out = g_string_new (NULL);
  const char *at;
  gsize scheme = 0;

  for (at = valid; *at != '\0';) {
    gboolean uri =
        *at == ':' && scheme > 0 && (skip_slashes (at + 1) > 0 || is_turn (at, scheme));

    scheme = is_in_scheme (*at) ? scheme + 1 : 0;
    g_string_append_c (out, *at++);
    if (uri)
      at += copy_uri (out, at);
  }
  told = g_string_free (out, FALSE);
  return g_utf8_substring (
      told, 0, MIN (g_utf8_strlen (told, -1), GST_CALLSTATS_LOG_MAX_CHARACTERS));
}

static GVariant *
make_data (const char *level, const char *message, const char *element)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "level", "s", level);
  g_variant_dict_insert (&dict, "message", "s", message);
  g_variant_dict_insert (&dict, "messageType", "s", "text");
  if (element != NULL)
    g_variant_dict_insert (&dict, "element", "s", element);
  return g_variant_dict_end (&dict);
}

GVariant *
gst_callstats_error_log_take_rest (GstCallstatsErrorLog *log, gint64 now)
{
  g_autofree char *message = NULL;

  if (log->told == 0 || now - log->minute < G_TIME_SPAN_MINUTE)
    return NULL;
  log->told = 0;
  if (log->left_out == 0)
    return NULL;
  message = g_strdup_printf (
      "%u more errors and warnings of the pipeline within a minute were left out",
      log->left_out);
  log->left_out = 0;
  return make_data ("warn", message, NULL);
}

GVariant *
gst_callstats_error_log_take (GstCallstatsErrorLog *log, GstMessage *message, gint64 now)
{
  gboolean is_error = GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  g_autofree char *element = NULL;

  if (log->told == GST_CALLSTATS_LOG_MAX_A_MINUTE) {
    log->left_out++;
    return NULL;
  }
  if (log->told++ == 0)
    log->minute = now;
  if (is_error)
    gst_message_parse_error (message, &error, NULL);
  else
    gst_message_parse_warning (message, &error, NULL);
  text = gst_callstats_log_text (error->message);
  element = GST_MESSAGE_SRC (message) != NULL
                ? gst_callstats_log_text (GST_MESSAGE_SRC_NAME (message))
                : NULL;
  return make_data (is_error ? "error" : "warn", text, element);
}
