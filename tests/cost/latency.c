/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Ten calls with a monitor and without, in turn, for each kind of backend: no packet is
 * lost, packets are under way as long, and the end comes as soon.
 *
 * The probes that see the packets share no code with the plugin. Runs alternate, and each
 * with a monitor is compared with the one before and the one behind it, so that what else
 * goes on on the machine is in both. Of these ratios the median counts. In the short form
 * the median of a few may be above the bound by chance. Then it goes on, and fails only
 * when so many ratios are above the bound that chance would bring it about once in two
 * hundred comparisons (a sign test); what is not decided in its time is told, and passes.
 * Where other processes cannot be kept out of the way, or a sanitizer slows what is ours,
 * single ratios lie anywhere between half and double: they are told and not judged there,
 * and nor are they where packets of calls without a monitor do not come in time. What is
 * judged then is that nothing is lost, nothing hangs, and the backend was what it was to
 * be. The long form, with CALLSTATS_LONG=1 in the environment, has a fixed number of
 * runs, each longer, and takes the median as it is.
 */
#include <math.h>
#include <sched.h>
#include <string.h>

#include "backends.h"
#include "calls.h"
#include "rtpsession-race.h"

#define RATIO 1.05             /* of 99th percentiles, with a monitor to without */
#define STOP_MS 300            /* that the end may come later */
#define STOP_UNJUDGED_MS 10000 /* the same: it does not wait for the backend */
#define CHANCE 0.005           /* of the sign test */
#define PACKETS 60             /* of each call in a run */
#define LEAST 5                /* ratios */
#define MOST 14                /* the same */
#define MOST_UNJUDGED 6
#define BUDGET (45 * G_USEC_PER_SEC)
#define PACKETS_LONG 300
#define RATIOS_LONG 24

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SLOWED TRUE /* our code is, GStreamer's is not */
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_SLOWED TRUE
#endif
#endif
#ifndef IS_SLOWED
#define IS_SLOWED FALSE
#endif

/* Whether other processes are out of the way */
static gboolean can_judge;

typedef struct {
  const char *name;
  BackendKind kind;
} Kind;

static const Kind kinds[] = {
  { "healthy", BACKEND_HEALTHY },
  { "dead", BACKEND_DEAD },
  { "stalled", BACKEND_STALLED },
  { "flapping", BACKEND_FLAPPING },
};

typedef struct {
  GArray *ratios;                  /* double */
  GArray *latencies[2], *stops[2]; /* double: without a monitor, with one */
  guint packets[2], lost[2];
  guint64 acked;
  gboolean judged; /* the latencies say something of the monitor */
} Comparison;

static gboolean
is_long (void)
{
  return g_getenv ("CALLSTATS_LONG") != NULL;
}

static void
comparison_init (Comparison *self)
{
  guint i;

  *self = (Comparison){ .ratios = g_array_new (FALSE, FALSE, sizeof (double)),
    .judged = can_judge || is_long () };
  for (i = 0; i < 2; i++) {
    self->latencies[i] = g_array_new (FALSE, FALSE, sizeof (double));
    self->stops[i] = g_array_new (FALSE, FALSE, sizeof (double));
  }
}

static void
comparison_clear (Comparison *self)
{
  guint i;

  g_array_unref (self->ratios);
  for (i = 0; i < 2; i++) {
    g_array_unref (self->latencies[i]);
    g_array_unref (self->stops[i]);
  }
}

static double
get_quantile (GArray *values, double quantile)
{
  g_autoptr (GArray) sorted = g_array_copy (values);

  g_array_sort (sorted, cost_compare);
  return g_array_index (sorted, double, (guint)((sorted->len - 1) * quantile + 0.5));
}

static double
get_median (GArray *values)
{
  return get_quantile (values, 0.5);
}

static double
run (Comparison *self, const CostMonitor *monitor, guint packets)
{
  guint with = monitor != NULL;
  CostRun result;

  cost_run (monitor, packets, self->judged, &result);
  self->judged &= with || result.in_time || is_long ();
  self->packets[with] += result.packets;
  self->lost[with] += result.lost;
  self->acked += result.acked;
  g_array_append_val (self->latencies[with], result.latency);
  g_array_append_vals (self->stops[with], result.stops, COST_CALLS);
  return result.latency;
}

/* How likely it is that chance alone brings as many ratios above the bound. */
static double
get_chance (GArray *ratios)
{
  guint n = ratios->len, above = 0, i;
  double chance = 0;

  for (i = 0; i < n; i++)
    above += g_array_index (ratios, double, i) > RATIO;
  for (i = above; i <= n; i++)
    chance += exp (lgamma (n + 1) - lgamma (i + 1) - lgamma (n - i + 1) - n * M_LN2);
  return chance;
}

/* Whether the backend is what it is to be. One that is slowed may not get as far as
 * acks. */
static gboolean
is_backend_met (const Comparison *self, BackendKind kind, Backend *backend)
{
  switch (kind) {
  case BACKEND_HEALTHY:
    return self->acked > 0 || IS_SLOWED;
  case BACKEND_DEAD:
    return self->acked == 0;
  case BACKEND_STALLED:
    return self->acked == 0 && backend_count_harmed (backend) > 0;
  default:
    return backend_count_harmed (backend) > 0;
  }
}

static gboolean
is_decided (Comparison *self, gboolean is_met, gint64 start)
{
  if (!self->judged)
    return self->ratios->len == MOST_UNJUDGED || (self->ratios->len > 0 && is_met);
  if (is_long ())
    return self->ratios->len == RATIOS_LONG;
  if (self->ratios->len < LEAST)
    return FALSE;
  return get_median (self->ratios) <= RATIO || get_chance (self->ratios) < CHANCE ||
         self->ratios->len == MOST || g_get_monotonic_time () - start > BUDGET;
}

static void
compare (Comparison *self, const CostMonitor *monitor, BackendKind kind, Backend *backend)
{
  guint packets = is_long () ? PACKETS_LONG : PACKETS;
  gint64 start = g_get_monotonic_time ();
  double before = run (self, NULL, packets);

  while (!is_decided (self, is_backend_met (self, kind, backend), start)) {
    double with = run (self, monitor, packets);
    double behind = run (self, NULL, packets);
    double ratio = with / sqrt (before * behind);

    g_array_append_val (self->ratios, ratio);
    before = behind;
  }
}

static void
tell (Comparison *self)
{
  g_test_message ("%u ratios of 99th percentiles: median %.3f, quartiles %.3f and %.3f, "
                  "chance of the bound %.4f",
      self->ratios->len, get_median (self->ratios), get_quantile (self->ratios, 0.25),
      get_quantile (self->ratios, 0.75), get_chance (self->ratios));
  g_test_message ("99th percentile: median without %.0f us, with %.0f us",
      get_median (self->latencies[0]), get_median (self->latencies[1]));
  g_test_message ("packets: %u without, %u lost; %u with, %u lost", self->packets[0],
      self->lost[0], self->packets[1], self->lost[1]);
  g_test_message ("set_state (NULL) without: median %.1f ms, 95 %% %.1f, longest %.1f; "
                  "with: median %.1f ms, 95 %% %.1f, longest %.1f",
      get_median (self->stops[0]), get_quantile (self->stops[0], 0.95),
      get_quantile (self->stops[0], 1), get_median (self->stops[1]),
      get_quantile (self->stops[1], 0.95), get_quantile (self->stops[1], 1));
}

static void
assert_latency (Comparison *self)
{
  if (self->judged && get_median (self->ratios) > RATIO &&
      (is_long () || get_chance (self->ratios) < CHANCE))
    g_assert_cmpfloat (get_median (self->ratios), <=, RATIO);
  else if (get_median (self->ratios) > RATIO)
    g_test_message ("The latencies are not judged: %s",
        self->judged ? "too few" : "other processes, or a sanitizer, are in the way");
}

static void
test_the_call_does_not_feel_it (gconstpointer data)
{
  const Kind *kind = data;
  g_autoptr (Backend) backend = backend_new (kind->kind);
  CostMonitor monitor = { backend_get_url (backend), backend_get_app (backend),
    backend_get_secret_file (backend) };
  Comparison comparison;

  rtpsession_race_tolerate ();
  comparison_init (&comparison);
  compare (&comparison, &monitor, kind->kind, backend);
  tell (&comparison);
  g_assert_cmpuint (comparison.lost[1], ==, 0);
  g_assert_cmpfloat (get_median (comparison.stops[1]) - get_median (comparison.stops[0]),
      <=, comparison.judged ? STOP_MS : STOP_UNJUDGED_MS);
  assert_latency (&comparison);
  g_assert_true (is_backend_met (&comparison, kind->kind, backend));
  comparison_clear (&comparison);
}

/* Builds and other tests are not to be measured: all threads become real-time threads of
 * one rank. The monitor's have it, too, and media do not interrupt them, so that nothing
 * is made easier for it. Returns: FALSE: it is not allowed here */
static gboolean
go_before_others (void)
{
  struct sched_param lowest = { .sched_priority = sched_get_priority_min (SCHED_RR) };

  return sched_setscheduler (0, SCHED_RR, &lowest) == 0;
}

/* g_test prints all that libraries say, which takes time that applications do not spend.
 */
static void
on_log (const char *domain, GLogLevelFlags level, const char *text, gpointer data)
{
  if ((level & G_LOG_LEVEL_MASK) < G_LOG_LEVEL_INFO)
    g_log_default_handler (domain, level, text, data);
}

int
main (int argc, char *argv[])
{
  guint i;

  can_judge = go_before_others () && !IS_SLOWED; /* threads inherit it */
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_log_set_default_handler (on_log, NULL);
  for (i = 0; i < G_N_ELEMENTS (kinds); i++) {
    g_autofree char *path = g_strconcat ("/latency/", kinds[i].name, NULL);

    g_test_add_data_func (path, &kinds[i], test_the_call_does_not_feel_it);
  }
  return g_test_run ();
}
