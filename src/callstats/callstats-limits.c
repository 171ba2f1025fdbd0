/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The checks of callstats' limits. Pure, any thread.
 */
#include <string.h>

#include "callstats-error.h"
#include "callstats-limits-private.h"

#define MAX_QUOTED 100 /* characters */

char *
callstats_quote (const char *text)
{
  /* No character has more than 4 bytes: not all of what may be megabytes is looked at. */
  g_autofree char *bytes = g_strndup (text != NULL ? text : "", MAX_QUOTED * 4);
  g_autofree char *valid = g_utf8_make_valid (bytes, -1);

  return g_utf8_substring (valid, 0, MIN (g_utf8_strlen (valid, -1), MAX_QUOTED));
}

gboolean
callstats_check_text (const char *what, const char *text, gsize limit, GError **error)
{
  if (text == NULL)
    return TRUE;
  if (!g_utf8_validate (text, -1, NULL)) {
    g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT,
        "%s is not valid UTF-8", what);
    return FALSE;
  }
  if (strlen (text) > limit) {
    g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_TOO_LONG,
        "%s is %" G_GSIZE_FORMAT " bytes long, callstats allows %" G_GSIZE_FORMAT, what,
        strlen (text), limit);
    return FALSE;
  }
  return TRUE;
}

gboolean
callstats_check_id (const char *what, const char *text, gsize limit, GError **error)
{
  if (text == NULL || *text == '\0') {
    g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT,
        "%s is missing or empty", what);
    return FALSE;
  }
  return callstats_check_text (what, text, limit, error);
}
