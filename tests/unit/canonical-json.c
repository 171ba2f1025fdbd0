/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * JSON values to compare. Any thread. It does not use the library's own writer, which is
 * under test.
 */
#include "canonical-json.h"

#include <string.h>

static void append_node (GString *out, JsonNode *node);

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (a, b);
}

static void
append_object (GString *out, JsonObject *object)
{
  GList *names = g_list_sort (json_object_get_members (object), compare_names);
  GList *link;

  g_string_append_c (out, '{');
  for (link = names; link != NULL; link = link->next) {
    g_autofree char *name = g_strescape (link->data, NULL);

    g_string_append_printf (out, "\"%s\":", name);
    append_node (out, json_object_get_member (object, link->data));
    g_string_append_c (out, ' ');
  }
  g_string_append_c (out, '}');
  g_list_free (names);
}

static void
append_array (GString *out, JsonArray *array)
{
  guint i;

  g_string_append_c (out, '[');
  for (i = 0; i < json_array_get_length (array); i++) {
    append_node (out, json_array_get_element (array, i));
    g_string_append_c (out, ' ');
  }
  g_string_append_c (out, ']');
}

static void
append_value (GString *out, JsonNode *node)
{
  g_autofree char *string = NULL;
  char number[G_ASCII_DTOSTR_BUF_SIZE];

  switch (json_node_get_value_type (node)) {
  case G_TYPE_STRING:
    string = g_strescape (json_node_get_string (node), NULL);
    g_string_append_printf (out, "\"%s\"", string);
    break;
  case G_TYPE_BOOLEAN:
    g_string_append (out, json_node_get_boolean (node) ? "true" : "false");
    break;
  case G_TYPE_INT64:
    if (ABS (json_node_get_int (node)) <= G_GINT64_CONSTANT (1) << 53)
      g_string_append (out, g_ascii_formatd (number, sizeof number, "%.17g",
                                (double)json_node_get_int (node)));
    else
      g_string_append_printf (out, "\"%" G_GINT64_FORMAT "\"", json_node_get_int (node));
    break;
  default:
    g_string_append (out,
        g_ascii_formatd (number, sizeof number, "%.17g", json_node_get_double (node)));
  }
}

static void
append_node (GString *out, JsonNode *node)
{
  if (JSON_NODE_HOLDS_OBJECT (node))
    append_object (out, json_node_get_object (node));
  else if (JSON_NODE_HOLDS_ARRAY (node))
    append_array (out, json_node_get_array (node));
  else if (JSON_NODE_HOLDS_NULL (node))
    g_string_append (out, "null");
  else
    append_value (out, node);
}

char *
canonical_json (const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = json_from_string (text, &error);
  GString *out = g_string_new (NULL);

  g_assert_no_error (error);
  g_assert_nonnull (node);
  append_node (out, node);
  return g_string_free (out, FALSE);
}
