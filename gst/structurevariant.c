/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * GStreamer's structures and the library's a{sv}. Pure, any thread.
 */
#include <callstats/callstats.h>
#include <gio/gio.h>

#include "structurevariant.h"

static gboolean
is_basic (GVariant *value)
{
  static const char *const types[] = { "s", "b", "i", "u", "x", "t", "d" };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (types); i++) {
    if (g_variant_is_of_type (value, G_VARIANT_TYPE (types[i])))
      return TRUE;
  }
  return FALSE;
}

static void
set_field (GstStructure *structure, const char *name, GVariant *value)
{
  GValue field = G_VALUE_INIT;

  if (is_basic (value)) {
    g_dbus_gvariant_to_gvalue (value, &field);
  } else {
    g_value_init (&field, G_TYPE_STRING);
    g_value_take_string (&field, callstats_data_to_json (value));
  }
  gst_structure_take_value (structure, name, &field);
}

GstStructure *
gst_callstats_structure_from_variant (const char *name, GVariant *data)
{
  GstStructure *structure = gst_structure_new_empty (name);
  GVariantIter iter;
  const char *key;
  GVariant *value;

  g_variant_iter_init (&iter, data);
  while (g_variant_iter_loop (&iter, "{&sv}", &key, &value))
    set_field (structure, key, value);
  return structure;
}

static GVariant *variant_from_value (const GValue *value);

static GVariant *
variant_from_elements (const GValue *value)
{
  gboolean array = GST_VALUE_HOLDS_ARRAY (value);
  guint n = array ? gst_value_array_get_size (value) : gst_value_list_get_size (value);
  GVariantBuilder builder;
  guint i;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("av"));
  for (i = 0; i < n; i++) {
    GVariant *element = variant_from_value (array ? gst_value_array_get_value (value, i)
                                                  : gst_value_list_get_value (value, i));

    if (element != NULL)
      g_variant_builder_add (&builder, "v", element);
  }
  return g_variant_builder_end (&builder);
}

/* NULL: a type that JSON has no place for. */
static GVariant *
variant_from_value (const GValue *value)
{
  if (GST_VALUE_HOLDS_STRUCTURE (value))
    return gst_callstats_variant_from_structure (gst_value_get_structure (value));
  if (GST_VALUE_HOLDS_ARRAY (value) || GST_VALUE_HOLDS_LIST (value))
    return variant_from_elements (value);

  switch (G_VALUE_TYPE (value)) {
  case G_TYPE_STRING:
    return g_value_get_string (value) != NULL
               ? g_variant_new_take_string (
                     g_utf8_make_valid (g_value_get_string (value), -1))
               : NULL;
  case G_TYPE_BOOLEAN:
    return g_variant_new_boolean (g_value_get_boolean (value));
  case G_TYPE_INT:
    return g_variant_new_int32 (g_value_get_int (value));
  case G_TYPE_UINT:
    return g_variant_new_uint32 (g_value_get_uint (value));
  case G_TYPE_INT64:
    return g_variant_new_int64 (g_value_get_int64 (value));
  case G_TYPE_UINT64:
    return g_variant_new_uint64 (g_value_get_uint64 (value));
  case G_TYPE_FLOAT:
    return g_variant_new_double (g_value_get_float (value));
  case G_TYPE_DOUBLE:
    return g_variant_new_double (g_value_get_double (value));
  default:
    return NULL;
  }
}

GVariant *
gst_callstats_variant_from_structure (const GstStructure *structure)
{
  int n = structure != NULL ? gst_structure_n_fields (structure) : 0;
  GVariantBuilder builder;
  int i;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  for (i = 0; i < n; i++) {
    const char *name = gst_structure_nth_field_name (structure, i);
    GVariant *value = variant_from_value (gst_structure_get_value (structure, name));

    if (value != NULL)
      g_variant_builder_add (&builder, "{sv}", name, value);
  }
  return g_variant_builder_end (&builder);
}
