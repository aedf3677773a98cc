#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Seed faults in the virtIO core, and see that they are found.

    seed_virtio.py clauses [IDENTIFIER ...]
        Take away the code that keeps a clause of docs/virtio.md, and see the test that bears its
        identifier fail.
    seed_virtio.py fuzz [TARGET ...]
        Seed faults, and see the fuzz target find each within a minute, from the corpus in the tree.

    seed_virtio.py hostile
        Take away checks, and see the hostile driver of tests/guest/hostile.h notice each.

Works in a temporary folder. Needs cmocka and gcc, or clang with libFuzzer ($CLANG, else clang-14).
"""
import os
import re
import subprocess
import sys

from seeding import CLANG, TOP, compile_seeded, fuzz, run_table, seed

GUEST = ["virtio_driver.c", "virtio_probe.c", "virtio_world.c"]
# What the programs of the clauses share beside it.
RIGS = ["blk_rig.c", "console_rig.c", "packed_rig.c", "probe_rig.c", "split_rig.c",
        "virtio_race.c", "virtio_rig.c", "vnet_rig.c"]

# Identifier, file below virtio/, what is there, and what stands there instead.
CLAUSES = [
    ("VIO-STATUS-01", "vdev.c", "if (!dev->live || !vdev_queue_ready(dev, queue)) {",
     "if (!vdev_queue_ready(dev, queue)) {"),
    ("VIO-STATUS-02", "vdev.c", "if (!dev->live || vq->unsignalled == 0) {",
     "if (vq->unsignalled == 0) {"),
    ("VIO-STATUS-03", "vdev.c", "dev->status |= VIRTIO_STATUS_NEEDS_RESET;", ""),
    ("VIO-STATUS-04", "vdev.c",
     "        dev->transport->config_changed(dev);\n    }\n    if (dev->report",
     "    }\n    if (dev->report"),
    ("VIO-FEAT-01", "vdev.c", "!rules_kept(model, offered) ||", ""),
    ("VIO-FEAT-02", "vdev.c", "(features & ~dev->offered) != 0 || ", ""),
    ("VIO-FEAT-05", "vdev.c", "(offered & ~(CORE_FEATURES | model->features)) != 0 || ", ""),
    ("VIO-FEAT-06", "vdev.c", " | VIRTIO_F_VERSION_1;\n\n", ";\n\n"),
    ("VIO-RESET-01", "vdev.c", "    dev->status = 0;\n", ""),
    ("VIO-RESET-02", "virtq.c", "chain->epoch != queue->epoch || ", ""),
    ("VIO-CFG-01", "vmmio.c", "        store_config_word(mmio, i, dev->config + i, 4);\n", ""),
    ("VIO-SPLIT-02", "chain.c", ", .segment = chain->readable };", " };"),
    ("VIO-SPLIT-07", "virtq_split.c", "    if (queue->event_idx) {\n        /* VIO-SPLIT-10",
     "    if (true) {\n        /* VIO-SPLIT-10"),
    ("VIO-SPLIT-09", "virtq_split.c", "& VIRTIO_RING_NO_NOTIFY) == 0;",
     "& VIRTIO_RING_NO_NOTIFY) != 0;"),
    ("VIO-SPLIT-11", "virtq_split.c", "behind < queue->unsignalled;",
     "behind < queue->unsignalled - 1;"),
    ("VIO-SPLIT-13", "virtq_split.c",
     "    access_store32(queue->device, offset + 4, written);\n", ""),
    ("VIO-SPLIT-14", "virtq.c", "        written = most;\n", ""),
    ("VIO-SPLIT-16", "virtq_split.c", "if (!queue->event_idx) {\n        access_store16",
     "{\n        access_store16"),
    ("VIO-PACKED-05", "virtq_packed.c", "return avail == wrap && used != wrap;",
     "return avail == wrap;"),
    ("VIO-PACKED-08", "virtq.c", "(queue->packed ? 48 : 32)", "32"),
    ("VIO-PACKED-09", "virtq_packed.c", "        queue->used_wrap = !queue->used_wrap;\n", ""),
    ("VIO-PACKED-10", "virtq_packed.c", "        return false;\n    }\n    if (flags != VIRTIO",
     "    }\n    if (flags != VIRTIO"),
    ("VIO-MMIO-05", "vmmio.c",
     "    mmio->ops->lower(mmio->context, VIRTIO_INTERRUPT_ALL);\n", ""),
    ("VIO-MMIO-06", "vdev.c", "    dev->ready = 0;\n", ""),
    ("VIO-MMIO-07", "vmmio.c", "VIRTIO_MMIO_CONFIG_GENERATION / 4] + 1);",
     "VIRTIO_MMIO_CONFIG_GENERATION / 4]);"),
    ("VIO-MMIO-08", "virtq.c",
     "    if (!queue->ready) {\n        return VIRTIO_EMPTY;\n    }\n", ""),
    ("VIO-MMIO-11", "vdev.c", "dev->queues[queue].max_entries : 0;",
     "dev->queues[queue].max_entries : 1;"),
    ("VIO-MMIO-14", "vmmio.c", "if (width != 4) {", "if (width == 0) {"),
    ("VIO-CON-01", "vconsole.c", "    console->ops->emergency(",
     "    if (dev->live)\n        console->ops->emergency("),
    ("VIO-CON-03", "vconsole_control.c", " && !console->ports[i].added", ""),
    ("VIO-CON-04", "vconsole.c", "    if (p->added) {\n", "    {\n"),
    ("VIO-RNG-01", "vrng.c", "    if (got == 0) {\n        return false;\n    }\n", ""),
]

# Target, file below virtio/, what is there, and what stands there instead.
FAULTS = [
    ("split", "guestmem.c", "size.bytes < left ? size.bytes : left", "left ? size.bytes : left"),
    ("split", "virtq_split.c", "queue->entries - queue->in_flight", "queue->entries"),
    ("split", "virtq.c", "chain->epoch != queue->epoch || ", ""),
    ("packed", "virtq_packed.c", "(queue->entries - queue->in_flight)", "(queue->entries)"),
    ("packed", "virtq_packed.c", "queue->used >= queue->entries", "queue->used > queue->entries"),
    ("packed", "chain.c", "if (chain->count == chain->capacity) {",
     "if (chain->count == chain->capacity + 1) {"),
    ("mmio", "vdev.c", "((before & VIRTIO_STATUS_FEATURES_OK) == 0 || ", "("),
    ("mmio", "vmmio.c", "    mmio->ops->lower(mmio->context, VIRTIO_INTERRUPT_ALL);\n", ""),
    ("mmio", "vdev.c",
     "dev->stopping != VDEV_CALM ||\n        !step_allowed", "!step_allowed"),
    ("console", "vconsole_control.c", " && !console->ports[i].added", ""),
    ("console", "vconsole.c", "    console->pending_ports &= ~(1U << port);\n", ""),
    ("console", "vconsole.c", "        chain_clear(&p->chain);\n        p->output_blocked",
     "        p->output_blocked"),
    ("net", "vnet.c", "if (frame->bytes < VNET_ETHERNET_BYTES) {", "if (false) {"),
    ("net", "vnet.c", " && frame->gso_bytes != 0", ""),
    ("net", "vnet.c", "net->held_count == VNET_HELD_FRAMES", "false"),
    ("net", "vnet.c",
     " ||\n         (uint32_t)frame->csum_start + frame->csum_offset + 2U > frame->bytes", ""),
    ("net", "vnet_receive.c", "        (void)net->ops->unpost(net->context, true);\n", ""),
    ("net", "vnet_receive.c", "room < need", "room + 1 < need"),
    ("net", "vnet_receive.c", "net->turned ? next_stored(net, from) : ", ""),
    ("net", "vnet_control.c", "entries > VNET_MAX_FILTER", "false"),
    ("net", "vnet_control.c",
     " ||\n        (offloads & ~(net->dev.accepted & VNET_OFFLOADS)) != 0", ""),
    ("blk", "vblk.c", "!blk->slots[tag].chain.in_flight || blk->stopping",
     "!blk->slots[tag].chain.in_flight"),
    ("blk", "vblk_request.c", " || request->bytes % blk->disk.block_bytes != 0", ""),
    ("blk", "vblk_request.c", "blk->disk.read_only ? VBLK_IOERR : ", ""),
    ("blk", "vblk_request.c", " || range.sectors > most", ""),
]

# What the hostile driver must notice: kind of attack, and the same.
CHECKS = [
    ("loops", "virtq_split.c", "turns < queue->entries; turns++", "true; turns++"),
    ("loops", "virtq_split.c", "turns < chain->capacity; turns++", "true; turns++"),
    ("lists", "virtq_packed.c", "return taken == 1 ? VIRTIO_EMPTY : VIRTIO_ERR_PARTIAL;",
     "return VIRTIO_EMPTY;"),
    ("heads", "virtq_split.c", "        if (index >= queue->entries) {\n"
     "            return VIRTIO_ERR_HEAD;\n        }\n", ""),
    ("heads", "virtq_split.c",
     "        if (desc.next >= entries) {\n            return VIRTIO_ERR_HEAD;\n        }\n", ""),
    ("tables", "virtq_split.c", "    if ((desc.flags & VIRTIO_DESC_INDIRECT) != 0) {\n"
     "            return VIRTIO_ERR_INDIRECT;\n        }\n", "    "),
    ("tables", "virtq_packed.c", "taken == 1 ? add_indirect(queue, &desc, chain) : "
     "VIRTIO_ERR_INDIRECT", "add_indirect(queue, &desc, chain)"),
    ("tables", "virtq_packed.c", "entries > chain->capacity", "false"),
    ("directions", "chain.c", "if (!writable && chain->count != chain->readable) {",
     "if (false) {"),
    ("features", "vdev.c", "(features & ~dev->offered) != 0 || ", ""),
    ("set-up", "vdev.c", "    if (dev->queues[queue].ready || dev->stopping",
     "    if (dev->stopping"),
    ("set-up", "vdev.c", " ||\n        (dev->status & VIRTIO_STATUS_DRIVER_OK) != 0) {", ") {"),
    ("registers", "vmmio.c", "if (width != 4) {", "if (false) {"),
    ("status", "vdev.c", "        dev->live = false;\n    }\n    dev->transport->show_status",
     "    }\n    dev->transport->show_status"),
]


def build(compiler, copy, sources, output, arguments, libraries=()):
    compile_seeded(compiler, [TOP / "include", copy / "include", TOP / "tests/unit"],
                   [*sources, *sorted(copy.glob("*.c"))], output, arguments, libraries)


def run_clause(work, identifier, file, old, new):
    """Whether the clause's own test fails without the code that keeps it."""
    row = re.search(r"^\| " + identifier + r" \|.*\| `([^`]+)` `([^`]+)` \|$",
                    (TOP / "docs/virtio.md").read_text(), re.M)
    if row is None:
        sys.exit(f"seed_virtio: docs/virtio.md has no {identifier}")
    copy = seed(work, "virtio", file, old, new)
    program = work / "test"
    sources = [TOP / "tests/unit" / name for name in [row.group(1), *RIGS, *GUEST]]
    build("gcc", copy, sources, program, ["-w"], ["-lcmocka"])
    prefix = identifier.lower().replace("-", "_")
    environment = dict(os.environ, CMOCKA_MESSAGE_OUTPUT="STDOUT", BULKHEAD_TEST=prefix + "*")
    try:
        done = subprocess.run([program], capture_output=True, text=True, timeout=60,
                              env=environment)
        failed = done.returncode != 0
        ran = "[ RUN      ] " + prefix in done.stdout
    except subprocess.TimeoutExpired:
        failed = ran = True
    good = failed and ran
    print(f"{'found' if good else 'NOT FOUND'}: {identifier} without "
          f"'{' '.join(old.split())}' in {file}", flush=True)
    return good


def run_fault(work, target, file, old, new):
    """Whether the fuzz target finds the fault in time."""
    copy = seed(work, "virtio", file, old, new)
    program = work / "fuzz"
    folder = TOP / "tests/fuzz"
    sources = [folder / f"fuzz_virtio_{target}.c", folder / "virtio_guest.c",
               folder / "virtio_ring.c", *(TOP / "tests/unit" / name for name in GUEST)]
    build(CLANG, copy, sources, program, ["-w", "-O1", "-fsanitize=fuzzer"])
    return fuzz(work, program, folder / "corpus" / f"virtio_{target}",
                f"{target}: '{' '.join(old.split())}' in {file}")


def run_check(work, kind, file, old, new):
    """Whether the hostile driver notices that a check is gone."""
    copy = seed(work, "virtio", file, old, new)
    program = work / "test"
    driver = TOP / "tests/guest"
    sources = [TOP / "tests/unit" / name for name in ["test_virtio_hostile.c", *GUEST]]
    build("gcc", copy, [*sources, *sorted(driver.glob("hostile*.c"))], program,
          ["-w", f"-I{driver}"], ["-lcmocka"])
    try:
        good = subprocess.run([program], capture_output=True, timeout=30,
                              check=False).returncode != 0
    except subprocess.TimeoutExpired:
        good = True
    print(f"{'found' if good else 'NOT FOUND'}: {kind} without '{' '.join(old.split())}' "
          f"in {file}", flush=True)
    return good


def main():
    kinds = {"clauses": (CLAUSES, run_clause), "fuzz": (FAULTS, run_fault),
             "hostile": (CHECKS, run_check)}
    if len(sys.argv) < 2 or sys.argv[1] not in kinds:
        sys.exit(__doc__)
    table, run = kinds[sys.argv[1]]
    run_table(table, run, sys.argv[2:])


if __name__ == "__main__":
    main()
