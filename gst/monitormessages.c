/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What callstatsmon tells: the same facts by signal and as element messages on the bus,
 * which any language can read.
 *
 * Monitor thread only; no lock is held.
 */
#include "monitormessages.h"
#include "structurevariant.h"

static gboolean
has_listener (GstCallstatsMon *mon, const char *signal)
{
  return g_signal_has_handler_pending (
      mon, g_signal_lookup (signal, GST_TYPE_CALLSTATS_MON), 0, FALSE);
}

static void
post (GstCallstatsMon *mon, GstMessage *message)
{
  gst_element_post_message (GST_ELEMENT (mon), message);
}

void
gst_callstats_tell_fabric_added (
    GstCallstatsMon *mon, const char *fabric, GstElement *webrtcbin)
{
  g_signal_emit_by_name (mon, "fabric-added", fabric, webrtcbin);
}

static void
post_fabric_event (GstCallstatsMon *mon, const char *fabric, GstElement *webrtcbin,
    const char *name, gint64 time_us, GVariant *data)
{
  g_autofree char *json = callstats_data_to_json (data);
  GstStructure *structure =
      gst_structure_new ("callstats-fabric-event", "fabric", G_TYPE_STRING, fabric,
          "webrtcbin", GST_TYPE_ELEMENT, webrtcbin, "name", G_TYPE_STRING, name, "time",
          G_TYPE_INT64, time_us / 1000, "data", G_TYPE_STRING, json, NULL);

  post (mon, gst_message_new_element (GST_OBJECT (mon), structure));
}

void
gst_callstats_tell_fabric_event (GstCallstatsMon *mon, const char *fabric,
    GstElement *webrtcbin, const char *name, gint64 time_us, GVariant *data,
    gboolean on_the_bus)
{
  GstStructure *structure;

  if (on_the_bus)
    post_fabric_event (mon, fabric, webrtcbin, name, time_us, data);
  if (!has_listener (mon, "fabric-event"))
    return;
  structure = gst_callstats_structure_from_variant ("callstats-event-data", data);
  g_signal_emit_by_name (mon, "fabric-event", fabric, name, structure);
  gst_structure_free (structure);
}

/* Any thread: where the message is freed. */
static void
on_message_gone (gpointer unread, GstMiniObject *message)
{
  g_atomic_int_set ((gint *)unread, FALSE);
  g_atomic_rc_box_release (unread);
}

static void
post_report (GstCallstatsMon *mon, const char *fabric, GstElement *webrtcbin,
    CallstatsReport *report, const char *json, gint *unread)
{
  GstStructure *structure = gst_structure_new ("callstats-stats", "fabric", G_TYPE_STRING,
      fabric, "webrtcbin", GST_TYPE_ELEMENT, webrtcbin, "time", G_TYPE_INT64,
      callstats_report_get_time (report) / 1000, "report", G_TYPE_STRING, json, NULL);
  GstMessage *message = gst_message_new_element (GST_OBJECT (mon), structure);

  g_atomic_int_set (unread, TRUE);
  gst_mini_object_weak_ref (
      GST_MINI_OBJECT (message), on_message_gone, g_atomic_rc_box_acquire (unread));
  post (mon, message);
}

/* An application that does not read its bus is not buried: a report is posted only when
 * the one before it has been read. */
void
gst_callstats_tell_report (GstCallstatsMon *mon, const char *fabric,
    GstElement *webrtcbin, CallstatsReport *report, gint *unread)
{
  gboolean listener = has_listener (mon, "report");
  gboolean on_the_bus = unread != NULL && !g_atomic_int_get (unread);
  g_autofree char *json = NULL;

  if (!listener && !on_the_bus)
    return;
  json = callstats_report_to_json (report);
  if (on_the_bus)
    post_report (mon, fabric, webrtcbin, report, json, unread);
  if (listener)
    g_signal_emit_by_name (mon, "report", fabric, json);
}

void
gst_callstats_tell_initialized (
    GstCallstatsMon *mon, const char *cs_error, const char *message)
{
  g_signal_emit_by_name (mon, "initialized", cs_error, message);
}

void
gst_callstats_tell_need_token (GstCallstatsMon *mon, gboolean force)
{
  GstStructure *structure =
      gst_structure_new ("callstats-need-token", "force", G_TYPE_BOOLEAN, force, NULL);

  post (mon, gst_message_new_element (GST_OBJECT (mon), structure));
  g_signal_emit_by_name (mon, "need-token", force);
}

void
gst_callstats_warn (GstCallstatsMon *mon, const GError *error)
{
  post (mon, gst_message_new_warning (GST_OBJECT (mon), (GError *)error, NULL));
}
