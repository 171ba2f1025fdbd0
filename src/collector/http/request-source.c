/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Whence a request came; stays with the message. Main thread only.
 */
#include "request-source.h"

#include <string.h>

#define SOURCE "callstats-source"

typedef struct {
  char *address;
  gboolean encrypted;
} Source;

static void
source_free (gpointer data)
{
  Source *source = data;

  g_free (source->address);
  g_free (source);
}

/* A proxy adds to the end of the list what it knows; what stands before is what it was
 * told. Returns: (transfer full) (nullable) */
static char *
last_value (SoupServerMessage *message, const char *header)
{
  const char *list = soup_message_headers_get_list (
      soup_server_message_get_request_headers (message), header);
  const char *comma = list != NULL ? strrchr (list, ',') : NULL;

  return list != NULL ? g_strstrip (g_strdup (comma != NULL ? comma + 1 : list)) : NULL;
}

static char *
forwarded_address (SoupServerMessage *message)
{
  g_autofree char *value = last_value (message, "X-Forwarded-For");
  g_autoptr (GInetAddress) address =
      value != NULL ? g_inet_address_new_from_string (value) : NULL;

  return address != NULL ? g_inet_address_to_string (address) : NULL;
}

void
request_source_note (
    SoupServerMessage *message, gboolean encrypted, gboolean behind_proxy)
{
  Source *source = g_new0 (Source, 1);
  g_autofree char *scheme =
      behind_proxy ? last_value (message, "X-Forwarded-Proto") : NULL;

  source->address = behind_proxy ? forwarded_address (message) : NULL;
  if (source->address == NULL)
    source->address = g_strdup (soup_server_message_get_remote_host (message));
  source->encrypted =
      scheme != NULL ? g_ascii_strcasecmp (scheme, "https") == 0 : encrypted;
  g_object_set_data_full (G_OBJECT (message), SOURCE, source, source_free);
}

const char *
request_source_get_address (SoupServerMessage *message)
{
  const Source *source = g_object_get_data (G_OBJECT (message), SOURCE);

  return source->address;
}

gboolean
request_source_is_encrypted (SoupServerMessage *message)
{
  const Source *source = g_object_get_data (G_OBJECT (message), SOURCE);

  return source->encrypted;
}
