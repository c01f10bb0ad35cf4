import time


def wait_until(condition, what, timeout=30, every=0.05):
    """Returns the condition's value once it is true; fails with `what` otherwise."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"waited {timeout} s in vain for {what}"
        time.sleep(every)


def stays(condition, what, seconds):
    """The condition holds all the time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert condition(), f"did not hold: {what}"
        time.sleep(0.05)
