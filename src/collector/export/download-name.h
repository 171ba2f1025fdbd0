/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * File names of downloads. Pure, any thread.
 */
#pragma once

#include <glib.h>

/* id: any UTF-8. Returns: (transfer full): the value of a Content-Disposition header
 * (RFC 6266) with prefix, id and suffix as the name: in ASCII for everybody, and as it is
 * for those who read RFC 8187, without what means something in paths. */
char *download_name_disposition (const char *prefix, const char *id, const char *suffix);
