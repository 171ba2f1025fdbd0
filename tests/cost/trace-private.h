/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Between the hooks and the wrappers. Any thread.
 */
#pragma once

#include "trace.h"

/* Within callstats' code: a wrapped function is called. */
void trace_note_call (const char *name);
void trace_note_lock (GMutex *mutex);
void trace_note_unlock (GMutex *mutex);
/* Waits with the mutex: that is not held meanwhile. */
void trace_note_wait (GMutex *mutex);
/* The mutex is gone, another may have its address. */
void trace_note_clear (GMutex *mutex);

void __real_g_mutex_lock (GMutex *mutex);
void __real_g_mutex_unlock (GMutex *mutex);
