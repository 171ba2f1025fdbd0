/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The rules of conferences and fabrics. Pure, any thread.
 */
#include "conference.h"

#include <string.h>

static const FabricEffect effects[] = {
  { "addNewFabric", "connecting", FABRIC_MARK_ADDED, NULL },
  { "fabricSetup", "established", FABRIC_MARK_SET_UP, NULL },
  { "fabricSetupFailed", "failed", FABRIC_MARK_FAILED, NULL },
  { "iceFailed", NULL, FABRIC_MARK_FAILED, "IceConnectionFailure" },
  { "fabricDropped", "dropped", FABRIC_MARK_DROPPED, NULL },
  { "fabricTerminated", "terminated", FABRIC_MARK_TERMINATED, NULL },
  { "fabricHold", "held", FABRIC_MARK_NONE, NULL },
  { "fabricResume", "established", FABRIC_MARK_NONE, NULL },
  { "iceDisruptionStart", "disrupted", FABRIC_MARK_NONE, NULL },
  { "iceDisruptionEnd", "established", FABRIC_MARK_NONE, NULL },
};

const FabricEffect *
fabric_effect (const char *event)
{
  for (gsize i = 0; i < G_N_ELEMENTS (effects); i++)
    if (strcmp (effects[i].event, event) == 0)
      return &effects[i];
  return NULL;
}

gboolean
conference_has_ended (guint present, gint64 last_heard, gint64 now)
{
  return present == 0 || now - last_heard > CONFERENCE_SILENCE_SECONDS * G_USEC_PER_SEC;
}
