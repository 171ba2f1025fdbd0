/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What is told of a conference, and how: its summary, and notifications of what passed a
 * threshold, by callstats' names.
 *
 *   event                        told when                             threshold
 * (default) conferenceSummary            it ended                              –
 *   conferenceSummaryUpdated     late records changed its summary      –
 *   failedConferences            no fabric of some was set up          –
 *   partiallyFailedConferences   some fabrics were not set up          failed-fabrics (1)
 *   droppedConferences           fabrics dropped                       dropped-fabrics
 * (1) highSetupDelays              fabrics took longer to be set up      high-setup-delay
 *                                than so many ms                       (5000)
 *   highRoundTripTime            a stream's mean round trip is above high-round-trip-time
 *                                so many ms                            (400)
 *   lowScore                     a fabric's median score is below        low-score (3.1)
 *   highChurn                    so many times somebody came again     churn (2)
 *                                who had left
 *
 * Pure: any thread.
 */
#pragma once

#include <json-glib/json-glib.h>

typedef enum {
  WEBHOOK_EVENT_SUMMARY,
  WEBHOOK_EVENT_SUMMARY_UPDATED,
  WEBHOOK_EVENT_FAILED,
  WEBHOOK_EVENT_PARTIALLY_FAILED,
  WEBHOOK_EVENT_DROPPED,
  WEBHOOK_EVENT_SETUP_DELAY,
  WEBHOOK_EVENT_ROUND_TRIP,
  WEBHOOK_EVENT_SCORE,
  WEBHOOK_EVENT_CHURN,
  WEBHOOK_N_EVENTS,
} WebhookEvent;

typedef struct {
  const char *key; /* of the configuration; NULL: none */
  double fallback;
  double least, most;
} WebhookThreshold;

const char *webhook_event_get_name (WebhookEvent event);
/* Returns: -1 where there is no such event. */
int webhook_event_from_name (const char *name);
/* Returns: (transfer full): for an error text. */
char *webhook_event_list_names (void);
const WebhookThreshold *webhook_event_get_threshold (WebhookEvent event);
gboolean webhook_event_is_threshold (const char *key);

/* The id of a delivery: the same for the same thing, whenever it is computed, and another
 * for anything else. Of an updated summary each version is a thing. */
char *webhook_delivery_id (
    const char *webhook, const char *app, WebhookEvent event, JsonObject *summary);

/* What is sent, a JSON object's text. now: ms since the epoch. Returns: (nullable): NULL
 * where the event did not happen. */
char *webhook_body_new (WebhookEvent event, const char *id, const char *app,
    JsonObject *summary, double threshold, gint64 now);
