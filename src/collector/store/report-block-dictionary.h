/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What deflate knows before a block begins: texts that every fabric's reports have, so
 * that a short block need not tell them.
 *
 * A block names its dictionary by number. What a number stands for never changes, or
 * blocks of before come out as other text; a better dictionary gets the next number.
 *
 * Pure functions, any thread.
 */
#pragma once

#include <glib.h>

#define REPORT_BLOCK_NO_DICTIONARY 0
#define REPORT_BLOCK_DICTIONARY 1 /* of new blocks */

/* Returns: (nullable): NULL: there is none of this number. */
const char *report_block_dictionary (guint number, guint *length);
