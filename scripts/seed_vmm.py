#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Seed faults in the VMM's library, and see the fuzz targets find each within a minute.

    seed_vmm.py [TARGET ...]        targets: gic, smccc, images

Works in a temporary folder. Needs clang with libFuzzer ($CLANG, else clang-14) and libfdt.
"""
import sys

from seeding import CLANG, TOP, compile_others, compile_seeded, fuzz, run_table, seed

# What only the protection domain has, not the library.
NOT_LIBRARY = ["main.c", "sys_pd.c", "libfdt_glue.c"]

# Target, file below vmm/, what is there, and what stands there instead.
FAULTS = [
    ("gic", "gic.c", "        bank->routed &= ~bit;\n", ""),
    ("gic", "gic.c", "if (gic->version == 2 && number == 0) {", "if (gic->version == 0) {"),
    ("gic", "gic.c", "offset >= GIC_ICFGR_END || number >= GIC_BANKS ||\n        (",
     "offset >= GIC_ICFGR_END || ("),
    ("gic", "gicd.c", "gic->router[intid] = router & 0xff80ffffffUL;",
     "gic->router[intid] = router & 0x80ffffffUL;"),
    ("smccc", "psci.c", "    psci->on[vcpu] = false;\n    return ",
     "    return "),
    ("smccc", "psci.c", " && entry - psci->ram_base < psci->ram_bytes", ""),
    ("smccc", "smccc.c", "smccc->passed[i] == function", "smccc->passed[i] >= function"),
    ("smccc", "trng.c", "bits > (uint64_t)i * width ? bits - (uint64_t)i * width : 0", "bits"),
    ("images", "loader.c", "bytes - at < sections * LOADER_SECTION_BYTES", "false"),
    ("images", "loader.c", "header->memory_bytes > ram->bytes - header->text_offset", "false"),
    ("images", "dtb.c", "    (void)dtb_edit_remove(edit, dtb_is_memory);\n", ""),
    ("images", "dtb.c", " && fdt_check_full(base, bytes) == 0", ""),
    ("images", "config.c", "words_copy(from, to, room)", "words_copy(from, to, room + 1)"),
]


# What the library is built upon; programs of protection domains (pd_*.c) are not part of it.
OTHERS = ["virtio/*.c", "io/*/[!p]*.c", "io/*/p[!d]*.c", "tests/unit/vmm_fake.c"]


def run(work, target, file, old, new):
    """Whether the fuzz target finds the fault in time."""
    copy = seed(work, "vmm", file, old, new)
    program = work / "fuzz"
    includes = [TOP / "include", copy, TOP / "tests/unit", TOP / "tests/unit/vmm",
                TOP / "virtio/include", TOP]
    others = compile_others(CLANG, work, includes,
                            [path for others in OTHERS for path in sorted(TOP.glob(others))],
                            ["-w", "-O1", "-fsanitize=fuzzer-no-link"])
    sources = [TOP / f"tests/fuzz/fuzz_vmm_{target}.c",
               *(path for path in sorted(copy.glob("*.c")) if path.name not in NOT_LIBRARY)]
    compile_seeded(CLANG, includes, sources, program, ["-w", "-O1", "-fsanitize=fuzzer"],
                   [str(others), "-lfdt"])
    return fuzz(work, program, TOP / f"tests/fuzz/corpus/vmm_{target}",
                f"{target}: '{' '.join(old.split())}' in {file}")


if __name__ == "__main__":
    run_table(FAULTS, run, sys.argv[1:])
