# SPDX-License-Identifier: LGPL-2.1-or-later
"""A hostile backend neither crashes a client nor costs it more than 1 MiB, has the documented
reaction, and takes no record: an honest backend then gets all of them, once and in order.

    test_hostile_backend.py CLIENT FAMILY [ATTACK…]

CALLSTATS_LONG=1 repeats each attack; CALLSTATS_SANITIZED=1 leaves memory to the sanitizer.
"""
import concurrent.futures
import os
import sys
import threading
import time
import traceback

from attacks import AGAIN, CLOSING, FAMILIES, GREETING, ON, QUIETLY, RECORDS, STOP, WELCOMED
from backend import Backend, Closed, Victim

GROWTH_KIB = 1024
REPEATS = 10 if os.environ.get("CALLSTATS_LONG") == "1" else 1
SANITIZED = os.environ.get("CALLSTATS_SANITIZED") == "1"
AT_ONCE = 8
WARM_UPS = 5


class Scene:
    """One attack in one state, on a connection of its own and with a client of its own."""

    def __init__(self, victim, attack, state):
        self.victim = victim
        self.attack = attack
        self.state = state
        self.attacked = threading.Event()
        self.closed_with = None
        self.backend = Backend(self.handler)

    def handler(self, peer):
        peer.read_request()
        if self.state is not None:
            peer.answer_101()
            self.bring_to_state(peer)
        try:
            self.attack.act(peer)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it has had enough
        finally:
            self.attacked.set()
        if self.state == CLOSING or (self.state is None and self.attack.reaction is not ON):
            return
        if self.attack.reaction == ON:
            self.go_on(peer)
        else:
            peer.socket.settimeout(20)
            self.closed_with = peer.read_close()

    def bring_to_state(self, peer):
        if self.state in (WELCOMED, RECORDS, CLOSING):
            peer.greet()
        if self.state == RECORDS:
            peer.read_kind("records")
        elif self.state == CLOSING:
            self.closing_peer = peer
            try:
                while True:
                    peer.store(peer.read_message())
                    peer.ack()
            except Closed:
                pass

    def go_on(self, peer):
        if self.state == GREETING:
            peer.greet()
        elif self.state == RECORDS:
            # What was read before the attack is told to the end of it, and stays unstored:
            # the next connection brings it again.
            return
        peer.serve()

    def run(self):
        warned = len(self.victim.warnings)
        try:
            self.victim.command("open", self.backend.url)
            self.victim.command("tell", 1)
            if self.state == CLOSING:
                self.backend.wait(lambda: self.backend.numbers == [1], "the first number")
                self.victim.command("close")
                self.backend.wait(self.attacked.is_set, "the attack")
            else:
                self.backend.wait(self.attacked.is_set, "the attack")
                self.deliver()
                self.check(self.victim.warnings[warned:])
                self.victim.command("close")
        finally:
            self.backend.close()

    def deliver(self):
        if self.attack.reaction == STOP:
            self.wait_for_state("stopped")
            self.victim.command("secret")
        self.victim.command("tell", 2)
        self.backend.wait(lambda: len(self.backend.numbers) >= 2 and self.backend.reports >= 2,
                          "delivery to an honest backend")
        self.backend.wait(lambda: int(self.stats()[1]) == 0, "all acknowledged")

    def stats(self):
        return self.victim.command("stats")

    def wait_for_state(self, state):
        self.backend.wait(lambda: self.stats()[0] == state, state)

    def check(self, warnings):
        if self.backend.numbers != [1, 2] or self.backend.reports != 2:
            raise AssertionError(f"stored {self.backend.numbers}, {self.backend.reports} reports")
        if self.stats()[2] != "0":
            raise AssertionError("the client gave up records")
        if any(request and not request.startswith("GET /v1/stream ")
               for request in self.backend.requests):
            raise AssertionError(f"redirects are followed: {self.backend.requests}")
        self.check_reaction(warnings)

    def check_reaction(self, warnings):
        reaction = self.attack.reaction
        if self.state == RECORDS and reaction == ON:
            return  # hung up on by us
        if reaction in (ON, QUIETLY) and warnings:
            raise AssertionError(f"the client minds: {warnings}")
        if reaction in (AGAIN, STOP) and len(warnings) != 1:
            raise AssertionError(f"warnings: {warnings}")
        if any("\\033" in warning or "\\n" in warning for warning in warnings):
            raise AssertionError(f"control characters are passed on: {warnings}")
        if self.attack.code and self.closed_with != self.attack.code:
            raise AssertionError(f"closed with {self.closed_with}, not {self.attack.code}")


class Dead:
    """For the warm-up: what every attack uses, too."""
    name = "dead"
    reaction = AGAIN
    code = None

    @staticmethod
    def act(peer):
        peer.hang_up()


def warm_up(victim):
    for n in range(WARM_UPS):
        Scene(victim, Dead, (None, WELCOMED)[n % 2]).run()


def wait_for(condition, what, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(what())
        time.sleep(0.05)


def run_attack(program, attack, states):
    """Returns how many KiB the client grew, and at its peak."""
    victim = Victim(program)
    try:
        warm_up(victim)
        wait_for(lambda: victim.sockets() <= 0, lambda: "connections of the warm-up are open")
        before = victim.status("VmRSS")
        victim.reset_peak()
        for _ in range(REPEATS):
            for state in states:
                try:
                    Scene(victim, attack, state).run()
                except Exception as error:
                    raise AssertionError(f"{state}: {error!r}") from error
        wait_for(lambda: victim.sockets() <= 0,
                 lambda: f"{victim.sockets()} connections stay open")
        peak = victim.status("VmHWM") - before
        grown = victim.status("VmRSS") - before
    except BaseException:
        victim.process.kill()
        victim.process.wait()
        print("".join(victim.errors), file=sys.stderr)
        raise
    victim.end()
    if not SANITIZED and peak > GROWTH_KIB:
        raise AssertionError(f"the client grew by {grown} KiB, by {peak} KiB for a time")
    return grown, peak


def main():
    program, family, *names = sys.argv[1:]
    attacks = [attack for attack in FAMILIES[family] if not names or attack.name in names]
    failures = 0
    print(f"1..{len(attacks)}")
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        futures = [pool.submit(run_attack, program, attack,
                               [None] if family == "http" else attack.states)
                   for attack in attacks]
        for n, (attack, future) in enumerate(zip(attacks, futures), 1):
            try:
                grown, peak = future.result()
                print(f"ok {n} {family}/{attack.name} # {grown} KiB more, {peak} at the peak",
                      flush=True)
            except Exception as error:  # pylint: disable=broad-except
                failures += 1
                print(f"not ok {n} {family}/{attack.name}: {error}", flush=True)
                if names:
                    traceback.print_exc()
    return failures


if __name__ == "__main__":
    sys.exit(min(main(), 100))
