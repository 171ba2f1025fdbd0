/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reading and writing JSON where json-glib 1.6 is not exact: its writer prints NaN, turns
 * integers above 2^63 negative and spends 17 digits on every double; its reader recurses
 * without limit, takes invalid UTF-8 and much that is no JSON, and spends the square of
 * the members whose names collide. Building the tree stays json-glib's.
 *
 * Pure functions, any thread.
 */
#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>

#define CALLSTATS_JSON_MAX_DEPTH 32
/* Of what a record holds: message, list and record around it take the rest. */
#define CALLSTATS_RECORD_MAX_DEPTH (CALLSTATS_JSON_MAX_DEPTH - 3)

/* Of one object. */
#define CALLSTATS_JSON_MAX_MEMBERS 4096

typedef enum {
  CALLSTATS_JSON_LIMIT_NONE,
  CALLSTATS_JSON_LIMIT_DEPTH,
  CALLSTATS_JSON_LIMIT_MEMBERS, /* or too many names of them have the same hash */
} CallstatsJsonLimit;

/* FALSE: not one JSON value, or past a limit; offset says where. large (element-type
 * gsize) gets the offsets behind whole numbers that no gint64 holds. */
gboolean callstats_json_check (const char *text, gsize length, GArray *large,
    gsize *offset, CallstatsJsonLimit *limit);

/* The levels of a text that is JSON. */
guint callstats_json_depth (const char *json);
/* Whether objects in a text that is JSON have no more members than are read. */
gboolean callstats_json_members_fit (const char *json);
/* At least the values in a text, at most twice as many; also where it is no JSON. */
gsize callstats_json_count_values (const char *text, gsize length);

/* Whether the parser refused a text because it is past a limit. */
gboolean callstats_json_error_is_limit (const GError *error);
/* Refuses what is not JSON, not valid UTF-8 or past a limit before json-glib sees it.
 * Returns: (transfer full) (nullable): NULL with a CALLSTATS_ERROR_PROTOCOL. */
JsonNode *callstats_json_parse (const char *text, gsize length, GError **error);
/* The same, and the outermost value must be an object. */
JsonObject *callstats_json_parse_object (const char *text, gsize length, GError **error);

void callstats_json_append_string (GString *json, const char *string);
void callstats_json_append_int (GString *json, gint64 value);
/* Above 2^53 as a string, since JSON readers keep doubles. */
void callstats_json_append_uint (GString *json, guint64 value);
/* 15 significant digits; null where the value is not finite. */
void callstats_json_append_double (GString *json, double value);
void callstats_json_append_node (GString *json, JsonNode *node);
/* An a{sv} becomes an object; numbers, strings, booleans, arrays and maybes as expected.
 */
void callstats_json_append_variant (GString *json, GVariant *value);
/* The object that a JSON text is, as a{sv}. Returns: (transfer full) (nullable) */
GVariant *callstats_json_to_variant (const char *json, GError **error);
/* Appends ,"name": with the comma only after an earlier member of the same object. */
void callstats_json_append_member (GString *json, const char *name);

/* Lenient access: a member that is absent or of another type gives the fallback. */
const char *callstats_json_get_string (
    JsonObject *object, const char *name, const char *fallback);
gint64 callstats_json_get_int (JsonObject *object, const char *name, gint64 fallback);
double callstats_json_get_double (JsonObject *object, const char *name, double fallback);
JsonObject *callstats_json_get_object (JsonObject *object, const char *name);
JsonArray *callstats_json_get_array (JsonObject *object, const char *name);
/* TRUE where the member exists and is a non-negative whole number, as number or string.
 */
gboolean callstats_json_get_sequence (
    JsonObject *object, const char *name, guint64 *value);
