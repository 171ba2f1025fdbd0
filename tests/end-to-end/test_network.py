# SPDX-License-Identifier: LGPL-2.1-or-later
"""Calls whose link to the collector is cut, and comes back under another address.

The test is the collector's machine: a network namespace of its own, with a bridge. Each
call runs in another one, with one cable to a port of that bridge. What the collector
serves on loopback only is relayed to the bridge. All of it goes with the processes.

One cable is pulled at the call's end, and put back with another address: the kernel says
so. The other one is pulled beyond the bridge's port, so the call's machine learns nothing;
and what was open before leads nowhere afterwards, as behind a NAT with a new address.

With CALLSTATS_LONG=1 the cut takes 5 minutes, and the promises are held to the second.
"""

import ctypes
import os
import selectors
import shutil
import socket
import subprocess
import sys
import threading
import time

import harness
from harness import EndToEnd, wait_until
from collector import start_child

LONG = bool(os.environ.get("CALLSTATS_LONG"))
CUT = 300 if LONG else 8  # seconds
INTERVAL = 1000 if LONG else 200  # ms between reports
# Seconds from the link's return to records in the store. Shortly after a short cut the
# connection would be found dead 20 s after its beginning, so a signal must be quicker.
SIGNALLED = 5 if LONG else 10
UNSIGNALLED = 35 if LONG else 45
CLONE_NEWNET = 0x40000000
HOST = "10.77.0.1"
MAC = "02:00:0a:4d:00:01"
PORT = 8765


def ip(words, namespace=None):
    enter = ["nsenter", f"--net=/proc/{namespace}/ns/net"] if namespace else []
    subprocess.run([*enter, "ip", *words.split()], check=True)


def enter_own_namespace():
    """Returns why that cannot be; None if it is done."""
    for program in ("ip", "nsenter", "unshare"):
        if not shutil.which(program):
            return f"needs {program}"
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) != 0:
        return f"needs a network namespace: {os.strerror(ctypes.get_errno())}"
    try:
        ip("link set lo up")
        ip(f"link add bridge address {MAC} type bridge")
        ip(f"address add {HOST}/24 dev bridge")
        ip("link set bridge up")
    except subprocess.CalledProcessError as error:
        return f"needs bridges: {error}"
    return None


class Relay:
    """Carries TCP connections from the bridge to a port on loopback."""

    def __init__(self, port):
        self.port = port
        self.carried = {}  # socket -> the one at the other end
        self.stale = []  # neither read nor closed any more
        self.lock = threading.Lock()
        self.selector = selectors.DefaultSelector()
        self.listener = socket.create_server((HOST, PORT))
        self.selector.register(self.listener, selectors.EVENT_READ)
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            for key, _ in self.selector.select(0.05):
                with self.lock:
                    if key.fileobj is self.listener:
                        self.accept()
                    elif key.fileobj in self.carried:
                        self.carry(key.fileobj)

    def accept(self):
        near, _ = self.listener.accept()
        far = socket.create_connection(("127.0.0.1", self.port))
        self.carried[near], self.carried[far] = far, near
        for end in near, far:
            self.selector.register(end, selectors.EVENT_READ)

    def carry(self, end):
        try:
            data = end.recv(65536)
            if data:
                self.carried[end].sendall(data)
                return
        except OSError:
            pass
        for each in end, self.carried[end]:
            self.forget(each).close()

    def forget(self, end):
        self.selector.unregister(end)
        del self.carried[end]
        return end

    def lead_nowhere(self, address):
        """What is open from there stays open, and carries nothing any more."""
        with self.lock:
            for near in [end for end in self.carried if end.getpeername()[0] == address]:
                far = self.carried[near]
                self.stale += [self.forget(near), self.forget(far)]


class Machine:
    """A network namespace with a cable to the bridge."""

    def __init__(self, name, address):
        self.name = name
        self.address = address
        self.holder = start_child(["unshare", "--net", "sleep", "infinity"])
        ours = os.readlink("/proc/self/ns/net")
        wait_until(lambda: os.readlink(f"/proc/{self.holder.pid}/ns/net") != ours, 10,
                   "a namespace")
        ip(f"link add {name} type veth peer name cable")
        ip(f"link set cable netns {self.holder.pid}")
        ip(f"link set {name} master bridge up")
        self.ip("link set lo up")
        self.ip(f"address add {address}/24 dev cable")
        self.ip("link set cable up")

    def ip(self, words):
        ip(words, self.holder.pid)

    def end(self):
        self.holder.kill()
        self.holder.wait()


class Case:
    """A call on a machine of its own, and how its cable is cut."""

    def __init__(self, test, name, address):
        self.name = name
        self.machine = Machine(name, address)
        test.addCleanup(self.machine.end)
        self.collector = test.collector
        self.call = test.make_call(test.credentials(
            f"ws://{HOST}:{PORT}/", interval=INTERVAL, conference_id=name,
            allow_plaintext="true", memory_max_bytes=64 << 20, post_messages="stats"),
            options=("-e", "-m"))
        self.call.command[:0] = ["nsenter", f"--net=/proc/{self.machine.holder.pid}/ns/net"]
        self.call.start()

    def fabrics(self):
        known = self.collector.conference(self.name)
        return {fabric["fabric"]: fabric["reports"] for fabric in known["fabrics"]} if known else {}

    def reported(self, least):
        counts = self.fabrics()
        return counts if len(counts) == 2 and min(counts.values()) >= least else None

    def measure_return(self):
        """Seconds until both fabrics have reports that were made during the cut."""
        returned = time.monotonic()
        least = self.before + CUT * 1000 // INTERVAL // 2
        wait_until(lambda: self.reported(least), UNSIGNALLED + 30,
                   f"{self.name}: records after the link's return")
        self.seconds = time.monotonic() - returned

    def times(self, fabric):
        return [int(report["time"]) for report in
                self.collector.reports(fabric, limit=10000)["reports"]]


class Signalled(Case):
    def cut(self):
        self.machine.ip("link set cable down")

    def mend(self):
        self.machine.ip("address flush dev cable")
        self.machine.ip("address add 10.77.0.20/24 dev cable")
        self.machine.ip("link set cable up")


class Unsignalled(Case):
    """The neighbour is known for ever, or the kernel would tell soon that it is gone."""

    def cut(self):
        self.machine.ip(f"neighbour replace {HOST} lladdr {MAC} dev cable nud permanent")
        ip(f"link set {self.name} nomaster")

    def mend(self):
        self.relay.lead_nowhere(self.machine.address)
        ip(f"link set {self.name} master bridge")


class Network(EndToEnd):
    def test_a_call_resumes_when_its_link_returns(self):
        self.collector = self.make_collector()
        self.collector.origins = [f"ws://{HOST}:{PORT}"]
        self.collector.start()
        relay = Relay(self.collector.port)
        signalled = Signalled(self, "signalled", "10.77.0.2")
        unsignalled = Unsignalled(self, "unsignalled", "10.77.0.3")
        unsignalled.relay = relay
        cases = signalled, unsignalled
        for case in cases:
            wait_until(lambda: case.reported(5), 2 * harness.CONNECTED, "five reports each")
        for case in cases:
            case.cut()
        time.sleep(2)  # what was under way has arrived
        for case in cases:
            case.before = max(case.fabrics().values())
        time.sleep(CUT - 2)
        for case in cases:
            self.assertLessEqual(max(case.fabrics().values()), case.before, "it is cut")
        for case in cases:
            case.mend()
            case.measuring = threading.Thread(target=case.measure_return)
            case.measuring.start()
        for case in cases:
            case.measuring.join()
        for case in cases:
            print(f"{case.name}: resumed {case.seconds:.2f} s after a cut of {CUT} s",
                  file=sys.stderr)
        self.assertLess(signalled.seconds, SIGNALLED)
        self.assertLess(unsignalled.seconds, UNSIGNALLED)
        for case in cases:
            self.assertEqual(case.call.stop(), 0)
            wait_until(lambda: harness.count(self.collector.conference(case.name),
                                             "fabricTerminated") == 2, 10, "the end")
            self.assert_unbroken(case)

    def assert_unbroken(self, case):
        told = harness.reports_told(case.call)
        self.assertEqual(len(told), 2)
        for fabric, during in told.items():
            times = case.times(fabric)
            self.assertGreater(during[-1] - during[0], CUT * 1000)
            self.assertEqual(times, sorted(set(times)), "in order, none twice")
            self.assertEqual(set(during) - set(times), set(), "none missing")


if __name__ == "__main__":
    obstacle = enter_own_namespace()
    if obstacle:
        print(f"skipped: {obstacle}")
        sys.exit(harness.SKIPPED)
    harness.main()
