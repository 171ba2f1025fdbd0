/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The devices that are present, whether used or not.
 *
 * _new() and _free() run on the pipeline thread, as does the callback; everything between
 * runs on the device thread, which owns the GstDeviceMonitor. There is one such thread a
 * process, so one that hangs in a device provider is all that can hang.
 */
#include "devices.h"
#include "pipelinethread.h"
#include "presentdevices.h"

/* A listener, and what both threads hold of it. */
typedef struct {
  gatomicrefcount ref_count;
  void (*changed) (GVariant *devices, gpointer owner);
  gpointer owner; /* pipeline thread only; NULL once it is freed */
} Link;

struct _GstCallstatsPresentDevices {
  Link *link;
};

typedef struct {
  Link *link;
  GVariant *devices;
} News;

/* Device thread only */
static GstDeviceMonitor *monitor; /* NULL: nobody listens */
static GSource *bus_source;
static GPtrArray *listeners; /* Link */
static GPtrArray *present;   /* GstDevice */

static void
link_unref (gpointer data)
{
  Link *link = data;

  if (g_atomic_ref_count_dec (&link->ref_count))
    g_free (link);
}

static Link *
link_ref (Link *link)
{
  g_atomic_ref_count_inc (&link->ref_count);
  return link;
}

static gpointer
run (gpointer data)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (data, FALSE);

  g_main_context_push_thread_default (data);
  g_main_loop_run (loop);
  g_main_context_pop_thread_default (data);
  return NULL;
}

static gpointer
start_thread (gpointer data)
{
  GMainContext *context = g_main_context_new ();

  listeners = g_ptr_array_new_with_free_func (link_unref);
  present = g_ptr_array_new_with_free_func (gst_object_unref);
  g_thread_unref (g_thread_new ("callstats-dev", run, context));
  return context;
}

static GMainContext *
get_context (void)
{
  static GOnce once = G_ONCE_INIT;

  return g_once (&once, start_thread, NULL);
}

static void
post (GSourceFunc func, Link *link)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, func, link_ref (link), link_unref);
  g_source_attach (source, get_context ());
}

/* Telling */

static void
news_free (gpointer data)
{
  News *news = data;

  link_unref (news->link);
  g_variant_unref (news->devices);
  g_free (news);
}

static gboolean
deliver (gpointer data)
{
  News *news = data;

  if (news->link->owner != NULL)
    news->link->changed (news->devices, news->link->owner);
  return G_SOURCE_REMOVE;
}

/* What belongs to the same piece of hardware. */
static const char *
find_group (const GstStructure *properties)
{
  static const char *const keys[] = { "device.bus-path", "device.bus_path",
    "device.serial", "sysfs.path", "api.alsa.card", "alsa.card", "device.group" };
  guint i;

  for (i = 0; properties != NULL && i < G_N_ELEMENTS (keys); i++) {
    const char *group = gst_structure_get_string (properties, keys[i]);

    if (group != NULL)
      return group;
  }
  return NULL;
}

/* Its id is the one under which an element opens it, so it is the same as in the list of
 * those in use. */
static void
add_device (GVariantBuilder *list, GstDevice *device)
{
  g_autofree char *klass = gst_device_get_device_class (device);
  g_autofree char *label = gst_device_get_display_name (device);
  g_autoptr (GstStructure) properties = gst_device_get_properties (device);
  g_autoptr (GstElement) element = gst_device_create_element (device, NULL);

  if (element == NULL)
    return;
  gst_object_ref_sink (element);
  gst_callstats_device_add (list, element, klass, label, find_group (properties));
}

static GVariant *
list_devices (void)
{
  GVariantBuilder list;
  guint i;

  g_variant_builder_init (&list, G_VARIANT_TYPE ("aa{sv}"));
  for (i = 0; i < present->len; i++)
    add_device (&list, g_ptr_array_index (present, i));
  return g_variant_ref_sink (g_variant_builder_end (&list));
}

static void
tell (Link *link, GVariant *devices)
{
  News *news = g_new0 (News, 1);

  news->link = link_ref (link);
  news->devices = g_variant_ref (devices);
  gst_callstats_pipeline_invoke (deliver, news, news_free);
}

/* Takes the reference. */
static gboolean
take_device (GstDevice *device)
{
  if (g_ptr_array_find (present, device, NULL)) {
    gst_object_unref (device);
    return FALSE;
  }
  g_ptr_array_add (present, device);
  return TRUE;
}

static gboolean
drop_device (GstDevice *device)
{
  gboolean dropped = g_ptr_array_remove (present, device);

  gst_object_unref (device);
  return dropped;
}

/* The devices that were there from the start come twice: once as those that are there. */
static gboolean
take_message (GstMessage *message)
{
  GstDevice *device;

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_DEVICE_ADDED) {
    gst_message_parse_device_added (message, &device);
    return take_device (device);
  }
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_DEVICE_REMOVED) {
    gst_message_parse_device_removed (message, &device);
    return drop_device (device);
  }
  return FALSE;
}

static gboolean
on_message (GstBus *bus, GstMessage *message, gpointer user_data)
{
  g_autoptr (GVariant) devices = NULL;
  guint i;

  if (!take_message (message))
    return G_SOURCE_CONTINUE;
  devices = list_devices ();
  for (i = 0; i < listeners->len; i++)
    tell (g_ptr_array_index (listeners, i), devices);
  return G_SOURCE_CONTINUE;
}

/* Listening */

/* Asked once: a provider that cannot watch is asked by trying all that there may be. */
static void
take_all (void)
{
  GList *devices = gst_device_monitor_get_devices (monitor);
  GList *item;

  for (item = devices; item != NULL; item = item->next)
    take_device (item->data);
  g_list_free (devices);
}

static void
start_monitor (void)
{
  g_autoptr (GstBus) bus = NULL;

  monitor = gst_device_monitor_new ();
  gst_device_monitor_add_filter (monitor, "Audio/Source", NULL);
  gst_device_monitor_add_filter (monitor, "Audio/Sink", NULL);
  gst_device_monitor_add_filter (monitor, "Video/Source", NULL);
  bus = gst_device_monitor_get_bus (monitor);
  bus_source = gst_bus_create_watch (bus);
  g_source_set_callback (
      bus_source, (GSourceFunc)(void (*) (void))on_message, NULL, NULL);
  g_source_attach (bus_source, get_context ());
  gst_device_monitor_start (monitor);
  take_all ();
}

static void
stop_monitor (void)
{
  g_source_destroy (bus_source);
  g_clear_pointer (&bus_source, g_source_unref);
  gst_device_monitor_stop (monitor);
  gst_clear_object (&monitor);
  g_ptr_array_set_size (present, 0);
}

static gboolean
add_listener (gpointer data)
{
  g_autoptr (GVariant) devices = NULL;

  g_ptr_array_add (listeners, link_ref (data));
  if (monitor == NULL)
    start_monitor ();
  devices = list_devices ();
  tell (data, devices);
  return G_SOURCE_REMOVE;
}

static gboolean
remove_listener (gpointer data)
{
  g_ptr_array_remove (listeners, data);
  if (listeners->len == 0)
    stop_monitor ();
  return G_SOURCE_REMOVE;
}

GstCallstatsPresentDevices *
gst_callstats_present_devices_new (
    void (*changed) (GVariant *devices, gpointer owner), gpointer owner)
{
  GstCallstatsPresentDevices *self = g_new0 (GstCallstatsPresentDevices, 1);

  self->link = g_new0 (Link, 1);
  g_atomic_ref_count_init (&self->link->ref_count);
  self->link->changed = changed;
  self->link->owner = owner;
  post (add_listener, self->link);
  return self;
}

void
gst_callstats_present_devices_free (GstCallstatsPresentDevices *self)
{
  if (self == NULL)
    return;
  self->link->owner = NULL;
  post (remove_listener, self->link);
  link_unref (self->link);
  g_free (self);
}
