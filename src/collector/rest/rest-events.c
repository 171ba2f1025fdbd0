/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Bodies to records. The table of endpoints is in rest-endpoints.c. Pure, any thread.
 */
#include "rest-events.h"

#include <math.h>
#include <string.h>

#include "callstats/callstats-json-private.h"
#include "callstats/callstats-limits-private.h"
#include "rest-stats.h"

#define MAX_ID 256
#define MAX_NAME 64

G_DEFINE_QUARK (collector_rest_error, rest_error)

/* What is the same in all bodies of a conversation, or told by the record itself. */
static const char *const common_members[] = { "localID", "remoteID", "originID",
  "deviceID", "connectionID", "timestamp", "eventType", "callstatsVersion", "version",
  "confID", "conferenceID", "ucID", "pcID", "appID", "channel", "action", "token",
  "timeShift", "magicKey", "endpoint", NULL };
/* Of them, what a conversation begins with. */
static const char *const joining_members[] = { "deviceID", "originID", "callstatsVersion",
  NULL };

typedef struct {
  const RestEndpoint *endpoint;
  const RestContext *context;
  char *name;
  gint64 time;
  char *fabric;
  char *remote_user;
} Told;

static void
told_clear (Told *told)
{
  g_free (told->name);
  g_free (told->fabric);
  g_free (told->remote_user);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Told, told_clear)

static gboolean fail (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

static gboolean
fail (GError **error, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  if (error != NULL)
    *error = g_error_new_valist (REST_ERROR, REST_ERROR_BODY, format, args);
  va_end (args);
  return FALSE;
}

/* ---- What is asked of a body ---- */

static gboolean
has_kind (JsonNode *node, char kind)
{
  switch (kind) {
  case 's':
    return JSON_NODE_HOLDS_VALUE (node) && json_node_get_string (node) != NULL;
  case 'o':
    return JSON_NODE_HOLDS_OBJECT (node);
  default:
    return JSON_NODE_HOLDS_ARRAY (node);
  }
}

static const char *
kind_name (char kind)
{
  return kind == 's' ? "a string" : kind == 'o' ? "an object" : "an array";
}

static gboolean
check_required (const char *required, JsonObject *body, GError **error)
{
  g_auto (GStrv) members = g_strsplit (required != NULL ? required : "", " ", -1);

  for (guint i = 0; members[i] != NULL && *members[i] != '\0'; i++) {
    char *colon = strchr (members[i], ':');
    JsonNode *node;

    *colon = '\0';
    node = json_object_get_member (body, members[i]);
    if (node == NULL || !has_kind (node, colon[1]))
      return fail (error, "\"%s\" is needed, %s", members[i], kind_name (colon[1]));
  }
  return TRUE;
}

/* Some clients tell an id as they put it into a URL. */
static gboolean
is_user (const char *id, const char *user)
{
  g_autofree char *spaced = NULL;
  g_autofree char *decoded = NULL;

  if (strcmp (id, user) == 0)
    return TRUE;
  spaced = g_strdelimit (g_strdup (id), "+", ' ');
  decoded = g_uri_unescape_string (spaced, NULL);
  return g_strcmp0 (decoded, user) == 0;
}

static gboolean
check_user (const Told *told, JsonObject *body, GError **error)
{
  const char *name = told->endpoint->is_settings ? "local_id" : "localID";
  const char *id = callstats_json_get_string (body, name, NULL);

  if (id == NULL)
    return fail (error, "\"%s\" is needed, a string", name);
  return is_user (id, told->context->user) ||
         fail (error, "\"%s\" is not the user that the token is for", name);
}

/* Returns: (transfer full) (nullable): NULL where it is none. */
static char *
read_id (JsonObject *body, const char *name)
{
  const char *text = callstats_json_get_string (body, name, NULL);
  gint64 number = callstats_json_get_int (body, name, -1);

  if (text != NULL)
    return *text != '\0' ? g_strdup (text) : NULL;
  return number >= 0 ? g_strdup_printf ("%" G_GINT64_FORMAT, number) : NULL;
}

static gboolean
check_id (const char *name, const char *id, GError **error)
{
  return id == NULL || strlen (id) <= MAX_ID ||
         fail (error, "\"%s\" is longer than %d bytes", name, MAX_ID);
}

/* ---- Who and which ---- */

/* Clients put a user's id there where they have no peer connection, or one a user. */
static gboolean
names_connection (
    const RestContext *context, JsonObject *body, const char *id, const char *remote)
{
  const char *origin = callstats_json_get_string (body, "originID", "");

  return id != NULL && !is_user (id, context->user) && g_strcmp0 (id, remote) != 0 &&
         g_strcmp0 (id, context->uc_id) != 0 && strcmp (id, origin) != 0;
}

static gboolean
read_fabric (Told *told, JsonObject *body, GError **error)
{
  const RestContext *context = told->context;
  g_autofree char *connection = read_id (body, "connectionID");
  g_autofree char *remote = read_id (body, "remoteID");

  if (!check_id ("connectionID", connection, error) ||
      !check_id ("remoteID", remote, error))
    return FALSE;
  if (remote != NULL && is_user (remote, context->user))
    g_clear_pointer (&remote, g_free);
  if (names_connection (context, body, connection, remote))
    told->fabric = g_steal_pointer (&connection);
  else if (remote != NULL || told->endpoint->scope == REST_SCOPE_FABRIC)
    told->fabric = g_strconcat (
        remote != NULL ? remote : context->user, "@", context->conference, NULL);
  if (told->fabric != NULL)
    told->remote_user = g_steal_pointer (&remote);
  return TRUE;
}

static gboolean
is_word (const char *name)
{
  return *name != '\0' && strlen (name) <= MAX_NAME &&
         name[strspn (name, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "_-.")] == '\0';
}

/* Names of other generations. */
static const char *
modern_name (const char *name)
{
  static const char *const names[][2] = {
    { "audioUnMute", "audioUnmute" },
    { "autoFabricSetup", "fabricSetup" },
    { "connectedDevices", "connectedDeviceList" },
    { "mediaPlaybackStartEvent", "mediaPlaybackStart" },
    { "mediaSuspendedEvent", "mediaPlaybackSuspended" },
    { "userFeedbackEvent", "userFeedback" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    if (strcmp (names[i][0], name) == 0)
      return names[i][1];
  return name;
}

static gboolean
read_name (Told *told, JsonObject *body, GError **error)
{
  const char *name = told->endpoint->name;

  if (name == NULL)
    name = callstats_json_get_string (body, "eventType", NULL);
  if (name == NULL || !is_word (name))
    return fail (error,
        "\"eventType\" is needed: the event's name, at most %d letters, digits, _ - .",
        MAX_NAME);
  told->name = g_strdup (modern_name (name));
  return TRUE;
}

static gboolean
read_time (Told *told, JsonObject *body, GError **error)
{
  told->time = rest_stats_read_time (json_object_get_member (body, "timestamp"),
      told->endpoint->is_settings ? told->context->now : -1);
  return (told->time >= 0 && callstats_record_time_is_valid (told->time)) ||
         fail (error, "\"timestamp\" is needed, in milliseconds since 1970");
}

static gboolean
read_told (Told *told, JsonObject *body, GError **error)
{
  return check_id ("confID", told->context->conference, error) &&
         check_user (told, body, error) && read_time (told, body, error) &&
         read_name (told, body, error) &&
         check_required (told->endpoint->required, body, error) &&
         (told->endpoint->scope < REST_SCOPE_ANY || read_fabric (told, body, error));
}

/* ---- Records ---- */

static gboolean
is_joining (const Told *told)
{
  return strcmp (told->name, "userJoined") == 0;
}

/* Without what is empty or told elsewhere. */
static JsonObject *
copy_data (const Told *told, JsonObject *body)
{
  JsonObject *data = json_object_new ();
  JsonObjectIter members;
  const char *name;
  JsonNode *node;

  json_object_iter_init_ordered (&members, body);
  while (json_object_iter_next_ordered (&members, &name, &node)) {
    gboolean wanted = !g_strv_contains (common_members, name) ||
                      (is_joining (told) && g_strv_contains (joining_members, name));

    if (wanted && !JSON_NODE_HOLDS_NULL (node))
      json_object_set_member (data, name, json_node_copy (node));
  }
  return data;
}

static void
address_record (const Told *told, CallstatsRecord *record)
{
  record->conference = g_strdup (told->context->conference);
  record->fabric = g_strdup (told->fabric);
  record->remote_user = g_strdup (told->remote_user);
}

static gboolean
check_data_text (const char *text, GError **error)
{
  if (strlen (text) > CALLSTATS_MAX_EVENT_DATA)
    return fail (error, "The body is longer than %d bytes", CALLSTATS_MAX_EVENT_DATA);
  if (callstats_json_depth (text) > CALLSTATS_RECORD_MAX_DEPTH)
    return fail (error, "The body is nested too deep");
  return TRUE;
}

/* What no conference is told of stands alone. */
static CallstatsRecord *
make_other (const Told *told, const char *data)
{
  g_autoptr (GString) json = g_string_new ("{");

  callstats_json_append_member (json, "type");
  callstats_json_append_string (json, told->name);
  callstats_json_append_member (json, "time");
  callstats_record_append_time (told->time, json);
  callstats_json_append_member (json, "data");
  g_string_append_printf (json, "%s}", data);
  return callstats_record_new_other (told->name, told->time, json->str);
}

static gboolean
add_event (const Told *told, JsonObject *data, GPtrArray *records, GError **error)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  g_autoptr (GString) text = g_string_new (NULL);
  CallstatsRecord *record;

  json_node_set_object (node, data);
  callstats_json_append_node (text, node);
  if (!check_data_text (text->str, error))
    return FALSE;
  if (told->endpoint->scope == REST_SCOPE_APP)
    record = make_other (told, text->str);
  else
    record = callstats_record_new_event (told->name, told->time, text->str);
  address_record (told, record);
  g_ptr_array_add (records, record);
  return TRUE;
}

/* An event of each element, as a callstatsmon tells them. */
static gboolean
add_items (const Told *told, JsonObject *data, GPtrArray *records, GError **error)
{
  JsonNode *list = json_object_get_member (data, told->endpoint->list);
  g_autoptr (JsonArray) items = NULL;

  if (list == NULL || !JSON_NODE_HOLDS_ARRAY (list))
    return add_event (told, data, records, error);
  items = json_node_dup_array (list);
  for (guint i = 0; i < json_array_get_length (items); i++) {
    g_autoptr (JsonObject) item = json_object_new ();

    json_object_set_member (
        item, told->endpoint->item, json_array_dup_element (items, i));
    if (!add_event (told, item, records, error))
      return FALSE;
  }
  return TRUE;
}

/* An error of a fabric that is set up already is none of its setup; clients tell all of
 * them in the same way. */
static void
name_error (Told *told, JsonObject *body)
{
  static const char *const later[] = { "established", "disrupted", "hold", NULL };
  const char *state = callstats_json_get_string (body, "fabricState", NULL);

  if (strcmp (told->name, "fabricSetupFailed") != 0 || state == NULL ||
      !g_strv_contains (later, state))
    return;
  g_free (told->name);
  told->name = g_strdup ("applicationErrorLog");
}

static gboolean
add_events (Told *told, JsonObject *body, GPtrArray *records, GError **error)
{
  g_autoptr (JsonObject) data = copy_data (told, body);

  name_error (told, body);
  if (told->endpoint->map != NULL && !told->endpoint->map (body, data, error))
    return FALSE;
  return told->endpoint->list != NULL ? add_items (told, data, records, error)
                                      : add_event (told, data, records, error);
}

static void
add_report (const Told *told, CallstatsReport *report, GPtrArray *records)
{
  CallstatsRecord *record = callstats_record_new_report (report);

  address_record (told, record);
  g_ptr_array_add (records, record);
}

/* What came with the sample goes along with the last one. */
static void
add_beside (JsonObject *body, GPtrArray *reports)
{
  static const char *const beside[] = { "batteryStatus", "wifiStats" };

  for (gsize i = 0; i < G_N_ELEMENTS (beside) && reports->len > 0; i++) {
    JsonObject *object = callstats_json_get_object (body, beside[i]);

    if (object != NULL)
      rest_stats_add_object (reports->pdata[reports->len - 1], beside[i], object);
  }
}

static gboolean
add_reports (Told *told, JsonObject *body, GPtrArray *records, GError **error)
{
  JsonArray *stats = callstats_json_get_array (body, "stats");
  g_autoptr (GPtrArray) reports = NULL;

  if (rest_stats_count_objects (stats) > REST_STATS_MAX_OBJECTS)
    return fail (error, "\"stats\" has more than %d objects", REST_STATS_MAX_OBJECTS);
  reports = rest_stats_make_reports (stats, told->time);
  add_beside (body, reports);
  for (guint i = 0; i < reports->len; i++)
    add_report (told, reports->pdata[i], records);
  if (reports->len > 0)
    return TRUE;
  /* Nothing that a chart could show; it is kept all the same. */
  g_free (told->name);
  told->name = g_strdup ("customStats");
  return add_events (told, body, records, error);
}

GPtrArray *
rest_events_make_records (const RestEndpoint *endpoint, const RestContext *context,
    JsonObject *body, GError **error)
{
  g_autoptr (GPtrArray) records =
      g_ptr_array_new_with_free_func ((GDestroyNotify)callstats_record_unref);
  g_auto (Told) told = { .endpoint = endpoint, .context = context };

  if (!read_told (&told, body, error))
    return NULL;
  if (endpoint->is_alive)
    return g_steal_pointer (&records);
  if (!(endpoint->is_stats ? add_reports (&told, body, records, error)
                           : add_events (&told, body, records, error)))
    return NULL;
  return g_steal_pointer (&records);
}
