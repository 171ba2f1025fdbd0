/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The contract: what the reports of a call must say, given what its packets were.
 *
 * For the test's thread.
 */
#pragma once

#include "truthcall.h"

G_BEGIN_DECLS

/* The last report of each end of a call at rest against the counts */
void truth_check_counts (TruthCall *call);
/* Stops the call; all reports of it, from the first to the last */
void truth_check_history (TruthCall *call);

G_END_DECLS
