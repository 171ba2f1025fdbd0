/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The commands that look after a store: migrate, retention, backup, check.
 *
 * Main thread only.
 */
#pragma once

int migrate_main (int argc, char **argv);
int retention_main (int argc, char **argv);
int backup_main (int argc, char **argv);
int check_main (int argc, char **argv);
