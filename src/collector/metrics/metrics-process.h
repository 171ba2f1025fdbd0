/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the process itself uses, by the names that every Prometheus client has.
 *
 * Any thread.
 */
#pragma once

#include <glib.h>

/* What cannot be known is left out. */
void metrics_process_append (GString *text);
