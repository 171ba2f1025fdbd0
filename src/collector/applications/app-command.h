/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * callstats-collector app: the applications of a key file, their secrets, keys and read
 * tokens.
 *
 * Main thread only.
 */
#pragma once

/* Returns: the exit status. argv[0] is the word app. */
int app_main (int argc, char **argv);
