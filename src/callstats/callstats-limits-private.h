/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * callstats' documented limits, and the checks that name limit and length. Pure, any
 * thread.
 */
#pragma once

#include <glib.h>

/* Bytes. */
#define CALLSTATS_MAX_USER_ID 128
#define CALLSTATS_MAX_CONFERENCE_ID 256
#define CALLSTATS_MAX_USAGE_LABEL 20
#define CALLSTATS_MAX_APPLICATION_VERSION 30
#define CALLSTATS_MAX_SITE_ID 256
#define CALLSTATS_MAX_ADDITIONAL_ID 256
#define CALLSTATS_MAX_VIDEO_TAG 256
#define CALLSTATS_MAX_APPLICATION_LOG 20000
#define CALLSTATS_MAX_EVENT_DATA (1000 * 1000) /* as JSON; a record has 1 MiB in all */

/* NULL is fine, not UTF-8 or too long is not. what: how the caller knows the value. */
gboolean callstats_check_text (
    const char *what, const char *text, gsize limit, GError **error);
/* The same, and it must not be NULL or empty. */
gboolean callstats_check_id (
    const char *what, const char *text, gsize limit, GError **error);

/* Returns: (transfer full): what of text (nullable) an error may show: valid UTF-8, at
 * most 100 characters. */
char *callstats_quote (const char *text);
