/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Answers as callstats' clients read them: {"status", "msg", "message"}. Main thread
 * only.
 */
#pragma once

#include <libsoup/soup.h>

void rest_reply_success (SoupServerMessage *message);
/* uc_id: how the client names the conference in its paths. */
void rest_reply_joined (SoupServerMessage *message, const char *uc_id);
/* The older clients read "msg", the last ones "message". */
void rest_reply_error (SoupServerMessage *message, guint status, const char *text);
