/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What applications say of their calls, as records. Monitor thread only.
 */
#include <string.h>

#include "callstats-monitor.h"
#include "callstats-reporter-inside-private.h"
#include "callstats-stream-stats-private.h"

#define MAX_PENDING 10000 /* tellings that wait for a first fabric */
#define MAX_ASSOCIATIONS 4096

CallstatsTelling *
callstats_telling_new (
    CallstatsScope scope, const char *fabric, const char *name, GVariant *data)
{
  CallstatsTelling *telling = g_new0 (CallstatsTelling, 1);

  telling->scope = scope;
  telling->fabric = g_strdup (fabric);
  telling->name = g_strdup (name);
  telling->data = g_variant_ref (data);
  telling->time = g_get_monotonic_time ();
  return telling;
}

void
callstats_telling_free (CallstatsTelling *telling)
{
  if (telling->settled != NULL)
    telling->settled (FALSE, telling->settled_data);
  g_free (telling->fabric);
  g_free (telling->conference);
  g_free (telling->name);
  g_variant_unref (telling->data);
  g_free (telling);
}

/* What there is only one of: a fabric's conference, else the configuration's. */
static const char *
guess_conference (CallstatsReporter *self)
{
  if (self->conferences->len > 0)
    return ((CallstatsReporterConference *)g_ptr_array_index (self->conferences, 0))
        ->name;
  return self->configuration != NULL
             ? callstats_unless_empty (self->configuration->conference_id)
             : NULL;
}

static void
tell_of_user (CallstatsReporter *self, CallstatsTelling *telling)
{
  const char *conference = telling->conference;
  g_autofree char *json = callstats_data_to_json (telling->data);
  g_autoptr (CallstatsRecord) record = callstats_record_new_event (
      telling->name, callstats_monitor_to_epoch (telling->time), json);

  if (conference == NULL)
    conference = guess_conference (self);
  /* Who fails before there is a peer connection is in the conference all the same. */
  if (self->conferences->len == 0 && strcmp (telling->name, "fabricSetupFailed") == 0)
    callstats_reporter_push_join (self, conference, telling->time);
  record->settled = g_steal_pointer (&telling->settled);
  record->settled_data = telling->settled_data;
  callstats_reporter_count (self, &self->stats.events);
  callstats_uplink_push (self->uplink, conference, record);
  CALLSTATS_TELL (self, fabric_event, NULL, telling->name, record->time, telling->data);
}

static void
wait_for_fabric (CallstatsReporter *self, const CallstatsTelling *telling)
{
  CallstatsTelling *copy = callstats_telling_new (
      telling->scope, telling->fabric, telling->name, telling->data);

  copy->time = telling->time;
  g_queue_push_tail (&self->pending, copy);
  if (self->pending.length > MAX_PENDING)
    callstats_telling_free (g_queue_pop_head (&self->pending));
}

void
callstats_reporter_tell (CallstatsReporter *self, CallstatsTelling *telling)
{
  g_auto (GStrv) ids = NULL;
  guint i;

  if (telling->scope == CALLSTATS_SCOPE_USER) {
    tell_of_user (self, telling);
  } else if (telling->fabric != NULL) {
    callstats_reporter_send_event (
        self, telling->fabric, telling->name, telling->data, telling->time);
  } else if (g_hash_table_size (self->fabrics) == 0) {
    wait_for_fabric (self, telling);
  } else {
    /* The last of them may end, and with it its entry. */
    g_autofree gpointer *keys = g_hash_table_get_keys_as_array (self->fabrics, NULL);

    ids = g_strdupv ((char **)keys);
    for (i = 0; ids[i] != NULL; i++)
      callstats_reporter_send_event (
          self, ids[i], telling->name, telling->data, telling->time);
  }
}

static void
remember_association (
    CallstatsReporterFabric *fabric, const CallstatsAssociation *association)
{
  if (fabric->associations == NULL)
    fabric->associations = g_hash_table_new_full (
        NULL, NULL, NULL, (GDestroyNotify)callstats_association_free);
  if (g_hash_table_size (fabric->associations) < MAX_ASSOCIATIONS ||
      g_hash_table_contains (fabric->associations, GUINT_TO_POINTER (association->ssrc)))
    g_hash_table_replace (fabric->associations, GUINT_TO_POINTER (association->ssrc),
        callstats_association_copy (association));
}

void
callstats_reporter_associate (
    CallstatsReporter *self, const char *id, const CallstatsAssociation *association)
{
  CallstatsReporterFabric *fabric = g_hash_table_lookup (self->fabrics, id);
  g_autoptr (GVariant) data = NULL;
  GVariantBuilder streams;
  GVariantDict stream;

  if (fabric == NULL)
    return;
  remember_association (fabric, association);
  g_variant_dict_init (&stream, NULL);
  g_variant_dict_insert (&stream, "ssrc", "u", association->ssrc);
  g_variant_dict_insert (&stream, "userID", "s", association->user_id);
  if (association->usage_label != NULL)
    g_variant_dict_insert (&stream, "usageLabel", "s", association->usage_label);
  if (association->video_tag != NULL)
    g_variant_dict_insert (&stream, "associatedVideoTag", "s", association->video_tag);
  g_variant_builder_init (&streams, G_VARIANT_TYPE ("aa{sv}"));
  g_variant_builder_add_value (&streams, g_variant_dict_end (&stream));
  g_variant_dict_init (&stream, NULL);
  g_variant_dict_insert_value (&stream, "ssrcData", g_variant_builder_end (&streams));
  data = g_variant_ref_sink (g_variant_dict_end (&stream));
  callstats_reporter_tell_event (fabric, "ssrcMap", g_get_monotonic_time (), data);
}

/* Identifiers */

static void
merge_conferences (CallstatsReporter *self, CallstatsReporterConference *from,
    CallstatsReporterConference *into)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->fabrics);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    CallstatsReporterFabric *fabric = value;

    if (fabric->conference == from)
      fabric->conference = into;
  }
  into->n_fabrics += from->n_fabrics;
  callstats_uplink_forget_held_join (self->uplink);
  g_ptr_array_remove (self->conferences, from);
}

void
callstats_reporter_name_conference (CallstatsReporter *self, const char *name)
{
  CallstatsReporterConference *unnamed = callstats_reporter_find_conference (self, NULL);
  CallstatsReporterConference *named = callstats_reporter_find_conference (self, name);

  if (unnamed != NULL && named != NULL)
    merge_conferences (self, unnamed, named);
  else if (unnamed != NULL)
    unnamed->name = g_strdup (name);
  callstats_uplink_release (self->uplink, NULL, name);
}

/* Out of the unnamed conference alone; the last one takes the whole conference along. */
static void
move_fabric (CallstatsReporter *self, CallstatsReporterFabric *fabric, const char *name)
{
  CallstatsReporterConference *from = fabric->conference;

  if (from->name != NULL)
    return;
  if (from->n_fabrics == 1) {
    callstats_reporter_name_conference (self, name);
    return;
  }
  fabric->conference = callstats_reporter_join (self, name, fabric->start);
  from->n_fabrics--;
  callstats_uplink_release (
      self->uplink, callstats_fabric_get_id (fabric->machine), name);
}

static void
set_remote_user (CallstatsReporter *self, const char *id, const char *remote_user)
{
  GHashTableIter iter;
  gpointer key, value;

  g_hash_table_iter_init (&iter, self->fabrics);
  while (g_hash_table_iter_next (&iter, &key, &value)) {
    CallstatsReporterFabric *fabric = value;

    if (id == NULL ? fabric->remote_user != NULL : strcmp (id, key) != 0)
      continue;
    g_free (fabric->remote_user);
    fabric->remote_user = g_strdup (remote_user);
  }
  callstats_uplink_stamp_remote_user (self->uplink, id, remote_user);
}

void
callstats_reporter_set_identifiers (CallstatsReporter *self, const char *id,
    const char *conference, const char *remote_user)
{
  CallstatsReporterFabric *fabric =
      id != NULL ? g_hash_table_lookup (self->fabrics, id) : NULL;

  if (remote_user != NULL)
    set_remote_user (self, id, remote_user);
  if (conference == NULL)
    return;
  if (fabric != NULL) {
    move_fabric (self, fabric, conference);
  } else if (id == NULL) {
    callstats_reporter_name_conference (
        self, conference); /* the configuration's is the client's business */
  }
  callstats_reporter_update_stats (self);
}
