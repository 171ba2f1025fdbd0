/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reports of a call with one audio and one video stream each way, as the plugin makes
 * them: 20 stats objects with their usual members. Pure, any thread.
 */
#pragma once

#include <callstats/callstats.h>

/* The sample with that number, from 1 on, of one of many calls. */
CallstatsReport *call_report_new (guint call, guint64 number, gint64 time_us);
/* Its number; 0: it is none of these. */
guint64 call_report_get_number (CallstatsReport *report);
