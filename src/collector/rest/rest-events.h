/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The endpoints of callstats' REST API that take what a client has to tell, and the
 * records that become of it: the same events, with the same keys, as a callstatsmon's.
 *
 * Pure: the time comes in. Any thread.
 */
#pragma once

#include <json-glib/json-glib.h>

#include "callstats/callstats-record-private.h"

#define REST_ERROR (rest_error_quark ())

typedef enum {
  REST_ERROR_BODY, /* something is missing or wrong in it */
} RestError;

GQuark rest_error_quark (void);

typedef enum {
  REST_SCOPE_APP,    /* in no conference */
  REST_SCOPE_USER,   /* about the user's part in the conference */
  REST_SCOPE_ANY,    /* about a fabric where the client names one */
  REST_SCOPE_FABRIC, /* always about one */
} RestScope;

/* Changes data, a copy of the body without what all bodies have. */
typedef gboolean (*RestMapFunc) (JsonObject *body, JsonObject *data, GError **error);

typedef struct {
  const char *path; /* behind the client's name of the conference, or the application */
  const char *name; /* of the event; NULL: the body's eventType */
  RestScope scope;
  const char *required; /* such as "reason:s feedback:o": string, object, array */
  RestMapFunc map;      /* nullable */
  const char *list;     /* nullable: a member whose elements are an event each … */
  const char *item;     /* … and what an element is called there */
  gboolean is_stats;
  gboolean is_settings; /* the client has other names for its user, and tells no time */
  gboolean is_alive; /* a sign of life without a conference: there is nothing to keep */
} RestEndpoint;

/* Any path leads somewhere: what is not known is kept under the body's eventType. */
const RestEndpoint *rest_endpoint_find (gboolean in_conference, const char *path);

typedef struct {
  const char *user; /* the token's */
  const char *conference;
  const char *uc_id; /* both nullable */
  gint64 now;        /* µs since the epoch */
} RestContext;

/* Returns: (transfer full) (element-type CallstatsRecord): NULL with a REST_ERROR. */
GPtrArray *rest_events_make_records (const RestEndpoint *endpoint,
    const RestContext *context, JsonObject *body, GError **error);
