/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What is allowed and hardly meant, told in the log.
 *
 * Main thread only.
 */
#pragma once

#include "options.h"

/* At start. */
void warn_of_options (const Options *options);
/* At start, and when the applications were read again. */
void warn_of_applications (const Options *options);
