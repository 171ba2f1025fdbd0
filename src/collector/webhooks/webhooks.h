/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Tells webhooks of conferences: what there is to tell goes into the store's queue, and
 * from there one by one to each receiver. What fails is tried again with back-off and
 * full jitter until it is too old. A delivery has one id for all its tries, over restarts
 * too, so a receiver can tell it from others.
 *
 * Main thread only.
 */
#pragma once

#include "store.h"
#include "webhook-config.h"

typedef struct _Webhooks Webhooks;

/* configs: (element-type WebhookConfig). What still waits in the store goes on. */
Webhooks *webhooks_new (Store *store, GPtrArray *configs);
/* A listener of the summarizer. */
void webhooks_tell (const char *app, const char *conference, gboolean ended_now,
    JsonObject *summary, gpointer webhooks);
/* Nothing more is sent; before the store is freed. */
void webhooks_stop (Webhooks *webhooks);
/* After the store's last answers. */
void webhooks_free (Webhooks *webhooks);

void webhooks_append_metrics (GString *text, gpointer webhooks);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Webhooks, webhooks_free)
