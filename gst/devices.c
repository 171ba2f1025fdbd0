/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What an element that captures or plays is to callstats: an entry of a device list.
 */
#include <string.h>

#include "devices.h"
#include "upstream.h"

/* By the class of its factory. */
static const struct {
  const char *klass;
  const char *kind;
} kinds[] = {
  { "Source/Audio", "audioinput" },
  { "Audio/Source", "audioinput" },
  { "Sink/Audio", "audiooutput" },
  { "Audio/Sink", "audiooutput" },
  { "Source/Video", "videoinput" },
  { "Video/Source", "videoinput" },
};

/* Where elements keep their device's id; one with none of these uses no device. */
static const char *const ids[] = { "device", "device-path", "target-object", "path",
  "device-index", "device-number", "camera", "persistent-id" };

static const char *
get_kind (const char *klass)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (kinds); i++) {
    if (strstr (klass, kinds[i].klass) != NULL)
      return kinds[i].kind;
  }
  return NULL;
}

/* Returns: (transfer full) (nullable): NULL: there is no such property; "": not set */
static char *
read_text (GstElement *element, const char *property)
{
  GParamSpec *pspec =
      g_object_class_find_property (G_OBJECT_GET_CLASS (element), property);
  GValue value = G_VALUE_INIT;
  char *text = NULL;

  if (pspec == NULL || (pspec->flags & G_PARAM_READABLE) == 0)
    return NULL;
  g_value_init (&value, pspec->value_type);
  g_object_get_property (G_OBJECT (element), property, &value);
  if (G_VALUE_HOLDS_STRING (&value))
    text =
        g_strdup (g_value_get_string (&value) != NULL ? g_value_get_string (&value) : "");
  else if (G_VALUE_HOLDS_INT (&value))
    text = g_value_get_int (&value) < 0
               ? g_strdup ("")
               : g_strdup_printf ("%d", g_value_get_int (&value));
  g_value_unset (&value);
  return text;
}

char *
gst_callstats_device_get_id (GstElement *element)
{
  gboolean has_any = FALSE;
  guint i;

  for (i = 0; i < G_N_ELEMENTS (ids); i++) {
    g_autofree char *id = read_text (element, ids[i]);

    has_any |= id != NULL;
    if (id != NULL && *id != '\0')
      return g_utf8_make_valid (id, -1);
  }
  return has_any ? g_strdup ("default") : NULL;
}

static void
insert_text (GVariantDict *dict, const char *key, const char *text)
{
  g_autofree char *valid = NULL;

  if (text == NULL || *text == '\0')
    return;
  valid = g_utf8_make_valid (text, -1);
  g_variant_dict_insert (dict, key, "s", valid);
}

void
gst_callstats_device_add (GVariantBuilder *list, GstElement *element, const char *klass,
    const char *label, const char *group)
{
  const char *kind = get_kind (klass);
  g_autofree char *id = kind != NULL ? gst_callstats_device_get_id (element) : NULL;
  g_autofree char *own = NULL;
  GVariantDict dict;

  if (id == NULL)
    return;
  if (label == NULL)
    label = own = read_text (element, "device-name");
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "deviceId", "s", id);
  g_variant_dict_insert (&dict, "kind", "s", kind);
  insert_text (&dict, "label", label);
  insert_text (&dict, "groupId", group);
  g_variant_builder_add_value (list, g_variant_dict_end (&dict));
}

static void
collect_element (const GValue *item, gpointer user_data)
{
  GstElement *element = g_value_get_object (item);

  if (GST_STATE (element) >= GST_STATE_PAUSED)
    g_ptr_array_add (user_data, gst_object_ref (element));
}

/* None twice: a bin that changes meanwhile is looked through again. */
static GPtrArray *
list_elements (GstBin *top)
{
  GPtrArray *elements = g_ptr_array_new_with_free_func (gst_object_unref);
  GstIterator *iterator = gst_bin_iterate_recurse (top);

  while (
      gst_iterator_foreach (iterator, collect_element, elements) == GST_ITERATOR_RESYNC) {
    g_ptr_array_set_size (elements, 0);
    gst_iterator_resync (iterator);
  }
  gst_iterator_free (iterator);
  return elements;
}

GVariant *
gst_callstats_devices_in_use (GstBin *top)
{
  g_autoptr (GPtrArray) elements = list_elements (top);
  GVariantBuilder list;
  guint i;

  g_variant_builder_init (&list, G_VARIANT_TYPE ("aa{sv}"));
  for (i = 0; i < elements->len; i++) {
    GstElement *element = g_ptr_array_index (elements, i);

    gst_callstats_device_add (&list, element,
        gst_callstats_get_metadata (element, GST_ELEMENT_METADATA_KLASS), NULL, NULL);
  }
  return g_variant_ref_sink (g_variant_builder_end (&list));
}
