/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The summary of a call, made of what the store has of it. Any thread.
 */
#pragma once

#include "summary.h"

/* call: as store_read_call() gives it; over: it has ended, and its reports count.
 * stopping: set on another thread, atomically, to make it give up soon. Returns:
 * (nullable): NULL with an error, or without one where it gave up. */
Summary *summary_make (Store *store, const char *app, const StoreDetail *call,
    gboolean over, const int *stopping, GError **error);
