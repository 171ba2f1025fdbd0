/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the parts of the REST API know of each other. Main thread only.
 */
#pragma once

#include "rest-sessions.h"
#include "rest-token.h"
#include "rest.h"

/* What the paths of applications begin with: clients add the application's id to it. */
#define REST_BASE "/v1/apps"

struct _Rest {
  const Applications *applications;
  const Origins *origins;
  RateLimits *limits;
  gint64 clock_tolerance; /* µs */
  RestSessions *sessions;
  RestTokens *tokens;
  GPtrArray *routes; /* of rest.c */
  gboolean stopping;
};

/* POST /authenticate. */
void rest_authenticate (
    SoupServerMessage *message, char **ids, GHashTable *params, gpointer user_data);
