/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a test machine does not have: a screen and a microphone that can be captured, and
 * a provider of microphones that are plugged in and out.
 */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* Registers testscreensrc, a videotestsrc, and testmicrophonesrc, an audiotestsrc with a
 * property "device", and the provider, which
 * is the only one from now on. */
void test_elements_register (void);

/* Any thread */
void test_devices_plug (const char *id, const char *label);
void test_devices_unplug (const char *id);

G_END_DECLS
