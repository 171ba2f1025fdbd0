/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The inside of a reporter, for its three files: callstats-reporter.c (life, observers,
 * conferences), -fabrics.c (what happens to fabrics) and -vocabulary.c (what applications
 * say).
 *
 * Monitor thread only, but for what lies under the lock.
 */
#pragma once

#include "callstats-fabric.h"
#include "callstats-quality-private.h"
#include "callstats-record-private.h"
#include "callstats-reporter-private.h"
#include "callstats-uplink-private.h"

typedef struct {
  CallstatsReporter *reporter;
  char *name; /* NULL: not known yet */
  guint n_fabrics;
  GSource *alive;
} CallstatsReporterConference;

typedef struct {
  CallstatsReporter *reporter;
  CallstatsFabric *machine;
  CallstatsReporterConference *conference;
  char *remote_user;
  gint64 start;
  CallstatsEndpointType remote_endpoint_type;
  CallstatsTransmissionDirection direction;
  GHashTable *associations; /* NULL, or SSRC → CallstatsAssociation */
  CallstatsQuality *quality;
  CallstatsReport *previous; /* NULL, or the last one that stats were told of */
} CallstatsReporterFabric;

typedef struct {
  CallstatsClientObserver observer;
  gpointer user_data;
  GDestroyNotify notify;
} CallstatsReporterListener;

struct _CallstatsReporter {
  gatomicrefcount ref_count;
  CallstatsConfiguration *configuration; /* NULL until configure() */
  CallstatsUplink *uplink;
  GPtrArray *listeners;     /* Listener */
  GHashTable *fabrics;      /* id → Fabric */
  GPtrArray *conferences;   /* Conference, those with a fabric in them */
  GQueue pending;           /* CallstatsTelling, until there is a fabric */
  char *refused_conference; /* NULL: none, or a conference id that cannot be used */

  GMutex lock; /* guards what follows */
  CallstatsReporterStats stats;
  GHashTable *known; /* set of ids: fabrics from their announcement to their end */
};

static inline const char *
callstats_unless_empty (const char *string)
{
  return string != NULL && *string != '\0' ? string : NULL;
}

/* Listeners come and go through the mailbox only, never from within a callback. */
#define CALLSTATS_TELL(self, callback, ...) \
  G_STMT_START \
  { \
    guint tell_i; \
\
    for (tell_i = 0; tell_i < (self)->listeners->len; tell_i++) { \
      CallstatsReporterListener *tell_to = \
          g_ptr_array_index ((self)->listeners, tell_i); \
\
      if (tell_to->observer.callback != NULL) \
        tell_to->observer.callback (__VA_ARGS__, tell_to->user_data); \
    } \
  } \
  G_STMT_END

void callstats_reporter_update_stats (CallstatsReporter *self);
void callstats_reporter_count (CallstatsReporter *self, guint64 *counter);
void callstats_reporter_forget_fabric (CallstatsReporter *self, const char *id);

/* Conferences; name NULL: the one whose name is not known yet. */
CallstatsReporterConference *callstats_reporter_find_conference (
    CallstatsReporter *self, const char *name);
CallstatsReporterConference *callstats_reporter_join (
    CallstatsReporter *self, const char *name, gint64 time);
void callstats_reporter_leave (
    CallstatsReporter *self, CallstatsReporterConference *conference, gint64 time);
/* The unnamed conference gets its name; if its user is in that one already, they are one.
 */
void callstats_reporter_name_conference (CallstatsReporter *self, const char *name);

/* Records; fabric NULL: about the user's part in the conference. */
void callstats_reporter_push_event (CallstatsReporter *self, const char *conference,
    CallstatsReporterFabric *fabric, const char *name, gint64 time, const char *data);
void callstats_reporter_push_join (
    CallstatsReporter *self, const char *conference, gint64 time);

/* To the backend and the observers. */
void callstats_reporter_tell_event (
    CallstatsReporterFabric *fabric, const char *name, gint64 time, GVariant *data);
void callstats_reporter_fabric_free (gpointer fabric);
