/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The error domain. Any thread.
 */
#include "callstats-error.h"

/* The formatter takes the hyphens for minuses. */
/* clang-format off */
G_DEFINE_QUARK (callstats-error-quark, callstats_error)
