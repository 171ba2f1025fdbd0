# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whatever breaks, and however often: records arrive once, in order, or are told as gaps.

Clients with spools report through proxies of ours to one collector, while processes are
killed and stopped, connections break in every way, disks fill up and clocks are stepped.
Then the store is compared with what the clients told.

    CALLSTATS_LONG=1            1 000 faults in half an hour instead of 50 in half a minute
    CALLSTATS_CHAOS_FAULTS=N    as many
    CALLSTATS_CHAOS_SEED=TEXT   which ones, as a failure printed it
"""

import collections
import heapq
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

import harness
from harness import APP, EndToEnd, wait_until

import chaos_network
import chaos_store
from collector import Collector, start_child

INSIDE = "CALLSTATS_CHAOS_INSIDE"  # namespaces of our own
HOUR = 3600 * 10 ** 9  # ns
DISK = "1m"
GONE = 30  # seconds that a process may take to end
DELIVERED = 180  # and what is left to come to the store


@dataclass
class Form:
    faults: int
    clients: int
    rate: int  # records a second of each client
    pause: float  # between faults, at most
    lasting: tuple  # seconds that a fault lasts
    full: tuple  # and that a disk is full
    long_share: float  # of the faults that may last long
    long: tuple  # seconds: beyond the time-outs of client (20) and collector (60)
    records: int  # that must have come


SHORT = Form(50, 5, 60, 0.4, (0.1, 0.6), (1, 3), 0, (0, 0), 1000)
LONG = Form(1000, 10, 32, 2.4, (0.1, 4), (2, 40), 0.15, (21, 75), 200000)

FORM = LONG if os.environ.get("CALLSTATS_LONG") else SHORT
FORM.faults = int(os.environ.get("CALLSTATS_CHAOS_FAULTS", FORM.faults))
SEED = os.environ.get("CALLSTATS_CHAOS_SEED") or str(random.randrange(2 ** 32))


def enter_namespaces():
    """A network and mounts of our own where that is allowed: what is done to them is done
    to nobody else, and ends with us."""
    command = ["unshare", "--net", "--mount"]
    if os.geteuid() != 0:
        command.insert(1, "--map-root-user")
    if INSIDE in os.environ:
        if os.environ[INSIDE] == "1":
            chaos_network.bring_loopback_up()
        return
    probe = subprocess.run([*command, "mount", "-t", "tmpfs", "tmpfs", tempfile.gettempdir()],
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    os.environ[INSIDE] = "0" if probe.returncode else "1"
    if probe.returncode == 0:
        os.execvp(command[0], [*command, sys.executable, *sys.argv])
    print("No namespaces of our own are allowed here: no disk is filled and no address "
          "is changed", file=sys.stderr)


class Clock:
    """The wall clock of some processes."""

    def __init__(self, path):
        self.path = path
        self.set(0)

    def set(self, ahead):
        with open(self.path, "r+b" if os.path.exists(self.path) else "wb") as file:
            file.write(ahead.to_bytes(8, sys.byteorder, signed=True))

    def command(self):
        """What goes before a program's name."""
        runtime = os.environ.get("CALLSTATS_SANITIZER_RUNTIME", "")
        shim = os.path.join(harness.build, "tests", "end-to-end", "libclock-shim.so")
        return ["env", f"CALLSTATS_CLOCK_SHIM={self.path}",
                f"LD_PRELOAD={runtime}:{shim}".replace("=:", "=")]


class SteppedCollector(Collector):
    def __init__(self, folder, secret_file, clock):
        super().__init__(os.path.join(harness.build, "src", "collector",
                                      "callstats-collector"), folder, APP, secret_file)
        self.clock = clock
        self.origins = []

    def _command(self):
        return (self.clock.command() + super()._command()
                + [f"--origin={origin}" for origin in self.origins])

    def count_closed(self, code):
        return sum("client-closed" in line and code in line for line in self.output)


class Seat:
    """Where one client process sits at a time: its user, spool and way to the collector."""

    def __init__(self, test, name, user, proxy, spool, rate=FORM.rate, **options):
        self.test = test
        self.name = name
        self.user = user
        self.proxy = proxy
        self.spool = spool
        self.rate = rate
        self.options = options
        self.clock = Clock(os.path.join(test.folder, name + ".clock"))
        self.ledgers = []
        self.log = os.path.join(test.folder, name + ".log")
        self.process = None

    def sit_down(self, tells=True):
        self.ledgers.append(os.path.join(self.test.folder, f"{self.name}-{len(self.ledgers)}"))
        program = os.path.join(harness.build, "tests", "end-to-end", "chaos-client")
        options = {"rate": self.rate if tells else 0, "user": self.user, "spool": self.spool,
                   "backend": self.proxy.origin, "secret-file": self.test.secret_file,
                   "ledger": self.ledgers[-1], **self.options}
        with open(self.log, "ab") as log:
            self.process = start_child(
                [*self.clock.command(), program,
                 *(f"--{name}={value}" for name, value in options.items())],
                stdout=log, stderr=log)

    def kill(self):
        self.process.kill()
        self.process.wait(GONE)

    def is_well(self):
        """Nobody ended it but us, and no sanitizer has found anything."""
        with open(self.log, "rb") as log:
            return self.process.poll() is None and b"runtime error" not in log.read()

    def told(self):
        return [row for path in self.ledgers
                for row in chaos_store.read_ledger(path, self.user)]

    def has_told(self):
        """Of the process that sits there."""
        return any(row.told for row in chaos_store.read_ledger(self.ledgers[-1], self.user))

    def last_words(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return log.read()[-3000:]


class Chaos(EndToEnd):
    def setUp(self):
        super().setUp()
        self.begin = time.monotonic()
        self.random = random.Random(SEED)
        self.inside = os.environ.get(INSIDE) == "1"
        self.counts = collections.Counter()
        self.ends = []  # heap: (when, number, what ends a fault that lasts)
        self.network = chaos_network.Network()
        self.addCleanup(self.network.stop)
        self.start_collector()
        self.seats = []
        self.addCleanup(self.kill_all)
        self.disk = self.mount_disk() if self.inside else None
        self.take_seats()

    def start_collector(self, port=0):
        clock = Clock(os.path.join(self.folder, "collector.clock"))
        self.collector = SteppedCollector(self.folder, self.secret_file, clock)
        port = harness.free_port()  # the proxies have to know it before it starts
        self.collector.port = port
        self.proxies = [chaos_network.Proxy(self.network, port)
                        for _ in range(FORM.clients)]
        self.collector.origins = [proxy.origin for proxy in self.proxies]
        self.collector.start()
        self.addCleanup(lambda: self.collector.stop())

    def mount_disk(self):
        disk = os.path.join(self.folder, "disk")
        os.mkdir(disk)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=0700", "tmpfs", disk],
                       check=True)
        self.addCleanup(subprocess.run, ["umount", "--lazy", disk], check=True)
        return disk

    def take_seats(self):
        """The first two are of one user, who has one spool; the last one has little room."""
        for i in range(FORM.clients):
            k = max(i, 1)
            spool = os.path.join(self.folder, f"spool-{k}")
            options = {"fabrics": 2 + i % 3}  # of two clients
            if i == FORM.clients - 1 and self.disk:
                spool = self.disk
                options = {"fabrics": 4, "memory": 64 * 1024, "rate": 3 * FORM.rate}
            self.seats.append(Seat(self, f"seat-{i}", f"user-{k}", self.proxies[k], spool,
                                   **options))
        for seat in self.seats:
            seat.sit_down()

    def kill_all(self):
        for seat in self.seats:
            if seat.process and seat.process.poll() is None:
                seat.kill()

    # Faults. Each returns nothing, or what ends it.

    def any_seat(self):
        return self.random.choice(self.seats)

    def any_lasting_seat(self):
        """Whose processes are not replaced: what could not be kept on disk would be lost."""
        return self.random.choice([seat for seat in self.seats if seat.spool != self.disk])

    def used_proxy(self):
        """One with connections, if there is any."""
        proxies = [seat.proxy for seat in self.seats]
        return self.random.choice([p for p in proxies if p.is_used()] or proxies)

    def kill_collector(self):
        self.assertIsNone(self.collector.process.poll())
        self.collector.kill()
        self.collector.start()

    def stop_collector(self):
        return self.stop(self.collector.process)

    def stop_client(self):
        return self.stop(self.any_seat().process)

    @staticmethod
    def stop(process):
        process.send_signal(signal.SIGSTOP)
        return lambda: process.poll() is None and process.send_signal(signal.SIGCONT)

    def kill_client(self):
        seat = self.any_lasting_seat()
        self.assertTrue(seat.is_well(), seat.name)
        seat.kill()
        seat.sit_down()

    def reset(self):
        self.used_proxy().reset()

    def half_open(self):
        """For connections that are there, and sometimes for new ones too."""
        directions = self.random.choice((("up",), ("down",), ("up", "down")))
        new_ones = self.random.choice((None, None, None, "mute", "unanswered"))
        end = self.used_proxy().stall(directions, new_ones)
        heals = self.random.random() < 0.5
        return lambda: end(heals)

    def slow_reader(self):
        return self.used_proxy().read_slowly()

    def full_disk(self):
        """Together with a broken way, so that memory has to do."""
        path = os.path.join(self.disk, "ballast")
        with open(path, "wb", buffering=0) as ballast:
            try:
                while True:
                    ballast.write(bytes(4096))
            except OSError:
                pass
        end = self.seats[-1].proxy.stall(chaos_network.BOTH,
                                         self.random.choice(("mute", "unanswered")))

        def empty():
            if os.path.exists(path):
                os.unlink(path)
            end(self.random.random() < 0.5)
        return empty

    def step_client_clock(self):
        self.any_seat().clock.set(self.random.choice((-HOUR, 0, HOUR)))

    def step_collector_clock(self):
        self.collector.clock.set(self.random.choice((-HOUR, 0, HOUR)))

    @staticmethod
    def new_address():
        chaos_network.take_another_address()

    def weights(self):
        """Fault → how often it comes, and whether it may last long."""
        faults = {
            "kill_collector": (5, False), "stop_collector": (6, True),
            "kill_client": (20, False), "stop_client": (10, True), "reset": (16, False),
            "half_open": (14, True), "slow_reader": (8, True),
            "step_client_clock": (6, False), "step_collector_clock": (4, False),
        }
        if self.inside:
            faults["full_disk"] = (4, False)
            faults["new_address"] = (6, False)
        return faults

    def end_due(self, until):
        """Ends what is due, until then."""
        while self.ends and self.ends[0][0] <= until:
            when, _, end = heapq.heappop(self.ends)
            time.sleep(max(0, when - time.monotonic()))
            end()
        time.sleep(max(0, until - time.monotonic()))

    def cause(self, name, may_last_long):
        """The collector stops for longer than the others wait, but rarely."""
        share = FORM.long_share / (3 if name == "stop_collector" else 1)
        lasting = FORM.full if name == "full_disk" else FORM.lasting
        if may_last_long and self.random.random() < share:
            lasting = FORM.long
        lasts = self.random.uniform(*lasting)
        self.counts[name] += 1
        self.counts["lasting long"] += lasting is FORM.long
        end = getattr(self, name)()
        if end:
            heapq.heappush(self.ends,
                           (time.monotonic() + lasts, sum(self.counts.values()), end))

    def wreak_havoc(self):
        faults = self.weights()
        wait_until(lambda: all(seat.has_told() for seat in self.seats), DELIVERED,
                   "the clients' first records")
        names = self.random.sample(list(faults), len(faults))  # each at least once
        names += self.random.choices(list(faults), [weight for weight, _ in faults.values()],
                                     k=FORM.faults)
        for name in names[:FORM.faults]:
            self.end_due(time.monotonic() + self.random.uniform(0, FORM.pause))
            self.cause(name, faults[name][1])
        while self.ends:
            self.end_due(self.ends[0][0])

    # Peace

    def deliver(self):
        """Successors deliver what the killed ones left; the others end by themselves."""
        for seat in self.seats:
            self.assertTrue(seat.is_well(), seat.name)
            if seat.spool != self.disk:
                seat.kill()
                seat.sit_down(tells=False)
        self.hurry()
        wait_until(lambda: not any(self.journals(seat.spool) for seat in self.seats
                                   if seat.spool != self.disk), DELIVERED, "empty spools")
        for seat in self.seats:
            seat.process.terminate()
        self.hurry()
        for seat in self.seats:
            self.assertEqual(seat.process.wait(DELIVERED), 0, seat.log)

    def hurry(self):
        """Ends the wait of those who back off."""
        if self.inside:
            self.new_address()

    @staticmethod
    def journals(spool):
        return [name for _, _, files in os.walk(spool) for name in files
                if name.endswith(".journal")]

    def judge(self):
        self.assertEqual(self.collector.stop(), 0)
        self.assertNotIn("runtime error", "\n".join(self.collector.output))
        store = chaos_store.Store(self.collector)
        told = [row for seat in self.seats for row in seat.told()]
        verdict = chaos_store.Verdict(told, store)
        self.counts["clients' own time-outs"] = sum(p.given_up for p in self.proxies)
        self.counts["collector's time-outs"] = (self.collector.count_closed("4008")
                                                + self.collector.count_closed("4003"))
        print(f"\n{dict(self.counts)}\n{FORM.faults} faults, {verdict.records} records of "
              f"{len(told)} fabrics in {len(store.sessions)} sessions: {verdict.lost} lost, "
              f"{verdict.doubled} doubled, {sum(store.gaps.values())} told as missing",
              file=sys.stderr)
        self.assertEqual(verdict.faults, [])
        self.assertEqual((verdict.lost, verdict.doubled), (0, 0))
        self.assertGreaterEqual(verdict.records, FORM.records)
        self.judge_gaps(store)

    def judge_gaps(self, store):
        """Only the small disk makes any; they tell exactly what is missing."""
        user = self.seats[-1].user
        gaps = store.gaps.pop(user, 0)
        self.assertEqual(store.gaps, {})
        if not self.disk:
            self.assertEqual(gaps, 0)
            return
        account = {name: int(n) for name, n in re.findall(r"^([a-z-]+): (\d+)$",
                                                          self.seats[-1].last_words(), re.M)}
        self.assertEqual(gaps, account["records-thinned"] + account["records-dropped"])
        self.assertEqual(store.stored_of(user), account["records-acked"])
        missing = account["events"] + account["reports"] - store.rows_of(user)
        # Beside what is told of fabrics, users join, are alive every 10 s, and leave.
        lifetime = time.monotonic() - self.begin
        self.assertLessEqual(missing, gaps)
        self.assertLessEqual(gaps, missing + 2 * (lifetime / 10 + 3))

    def test_nothing_is_lost_or_doubled(self):
        try:
            self.wreak_havoc()
            self.deliver()
            self.judge()
        except BaseException:
            for seat in self.seats:
                print(f"{seat.name}: {seat.last_words()}", file=sys.stderr)
            print("collector: " + "\n".join(self.collector.output[-20:]), file=sys.stderr)
            print(f"CALLSTATS_CHAOS_SEED={SEED}", file=sys.stderr)
            raise
        print(f"{time.monotonic() - self.begin:.0f} s, CALLSTATS_CHAOS_SEED={SEED}",
              file=sys.stderr)


if __name__ == "__main__":
    enter_namespaces()
    harness.main()
