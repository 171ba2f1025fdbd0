/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Tells webhooks of conferences. Each webhook takes turns between looking for its next
 * delivery in the store, waiting until it is due, and sending it. Main thread only.
 */
#include "webhooks.h"

#include <math.h>

#include "callstats/callstats-json-private.h"
#include "log.h"
#include "metrics-text.h"
#include "webhook-request.h"

#define STORE_RETRY (10 * G_TIME_SPAN_SECOND)
#define MAX_DOUBLINGS 30

typedef enum {
  HOOK_IDLE,
  HOOK_LOOKING,
  HOOK_WAITING,
  HOOK_SENDING,
} HookState;

typedef enum {
  OUTCOME_DELIVERED,
  OUTCOME_EXPIRED,
  OUTCOME_CROWDED_OUT,
  OUTCOME_GONE,
  N_OUTCOMES,
} Outcome;

static const char *const outcome_names[N_OUTCOMES] = { "delivered", "expired",
  "crowded-out", "gone" };

typedef struct {
  Webhooks *webhooks;
  const WebhookConfig *config;
  HookState state;
  gboolean look_again; /* something was queued meanwhile */
  guint timer;
  WebhookRequest *request;
  char *sending;   /* the delivery that is under way */
  guint attempts;  /* of it, before this one */
  char *settled;   /* one that was tried, which the store does not know yet */
  gint64 due;      /* of that */
  guint failures;  /* in a row */
  gint64 rest_end; /* monotonic: nothing is sent before */
  gboolean gone;   /* it does not want any more */
  guint waiting;
  guint64 successes;
  guint64 refusals;
  guint64 outcomes[N_OUTCOMES];
} Hook;

struct _Webhooks {
  Store *store;
  GPtrArray *configs;
  GPtrArray *hooks;
  gboolean stopped;
};

static void look (Hook *hook);

static void
hook_free (gpointer data)
{
  Hook *hook = data;

  g_free (hook->sending);
  g_free (hook->settled);
  g_free (hook);
}

/* ---- Sending ---- */

static gboolean
on_timer (gpointer user_data)
{
  Hook *hook = user_data;

  hook->timer = 0;
  hook->state = HOOK_IDLE;
  look (hook);
  return G_SOURCE_REMOVE;
}

static void
start_waiting (Hook *hook, gint64 duration)
{
  hook->state = HOOK_WAITING;
  hook->timer =
      g_timeout_add ((guint)(duration / G_TIME_SPAN_MILLISECOND) + 1, on_timer, hook);
}

/* Up to the least wait, doubled with each failure; all of it at random, so that many
 * collectors do not come at once. */
static gint64
choose_wait (const WebhookConfig *config, guint failures)
{
  double most = ldexp ((double)config->retry_min, (int)MIN (failures, MAX_DOUBLINGS));

  return (gint64)(g_random_double () * MIN (most, (double)config->retry_max));
}

static gint64
plan_retry (Hook *hook, gint64 retry_after)
{
  gint64 asked = MIN (retry_after, hook->config->retry_max);
  gint64 pause = MAX (choose_wait (hook->config, hook->failures), asked);

  hook->failures++;
  hook->rest_end = g_get_monotonic_time () + pause;
  return MAX (choose_wait (hook->config, hook->attempts), pause);
}

static void
log_attempt (const Hook *hook, const char *reason, gint64 retry)
{
  g_autofree char *attempt = g_strdup_printf ("%u", hook->attempts + 1);
  g_autofree char *seconds =
      retry > 0 ? g_strdup_printf ("%.1f", (double)retry / G_USEC_PER_SEC) : NULL;

  log_warning ("webhook-failed", "webhook", hook->config->name, "delivery", hook->sending,
      "attempt", attempt, "reason", reason, "retry-in", seconds, NULL);
}

static void
on_done (
    WebhookOutcome outcome, const char *reason, gint64 retry_after, gpointer user_data)
{
  Hook *hook = user_data;

  hook->request = NULL;
  hook->state = HOOK_IDLE;
  hook->due = STORE_UNKNOWN_TIME;
  if (outcome == WEBHOOK_DELIVERED) {
    hook->failures = 0;
    hook->successes++;
    hook->outcomes[OUTCOME_DELIVERED]++;
    log_info ("webhook-delivered", "webhook", hook->config->name, "delivery",
        hook->sending, NULL);
  } else {
    gint64 retry = outcome == WEBHOOK_GONE ? 0 : plan_retry (hook, retry_after);

    hook->refusals++;
    log_attempt (hook, reason, retry);
    if (outcome == WEBHOOK_GONE) {
      hook->gone = TRUE;
      hook->outcomes[OUTCOME_GONE]++;
    } else {
      hook->due = g_get_real_time () + retry;
    }
  }
  hook->settled = g_steal_pointer (&hook->sending);
  look (hook);
}

static void
start_sending (Hook *hook, const StoreDelivery *delivery)
{
  hook->state = HOOK_SENDING;
  hook->sending = g_strdup (delivery->id);
  hook->attempts = delivery->attempts;
  hook->request = webhook_request_start (
      hook->config, delivery, g_get_real_time () / G_USEC_PER_SEC, on_done, hook);
}

/* A clock that was set back must not stop everything. */
static void
send_or_wait (Hook *hook, const StoreDelivery *next)
{
  gint64 due = MIN (next->due - g_get_real_time (), hook->config->retry_max);
  gint64 rest = hook->rest_end - g_get_monotonic_time ();

  if (MAX (due, rest) > 0)
    start_waiting (hook, MAX (due, rest));
  else
    start_sending (hook, next);
}

static void
on_found (const StoreDelivery *next, guint waiting, guint given_up, const GError *error,
    gpointer user_data)
{
  Hook *hook = user_data;
  gboolean again = hook->look_again;

  hook->state = HOOK_IDLE;
  hook->look_again = FALSE;
  if (hook->webhooks->stopped)
    return;
  if (error != NULL) {
    log_warning ("webhook-queue-failed", "webhook", hook->config->name, "reason",
        error->message, NULL);
    start_waiting (hook, STORE_RETRY);
    return;
  }
  g_clear_pointer (&hook->settled, g_free);
  hook->waiting = waiting;
  hook->outcomes[hook->gone ? OUTCOME_GONE : OUTCOME_EXPIRED] += given_up;
  if (given_up > 0)
    log_warning ("webhook-gave-up", "webhook", hook->config->name, "why",
        hook->gone ? "gone" : "too old", NULL);
  if (again)
    look (hook);
  else if (next != NULL)
    send_or_wait (hook, next);
}

static void
look (Hook *hook)
{
  gint64 oldest = hook->gone ? G_MAXINT64 : g_get_real_time () - hook->config->max_age;

  if (hook->webhooks->stopped || hook->state == HOOK_SENDING)
    return;
  if (hook->state == HOOK_LOOKING) {
    hook->look_again = TRUE;
    return;
  }
  g_clear_handle_id (&hook->timer, g_source_remove);
  hook->state = HOOK_LOOKING;
  store_find_delivery (hook->webhooks->store, hook->config->name, hook->settled,
      hook->due, oldest, on_found, hook);
}

/* ---- Queueing ---- */

static void
on_added (guint added, guint given_up, const GError *error, gpointer user_data)
{
  Hook *hook = user_data;

  if (error != NULL)
    log_warning ("webhook-queue-failed", "webhook", hook->config->name, "reason",
        error->message, NULL);
  hook->waiting += added;
  hook->waiting -= MIN (hook->waiting, given_up);
  hook->outcomes[OUTCOME_CROWDED_OUT] += given_up;
  if (given_up > 0)
    log_warning ("webhook-gave-up", "webhook", hook->config->name, "why",
        "more wait than max-waiting", NULL);
  if (added > 0)
    look (hook);
}

/* Before the summary, so that it only follows one of an earlier end. */
static const WebhookEvent order[WEBHOOK_N_EVENTS] = {
  WEBHOOK_EVENT_SUMMARY_UPDATED,
  WEBHOOK_EVENT_SUMMARY,
  WEBHOOK_EVENT_FAILED,
  WEBHOOK_EVENT_PARTIALLY_FAILED,
  WEBHOOK_EVENT_DROPPED,
  WEBHOOK_EVENT_SETUP_DELAY,
  WEBHOOK_EVENT_ROUND_TRIP,
  WEBHOOK_EVENT_SCORE,
  WEBHOOK_EVENT_CHURN,
};

static void
add_delivery (GPtrArray *deliveries, const WebhookConfig *config, WebhookEvent event,
    const char *app, gboolean ended_now, JsonObject *summary)
{
  g_autofree char *id = webhook_delivery_id (config->name, app, event, summary);
  char *body = webhook_body_new (event, id, app, summary, config->thresholds[event],
      g_get_real_time () / G_TIME_SPAN_MILLISECOND);
  StoreDelivery *delivery;

  if (body == NULL)
    return;
  delivery = g_new0 (StoreDelivery, 1);
  delivery->id = g_steal_pointer (&id);
  delivery->webhook = g_strdup (config->name);
  delivery->event = g_strdup (webhook_event_get_name (event));
  delivery->body = body;
  /* A call may go on soon after all had left, and then ends again. */
  if (event == WEBHOOK_EVENT_SUMMARY_UPDATED && ended_now)
    delivery->after =
        webhook_delivery_id (config->name, app, WEBHOOK_EVENT_SUMMARY, summary);
  g_ptr_array_add (deliveries, delivery);
}

static void
tell_hook (Hook *hook, const char *app, gboolean ended_now, JsonObject *summary)
{
  g_autoptr (GPtrArray) deliveries =
      g_ptr_array_new_with_free_func ((GDestroyNotify)store_delivery_free);

  for (guint i = 0; i < WEBHOOK_N_EVENTS; i++)
    if (hook->config->events[order[i]] &&
        (ended_now || order[i] != WEBHOOK_EVENT_SUMMARY))
      add_delivery (deliveries, hook->config, order[i], app, ended_now, summary);
  if (deliveries->len == 0)
    return;
  if (hook->gone)
    hook->outcomes[OUTCOME_GONE] += deliveries->len;
  else
    store_add_deliveries (hook->webhooks->store, deliveries, g_get_real_time (),
        hook->config->max_waiting, on_added, hook);
}

/* Of a conference that goes on nothing is told. */
void
webhooks_tell (const char *app, const char *conference, gboolean ended_now,
    JsonObject *summary, gpointer user_data)
{
  Webhooks *webhooks = user_data;

  if (webhooks->stopped || isnan (callstats_json_get_double (summary, "endTime", NAN)))
    return;
  for (guint i = 0; i < webhooks->hooks->len; i++) {
    Hook *hook = webhooks->hooks->pdata[i];

    if (webhook_config_wants_app (hook->config, app))
      tell_hook (hook, app, ended_now, summary);
  }
}

/* ---- Life ---- */

static void
on_others_given_up (guint given_up, const GError *error, gpointer user_data)
{
  g_autofree char *deliveries = g_strdup_printf ("%u", given_up);

  if (error != NULL)
    log_warning ("webhook-queue-failed", "reason", error->message, NULL);
  else if (given_up > 0)
    log_warning (
        "webhook-gave-up", "why", "no longer configured", "deliveries", deliveries, NULL);
}

static void
give_up_others (Webhooks *webhooks)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) names = NULL;

  for (guint i = 0; i < webhooks->configs->len; i++)
    g_strv_builder_add (
        builder, ((const WebhookConfig *)webhooks->configs->pdata[i])->name);
  names = g_strv_builder_end (builder);
  store_keep_webhooks (
      webhooks->store, (const char *const *)names, on_others_given_up, NULL);
}

Webhooks *
webhooks_new (Store *store, GPtrArray *configs)
{
  Webhooks *webhooks = g_new0 (Webhooks, 1);

  webhooks->store = store;
  webhooks->configs = g_ptr_array_ref (configs);
  webhooks->hooks = g_ptr_array_new_with_free_func (hook_free);
  for (guint i = 0; i < configs->len; i++) {
    Hook *hook = g_new0 (Hook, 1);

    hook->webhooks = webhooks;
    hook->config = configs->pdata[i];
    g_ptr_array_add (webhooks->hooks, hook);
    look (hook);
  }
  give_up_others (webhooks);
  return webhooks;
}

void
webhooks_stop (Webhooks *webhooks)
{
  if (webhooks == NULL)
    return;
  webhooks->stopped = TRUE;
  for (guint i = 0; i < webhooks->hooks->len; i++) {
    Hook *hook = webhooks->hooks->pdata[i];

    g_clear_handle_id (&hook->timer, g_source_remove);
    g_clear_pointer (&hook->request, webhook_request_cancel);
  }
}

void
webhooks_free (Webhooks *webhooks)
{
  if (webhooks == NULL)
    return;
  g_ptr_array_unref (webhooks->hooks);
  g_ptr_array_unref (webhooks->configs);
  g_free (webhooks);
}

/* ---- Metrics ---- */

static void
append_attempts (GString *text, const char *name, const Hook *hook)
{
  metrics_text_count (text, name, hook->successes, "webhook", hook->config->name,
      "result", "success", NULL);
  metrics_text_count (text, name, hook->refusals, "webhook", hook->config->name, "result",
      "failure", NULL);
}

static void
append_outcomes (GString *text, const char *name, const Hook *hook)
{
  for (guint i = 0; i < N_OUTCOMES; i++)
    metrics_text_count (text, name, hook->outcomes[i], "webhook", hook->config->name,
        "outcome", outcome_names[i], NULL);
}

static void
append_waiting (GString *text, const char *name, const Hook *hook)
{
  metrics_text_count (text, name, hook->waiting, "webhook", hook->config->name, NULL);
}

static const struct {
  const char *name;
  const char *type;
  const char *help;
  void (*append) (GString *text, const char *name, const Hook *hook);
} families[] = {
  { "callstats_webhook_attempts_total", "counter", "Tries to deliver, by result.",
      append_attempts },
  { "callstats_webhook_deliveries_total", "counter",
      "Deliveries that are over, by outcome; all but delivered were given up.",
      append_outcomes },
  { "callstats_webhook_waiting", "gauge", "Deliveries that wait.", append_waiting },
};

void
webhooks_append_metrics (GString *text, gpointer user_data)
{
  Webhooks *webhooks = user_data;

  for (gsize i = 0; i < G_N_ELEMENTS (families); i++) {
    metrics_text_family (text, families[i].name, families[i].type, families[i].help);
    for (guint j = 0; j < webhooks->hooks->len; j++)
      families[i].append (text, families[i].name, webhooks->hooks->pdata[j]);
  }
}
