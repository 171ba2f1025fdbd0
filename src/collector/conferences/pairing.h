/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which two fabrics of a call are the ends of one connection.
 *
 * Pure, any thread.
 */
#pragma once

#include "summary-fabric.h"

/* By the strongest evidence there is: the same two DTLS certificates; users that name
 * each other, and a stream of one that the other one has; streams both ways, where a user
 * does not know whom it is connected to; users that name each other, if there is but one
 * fabric of each that fits. fabrics: (element-type SummaryFabric).
 * Returns: (transfer full): for each of them the index of the other end, or -1. */
int *pairing_find (const GPtrArray *fabrics);
/* Streams of one that the other one does not get. */
void pairing_find_one_way (SummaryFabric *one, SummaryFabric *other);
