/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The seam between the library and the module that speaks WebSocket. The module is opened
 * when a backend is first used, so that neither the library nor the plugin loads libsoup.
 *
 * Monitor thread only, on both sides of the seam.
 */
#pragma once

#include <gio/gio.h>

#define CALLSTATS_TRANSPORT_SYMBOL "callstats_transport_vtable"
#define CALLSTATS_TRANSPORT_ABI 5
#define CALLSTATS_MAX_RETRY_AFTER 3600 /* seconds; whoever asks for more gets these */

/* One WebSocket connection. */
typedef struct _CallstatsTransport CallstatsTransport;

typedef struct {
  const char *uri;
  const char *subprotocol;
  const char *token;   /* for Authorization: Bearer */
  guint max_frame;     /* bytes of a frame that is accepted */
  guint ping_interval; /* seconds */
  GTlsDatabase *trust; /* nullable for ws: */
  GProxyResolver *proxy;
} CallstatsTransportOptions;

/* Why a connection ended, or never came to be. */
typedef struct {
  const GError *error;              /* nullable: what went wrong below HTTP */
  GTlsCertificateFlags certificate; /* what was wrong with the peer's; 0: nothing */
  const char *violation; /* nullable: what the peer did that HTTP or WebSocket forbids */
  guint http_status;     /* of a handshake that was answered otherwise; 0: none */
  const char *http_reason; /* nullable: error_description of WWW-Authenticate, or the
                            * phrase */
  guint retry_after;       /* seconds, as the answer asked; 0: none */
  gint64 date;        /* the answer's: seconds since the epoch, by its clock; 0: none */
  guint16 close_code; /* of the peer's close frame; 0: none */
  const char *close_reason; /* nullable */
} CallstatsTransportEnd;

typedef struct {
  void (*opened) (gpointer user_data);
  void (*message) (gboolean binary, GBytes *frame, gpointer user_data);
  void (*pong) (gpointer user_data);
  void (*writable) (gpointer user_data);
  /* Called once, last, unless free() came first. */
  void (*ended) (const CallstatsTransportEnd *end, gpointer user_data);
} CallstatsTransportCallbacks;

typedef struct {
  guint abi;
  CallstatsTransport *(*open) (const CallstatsTransportOptions *options,
      const CallstatsTransportCallbacks *callbacks,
      gpointer user_data); /* FALSE: what was sent last has not left libsoup yet;
                            * writable() is called when it has. */
  gboolean (*is_writable) (CallstatsTransport *transport);
  void (*send) (CallstatsTransport *transport, gboolean binary,
      GBytes *frame); /* A pong is wanted soon. */
  void (*probe) (CallstatsTransport *transport);
  void (*close) (CallstatsTransport *transport, guint16 code, const char *reason);
  /* No callback comes any more. An open connection is closed in the background. */
  void (*free) (CallstatsTransport *transport);
} CallstatsTransportVTable;

/* Returns: (transfer none): NULL with a CALLSTATS_ERROR_UNAVAILABLE. */
const CallstatsTransportVTable *callstats_transport_load (GError **error);
