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

struct _Access {
  const Applications *applications;
  gboolean open;
};

Access *
access_new (const Applications *applications, gboolean open)
{
  Access *access = g_new0 (Access, 1);

  access->applications = applications;
  access->open = open;
  return access;
}

void
access_free (Access *access)
{
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

/* Returns: whether the message carries a credential that is good for something. hash: of
 * its read token. given: whether it carries any at all. */
static gboolean
read_credential (const Access *access, SoupServerMessage *message,
    guint8 hash[READ_TOKEN_HASH_BYTES], gboolean *given)
{
  const char *token = bearer_token (message);

  *given = token != NULL;
  return token != NULL && read_token_hash (token, hash) &&
         applications_match_read_token (access->applications, hash, NULL);
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
  log_warning ("reader-refused", "code", refusal->code, "peer",
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
