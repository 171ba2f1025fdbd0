/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Who may write: checks the token of a client.
 *
 * Pure but for a counter of what it refuses: the time comes in. Main thread only, as the
 * applications are.
 */
#pragma once

#include "applications.h"
#include "origins.h"

#define AUTH_ERROR (auth_error_quark ())

typedef enum {
  AUTH_ERROR_MISSING,
  AUTH_ERROR_INVALID,
  AUTH_ERROR_EXPIRED,
  AUTH_ERROR_AUDIENCE,
  AUTH_ERROR_APPLICATION,
  AUTH_ERROR_MISMATCH, /* good, but of another application or user */
  AUTH_ERROR_ORIGIN,   /* from a page that the application does not allow */
} AuthError;

GQuark auth_error_quark (void);
/* The word for an error of this domain in a reply, such as "token-expired". */
const char *auth_error_code (const GError *error);

/* Those who find a reason themselves count it; the checks here count their own. */
void auth_count_refusal (AuthError why);

/* How far the clocks of two machines may be apart. */
#define AUTH_SKEW_SECONDS 60

typedef struct {
  char *app;
  char *user;
  gint64 expires;   /* seconds since the epoch */
  char *credential; /* a hash of the secret or key that signed its token */
} Identity;

void identity_free (Identity *identity);

/* token: (nullable): a JWT. now: seconds since the epoch. */
Identity *auth_check_token (const Applications *applications, const Origins *origins,
    const char *token, gint64 now, GError **error);
/* The same of the assertion with which a client of callstats asks for an access token:
 * only the application and the user must be claimed; expires is 0 where exp is not. */
Identity *auth_check_assertion (const Applications *applications, const Origins *origins,
    const char *assertion, gint64 now, GError **error);

/* Whether a JWT's signature is HS256 by the key; takes the same time wherever it is not.
 */
gboolean auth_is_hmac_by (const char *token, const guint8 *key, gsize length);

/* Whether whom it was given to may still write, after the applications were reloaded. */
gboolean auth_check_identity (
    const Applications *applications, const Identity *identity, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Identity, identity_free)
