/* SPDX-License-Identifier: BSD-2-Clause */
#include "machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bootdesc.h"
#include "describe.h"
#include "poke.h"
#include "sched.h"

/** Thread numbers that world_thread() does not give. */
#define MACHINE_FIRST_ID 100

struct vm machine_vm;
struct vcpu machine_vcpus[2];
struct thread *machine_vmm;
static struct vcpu *machine_loaded;
static _Alignas(8) struct describe machine_description;

static void machine_expect(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "machine: %s\n", what);
        abort();
    }
}

static void machine_add_vcpu(uint32_t index)
{
    struct vcpu *v = &machine_vcpus[index];
    memset(v, 0, sizeof(*v));
    v->vm = &machine_vm;
    v->index = index;
    v->thread.id = (uint16_t)(MACHINE_FIRST_ID + index);
    v->thread.cpu = (uint8_t)index;
    v->thread.priority = 10;
    v->thread.flags = THREAD_VCPU;
    memcpy(v->thread.name, "guest", 6);
    sched_init_thread(&v->thread, 1000, 1000);
    poke_register(&v->thread);
    world_adopt(machine_vmm, MACHINE_CHILD(index), &v->thread);
    machine_vm.vcpus[index] = v;
    vgic_reset_vcpu(v);
}

void machine_reset(void)
{
    world_reset(2);
    arch_fake_ram(DESCRIBE_RAM_BYTES);
    describe_right(&machine_description);
    machine_expect(bootdesc_check(&machine_description, sizeof(machine_description)) == NULL,
                   "the description is wrong");
    fake_load_vcpu(NULL);
    fake_timer_output(false);
    arch_lr_underflow(false);
    machine_loaded = NULL;
    memset(&machine_vm, 0, sizeof(machine_vm));
    machine_vmm = world_thread("vmm", 0, 20);
    machine_vmm->vm = &machine_vm;
    machine_vm.vmm = machine_vmm;
    machine_vm.vcpus_count = 2;
    machine_vm.devices = bootdesc_device(0);
    machine_vm.devices_count = DESCRIBE_DEVICES;
    for (uint32_t i = 0; i < DESCRIBE_DEVICES; i++) {
        const struct bd_device *device = bootdesc_device(i);
        machine_vmm->channels[device->id] = (struct channel){
            .intid = device->intid,
            .peer_id = (uint8_t)i,
            .flags = CHANNEL_DEVICE,
        };
        memset(arch_phys(bootdesc_region(device->region)->base + device->region_off), 0, BD_PAGE);
    }
    machine_add_vcpu(0);
    machine_add_vcpu(1);
    world_start(machine_vmm);
    (void)world_run(0);
}

int machine_setup(void **state)
{
    (void)state;
    machine_reset();
    return 0;
}

uint64_t machine_call(uint64_t number, uint64_t x0, uint64_t x1, uint64_t x2, uint64_t x3,
                      uint64_t x4)
{
    world_args(machine_vmm, x0, x1, x2);
    machine_vmm->context.x[3] = x3;
    machine_vmm->context.x[4] = x4;
    world_syscall(machine_vmm, number);
    return machine_vmm->context.x[0];
}

void machine_set_bit(uint64_t field, uint32_t intid, bool value)
{
    uint64_t bit = 1UL << intid % 32;
    machine_expect(machine_call(BH_SYS_VIRQ_SET, MACHINE_CHILD(0), field, intid & ~31u, bit,
                                value ? bit : 0) == BH_OK,
                   "the bit cannot be set");
}

bool machine_get_bit(uint64_t field, uint32_t intid)
{
    machine_expect(machine_call(BH_SYS_VIRQ_GET, MACHINE_CHILD(0), field, intid & ~31u, 0, 0) ==
                       BH_OK,
                   "the bit cannot be read");
    return (machine_vmm->context.x[1] >> intid % 32 & 1) != 0;
}

void machine_enable(uint32_t intid, uint8_t priority, bool edge)
{
    uint32_t first = intid / 4 * 4;
    uint32_t shift = 8 * (intid % 4);
    machine_expect(machine_call(BH_SYS_VIRQ_GET, MACHINE_CHILD(0), BH_VIRQ_PRIORITY, first, 0, 0) ==
                       BH_OK,
                   "the priority cannot be read");
    uint64_t four = machine_vmm->context.x[1];
    four = (four & ~(0xffUL << shift)) | (uint64_t)priority << shift;
    machine_expect(
        machine_call(BH_SYS_VIRQ_SET, MACHINE_CHILD(0), BH_VIRQ_PRIORITY, first, 0, four) == BH_OK,
        "the priority cannot be set");
    machine_set_bit(BH_VIRQ_EDGE, intid, edge);
    machine_set_bit(BH_VIRQ_ENABLED, intid, true);
}

/** As on the way to the guest. */
static void machine_follow(void)
{
    while (machine_loaded != NULL && machine_loaded->vgic.follow != 0) {
        vgic_follow(machine_loaded);
    }
}

void machine_load(struct vcpu *v)
{
    if (machine_loaded != NULL) {
        vgic_unload(machine_loaded);
    }
    machine_loaded = v;
    fake_load_vcpu(v);
    if (v != NULL) {
        v->vgic.overflow = false;
        v->vgic.follow = VGIC_MORE;
        machine_follow();
    }
}

struct fake_lr *machine_lr(uint32_t intid)
{
    machine_follow();
    for (uint32_t i = 0; i < FAKE_LRS; i++) {
        struct fake_lr *lr = fake_lr(i);
        if (lr->intid == intid && (lr->pending || lr->active)) {
            return lr;
        }
    }
    return NULL;
}

bool machine_take(uint32_t intid)
{
    struct fake_lr *lr = machine_lr(intid);
    if (lr == NULL || !lr->pending || lr->active) {
        return false;
    }
    lr->pending = false;
    lr->active = true;
    return true;
}

void machine_end_late(uint32_t intid)
{
    struct fake_lr *lr = machine_lr(intid);
    machine_expect(lr != NULL && lr->active, "the guest ends what it did not take");
    lr->active = false;
}

void machine_end(uint32_t intid)
{
    struct fake_lr *lr = machine_lr(intid);
    machine_end_late(intid);
    if ((lr->notice && !lr->pending) || (fake_underflow() && arch_lr_empty() != 0)) {
        arch_fake.cpu = machine_loaded->thread.cpu;
        vgic_maintain(cpu_get(arch_fake.cpu), machine_loaded);
        machine_follow();
    }
}
