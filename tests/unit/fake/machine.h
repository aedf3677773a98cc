/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtual machine on the fake architecture: its VMM and two vCPUs, with the register pages of the
 * description (describe.h), and what its guest does with its list registers. vCPU 0 shares CPU 0
 * with the VMM, whose priority is higher; vCPU 1 is on CPU 1. The fake has the list registers of
 * one CPU only: those of the vCPU that machine_load() was called for last.
 */
#ifndef FAKE_MACHINE_H
#define FAKE_MACHINE_H

#include "vcpu.h"
#include "world.h"

/** Child ids of the vCPUs are 1 and 2. */
#define MACHINE_CHILD(vcpu) (1u + (vcpu))

extern struct vm machine_vm;
extern struct vcpu machine_vcpus[2];
extern struct thread *machine_vmm;

/** A new world with two CPUs and the machine in it; the VMM runs, the vCPUs are stopped. */
void machine_reset(void);

/** For cmocka: the same for each test; world_teardown() ends it. */
int machine_setup(void **state);

/** System call `number` of the VMM, which must be running. Returns x0. */
uint64_t machine_call(uint64_t number, uint64_t x0, uint64_t x1, uint64_t x2, uint64_t x3,
                      uint64_t x4);

/** BH_SYS_VIRQ_SET of one bit of `field`, with vCPU 0 for private interrupts; expects BH_OK. */
void machine_set_bit(uint64_t field, uint32_t intid, bool value);

/** BH_SYS_VIRQ_GET of the same; expects BH_OK. */
bool machine_get_bit(uint64_t field, uint32_t intid);

/** Enables `intid` with this priority, as an edge or a level. */
void machine_enable(uint32_t intid, uint8_t priority, bool edge);

/** The list registers become those of `v`, as when its CPU switches to it. */
void machine_load(struct vcpu *v);

/** List register that holds `intid`; NULL: none. */
struct fake_lr *machine_lr(uint32_t intid);

/** The guest acknowledges its pending `intid` (true: it was presented to it). */
bool machine_take(uint32_t intid);

/** The guest ends `intid`; a maintenance interrupt comes if the list register asks for one. */
void machine_end(uint32_t intid);

/** The same, but the maintenance interrupt does not come before the guest's next exit. */
void machine_end_late(uint32_t intid);

#endif
