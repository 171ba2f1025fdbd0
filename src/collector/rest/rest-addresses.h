/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How much of the IP addresses in a body is kept. A callstatsmon leaves that out before
 * it tells anything; clients of callstats tell whole addresses unless they are told not
 * to.
 *
 * Pure, any thread.
 */
#pragma once

#include <json-glib/json-glib.h>

#include "applications.h"

/* Returns: (transfer full): the body with what is kept. What is called an address but is
 * none, such as the id that stands for it, stays. */
JsonObject *rest_addresses_filter (JsonObject *body, CollectIp collect_ip);
