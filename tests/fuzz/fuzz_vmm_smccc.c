/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest that calls firmware with any function and arguments, from any of its vCPUs. The VMM and
 * the kernel agree about who is on, every vCPU starts within RAM, nothing reaches the machine's
 * firmware but the declared function, and what no version defines is answered NOT_SUPPORTED.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "guest.h"
#include "vmm_fake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

#define VCPUS 4u
#define RAM_BASE 0x40000000UL
#define RAM_BYTES 0x800000UL
#define DECLARED 0x82000010u
#define NOT_SUPPORTED (~0UL)

static uint8_t ram[RAM_BYTES] __attribute__((aligned(8)));
static uint8_t kernel[64];
static struct guest guest;
static bool seeded;

struct step {
    uint8_t vcpu;
    uint8_t how;
    uint16_t function;
    uint32_t x1;
    uint64_t x2;
    uint64_t x3;
};

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void start(uint8_t policy)
{
    static const char *const configs[] = {
        "name f\ngic 2 0x8000000 0x8010000\ngic 3 0x8000000 0x80a0000\nsmc 0x82000010\n",
        "name f\ngic 2 0x8000000 0x8010000\ngic 3 0x8000000 0x80a0000\nsmc 0x82000010\n"
        "crash restart 2\n",
    };
    const char *config = configs[policy & 1];

    vmm_fake_reset(VCPUS, 2 + (policy >> 1 & 1));
    seeded = (policy & 4) != 0;
    vmm_fake.has_seed = seeded;
    memset(&guest, 0, sizeof(guest));
    kernel[18] = 0x20;
    memcpy(kernel + 56, "ARM\x64", 4);
    require(config_parse(config, strlen(config), &guest.config) == 0);
    guest.ram = (struct loader_ram){ ram, RAM_BASE, RAM_BYTES };
    guest.kernel = (struct guest_file){ kernel, sizeof(kernel) };
    require(guest_init(&guest) && guest_start(&guest));
}

/** Whether some version of the standards that are offered defines the function. */
static bool is_defined(uint32_t function)
{
    uint32_t number = function & 0xff;

    if (function == DECLARED || function == 0x80000000 || function == 0x80000001) {
        return true;
    }
    switch (function & ~0xffu) {
    case 0x84000000:
        /* PSCI: 0 to 4, 6, 8 to 0xa, 0xe, 0x12; TRNG: 0x50 to 0x53. */
        return (number < 0x20 && (0x4475fu >> number & 1) != 0) ||
               (number >= 0x50 && number <= 0x53 && seeded);
    case 0xc4000000:
        return (number < 0x20 && (0x4401au >> number & 1) != 0) || (number == 0x53 && seeded);
    default:
        return false;
    }
}

static void check_state(void)
{
    uint32_t running = 0;

    require(vmm_fake.wrong == 0);
    for (uint32_t i = 0; i < VCPUS; i++) {
        require(vmm_fake.running[i] == guest.psci.on[i]);
        if (vmm_fake.running[i]) {
            running++;
            require(vmm_fake.pc[i] % 4 == 0 && vmm_fake.pc[i] >= RAM_BASE &&
                    vmm_fake.pc[i] - RAM_BASE < RAM_BYTES);
        }
    }
    require((guest.state == GUEST_RUNNING) == (running > 0));
    require(guest.crash_restarts <= guest.config.crash_restarts);
}

static uint32_t function_of(const struct step *step)
{
    static const uint32_t bases[] = { 0x84000000, 0xc4000000, 0x80000000, 0x82000000 };

    if ((step->function & 0x8000) != 0) {
        return (uint32_t)step->function << 16 | (step->x1 & 0xffff);
    }
    return bases[step->function >> 8 & 3] | (step->function & 0xff);
}

/** Random numbers are as long as was asked for. */
static void check_random(uint32_t function, uint64_t asked, uint32_t vcpu)
{
    uint32_t width = (function & 0x40000000) != 0 ? 64 : 32;
    uint64_t bits = width == 32 ? asked & 0xffffffff : asked;

    for (uint32_t i = 0; i < 3; i++) {
        uint64_t first = (uint64_t)i * width;
        uint64_t most = bits <= first || bits > (uint64_t)3 * width ? 0 : bits - first;

        most = most < width ? most : width;
        require(most == 64 || vmm_fake.x[vcpu][3 - i] >> most == 0);
    }
}

static void run(const struct step *step)
{
    uint32_t vcpu = step->vcpu % VCPUS;
    uint32_t function = function_of(step);
    uint32_t immediate = (step->how & 2) != 0 ? step->x1 & 0xffff : 0;
    uint32_t smcs = vmm_fake.smcs;
    const uint64_t words[5] = {
        (uint64_t)(0x16 + (step->how & 1)) << 26 | immediate,
        (step->how & 0x20) != 0 ? 0xabcd00000000UL | function : function,
        (step->how & 4) != 0 ? step->x1 % 8 : step->x1,
        (step->how & 8) != 0 ? RAM_BASE + step->x2 % RAM_BYTES : step->x2,
        (step->how & 16) != 0 ? RAM_BASE + step->x3 % RAM_BYTES : step->x3,
    };

    /* One that is off makes no calls. */
    if (!vmm_fake.running[vcpu]) {
        return;
    }
    memset(vmm_fake.x, 0, sizeof(vmm_fake.x));
    struct guest_answer answer = guest_fault(&guest, VMM_FAKE_ID(vcpu), BH_FAULT_VCPU, words);

    require(!answer.reply || answer.label != BH_VCPU_ABORT);
    require(vmm_fake.smcs == smcs || (function == DECLARED && immediate == 0));
    if (immediate != 0 || !is_defined(function)) {
        require(answer.reply && answer.label == BH_VCPU_DONE && answer.value == NOT_SUPPORTED);
    }
    if (function == 0x84000053 || function == 0xc4000053) {
        check_random(function, words[2], vcpu);
    }
    check_state();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct step step;

    if (bytes == 0) {
        return 0;
    }
    start(data[0]);
    for (size_t at = 1; at + sizeof(step) <= bytes && guest.state == GUEST_RUNNING;
         at += sizeof(step)) {
        memcpy(&step, data + at, sizeof(step));
        run(&step);
    }
    return 0;
}
