/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Health and readiness. Requests that come while the store is being tried wait for that,
 * and what it gave is told for a second, so that asking costs at most a write a second.
 * Main thread only.
 */
#include "health.h"

#include "log.h"
#include "reply.h"

#define PROBE_SECONDS 5 /* a store that takes longer is not ready */
#define FRESH_US G_USEC_PER_SEC
#define RETRY_AFTER "2"

struct _Health {
  grefcount ref_count; /* the probe that is under way has one */
  Store *store;        /* NULL: gone */
  GPtrArray *waiting;  /* SoupServerMessage */
  gboolean probing, stopping;
  guint timeout;
  gint64 known_at; /* monotonic; 0: never */
  gboolean ready;  /* then */
};

static void
health_unref (Health *health)
{
  if (!g_ref_count_dec (&health->ref_count))
    return;
  g_ptr_array_unref (health->waiting);
  g_free (health);
}

Health *
health_new (Store *store)
{
  Health *health = g_new0 (Health, 1);

  g_ref_count_init (&health->ref_count);
  health->store = store;
  health->waiting = g_ptr_array_new_with_free_func (g_object_unref);
  return health;
}

static void
refuse (SoupServerMessage *message, const char *code, const char *text)
{
  soup_message_headers_replace (
      soup_server_message_get_response_headers (message), "Retry-After", RETRY_AFTER);
  reply_error (message, SOUP_STATUS_SERVICE_UNAVAILABLE, code, text);
}

static void
answer (const Health *health, SoupServerMessage *message)
{
  if (health->stopping)
    refuse (message, "stopping", "The collector is stopping");
  else if (health->ready)
    reply_json (message, SOUP_STATUS_OK, g_strdup ("{\"status\":\"ready\"}\n"));
  else
    refuse (message, "store-failed",
        "The store does not take what is written to it; the collector's log says why");
}

static void
answer_waiting (Health *health)
{
  g_autoptr (GPtrArray) waiting = g_steal_pointer (&health->waiting);

  health->waiting = g_ptr_array_new_with_free_func (g_object_unref);
  g_clear_handle_id (&health->timeout, g_source_remove);
  for (guint i = 0; i < waiting->len; i++) {
    g_signal_handlers_disconnect_by_data (waiting->pdata[i], health);
    answer (health, waiting->pdata[i]);
    soup_server_message_unpause (waiting->pdata[i]);
  }
}

static void
conclude (Health *health, gboolean ready, const char *reason)
{
  if (!ready && (health->ready || health->known_at == 0))
    log_warning ("not-ready", "reason", reason, NULL);
  else if (ready && !health->ready && health->known_at != 0)
    log_info ("ready-again", NULL);
  health->known_at = g_get_monotonic_time ();
  health->ready = ready;
  answer_waiting (health);
}

static void
on_probed (gpointer user_data, const GError *error)
{
  Health *health = user_data;

  health->probing = FALSE;
  if (health->store != NULL)
    conclude (health, error == NULL, error != NULL ? error->message : NULL);
  health_unref (health);
}

static gboolean
on_probe_timeout (gpointer user_data)
{
  Health *health = user_data;

  health->timeout = 0;
  conclude (health, FALSE, "a write takes longer than 5 s");
  return G_SOURCE_REMOVE;
}

static void
probe (Health *health)
{
  if (health->timeout == 0)
    health->timeout = g_timeout_add_seconds (PROBE_SECONDS, on_probe_timeout, health);
  if (health->probing)
    return;
  health->probing = TRUE;
  g_ref_count_inc (&health->ref_count);
  store_probe (health->store, on_probed, health);
}

/* Its client has gone. */
static void
on_message_finished (SoupServerMessage *message, Health *health)
{
  g_ptr_array_remove (health->waiting, message);
}

static void
serve_readiness (
    SoupServerMessage *message, char **ids, GHashTable *params, gpointer user_data)
{
  Health *health = user_data;
  gboolean fresh =
      health->known_at != 0 && g_get_monotonic_time () - health->known_at < FRESH_US;

  if (health->stopping || fresh) {
    answer (health, message);
    return;
  }
  soup_server_message_pause (message);
  g_ptr_array_add (health->waiting, g_object_ref (message));
  g_signal_connect (message, "finished", G_CALLBACK (on_message_finished), health);
  probe (health);
}

static void
serve_health (
    SoupServerMessage *message, char **ids, GHashTable *params, gpointer user_data)
{
  reply_json (message, SOUP_STATUS_OK, g_strdup ("{\"status\":\"ok\"}\n"));
}

void
health_add_routes (Health *health, Router *router)
{
  router_add (router, "GET", "/healthz", ROUTE_OPEN, 0, serve_health, health);
  router_add (router, "GET", "/readyz", ROUTE_OPEN, 0, serve_readiness, health);
}

void
health_stop (Health *health)
{
  health->stopping = TRUE;
  answer_waiting (health);
}

void
health_free (Health *health)
{
  if (health == NULL)
    return;
  health_stop (health);
  health->store = NULL;
  health_unref (health);
}
