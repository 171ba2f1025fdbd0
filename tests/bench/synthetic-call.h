/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reports of a call with one video and one audio stream each way, once a second: stats
 * objects, members and changes as webrtcbin 1.22 has them in W3C's names. Pure, any
 * thread.
 */
#pragma once

#include <callstats/callstats-report.h>

/* second: from 0 on. Always the same for the same arguments. */
CallstatsReport *synthetic_report_new (guint call, guint second, gint64 time_us);
