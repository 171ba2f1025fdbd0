/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One try to deliver something to a webhook: an HTTP POST without redirects, proxies and
 * cookies, to addresses that webhook-address.h allows, with a deadline for all of it. Of
 * the answer no more is read than tells what became of it.
 *
 * Headers: Callstats-Delivery (the id), Callstats-Event, Callstats-Timestamp (seconds
 * since the epoch), Callstats-Signature (webhook_sign()).
 *
 * Main thread only.
 */
#pragma once

#include "store.h"
#include "webhook-config.h"

typedef enum {
  WEBHOOK_DELIVERED, /* 2xx */
  WEBHOOK_FAILED,
  WEBHOOK_GONE, /* 410: nothing is wanted any more */
} WebhookOutcome;

typedef struct _WebhookRequest WebhookRequest;

/* reason: for the log. retry_after: µs that the receiver asked for, 0 if it did not. */
typedef void (*WebhookRequestDone) (
    WebhookOutcome outcome, const char *reason, gint64 retry_after, gpointer user_data);

/* now: seconds since the epoch. done is called once, later, unless it is cancelled. */
WebhookRequest *webhook_request_start (const WebhookConfig *config,
    const StoreDelivery *delivery, gint64 now, WebhookRequestDone done,
    gpointer user_data);
/* Before done was called. */
void webhook_request_cancel (WebhookRequest *request);

/* "v1=" and the HMAC-SHA256 of TIMESTAMP "." BODY in hexadecimal, for each of the
 * secrets, with commas in between. */
char *webhook_sign (const GPtrArray *secrets, gint64 timestamp, const char *body);
