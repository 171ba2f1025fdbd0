/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The table of endpoints, and what of a body is called otherwise here. Pure, any thread.
 */
#include <string.h>

#include "callstats/callstats-json-private.h"
#include "callstats/callstats-sdp.h"
#include "rest-events.h"

static void
rename_member (JsonObject *data, const char *from, const char *to)
{
  JsonNode *node = json_object_dup_member (data, from);

  if (node == NULL)
    return;
  json_object_remove_member (data, from);
  json_object_set_member (data, to, node);
}

/* callstats' ratings under the names of its own API. */
static gboolean
map_feedback (JsonObject *body, JsonObject *data, GError **error)
{
  JsonObject *feedback = callstats_json_get_object (body, "feedback");
  static const char *const ratings[][2] = {
    { "overallRating", "overall" },
    { "audioQualityRating", "audio" },
    { "videoQualityRating", "video" },
    { "screenQualityRating", "screen" },
  };
  const char *comment = callstats_json_get_string (feedback, "comments", NULL);

  json_object_remove_member (data, "feedback");
  json_object_set_string_member (
      data, "userID", callstats_json_get_string (body, "localID", ""));
  for (gsize i = 0; i < G_N_ELEMENTS (ratings); i++) {
    gint64 rating = callstats_json_get_int (feedback, ratings[i][0], 0);

    if (rating >= 1 && rating <= 5)
      json_object_set_int_member (data, ratings[i][1], rating);
  }
  if (comment != NULL)
    json_object_set_string_member (data, "comment", comment);
  if (json_object_has_member (data, "overall"))
    return TRUE;
  g_set_error_literal (error, REST_ERROR, REST_ERROR_BODY,
      "\"feedback\" needs \"overallRating\", a whole number from 1 to 5");
  return FALSE;
}

/* Whatever the client did: it holds the keys of the call. */
static gboolean
map_descriptions (JsonObject *body, JsonObject *data, GError **error)
{
  static const char *const sides[] = { "localSDP", "remoteSDP" };

  for (gsize i = 0; i < G_N_ELEMENTS (sides); i++) {
    const char *sdp = callstats_json_get_string (body, sides[i], NULL);
    g_autofree char *redacted = sdp != NULL ? callstats_sdp_redact (sdp, FALSE) : NULL;

    if (redacted != NULL)
      json_object_set_string_member (data, sides[i], redacted);
    else
      json_object_remove_member (data, sides[i]);
  }
  return TRUE;
}

static gboolean
map_devices (JsonObject *body, JsonObject *data, GError **error)
{
  rename_member (data, "mediaDeviceList", "deviceList");
  return TRUE;
}

/* The last browsers' client says kind where the others say mediaType. */
static gboolean
map_playback (JsonObject *body, JsonObject *data, GError **error)
{
  const char *kind = callstats_json_get_string (body, "kind", NULL);

  if (kind != NULL && !json_object_has_member (data, "mediaType"))
    json_object_set_string_member (data, "mediaType", kind);
  return TRUE;
}

/* The clients before the REST API said setupDelay. */
static gboolean
map_setup (JsonObject *body, JsonObject *data, GError **error)
{
  rename_member (data, "setupDelay", "delay");
  return TRUE;
}

static const RestEndpoint endpoints[] = {
  { .path = "", .name = "userJoined", .scope = REST_SCOPE_USER },
  { .path = "/events/user/alive", .name = "userAlive", .scope = REST_SCOPE_USER },
  { .path = "/events/user/left", .name = "userLeft", .scope = REST_SCOPE_USER },
  { .path = "/events/userdetails", .name = "userDetails", .scope = REST_SCOPE_USER },
  { .path = "/events/fabric",
      .scope = REST_SCOPE_FABRIC,
      .required = "eventType:s",
      .map = map_setup },
  { .path = "/events/fabric/setup",
      .name = "fabricSetup",
      .scope = REST_SCOPE_FABRIC,
      .map = map_setup },
  { .path = "/events/fabric/setupfailed",
      .name = "fabricSetupFailed",
      .scope = REST_SCOPE_ANY,
      .required = "reason:s" },
  { .path = "/events/fabric/terminated",
      .name = "fabricTerminated",
      .scope = REST_SCOPE_FABRIC },
  { .path = "/events/fabric/statechange",
      .name = "fabricStateChange",
      .scope = REST_SCOPE_FABRIC,
      .required = "changedState:s newState:s" },
  { .path = "/events/fabric/transportchange",
      .name = "fabricTransportSwitch",
      .scope = REST_SCOPE_FABRIC },
  { .path = "/events/fabric/status",
      .name = "fabricDropped",
      .scope = REST_SCOPE_FABRIC },
  { .path = "/events/fabric/actions",
      .scope = REST_SCOPE_FABRIC,
      .required = "eventType:s" },
  { .path = "/events/fabric/disruptions",
      .scope = REST_SCOPE_FABRIC,
      .required = "eventType:s" },
  { .path = "/events/fabric/details", .name = "callDetails", .scope = REST_SCOPE_ANY },
  { .path = "/events/ice/status", .scope = REST_SCOPE_FABRIC, .required = "eventType:s" },
  { .path = "/events/media/actions", .scope = REST_SCOPE_ANY, .required = "eventType:s" },
  { .path = "/events/media/pipeline",
      .scope = REST_SCOPE_ANY,
      .required = "eventType:s",
      .map = map_playback },
  { .path = "/events/ssrcmap",
      .name = "ssrcMap",
      .scope = REST_SCOPE_FABRIC,
      .required = "ssrcData:a" },
  { .path = "/events/sdp",
      .name = "sdpSubmissionEvent",
      .scope = REST_SCOPE_FABRIC,
      .map = map_descriptions },
  { .path = "/events/devices/list",
      .scope = REST_SCOPE_ANY,
      .required = "eventType:s mediaDeviceList:a",
      .map = map_devices },
  { .path = "/events/dominantspeaker",
      .name = "dominantSpeaker",
      .scope = REST_SCOPE_ANY },
  { .path = "/events/app/logs",
      .name = "applicationErrorLog",
      .scope = REST_SCOPE_ANY,
      .required = "message:s" },
  { .path = "/events/feedback",
      .name = "userFeedback",
      .scope = REST_SCOPE_USER,
      .required = "feedback:o",
      .map = map_feedback },
  { .path = "/events/customevent",
      .name = "customEvent",
      .scope = REST_SCOPE_ANY,
      .required = "eventList:a",
      .list = "eventList",
      .item = "event" },
  { .path = "/events/conferencesummary",
      .name = "conferenceSummary",
      .scope = REST_SCOPE_USER },
  { .path = "/stats",
      .name = "stats",
      .scope = REST_SCOPE_FABRIC,
      .required = "stats:a",
      .is_stats = TRUE },
  { .path = "/customstats",
      .name = "customStats",
      .scope = REST_SCOPE_ANY,
      .list = "stats",
      .item = "stats" },
  { .path = "/stats/system", .name = "systemStatus", .scope = REST_SCOPE_USER },
  { .path = "/system/status", .name = "systemStatus", .scope = REST_SCOPE_USER },
  { .path = "/events/precall", .name = "preCallTestResults", .scope = REST_SCOPE_APP },
  { .path = "/events/precallnotification",
      .name = "preCallTestAssociate",
      .scope = REST_SCOPE_APP },
  { .path = "/stats/bridge/status", .name = "bridgeStatus", .scope = REST_SCOPE_APP },
  { .path = "/stats/bridge/alive",
      .name = "bridgeAlive",
      .scope = REST_SCOPE_APP,
      .is_alive = TRUE },
  { .path = "/stats/system", .name = "systemStatus", .scope = REST_SCOPE_APP },
  { .path = "/configurations",
      .name = "senderConfiguration",
      .scope = REST_SCOPE_APP,
      .is_settings = TRUE },
};

static const RestEndpoint other_in_conference = { .scope = REST_SCOPE_ANY };
static const RestEndpoint other_of_app = { .scope = REST_SCOPE_APP };

const RestEndpoint *
rest_endpoint_find (gboolean in_conference, const char *path)
{
  for (gsize i = 0; i < G_N_ELEMENTS (endpoints); i++)
    if ((endpoints[i].scope != REST_SCOPE_APP) == in_conference &&
        strcmp (endpoints[i].path, path) == 0)
      return &endpoints[i];
  return in_conference ? &other_in_conference : &other_of_app;
}
