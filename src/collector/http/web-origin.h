/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Origins of pages in browsers, and which of them an application allows: an origin such
 * as https://HOST:PORT, with "*." before the host for all that is below it, or without
 * the scheme for both schemes and, where it has none itself, every port.
 *
 * Pure, any thread.
 */
#pragma once

#include <glib.h>

gboolean web_origin_is_pattern (const char *pattern);
/* origin: a request's Origin header. */
gboolean web_origin_matches (const char *pattern, const char *origin);
