/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The lines of a file with groups and keys, changed one by one. GKeyFile reads such files
 * but takes a comment above a group for the end of the group before: what it writes has
 * comments in the wrong places.
 *
 * Pure, any thread.
 */
#pragma once

#include <glib.h>

typedef struct _IniLines IniLines;

IniLines *ini_lines_new (const char *text);
void ini_lines_free (IniLines *lines);

/* value: (nullable): as it stands in the file; NULL takes the key away. A group that is
 * not there is made at the end. */
void ini_lines_set (
    IniLines *lines, const char *group, const char *key, const char *value);
/* With the comment that stands right above it. */
void ini_lines_remove_group (IniLines *lines, const char *group);
/* Returns: (transfer full) */
char *ini_lines_to_text (const IniLines *lines);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IniLines, ini_lines_free)
