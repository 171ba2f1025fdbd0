/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Questions to a report of statistics. For the test's thread.
 */
#include "reportcheck.h"

#include <math.h>
#include <string.h>

Report *
report_new (const char *name, const char *json)
{
  Report *self = g_new0 (Report, 1);
  g_autoptr (GError) error = NULL;
  gboolean loaded;

  self->parser = json_parser_new ();
  self->name = g_strdup (name);
  loaded = json_parser_load_from_data (self->parser, json, -1, &error);
  g_assert_no_error (error);
  g_assert_true (loaded);
  self->objects = json_node_get_object (json_parser_get_root (self->parser));
  return self;
}

void
report_free (Report *self)
{
  g_object_unref (self->parser);
  g_free (self->name);
  g_free (self);
}

void
check_failed (const char *format, ...)
{
  static GHashTable *told;
  va_list arguments;
  char *text;

  if (told == NULL)
    told = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  if (!g_hash_table_contains (told, text))
    g_test_message ("WRONG %s", text);
  g_hash_table_add (told, text);
  g_test_fail ();
}

const char *
stats_get_string (JsonObject *object, const char *member)
{
  JsonNode *node = json_object_get_member (object, member);

  return node != NULL && JSON_NODE_HOLDS_VALUE (node) ? json_node_get_string (node)
                                                      : NULL;
}

static gboolean
get_number (JsonObject *object, const char *member, double *number)
{
  JsonNode *node = json_object_get_member (object, member);
  char *end;

  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node))
    return FALSE;
  if (json_node_get_value_type (node) != G_TYPE_STRING) {
    *number = json_node_get_double (node);
    return json_node_get_value_type (node) != G_TYPE_BOOLEAN;
  }
  *number = g_ascii_strtod (json_node_get_string (node), &end);
  return end != json_node_get_string (node) && *end == '\0';
}

gboolean
stats_has_number (JsonObject *object, const char *member)
{
  double number;

  return get_number (object, member, &number);
}

double
stats_get_number (JsonObject *object, const char *member)
{
  double number = 0;

  get_number (object, member, &number);
  return number;
}

GList *
report_list (const Report *self, const char *type)
{
  GList *members = json_object_get_values (self->objects);
  GList *found = NULL;
  GList *i;

  for (i = members; i != NULL; i = i->next) {
    JsonObject *object = json_node_get_object (i->data);

    if (g_strcmp0 (stats_get_string (object, "type"), type) == 0)
      found = g_list_prepend (found, object);
  }
  g_list_free (members);
  return found;
}

Stats
stats_of (const Report *report, JsonObject *object)
{
  Stats stats = { .report = report, .object = object };
  double ssrc;

  if (get_number (object, "ssrc", &ssrc))
    g_snprintf (stats.what, sizeof stats.what, "%s's %s %u", report->name,
        stats_get_string (object, "type"), (guint)ssrc);
  else
    g_snprintf (stats.what, sizeof stats.what, "%s's %s", report->name,
        stats_get_string (object, "type"));
  return stats;
}

Stats
report_get_stream (const Report *self, const char *type, guint32 ssrc)
{
  GList *all = report_list (self, type);
  JsonObject *found = NULL;
  guint n = 0;
  GList *i;

  for (i = all; i != NULL; i = i->next) {
    double number;

    if (get_number (i->data, "ssrc", &number) && number == ssrc) {
      found = i->data;
      n++;
    }
  }
  g_list_free (all);
  if (n != 1)
    check_failed ("%s's report has %u %s with SSRC %u", self->name, n, type, ssrc);
  return found != NULL ? stats_of (self, found) : (Stats){ .report = self };
}

Stats
report_get_only (const Report *self, const char *type)
{
  GList *all = report_list (self, type);
  Stats stats = { .report = self };
  guint n = g_list_length (all);

  if (n == 1)
    stats = stats_of (self, all->data);
  else
    check_failed ("%s's report has %u %s", self->name, n, type);
  g_list_free (all);
  return stats;
}

Stats
stats_follow (const Stats *self, const char *member, const char *type)
{
  const char *id = self->object != NULL ? stats_get_string (self->object, member) : NULL;
  JsonObject *object = NULL;

  if (self->object == NULL)
    return (Stats){ .report = self->report };
  if (id != NULL && json_object_has_member (self->report->objects, id))
    object = json_object_get_object_member (self->report->objects, id);
  if (object == NULL || g_strcmp0 (stats_get_string (object, "type"), type) != 0) {
    check_failed ("%s: %s is \"%s\", which is no %s of the report", self->what, member,
        id != NULL ? id : "absent", type);
    return (Stats){ .report = self->report };
  }
  return stats_of (self->report, object);
}

/* Checks */

static gboolean
need_number (const Stats *stats, const char *member, double *number)
{
  if (stats->object == NULL)
    return FALSE;
  if (!get_number (stats->object, member, number)) {
    check_failed ("%s: no %s", stats->what, member);
    return FALSE;
  }
  return TRUE;
}

void
check_count (const Stats *stats, const char *member, guint64 expected)
{
  double number;

  if (need_number (stats, member, &number) && number != (double)expected)
    check_failed (
        "%s: %s is %.15g, not %" G_GUINT64_FORMAT, stats->what, member, number, expected);
}

void
check_near (const Stats *stats, const char *member, double expected, double tolerance)
{
  double number;

  if (need_number (stats, member, &number) && !(fabs (number - expected) <= tolerance))
    check_failed ("%s: %s is %.15g, not %.15g, give or take %g", stats->what, member,
        number, expected, tolerance);
}

void
check_range (const Stats *stats, const char *member, double low, double high)
{
  double number;

  if (need_number (stats, member, &number) && !(number >= low && number <= high))
    check_failed ("%s: %s is %.15g, not between %.15g and %.15g", stats->what, member,
        number, low, high);
}

void
check_text (const Stats *stats, const char *member, const char *expected)
{
  const char *text;

  if (stats->object == NULL)
    return;
  text = stats_get_string (stats->object, member);
  if (text == NULL || g_ascii_strcasecmp (text, expected) != 0)
    check_failed ("%s: %s is \"%s\", not \"%s\"", stats->what, member,
        text != NULL ? text : "absent", expected);
}

void
check_absent (const Stats *stats, const char *member)
{
  if (stats->object != NULL && json_object_has_member (stats->object, member))
    check_failed ("%s has a %s", stats->what, member);
}
