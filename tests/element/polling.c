/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A call that is reported ten times a second: every report comes, and memory does not
 * grow. CALLSTATS_LONG=1 in the environment makes it ten minutes.
 */
#include <malloc.h>
#include <string.h>

#include "call-fixture.h"

#define INTERVAL_MS 100
#define SECONDS_OF_EVERY_DAY 12
#define SECONDS_LONG 600
#define LONGEST_GAP_S 5
#define GROWTH (512 * 1024) /* bytes of the heap, between a third of the time and all */

typedef struct {
  guint reports;
  gint64 last; /* monotonic */
} Fabric;

typedef struct {
  CallFixture *call;
  GMutex lock;
  GHashTable *fabrics; /* id → Fabric */
  gint64 longest_gap;
  guint wanted; /* reports of each fabric */
} Polling;

static void
on_report (GstElement *mon, const char *id, const char *json, gpointer user_data)
{
  Polling *self = user_data;
  gint64 now = g_get_monotonic_time ();
  Fabric *fabric;

  g_mutex_lock (&self->lock);
  fabric = g_hash_table_lookup (self->fabrics, id);
  if (fabric == NULL) {
    fabric = g_new0 (Fabric, 1);
    g_hash_table_insert (self->fabrics, g_strdup (id), fabric);
  } else {
    self->longest_gap = MAX (self->longest_gap, now - fabric->last);
  }
  fabric->last = now;
  fabric->reports++;
  g_mutex_unlock (&self->lock);
  call_fixture_wake (self->call);
}

static gboolean
has_reports (CallFixture *call, gpointer data)
{
  Polling *self = data;
  GHashTableIter iter;
  gpointer value;
  gboolean all;

  g_mutex_lock (&self->lock);
  all = g_hash_table_size (self->fabrics) == 2;
  g_hash_table_iter_init (&iter, self->fabrics);
  while (all && g_hash_table_iter_next (&iter, NULL, &value))
    all = ((Fabric *)value)->reports >= self->wanted;
  g_mutex_unlock (&self->lock);
  return all;
}

static gsize
get_heap (void)
{
  return mallinfo2 ().uordblks;
}

/* Waits for so many reports more, in pieces that are shorter than the fixture's patience.
 */
static void
wait_reports (Polling *self, guint more)
{
  guint end = self->wanted + more;

  while (self->wanted < end) {
    self->wanted = MIN (self->wanted + 1000 / INTERVAL_MS, end);
    call_fixture_wait (self->call, "reports", has_reports, self);
  }
}

static void
test_reports_come_and_memory_stays (void)
{
  guint seconds =
      g_getenv ("CALLSTATS_LONG") != NULL ? SECONDS_LONG : SECONDS_OF_EVERY_DAY;
  guint reports = seconds * 1000 / INTERVAL_MS;
  GstElement *mon = gst_element_factory_make ("callstatsmon", NULL);
  Polling self = { .call = call_fixture_new_audio_video () };
  gsize before, after;

  g_mutex_init (&self.lock);
  self.fabrics = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  gst_util_set_object_arg (G_OBJECT (mon), "post-messages", "none");
  g_object_set (mon, "interval", INTERVAL_MS, NULL);
  g_signal_connect (mon, "report", G_CALLBACK (on_report), &self);
  gst_bin_add (GST_BIN (call_fixture_get_pipeline (self.call)), mon);
  call_fixture_play (self.call);
  call_fixture_wait_connected (self.call);

  wait_reports (&self, reports / 3);
  before = get_heap ();
  wait_reports (&self, reports - reports / 3);
  after = get_heap ();
  call_fixture_stop (self.call);

  g_test_message ("%u reports each, the longest gap %.3f s, heap %zu → %zu bytes",
      reports, (double)self.longest_gap / G_USEC_PER_SEC, before, after);
  g_assert_cmpint (self.longest_gap, <, LONGEST_GAP_S * G_USEC_PER_SEC);
  g_assert_cmpuint (after, <, before + GROWTH);
  call_fixture_free (self.call);
  g_hash_table_unref (self.fabrics);
  g_mutex_clear (&self.lock);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func (
      "/polling/reports-come-and-memory-stays", test_reports_come_and_memory_stays);
  return g_test_run ();
}
