/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The binary frames of one direction of a connection back to text. Pure; belongs to one
 * connection.
 */
#pragma once

#include <gio/gio.h>

typedef struct _CallstatsInflater CallstatsInflater;

CallstatsInflater *callstats_inflater_new (gsize max_text);
void callstats_inflater_free (CallstatsInflater *inflater);

/* One frame. Inflation stops at the limit, whatever the frame claims to hold. Returns:
 * (nullable): the text until the next call; NULL with a CALLSTATS_ERROR. */
const char *callstats_inflater_push (CallstatsInflater *inflater, gconstpointer data,
    gsize length, gsize *text_length, GError **error);
