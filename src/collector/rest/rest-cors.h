/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which pages may report to callstats' REST API from a browser. A page of any origin may
 * unless the application has allowed-origins: a request shows its token itself, and
 * cookies open nothing here, so another page can do no more than any other program. With
 * allowed-origins, a request from another page is refused as well, not only unreadable.
 *
 * Main thread only.
 */
#pragma once

#include <libsoup/soup.h>

#include "applications.h"

/* app: (nullable): NULL where the request is about none. Returns: whether the page may;
 * sets the headers by which the browser lets it read the answer. */
gboolean rest_cors_allow (
    const Applications *applications, const char *app, SoupServerMessage *message);
/* Answers OPTIONS. */
void rest_cors_answer_preflight (
    const Applications *applications, const char *app, SoupServerMessage *message);
