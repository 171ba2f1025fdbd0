/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A critical of GLib that rtpsession before 1.24 earns at random.
 *
 * Any thread may log; the function is called on the test's.
 */
#pragma once

#include <glib.h>

/* In each case before its first pipeline, as GLib forgets it after each; the critical is
 * printed then, and the case goes on. */
void rtpsession_race_tolerate (void);
