/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The one header of libcallstats.
 */
#pragma once

#include <callstats/callstats-client.h>
#include <callstats/callstats-enum-types.h>
#include <callstats/callstats-enums.h>
#include <callstats/callstats-error.h>
#include <callstats/callstats-fabric.h>
#include <callstats/callstats-monitor.h>
#include <callstats/callstats-report.h>
#include <callstats/callstats-score.h>
#include <callstats/callstats-sdp.h>
#include <callstats/callstats-version.h>
#include <callstats/callstats-vocabulary.h>
