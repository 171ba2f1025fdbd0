# SPDX-License-Identifier: LGPL-2.1-or-later
"""A callstats-collector of one's own: started, asked and stopped.

Used by tools/run_demo.py and by the end-to-end tests.
"""

import json
import os
import queue
import re
import secrets
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

LISTENING = re.compile(r"listening on (https?://\S+:(\d+)/)")


class CollectorError(Exception):
    """The collector did not start; the text says why."""


def start_child(command, **options):
    """Starts a process that Ctrl-C does not reach and that never outlives us."""
    return subprocess.Popen(["setpriv", "--pdeathsig", "TERM", *command],
                            stdin=subprocess.DEVNULL, start_new_session=True, **options)


def make_secret_file(path):
    """Returns the path of a file with an app secret, made once, readable by us only."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(32) + "\n")
    return path


class Collector:
    """One callstats-collector with its database in the folder `data`."""

    def __init__(self, program, data, app, secret_file, port=0):
        self.program = program
        self.data = data
        self.app = app
        self.secret_file = secret_file
        self.port = port
        self.move_to = None  # where it sends its clients when it is stopped
        self.origins = []  # beside its address
        self.process = None
        self.output = []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/"

    @property
    def backend(self):
        return f"ws://127.0.0.1:{self.port}/"

    def start(self, timeout=20):
        """Returns once it listens; a port of 0 has become the real one."""
        self.process = start_child(self._command(), stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True, errors="replace")
        lines = queue.Queue()
        self._reader = threading.Thread(target=self._read, args=(self.process, lines), daemon=True)
        self._reader.start()
        deadline = time.monotonic() + timeout
        while True:
            try:
                line = lines.get(timeout=max(0, deadline - time.monotonic()))
            except queue.Empty:
                self.stop()
                raise CollectorError(f"does not listen after {timeout} seconds") from None
            if line is None:
                self.process.wait()
                raise CollectorError("\n".join(self.output) or "ended without a word")
            match = LISTENING.search(line)
            if match:
                self.port = int(match.group(2))
                return self

    def stop(self, timeout=10):
        """Ends it by SIGTERM and returns its exit code."""
        if self.process.poll() is None:
            self.process.terminate()
        return self._wait(timeout)

    def kill(self):
        """Ends it without a chance to say goodbye."""
        self.process.kill()
        return self._wait(10)

    def get(self, path, query=None):
        """Asks the query API below this application; None if it knows no such thing."""
        url = f"{self.url}api/v1/apps/{urllib.parse.quote(self.app, safe='')}/{path}"
        if query:
            url += "?" + urllib.parse.urlencode(query)
        try:
            with self.open(url) as reply:
                return json.load(reply)
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise

    def open(self, url):
        """Asks it; the reply is to be closed."""
        # It is on this machine: no proxy of the environment's.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        return opener.open(url, timeout=10)

    def conference(self, conference):
        return self.get("conferences/" + urllib.parse.quote(conference, safe=""))

    def reports(self, fabric, **query):
        return self.get(f"fabrics/{urllib.parse.quote(fabric, safe='')}/reports", query)

    def __enter__(self):
        return self if self.process else self.start()

    def __exit__(self, *exception):
        if self.process:
            self.stop()

    def _command(self):
        return [self.program, "--listen", f"127.0.0.1:{self.port}",
                "--store", "sqlite:" + os.path.join(self.data, "callstats.sqlite"),
                "--app", self.app, "--app-secret-file", self.secret_file,
                *(["--move-to", self.move_to] if self.move_to else []),
                *(f"--origin={origin}" for origin in self.origins)]

    def _read(self, process, lines):
        with process.stdout:
            for line in process.stdout:
                self.output.append(line.rstrip("\n"))
                lines.put(line)
        lines.put(None)

    def _wait(self, timeout):
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()
        finally:
            self._reader.join(timeout)
