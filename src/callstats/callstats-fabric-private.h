/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the parts of the state machine share.
 *
 * Pure, as the machine.
 */
#pragma once

#include "callstats-enum-types.h"
#include "callstats-fabric.h"
#include "callstats-silence-private.h"

#define NEVER CALLSTATS_NEVER

/* What ICE began and has to end: each kind ends by its own event. */
typedef enum {
  DISRUPTION_NONE,
  DISRUPTION_OF_MEDIA,      /* iceDisruptionStart */
  DISRUPTION_OF_CONNECTING, /* iceConnectionDisruptionStart */
} Disruption;

struct _CallstatsFabric {
  GObject parent_instance;

  char *id;
  gint64 start;
  CallstatsFabricState state;

  CallstatsSignalingState signaling;
  CallstatsIceGatheringState gathering;
  CallstatsIceConnectionState ice;

  gboolean was_set_up;
  gboolean has_failed;   /* to be set up */
  GPtrArray *phases;     /* Phase, in the order of their coming */
  Disruption disruption; /* ICE's that is not over */
  gboolean silent;       /* a disruption for want of packets is not over */
  gint64 disrupted;      /* when the disruption began */
  gboolean dropped;      /* and is not established again */
  gint64 lost;           /* when it was dropped */
  CallstatsSilence silence;
  CallstatsDtlsState dtls;
  gint64 left;     /* when the other end's last BYE came; NEVER: it did not */
  gint64 gathered; /* when gathering was complete; NEVER: not yet */
  gint64 checking; /* when checking first began; NEVER: not yet */
};

/* dict: (nullable): what the event tells; is ended */
void callstats_fabric_emit (
    CallstatsFabric *self, const char *name, gint64 time, GVariantDict *dict);
void callstats_fabric_emit_state_change (CallstatsFabric *self, const char *changed,
    GType type, int before, int now, gint64 time);
void callstats_fabric_insert_delay (
    GVariantDict *dict, const char *name, gint64 from, gint64 to);
/* fabricSetup, once in the life of a fabric. */
void callstats_fabric_set_up (CallstatsFabric *self, gint64 time);
/* cause: of fabricTerminated */
void callstats_fabric_end_by (CallstatsFabric *self, const char *cause, gint64 time);

/* from: where its delay counts from. */
void callstats_fabric_emit_ice_event (CallstatsFabric *self, const char *event,
    const char *cause, CallstatsIceConnectionState before, gint64 from, gint64 time);
gboolean callstats_fabric_is_disrupted (CallstatsFabric *self);
void callstats_fabric_drop (
    CallstatsFabric *self, const char *cause, gint64 from, gint64 time);
