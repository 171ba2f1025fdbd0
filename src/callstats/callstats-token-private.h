/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The token that says who reports: a JWT, signed with the application's secret or
 * private key, which itself never leaves the process. Pure, any thread.
 */
#pragma once

#include <glib.h>

#define CALLSTATS_TOKEN_LIFETIME 600 /* seconds */

typedef struct {
  const char *app_id;
  const char *user_id;
  const char *audience; /* the backend's origin */
  gint64 now;           /* seconds since the epoch */
} CallstatsTokenClaims;

/* Returns: when the token ends, in seconds since the epoch; where it does not say,
 * CALLSTATS_TOKEN_LIFETIME from now. Its signature is not checked. */
gint64 callstats_token_get_expiry (const char *token, gint64 now);

/* Returns: (transfer full): HS256, valid from a minute before now for
 * CALLSTATS_TOKEN_LIFETIME; NULL with an error. */
char *callstats_token_sign (
    const char *secret, const CallstatsTokenClaims *claims, GError **error);
/* The same, but ES256. pem: a private EC key on P-256 that is not encrypted. */
char *callstats_token_sign_by_key (
    const char *pem, const CallstatsTokenClaims *claims, GError **error);
