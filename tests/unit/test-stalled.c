/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A backend that accepts and then never reads: it costs no more than the bounds, and what
 * it misses is told exactly.
 */
#include <callstats/callstats.h>
#include <string.h>
#include <unistd.h>

#include "callstats-json-private.h"
#include "fake-collector.h"

#define DEADLINE_SECONDS 60
#define MEMORY ((guint64)1024 * 1024)
#define REPORT_BYTES 1000
#define REPORTS (20 * MEMORY / REPORT_BYTES)

static gboolean
on_deadline (gpointer data)
{
  *(gboolean *)data = TRUE;
  return G_SOURCE_CONTINUE;
}

static gboolean
on_tick (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

#define WAIT_UNTIL(condition) \
  G_STMT_START \
  { \
    gboolean wait_over = FALSE; \
    guint wait_deadline = \
        g_timeout_add_seconds (DEADLINE_SECONDS, on_deadline, &wait_over); \
    guint wait_tick = g_timeout_add (5, on_tick, NULL); \
\
    while (!(condition)) { \
      if (wait_over) \
        g_error ("Nothing came of “%s” in %d s", #condition, DEADLINE_SECONDS); \
      g_main_context_iteration (NULL, TRUE); \
    } \
    g_source_remove (wait_deadline); \
    g_source_remove (wait_tick); \
  } \
  G_STMT_END

static guint64
get_stat (CallstatsClient *client, const char *name)
{
  g_autoptr (GVariant) stats = callstats_client_get_stats (client);
  guint64 value = 0;

  g_assert_true (g_variant_lookup (stats, name, "t", &value));
  return value;
}

static void
send_report (CallstatsClient *client, const char *fabric, gint64 n)
{
  g_autoptr (CallstatsReport) report = callstats_report_new (g_get_real_time ());
  char filler[REPORT_BYTES + 1];
  guint i;

  /* Nothing that deflate makes small. */
  for (i = 0; i < REPORT_BYTES; i++)
    filler[i] = (char)g_random_int_range ('!', '~');
  filler[REPORT_BYTES] = '\0';
  callstats_report_add_stats (report, "t", "object");
  callstats_report_set_int (report, "n", n);
  callstats_report_set_string (report, "filler", filler);
  callstats_client_send_report (client, fabric, report);
}

static gint64
resident_bytes (void)
{
  g_autofree char *text = NULL;
  g_auto (GStrv) fields = NULL;

  g_assert_true (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL));
  fields = g_strsplit (text, " ", -1);
  return g_ascii_strtoll (fields[1], NULL, 10) * sysconf (_SC_PAGESIZE);
}

/* No faster than the monitor thread, whose mailbox is not what is measured. */
static void
send_reports (CallstatsClient *client, const char *fabric, guint64 from, guint64 to)
{
  guint64 i;

  for (i = from; i < to; i++) {
    send_report (client, fabric, (gint64)i);
    if (i % 50 == 0)
      WAIT_UNTIL (get_stat (client, "reports") > i);
  }
  WAIT_UNTIL (get_stat (client, "reports") == to);
}

static guint64
count_missing (GPtrArray *records, guint64 *reports)
{
  guint64 missing = 0;
  guint i;

  for (i = 0; i < records->len; i++) {
    CallstatsRecord *record = records->pdata[i];
    g_autoptr (JsonObject) gap = NULL;

    *reports += record->kind == CALLSTATS_RECORD_REPORT;
    if (g_strcmp0 (record->name, "gap") != 0)
      continue;
    gap = callstats_json_parse_object (record->data, strlen (record->data), NULL);
    missing += (guint64)callstats_json_get_int (gap, "dropped", 0);
  }
  return missing;
}

static void
test_a_stalled_backend_costs_no_more_than_the_bounds (void)
{
  g_autoptr (FakeCollector) collector = fake_collector_new (0);
  g_autofree char *url = fake_collector_get_url (collector);
  g_autoptr (CallstatsClient) client = callstats_client_new (FAKE_APP, "alice");
  g_autoptr (GPtrArray) records = NULL;
  g_autofree char *fabric = NULL;
  guint64 reports = 0, missing;
  gint64 before, growth;

  g_object_set (client, "app-secret", FAKE_SECRET, "conference-id", "c1", "backend-url",
      url, "memory-max-bytes", MEMORY, NULL);
  fabric = callstats_client_add_new_fabric (
      client, "bob", CALLSTATS_FABRIC_USAGE_MULTIPLEX, NULL, NULL, NULL);
  send_reports (client, fabric, 0, 100);
  WAIT_UNTIL (get_stat (client, "records-queued") == 0);

  fake_collector_stall (collector, TRUE);
  before = resident_bytes ();
  send_reports (client, fabric, 100, REPORTS);
  growth = resident_bytes () - before;
  g_test_message ("%" G_GUINT64_FORMAT
                  " reports: resident memory grew by %" G_GINT64_FORMAT
                  " bytes, %" G_GUINT64_FORMAT " queued, %" G_GUINT64_FORMAT " thinned",
      (guint64)REPORTS, growth, get_stat (client, "bytes-queued"),
      get_stat (client, "records-thinned"));
  g_assert_cmpuint (get_stat (client, "bytes-queued"), <=, MEMORY);
#ifndef __SANITIZE_ADDRESS__
  g_assert_cmpint (growth, <=, (gint64)MEMORY + 1024 * 1024);
#endif

  fake_collector_stall (collector, FALSE);
  WAIT_UNTIL (get_stat (client, "records-queued") == 0);
  records = fake_collector_get_records (collector);
  missing = count_missing (records, &reports);
  g_assert_cmpuint (reports + missing, ==, REPORTS);
  g_assert_cmpuint (missing, ==,
      get_stat (client, "records-thinned") + get_stat (client, "records-dropped"));
  g_assert_cmpuint (missing, >, REPORTS / 2);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/stalled/a-stalled-backend-costs-no-more-than-the-bounds",
      test_a_stalled_backend_costs_no_more_than_the_bounds);
  return g_test_run ();
}
