# SPDX-License-Identifier: BSD-2-Clause
"""The functions of microkit.h that work on vCPUs."""
from conftest import TOP


def test_functions_on_vcpus(boot, gic):
    board = boot(TOP / 'tests/boot/systems/vcpu/vcpu.system', gic=gic)
    for what in ('registers are written', 'the guest makes a hypercall', 'x0 is kept',
                 'a register is written and read', 'no interrupt is pending',
                 'an interrupt is pending', 'the guest makes a hypercall', 'x0 is kept',
                 'a restart resets registers'):
        board.expect(f'vmm: {what}: right')
    board.expect('microkit_cspace_root_slot_to_cptr: the description has no such id 1')
    board.expect('vmm: there are no slots: right')
    board.expect('vmm: done')
    assert 'WRONG' not in board.tail(1000)
