/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The enumerations: their strings are callstats' own and W3C's, letter by letter.
 */
#include <callstats/callstats.h>

typedef struct {
  const char *what;
  GType (*get_type) (void);
  int first;
  const char *const *strings; /* in the order of the values */
} Enumeration;

#define STRINGS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static const Enumeration enumerations[] = {
  { "fabric-usage", callstats_fabric_usage_get_type, 0,
      STRINGS ("auto", "multiplex", "audio", "video", "screen", "data", "unbundled") },
  { "fabric-state", callstats_fabric_state_get_type, 0,
      STRINGS ("initializing", "established", "disrupted", "checkingDisrupted", "failed",
          "hold", "terminated") },
  { "signaling-state", callstats_signaling_state_get_type, 0,
      STRINGS ("stable", "closed", "have-local-offer", "have-remote-offer",
          "have-local-pranswer", "have-remote-pranswer") },
  { "ice-gathering-state", callstats_ice_gathering_state_get_type, 0,
      STRINGS ("new", "gathering", "complete") },
  { "ice-connection-state", callstats_ice_connection_state_get_type, 0,
      STRINGS ("new", "checking", "connected", "completed", "failed", "disconnected",
          "closed") },
  { "webrtc-function", callstats_webrtc_function_get_type, 0,
      STRINGS ("getUserMedia", "createOffer", "createAnswer", "setLocalDescription",
          "setRemoteDescription", "addIceCandidate", "iceConnectionFailure",
          "signalingError", "applicationLog", "applicationError") },
  { "failure-reason", callstats_failure_reason_get_type, 0,
      STRINGS ("MediaConfigError", "MediaPermissionError", "MediaDeviceError",
          "NegotiationFailure", "SDPGenerationError", "IceConnectionFailure",
          "TransportFailure", "SignalingError", "ApplicationError", "ApplicationLog") },
  { "endpoint-type", callstats_endpoint_type_get_type, 0, STRINGS ("peer", "server") },
  { "transmission-direction", callstats_transmission_direction_get_type, 0,
      STRINGS ("sendonly", "receiveonly", "sendrecv", "inactive") },
  { "user-id-type", callstats_user_id_type_get_type, 0, STRINGS ("local", "remote") },
  { "quality-rating", callstats_quality_rating_get_type, 1,
      STRINGS ("bad", "poor", "fair", "good", "excellent") },
  { "stream-quality", callstats_stream_quality_get_type, 0,
      STRINGS ("unknown", "bad", "fair", "excellent") },
  { "call-type", callstats_call_type_get_type, 0,
      STRINGS ("unknown", "inbound", "outbound", "monitoring") },
  { "role", callstats_role_get_type, 0, STRINGS ("agent", "participant") },
  { "log-level", callstats_log_level_get_type, 0,
      STRINGS ("debug", "info", "warn", "error", "fatal") },
  { "log-type", callstats_log_type_get_type, 0, STRINGS ("text", "json", "domError") },
};

static void
test_every_nick_is_the_documented_string (gconstpointer data)
{
  const Enumeration *enumeration = data;
  GType type = enumeration->get_type ();
  g_autoptr (GEnumClass) klass = g_type_class_ref (type);
  int i;

  for (i = 0; enumeration->strings[i] != NULL; i++) {
    g_autoptr (GError) error = NULL;
    int value = -1;

    g_assert_cmpstr (callstats_enum_to_string (type, enumeration->first + i), ==,
        enumeration->strings[i]);
    g_assert_true (
        callstats_enum_from_string (type, enumeration->strings[i], &value, &error));
    g_assert_no_error (error);
    g_assert_cmpint (value, ==, enumeration->first + i);
  }
  g_assert_cmpint ((int)klass->n_values, ==, i);
}

static void
test_what_is_no_value_has_no_string (gconstpointer data)
{
  const Enumeration *enumeration = data;
  GType type = enumeration->get_type ();
  g_autoptr (GEnumClass) klass = g_type_class_ref (type);
  g_autoptr (GError) error = NULL;
  int value = -1;

  g_assert_null (callstats_enum_to_string (type, klass->maximum + 1));
  g_assert_null (callstats_enum_to_string (type, klass->minimum - 1));
  g_assert_false (callstats_enum_from_string (type, "recvonly", &value, &error));
  g_assert_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT);
}

int
main (int argc, char **argv)
{
  guint i;

  g_test_init (&argc, &argv, NULL);
  for (i = 0; i < G_N_ELEMENTS (enumerations); i++) {
    g_autofree char *path = g_strconcat (
        "/enums/every-nick-is-the-documented-string/", enumerations[i].what, NULL);

    g_autofree char *none = g_strconcat (
        "/enums/what-is-no-value-has-no-string/", enumerations[i].what, NULL);

    g_test_add_data_func (
        path, &enumerations[i], test_every_nick_is_the_documented_string);
    g_test_add_data_func (none, &enumerations[i], test_what_is_no_value_has_no_string);
  }
  return g_test_run ();
}
