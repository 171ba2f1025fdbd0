/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Access tokens: what clients of callstats' REST API are given for their assertion, and
 * show with every request. They are JWTs, for the clients read them, signed with a key
 * that lives as long as this process: after a restart a client hears that its token has
 * expired, and asks for another one.
 *
 * Main thread only.
 */
#pragma once

#include "auth.h"

#define REST_TOKEN_SECONDS 3600
#define REST_SUBMISSION_MS 15000

typedef struct _RestTokens RestTokens;

/* What a client is asked to send. */
typedef struct {
  gboolean sdp;
  gboolean devices;
} RestCollection;

RestTokens *rest_tokens_new (void);
void rest_tokens_free (RestTokens *tokens);

/* identity: whose assertion was checked. now: seconds since the epoch. Returns: (transfer
 * full) */
char *rest_tokens_issue (RestTokens *tokens, const Identity *identity,
    const RestCollection *collection, gint64 now);
/* token: (nullable). Returns: NULL with AUTH_ERROR_MISSING, AUTH_ERROR_EXPIRED, which a
 * token of another run gets too, or AUTH_ERROR_INVALID. Its credential is that of the
 * assertion. */
Identity *rest_tokens_check (
    const RestTokens *tokens, const char *token, gint64 now, GError **error);

/* The list that a token has as ingestedEvents. */
void rest_token_append_events (GString *json, const RestCollection *collection);
/* An application's id as the clients want it: a number where it is one. */
void rest_token_append_app (GString *json, const char *app);
