/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A backend that accepts, upgrades and then never reads: it costs no more than the bounds
 * and no more CPU than a healthy one, takes thinned reports of even distances once it
 * reads again, and every event; what is missing is told exactly.
 *
 * The clients are processes of their own that do nothing else. CALLSTATS_LONG=1 in the
 * environment makes it ten minutes at 100 reports a second.
 */
#include <string.h>

#include "call-load.h"
#include "call-reports.h"
#include "callstats-gap-private.h"
#include "callstats-json-private.h"
#include "fake-collector.h"
#include "valve.h"

#ifdef __SANITIZE_ADDRESS__
#define SANITIZED TRUE
#else
#define SANITIZED FALSE
#endif

#define MIB ((gint64)1024 * 1024)
#define TIMES_OF_BOUND 20
#define CORE_SHARE 0.01 /* CPU that a stalled backend may cost beyond a healthy one */
#define WARM_UP 100
#define CALLS 2

typedef enum {
  HEALTHY,
  WELCOME,
  NO_WELCOME,
  N_SIDES,
} SideName;

static const char *const side_names[] = { "healthy", "stalled after its welcome",
  "stalled before its welcome" };
static const ValveState valve_states[] = { VALVE_OPEN, VALVE_AFTER_HELLO,
  VALVE_AFTER_UPGRADE };

typedef struct {
  FakeCollector *collector;
  Valve *valve;
  Load *load;
  LoadResult reported, delivered;
} Side;

/* What came of one call. */
typedef struct {
  GArray *numbers; /* guint64, of its reports, in their order */
  gint64 start;    /* the time of number 0 */
  guint events;
} Call;

typedef struct {
  GHashTable *calls;    /* fabric → Call */
  GHashTable *feedback; /* set of comments */
  GArray *gaps;         /* CallstatsGap */
  guint64 told_missing;
} Arrived;

static void
call_free (gpointer data)
{
  Call *call = data;

  g_array_unref (call->numbers);
  g_free (call);
}

/* What came */

static Call *
get_call (Arrived *self, const char *fabric)
{
  Call *call = g_hash_table_lookup (self->calls, fabric);

  if (call != NULL)
    return call;
  call = g_new0 (Call, 1);
  call->numbers = g_array_new (FALSE, FALSE, sizeof (guint64));
  g_hash_table_insert (self->calls, g_strdup (fabric), call);
  return call;
}

static void
add_report (Arrived *self, const CallstatsRecord *record)
{
  Call *call = get_call (self, record->fabric);
  guint64 number = call_report_get_number (record->report);

  g_assert_cmpuint (number, >, 0);
  if (call->numbers->len > 0) {
    g_assert_cmpuint (
        number, >, g_array_index (call->numbers, guint64, call->numbers->len - 1));
    g_assert_cmpint (record->time - (gint64)number * LOAD_STEP, ==, call->start);
  }
  call->start = record->time - (gint64)number * LOAD_STEP;
  g_array_append_val (call->numbers, number);
}

static void
add_feedback (Arrived *self, const CallstatsRecord *record)
{
  g_autoptr (JsonObject) data =
      callstats_json_parse_object (record->data, strlen (record->data), NULL);
  const char *comment = callstats_json_get_string (data, "comment", NULL);

  g_assert_nonnull (comment);
  g_assert_true (g_hash_table_add (self->feedback, g_strdup (comment)));
}

static void
add_record (Arrived *self, const CallstatsRecord *record)
{
  CallstatsGap gap;
  CallstatsLoss loss;

  if (record->kind == CALLSTATS_RECORD_REPORT) {
    add_report (self, record);
  } else if (callstats_gap_read_record (record, &gap, &loss)) {
    g_assert_cmpint (loss, ==, CALLSTATS_LOSS_MEMORY);
    self->told_missing += gap.count;
    g_array_append_val (self->gaps, gap);
  } else if (strcmp (record->name, LOAD_EVENT) == 0) {
    get_call (self, record->fabric)->events++;
  } else if (strcmp (record->name, "userFeedback") == 0) {
    add_feedback (self, record);
  }
}

static void
arrived_init (Arrived *self, FakeCollector *collector)
{
  g_autoptr (GPtrArray) records = fake_collector_get_records (collector);
  guint i;

  *self = (Arrived){
    .calls = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, call_free),
    .feedback = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL),
    .gaps = g_array_new (FALSE, FALSE, sizeof (CallstatsGap)),
  };
  for (i = 0; i < records->len; i++)
    add_record (self, records->pdata[i]);
}

static void
arrived_clear (Arrived *self)
{
  g_hash_table_unref (self->calls);
  g_hash_table_unref (self->feedback);
  g_array_unref (self->gaps);
}

/* What must be true of it */

static gboolean
is_told (const Arrived *self, gint64 time)
{
  guint i;

  for (i = 0; i < self->gaps->len; i++) {
    const CallstatsGap *gap = &g_array_index (self->gaps, CallstatsGap, i);

    if (gap->from <= time && time <= gap->to)
      return TRUE;
  }
  return FALSE;
}

static guint64
number_at (const Call *call, guint i, guint64 all)
{
  return i < call->numbers->len ? g_array_index (call->numbers, guint64, i) : all + 1;
}

/* Whatever is missing lies in a gap that was told. Returns: how many. */
static guint64
check_told (const Arrived *self, const Call *call, guint64 all)
{
  guint64 number = 1, next;
  guint i;

  for (i = 0; i <= call->numbers->len; i++) {
    for (next = number_at (call, i, all); number < next; number++)
      g_assert_true (is_told (self, call->start + (gint64)number * LOAD_STEP));
    number = next + 1;
  }
  return all - call->numbers->len;
}

/* Every second report goes, then every second of those left, … So it is no further to a
 * report that stayed than the power of two by which its number can be divided, or those
 * of all before it, back to where more had to go: what was sent before stays as it was.
 */
static void
check_even (const Call *call, guint64 all)
{
  guint64 last = 0, widest = 1, stride = 1;
  guint i;

  for (i = 0; i < call->numbers->len; i++) {
    guint64 next = number_at (call, i, all);
    guint64 divisor = next & -next;

    if (next - last > stride) {
      g_assert_cmpuint (next - last, <=, divisor);
      stride = divisor;
    }
    stride = MIN (stride, divisor);
    widest = MAX (widest, next - last);
    last = next;
  }
  g_assert_cmpuint (all - last, <, 2 * widest);
  g_test_message ("%u of %" G_GUINT64_FORMAT " reports, at most %" G_GUINT64_FORMAT
                  " from one to the next",
      call->numbers->len, all, widest);
}

static void
check_arrived (Side *side, gboolean stalled, const LoadOptions *options)
{
  guint64 all = options->warm_up + options->reports;
  guint64 missing = 0;
  GHashTableIter iter;
  gpointer call;
  Arrived arrived;

  arrived_init (&arrived, side->collector);
  g_assert_cmpuint (g_hash_table_size (arrived.calls), ==, options->calls);
  g_hash_table_iter_init (&iter, arrived.calls);
  while (g_hash_table_iter_next (&iter, NULL, &call)) {
    missing += check_told (&arrived, call, all);
    if (stalled)
      check_even (call, all);
    g_assert_cmpuint (((Call *)call)->events, ==, all / LOAD_EVENT_EVERY);
  }
  g_assert_cmpuint (g_hash_table_size (arrived.feedback), ==,
      all * options->calls / LOAD_FEEDBACK_EVERY);
  g_test_message ("%" G_GUINT64_FORMAT " missing, told in %u gap records", missing,
      arrived.gaps->len);
  g_assert_cmpuint (arrived.told_missing, ==, missing);
  g_assert_cmpuint (missing, ==,
      load_result_get (&side->delivered, "records-thinned") +
          load_result_get (&side->delivered, "records-dropped"));
  g_assert_cmpuint (load_result_get (&side->delivered, "records-dropped"), ==, 0);
  arrived_clear (&arrived);
}

/* What the client counted is what the collector did. */
static void
check_counters (Side *side)
{
  g_autoptr (GArray) arrivals = fake_collector_get_arrivals (side->collector);
  LoadResult *result = &side->delivered;
  guint64 raw, sent = fake_collector_get_bytes (side->collector, &raw);
  double round_trip = 0;

  g_assert_cmpuint (load_result_get (result, "records-sent"), ==, arrivals->len);
  g_assert_cmpuint (load_result_get (result, "records-acked"), ==,
      fake_collector_get_stored (side->collector));
  g_assert_cmpuint (load_result_get (result, "records-queued"), ==, 0);
  g_assert_cmpuint (
      load_result_get (result, "connects"), ==, valve_n_connections (side->valve));
  g_assert_cmpuint (load_result_get (result, "reconnects"), ==, 0);
  g_assert_cmpuint (load_result_get (result, "records-spooled"), ==, 0);
  g_assert_cmpuint (load_result_get (result, "bytes-sent"), ==, sent);
  g_assert_cmpuint (load_result_get (result, "bytes-raw"), ==, raw);
  g_assert_true (g_variant_dict_lookup (&result->stats, "round-trip", "d", &round_trip));
  g_assert_cmpfloat (round_trip, >, 0);
}

/* The comparison */

static void
start_side (Side *side, LoadOptions options)
{
  g_autofree char *url = NULL;

  side->collector = fake_collector_new (0);
  side->valve = valve_new (fake_collector_get_port (side->collector));
  options.url = url = valve_get_url (side->valve);
  side->load = load_start (&options);
}

static void
clear_side (Side *side)
{
  load_result_clear (&side->reported);
  load_result_clear (&side->delivered);
  valve_free (side->valve);
  fake_collector_free (side->collector);
}

static void
tell_side (SideName name, Side *side)
{
  g_test_message ("%s: resident memory grew by %" G_GINT64_FORMAT
                  " bytes, %.2f s of CPU in %.1f s, %" G_GUINT64_FORMAT
                  " bytes queued in %" G_GUINT64_FORMAT " records, %" G_GUINT64_FORMAT
                  " thinned, %" G_GUINT64_FORMAT " dropped, %u connections",
      side_names[name], side->reported.growth, side->reported.cpu, side->reported.wall,
      load_result_get (&side->reported, "bytes-queued"),
      load_result_get (&side->reported, "records-queued"),
      load_result_get (&side->reported, "records-thinned"),
      load_result_get (&side->reported, "records-dropped"),
      valve_n_connections (side->valve));
}

static void
check_cost (Side *side, const Side *healthy, const LoadOptions *options)
{
  g_assert_cmpuint (
      load_result_get (&side->reported, "bytes-queued"), <=, options->memory);
  /* Nor was more given up than had to be. */
  g_assert_cmpuint (
      load_result_get (&side->reported, "bytes-queued"), >, options->memory / 3);
  g_assert_cmpuint (load_result_get (&side->reported, "records-thinned"), >, 0);
  /* What a sanitizer keeps of freed memory, and around all other, counts there too. */
  if (!SANITIZED)
    g_assert_cmpint (side->reported.growth, <=, (gint64)options->memory + MIB);
  g_assert_cmpfloat (
      side->reported.cpu, <=, healthy->reported.cpu + CORE_SHARE * side->reported.wall);
}

/* That it is enough of them. */
static void
check_load (const LoadOptions *options)
{
  g_autoptr (CallstatsReport) report = call_report_new (0, 1000, g_get_real_time ());
  g_autofree char *json = callstats_report_to_json (report);

  g_assert_cmpuint (strlen (json) * options->calls * options->reports, >=,
      TIMES_OF_BOUND * options->memory);
}

/* The healthy one, and as many of the stalled ones, the welcomed one first. */
static void
compare (const LoadOptions *options, guint n_sides)
{
  Side sides[N_SIDES] = { 0 };
  guint i;

  check_load (options);
  for (i = 0; i < n_sides; i++) {
    start_side (&sides[i], *options);
    valve_set (sides[i].valve, valve_states[i]);
    if (valve_states[i] == VALVE_AFTER_UPGRADE)
      valve_break (sides[i].valve);
  }
  for (i = 0; i < n_sides; i++)
    load_go (sides[i].load);
  for (i = 0; i < n_sides; i++) {
    load_wait (sides[i].load, &sides[i].reported);
    tell_side (i, &sides[i]);
  }
  for (i = 0; i < n_sides; i++) {
    valve_set (sides[i].valve, VALVE_OPEN);
    if (i != HEALTHY)
      check_cost (&sides[i], &sides[HEALTHY], options);
  }
  for (i = 0; i < n_sides; i++) {
    load_finish (sides[i].load, &sides[i].delivered);
    check_arrived (&sides[i], i != HEALTHY, options);
    if (i == HEALTHY)
      check_counters (&sides[i]);
    clear_side (&sides[i]);
  }
}

static void
test_the_default_bound (void)
{
  gboolean is_long = g_getenv ("CALLSTATS_LONG") != NULL;
  LoadOptions options = { .memory = (guint64)(SANITIZED ? 1 : 4) * MIB,
    .calls = CALLS,
    .warm_up = WARM_UP,
    .reports = is_long     ? 30000
               : SANITIZED ? 1800
                           : 6600,
    .rate = is_long ? 100 : 1000 };

  compare (&options, is_long ? N_SIDES : 2);
}

static void
test_a_small_bound (void)
{
  LoadOptions options = { .memory = 256 * 1024,
    .calls = CALLS,
    .warm_up = WARM_UP,
    .reports = 1000,
    .rate = 1000 };

  compare (&options, N_SIDES);
}

int
main (int argc, char **argv)
{
  if (load_main (argc, argv))
    return 0;
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/stalled/a-small-bound", test_a_small_bound);
  g_test_add_func ("/stalled/the-default-bound", test_the_default_bound);
  return g_test_run ();
}
