/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the key file says of how long is kept what, for the store.
 *
 * Main thread only.
 */
#pragma once

#include "applications.h"
#include "store.h"

/* others: for applications that do not say, or are not known. */
StoreRetention *retention_of_applications (
    const Applications *applications, const StoreDays *others);
