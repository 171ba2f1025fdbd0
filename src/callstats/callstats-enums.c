/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The strings of the enumerations: the nicks of their types. Any thread.
 */
#include "callstats-enum-types.h"
#include "callstats-enums.h"
#include "callstats-error.h"
#include "callstats-limits-private.h"

/**
 * callstats_enum_to_string:
 * @type: the type of one of this library's enumerations
 * @value: one of its values
 *
 * Returns: (nullable): callstats' own string for @value; %NULL for a value out of range
 */
const char *
callstats_enum_to_string (GType type, int value)
{
  g_autoptr (GEnumClass) klass = g_type_class_ref (type);
  GEnumValue *found = g_enum_get_value (klass, value);

  /* Nicks are static strings: they outlive the class. */
  return found != NULL ? found->value_nick : NULL;
}

/* "a, b, c" */
static char *
list_strings (GEnumClass *klass)
{
  GString *list = g_string_new (NULL);
  guint i;

  for (i = 0; i < klass->n_values; i++)
    g_string_append_printf (list, "%s%s", i > 0 ? ", " : "", klass->values[i].value_nick);
  return g_string_free (list, FALSE);
}

/**
 * callstats_enum_from_string:
 * @type: the type of one of this library's enumerations
 * @string: (nullable): callstats' own string, case and all
 * @value: (out): the value
 * @error: return location for an error
 *
 * Returns: %TRUE if @string is one of the enumeration; %FALSE with a
 *   `CALLSTATS_ERROR_INVALID_ARGUMENT` that lists those that are
 */
gboolean
callstats_enum_from_string (GType type, const char *string, int *value, GError **error)
{
  g_autoptr (GEnumClass) klass = g_type_class_ref (type);
  GEnumValue *found = string != NULL ? g_enum_get_value_by_nick (klass, string) : NULL;
  g_autofree char *strings = NULL;
  g_autofree char *quoted = NULL;

  if (found != NULL) {
    *value = found->value;
    return TRUE;
  }
  strings = list_strings (klass);
  quoted = callstats_quote (string);
  g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT,
      "“%s” is none of %s: use one of %s", quoted, g_type_name (type), strings);
  return FALSE;
}

/**
 * callstats_webrtc_function_get_reason:
 * @function: what failed
 *
 * Gives callstats' reason for the failure of a function, by the table of its last browser
 * release.
 *
 * Returns: the reason
 */
CallstatsFailureReason
callstats_webrtc_function_get_reason (CallstatsWebrtcFunction function)
{
  static const CallstatsFailureReason reasons[] = {
    [CALLSTATS_WEBRTC_FUNCTION_GET_USER_MEDIA] =
        CALLSTATS_FAILURE_REASON_MEDIA_CONFIG_ERROR,
    [CALLSTATS_WEBRTC_FUNCTION_CREATE_OFFER] =
        CALLSTATS_FAILURE_REASON_NEGOTIATION_FAILURE,
    [CALLSTATS_WEBRTC_FUNCTION_CREATE_ANSWER] =
        CALLSTATS_FAILURE_REASON_NEGOTIATION_FAILURE,
    [CALLSTATS_WEBRTC_FUNCTION_SET_LOCAL_DESCRIPTION] =
        CALLSTATS_FAILURE_REASON_SDP_GENERATION_ERROR,
    [CALLSTATS_WEBRTC_FUNCTION_SET_REMOTE_DESCRIPTION] =
        CALLSTATS_FAILURE_REASON_NEGOTIATION_FAILURE,
    [CALLSTATS_WEBRTC_FUNCTION_ADD_ICE_CANDIDATE] =
        CALLSTATS_FAILURE_REASON_SDP_GENERATION_ERROR,
    [CALLSTATS_WEBRTC_FUNCTION_ICE_CONNECTION_FAILURE] =
        CALLSTATS_FAILURE_REASON_ICE_CONNECTION_FAILURE,
    [CALLSTATS_WEBRTC_FUNCTION_SIGNALING_ERROR] =
        CALLSTATS_FAILURE_REASON_SIGNALING_ERROR,
    [CALLSTATS_WEBRTC_FUNCTION_APPLICATION_LOG] =
        CALLSTATS_FAILURE_REASON_APPLICATION_LOG,
    [CALLSTATS_WEBRTC_FUNCTION_APPLICATION_ERROR] =
        CALLSTATS_FAILURE_REASON_APPLICATION_LOG,
  };

  g_return_val_if_fail ((guint)function < G_N_ELEMENTS (reasons),
      CALLSTATS_FAILURE_REASON_APPLICATION_ERROR);

  return reasons[function];
}
