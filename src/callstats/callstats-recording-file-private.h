/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The file that a session is recorded in: lines of JSON, as docs/protocol.md has them.
 * Several sessions, of this process and of others, may append to one file at a time.
 *
 * Blocks on the disk. One thread at a time.
 */
#pragma once

#include <gio/gio.h>

typedef struct _CallstatsRecordingFile CallstatsRecordingFile;

typedef enum {
  CALLSTATS_RECORDING_WRITTEN,
  CALLSTATS_RECORDING_BUSY, /* somebody else is appending right now */
  CALLSTATS_RECORDING_FAILED,
} CallstatsRecordingResult;

/* head: the line that begins the session. Nothing is opened yet. */
CallstatsRecordingFile *callstats_recording_file_new (const char *path, const char *head);
void callstats_recording_file_free (CallstatsRecordingFile *file);

/* Appends text, which is whole lines. Opens the file, or the one that has taken its
 * place; what somebody left without a line end gets one first. written: bytes of text
 * that are in the file, of whichever result. */
CallstatsRecordingResult callstats_recording_file_append (CallstatsRecordingFile *file,
    const char *text, gsize length, gsize *written, GError **error);
/* All that was written before survives a loss of power. */
gboolean callstats_recording_file_sync (CallstatsRecordingFile *file, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CallstatsRecordingFile, callstats_recording_file_free)
