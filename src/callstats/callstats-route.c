/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Where a delivery connects to. Pure, any thread.
 */
#include "callstats-route-private.h"

#include <string.h>

#include "callstats-error.h"

#define SEPARATORS ", \t\r\n"

gboolean
callstats_route_check_allowed (const char *allowed, GError **error)
{
  g_auto (GStrv) list = g_strsplit_set (allowed != NULL ? allowed : "", SEPARATORS, -1);
  char **origin;

  for (origin = list; *origin != NULL; origin++) {
    g_autoptr (CallstatsBackend) backend = NULL;
    g_autoptr (GError) why = NULL;

    if (**origin == '\0')
      continue;
    backend = callstats_backend_new (*origin, TRUE, &why);
    if (backend != NULL && backend->path == NULL)
      continue;
    g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT,
        "allowed-backends: one is no origin (%s): nothing is sent; write them as "
        "wss://HOST[:PORT], with commas in between",
        why != NULL ? why->message : "it is a file");
    return FALSE;
  }
  return TRUE;
}

void
callstats_route_init (CallstatsRoute *self, const CallstatsBackend *home,
    const char *allowed, gboolean allow_plaintext)
{
  *self = (CallstatsRoute){
    .home = callstats_backend_copy (home),
    .allowed = g_strdup (allowed),
    .allow_plaintext = allow_plaintext,
  };
}

void
callstats_route_clear (CallstatsRoute *self)
{
  g_clear_pointer (&self->home, callstats_backend_free);
  g_clear_pointer (&self->away, callstats_backend_free);
  g_clear_pointer (&self->allowed, g_free);
}

const CallstatsBackend *
callstats_route_get (const CallstatsRoute *self)
{
  return self->is_away ? self->away : self->home;
}

/* Home always is. */
static gboolean
is_allowed (const CallstatsRoute *self, const CallstatsBackend *to)
{
  g_auto (GStrv) list =
      g_strsplit_set (self->allowed != NULL ? self->allowed : "", SEPARATORS, -1);
  char **origin;

  if (strcmp (to->origin, self->home->origin) == 0)
    return TRUE;
  for (origin = list; *origin != NULL; origin++) {
    g_autoptr (CallstatsBackend) backend = callstats_backend_new (*origin, TRUE, NULL);

    if (backend != NULL && backend->path == NULL &&
        strcmp (backend->origin, to->origin) == 0)
      return TRUE;
  }
  return FALSE;
}

static gboolean
is_too_often (CallstatsRoute *self, gint64 now)
{
  if (now - self->moved_at > 60 * G_USEC_PER_SEC)
    self->moves = 0;
  return self->moves >= CALLSTATS_ROUTE_MOVES;
}

static const char *
path_of (const CallstatsBackend *backend)
{
  return strchr (strstr (backend->stream, "://") + strlen ("://"), '/');
}

static gboolean
is_same (const CallstatsBackend *one, const CallstatsBackend *other)
{
  return strcmp (one->origin, other->origin) == 0 &&
         strcmp (path_of (one), path_of (other)) == 0;
}

CallstatsBackend *
callstats_route_consider (
    CallstatsRoute *self, const char *to, gint64 now, GError **error)
{
  g_autoptr (CallstatsBackend) backend =
      callstats_backend_new (to, self->allow_plaintext, NULL);
  const char *here = callstats_route_get (self)->origin;

  if (backend == NULL || backend->path != NULL) {
    g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_PROTOCOL,
        "Backend %s asked to move to what is no address of a backend, or to one beyond "
        "this machine in plain text; it is not followed",
        here);
    return NULL;
  }
  if (is_same (backend, callstats_route_get (self)))
    return NULL;
  if (!is_allowed (self, backend)) {
    g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_PROTOCOL,
        "Backend %s asked to move to %s, which is not followed: add it to "
        "allowed-backends if it should be",
        here, backend->origin);
    return NULL;
  }
  if (is_too_often (self, now)) {
    g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_PROTOCOL,
        "Backend %s asked to move to %s, after %u moves in short order: this one is not "
        "followed",
        here, backend->origin, self->moves);
    return NULL;
  }
  return g_steal_pointer (&backend);
}

void
callstats_route_move (CallstatsRoute *self, CallstatsBackend *to, gint64 now)
{
  self->moves++;
  self->moved_at = now;
  self->failures = 0;
  self->is_away = !is_same (to, self->home);
  if (self->is_away) {
    callstats_backend_free (self->away);
    self->away = to;
  } else {
    callstats_backend_free (to);
  }
}

gboolean
callstats_route_note_failure (CallstatsRoute *self)
{
  if (self->away == NULL || ++self->failures < CALLSTATS_ROUTE_TRIES)
    return FALSE;
  self->failures = 0;
  self->is_away = !self->is_away;
  return TRUE;
}

void
callstats_route_note_success (CallstatsRoute *self)
{
  self->failures = 0;
}

gboolean
callstats_route_return (CallstatsRoute *self)
{
  gboolean was_away = self->is_away;

  self->is_away = FALSE;
  self->failures = 0;
  if (was_away)
    g_clear_pointer (&self->away, callstats_backend_free);
  return was_away;
}
