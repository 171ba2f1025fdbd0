/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The page: files that are part of the program.
 *
 * Main thread only.
 */
#pragma once

#include "router.h"

typedef struct _Page Page;

Page *page_new (void);
void page_free (Page *page);

void page_add_routes (Page *page, Router *router);
