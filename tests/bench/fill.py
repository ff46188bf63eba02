# SPDX-License-Identifier: ISC
"""Queues of many messages, made of one that a program has queued."""

import os
import pathlib
import re
import shutil


def filled(field, name, task, folder, files, new_id, place=lambda path: path):
    """A queue of task.count messages: the files of one (see lone) are copied under other IDs.
    Returns the script that puts it into the folder, and on the disk.
    """
    full = field.state / f"full-{name}"
    for number in [] if full.exists() else range(task.count):
        for path, data, old in files:
            new = new_id(old, number)
            copy = full / place(pathlib.Path(str(path).replace(old, new)))
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(data.replace(old.encode(), new.encode()))
            original = field.seen(folder) / path
            alike(original, copy)
            alike(original.parent, copy.parent)
    return field.script(f"fill-{name}", f"find {folder} -type f -delete; cp -a {full}/. {folder}/ && sync")


def alike(original, copy):
    shutil.copystat(original, copy)
    status = original.stat()
    os.chown(copy, status.st_uid, status.st_gid)


def lone(folder, pattern):
    """The files of the only message in a queue, for filled; the pattern's group is its ID."""
    found = []
    for path in folder.rglob("*"):
        match = re.fullmatch(pattern, path.name)
        if match and path.is_file():
            found.append((path.relative_to(folder), path.read_bytes(), match.group(1)))
    assert len({old for _, _, old in found}) == 1, f"{folder} has not one message: {found}"
    return found


def base36(number, digits):
    text = ""
    for _ in range(digits):
        number, digit = divmod(number, 36)
        text = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[digit] + text
    return text
