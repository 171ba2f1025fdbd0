# SPDX-License-Identifier: LGPL-2.1-or-later
"""Ways between clients and a collector that break as networks do.

All of them live on one thread with a loop of its own; methods are for the test's thread.
"""

import asyncio
import fcntl
import random
import socket
import struct
import threading

BOTH = ("up", "down")
CHUNK = 65536
SLOW_CHUNK = 16  # bytes that a slow reader takes at a time
SLOW_PAUSE = 0.005
RECEIVE_BUFFER = 4096  # a reader that stops is felt soon
TCP_CLOSE_WAIT, TCP_CLOSE = 8, 7  # include/net/tcp_states.h: the client has given up
GAVE_UP_AFTER = 15  # seconds: no other time-out of a client is that long

SIOCGIFFLAGS, SIOCSIFFLAGS, SIOCSIFADDR = 0x8913, 0x8914, 0x8916
IFF_UP = 1


def bring_loopback_up():
    """In a network namespace of one's own."""
    _change_flags(b"lo", IFF_UP)


def take_another_address():
    """As a machine does that comes into another network; connections stay."""
    address = struct.pack("=HH4s8s", socket.AF_INET, 0,
                          bytes((10, *random.randbytes(3))), bytes(8))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, SIOCSIFADDR, struct.pack("=16s16s", b"lo:1", address))


def _change_flags(interface, flags):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = fcntl.ioctl(control, SIOCGIFFLAGS, struct.pack("=16sH14x", interface, 0))
        had, = struct.unpack("=16xH14x", request)
        fcntl.ioctl(control, SIOCSIFFLAGS,
                    struct.pack("=16sH14x", interface, had | flags))


class Network:
    """The thread."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.servers = []
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def call(self, function, *arguments):
        """Runs it on the loop and waits for what it returns."""
        async def run():
            return function(*arguments)
        return asyncio.run_coroutine_threadsafe(run(), self.loop).result(30)

    def stop(self):
        self.call(self._cancel_all)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(30)
        self.loop.close()

    def _cancel_all(self):
        for server in self.servers:
            server.close()
        for task in asyncio.all_tasks(self.loop) - {asyncio.current_task()}:
            task.cancel()


class _Link:
    """One connection of a client, and ours to the collector for it."""

    def __init__(self, writer):
        self.writers = [writer]
        self.gates = {direction: asyncio.Event() for direction in BOTH}
        for gate in self.gates.values():
            gate.set()
        self.stalled_at = None
        self.slow = False
        self.dies_young = False  # its request passes, but no more

    def stall(self, directions, now):
        self.stalled_at = now
        for direction in directions:
            self.gates[direction].clear()

    def go_on(self):
        self.stalled_at = None
        self.dies_young = False
        for gate in self.gates.values():
            gate.set()

    def has_been_left(self):
        """Whether the client has closed it."""
        client = self.writers[0].get_extra_info("socket")
        try:
            state = client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
        except OSError:
            return True
        return state in (TCP_CLOSE_WAIT, TCP_CLOSE)

    def reset(self):
        for writer in self.writers:
            connection = writer.get_extra_info("socket")
            if connection is not None and connection.fileno() >= 0:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                      struct.pack("ii", 1, 0))
            writer.transport.abort()
        self.go_on()


class Proxy:
    """A port of its own through which a client's connections go to the collector."""

    def __init__(self, network, collector_port):
        self.network = network
        self.collector_port = collector_port
        self.given_up = 0  # stalled connections that the client found dead
        self._links = set()
        listener = socket.create_server(("127.0.0.1", 0))
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        self.port = listener.getsockname()[1]
        self._way = network.call(asyncio.Event)  # of new connections
        network.call(self._way.set)
        self._blocks = 0  # of new connections, but for their requests
        network.servers.append(asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._serve, sock=listener, limit=RECEIVE_BUFFER),
            network.loop).result(30))

    @property
    def origin(self):
        return f"ws://127.0.0.1:{self.port}"

    def is_used(self):
        return bool(self._links)

    def reset(self):
        """RST in both directions."""
        self.network.call(self._each, _Link.reset)

    def stall(self, directions, new_ones=None):
        """What comes from now on stays here; nobody is told. Of new connections all stays
        here ("mute"), or all but the request ("unanswered"). Returns what ends it, with
        whether it heals or is reset."""
        return self.network.call(self._stall, directions, new_ones)

    def read_slowly(self):
        """Returns what ends it."""
        return self.network.call(self._read_slowly)

    def _each(self, function):
        for link in list(self._links):
            function(link)

    def _stall(self, directions, new_ones):
        links = set(self._links)
        for link in links:
            link.stall(directions, self.network.loop.time())
        if new_ones == "mute":
            self._way.clear()
        elif new_ones == "unanswered":
            self._blocks += 1
        return lambda heals: self.network.call(self._go_on, links, new_ones, heals)

    def _go_on(self, links, new_ones, heals):
        now = self.network.loop.time()
        if new_ones == "mute":
            self._way.set()
        elif new_ones == "unanswered":
            self._blocks -= 1
            links = links | {link for link in self._links if link.dies_young}
        for link in links & self._links:
            if (link.stalled_at is not None and now - link.stalled_at > GAVE_UP_AFTER
                    and link.has_been_left()):
                self.given_up += 1
            if heals:
                link.go_on()
            else:
                link.reset()

    def _read_slowly(self):
        links = set(self._links)
        for link in links:
            link.slow = True

        def end():
            for link in links:
                link.slow = False
        return lambda: self.network.call(end)

    async def _serve(self, reader, writer):
        link = _Link(writer)
        link.dies_young = self._blocks > 0
        self._links.add(link)
        try:
            await self._way.wait()
            up_reader, up_writer = await asyncio.open_connection(
                "127.0.0.1", self.collector_port, limit=RECEIVE_BUFFER)
            link.writers.append(up_writer)
            await asyncio.gather(self._pump(link, "up", reader, up_writer),
                                 self._pump(link, "down", up_reader, writer))
        except OSError:
            pass  # either end is gone, and so is the other now
        except asyncio.CancelledError:
            link.reset()
        finally:
            self._links.discard(link)
            for each in link.writers:
                each.close()

    async def _pump(self, link, direction, reader, writer):
        while data := await reader.read(SLOW_CHUNK if link.slow else CHUNK):
            await link.gates[direction].wait()
            writer.write(data)
            await writer.drain()
            if link.dies_young:
                link.stall(BOTH, self.network.loop.time())
            if link.slow:
                await asyncio.sleep(SLOW_PAUSE)
        await link.gates[direction].wait()
        if writer.can_write_eof():
            writer.write_eof()
