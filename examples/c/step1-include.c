/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Step 1 of callstats' guide, "Include callstats.js": the library, and the object of it.
 */
#include <callstats/callstats.h>

static void
print_enumeration (const char *name, GType type)
{
  g_autoptr (GEnumClass) values = g_type_class_ref (type);
  guint i;

  g_print ("%s:", name);
  for (i = 0; i < values->n_values; i++)
    g_print (" %s", callstats_enum_to_string (type, values->values[i].value));
  g_print ("\n");
}

int
main (void)
{
  g_autoptr (CallstatsClient) client = callstats_client_new (NULL, NULL);

  /* What was callStats.fabricUsage, callStats.fabricEvent, callStats.webRTCFunctions … */
  print_enumeration ("FabricUsage", CALLSTATS_TYPE_FABRIC_USAGE);
  print_enumeration ("FabricEvent", CALLSTATS_TYPE_FABRIC_EVENT);
  print_enumeration ("WebrtcFunction", CALLSTATS_TYPE_WEBRTC_FUNCTION);
  print_enumeration ("EndpointType", CALLSTATS_TYPE_ENDPOINT_TYPE);
  print_enumeration ("UserIdType", CALLSTATS_TYPE_USER_ID_TYPE);
  return client == NULL;
}
