/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The notification protocol: one datagram a message, to the socket that NOTIFY_SOCKET
 * names. Main thread only.
 */
#include "service-manager.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* FALSE: there is none. */
static gboolean
find_socket (struct sockaddr_un *address, socklen_t *length)
{
  const char *path = g_getenv ("NOTIFY_SOCKET");

  if (path == NULL || (*path != '/' && *path != '@') ||
      strlen (path) >= sizeof address->sun_path)
    return FALSE;
  *address = (struct sockaddr_un){ .sun_family = AF_UNIX };
  strcpy (address->sun_path, path);
  if (*path == '@')
    address->sun_path[0] = '\0'; /* an abstract one, which has no file */
  *length = (socklen_t)(offsetof (struct sockaddr_un, sun_path) + strlen (path));
  return TRUE;
}

void
service_manager_tell (const char *state)
{
  struct sockaddr_un address;
  socklen_t length;
  int fd;

  if (!find_socket (&address, &length))
    return;
  fd = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return;
  if (sendto (fd, state, strlen (state), MSG_NOSIGNAL, (struct sockaddr *)&address,
          length) < 0)
    g_debug ("the service manager does not listen: %s", g_strerror (errno));
  close (fd);
}

void
service_manager_tell_reloading (void)
{
  g_autofree char *state = g_strdup_printf (
      "RELOADING=1\nMONOTONIC_USEC=%" G_GINT64_FORMAT, g_get_monotonic_time ());

  service_manager_tell (state);
}

static gboolean
show_life (gpointer user_data)
{
  service_manager_tell ("WATCHDOG=1");
  return G_SOURCE_CONTINUE;
}

guint
service_manager_keep_watch (void)
{
  const char *text = g_getenv ("WATCHDOG_USEC");
  const char *whom = g_getenv ("WATCHDOG_PID");
  guint64 interval;

  if (text == NULL ||
      (whom != NULL && g_ascii_strtoull (whom, NULL, 10) != (guint64)getpid ()) ||
      !g_ascii_string_to_unsigned (text, 10, 2000, G_MAXUINT32, &interval, NULL))
    return 0;
  show_life (NULL);
  return g_timeout_add ((guint)(interval / 2000), show_life, NULL);
}
