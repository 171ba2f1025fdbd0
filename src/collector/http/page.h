/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The files of the page, which are part of the program. Main thread only.
 */
#pragma once

#include "router.h"

void page_add_routes (Router *router);
