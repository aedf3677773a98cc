/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A hostile guest: a stream of accesses to its interrupt controller and of calls to firmware. The
 * kernel must never be asked for what it would refuse.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "guest.h"
#include "vmm_fake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

#define RAM_BYTES 0x800000UL
#define GICD 0x8000000UL
#define GICR 0x80a0000UL

static uint8_t ram[RAM_BYTES] __attribute__((aligned(8)));
static uint8_t kernel[64];

/** A step: what, vCPU, ESR's width and direction, offset, value. */
struct step {
    uint8_t kind;
    uint8_t vcpu;
    uint16_t shape;
    uint32_t offset;
    uint64_t value;
};

static void start(struct guest *guest, uint64_t version)
{
    static const char config[] = "name f\ngic 2 0x8000000 0x8010000\ngic 3 0x8000000 0x80a0000\n";

    vmm_fake_reset(4, version);
    memset(guest, 0, sizeof(*guest));
    memcpy(kernel + 56, "ARM\x64", 4);
    if (config_parse(config, sizeof(config) - 1, &guest->config) != 0) {
        abort();
    }
    guest->ram = (struct loader_ram){ ram, 0x40000000, RAM_BYTES };
    guest->kernel = (struct guest_file){ kernel, sizeof(kernel) };
    if (!guest_init(guest) || !guest_start(guest)) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static struct guest guest;
    struct step step;

    if (bytes == 0) {
        return 0;
    }
    start(&guest, 2 + (data[0] & 1));
    for (size_t at = 1; at + sizeof(step) <= bytes; at += sizeof(step)) {
        memcpy(&step, data + at, sizeof(step));
        uint64_t words[5] = { 0, 0, 0, 0, step.value };
        uint64_t label = BH_FAULT_MEMORY;

        if (step.kind % 4 == 0) {
            label = BH_FAULT_VCPU;
            words[0] = (uint64_t)(0x16 + (step.shape & 1)) << 26;
            words[1] = step.offset;
            words[2] = step.value & 0xff;
            words[3] = 0x40000000 | (step.value >> 8 & 0xffffff);
        } else {
            words[1] = (step.kind % 4 == 1 ? GICR : GICD) + step.offset % 0x100000;
            words[3] = (uint64_t)(step.shape & 3) << 22 | (step.shape & 0x40u);
        }
        (void)guest_fault(&guest, VMM_FAKE_ID(step.vcpu % 5), label, words);
        if (vmm_fake.wrong != 0) {
            abort();
        }
    }
    return 0;
}
