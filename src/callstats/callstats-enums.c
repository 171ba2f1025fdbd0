/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The strings of the enumerations: the nicks of their types. Any thread.
 */
#include "callstats-enum-types.h"
#include "callstats-enums.h"

static const char *
nick_of (GType type, int value)
{
  g_autoptr (GEnumClass) klass = g_type_class_ref (type);
  GEnumValue *found = g_enum_get_value (klass, value);

  /* Nicks are static strings: they outlive the class. */
  return found != NULL ? found->value_nick : NULL;
}

/**
 * callstats_fabric_usage_to_string:
 * @usage: a usage
 *
 * Returns: (nullable): callstats' string for @usage; %NULL for a value out of range
 */
const char *
callstats_fabric_usage_to_string (CallstatsFabricUsage usage)
{
  return nick_of (CALLSTATS_TYPE_FABRIC_USAGE, usage);
}

/**
 * callstats_fabric_state_to_string:
 * @state: a state
 *
 * Returns: (nullable): callstats' string for @state; %NULL for a value out of range
 */
const char *
callstats_fabric_state_to_string (CallstatsFabricState state)
{
  return nick_of (CALLSTATS_TYPE_FABRIC_STATE, state);
}

/**
 * callstats_signaling_state_to_string:
 * @state: a state
 *
 * Returns: (nullable): the W3C string for @state; %NULL for a value out of range
 */
const char *
callstats_signaling_state_to_string (CallstatsSignalingState state)
{
  return nick_of (CALLSTATS_TYPE_SIGNALING_STATE, state);
}

/**
 * callstats_ice_gathering_state_to_string:
 * @state: a state
 *
 * Returns: (nullable): the W3C string for @state; %NULL for a value out of range
 */
const char *
callstats_ice_gathering_state_to_string (CallstatsIceGatheringState state)
{
  return nick_of (CALLSTATS_TYPE_ICE_GATHERING_STATE, state);
}

/**
 * callstats_ice_connection_state_to_string:
 * @state: a state
 *
 * Returns: (nullable): the W3C string for @state; %NULL for a value out of range
 */
const char *
callstats_ice_connection_state_to_string (CallstatsIceConnectionState state)
{
  return nick_of (CALLSTATS_TYPE_ICE_CONNECTION_STATE, state);
}
