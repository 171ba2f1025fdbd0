/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a pipeline tells of one fabric. Pipeline thread only.
 */
#include "fabricwatch.h"

struct _GstCallstatsFabricWatch {
  CallstatsClient *client;
  char *fabric;
  GWeakRef webrtcbin;
  GPtrArray *senders; /* GstCallstatsSender */
  gboolean is_set_up;
  gboolean speaks; /* this user is heard on the way to it */

  gboolean told_held;
  gboolean told_dominant;
  GVariant *told_in_use;  /* NULL: nothing yet */
  GVariant *told_present; /* NULL: nothing yet */
};

/* Looking */

/* While one sender is looked at. */
typedef struct {
  GstCallstatsChangeWatch *changes;
  GPtrArray *levels; /* the `level` elements that were passed */
} Look;

static void
on_passed (GstElement *element, gpointer user_data)
{
  static const char *const volume[] = { "notify::mute", "notify::volume", NULL };
  static const char *const valve[] = { "notify::drop", NULL };
  Look *look = user_data;

  if (gst_callstats_is_factory (element, "valve"))
    gst_callstats_change_watch_add (look->changes, element, valve);
  else if (gst_callstats_is_factory (element, "level"))
    g_ptr_array_add (look->levels, gst_object_ref (element));
  else if (gst_callstats_has_property (element, "mute", G_TYPE_BOOLEAN))
    gst_callstats_change_watch_add (look->changes, element, volume);
}

/* Who is muted does not speak. */
static void
look_at_sender (GstCallstatsFabricWatch *self, GstCallstatsSender *sender,
    GstCallstatsChangeWatch *changes, GstCallstatsSpeakerWatch *speakers)
{
  g_autoptr (GPtrArray) levels = g_ptr_array_new_with_free_func (gst_object_unref);
  Look look = { changes, levels };
  guint i;

  gst_callstats_sender_look (sender, changes, on_passed, &look);
  if (!gst_callstats_sender_is_heard (sender))
    return;
  self->speaks |= levels->len > 0;
  for (i = 0; i < levels->len; i++)
    gst_callstats_speaker_watch_hear_local (speakers, g_ptr_array_index (levels, i));
}

static gpointer
find_sender (GPtrArray *senders, GstPad *pad)
{
  guint i;

  for (i = 0; i < senders->len; i++) {
    if (gst_callstats_sender_is_of (g_ptr_array_index (senders, i), pad))
      return g_ptr_array_steal_index (senders, i);
  }
  return NULL;
}

static void
collect_pad (const GValue *item, gpointer user_data)
{
  g_ptr_array_add (user_data, g_value_dup_object (item));
}

/* Returns: (transfer full) (element-type GstPad) */
static GPtrArray *
list_sinks (GstElement *webrtcbin)
{
  GPtrArray *pads = g_ptr_array_new_with_free_func (gst_object_unref);
  GstIterator *iterator = gst_element_iterate_sink_pads (webrtcbin);

  while (gst_iterator_foreach (iterator, collect_pad, pads) == GST_ITERATOR_RESYNC) {
    g_ptr_array_set_size (pads, 0);
    gst_iterator_resync (iterator);
  }
  gst_iterator_free (iterator);
  return pads;
}

static void
find_senders (GstCallstatsFabricWatch *self, GstElement *webrtcbin)
{
  g_autoptr (GPtrArray) pads = list_sinks (webrtcbin);
  g_autoptr (GPtrArray) before = g_steal_pointer (&self->senders);
  guint i;

  self->senders =
      g_ptr_array_new_with_free_func ((GDestroyNotify)gst_callstats_sender_free);
  for (i = 0; i < pads->len; i++) {
    GstPad *pad = g_ptr_array_index (pads, i);
    GstCallstatsSender *sender = find_sender (before, pad);

    g_ptr_array_add (
        self->senders, sender != NULL ? sender : gst_callstats_sender_new (pad));
  }
  for (i = 0; i < before->len; i++)
    gst_callstats_sender_tell_end (
        g_ptr_array_index (before, i), self->client, self->fabric);
}

void
gst_callstats_fabric_watch_look (GstCallstatsFabricWatch *self,
    GstCallstatsChangeWatch *changes, GstCallstatsSpeakerWatch *speakers)
{
  static const char *const signals[] = { "pad-added", "pad-removed", NULL };
  g_autoptr (GstElement) webrtcbin = g_weak_ref_get (&self->webrtcbin);
  guint i;

  self->speaks = FALSE;
  if (webrtcbin == NULL)
    return;
  gst_callstats_change_watch_add (changes, webrtcbin, signals);
  find_senders (self, webrtcbin);
  for (i = 0; i < self->senders->len; i++)
    look_at_sender (self, g_ptr_array_index (self->senders, i), changes, speakers);
}

void
gst_callstats_fabric_watch_check_flow (
    GstCallstatsFabricWatch *self, gboolean held, gint64 now)
{
  guint i;

  for (i = 0; i < self->senders->len; i++) {
    GstCallstatsSender *sender = g_ptr_array_index (self->senders, i);

    if (held)
      gst_callstats_sender_forgive (sender, now);
    else
      gst_callstats_sender_check_flow (sender, now);
  }
}

/* Telling */

static void
tell (GstCallstatsFabricWatch *self, const char *event, GVariant *data)
{
  callstats_client_send_fabric_event (self->client, self->fabric, event, data, NULL);
}

static void
tell_devices (
    GstCallstatsFabricWatch *self, const char *event, GVariant *devices, GVariant **told)
{
  GVariantDict dict;

  if (devices == NULL || (*told != NULL && g_variant_equal (*told, devices)))
    return;
  g_clear_pointer (told, g_variant_unref);
  *told = g_variant_ref (devices);
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert_value (&dict, "deviceList", devices);
  tell (self, event, g_variant_dict_end (&dict));
}

static void
tell_held (GstCallstatsFabricWatch *self, gboolean held)
{
  if (self->told_held == held)
    return;
  self->told_held = held;
  tell (self, held ? "fabricHold" : "fabricResume", NULL);
}

static void
tell_dominant (GstCallstatsFabricWatch *self, gboolean dominant)
{
  if (dominant && self->speaks && !self->told_dominant)
    tell (self, "dominantSpeaker", NULL);
  self->told_dominant = dominant && (self->speaks || self->told_dominant);
}

void
gst_callstats_fabric_watch_tell (
    GstCallstatsFabricWatch *self, const GstCallstatsPipelineState *state)
{
  guint i;

  if (!self->is_set_up)
    return;
  tell_devices (self, "connectedDeviceList", state->present, &self->told_present);
  tell_devices (self, "activeDeviceList", state->in_use, &self->told_in_use);
  tell_held (self, state->held);
  for (i = 0; i < self->senders->len; i++)
    gst_callstats_sender_tell (g_ptr_array_index (self->senders, i), self->client,
        self->fabric, state->with_devices);
  tell_dominant (self, state->dominant);
}

/* Life */

void
gst_callstats_fabric_watch_set_up (GstCallstatsFabricWatch *self)
{
  self->is_set_up = TRUE;
}

const char *
gst_callstats_fabric_watch_get_fabric (GstCallstatsFabricWatch *self)
{
  return self->fabric;
}

gboolean
gst_callstats_fabric_watch_is_of (GstCallstatsFabricWatch *self, GstElement *webrtcbin)
{
  g_autoptr (GstElement) own = g_weak_ref_get (&self->webrtcbin);

  return own == webrtcbin;
}

GstCallstatsFabricWatch *
gst_callstats_fabric_watch_new (
    CallstatsClient *client, const char *fabric, GstElement *webrtcbin)
{
  GstCallstatsFabricWatch *self = g_new0 (GstCallstatsFabricWatch, 1);

  self->client = g_object_ref (client);
  self->fabric = g_strdup (fabric);
  g_weak_ref_init (&self->webrtcbin, webrtcbin);
  self->senders =
      g_ptr_array_new_with_free_func ((GDestroyNotify)gst_callstats_sender_free);
  return self;
}

void
gst_callstats_fabric_watch_free (GstCallstatsFabricWatch *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->senders);
  g_clear_pointer (&self->told_in_use, g_variant_unref);
  g_clear_pointer (&self->told_present, g_variant_unref);
  g_weak_ref_clear (&self->webrtcbin);
  g_object_unref (self->client);
  g_free (self->fabric);
  g_free (self);
}
