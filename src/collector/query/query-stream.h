/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Answers that are too long for memory: a job goes through the pool once for each chunk,
 * and again when the client has taken that. Threads as in query-job.h.
 */
#pragma once

#include "query-job.h"

/* work: brings the next chunk, and says by job->more whether another follows; the first
 * one says whether it was found. headers: (nullable): sets further headers, before the
 * first chunk; main thread. */
void query_job_stream (
    QueryJob *job, const char *content_type, QueryFunc work, QueryFunc headers);
