/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The reporter of one client: its life, its observers, its conferences.
 *
 * Monitor thread only, but for reference counting, the set of known fabrics and
 * callstats_reporter_get_stats().
 */
#include <string.h>

#include "callstats-error.h"
#include "callstats-limits-private.h"
#include "callstats-monitor.h"
#include "callstats-reporter-inside-private.h"

#define ALIVE_MS 10000 /* callstats' own */

/* Life cycle */

static void
listener_free (gpointer data)
{
  CallstatsReporterListener *listener = data;

  if (listener->notify != NULL)
    listener->notify (listener->user_data);
  g_free (listener);
}

static void
conference_free (gpointer data)
{
  CallstatsReporterConference *conference = data;

  g_source_destroy (conference->alive);
  g_source_unref (conference->alive);
  g_free (conference->name);
  g_free (conference);
}

CallstatsReporter *
callstats_reporter_ref (CallstatsReporter *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

static gboolean
destroy (gpointer user_data)
{
  CallstatsReporter *self = user_data;

  callstats_uplink_free (self->uplink);
  g_hash_table_unref (self->fabrics);
  g_ptr_array_unref (self->conferences);
  g_ptr_array_unref (self->listeners);
  g_queue_clear_full (&self->pending, (GDestroyNotify)callstats_telling_free);
  callstats_configuration_free (self->configuration);
  g_hash_table_unref (self->known);
  g_mutex_clear (&self->lock);
  g_free (self->refused_conference);
  g_free (self);
  return G_SOURCE_REMOVE;
}

void
callstats_reporter_unref (CallstatsReporter *self)
{
  if (g_atomic_ref_count_dec (&self->ref_count))
    callstats_monitor_invoke (destroy, self, NULL);
}

/* Telling observers */

void
callstats_reporter_add_observer (CallstatsReporter *self,
    const CallstatsClientObserver *observer, gpointer user_data, GDestroyNotify notify)
{
  CallstatsReporterListener *listener = g_new0 (CallstatsReporterListener, 1);

  listener->observer = *observer;
  listener->user_data = user_data;
  listener->notify = notify;
  g_ptr_array_add (self->listeners, listener);
}

void
callstats_reporter_remove_observer (CallstatsReporter *self, gpointer user_data)
{
  guint i;

  for (i = self->listeners->len; i > 0; i--) {
    CallstatsReporterListener *listener = g_ptr_array_index (self->listeners, i - 1);

    if (listener->user_data == user_data)
      g_ptr_array_remove_index (self->listeners, i - 1);
  }
}

void
callstats_reporter_tell_trouble (CallstatsReporter *self, const GError *error)
{
  CALLSTATS_TELL (self, trouble, error);
}

/* What other threads may look at */

void
callstats_reporter_update_stats (CallstatsReporter *self)
{
  g_mutex_lock (&self->lock);
  self->stats.has_backend = callstats_uplink_has_backend (self->uplink);
  self->stats.fabrics = g_hash_table_size (self->fabrics);
  self->stats.held = callstats_uplink_n_held (self->uplink);
  callstats_uplink_get_stats (self->uplink, &self->stats.delivery);
  g_mutex_unlock (&self->lock);
}

void
callstats_reporter_count (CallstatsReporter *self, guint64 *counter)
{
  g_mutex_lock (&self->lock);
  (*counter)++;
  g_mutex_unlock (&self->lock);
}

void
callstats_reporter_get_stats (CallstatsReporter *self, CallstatsReporterStats *stats)
{
  g_mutex_lock (&self->lock);
  *stats = self->stats;
  g_mutex_unlock (&self->lock);
}

void
callstats_reporter_announce_fabric (CallstatsReporter *self, const char *id)
{
  g_mutex_lock (&self->lock);
  g_hash_table_add (self->known, g_strdup (id));
  g_mutex_unlock (&self->lock);
}

void
callstats_reporter_forget_fabric (CallstatsReporter *self, const char *id)
{
  g_mutex_lock (&self->lock);
  g_hash_table_remove (self->known, id);
  g_mutex_unlock (&self->lock);
}

gboolean
callstats_reporter_has_fabric (CallstatsReporter *self, const char *id)
{
  gboolean known;

  g_mutex_lock (&self->lock);
  known = g_hash_table_contains (self->known, id);
  g_mutex_unlock (&self->lock);
  return known;
}

/* The uplink */

static void
on_trouble (const GError *error, gpointer user_data)
{
  CallstatsReporter *self = user_data;

  CALLSTATS_TELL (self, trouble, error);
}

static void
on_initialized (const char *cs_error, const char *message, gpointer user_data)
{
  CallstatsReporter *self = user_data;

  CALLSTATS_TELL (self, initialized, cs_error, message);
}

static void
on_need_token (gboolean force, gpointer user_data)
{
  CallstatsReporter *self = user_data;

  CALLSTATS_TELL (self, need_token, force);
}

static void
on_configured (const char *name, const char *json, gpointer user_data)
{
  CallstatsReporter *self = user_data;

  CALLSTATS_TELL (self, configured, name, json);
}

static void
on_progressed (gpointer user_data)
{
  callstats_reporter_update_stats (user_data);
}

static const CallstatsUplinkCallbacks uplink_callbacks = {
  .trouble = on_trouble,
  .initialized = on_initialized,
  .need_token = on_need_token,
  .configured = on_configured,
  .progressed = on_progressed,
};

CallstatsReporter *
callstats_reporter_new (void)
{
  CallstatsReporter *self = g_new0 (CallstatsReporter, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->lock);
  self->uplink = callstats_uplink_new (&uplink_callbacks, self);
  self->listeners = g_ptr_array_new_with_free_func (listener_free);
  self->fabrics = g_hash_table_new_full (
      g_str_hash, g_str_equal, g_free, callstats_reporter_fabric_free);
  self->conferences = g_ptr_array_new_with_free_func (conference_free);
  self->known = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_queue_init (&self->pending);
  return self;
}

void
callstats_reporter_initialize (CallstatsReporter *self)
{
  callstats_uplink_initialize (self->uplink);
  callstats_reporter_update_stats (self);
}

void
callstats_reporter_flush (
    CallstatsReporter *self, GDestroyNotify done, gpointer user_data)
{
  callstats_uplink_flush (self->uplink, done, user_data);
}

/* Conferences */

void
callstats_reporter_push_event (CallstatsReporter *self, const char *conference,
    CallstatsReporterFabric *fabric, const char *name, gint64 time, const char *data)
{
  g_autoptr (CallstatsRecord) record =
      callstats_record_new_event (name, callstats_monitor_to_epoch (time), data);

  if (fabric != NULL) {
    record->fabric = g_strdup (callstats_fabric_get_id (fabric->machine));
    record->remote_user = g_strdup (fabric->remote_user);
  }
  callstats_uplink_push (self->uplink, conference, record);
}

static gboolean
on_alive (gpointer user_data)
{
  CallstatsReporterConference *conference = user_data;

  if (conference->name != NULL)
    callstats_reporter_push_event (conference->reporter, conference->name, NULL,
        "userAlive", g_get_monotonic_time (), NULL);
  return G_SOURCE_CONTINUE;
}

CallstatsReporterConference *
callstats_reporter_find_conference (CallstatsReporter *self, const char *name)
{
  guint i;

  for (i = 0; i < self->conferences->len; i++) {
    CallstatsReporterConference *conference = g_ptr_array_index (self->conferences, i);

    if (g_strcmp0 (conference->name, name) == 0)
      return conference;
  }
  return NULL;
}

void
callstats_reporter_push_join (
    CallstatsReporter *self, const char *conference, gint64 time)
{
  g_autofree char *data = NULL;

  if (self->configuration != NULL)
    data = callstats_configuration_describe (self->configuration);
  callstats_reporter_push_event (self, conference, NULL, "userJoined", time, data);
}

CallstatsReporterConference *
callstats_reporter_join (CallstatsReporter *self, const char *name, gint64 time)
{
  CallstatsReporterConference *conference =
      callstats_reporter_find_conference (self, name);

  if (conference == NULL) {
    conference = g_new0 (CallstatsReporterConference, 1);
    conference->reporter = self;
    conference->name = g_strdup (name);
    conference->alive =
        callstats_monitor_add_timeout (ALIVE_MS, on_alive, conference, NULL);
    g_ptr_array_add (self->conferences, conference);
    callstats_reporter_push_join (self, name, time);
  }
  conference->n_fabrics++;
  return conference;
}

void
callstats_reporter_leave (
    CallstatsReporter *self, CallstatsReporterConference *conference, gint64 time)
{
  if (--conference->n_fabrics > 0)
    return;
  callstats_reporter_push_event (self, conference->name, NULL, "userLeft", time, NULL);
  g_ptr_array_remove (self->conferences, conference);
}

/* One that cannot be used is as good as none; it is told once. */
static void
check_conference (CallstatsReporter *self)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *refused = NULL;

  if (!callstats_check_text ("conference-id", self->configuration->conference_id,
          CALLSTATS_MAX_CONFERENCE_ID, &error)) {
    refused = g_steal_pointer (&self->configuration->conference_id);
    if (g_strcmp0 (refused, self->refused_conference) != 0)
      CALLSTATS_TELL (self, trouble, error);
  }
  g_free (self->refused_conference);
  self->refused_conference = g_steal_pointer (&refused);
}

void
callstats_reporter_configure (
    CallstatsReporter *self, const CallstatsConfiguration *configuration)
{
  callstats_configuration_free (self->configuration);
  self->configuration = callstats_configuration_copy (configuration);
  check_conference (self);
  callstats_uplink_configure (self->uplink, self->configuration);
  if (callstats_unless_empty (self->configuration->conference_id) != NULL)
    callstats_reporter_name_conference (self, self->configuration->conference_id);
}
