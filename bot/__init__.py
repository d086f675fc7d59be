import gc

# What modules make while they are imported stays: looking through it again and again was a fifth of a start.
gc.set_threshold(10_000)
