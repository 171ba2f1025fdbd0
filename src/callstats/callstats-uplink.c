/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A client's way to its backend. Monitor thread only.
 */
#include <string.h>

#include "callstats-error.h"
#include "callstats-exchange-private.h"
#include "callstats-held-private.h"
#include "callstats-monitor.h"
#include "callstats-uplink-private.h"

#define HELD_PART 4            /* the part of memory-max-bytes that may be held */
#define NO_CONFERENCE_MS 10000 /* then its user is told that records are held back */

typedef struct {
  GDestroyNotify done;
  gpointer user_data;
} Waiter;

struct _CallstatsUplink {
  CallstatsUplinkCallbacks callbacks;
  gpointer user_data;
  CallstatsConfiguration *configuration; /* NULL until configure() */
  CallstatsMember *member;               /* NULL: no backend, or not needed yet */
  gboolean refused;                      /* the configuration forbids to join */
  CallstatsHeld *held;                   /* no conference is known yet */
  GSource *no_conference;
  GArray *waiters; /* Waiter */
};

static void
clear_source (GSource **source)
{
  if (*source == NULL)
    return;
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

CallstatsUplink *
callstats_uplink_new (const CallstatsUplinkCallbacks *callbacks, gpointer user_data)
{
  CallstatsUplink *self = g_new0 (CallstatsUplink, 1);

  self->callbacks = *callbacks;
  self->user_data = user_data;
  self->waiters = g_array_new (FALSE, FALSE, sizeof (Waiter));
  self->held = callstats_held_new ();
  return self;
}

static void
release_waiters (CallstatsUplink *self)
{
  guint i;

  if (self->member != NULL && !callstats_member_is_idle (self->member))
    return;
  for (i = 0; i < self->waiters->len; i++) {
    Waiter *waiter = &g_array_index (self->waiters, Waiter, i);

    waiter->done (waiter->user_data);
  }
  g_array_set_size (self->waiters, 0);
}

/* Who still waits is told: nothing can be sent any more. */
void
callstats_uplink_free (CallstatsUplink *self)
{
  if (self->member != NULL)
    callstats_member_leave (g_steal_pointer (&self->member), FALSE);
  release_waiters (self);
  clear_source (&self->no_conference);
  callstats_held_free (self->held);
  g_array_unref (self->waiters);
  callstats_configuration_free (self->configuration);
  g_free (self);
}

/* Delivery */

static void
on_progressed (gpointer user_data)
{
  CallstatsUplink *self = user_data;

  self->callbacks.progressed (self->user_data);
  release_waiters (self);
}

static void
on_welcomed (gpointer user_data)
{
  CallstatsUplink *self = user_data;

  self->callbacks.progressed (self->user_data);
  self->callbacks.initialized (
      "success", "SDK authentication successful.", self->user_data);
}

static void
on_configured (const char *name, const char *json, gpointer user_data)
{
  CallstatsUplink *self = user_data;

  self->callbacks.configured (name, json, self->user_data);
}

/* callstats' csError for an error of ours. */
static const char *
cs_error_of (const GError *error)
{
  switch (error->code) {
  case CALLSTATS_ERROR_UNAUTHORIZED:
    return "authError";
  case CALLSTATS_ERROR_INVALID_ARGUMENT:
  case CALLSTATS_ERROR_TOO_LONG:
    return "tokenGenerationError";
  case CALLSTATS_ERROR_PROTOCOL:
    return "csProtoError";
  case CALLSTATS_ERROR_UNAVAILABLE:
    return "wsChannelFailure";
  default:
    return "httpError";
  }
}

static void
tell_trouble (CallstatsUplink *self, const GError *error)
{
  self->callbacks.trouble (error, self->user_data);
  self->callbacks.initialized (cs_error_of (error), error->message, self->user_data);
}

static void
on_trouble (const GError *error, gpointer user_data)
{
  tell_trouble (user_data, error);
}

static void
on_notice (const GError *error, gpointer user_data)
{
  CallstatsUplink *self = user_data;

  self->callbacks.trouble (error, self->user_data);
}

static void
on_need_token (gboolean force, gpointer user_data)
{
  CallstatsUplink *self = user_data;

  self->callbacks.need_token (force, self->user_data);
}

static const CallstatsMemberCallbacks member_callbacks = {
  .welcomed = on_welcomed,
  .configured = on_configured,
  .progressed = on_progressed,
  .trouble = on_trouble,
  .notice = on_notice,
  .need_token = on_need_token,
};

gboolean
callstats_uplink_has_backend (CallstatsUplink *self)
{
  return self->configuration != NULL && self->configuration->backend_url != NULL &&
         *self->configuration->backend_url != '\0';
}

static CallstatsMember *
ensure_member (CallstatsUplink *self)
{
  g_autoptr (GError) error = NULL;

  if (self->member != NULL || self->refused || !callstats_uplink_has_backend (self))
    return self->member;
  self->member =
      callstats_member_join (self->configuration, &member_callbacks, self, &error);
  if (self->member == NULL) {
    self->refused = TRUE;
    tell_trouble (self, error);
  }
  return self->member;
}

void
callstats_uplink_initialize (CallstatsUplink *self)
{
  ensure_member (self);
}

/* Somebody else's records do not go where those before went. */
void
callstats_uplink_configure (
    CallstatsUplink *self, const CallstatsConfiguration *configuration)
{
  callstats_configuration_free (self->configuration);
  self->configuration = callstats_configuration_copy (configuration);
  self->refused = FALSE;
  if (self->member == NULL || callstats_member_configure (self->member, configuration))
    return;
  callstats_member_leave (g_steal_pointer (&self->member), TRUE);
  release_waiters (self);
}

/* Records without a conference */

static gboolean
on_no_conference (gpointer user_data)
{
  CallstatsUplink *self = user_data;
  g_autoptr (GError) error = g_error_new (CALLSTATS_ERROR,
      CALLSTATS_ERROR_INVALID_ARGUMENT,
      "conference-id is not set: %u records are held back from the backend until it is",
      callstats_held_length (self->held));

  g_clear_pointer (&self->no_conference, g_source_unref);
  self->callbacks.trouble (error, self->user_data);
  return G_SOURCE_REMOVE;
}

static void
lose_held (CallstatsRecord *record, gpointer user_data)
{
  CallstatsUplink *self = user_data;

  callstats_member_lose (self->member, record);
}

/* What is given up the gap record tells of that goes first once there is a conference. */
static void
hold (CallstatsUplink *self, CallstatsRecord *record)
{
  callstats_held_push (self->held, record,
      self->configuration->memory_max_bytes / HELD_PART, lose_held, self);
  if (self->no_conference == NULL && callstats_held_length (self->held) == 1)
    self->no_conference =
        callstats_monitor_add_timeout (NO_CONFERENCE_MS, on_no_conference, self, NULL);
}

void
callstats_uplink_push (
    CallstatsUplink *self, const char *conference, CallstatsRecord *record)
{
  CallstatsMember *member = ensure_member (self);

  if (member == NULL)
    return;
  record->conference = g_strdup (conference);
  if (conference == NULL)
    hold (self, record);
  else
    callstats_member_push (member, record);
  self->callbacks.progressed (self->user_data);
}

void
callstats_uplink_release (
    CallstatsUplink *self, const char *fabric, const char *conference)
{
  g_autoptr (GPtrArray) records = NULL;
  guint i;

  if (callstats_held_length (self->held) == 0 || ensure_member (self) == NULL)
    return;
  records = callstats_held_take (self->held, fabric);
  for (i = 0; i < records->len; i++) {
    CallstatsRecord *record = records->pdata[i];

    record->conference = g_strdup (conference);
    callstats_member_push (self->member, record);
  }
  if (callstats_held_length (self->held) == 0)
    clear_source (&self->no_conference);
}

void
callstats_uplink_stamp_remote_user (
    CallstatsUplink *self, const char *fabric, const char *remote_user)
{
  callstats_held_stamp_remote_user (self->held, fabric, remote_user);
}

void
callstats_uplink_forget_held_join (CallstatsUplink *self)
{
  callstats_held_forget_join (self->held);
}

void
callstats_uplink_flush (CallstatsUplink *self, GDestroyNotify done, gpointer user_data)
{
  Waiter waiter = { .done = done, .user_data = user_data };

  g_array_append_val (self->waiters, waiter);
  if (self->member != NULL)
    callstats_member_flush (self->member);
  release_waiters (self);
}

guint
callstats_uplink_n_held (CallstatsUplink *self)
{
  return callstats_held_length (self->held);
}

void
callstats_uplink_get_stats (CallstatsUplink *self, CallstatsDeliveryStats *stats)
{
  if (self->member != NULL)
    callstats_member_get_stats (self->member, stats);
}
