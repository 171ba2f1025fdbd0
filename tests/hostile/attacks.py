# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a hostile backend does, and what docs/protocol.md says comes of it."""
import dataclasses
import itertools
import json
import select
import socket
import time
import typing

from backend import BINARY, CLOSE, DEADLINE, PING, PONG, Closed, deflate, frame

# When it happens: before or after the welcome, with records unacknowledged, or while the
# client closes.
GREETING, WELCOMED, RECORDS, CLOSING = "greeting", "welcomed", "records", "closing"
STATES = (GREETING, WELCOMED, RECORDS, CLOSING)
# What the client does: ends the connection, tells its user and makes another one; the same,
# but for its user to know; goes on with this one; stops until its configuration changes.
AGAIN, QUIETLY, ON, STOP = "again", "quietly", "on", "stop"

PROTOCOL, TOO_BIG, BAD_DATA = 1002, 1009, 1007  # RFC 6455's
FLOOD = 4 << 20
LITTLE = 1 << 15  # of what is tiny: 10 s must suffice to a sanitizer beside seven others


@dataclasses.dataclass
class Attack:
    name: str
    act: typing.Callable  # takes the Peer
    reaction: str = AGAIN
    states: tuple = STATES
    code: int = None  # with which the client closes; None: no matter


def sending(*data):
    return lambda peer: peer.send(b"".join(data))


def texts(*messages):
    return sending(*(frame((m if isinstance(m, str) else json.dumps(m)).encode())
                     for m in messages))


def endless(piece, size=FLOOD):
    """Sends, until the client has hung up or has taken a lot, and discards its answers."""
    def act(peer):
        block = piece * max(1, 65536 // len(piece))
        peer.socket.setblocking(False)
        sent, rest, end = 0, b"", time.monotonic() + DEADLINE
        try:
            while (sent < size or rest) and time.monotonic() < end:
                try:
                    rest = rest or block
                    n = peer.socket.send(rest)
                    sent, rest = sent + n, rest[n:]
                except BlockingIOError:
                    time.sleep(0.001)
                try:
                    peer.buffer += peer.socket.recv(65536)
                except BlockingIOError:
                    pass
        finally:
            peer.socket.settimeout(DEADLINE)
    return act


def wait_for_end(peer):
    """Without reading."""
    poll = select.poll()
    poll.register(peer.socket, 0)
    if not poll.poll(DEADLINE * 1000):
        raise AssertionError("the client keeps a connection that nobody reads from")
    raise Closed(0)


def deaf(piece, size=64 << 20):
    """Sends and never reads, until nothing more is taken; then waits to be hung up on."""
    def act(peer):
        block = piece * max(1, 65536 // len(piece))
        sent = 0
        peer.socket.settimeout(2)
        try:
            while sent < size:
                sent += peer.socket.send(block)
        except TimeoutError:
            pass
        finally:
            peer.socket.settimeout(DEADLINE)
        if sent >= size:
            raise AssertionError("the client reads on though nobody takes its answers")
        wait_for_end(peer)
    return act


def close(code=None, reason=b""):
    return frame((b"" if code is None else code.to_bytes(2, "big")) + reason, CLOSE)


def hang_up(peer):
    """What was not read would make a reset of it."""
    peer.socket.shutdown(socket.SHUT_WR)
    peer.read_close()
    raise Closed(0)


def reset(peer):
    peer.reset()
    raise Closed(0)


def then_hang_up(data):
    def act(peer):
        peer.send(data)
        hang_up(peer)
    return act


def then_wait(data):
    """Leaves it to the client to hang up, which has a bound."""
    def act(peer):
        peer.send(data)
        started = time.monotonic()
        peer.read_close()
        if time.monotonic() - started > 20:
            raise AssertionError("the client waits for ever with its close")
    return act


def deaf_after_bad_data(peer):
    """The client's goodbye is stuck behind answers to pings."""
    peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    peer.send(frame(bytes(125), PING) * 10000 + frame(b"\xff"))
    wait_for_end(peer)


# ---- Frames that RFC 6455 or the limits forbid: closed on at their header ----

FRAMES = [
    Attack("one-byte-too-long", sending(frame(bytes(65537))), code=TOO_BIG),
    Attack("claims-a-gigabyte", sending(frame(bytes(100000), length=1 << 30)), code=TOO_BIG),
    Attack("claims-everything", sending(frame(b"x", length=(1 << 64) - 1)), code=TOO_BIG),
    Attack("endless-frame", lambda peer: (peer.send(frame(length=1 << 40)),
                                          endless(bytes(65536))(peer))),
    Attack("first-fragment", sending(frame(b'{"type":', fin=False)), code=PROTOCOL),
    Attack("endless-fragments", lambda peer: (peer.send(frame(b" ", fin=False)), endless(
        frame(bytes(60000), 0, fin=False))(peer))),
    Attack("endless-empty-fragments", lambda peer: (peer.send(frame(b"", fin=False)), endless(
        frame(b"", 0, fin=False))(peer))),
    Attack("lone-continuation", sending(frame(b"{}", 0)), code=PROTOCOL),
    Attack("masked", sending(frame(b"{}", masked=True)), code=PROTOCOL),
    Attack("reserved-bit", sending(frame(b"{}", rsv=1)), code=PROTOCOL),
    Attack("permessage-deflate", sending(frame(deflate(b"{}"), rsv=4)), code=PROTOCOL),
    Attack("reserved-opcode", sending(frame(b"{}", 3)), code=PROTOCOL),
    Attack("reserved-control", sending(frame(b"", 0xB)), code=PROTOCOL),
    Attack("fragmented-ping", sending(frame(b"", PING, fin=False)), code=PROTOCOL),
    Attack("long-ping", sending(frame(bytes(126), PING)), code=PROTOCOL),
    Attack("long-pong", sending(frame(bytes(60000), PONG)), code=PROTOCOL),
    Attack("huge-close-reason", sending(close(1000, b"x" * 60000)), code=PROTOCOL),
    Attack("length-not-the-shortest", sending(frame(b"{}", form=8)), code=PROTOCOL),
    Attack("bad-after-good", sending(frame(b'{"type":"novel"}') * 50, frame(b"{}", 3)),
           code=PROTOCOL),
    Attack("garbage", sending(b"\xff" + bytes(range(256)) * 400)),
]

# ---- Messages that the protocol forbids ----

BOMB = deflate(b'{"type":"' + b" " * 60000000)
VALUES = [None, True, -1, 1.5, 1e300, "", "x", "1e2", [], {}, [[1]], "9" * 400,
          9007199254740993, "18446744073709551616"]


def wrong_welcomes():
    base = {"type": "welcome", "protocol": 1, "session": "s", "stored": 0, "config": {}}
    for name, value in itertools.product(("protocol", "stored"), VALUES):
        if not (name == "protocol" and value is True):
            yield {**base, name: value}
    yield {"type": "welcome"}
    yield {**base, "stored": 7}


MESSAGES = [
    Attack("bad-utf-8", sending(frame(b'{"type":"\xff\xfe"}')), code=BAD_DATA),
    Attack("bad-utf-8-inside", sending(frame(deflate(b'{"type":"\xff\xfe"}'), BINARY))),
    Attack("binary-garbage", sending(frame(b"\xff" * 1000, BINARY))),
    Attack("empty-binary", sending(frame(b"", BINARY))),
    Attack("deflate-bomb", sending(frame(BOMB, BINARY))),
    Attack("deflate-bombs", sending(frame(BOMB, BINARY) * 20)),
    Attack("deep-objects", texts('{"a":' * 13000)),
    Attack("deep-arrays", texts("[" * 60000)),
    Attack("deep-member", texts('{"type":"welcome","stored":' + "[" * 60000)),
    Attack("no-json", texts("Hello, world!")),
    Attack("empty-text", texts("")),
    Attack("nul", sending(frame(bytes(60000)))),
    Attack("array", texts("[]")),
    Attack("no-type", texts("{}")),
    Attack("null-type", texts('{"type":null}')),
    Attack("two-values", texts('{"type":"novel"}{}')),
    Attack("many-tiny-values", texts('{"type":"novel","a":[' + ",".join(["{}"] * 21000) + "]}")),
    Attack("many-members", texts('{"type":"novel",' + ",".join(
        f'"{n}":{{}}' for n in range(6000)) + "}")),
    Attack("records", texts('{"type":"records","first":1,"records":[{"type":"novel"}]}')),
    Attack("many-records", texts('{"type":"records","first":1,"records":['
                                 + ",".join(['{"type":"novel"}'] * 3500) + "]}")),
    Attack("part", texts('{"type":"part","sequence":1,"index":0,"last":false,"text":"{"}')),
    Attack("endless-part", texts(*(
        {"type": "part", "sequence": 1, "index": n, "last": False, "text": " " * 60000}
        for n in range(20)))),
    Attack("ack-from-the-future", texts('{"type":"ack","sequence":999}')),
    Attack("ack-of-2^53", texts('{"type":"ack","sequence":9007199254740993}')),
    Attack("ack-of-all", texts('{"type":"ack","sequence":"18446744073709551615"}')),
    Attack("ack-of-2^64", texts('{"type":"ack","sequence":18446744073709551616}')),
    Attack("ack-of-1e300", texts('{"type":"ack","sequence":1e300}')),
    Attack("ack-of-less-than-nothing", texts('{"type":"ack","sequence":-1}')),
    Attack("ack-of-nothing", texts('{"type":"ack"}')),
    Attack("ack-of-an-object", texts('{"type":"ack","sequence":{}}')),
    Attack("ack-in-between", texts('{"type":"ack","sequence":0.5}')),
    Attack("welcome-twice", lambda peer: texts(*[
        '{"type":"welcome","protocol":1,"stored":0,"config":{}}'] * 2)(peer),
           states=(GREETING, CLOSING)),
    Attack("another-welcome", texts('{"type":"welcome","protocol":1,"stored":0,"config":{}}'),
           states=(WELCOMED, RECORDS)),
    *(Attack(f"wrong-welcome-{n}", texts(message), states=(GREETING,))
      for n, message in enumerate(wrong_welcomes())),
    Attack("old-ack", texts('{"type":"ack","sequence":0}'), ON, (WELCOMED, RECORDS)),
    Attack("keyframe", texts('{"type":"keyframe"}'), ON),
    Attack("novel", texts('{"type":"novel","x":[1e308,"\\u0000",{"a":null}]}'), ON),
]

# ---- Ends ----

CODES = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 3000, 4000, 4003, 4004,
         4005, 4006, 4007, 4008, 4999]

CLOSES = [
    Attack("hangs-up", hang_up),
    Attack("resets", reset),
    Attack("hangs-up-in-a-header", then_hang_up(frame(bytes(60000))[:3])),
    Attack("hangs-up-in-a-frame", then_hang_up(frame(bytes(60000))[:3000])),
    *(Attack(f"closes-{code}", then_hang_up(close(code, b"why"))) for code in CODES),
    Attack("closes-without-a-code", then_hang_up(close())),
    Attack("closes-with-half-a-code", sending(frame(b"\x03", CLOSE)), code=PROTOCOL),
    *(Attack(f"closes-{code}", sending(close(code)), code=PROTOCOL)
      for code in (0, 999, 1005, 1006, 1015, 5000, 65535)),
    Attack("reason-is-no-utf-8", sending(close(1000, b"\xff\xfe")), code=PROTOCOL),
    Attack("reason-with-an-escape", then_hang_up(close(4000, b"\x1b[2J\r\n\x07forged line"))),
    Attack("closes-and-sends-on", then_hang_up(close(1001) + frame(b'{"type":"novel"}') * 500)),
    Attack("closes-twice", then_hang_up(close(1001) * 2)),
    Attack("closes-and-stays", then_wait(close(1001)), states=(WELCOMED, CLOSING)),
    Attack("stays-after-a-violation", then_wait(frame(b"", 3)), states=(WELCOMED, CLOSING)),
    Attack("stays-after-bad-data", then_wait(frame(b"\xff")), states=(WELCOMED, CLOSING)),
    Attack("token-ends", then_hang_up(close(4001)), QUIETLY),
    Attack("application-ends", then_hang_up(close(4002)), STOP, (GREETING, WELCOMED, RECORDS)),
]

# ---- Without end ----

FLOODS = [
    Attack("endless-pings", endless(frame(b"", PING), LITTLE), ON),
    Attack("endless-long-pings", endless(frame(bytes(125), PING)), ON),
    Attack("endless-pongs", endless(frame(b"", PONG), LITTLE), ON),
    Attack("endless-novelties", endless(frame(b'{"type":"novel"}'), LITTLE), ON),
    Attack("endless-keyframes", endless(frame(b'{"type":"keyframe"}'), LITTLE), ON,
           (WELCOMED, RECORDS, CLOSING)),
    Attack("endless-acks", endless(frame(b'{"type":"ack","sequence":0}'), LITTLE), ON,
           (WELCOMED, RECORDS)),
    Attack("endless-long-messages", endless(frame(b'{"type":"novel","x":"' + b"x" * 60000 + b'"}')),
           ON),
    Attack("deaf-at-first", deaf(frame(b"", PING)), states=(GREETING,)),
    Attack("deaf-at-once", deaf(frame(bytes(125), PING)), states=(WELCOMED,)),
    Attack("deaf-in-between", deaf(frame(bytes(9), PING)), states=(RECORDS,)),
    Attack("deaf-after-bad-data", deaf_after_bad_data, states=(WELCOMED,)),
]

# ---- Instead of a 101 ----

OK = b"HTTP/1.1 200 OK\r\n"


def drip(peer):
    """A byte now and then, until the client has hung up."""
    peer.send(b"HTTP/1.1 101 Switching Protocols\r\nX: ")
    peer.socket.settimeout(0.2)
    started = time.monotonic()
    while time.monotonic() - started < 30:
        try:
            if not peer.socket.recv(1024):
                return
        except TimeoutError:
            peer.send(b"x")
    raise AssertionError("the client waits for ever for an answer")


def silence(peer):
    """Right up to the end of the 101, and then nothing."""
    peer.answer_101()
    peer.read_close()


def with_101(*extra, **changes):
    return lambda peer: peer.answer_101(*extra, **changes)


def answering(status, *lines, body=b""):
    text = "\r\n".join([f"HTTP/1.1 {status}", *lines, f"Content-Length: {len(body)}", "", ""])
    return sending(text.encode("latin-1"), body)


HTTP = [
    Attack("nothing", lambda peer: None),
    Attack("garbage", sending(b"\xff\x00" * 20000)),
    Attack("garbage-with-an-end", sending(b"\xff\x01\x02\r\n\r\n" * 100)),
    Attack("frames", sending(frame(b'{"type":"welcome","protocol":1,"stored":0}') * 9)),
    Attack("another-protocol", sending(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")),
    Attack("status-line-only", sending(b"HTTP/1.1 101\r\n\r\n")),
    Attack("status-of-words", sending(b"HTTP/1.1 one zero one\r\n\r\n")),
    Attack("status-beyond-int", sending(b"HTTP/1.1 99999999999999 Hm\r\n\r\n")),
    Attack("http-0.9", sending(b"<html>")),
    Attack("http-9", sending(b"HTTP/9.9 101 Switching Protocols\r\n\r\n")),
    Attack("bare-newlines", sending(b"HTTP/1.1 200 OK\nContent-Length: 0\n\n")),
    Attack("nul-in-the-header", sending(b"HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n")),
    Attack("folded", sending(OK + b"X: a\r\n" + b" b\r\n" * 1000 + b"\r\n")),
    Attack("header-without-a-colon", sending(OK + b"X\r\n\r\n")),
    Attack("endless-headers", lambda peer: (peer.send(OK), endless(
        b"X-Long: " + b"x" * 8000 + b"\r\n")(peer))),
    Attack("endless-line", lambda peer: (peer.send(OK + b"X: "), endless(b"x" * 8000)(peer))),
    Attack("endless-status-line", endless(b"HTTP/1.1 200 " + b"x" * 8000)),
    Attack("endless-interim-answers", endless(b"HTTP/1.1 100 Continue\r\n\r\n")),
    Attack("endless-body", lambda peer: (peer.send(OK + b"\r\n"), endless(bytes(8000))(peer))),
    Attack("claims-a-body", sending(OK + b"Content-Length: 18446744073709551615\r\n\r\n")),
    Attack("drip", drip),
    Attack("silence", silence),
    Attack("no-key", with_101(without=("Sec-WebSocket-Accept",))),
    Attack("wrong-key", with_101(Sec_WebSocket_Accept="AAAAAAAAAAAAAAAAAAAAAAAAAAA=")),
    Attack("no-upgrade", with_101(without=("Upgrade",))),
    Attack("another-upgrade", with_101(Upgrade="h2c")),
    Attack("no-connection", with_101(without=("Connection",))),
    Attack("no-subprotocol", with_101(without=("Sec-WebSocket-Protocol",))),
    Attack("another-subprotocol", with_101(Sec_WebSocket_Protocol="callstats.v2")),
    Attack("two-subprotocols", with_101("Sec-WebSocket-Protocol: callstats.v2")),
    Attack("permessage-deflate", with_101("Sec-WebSocket-Extensions: permessage-deflate")),
    Attack("accepted-and-garbage", with_101(behind=b"\xff" * 60000)),
    *(Attack(f"answers-{status}", answering(f"{status} Hm")) for status in
      (200, 204, 300, 400, 404, 407, 418, 426, 500, 502, 503, 599, 999)),
    *(Attack(f"redirects-{status}", answering(f"{status} Go", "Location: /elsewhere"))
      for status in (301, 302, 303, 307, 308)),
    Attack("redirects-away", answering("307 Go", "Location: ws://127.0.0.1:1/v1/stream")),
    Attack("asks-for-a-password", answering("401 No", 'WWW-Authenticate: Basic realm="x"'),
           QUIETLY),
    Attack("refuses-the-token", answering("401 No", 'WWW-Authenticate: Bearer error="x", '
                                          'error_description="\x07"'), QUIETLY),
    Attack("forbids", answering("403 No"), STOP),
    *(Attack(f"retry-after-{n}", answering("503 Wait", f"Retry-After: {value}"))
      for n, value in enumerate(("", "-1", "x", "0", "Thu, 99 Foo 9999 99:99:99 GMT",
                                 "Thu, 01 Jan 1970 00:00:00 GMT"))),
    Attack("reason-of-bytes", answering("500 \xfc\x1b[2J\x07")),
    Attack("hangs-up-in-the-answer", then_hang_up(b"HTTP/1.1 101 Swit")),
    Attack("resets", reset),
]

FAMILIES = {"frames": FRAMES, "messages": MESSAGES, "closes": CLOSES, "floods": FLOODS,
            "http": HTTP}
