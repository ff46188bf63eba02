# SPDX-License-Identifier: ISC
"""The test of disk.py: a file that is written and renamed, with more and more of the syncs that this takes."""

import pathlib
import tempfile

import disk

TEXT = b"whole"
OPEN, WRITE, RENAME = "openat", "write", "renameat"


def images(*calls):
    """After these calls, all that may be on disk."""
    with tempfile.TemporaryDirectory() as folder:
        top = pathlib.Path(folder) / "spool"
        top.mkdir()
        model, inode = disk.Disk(top), top.stat().st_ino
        lines = {
            OPEN: {"inode": inode, "path": top, "name": "tmp", "made": 1},
            WRITE: {"inode": 1, "path": top / "tmp", "at": 0, "data": TEXT.hex()},
            "overwrite": {"call": "pwrite64", "inode": 1, "path": top / "env", "at": 0, "data": b"W".hex()},
            "fsync": {"inode": 1, "path": top / "tmp"},
            RENAME: {"inode": inode, "path": top, "name": "tmp", "other-inode": inode, "other-name": "env"},
            "fsync of the folder": {"call": "fsync", "inode": inode, "path": top},
        }
        for when, call in enumerate(calls, 1):
            line = {"call": call, "begun": when - 1, **lines[call]}
            model.play(when, {**line, "path": str(line["path"])})
        return [{path.removeprefix("spool/"): text for path, text in image} for image in model.images()]


def main():
    """How many of these are not as they should be; all of them are said."""
    torn = lambda found: any(text != TEXT for image in found for text in image.values())
    lost = lambda found: any("env" not in image for image in found)
    rows = [
        ([OPEN, WRITE, RENAME], True, True),
        ([OPEN, WRITE, "fsync", RENAME], False, True),
        ([OPEN, WRITE, RENAME, "fsync of the folder"], True, False),
        ([OPEN, WRITE, "fsync of the folder", RENAME], True, True),
        ([OPEN, WRITE, "fsync", RENAME, "fsync of the folder"], False, False),
    ]
    wrong = [f"after {calls}" for calls, *words in rows if [torn(images(*calls)), lost(images(*calls))] != words]
    texts = {image["env"] for image in images(*rows[-1][0], "overwrite")}
    if texts != {TEXT, b"Whole"}:
        wrong.append(f"an octet that was overwritten is {texts}")
    if [image for image in images(OPEN, RENAME) if len(image) > 1]:
        wrong.append("a file has both its names")
    for word in wrong:
        print(f"self-test of the disk: {word}")
    return len(wrong)
