/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The signals of a client: what its reporter tells on the monitor thread is emitted on
 * the main context that was thread-default when the client was made.
 */
#include <string.h>

#include "callstats-client-private.h"
#include "callstats-record-private.h"

enum {
  FABRIC_EVENT,
  REPORT,
  STATS,
  WARNING,
  INITIALIZED,
  NEED_TOKEN,
  DEFAULT_CONFIG,
  RECOMMENDED_CONFIG,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

/* What the observer holds. */
typedef struct {
  GWeakRef client;
  GMainContext *context;
} Emitter;

/* One signal on its way to the application's main context. */
typedef struct {
  CallstatsClient *client;
  GMainContext *context;
  guint signal;
  char *fabric;
  char *name;
  gint64 time;
  GVariant *data;
  CallstatsReport *report;
  GError *error;
  gboolean flag;
} Emission;

static void
emission_free (gpointer data)
{
  Emission *emission = data;

  g_free (emission->fabric);
  g_free (emission->name);
  g_clear_pointer (&emission->data, g_variant_unref);
  callstats_report_unref (emission->report);
  g_clear_error (&emission->error);
  g_object_unref (emission->client);
  g_main_context_unref (emission->context);
  g_free (emission);
}

static gboolean
emission_run (gpointer data)
{
  Emission *emission = data;
  guint id = signals[emission->signal];

  switch (emission->signal) {
  case FABRIC_EVENT:
    g_signal_emit (emission->client, id, 0, emission->fabric, emission->name,
        emission->time, emission->data);
    break;
  case REPORT:
    g_signal_emit (emission->client, id, 0, emission->fabric, emission->report);
    break;
  case STATS:
    g_signal_emit (emission->client, id, 0, emission->fabric, emission->data);
    break;
  case WARNING:
    g_signal_emit (emission->client, id, 0, emission->error);
    break;
  case NEED_TOKEN:
    g_signal_emit (emission->client, id, 0, emission->flag);
    break;
  case DEFAULT_CONFIG:
  case RECOMMENDED_CONFIG:
    g_signal_emit (emission->client, id, 0, emission->name);
    break;
  default:
    g_signal_emit (emission->client, id, 0, emission->name, emission->fabric);
    break;
  }
  return G_SOURCE_REMOVE;
}

/* NULL: the client is gone, or nobody listens. Without a listener nothing is queued, for
 * a main context that nobody runs would queue without end. */
static Emission *
emission_new (Emitter *emitter, guint signal)
{
  g_autoptr (CallstatsClient) client = g_weak_ref_get (&emitter->client);
  Emission *emission;

  if (client == NULL || !g_signal_has_handler_pending (client, signals[signal], 0, FALSE))
    return NULL;
  emission = g_new0 (Emission, 1);
  emission->client = g_steal_pointer (&client);
  emission->signal = signal;
  emission->context = g_main_context_ref (emitter->context);
  return emission;
}

static void
emission_post (Emission *emission)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, emission_run, emission, emission_free);
  g_source_attach (source, emission->context);
}

static void
on_fabric_event (const char *fabric, const char *name, gint64 time_us, GVariant *data,
    gpointer user_data)
{
  Emission *emission = emission_new (user_data, FABRIC_EVENT);

  if (emission == NULL)
    return;
  emission->fabric = g_strdup (fabric);
  emission->name = g_strdup (name);
  emission->time = time_us;
  emission->data = g_variant_ref (data);
  emission_post (emission);
}

static void
on_report (const char *fabric, CallstatsReport *report, gpointer user_data)
{
  Emission *emission = emission_new (user_data, REPORT);

  if (emission == NULL)
    return;
  emission->fabric = g_strdup (fabric);
  emission->report = callstats_report_ref (report);
  emission_post (emission);
}

static gboolean
wants_stats (gpointer user_data)
{
  Emitter *emitter = user_data;
  g_autoptr (CallstatsClient) client = g_weak_ref_get (&emitter->client);

  return client != NULL &&
         g_signal_has_handler_pending (client, signals[STATS], 0, FALSE);
}

static void
on_stats (const char *fabric, GVariant *stats, gpointer user_data)
{
  Emission *emission = emission_new (user_data, STATS);

  if (emission == NULL)
    return;
  emission->fabric = g_strdup (fabric);
  emission->data = g_variant_ref (stats);
  emission_post (emission);
}

static void
on_trouble (const GError *error, gpointer user_data)
{
  Emission *emission = emission_new (user_data, WARNING);

  if (emission == NULL)
    return;
  emission->error = g_error_copy (error);
  emission_post (emission);
}

static void
on_initialized (const char *cs_error, const char *message, gpointer user_data)
{
  Emission *emission = emission_new (user_data, INITIALIZED);

  if (emission == NULL)
    return;
  emission->name = g_strdup (cs_error);
  emission->fabric = g_strdup (message);
  emission_post (emission);
}

static void
on_need_token (gboolean force, gpointer user_data)
{
  Emission *emission = emission_new (user_data, NEED_TOKEN);

  if (emission == NULL)
    return;
  emission->flag = force;
  emission_post (emission);
}

static void
on_configured (const char *name, const char *json, gpointer user_data)
{
  gboolean is_default = strcmp (name, "default") == 0;
  Emission *emission =
      emission_new (user_data, is_default ? DEFAULT_CONFIG : RECOMMENDED_CONFIG);

  if (emission == NULL)
    return;
  emission->name = g_strdup (json);
  emission_post (emission);
}

static const CallstatsClientObserver signal_emitter = {
  .fabric_event = on_fabric_event,
  .report = on_report,
  .wants_stats = wants_stats,
  .stats = on_stats,
  .trouble = on_trouble,
  .initialized = on_initialized,
  .need_token = on_need_token,
  .configured = on_configured,
};

static void
emitter_free (gpointer data)
{
  Emitter *emitter = data;

  g_weak_ref_clear (&emitter->client);
  g_main_context_unref (emitter->context);
  g_free (emitter);
}

void
callstats_client_start_signals (CallstatsClient *self, GMainContext *context)
{
  Emitter *emitter = g_new0 (Emitter, 1);

  g_weak_ref_init (&emitter->client, self);
  emitter->context = g_main_context_ref (context);
  callstats_client_add_observer (self, &signal_emitter, emitter, emitter_free);
}

void
callstats_client_install_signals (void)
{
  /**
   * CallstatsClient::fabric-event:
   * @self: the client
   * @fabric: (nullable): the fabric's id; %NULL: about the user's part in the conference
   * @name: callstats' name of the event
   * @time: when it happened, in microseconds since the epoch
   * @data: the event's data, an `a{sv}`
   *
   * Something happened to a fabric.
   */
  signals[FABRIC_EVENT] = g_signal_new ("fabric-event", CALLSTATS_TYPE_CLIENT,
      G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 4, G_TYPE_STRING,
      G_TYPE_STRING, G_TYPE_INT64, G_TYPE_VARIANT);
  /**
   * CallstatsClient::report:
   * @self: the client
   * @fabric: the fabric's id
   * @report: the sample
   *
   * A fabric's statistics were sampled.
   */
  signals[REPORT] = g_signal_new ("report", CALLSTATS_TYPE_CLIENT, G_SIGNAL_RUN_LAST, 0,
      NULL, NULL, NULL, G_TYPE_NONE, 2, G_TYPE_STRING, CALLSTATS_TYPE_REPORT);
  /**
   * CallstatsClient::stats:
   * @self: the client
   * @fabric: the fabric's id
   * @stats: an `a{sv}`: `connectionState`, `online` or `offline` (the backend),
   *   `fabricState`, a [enum@Callstats.FabricState], `conferenceURL`, where the backend
   *   describes the conference, `mediaStreamTracks`, an array with an `a{sv}` for each
   *   stream, and `streams`, the same by SSRC
   *
   * How good the streams of a fabric are, callstats' csStatsCallback, with every report.
   *
   * A stream has `ssrc`, `statsType` (`inbound-rtp` or `outbound-rtp`), `mediaType`,
   * `userID` (whose stream it is), `remoteUserID`, `usageLabel`, `associatedVideoTag`,
   * `audioLevel`, and as doubles `bitrate` (kbit/s), `packetRate` (packets/s),
   * `fractionLoss` (0 to 1), `packetLossPercentage`, `jitter`, `rtt` and `averageRTT`
   * (milliseconds). Rates and the loss of a stream that is received are of the interval
   * since the report before; what is sent has loss, jitter and round trip from the other
   * end's last report. What is not known is absent.
   */
  signals[STATS] = g_signal_new ("stats", CALLSTATS_TYPE_CLIENT, G_SIGNAL_RUN_LAST, 0,
      NULL, NULL, NULL, G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_VARIANT);
  /**
   * CallstatsClient::warning:
   * @self: the client
   * @error: what happened, and the way out
   *
   * Something the user should know; the call goes on.
   */
  signals[WARNING] = g_signal_new ("warning", CALLSTATS_TYPE_CLIENT, G_SIGNAL_RUN_LAST, 0,
      NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_ERROR);
  /**
   * CallstatsClient::initialized:
   * @self: the client
   * @cs_error: callstats' csError: `success`, `authError` or `httpError`
   * @message: a text for people
   *
   * The backend's answer to the credentials, callstats' csInitCallback.
   */
  signals[INITIALIZED] =
      g_signal_new ("initialized", CALLSTATS_TYPE_CLIENT, G_SIGNAL_RUN_LAST, 0, NULL,
          NULL, NULL, G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_STRING);
  /**
   * CallstatsClient::need-token:
   * @self: the client
   * @force: whether the last one was refused, so that the same again is of no use
   *
   * A token is wanted that only the application can make, for the client has no secret:
   * callstats' token generator. Answer at any time, from any thread, by setting
   * [property@Callstats.Client:token].
   */
  signals[NEED_TOKEN] = g_signal_new ("need-token", CALLSTATS_TYPE_CLIENT,
      G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_BOOLEAN);
  /**
   * CallstatsClient::default-config:
   * @self: the client
   * @json: a JSON object, `{peerConnection, media}`
   *
   * The backend's default configuration for peer connections and media, callstats'
   * defaultConfig.
   */
  signals[DEFAULT_CONFIG] = g_signal_new ("default-config", CALLSTATS_TYPE_CLIENT,
      G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
  /**
   * CallstatsClient::recommended-config:
   * @self: the client
   * @json: a JSON object, `{peerConnection, media}`
   *
   * The configuration that the backend recommends to this client, callstats'
   * recommendedConfig.
   */
  signals[RECOMMENDED_CONFIG] = g_signal_new ("recommended-config", CALLSTATS_TYPE_CLIENT,
      G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
}
