/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Two peers and the reports of them. on_report() runs on the monitor thread: it writes
 * down under `lock` and wakes the test.
 */
#include "watched-peers.h"

#include <string.h>

#define DEADLINE (25 * G_TIME_SPAN_SECOND)
#define INTERVAL_MS 200

struct _WatchedPeers {
  Peers *peers;

  GMutex lock;
  GCond changed;
  GstElement *mon;     /* whose reports count */
  GHashTable *fabrics; /* id → name of its webrtcbin */
  char *reports[2];    /* JSON; NULL: none */
  guint n_reports[2];
};

static void
on_fabric_added (
    GstElement *mon, const char *fabric, GstElement *webrtcbin, WatchedPeers *self)
{
  g_mutex_lock (&self->lock);
  g_hash_table_insert (
      self->fabrics, g_strdup (fabric), gst_element_get_name (webrtcbin));
  g_mutex_unlock (&self->lock);
}

static void
on_report (GstElement *mon, const char *fabric, const char *report, WatchedPeers *self)
{
  const char *name;

  g_mutex_lock (&self->lock);
  name = mon == self->mon ? g_hash_table_lookup (self->fabrics, fabric) : NULL;
  if (name != NULL) {
    guint end = strcmp (name, "b") == 0;

    g_free (self->reports[end]);
    self->reports[end] = g_strdup (report);
    self->n_reports[end]++;
    g_cond_broadcast (&self->changed);
  }
  g_mutex_unlock (&self->lock);
}

static void
listen_to (WatchedPeers *self, GstElement *mon)
{
  g_mutex_lock (&self->lock);
  self->mon = mon;
  g_mutex_unlock (&self->lock);
  g_object_set (mon, "interval", INTERVAL_MS, NULL);
  gst_util_set_object_arg (G_OBJECT (mon), "collect-ip", "full");
  g_signal_connect (mon, "fabric-added", G_CALLBACK (on_fabric_added), self);
  g_signal_connect (mon, "report", G_CALLBACK (on_report), self);
}

WatchedPeers *
watched_peers_new (const char *description)
{
  WatchedPeers *self = g_new0 (WatchedPeers, 1);

  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  self->fabrics = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->peers = peers_new (description, 60000);
  listen_to (self, peers_get_mon (self->peers));
  return self;
}

void
watched_peers_add_monitor (WatchedPeers *self)
{
  GstElement *mon = gst_element_factory_make ("callstatsmon", NULL);

  /* One that is in a handler now goes on there: its reports count no more. */
  g_signal_handlers_disconnect_by_data (self->mon, self);
  listen_to (self, mon);
  gst_bin_add (GST_BIN (peers_get_pipeline (self->peers)), mon);
  gst_element_sync_state_with_parent (mon);
}

void
watched_peers_free (WatchedPeers *self)
{
  gst_element_set_state (peers_get_pipeline (self->peers), GST_STATE_NULL);
  g_signal_handlers_disconnect_by_data (self->mon, self);
  peers_free (self->peers);
  g_hash_table_unref (self->fabrics);
  g_free (self->reports[0]);
  g_free (self->reports[1]);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_free (self);
}

Peers *
watched_peers_get (WatchedPeers *self)
{
  return self->peers;
}

static JsonObject *
parse (const char *json)
{
  g_autoptr (JsonNode) node = json_from_string (json, NULL);

  g_assert_nonnull (node);
  return json_node_dup_object (node);
}

/* With the lock held. */
static char *
wait_report (WatchedPeers *self, guint end, guint *seen, gint64 deadline)
{
  while (self->n_reports[end] == *seen) {
    if (!g_cond_wait_until (&self->changed, &self->lock, deadline))
      return NULL;
  }
  *seen = self->n_reports[end];
  return g_strdup (self->reports[end]);
}

JsonObject *
watched_peers_wait (WatchedPeers *self, const char *peer, const char *what,
    WatchedCondition condition, gpointer data)
{
  gint64 deadline = g_get_monotonic_time () + DEADLINE;
  g_autofree char *last = NULL;
  guint end = strcmp (peer, "b") == 0;
  guint seen;

  g_mutex_lock (&self->lock);
  seen = self->n_reports[end];
  g_mutex_unlock (&self->lock);
  while (TRUE) {
    g_autofree char *json = NULL;
    g_autoptr (JsonObject) report = NULL;

    g_mutex_lock (&self->lock);
    json = wait_report (self, end, &seen, deadline);
    g_mutex_unlock (&self->lock);
    if (json == NULL)
      g_error ("Waited in vain for %s of %s; the last report is %s", what, peer, last);
    report = parse (json);
    if (condition (report, data))
      return g_steal_pointer (&report);
    g_free (last);
    last = g_steal_pointer (&json);
  }
}

/* Reports */

GPtrArray *
report_find_all (JsonObject *report, const char *type)
{
  GPtrArray *found = g_ptr_array_new ();
  g_autoptr (GList) members = json_object_get_members (report);
  GList *member;

  for (member = members; member != NULL; member = member->next) {
    JsonObject *stats = json_object_get_object_member (report, member->data);

    g_assert_cmpstr (stats_text (stats, "id"), ==, member->data);
    if (g_strcmp0 (stats_text (stats, "type"), type) == 0)
      g_ptr_array_add (found, stats);
  }
  return found;
}

JsonObject *
report_find (JsonObject *report, const char *type)
{
  g_autoptr (GPtrArray) found = report_find_all (report, type);

  return found->len == 1 ? found->pdata[0] : NULL;
}

const char *
stats_text (JsonObject *stats, const char *member)
{
  return json_object_has_member (stats, member)
             ? json_object_get_string_member (stats, member)
             : NULL;
}

guint64
stats_count (JsonObject *stats, const char *member)
{
  return json_object_has_member (stats, member)
             ? (guint64)json_object_get_int_member (stats, member)
             : 0;
}

double
stats_number (JsonObject *stats, const char *member)
{
  return json_object_has_member (stats, member)
             ? json_object_get_double_member (stats, member)
             : 0;
}
