/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The login of the page: a read token against a cookie that no script and no other site
 * can use. POST /api/v1/login and /api/v1/logout.
 *
 * Main thread only.
 */
#pragma once

#include "access.h"
#include "origins.h"
#include "router.h"

typedef struct _Login Login;

/* Nothing it is given is owned. */
Login *login_new (
    Access *access, const Applications *applications, const Origins *origins);
void login_free (Login *login);

void login_add_routes (Login *login, Router *router);
