"""The requests of the benchmarks to plain PyTorch, one line each on stdin.

    NAME N      do the work NAME N times                 -> seconds taken
    NAME-T N    do the work NAME N times on T threads    -> seconds taken
"""

import argparse
import sys
import time

import torch


def options(description):
    """The options of a baseline; all random numbers follow from `seed`."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=42)
    found = parser.parse_args()
    torch.set_num_threads(found.threads)
    torch.manual_seed(found.seed)
    return found


def serve(works, threads):
    """Prints one line of versions, then answers requests for `works` (functions by name) until stdin ends."""
    python = ".".join(map(str, sys.version_info[:3]))
    print(f"python {python} torch {torch.__version__} threads {threads}", flush=True)
    for line in sys.stdin:
        work, _, count = line.strip().partition(" ")
        name, _, number = work.partition("-")
        if name not in works or not (number or "1").isdigit() or not count.isdigit():
            print(f"error: expected one of {', '.join(works)} and a number, got {line.strip()!r}", flush=True)
            continue
        torch.set_num_threads(int(number or threads))
        print(f"{seconds(works[name], int(count)):.6f}", flush=True)


def seconds(work, times):
    start = time.perf_counter()
    for _ in range(times):
        work()
    return time.perf_counter() - start
