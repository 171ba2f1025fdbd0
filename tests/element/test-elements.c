/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a test machine does not have: a screen, a microphone, and their plugs.
 *
 * The elements are subclasses of GStreamer's test sources, whose types are known only at
 * run time.
 */
#include "test-elements.h"

#define DEVICE "test-device"

static GMutex lock;
static GPtrArray *plugged;          /* GstDevice, under the lock */
static GstDeviceProvider *provider; /* under the lock; NULL: nobody looks */

static GType
subclass (const char *factory_name, const char *type_name, GClassInitFunc class_init)
{
  g_autoptr (GstElementFactory) factory = gst_element_factory_find (factory_name);
  g_autoptr (GstPluginFeature) loaded =
      gst_plugin_feature_load (GST_PLUGIN_FEATURE (factory));
  GType parent = gst_element_factory_get_element_type (GST_ELEMENT_FACTORY (loaded));
  GTypeQuery query;

  g_type_query (parent, &query);
  return g_type_register_static_simple (
      parent, type_name, query.class_size, class_init, query.instance_size, NULL, 0);
}

/* The sources */

static void
screen_class_init (gpointer klass, gpointer unused)
{
  gst_element_class_set_static_metadata (klass, "Test screen capture", "Source/Video",
      "Captures no screen", "gst-callstats");
}

static void
set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  g_object_set_data_full (object, DEVICE, g_value_dup_string (value), g_free);
}

static void
get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  const char *device = g_object_get_data (object, DEVICE);

  if (g_str_equal (pspec->name, "device"))
    g_value_set_string (value, device);
  else
    g_value_take_string (value, g_strconcat ("Microphone ", device, NULL));
}

/* The parent keeps serving its own properties: GObject finds the class that has one. */
static void
microphone_class_init (gpointer klass, gpointer unused)
{
  GObjectClass *object_class = klass;

  object_class->set_property = set_property;
  object_class->get_property = get_property;
  g_object_class_install_property (object_class, 1,
      g_param_spec_string ("device", NULL, NULL, NULL, G_PARAM_READWRITE));
  g_object_class_install_property (object_class, 2,
      g_param_spec_string ("device-name", NULL, NULL, NULL, G_PARAM_READABLE));
  gst_element_class_set_static_metadata (
      klass, "Test microphone", "Source/Audio", "Hears nothing", "gst-callstats");
}

/* The devices */

typedef struct {
  GstDevice parent;
} TestDevice;

typedef struct {
  GstDeviceClass parent_class;
} TestDeviceClass;

typedef struct {
  GstDeviceProvider parent;
} TestProvider;

typedef struct {
  GstDeviceProviderClass parent_class;
} TestProviderClass;

static GType test_device_get_type (void);
static GType test_provider_get_type (void);

G_DEFINE_TYPE (TestDevice, test_device, GST_TYPE_DEVICE)
G_DEFINE_TYPE (TestProvider, test_provider, GST_TYPE_DEVICE_PROVIDER)

static GstElement *
create_element (GstDevice *device, const char *name)
{
  GstElement *element = gst_element_factory_make ("testmicrophonesrc", name);

  g_object_set (element, "device", g_object_get_data (G_OBJECT (device), DEVICE), NULL);
  return element;
}

static void
test_device_class_init (TestDeviceClass *klass)
{
  GST_DEVICE_CLASS (klass)->create_element = create_element;
}

static void
test_device_init (TestDevice *self)
{
}

static gboolean
start (GstDeviceProvider *self)
{
  g_mutex_lock (&lock);
  provider = self;
  for (guint i = 0; i < plugged->len; i++)
    gst_device_provider_device_add (self, g_ptr_array_index (plugged, i));
  g_mutex_unlock (&lock);
  return TRUE;
}

static void
stop (GstDeviceProvider *self)
{
  g_mutex_lock (&lock);
  provider = NULL;
  g_mutex_unlock (&lock);
}

static void
test_provider_class_init (TestProviderClass *klass)
{
  GST_DEVICE_PROVIDER_CLASS (klass)->start = start;
  GST_DEVICE_PROVIDER_CLASS (klass)->stop = stop;
  gst_device_provider_class_set_static_metadata (GST_DEVICE_PROVIDER_CLASS (klass),
      "Test devices", "Source/Audio", "Microphones that are not there", "gst-callstats");
}

static void
test_provider_init (TestProvider *self)
{
}

void
test_devices_plug (const char *id, const char *label)
{
  g_autoptr (GstCaps) caps = gst_caps_new_empty_simple ("audio/x-raw");
  g_autoptr (GstStructure) properties =
      gst_structure_new ("properties", "device.serial", G_TYPE_STRING, "desk", NULL);
  GstDevice *device = g_object_new (test_device_get_type (), "caps", caps, "display-name",
      label, "device-class", "Audio/Source", "properties", properties, NULL);

  g_object_set_data_full (G_OBJECT (device), DEVICE, g_strdup (id), g_free);
  g_mutex_lock (&lock);
  g_ptr_array_add (plugged, gst_object_ref_sink (device));
  if (provider)
    gst_device_provider_device_add (provider, device);
  g_mutex_unlock (&lock);
}

void
test_devices_unplug (const char *id)
{
  g_mutex_lock (&lock);
  for (guint i = plugged->len; i > 0; i--) {
    GstDevice *device = g_ptr_array_index (plugged, i - 1);

    if (g_strcmp0 (g_object_get_data (G_OBJECT (device), DEVICE), id) != 0)
      continue;
    if (provider)
      gst_device_provider_device_remove (provider, device);
    g_ptr_array_remove_index (plugged, i - 1);
  }
  g_mutex_unlock (&lock);
}

/* What the machine has must not come into the lists; the real providers also leak where
 * there is no sound server. */
static void
silence_other_providers (void)
{
  GList *features = gst_registry_get_feature_list (
      gst_registry_get (), GST_TYPE_DEVICE_PROVIDER_FACTORY);

  for (GList *item = features; item; item = item->next)
    gst_plugin_feature_set_rank (item->data, GST_RANK_NONE);
  gst_plugin_feature_list_free (features);
}

void
test_elements_register (void)
{
  silence_other_providers ();
  plugged = g_ptr_array_new_with_free_func (gst_object_unref);
  gst_element_register (NULL, "testscreensrc", GST_RANK_NONE,
      subclass ("videotestsrc", "TestScreenSrc", screen_class_init));
  gst_element_register (NULL, "testmicrophonesrc", GST_RANK_NONE,
      subclass ("audiotestsrc", "TestMicrophoneSrc", microphone_class_init));
  gst_device_provider_register (
      NULL, "testdeviceprovider", GST_RANK_PRIMARY, test_provider_get_type ());
}
