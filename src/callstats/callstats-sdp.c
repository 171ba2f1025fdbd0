/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Session descriptions without their secrets. Pure, any thread.
 *
 * Line by line: what is not understood stays as it is, for a description that is wrong is
 * just what one wants to see.
 */
#include <string.h>

#include "callstats-sdp.h"

#define REDACTED "***"

typedef struct {
  const char *prefix;
  gboolean drop; /* the whole line; else the value behind the prefix */
} Secret;

static const Secret secrets[] = {
  { "a=ice-pwd:", FALSE },
  { "a=crypto:", FALSE },
  { "k=", TRUE },
  { "a=key-mgmt:", FALSE },
};

static const Secret *
find_secret (const char *line)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (secrets); i++) {
    if (g_ascii_strncasecmp (line, secrets[i].prefix, strlen (secrets[i].prefix)) == 0)
      return &secrets[i];
  }
  return NULL;
}

/* user1234@host-5a → user1234@***, up to the next space. */
static void
append_without_host (GString *out, const char *line)
{
  const char *at = strchr (line, '@');

  while (at != NULL) {
    g_string_append_len (out, line, at - line + 1);
    g_string_append (out, REDACTED);
    line = at + 1 + strcspn (at + 1, " ");
    at = strchr (line, '@');
  }
  g_string_append (out, line);
}

/* a=candidate:FOUNDATION COMPONENT PROTOCOL PRIORITY ADDRESS PORT … raddr ADDRESS … */
static void
append_candidate (GString *out, const char *line)
{
  g_auto (GStrv) words = g_strsplit (line, " ", -1);
  guint i;

  for (i = 0; words[i] != NULL; i++) {
    gboolean address = i == 4 || (i > 0 && strcmp (words[i - 1], "raddr") == 0);

    if (i > 0)
      g_string_append_c (out, ' ');
    g_string_append (out, address ? REDACTED : words[i]);
  }
}

/* c=IN IP4 ADDRESS, o=USER ID VERSION IN IP4 ADDRESS, a=rtcp:PORT IN IP4 ADDRESS */
static void
append_without_last_word (GString *out, const char *line)
{
  const char *space = strrchr (line, ' ');

  g_string_append_len (out, line, space != NULL ? space - line + 1 : 0);
  g_string_append (out, REDACTED);
}

static gboolean
ends_in_address (const char *line)
{
  return g_str_has_prefix (line, "c=IN ") || g_str_has_prefix (line, "o=") ||
         (g_str_has_prefix (line, "a=rtcp:") && strstr (line, " IN ") != NULL);
}

static gboolean
names_a_source (const char *line)
{
  return g_str_has_prefix (line, "a=ssrc:") || g_str_has_prefix (line, "a=msid:");
}

static void
append_line (GString *out, const char *line, gboolean keep_addresses)
{
  const Secret *secret = find_secret (line);

  if (secret != NULL && secret->drop)
    return;
  if (secret != NULL)
    g_string_append_printf (out, "%s%s", secret->prefix, REDACTED);
  else if (!keep_addresses && g_str_has_prefix (line, "a=candidate:"))
    append_candidate (out, line);
  else if (!keep_addresses && ends_in_address (line))
    append_without_last_word (out, line);
  else if (names_a_source (line))
    append_without_host (out, line);
  else
    g_string_append (out, line);
  g_string_append (out, "\r\n");
}

/**
 * callstats_sdp_redact:
 * @sdp: a session description
 * @keep_addresses: whether the addresses of candidates and connections stay
 *
 * Takes the secrets out of a session description: ICE passwords, SDES and other keys, and
 * the host names in CNAMEs and msids. For any thread.
 *
 * Returns: (transfer full): the description without them, its lines ended by CR LF
 */
char *
callstats_sdp_redact (const char *sdp, gboolean keep_addresses)
{
  g_autofree char *valid = g_utf8_make_valid (sdp, -1);
  g_auto (GStrv) lines = g_strsplit (valid, "\n", -1);
  GString *out = g_string_sized_new (strlen (sdp));
  guint i;

  for (i = 0; lines[i] != NULL; i++) {
    g_strchomp (lines[i]);
    if (*lines[i] != '\0')
      append_line (out, lines[i], keep_addresses);
  }
  return g_string_free (out, FALSE);
}
