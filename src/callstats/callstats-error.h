/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>

#include "callstats-version.h"

G_BEGIN_DECLS

#define CALLSTATS_ERROR (callstats_error_quark ())

/**
 * CallstatsError:
 * @CALLSTATS_ERROR_INVALID_ARGUMENT: a value is missing, malformed or out of its range
 * @CALLSTATS_ERROR_TOO_LONG: a value is longer than callstats allows; the message names
 *   the limit and the length
 * @CALLSTATS_ERROR_NOT_FOUND: no such fabric, file or conference
 * @CALLSTATS_ERROR_PROTOCOL: the other end does not speak the wire protocol
 * @CALLSTATS_ERROR_UNAUTHORIZED: the credentials were refused
 * @CALLSTATS_ERROR_UNREACHABLE: the backend cannot be reached; it is tried again
 * @CALLSTATS_ERROR_UNAVAILABLE: something this needs is not on this machine
 * @CALLSTATS_ERROR_TERMINATED: the fabric or client has already ended
 *
 * The domain of every error of this library.
 */
typedef enum {
  CALLSTATS_ERROR_INVALID_ARGUMENT,
  CALLSTATS_ERROR_TOO_LONG,
  CALLSTATS_ERROR_NOT_FOUND,
  CALLSTATS_ERROR_PROTOCOL,
  CALLSTATS_ERROR_UNAUTHORIZED,
  CALLSTATS_ERROR_UNREACHABLE,
  CALLSTATS_ERROR_UNAVAILABLE,
  CALLSTATS_ERROR_TERMINATED,
} CallstatsError;

CALLSTATS_AVAILABLE_IN_0_1
GQuark callstats_error_quark (void);

G_END_DECLS
