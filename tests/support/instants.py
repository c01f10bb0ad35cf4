"""Random instants that can be had again."""

import os
import random


def random_instants():
    seed = int(os.environ.get("VENUS_SEED") or random.randrange(1 << 32))
    print(f"\nseed: VENUS_SEED={seed}")
    return random.Random(seed)
