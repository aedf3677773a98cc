#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Seed faults in the network's switch and offloads, and see the fuzz targets find each within a
minute.

    seed_net.py [TARGET ...]        targets: offload, switch

Works in a temporary folder. Needs clang with libFuzzer ($CLANG, else clang-14).
"""
import sys

from seeding import CLANG, TOP, compile_others, compile_seeded, fuzz, run_table, seed

# What the targets are made of beside their own files.
OTHERS = ["io/net/client.c", "io/net/direct.c", "io/net/landing.c", "io/net/offload.c",
          "io/net/sum.c", "io/net/switch.c", "io/net/switch_judge.c", "io/net/switch_send.c",
          "io/net/table.c", "io/ring/ring.c", "tests/fuzz/net_world.c",
          "tests/fuzz/net_world_state.c"]

# Target, file below io/net/, what is there, and what stands there instead.
FAULTS = [
    ("offload", "offload.c", " || headers > offload->head_bytes", ""),
    ("offload", "offload.c", " || frame->gso_bytes < NET_OFFLOAD_LEAST", ""),
    ("offload", "offload.c", " || head > NET_OFFLOAD_HEAD", ""),
    ("offload", "offload.c", "bytes < frame->bytes ? bytes : frame->bytes", "bytes"),
    ("switch", "switch.c", "frame.slot >= NET_SLOTS || ", ""),
    ("switch", "switch.c", " || (slot->holders & bit) == 0", ""),
    ("switch", "switch.c", "slot->number != entry->number || ", ""),
    ("switch", "switch.c", "entry->port >= sw->count || ", ""),
    ("switch", "switch.c", "    memset(port->out, 0, sizeof(port->out));\n", ""),
    ("switch", "switch_judge.c", " || payload > NET_BUFFER_BYTES - frame->offset", ""),
    ("switch", "switch_judge.c", "port->tokens < bytes", "port->rules.burst < bytes"),
    ("switch", "switch_send.c", "frame.slot > NET_BATCH_PIECES - first", "false"),
    ("switch", "switch_send.c", " && bytes == frame->bytes", ""),
    ("switch", "landing.c", " && piece->bytes <= memory->bytes - offset", ""),
    ("switch", "landing.c", "    net_ring_drop(&landing->posted);\n    landing->first = 0;",
     "    landing->first = 0;"),
    ("switch", "table.c", "table->counts[port] < NET_TABLE_SHARE", "true"),
]


def run(work, target, file, old, new):
    """Whether the fuzz target finds the fault in time."""
    copy = seed(work, "io", f"net/{file}", old, new)
    program = work / "fuzz"
    includes = [TOP / "include", TOP / "tests/unit", TOP]
    others = compile_others(CLANG, work, includes, [TOP / path for path in OTHERS],
                            ["-w", "-O1", "-fsanitize=fuzzer-no-link"])
    # The file with the fault comes before the archive, which has it without.
    sources = [TOP / f"tests/fuzz/fuzz_net_{target}.c", copy / "net" / file]
    compile_seeded(CLANG, [copy / "net", *includes], sources, program,
                   ["-w", "-O1", "-fsanitize=fuzzer"], [str(others)])
    return fuzz(work, program, TOP / f"tests/fuzz/corpus/net_{target}",
                f"{target}: '{' '.join(old.split())}' in {file}")


if __name__ == "__main__":
    run_table(FAULTS, run, sys.argv[1:])
