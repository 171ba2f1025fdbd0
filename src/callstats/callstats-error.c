/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The error domain. Any thread.
 */
#include "callstats-error.h"

/* clang-format off: it takes the hyphens for minuses. */
G_DEFINE_QUARK (callstats-error-quark, callstats_error)
