# SPDX-License-Identifier: LGPL-2.1-or-later
"""Ten calls in one process, each with a monitor of its own, report over one socket."""
import glob
import json
import os
import subprocess
import sys
import unittest

import harness

N_CALLS = 10


def run_calls(properties):
    """The process with the calls. It says what its monitors count, and ends with its input."""
    import gi
    gi.require_version("Gst", "1.0")
    from gi.repository import Gst
    Gst.init(None)
    pipelines = [Gst.parse_launch(
        "callstatsloopback name=call audiotestsrc is-live=true ! opusenc ! rtpopuspay pt=97 !"
        " call.sink_0 call.src_0 ! fakesink callstatsmon name=monitor webrtcbin-name=caller " +
        " ".join(f"{name}={value}" for name, value in properties.items()))
        for _ in range(N_CALLS)]
    for pipeline in pipelines:
        pipeline.set_state(Gst.State.PLAYING)
    sys.stdin.readline()
    for pipeline in pipelines:
        pipeline.set_state(Gst.State.NULL)
    stats = [pipeline.get_by_name("monitor").get_property("stats") for pipeline in pipelines]
    print(json.dumps({"queued": [each.get_value("records-queued") for each in stats],
                      "acked": [each.get_value("records-acked") for each in stats]}))


def threads_of(pid):
    names = []
    for path in glob.glob(f"/proc/{pid}/task/*/comm"):
        try:
            with open(path, encoding="utf-8") as file:
                names.append(file.read().strip())
        except OSError:
            pass  # it has ended
    return names


def sockets_to(port):
    """How many connections there are to that port of this machine, at the callers' ends."""
    with open("/proc/net/tcp", encoding="ascii") as file:
        rows = [line.split() for line in file.readlines()[1:]]
    return sum(row[2].endswith(f":{port:04X}") and row[3] == "01" for row in rows)


class Shared(harness.EndToEnd):
    def test_ten_calls_one_socket(self):
        collector = self.start_collector()
        properties = {"backend-url": collector.backend, "app-id": harness.APP,
                      "app-secret-file": self.secret_file, "user-id": "alice",
                      "conference-id": "conference"}
        process = subprocess.Popen(
            [sys.executable, __file__, "--calls", json.dumps(properties)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, **harness.host_environment()})
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)

        def count(name):
            return harness.count(collector.conference("conference"), name)

        # A busy machine may be slow to set ten calls up; each of them reports from its start.
        harness.wait_until(lambda: count("addNewFabric") == N_CALLS and
                           count("fabricSetup") >= N_CALLS / 2, 45, "ten calls")
        self.assertEqual(sockets_to(collector.port), 1)
        names = threads_of(process.pid)
        self.assertEqual(names.count("callstats"), 1, names)
        self.assertLessEqual(names.count("callstats-pipe"), 1, names)
        output, _ = process.communicate("end\n", timeout=45)
        told = json.loads(output)
        self.assertEqual(process.returncode, 0)
        harness.wait_until(lambda: count("fabricTerminated") == N_CALLS, 10, "their end")
        self.assertEqual(count("userLeft"), N_CALLS)
        # Each waited for what was its own, and that was all of it.
        self.assertEqual(told["queued"], [0] * N_CALLS)
        self.assertGreater(min(told["acked"]), 5)


if __name__ == "__main__":
    if sys.argv[1] == "--calls":
        run_calls(json.loads(sys.argv[2]))
    else:
        harness.main()
