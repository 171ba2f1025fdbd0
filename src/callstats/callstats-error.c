/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The error domain. Any thread.
 */
#include "callstats-error.h"

G_DEFINE_QUARK (callstats_error, callstats_error)
