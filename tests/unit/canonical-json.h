/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * JSON values to compare. Any thread.
 */
#pragma once

#include <json-glib/json-glib.h>

/* The value's only text: members sorted, 1 and 1.0 alike. Whole numbers beyond 2^53 are
 * strings, as on the wire. */
char *canonical_json (const char *text);
