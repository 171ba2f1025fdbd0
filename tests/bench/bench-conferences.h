/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A great many conferences without reports, for the store's benchmark: written by SQL, so
 * that a million takes minutes. Any thread.
 */
#pragma once

#include "bench-calls.h"

/* Whole days up to now (µs since the epoch) of ended calls of two to five participants
 * and two fabrics each, some of which failed, dropped or scored low. In BENCH_APP of a
 * store that is closed and has no conferences yet. */
void bench_make_conferences (const char *path, const BenchSize *size, gint64 now);
