/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * JSON text in and out. Pure functions, any thread.
 */
#include <math.h>
#include <string.h>

#include "callstats-error.h"
#include "callstats-json-private.h"

#define MAX_SAFE_INTEGER (G_GINT64_CONSTANT (1) << 53)

/* json-glib would wrap them: with a fraction they are read as doubles. */
static char *
mark_large_numbers (const char *text, gsize length, GArray *large, gsize *new_length)
{
  GString *marked = g_string_sized_new (length + 2 * large->len);
  gsize done = 0;
  guint i;

  for (i = 0; i < large->len; i++) {
    gsize end = g_array_index (large, gsize, i);

    g_string_append_len (marked, text + done, end - done);
    g_string_append (marked, ".0");
    done = end;
  }
  g_string_append_len (marked, text + done, length - done);
  *new_length = marked->len;
  return g_string_free (marked, FALSE);
}

#define TOO_DEEP \
  "JSON text is nested deeper than " G_STRINGIFY (CALLSTATS_JSON_MAX_DEPTH) " levels"
#define TOO_MANY \
  "A JSON object has more than " G_STRINGIFY ( \
      CALLSTATS_JSON_MAX_MEMBERS) " members, or many whose names collide"

gboolean
callstats_json_error_is_limit (const GError *error)
{
  return strcmp (error->message, TOO_DEEP) == 0 || strcmp (error->message, TOO_MANY) == 0;
}

static gboolean
check_text (const char *text, gsize length, GArray *large, GError **error)
{
  CallstatsJsonLimit limit;
  gsize offset;

  if (!g_utf8_validate_len (text, length, NULL)) {
    g_set_error_literal (
        error, CALLSTATS_ERROR, CALLSTATS_ERROR_PROTOCOL, "JSON text is not valid UTF-8");
    return FALSE;
  }
  if (callstats_json_check (text, length, large, &offset, &limit))
    return TRUE;
  if (limit != CALLSTATS_JSON_LIMIT_NONE)
    g_set_error_literal (error, CALLSTATS_ERROR, CALLSTATS_ERROR_PROTOCOL,
        limit == CALLSTATS_JSON_LIMIT_DEPTH ? TOO_DEEP : TOO_MANY);
  else
    g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_PROTOCOL,
        "Not JSON: %s at byte %" G_GSIZE_FORMAT,
        offset == length ? "the text ends too early" : "a syntax error", offset);
  return FALSE;
}

JsonNode *
callstats_json_parse (const char *text, gsize length, GError **error)
{
  g_autoptr (GArray) large = g_array_new (FALSE, FALSE, sizeof (gsize));
  g_autoptr (JsonParser) parser = NULL;
  g_autoptr (GError) parse_error = NULL;
  g_autofree char *marked = NULL;

  if (!check_text (text, length, large, error))
    return NULL;
  if (large->len > 0)
    text = marked = mark_large_numbers (text, length, large, &length);

  parser = json_parser_new_immutable ();
  if (!json_parser_load_from_data (parser, text, length, &parse_error)) {
    g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_PROTOCOL, "Not JSON: %s",
        parse_error->message);
    return NULL;
  }
  return json_node_ref (json_parser_get_root (parser));
}

JsonObject *
callstats_json_parse_object (const char *text, gsize length, GError **error)
{
  g_autoptr (JsonNode) root = callstats_json_parse (text, length, error);

  if (root == NULL)
    return NULL;
  if (!JSON_NODE_HOLDS_OBJECT (root)) {
    g_set_error_literal (
        error, CALLSTATS_ERROR, CALLSTATS_ERROR_PROTOCOL, "JSON text is not an object");
    return NULL;
  }
  return json_object_ref (json_node_get_object (root));
}

static void
append_escaped (GString *json, gunichar c)
{
  switch (c) {
  case '"':
    g_string_append (json, "\\\"");
    break;
  case '\\':
    g_string_append (json, "\\\\");
    break;
  case '\n':
    g_string_append (json, "\\n");
    break;
  case '\r':
    g_string_append (json, "\\r");
    break;
  case '\t':
    g_string_append (json, "\\t");
    break;
  default:
    g_string_append_printf (json, "\\u%04x", (guint)c);
  }
}

static gboolean
needs_escape (guchar c)
{
  return c < 0x20 || c == '"' || c == '\\' || c == 0x7f;
}

static void
append_valid_string (GString *json, const char *string)
{
  const char *run = string;
  const char *p;

  g_string_append_c (json, '"');
  for (p = string; *p != '\0'; p++) {
    if (!needs_escape ((guchar)*p))
      continue;
    g_string_append_len (json, run, p - run);
    append_escaped (json, (guchar)*p);
    run = p + 1;
  }
  g_string_append_len (json, run, p - run);
  g_string_append_c (json, '"');
}

void
callstats_json_append_string (GString *json, const char *string)
{
  if (string == NULL) {
    g_string_append (json, "null");
  } else if (g_utf8_validate (string, -1, NULL)) {
    append_valid_string (json, string);
  } else {
    g_autofree char *valid = g_utf8_make_valid (string, -1);

    append_valid_string (json, valid);
  }
}

void
callstats_json_append_int (GString *json, gint64 value)
{
  if (value > MAX_SAFE_INTEGER || value < -MAX_SAFE_INTEGER)
    g_string_append_printf (json, "\"%" G_GINT64_FORMAT "\"", value);
  else
    g_string_append_printf (json, "%" G_GINT64_FORMAT, value);
}

void
callstats_json_append_uint (GString *json, guint64 value)
{
  if (value > (guint64)MAX_SAFE_INTEGER)
    g_string_append_printf (json, "\"%" G_GUINT64_FORMAT "\"", value);
  else
    g_string_append_printf (json, "%" G_GUINT64_FORMAT, value);
}

void
callstats_json_append_double (GString *json, double value)
{
  char buffer[G_ASCII_DTOSTR_BUF_SIZE];

  if (!isfinite (value))
    g_string_append (json, "null");
  else if (value == 0) /* never "-0" */
    g_string_append_c (json, '0');
  else
    g_string_append (json, g_ascii_formatd (buffer, sizeof buffer, "%.15g", value));
}

static void
append_value_node (GString *json, JsonNode *node)
{
  switch (json_node_get_value_type (node)) {
  case G_TYPE_STRING:
    callstats_json_append_string (json, json_node_get_string (node));
    break;
  case G_TYPE_BOOLEAN:
    g_string_append (json, json_node_get_boolean (node) ? "true" : "false");
    break;
  case G_TYPE_INT64:
    callstats_json_append_int (json, json_node_get_int (node));
    break;
  default:
    callstats_json_append_double (json, json_node_get_double (node));
  }
}

static void
append_object_node (GString *json, JsonObject *object)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *member;

  g_string_append_c (json, '{');
  json_object_iter_init_ordered (&iter, object);
  while (json_object_iter_next_ordered (&iter, &name, &member)) {
    callstats_json_append_member (json, name);
    callstats_json_append_node (json, member);
  }
  g_string_append_c (json, '}');
}

static void
append_array_node (GString *json, JsonArray *array)
{
  guint n = json_array_get_length (array);
  guint i;

  g_string_append_c (json, '[');
  for (i = 0; i < n; i++) {
    if (i > 0)
      g_string_append_c (json, ',');
    callstats_json_append_node (json, json_array_get_element (array, i));
  }
  g_string_append_c (json, ']');
}

void
callstats_json_append_node (GString *json, JsonNode *node)
{
  if (node == NULL || JSON_NODE_HOLDS_NULL (node))
    g_string_append (json, "null");
  else if (JSON_NODE_HOLDS_OBJECT (node))
    append_object_node (json, json_node_get_object (node));
  else if (JSON_NODE_HOLDS_ARRAY (node))
    append_array_node (json, json_node_get_array (node));
  else
    append_value_node (json, node);
}

static gboolean
append_basic_variant (GString *json, GVariant *value)
{
  switch (g_variant_classify (value)) {
  case G_VARIANT_CLASS_BOOLEAN:
    g_string_append (json, g_variant_get_boolean (value) ? "true" : "false");
    return TRUE;
  case G_VARIANT_CLASS_BYTE:
    callstats_json_append_uint (json, g_variant_get_byte (value));
    return TRUE;
  case G_VARIANT_CLASS_INT16:
    callstats_json_append_int (json, g_variant_get_int16 (value));
    return TRUE;
  case G_VARIANT_CLASS_UINT16:
    callstats_json_append_uint (json, g_variant_get_uint16 (value));
    return TRUE;
  case G_VARIANT_CLASS_INT32:
    callstats_json_append_int (json, g_variant_get_int32 (value));
    return TRUE;
  case G_VARIANT_CLASS_UINT32:
    callstats_json_append_uint (json, g_variant_get_uint32 (value));
    return TRUE;
  case G_VARIANT_CLASS_INT64:
    callstats_json_append_int (json, g_variant_get_int64 (value));
    return TRUE;
  case G_VARIANT_CLASS_UINT64:
    callstats_json_append_uint (json, g_variant_get_uint64 (value));
    return TRUE;
  case G_VARIANT_CLASS_DOUBLE:
    callstats_json_append_double (json, g_variant_get_double (value));
    return TRUE;
  case G_VARIANT_CLASS_STRING:
  case G_VARIANT_CLASS_OBJECT_PATH:
  case G_VARIANT_CLASS_SIGNATURE:
    callstats_json_append_string (json, g_variant_get_string (value, NULL));
    return TRUE;
  default:
    return FALSE;
  }
}

static void
append_dictionary (GString *json, GVariant *value)
{
  gsize n = g_variant_n_children (value);
  gsize i;

  g_string_append_c (json, '{');
  for (i = 0; i < n; i++) {
    g_autoptr (GVariant) entry = g_variant_get_child_value (value, i);
    g_autoptr (GVariant) name = g_variant_get_child_value (entry, 0);
    g_autoptr (GVariant) member = g_variant_get_child_value (entry, 1);

    callstats_json_append_member (json, g_variant_get_string (name, NULL));
    callstats_json_append_variant (json, member);
  }
  g_string_append_c (json, '}');
}

static void
append_sequence (GString *json, GVariant *value)
{
  gsize n = g_variant_n_children (value);
  gsize i;

  g_string_append_c (json, '[');
  for (i = 0; i < n; i++) {
    g_autoptr (GVariant) element = g_variant_get_child_value (value, i);

    if (i > 0)
      g_string_append_c (json, ',');
    callstats_json_append_variant (json, element);
  }
  g_string_append_c (json, ']');
}

static void
append_child (GString *json, GVariant *value)
{
  g_autoptr (GVariant) child = NULL;

  if (g_variant_n_children (value) == 0) {
    g_string_append (json, "null");
    return;
  }
  child = g_variant_get_child_value (value, 0);
  callstats_json_append_variant (json, child);
}

void
callstats_json_append_variant (GString *json, GVariant *value)
{
  if (append_basic_variant (json, value))
    return;
  if (g_variant_is_of_type (value, G_VARIANT_TYPE ("a{s*}")))
    append_dictionary (json, value);
  else if (g_variant_is_of_type (value, G_VARIANT_TYPE_VARIANT) ||
           g_variant_is_of_type (value, G_VARIANT_TYPE_MAYBE))
    append_child (json, value);
  else if (g_variant_is_container (value))
    append_sequence (json, value);
  else
    g_string_append (json, "null");
}

void
callstats_json_append_member (GString *json, const char *name)
{
  if (json->len > 0 && json->str[json->len - 1] != '{')
    g_string_append_c (json, ',');
  callstats_json_append_string (json, name);
  g_string_append_c (json, ':');
}

static JsonNode *
get_value_member (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);

  return node != NULL && JSON_NODE_HOLDS_VALUE (node) ? node : NULL;
}

const char *
callstats_json_get_string (JsonObject *object, const char *name, const char *fallback)
{
  JsonNode *node = get_value_member (object, name);

  if (node == NULL || json_node_get_value_type (node) != G_TYPE_STRING)
    return fallback;
  return json_node_get_string (node);
}

gint64
callstats_json_get_int (JsonObject *object, const char *name, gint64 fallback)
{
  JsonNode *node = get_value_member (object, name);

  if (node == NULL || json_node_get_value_type (node) != G_TYPE_INT64)
    return fallback;
  return json_node_get_int (node);
}

double
callstats_json_get_double (JsonObject *object, const char *name, double fallback)
{
  JsonNode *node = get_value_member (object, name);

  if (node == NULL || (json_node_get_value_type (node) != G_TYPE_INT64 &&
                          json_node_get_value_type (node) != G_TYPE_DOUBLE))
    return fallback;
  return json_node_get_double (node);
}

JsonObject *
callstats_json_get_object (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);

  return node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node)
                                                       : NULL;
}

JsonArray *
callstats_json_get_array (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);

  return node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
}

gboolean
callstats_json_get_sequence (JsonObject *object, const char *name, guint64 *value)
{
  const char *text = callstats_json_get_string (object, name, NULL);
  gint64 number;

  if (text != NULL)
    return g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT64, value, NULL);

  number = callstats_json_get_int (object, name, -1);
  if (number < 0)
    return FALSE;
  *value = (guint64)number;
  return TRUE;
}

GVariant *
callstats_json_to_variant (const char *json, GError **error)
{
  g_autoptr (JsonObject) object = NULL;
  g_autoptr (JsonNode) node = NULL;
  GVariant *variant;

  object = callstats_json_parse_object (json, strlen (json), error);
  if (object == NULL)
    return NULL;
  node = json_node_new (JSON_NODE_OBJECT);
  json_node_set_object (node, object);
  variant = json_gvariant_deserialize (node, NULL, error);
  return variant != NULL ? g_variant_ref_sink (variant) : NULL;
}
