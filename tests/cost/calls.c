/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Probes run on streaming threads and write down under the call's lock; they wake the
 * test only when there is something that it waits for.
 */
#include "calls.h"

#include <time.h>

#define PERIOD (20 * GST_MSECOND) /* of packets */
/* Setup holds the source back, which then hurries after the clock: this many packets in
 * time, one after another, and it has caught up. In time is far enough from the one
 * before; where threads wait for processors it may never come to that, but packets that
 * are not far behind the clock do come, and so few at once that no socket overflows. */
#define IN_TIME 10
#define LATE (500 * GST_MSECOND)
#define PATIENCE (20 * G_TIME_SPAN_SECOND)
#define PATIENCE_SLOW (60 * G_TIME_SPAN_SECOND)
#define RTP_HEADER_SIZE 12

#define SOURCE \
  "audiotestsrc is-live=true samplesperbuffer=160 ! audio/x-raw,rate=8000,channels=1 ! " \
  "alawenc ! rtppcmapay pt=8 min-ptime=20000000 max-ptime=20000000"
#define SINK "rtppcmadepay ! alawdec ! fakesink async=false sync=false"

typedef struct _Calls Calls;

typedef struct {
  Calls *calls;
  GstElement *pipeline, *mon; /* mon: nullable */
  GMutex lock;
  gint64 entered[G_MAXUINT16 + 1]; /* nanoseconds, by sequence number; 0: not measured */
  gint64 base;                     /* of the pipeline's clock, nanoseconds */
  gint64 last_entered;
  guint in_time, near; /* packets one after another */
  guint32 ssrc;
  guint sent, received; /* of those that are measured */
  GArray *latencies;    /* double */
} Call;

struct _Calls {
  Call *call[COST_CALLS];
  guint packets;  /* to measure of each call */
  gint measuring; /* atomic */
  GMutex lock;
  GCond changed;
};

static gint64
get_time (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return now.tv_sec * GST_SECOND + now.tv_nsec;
}

int
cost_compare (gconstpointer a, gconstpointer b)
{
  double difference = *(const double *)a - *(const double *)b;

  return difference < 0 ? -1 : difference > 0;
}

/* Packets, on streaming threads */

static void
wake (Calls *self)
{
  g_mutex_lock (&self->lock);
  g_cond_signal (&self->changed);
  g_mutex_unlock (&self->lock);
}

static guint16
read_packet (GstPadProbeInfo *info, guint32 *ssrc)
{
  guint8 header[RTP_HEADER_SIZE];

  g_assert_cmpuint (
      gst_buffer_extract (GST_PAD_PROBE_INFO_BUFFER (info), 0, header, sizeof header), ==,
      sizeof header);
  *ssrc = GST_READ_UINT32_BE (header + 8);
  return GST_READ_UINT16_BE (header + 2);
}

static GstPadProbeReturn
on_enter (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Call *call = user_data;
  gint64 now = get_time ();
  guint32 ssrc;
  guint16 seqnum = read_packet (info, &ssrc);
  gint64 due = call->base + (gint64)GST_BUFFER_PTS (GST_PAD_PROBE_INFO_BUFFER (info));
  gboolean ready, measured;

  g_mutex_lock (&call->lock);
  call->ssrc = ssrc;
  call->in_time = now - call->last_entered > PERIOD / 2 ? call->in_time + 1 : 0;
  call->last_entered = now;
  call->near = now - due <= LATE ? call->near + 1 : 0;
  ready = call->in_time == IN_TIME || call->near == IN_TIME;
  measured =
      g_atomic_int_get (&call->calls->measuring) && call->sent < call->calls->packets;
  call->entered[seqnum] = measured ? now : 0;
  call->sent += measured;
  g_mutex_unlock (&call->lock);
  if (ready)
    wake (call->calls);
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
on_leave (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Call *call = user_data;
  gint64 now = get_time ();
  guint32 ssrc;
  guint16 seqnum = read_packet (info, &ssrc);
  double latency;
  gboolean all = FALSE;

  g_mutex_lock (&call->lock);
  g_assert_cmphex (ssrc, ==, call->ssrc);
  if (call->entered[seqnum] != 0) {
    latency = (double)(now - call->entered[seqnum]) / GST_USECOND;
    call->entered[seqnum] = 0;
    g_array_append_val (call->latencies, latency);
    all = ++call->received == call->calls->packets;
  }
  g_mutex_unlock (&call->lock);
  if (all)
    wake (call->calls);
  return GST_PAD_PROBE_OK;
}

static void
on_pad_added (GstElement *loopback, GstPad *pad, gpointer user_data)
{
  Call *call = user_data;
  g_autoptr (GstPad) target = NULL;
  GstElement *sink;

  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER,
      GST_PAD_IS_SINK (pad) ? on_enter : on_leave, call, NULL);
  if (GST_PAD_IS_SINK (pad))
    return;
  sink = gst_parse_bin_from_description (SINK, TRUE, NULL);
  gst_bin_add (GST_BIN (call->pipeline), sink);
  gst_element_sync_state_with_parent (sink);
  target = gst_element_get_static_pad (sink, "sink");
  g_assert_cmpint (gst_pad_link (pad, target), ==, GST_PAD_LINK_OK);
}

static GstBusSyncReply
on_message (GstBus *bus, GstMessage *message, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
    gst_message_parse_error (message, &error, NULL);
    g_error ("%s: %s", GST_MESSAGE_SRC_NAME (message), error->message);
  }
  gst_message_unref (message);
  return GST_BUS_DROP;
}

/* Calls */

static void
add_monitor (Call *call, guint i, const CostMonitor *monitor)
{
  GstElement *mon = gst_element_factory_make ("callstatsmon", NULL);
  g_autofree gchar *name = g_strdup_printf ("%u", i);

  g_assert_nonnull (mon);
  /* Each is another's: none shares a connection. */
  g_object_set (mon, "backend-url", monitor->backend, "app-id", monitor->app,
      "app-secret-file", monitor->secret_file, "user-id", name, "conference-id", name,
      NULL);
  gst_bin_add (GST_BIN (call->pipeline), mon);
  call->mon = mon;
}

/* All begin their packets at another part of the period, and at the same in every run. */
static void
set_base_time (Call *call, guint i, GstClock *clock, GstClockTime now)
{
  call->base = (gint64)(now + i * PERIOD / COST_CALLS);
  gst_pipeline_use_clock (GST_PIPELINE (call->pipeline), clock);
  gst_element_set_start_time (call->pipeline, GST_CLOCK_TIME_NONE);
  gst_element_set_base_time (call->pipeline, (GstClockTime)call->base);
}

static Call *
call_new (Calls *calls, guint i, const CostMonitor *monitor)
{
  Call *call = g_new0 (Call, 1);
  GstElement *loopback = gst_element_factory_make ("callstatsloopback", NULL);
  GstElement *source = gst_parse_bin_from_description (SOURCE, TRUE, NULL);
  g_autoptr (GstBus) bus = NULL;

  g_assert_nonnull (loopback);
  g_assert_nonnull (source);
  call->calls = calls;
  call->latencies = g_array_sized_new (FALSE, FALSE, sizeof (double), calls->packets);
  g_mutex_init (&call->lock);
  call->pipeline = gst_object_ref_sink (gst_pipeline_new (NULL));
  bus = gst_element_get_bus (call->pipeline);
  gst_bus_set_sync_handler (bus, on_message, NULL, NULL);
  g_signal_connect (loopback, "pad-added", G_CALLBACK (on_pad_added), call);
  gst_bin_add_many (GST_BIN (call->pipeline), source, loopback, NULL);
  g_assert_true (gst_element_link_pads (source, "src", loopback, "sink_0"));
  if (monitor != NULL)
    add_monitor (call, i, monitor);
  return call;
}

static void
call_free (Call *call)
{
  gst_object_unref (call->pipeline);
  g_array_unref (call->latencies);
  g_mutex_clear (&call->lock);
  g_free (call);
}

typedef gboolean (*Condition) (const Call *call); /* with its lock held */

static gboolean
is_in_time (const Call *call)
{
  return call->in_time >= IN_TIME;
}

static gboolean
is_near (const Call *call)
{
  return call->near >= IN_TIME;
}

static gboolean
has_all (const Call *call)
{
  return call->received == call->calls->packets;
}

static gboolean
holds_for_all (Calls *self, Condition condition)
{
  gboolean all = TRUE;
  guint i;

  for (i = 0; all && i < COST_CALLS; i++) {
    g_mutex_lock (&self->call[i]->lock);
    all = condition (self->call[i]);
    g_mutex_unlock (&self->call[i]->lock);
  }
  return all;
}

/* Returns: whether it came before the patience was over */
static gboolean
wait_for (Calls *self, Condition condition, gint64 patience)
{
  gint64 end = g_get_monotonic_time () + patience;
  gboolean met;

  g_mutex_lock (&self->lock);
  while (!(met = holds_for_all (self, condition)) &&
         g_cond_wait_until (&self->changed, &self->lock, end))
    ;
  g_mutex_unlock (&self->lock);
  return met;
}

static char *
describe_end (const Call *call, const char *name)
{
  g_autoptr (GstElement) webrtcbin = gst_bin_get_by_name (GST_BIN (call->pipeline), name);
  g_autofree char *ice = NULL, *connection = NULL;
  GValue value = G_VALUE_INIT;

  g_object_get_property (G_OBJECT (webrtcbin), "ice-connection-state", &value);
  ice = gst_value_serialize (&value);
  g_value_unset (&value);
  g_object_get_property (G_OBJECT (webrtcbin), "connection-state", &value);
  connection = gst_value_serialize (&value);
  g_value_unset (&value);
  return g_strdup_printf ("%s: ICE %s, %s", name, ice, connection);
}

static G_GNUC_NORETURN void
fail (Calls *self)
{
  g_autoptr (GString) text = g_string_new ("The calls do not come about");
  guint i;

  for (i = 0; i < COST_CALLS; i++) {
    Call *call = self->call[i];
    g_autofree char *caller = describe_end (call, "caller");
    g_autofree char *callee = describe_end (call, "callee");

    g_mutex_lock (&call->lock);
    g_string_append_printf (text, "\n%u: %u packets in time, %u near it; %s; %s", i,
        call->in_time, call->near, caller, callee);
    g_mutex_unlock (&call->lock);
  }
  g_error ("%s", text->str);
}

static void
begin (Calls *self, const CostMonitor *monitor, gboolean wants_latency, CostRun *run)
{
  g_autoptr (GstClock) clock = gst_system_clock_obtain ();
  GstClockTime now = gst_clock_get_time (clock);
  guint i;

  for (i = 0; i < COST_CALLS; i++) {
    self->call[i] = call_new (self, i, monitor);
    set_base_time (self->call[i], i, clock, now);
    g_assert_cmpint (gst_element_set_state (self->call[i]->pipeline, GST_STATE_PLAYING),
        !=, GST_STATE_CHANGE_FAILURE);
  }
  run->in_time = wants_latency && wait_for (self, is_in_time, PATIENCE);
  if (!run->in_time && !wait_for (self, is_near, PATIENCE_SLOW))
    fail (self);
}

static void
measure (Calls *self, CostRun *run)
{
  guint i;

  g_atomic_int_set (&self->measuring, TRUE);
  wait_for (self, has_all, PATIENCE_SLOW + self->packets * (PERIOD / GST_USECOND));
  g_atomic_int_set (&self->measuring, FALSE);
  run->packets = run->lost = 0;
  for (i = 0; i < COST_CALLS; i++) {
    Call *call = self->call[i];

    g_mutex_lock (&call->lock);
    run->packets += call->sent;
    run->lost += call->sent - call->received;
    g_mutex_unlock (&call->lock);
  }
}

static guint64
get_acked (GstElement *mon)
{
  g_autoptr (GstStructure) stats = NULL;
  guint64 acked = 0;

  g_object_get (mon, "stats", &stats, NULL);
  g_assert_true (gst_structure_get_uint64 (stats, "records-acked", &acked));
  return acked;
}

static void
end (Calls *self, CostRun *run)
{
  guint i;

  run->acked = 0;
  for (i = 0; i < COST_CALLS && self->call[i]->mon != NULL; i++)
    run->acked += get_acked (self->call[i]->mon);
  for (i = 0; i < COST_CALLS; i++) {
    gint64 start = get_time ();

    gst_element_set_state (self->call[i]->pipeline, GST_STATE_NULL);
    run->stops[i] = (double)(get_time () - start) / GST_MSECOND;
  }
}

static double
get_latency (Calls *self)
{
  g_autoptr (GArray) all = g_array_new (FALSE, FALSE, sizeof (double));
  guint i;

  for (i = 0; i < COST_CALLS; i++)
    g_array_append_vals (
        all, self->call[i]->latencies->data, self->call[i]->latencies->len);
  g_assert_cmpuint (all->len, >, 0);
  g_array_sort (all, cost_compare);
  return g_array_index (all, double, all->len * 99 / 100);
}

void
cost_run (const CostMonitor *monitor, guint packets, gboolean wants_latency, CostRun *run)
{
  Calls self = { .packets = packets };
  guint i;

  g_mutex_init (&self.lock);
  g_cond_init (&self.changed);
  begin (&self, monitor, wants_latency, run);
  measure (&self, run);
  end (&self, run);
  run->latency = get_latency (&self);
  for (i = 0; i < COST_CALLS; i++)
    call_free (self.call[i]);
  g_cond_clear (&self.changed);
  g_mutex_clear (&self.lock);
}
