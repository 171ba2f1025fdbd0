#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""npm_ci.py NPM FOLDER package.json package-lock.json: what the latter names, in
FOLDER/node_modules.

Meson runs it when it configures, as it gets its wraps. Nothing is done again while the lock file
stays as it is; what npm has in its cache needs no network. No script of a package is run."""
import hashlib
import os
import shutil
import subprocess
import sys

# Where there is no registry, that is known soon.
OPTIONS = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline",
           "--no-update-notifier", "--loglevel=error", "--fetch-retries=1",
           "--fetch-retry-mintimeout=1000", "--fetch-timeout=30000"]
DEADLINE = 180


def digest(files):
    whole = hashlib.sha256()
    for name in files:
        with open(name, "rb") as file:
            whole.update(file.read())
    return whole.hexdigest()


def is_installed(stamp, wanted):
    try:
        with open(stamp, encoding="ascii") as file:
            return file.read() == wanted
    except FileNotFoundError:
        return False


def main(npm, folder, *files):
    # npm removes node_modules before it begins, and the stamp with it.
    stamp = os.path.join(folder, "node_modules", ".installed")
    wanted = digest(files)
    if is_installed(stamp, wanted):
        return 0
    for name in files:
        shutil.copy(name, folder)
    try:
        done = subprocess.run([npm, "ci", *OPTIONS], cwd=folder, stdin=subprocess.DEVNULL,
                              timeout=DEADLINE, check=False)
    except subprocess.TimeoutExpired:
        print(f"npm did not end within {DEADLINE} s", file=sys.stderr)
        return 1
    if done.returncode == 0:
        with open(stamp, "w", encoding="ascii") as file:
            file.write(wanted)
    return done.returncode


sys.exit(main(*sys.argv[1:]))
