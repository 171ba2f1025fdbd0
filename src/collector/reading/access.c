/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Who may read. Main thread only.
 */
#include "access.h"

#include <string.h>

#include "counters.h"
#include "log.h"
#include "read-token.h"
#include "request-source.h"
#include "reply.h"
#include "request-source.h"

struct _Access {
  const Applications *applications;
  gboolean open;
  Sessions *sessions;
};

Access *
access_new (const Applications *applications, gboolean open)
{
  Access *access = g_new0 (Access, 1);

  access->applications = applications;
  access->open = open;
  access->sessions = sessions_new ();
  return access;
}

void
access_free (Access *access)
{
  if (access == NULL)
    return;
  sessions_free (access->sessions);
  g_free (access);
}

static gboolean
is_open (const Access *access)
{
  return access->open && !applications_have_read_tokens (access->applications);
}

static const char *
bearer_token (SoupServerMessage *message)
{
  const char *value = soup_message_headers_get_one (
      soup_server_message_get_request_headers (message), "Authorization");

  if (value == NULL || g_ascii_strncasecmp (value, "Bearer ", 7) != 0)
    return NULL;
  return value + 7 + strspn (value + 7, " ");
}

/* ---- The cookie ---- */

/* Browsers take __Host- only from the encrypted host itself. */
#define COOKIE "callstats"
#define SECURE_COOKIE "__Host-callstats"

/* A proxy that does not say how the client came leaves the page's origin to say it. */
static gboolean
is_secure (SoupServerMessage *message)
{
  const char *origin = soup_message_headers_get_one (
      soup_server_message_get_request_headers (message), "Origin");

  return request_source_is_encrypted (message) ||
         (origin != NULL && g_str_has_prefix (origin, "https://"));
}

/* Returns: (transfer full) (nullable) */
static char *
find_cookie (SoupServerMessage *message, const char *name)
{
  const char *list = soup_message_headers_get_list (
      soup_server_message_get_request_headers (message), "Cookie");
  g_auto (GStrv) cookies = g_strsplit_set (list != NULL ? list : "", ";,", -1);
  g_autofree char *start = g_strconcat (name, "=", NULL);

  for (guint i = 0; cookies[i] != NULL; i++)
    if (g_str_has_prefix (g_strstrip (cookies[i]), start))
      return g_strdup (cookies[i] + strlen (start));
  return NULL;
}

static char *
get_cookie (SoupServerMessage *message)
{
  char *value = find_cookie (message, SECURE_COOKIE);

  return value != NULL || request_source_is_encrypted (message)
             ? value
             : find_cookie (message, COOKIE);
}

static void
set_cookie (SoupServerMessage *message, const char *value, int seconds)
{
  gboolean secure = is_secure (message);
  g_autofree char *cookie =
      g_strdup_printf ("%s=%s; Path=/; Max-Age=%d; HttpOnly; SameSite=Strict%s",
          secure ? SECURE_COOKIE : COOKIE, value, seconds, secure ? "; Secure" : "");

  soup_message_headers_append (
      soup_server_message_get_response_headers (message), "Set-Cookie", cookie);
}

void
access_begin_session (
    Access *access, SoupServerMessage *message, const guint8 hash[READ_TOKEN_HASH_BYTES])
{
  g_autofree char *id = sessions_add (access->sessions, hash, g_get_monotonic_time ());

  set_cookie (message, id, SESSION_SECONDS);
}

void
access_end_session (Access *access, SoupServerMessage *message)
{
  g_autofree char *id = get_cookie (message);

  if (id != NULL)
    sessions_remove (access->sessions, id);
  set_cookie (message, "", 0);
}

/* ---- What a message carries ---- */

/* A browser sends it without being asked, so it may only read. */
static gboolean
cookie_counts (SoupServerMessage *message)
{
  const char *method = soup_server_message_get_method (message);

  return method == SOUP_METHOD_GET || method == SOUP_METHOD_HEAD;
}

static gboolean
read_session (const Access *access, SoupServerMessage *message,
    guint8 hash[READ_TOKEN_HASH_BYTES], gboolean *given)
{
  g_autofree char *id = cookie_counts (message) ? get_cookie (message) : NULL;
  const guint8 *found =
      id != NULL ? sessions_find (access->sessions, id, g_get_monotonic_time ()) : NULL;

  *given = id != NULL;
  if (found != NULL)
    memcpy (hash, found, READ_TOKEN_HASH_BYTES);
  return found != NULL;
}

/* Returns: whether the message carries a credential that is good for something. hash: of
 * its read token. given: whether it carries any at all. */
static gboolean
read_credential (const Access *access, SoupServerMessage *message,
    guint8 hash[READ_TOKEN_HASH_BYTES], gboolean *given)
{
  const char *token = bearer_token (message);
  gboolean read;

  *given = TRUE;
  read = token != NULL ? read_token_hash (token, hash)
                       : read_session (access, message, hash, given);
  return read && applications_match_read_token (access->applications, hash, NULL);
}

gboolean
access_may_read (const Access *access, SoupServerMessage *message, const char *app)
{
  guint8 hash[READ_TOKEN_HASH_BYTES];
  gboolean given;

  return is_open (access) ||
         (read_credential (access, message, hash, &given) &&
             applications_match_read_token (access->applications, hash, app));
}

typedef struct {
  guint status;
  const char *code;
  const char *text;
} Refusal;

static const Refusal refusals[N_READER_REFUSALS] = {
  [READER_WITHOUT_TOKEN] = { SOUP_STATUS_UNAUTHORIZED, "missing-read-token",
      "A read token is needed: Authorization: Bearer TOKEN, as callstats-collector app "
      "token add shows it" },
  [READER_WITH_BAD_TOKEN] = { SOUP_STATUS_UNAUTHORIZED, "invalid-read-token",
      "That is no read token of this collector, or no longer one" },
  [READER_OF_OTHER_APP] = { SOUP_STATUS_FORBIDDEN, "forbidden",
      "This read token does not open that application" },
};

static gboolean
refuse (SoupServerMessage *message, ReaderRefusal why)
{
  const Refusal *refusal = &refusals[why];

  if (refusal->status == SOUP_STATUS_UNAUTHORIZED)
    soup_message_headers_replace (
        soup_server_message_get_response_headers (message), "WWW-Authenticate", "Bearer");
  reply_error (message, refusal->status, refusal->code, refusal->text);
  counter_add (COUNTER_READERS_REFUSED, why, 1);
  log_refusal ("reader-refused", "code", refusal->code, "peer",
      request_source_get_address (message), NULL);
  return FALSE;
}

gboolean
access_check (Access *access, SoupServerMessage *message, const char *app)
{
  guint8 hash[READ_TOKEN_HASH_BYTES];
  gboolean given;

  if (is_open (access))
    return TRUE;
  if (!read_credential (access, message, hash, &given))
    return refuse (message, given ? READER_WITH_BAD_TOKEN : READER_WITHOUT_TOKEN);
  return applications_match_read_token (access->applications, hash, app) ||
         refuse (message, READER_OF_OTHER_APP);
}
