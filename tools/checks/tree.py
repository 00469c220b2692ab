"""The files of the tree as the checks see them: what git tracks or would track."""

import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]


def tracked_files():
    """Paths relative to the root, tracked or new but not ignored, that exist."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True).stdout
    names = sorted(set(listed.decode().split("\0")) - {""})
    return [pathlib.PurePosixPath(name) for name in names if (ROOT / name).is_file()]


def changed_files():
    """What differs from where this branch left main, else from the commit before."""
    def git(*arguments):
        run = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)
        return run.stdout.split() if run.returncode == 0 else []

    head = git("rev-parse", "HEAD")
    base = git("merge-base", "HEAD", "main") or git("merge-base", "HEAD", "origin/main")
    if not base or base == head:
        base = git("rev-parse", "HEAD~")
    names = set(git("diff", "--name-only", *base))
    names |= set(git("ls-files", "--others", "--exclude-standard"))
    return {pathlib.PurePosixPath(name) for name in names}


def report(findings, remedy):
    """Prints findings and what to do about them; returns the exit status."""
    for finding in findings:
        print(finding)
    if findings:
        print(remedy)
    return 1 if findings else 0
