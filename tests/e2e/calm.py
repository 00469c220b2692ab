"""For what is true for a short time only: a machine that stands still meanwhile spoils it."""

import time


def within(seconds, work, prepare=lambda: (), tries=20):
    """What `work` returns, which is given what `prepare` returned. Where it fails, and has taken longer
    than what it says holds true, nothing has been shown: both are done again."""
    for left in reversed(range(tries)):
        given = prepare()
        begun = time.monotonic()
        try:
            return work(*given)
        except AssertionError:
            if time.monotonic() - begun < seconds or left == 0:
                raise
    return None
