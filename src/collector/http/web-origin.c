/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Origins of pages. Pure, any thread.
 */
#include "web-origin.h"

#include <string.h>

#define ANY_BELOW "*."

typedef struct {
  const char *scheme; /* NULL: any */
  gsize scheme_length;
  const char *host; /* with a port, if there is one */
  gboolean below;
} Pattern;

static Pattern
parse (const char *text)
{
  const char *host = strstr (text, "://");
  Pattern pattern = { .host = text };

  if (host != NULL) {
    pattern.scheme = text;
    pattern.scheme_length = (gsize)(host - text);
    pattern.host = host + 3;
  }
  if (g_str_has_prefix (pattern.host, ANY_BELOW)) {
    pattern.below = TRUE;
    pattern.host += strlen (ANY_BELOW);
  }
  return pattern;
}

gboolean
web_origin_is_pattern (const char *text)
{
  static const char allowed[] = G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "-._:[]";
  Pattern pattern = parse (text);

  if (pattern.scheme != NULL &&
      !(pattern.scheme_length == 5 && g_str_has_prefix (text, "https")) &&
      !(pattern.scheme_length == 4 && g_str_has_prefix (text, "http")))
    return FALSE;
  return *pattern.host != '\0' && pattern.host[strspn (pattern.host, allowed)] == '\0';
}

/* What is behind the host's end, the port, must be the pattern's unless it has neither
 * scheme nor port. */
static gboolean
match_host (const Pattern *pattern, const char *host)
{
  g_autofree char *bare = NULL;
  const char *port = strrchr (host, ':');
  gsize length = strlen (pattern->host);
  gsize rest;

  if (pattern->scheme == NULL && strrchr (pattern->host, ':') == NULL && port != NULL)
    host = bare = g_strndup (host, (gsize)(port - host));
  if (!pattern->below)
    return g_ascii_strcasecmp (pattern->host, host) == 0;
  if (strlen (host) <= length + 1)
    return FALSE;
  rest = strlen (host) - length;
  return host[rest - 1] == '.' && g_ascii_strcasecmp (pattern->host, host + rest) == 0;
}

gboolean
web_origin_matches (const char *text, const char *origin)
{
  Pattern pattern = parse (text);
  Pattern told = parse (origin);

  if (told.scheme == NULL || told.below)
    return FALSE;
  if (pattern.scheme != NULL &&
      (pattern.scheme_length != told.scheme_length ||
          strncmp (pattern.scheme, told.scheme, told.scheme_length) != 0))
    return FALSE;
  return match_host (&pattern, told.host);
}
