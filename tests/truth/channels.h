/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A data channel of a call and what went through it. For the test's thread.
 */
#pragma once

#include "truthcall.h"

G_BEGIN_DECLS

typedef struct _Channels Channels;

typedef struct {
  guint64 messages, bytes;
} ChannelCount;

/* Before the call is negotiated; in PLAYING. The label is "truth". */
Channels *channels_new (TruthCall *call);
void channels_free (Channels *channels);
/* Once it is open; waits until all have arrived. */
void channels_send (Channels *channels, TruthEnd from, guint texts, guint datas);
ChannelCount channels_get_sent (Channels *channels, TruthEnd end);
ChannelCount channels_get_received (Channels *channels, TruthEnd end);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Channels, channels_free)

G_END_DECLS
