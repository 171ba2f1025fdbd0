/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * callstats-collector import: files of records into the store.
 *
 * Main thread only.
 */
#pragma once

/* Returns: the exit status. argv[0] is the word import. */
int import_main (int argc, char **argv);
