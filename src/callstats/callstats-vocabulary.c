/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What an application can say of its calls: checked here, in the caller's thread, so that
 * what makes no sense fails at once; then posted to the monitor thread in order.
 *
 * Any thread.
 */
#include <string.h>

#include "callstats-client-private.h"
#include "callstats-enum-types.h"
#include "callstats-error.h"
#include "callstats-json-private.h"
#include "callstats-limits-private.h"
#include "callstats-sdp-private.h"
#include "callstats-vocabulary.h"

static void
run_tell (CallstatsReporter *reporter, gpointer data)
{
  callstats_reporter_tell (reporter, data);
}

static void
post (CallstatsClient *self, CallstatsTelling *telling)
{
  callstats_client_post (self, run_tell, telling, (GDestroyNotify)callstats_telling_free);
}

/* An a{sv} of our own; a floating reference is consumed. NULL: an empty one. */
static GVariant *
sink_data (GVariant *data)
{
  return g_variant_ref_sink (data != NULL ? data : g_variant_new ("a{sv}", NULL));
}

/* For what is of one fabric and of no other. */
static gboolean
check_one_fabric (CallstatsClient *self, const char *fabric, GError **error)
{
  if (fabric != NULL)
    return callstats_client_check_fabric (self, fabric, error);
  g_set_error_literal (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT,
      "No fabric is given: use the id that adding it gave");
  return FALSE;
}

/* Texts that may be left out, but are texts. */
static gboolean
check_texts (const char *what, GVariant *data, const char *const *names, GError **error)
{
  for (; *names != NULL; names++) {
    g_autoptr (GVariant) value = g_variant_lookup_value (data, *names, NULL);

    if (value == NULL || g_variant_is_of_type (value, G_VARIANT_TYPE_STRING))
      continue;
    g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT,
        "“%s” of %s is of type %s, not a string", *names, what,
        g_variant_get_type_string (value));
    return FALSE;
  }
  return TRUE;
}

static gboolean
check_data (const char *what, GVariant *data, GError **error)
{
  g_autofree char *json = NULL;

  if (!g_variant_is_of_type (data, G_VARIANT_TYPE_VARDICT)) {
    g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT,
        "The data of %s is of type %s, not a{sv}", what,
        g_variant_get_type_string (data));
    return FALSE;
  }
  json = callstats_data_to_json (data);
  if (strlen (json) > CALLSTATS_MAX_EVENT_DATA) {
    g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_TOO_LONG,
        "The data of %s is %" G_GSIZE_FORMAT " bytes of JSON, the limit is %d", what,
        strlen (json), CALLSTATS_MAX_EVENT_DATA);
    return FALSE;
  }
  if (callstats_json_depth (json) > CALLSTATS_RECORD_MAX_DEPTH) {
    g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT,
        "The data of %s is nested deeper than %d levels", what,
        CALLSTATS_RECORD_MAX_DEPTH);
    return FALSE;
  }
  if (!callstats_json_members_fit (json)) {
    g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT,
        "The data of %s has a dictionary of more than %d members, or many whose names "
        "collide",
        what, CALLSTATS_JSON_MAX_MEMBERS);
    return FALSE;
  }
  return TRUE;
}

/* Fabric events */

static gboolean
check_device_list (GVariant *data, GError **error)
{
  g_autoptr (GVariant) devices =
      g_variant_lookup_value (data, "deviceList", G_VARIANT_TYPE_ARRAY);

  if (devices != NULL)
    return TRUE;
  g_set_error_literal (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT,
      "activeDeviceList needs “deviceList”, an array, in its data");
  return FALSE;
}

static gboolean
check_event (const char *event, GVariant *data, GError **error)
{
  int value;

  if (!callstats_enum_from_string (CALLSTATS_TYPE_FABRIC_EVENT, event, &value, error)) {
    g_prefix_error (error, "Invalid fabricEvents value: ");
    return FALSE;
  }
  if (value == CALLSTATS_FABRIC_EVENT_FABRIC_SETUP ||
      value == CALLSTATS_FABRIC_EVENT_FABRIC_SETUP_FAILED) {
    g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT,
        "Unsupported fabricEvent “%s”: the fabric finds it by itself", event);
    return FALSE;
  }
  if (!check_data (event, data, error))
    return FALSE;
  return value != CALLSTATS_FABRIC_EVENT_ACTIVE_DEVICE_LIST ||
         check_device_list (data, error);
}

/**
 * callstats_client_send_fabric_event:
 * @self: a client
 * @fabric: (nullable): a fabric's id; %NULL: all there are, and if there is none yet the
 *   first that comes
 * @event: callstats' name of the event: a [enum@Callstats.FabricEvent];
 * `fabricTerminated` ends the fabric
 * @event_data: (nullable): the event's data, an `a{sv}` with callstats' keys; a floating
 *   reference is consumed
 * @error: return location for an error
 *
 * Tells an event that only the application knows of, callstats' sendFabricEvent().
 *
 * Returns: %TRUE if the event was taken; %FALSE with a `CALLSTATS_ERROR_NOT_FOUND`,
 *   `CALLSTATS_ERROR_INVALID_ARGUMENT` or `CALLSTATS_ERROR_TOO_LONG`
 */
gboolean
callstats_client_send_fabric_event (CallstatsClient *self, const char *fabric,
    const char *event, GVariant *event_data, GError **error)
{
  g_autoptr (GVariant) data = sink_data (event_data);
  CallstatsTelling *telling;

  g_return_val_if_fail (CALLSTATS_IS_CLIENT (self), FALSE);

  if (!callstats_client_check_fabric (self, fabric, error) ||
      !check_event (event, data, error))
    return FALSE;
  telling = callstats_telling_new (CALLSTATS_SCOPE_FABRIC, fabric, event, data);
  post (self, telling);
  return TRUE;
}

/* Errors */

static void
copy_text (GVariantDict *to, const char *name, GVariant *from, const char *key)
{
  const char *text;

  if (g_variant_lookup (from, key, "&s", &text))
    g_variant_dict_insert (to, name, "s", text);
}

static gboolean
is_log (CallstatsWebrtcFunction function)
{
  return function == CALLSTATS_WEBRTC_FUNCTION_APPLICATION_LOG ||
         function == CALLSTATS_WEBRTC_FUNCTION_APPLICATION_ERROR;
}

/* A reason that is given goes before the function's usual one. NULL with an error: it is
 * none of callstats'. */
static const char *
find_reason (CallstatsWebrtcFunction function, GVariant *details, GError **error)
{
  const char *given = NULL;
  int value = callstats_webrtc_function_get_reason (function);

  if (g_variant_lookup (details, "reason", "&s", &given) &&
      !callstats_enum_from_string (CALLSTATS_TYPE_FAILURE_REASON, given, &value, error))
    return NULL;
  return callstats_enum_to_string (CALLSTATS_TYPE_FAILURE_REASON, value);
}

static GVariant *
make_error_data (CallstatsWebrtcFunction function, const char *reason, GVariant *details)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "function", "s",
      callstats_enum_to_string (CALLSTATS_TYPE_WEBRTC_FUNCTION, function));
  g_variant_dict_insert (&dict, "reason", "s", reason);
  g_variant_dict_insert (&dict, "messageType", "s", "domError");
  g_variant_dict_insert (&dict, "level", "s", "error");
  copy_text (&dict, "name", details, "name");
  copy_text (&dict, "message", details, "message");
  copy_text (&dict, "stack", details, "stack");
  copy_text (&dict, "diagnosis", details, "diagnosis");
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

/* Redacted whatever the application does: it holds the keys of the call. */
static void
post_descriptions (CallstatsClient *self, const char *fabric, GVariant *details)
{
  static const struct {
    const char *key, *name;
  } sides[] = { { "localSDP", "localSDP" }, { "remoteSDP", "remoteSDP" } };
  GVariantDict dict;
  g_autoptr (GVariant) data = NULL;
  gboolean any = FALSE;
  guint i;

  g_variant_dict_init (&dict, NULL);
  for (i = 0; i < G_N_ELEMENTS (sides); i++) {
    g_autofree char *redacted = NULL;
    const char *sdp;

    if (!g_variant_lookup (details, sides[i].key, "&s", &sdp))
      continue;
    redacted = callstats_sdp_redact (sdp, FALSE);
    g_variant_dict_insert (&dict, sides[i].name, "s", redacted);
    any = TRUE;
  }
  data = g_variant_ref_sink (g_variant_dict_end (&dict));
  if (any)
    post (self, callstats_telling_new (
                    CALLSTATS_SCOPE_FABRIC, fabric, "sdpSubmissionEvent", data));
}

/**
 * callstats_client_report_error:
 * @self: a client
 * @fabric: (nullable): a fabric's id; %NULL only for `getUserMedia`, `applicationLog` and
 *   `applicationError`, which need no peer connection
 * @function: what failed
 * @details: (nullable): an `a{sv}` with the strings `name`, `message` and `stack` of the
 *   error, `reason` (a [enum@Callstats.FailureReason], where the function's usual one
 * does not fit), `diagnosis`, `localSDP` and `remoteSDP`, all optional; a floating
 * reference is consumed
 * @error: return location for an error
 *
 * Tells a failure that the application sees, callstats' reportError(). Before the fabric
 * is set up it becomes fabricSetupFailed with the delay since the fabric was added;
 * later, and for the two of the application, applicationErrorLog. Session descriptions go
 * without their keys and addresses.
 *
 * Returns: %TRUE if the error was taken; %FALSE with a `CALLSTATS_ERROR_NOT_FOUND`,
 *   `CALLSTATS_ERROR_INVALID_ARGUMENT` or `CALLSTATS_ERROR_TOO_LONG`
 */
gboolean
callstats_client_report_error (CallstatsClient *self, const char *fabric,
    CallstatsWebrtcFunction function, GVariant *details, GError **error)
{
  g_autoptr (GVariant) given = sink_data (details);
  g_autoptr (GVariant) data = NULL;
  static const char *const texts[] = { "name", "message", "stack", "reason", "diagnosis",
    "localSDP", "remoteSDP", NULL };
  const char *reason;
  gboolean needs_fabric;

  g_return_val_if_fail (CALLSTATS_IS_CLIENT (self), FALSE);

  if (callstats_enum_to_string (CALLSTATS_TYPE_WEBRTC_FUNCTION, function) == NULL) {
    g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT,
        "Invalid webRTC functionName value %d", function);
    return FALSE;
  }
  needs_fabric =
      !is_log (function) && function != CALLSTATS_WEBRTC_FUNCTION_GET_USER_MEDIA;
  if (needs_fabric && fabric == NULL) {
    g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT,
        "An error of %s needs the fabric that it happened to",
        callstats_enum_to_string (CALLSTATS_TYPE_WEBRTC_FUNCTION, function));
    return FALSE;
  }
  if (!callstats_client_check_fabric (self, fabric, error) ||
      !check_data ("the error", given, error) ||
      !check_texts ("the error", given, texts, error))
    return FALSE;

  reason = find_reason (function, given, error);
  if (reason == NULL)
    return FALSE;
  data = make_error_data (function, reason, given);
  post (self, callstats_telling_new (
                  fabric != NULL ? CALLSTATS_SCOPE_FABRIC : CALLSTATS_SCOPE_USER, fabric,
                  is_log (function) ? "applicationErrorLog" : "fabricSetupFailed", data));
  if (fabric != NULL)
    post_descriptions (self, fabric, given);
  return TRUE;
}

/* Streams */

typedef struct {
  char *fabric;
  CallstatsAssociation association;
} Association;

static void
association_free (gpointer data)
{
  Association *given = data;

  g_free (given->fabric);
  g_free (given->association.user_id);
  g_free (given->association.usage_label);
  g_free (given->association.video_tag);
  g_free (given);
}

static void
run_associate (CallstatsReporter *reporter, gpointer data)
{
  Association *given = data;

  callstats_reporter_associate (reporter, given->fabric, &given->association);
}

/**
 * callstats_client_associate_mst_with_user_id:
 * @self: a client
 * @fabric: a fabric's id
 * @user_id: the user whose stream it is, at most 128 bytes
 * @ssrc: the stream's SSRC, not 0
 * @usage_label: (nullable): the application's name for the stream, at most 20 bytes
 * @associated_video_tag: (nullable): what renders it: the name of the sink element, at
 * most 256 bytes
 * @error: return location for an error
 *
 * Tells whose stream an SSRC is, callstats' associateMstWithUserID(). Without it, streams
 * that are sent are the local user's and streams that are received the remote user's.
 *
 * Returns: %TRUE if it was taken; %FALSE with a `CALLSTATS_ERROR_NOT_FOUND`,
 *   `CALLSTATS_ERROR_INVALID_ARGUMENT` or `CALLSTATS_ERROR_TOO_LONG`
 */
gboolean
callstats_client_associate_mst_with_user_id (CallstatsClient *self, const char *fabric,
    const char *user_id, guint32 ssrc, const char *usage_label,
    const char *associated_video_tag, GError **error)
{
  Association *given;

  g_return_val_if_fail (CALLSTATS_IS_CLIENT (self), FALSE);

  if (ssrc == 0) {
    g_set_error_literal (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT,
        "0 is no SSRC of a stream");
    return FALSE;
  }
  if (!check_one_fabric (self, fabric, error) ||
      !callstats_check_id ("The user id", user_id, CALLSTATS_MAX_USER_ID, error) ||
      !callstats_check_text (
          "The usage label", usage_label, CALLSTATS_MAX_USAGE_LABEL, error) ||
      !callstats_check_text (
          "The video tag", associated_video_tag, CALLSTATS_MAX_VIDEO_TAG, error))
    return FALSE;

  given = g_new0 (Association, 1);
  given->fabric = g_strdup (fabric);
  given->association.ssrc = ssrc;
  given->association.user_id = g_strdup (user_id);
  given->association.usage_label = g_strdup (usage_label);
  given->association.video_tag = g_strdup (associated_video_tag);
  callstats_client_post (self, run_associate, given, association_free);
  return TRUE;
}

/* Feedback */

static gboolean
read_number (GVariant *value, gint64 *number)
{
  switch (g_variant_classify (value)) {
  case G_VARIANT_CLASS_INT32:
    *number = g_variant_get_int32 (value);
    return TRUE;
  case G_VARIANT_CLASS_UINT32:
    *number = g_variant_get_uint32 (value);
    return TRUE;
  case G_VARIANT_CLASS_INT64:
    *number = g_variant_get_int64 (value);
    return TRUE;
  case G_VARIANT_CLASS_UINT64:
    *number = (gint64)MIN (g_variant_get_uint64 (value), G_MAXINT64);
    return TRUE;
  default:
    return FALSE;
  }
}

static gboolean
take_rating (GVariantDict *data, GVariant *feedback, const char *name, gboolean needed,
    GError **error)
{
  g_autoptr (GVariant) value = g_variant_lookup_value (feedback, name, NULL);
  gint64 rating = 0;

  if (value == NULL && !needed)
    return TRUE;
  if (value == NULL || !read_number (value, &rating) || rating < 1 || rating > 5) {
    g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT,
        "“%s” of the feedback must be a whole number from 1 to 5", name);
    return FALSE;
  }
  g_variant_dict_insert (data, name, "x", rating);
  return TRUE;
}

static gboolean
take_feedback (
    CallstatsClient *self, GVariantDict *data, GVariant *feedback, GError **error)
{
  g_autofree char *own_id = NULL;
  const char *user_id = NULL;
  const char *comment = NULL;

  if (!g_variant_lookup (feedback, "userID", "&s", &user_id)) {
    g_object_get (self, "user-id", &own_id, NULL);
    user_id = own_id;
  }
  g_variant_lookup (feedback, "comment", "&s", &comment);
  if (!callstats_check_id (
          "“userID” of the feedback", user_id, CALLSTATS_MAX_USER_ID, error) ||
      !take_rating (data, feedback, "overall", TRUE, error) ||
      !take_rating (data, feedback, "audio", FALSE, error) ||
      !take_rating (data, feedback, "video", FALSE, error) ||
      !take_rating (data, feedback, "screen", FALSE, error))
    return FALSE;
  g_variant_dict_insert (data, "userID", "s", user_id);
  if (comment != NULL)
    g_variant_dict_insert (data, "comment", "s", comment);
  return TRUE;
}

static GVariant *
make_feedback (CallstatsClient *self, GVariant *feedback, GError **error)
{
  static const char *const texts[] = { "userID", "comment", NULL };
  GVariantDict dict;

  if (!check_data ("the feedback", feedback, error) ||
      !check_texts ("the feedback", feedback, texts, error))
    return NULL;
  g_variant_dict_init (&dict, NULL);
  if (!take_feedback (self, &dict, feedback, error)) {
    g_variant_dict_clear (&dict);
    return NULL;
  }
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

static void
on_settled (gboolean stored, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;

  if (stored)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_new_error (task, CALLSTATS_ERROR, CALLSTATS_ERROR_UNAVAILABLE,
        "The feedback did not reach a backend");
}

/**
 * callstats_client_send_user_feedback:
 * @self: a client
 * @conference_id: (nullable): the conference; %NULL: the client's
 * @feedback: an `a{sv}`: `overall`, a whole number from 1 to 5, mandatory; `audio`,
 * `video` and `screen`, likewise; `comment`, a string; `userID`, a string, by default the
 * client's user id; a floating reference is consumed
 * @cancellable: (nullable): ends the waiting, not the delivery
 * @callback: (scope async) (closure user_data): called on the thread-default main context
 * of this call once the **backend** has stored the feedback
 * @user_data: its argument
 *
 * Tells how a user rates the call, callstats' sendUserFeedback(). It may be sent after
 * the call has ended.
 */
void
callstats_client_send_user_feedback (CallstatsClient *self, const char *conference_id,
    GVariant *feedback, GCancellable *cancellable, GAsyncReadyCallback callback,
    gpointer user_data)
{
  g_autoptr (GVariant) given = sink_data (feedback);
  g_autoptr (GVariant) data = NULL;
  g_autoptr (GTask) task = NULL;
  GError *error = NULL;
  CallstatsTelling *telling;

  g_return_if_fail (CALLSTATS_IS_CLIENT (self));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, callstats_client_send_user_feedback);
  if (callstats_check_text (
          "The conference id", conference_id, CALLSTATS_MAX_CONFERENCE_ID, &error))
    data = make_feedback (self, given, &error);
  if (data == NULL) {
    g_task_return_error (task, error);
    return;
  }
  telling = callstats_telling_new (CALLSTATS_SCOPE_USER, NULL, "userFeedback", data);
  if (conference_id != NULL && *conference_id != '\0')
    telling->conference = g_strdup (conference_id);
  telling->settled = on_settled;
  telling->settled_data = g_steal_pointer (&task);
  post (self, telling);
}

/**
 * callstats_client_send_user_feedback_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Returns: %TRUE if the backend has stored the feedback; %FALSE with a
 *   `CALLSTATS_ERROR_INVALID_ARGUMENT` for a feedback that makes no sense, or a
 *   `CALLSTATS_ERROR_UNAVAILABLE` if it cannot be delivered
 */
gboolean
callstats_client_send_user_feedback_finish (
    CallstatsClient *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (CALLSTATS_IS_CLIENT (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* Identifiers */

typedef struct {
  char *fabric;
  char *conference_id;
  char *remote_user_id;
} Identifiers;

static void
identifiers_free (gpointer data)
{
  Identifiers *given = data;

  g_free (given->fabric);
  g_free (given->conference_id);
  g_free (given->remote_user_id);
  g_free (given);
}

static void
run_set_identifiers (CallstatsReporter *reporter, gpointer data)
{
  Identifiers *given = data;

  callstats_reporter_set_identifiers (
      reporter, given->fabric, given->conference_id, given->remote_user_id);
}

/**
 * callstats_client_set_identifiers:
 * @self: a client
 * @fabric: (nullable): a fabric's id; %NULL: all that lack what is given
 * @conference_id: (nullable): the conference, at most 256 bytes
 * @remote_user_id: (nullable): the user at the other end, at most 128 bytes
 * @error: return location for an error
 *
 * Tells ids that were not known when the fabric was added, callstats' setIdentifiers().
 * Everything that was held back for want of a conference is stamped and sent. Without a
 * fabric, the conference becomes the client's.
 *
 * Returns: %TRUE if they were taken; %FALSE with a `CALLSTATS_ERROR_NOT_FOUND`,
 *   `CALLSTATS_ERROR_INVALID_ARGUMENT` or `CALLSTATS_ERROR_TOO_LONG`
 */
gboolean
callstats_client_set_identifiers (CallstatsClient *self, const char *fabric,
    const char *conference_id, const char *remote_user_id, GError **error)
{
  Identifiers *given;

  g_return_val_if_fail (CALLSTATS_IS_CLIENT (self), FALSE);

  if (conference_id == NULL && remote_user_id == NULL) {
    g_set_error_literal (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT,
        "Neither a conference id nor a remote user id is given");
    return FALSE;
  }
  if (!callstats_client_check_fabric (self, fabric, error) ||
      (conference_id != NULL && !callstats_check_id ("The conference id", conference_id,
                                    CALLSTATS_MAX_CONFERENCE_ID, error)) ||
      (remote_user_id != NULL && !callstats_check_id ("The remote user id",
                                     remote_user_id, CALLSTATS_MAX_USER_ID, error)))
    return FALSE;

  given = g_new0 (Identifiers, 1);
  given->fabric = g_strdup (fabric);
  given->conference_id = g_strdup (conference_id);
  given->remote_user_id = g_strdup (remote_user_id);
  callstats_client_post (self, run_set_identifiers, given, identifiers_free);
  /* After the remote user, which what is held back has to be stamped with. */
  if (fabric == NULL && conference_id != NULL)
    g_object_set (self, "conference-id", conference_id, NULL);
  return TRUE;
}

/* The application's own */

static gboolean
tell_json (CallstatsClient *self, const char *fabric, const char *event,
    const char *member, const char *json, GError **error)
{
  g_autoptr (GVariant) value =
      callstats_json_to_variant (json != NULL ? json : "", error);
  g_autoptr (GVariant) data = NULL;
  GVariantDict dict;

  if (value == NULL || !callstats_client_check_fabric (self, fabric, error))
    return FALSE;
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert_value (&dict, member, value);
  data = g_variant_ref_sink (g_variant_dict_end (&dict));
  if (!check_data (event, data, error))
    return FALSE;
  post (self, callstats_telling_new (
                  fabric != NULL ? CALLSTATS_SCOPE_FABRIC : CALLSTATS_SCOPE_USER, fabric,
                  event, data));
  return TRUE;
}

/**
 * callstats_client_send_custom_event:
 * @self: a client
 * @fabric: (nullable): a fabric's id; %NULL: about the user's part in the conference
 * @json: a JSON object: the event
 * @error: return location for an error
 *
 * Tells an event of the application's own making, callstats' sendCustomEvent(): stored as
 * `customEvent` with the object as its `event`.
 *
 * Returns: %TRUE if it was taken; %FALSE with a `CALLSTATS_ERROR_NOT_FOUND`,
 *   `CALLSTATS_ERROR_PROTOCOL` for what is no JSON object, or `CALLSTATS_ERROR_TOO_LONG`
 */
gboolean
callstats_client_send_custom_event (
    CallstatsClient *self, const char *fabric, const char *json, GError **error)
{
  g_return_val_if_fail (CALLSTATS_IS_CLIENT (self), FALSE);

  return tell_json (self, fabric, "customEvent", "event", json, error);
}

/**
 * callstats_client_send_custom_stats:
 * @self: a client
 * @fabric: (nullable): a fabric's id; %NULL: about the user's part in the conference
 * @json: a JSON object: the statistics
 * @error: return location for an error
 *
 * Tells statistics of the application's own making, callstats' sendCustomStats(): stored
 * as `customStats` with the object as its `stats`.
 *
 * Returns: %TRUE if they were taken; %FALSE with a `CALLSTATS_ERROR_NOT_FOUND`,
 *   `CALLSTATS_ERROR_PROTOCOL` for what is no JSON object, or `CALLSTATS_ERROR_TOO_LONG`
 */
gboolean
callstats_client_send_custom_stats (
    CallstatsClient *self, const char *fabric, const char *json, GError **error)
{
  g_return_val_if_fail (CALLSTATS_IS_CLIENT (self), FALSE);

  return tell_json (self, fabric, "customStats", "stats", json, error);
}

/* The members of call details that hold one of an enumeration; the others are texts. */
static gboolean
check_member (
    GVariant *details, const char *name, GType type, gboolean needed, GError **error)
{
  g_autoptr (GVariant) member = g_variant_lookup_value (details, name, NULL);
  const char *text = NULL;
  int value;

  if (member == NULL && !needed)
    return TRUE;
  if (member != NULL && g_variant_is_of_type (member, G_VARIANT_TYPE_STRING))
    text = g_variant_get_string (member, NULL);
  if (callstats_enum_from_string (type, text, &value, error))
    return TRUE;
  g_prefix_error (error, "“%s” of the call details: ", name);
  return FALSE;
}

/**
 * callstats_client_send_call_details:
 * @self: a client
 * @fabric: a fabric's id
 * @details: an `a{sv}` with callstats' keys: `role` ([enum@Callstats.Role], mandatory),
 *   `callType` ([enum@Callstats.CallType]), `contactQueue`, `contactQueueID`,
 *   `routingProfile`, `routingProfileID`, `contactID`, `originalContactID`, `siteID`,
 *   `acceptedTimestamp`, `connectedTimestamp`; a floating reference is consumed
 * @error: return location for an error
 *
 * Tells the details of a contact-centre call, callstats' sendCallDetails().
 *
 * Returns: %TRUE if they were taken; %FALSE with a `CALLSTATS_ERROR_NOT_FOUND`,
 *   `CALLSTATS_ERROR_INVALID_ARGUMENT` or `CALLSTATS_ERROR_TOO_LONG`
 */
gboolean
callstats_client_send_call_details (
    CallstatsClient *self, const char *fabric, GVariant *details, GError **error)
{
  g_autoptr (GVariant) data = sink_data (details);

  g_return_val_if_fail (CALLSTATS_IS_CLIENT (self), FALSE);

  if (!check_one_fabric (self, fabric, error) ||
      !check_data ("the call details", data, error) ||
      !check_member (data, "role", CALLSTATS_TYPE_ROLE, TRUE, error) ||
      !check_member (data, "callType", CALLSTATS_TYPE_CALL_TYPE, FALSE, error))
    return FALSE;
  post (
      self, callstats_telling_new (CALLSTATS_SCOPE_FABRIC, fabric, "callDetails", data));
  return TRUE;
}

/* At most the limit's bytes, and whole characters. */
static char *
cut_log (const char *message)
{
  gsize length = MIN (strlen (message), CALLSTATS_MAX_APPLICATION_LOG);

  while (length > 0 && ((guchar)message[length] & 0xc0) == 0x80)
    length--;
  return g_strndup (message, length);
}

/**
 * callstats_client_log:
 * @self: a client
 * @fabric: (nullable): a fabric's id; %NULL: about the user's part in the conference
 * @level: how grave it is
 * @message: the log; what is past 20 000 bytes is cut off, with a
 *   [signal@Callstats.Client::warning]
 * @type: what the text is
 * @error: return location for an error
 *
 * Tells a log of the application, callstats' application logs.
 *
 * Returns: %TRUE if it was taken; %FALSE with a `CALLSTATS_ERROR_NOT_FOUND` or
 *   `CALLSTATS_ERROR_INVALID_ARGUMENT`
 */
gboolean
callstats_client_log (CallstatsClient *self, const char *fabric, CallstatsLogLevel level,
    const char *message, CallstatsLogType type, GError **error)
{
  const char *level_text = callstats_enum_to_string (CALLSTATS_TYPE_LOG_LEVEL, level);
  const char *type_text = callstats_enum_to_string (CALLSTATS_TYPE_LOG_TYPE, type);
  g_autofree char *cut = NULL;
  g_autoptr (GVariant) data = NULL;
  GVariantDict dict;

  g_return_val_if_fail (CALLSTATS_IS_CLIENT (self), FALSE);

  if (message == NULL) {
    g_set_error_literal (
        error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT, "The log is missing");
    return FALSE;
  }
  if (level_text == NULL || type_text == NULL) {
    g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT,
        "Log level %d or type %d is out of range", level, type);
    return FALSE;
  }
  if (!callstats_client_check_fabric (self, fabric, error) ||
      !callstats_check_text ("The log", message, G_MAXSIZE, error))
    return FALSE;

  cut = cut_log (message);
  if (strlen (cut) < strlen (message))
    callstats_client_warn (self, CALLSTATS_ERROR_TOO_LONG,
        "An application log of %" G_GSIZE_FORMAT " bytes was cut to %d", strlen (message),
        CALLSTATS_MAX_APPLICATION_LOG);
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "level", "s", level_text);
  g_variant_dict_insert (&dict, "message", "s", cut);
  g_variant_dict_insert (&dict, "messageType", "s", type_text);
  data = g_variant_ref_sink (g_variant_dict_end (&dict));
  post (self, callstats_telling_new (
                  fabric != NULL ? CALLSTATS_SCOPE_FABRIC : CALLSTATS_SCOPE_USER, fabric,
                  "applicationErrorLog", data));
  return TRUE;
}

/**
 * callstats_client_report_user_id_change:
 * @self: a client
 * @fabric: a fabric's id
 * @new_user_id: the new id, at most 128 bytes
 * @type: whose id
 * @error: return location for an error
 *
 * Tells that a user has another id from now on, callstats' reportUserIDChange(). The
 * remote user's is that of the fabric from then on; the local user's stays the one that
 * the token names, and the change is told.
 *
 * Returns: %TRUE if it was taken; %FALSE with a `CALLSTATS_ERROR_NOT_FOUND`,
 *   `CALLSTATS_ERROR_INVALID_ARGUMENT` or `CALLSTATS_ERROR_TOO_LONG`
 */
gboolean
callstats_client_report_user_id_change (CallstatsClient *self, const char *fabric,
    const char *new_user_id, CallstatsUserIdType type, GError **error)
{
  const char *type_text = callstats_enum_to_string (CALLSTATS_TYPE_USER_ID_TYPE, type);
  g_autoptr (GVariant) data = NULL;
  GVariantDict dict;

  g_return_val_if_fail (CALLSTATS_IS_CLIENT (self), FALSE);

  if (type_text == NULL) {
    g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT,
        "User id type %d is out of range", type);
    return FALSE;
  }
  if (!check_one_fabric (self, fabric, error) ||
      !callstats_check_id ("The new user id", new_user_id, CALLSTATS_MAX_USER_ID, error))
    return FALSE;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "id", "s", new_user_id);
  g_variant_dict_insert (&dict, "idType", "s", type_text);
  data = g_variant_ref_sink (g_variant_dict_end (&dict));
  post (self,
      callstats_telling_new (CALLSTATS_SCOPE_FABRIC, fabric, "userIDChangedEvent", data));
  if (type == CALLSTATS_USER_ID_TYPE_REMOTE)
    return callstats_client_set_identifiers (self, fabric, NULL, new_user_id, error);
  return TRUE;
}
