# SPDX-License-Identifier: BSD-2-Clause
"""What the VMM is to its guest besides its devices: firmware, a UART, and who decides what becomes
of it when it ends."""
import pytest

from conftest import BOARD, IMAGES, MAIN, SDK, TOP, build_image

SYSTEM = TOP / 'tests/boot/systems/guest-firmware/guest-firmware.system'
CONF = """name bare
bootargs {bootargs}
gic 2 0x08000000 0x08010000
gic 3 0x08000000 0x080a0000
uart 0x08100000 70
{more}
"""
# CPU_ON of PSCI 0.1: QEMU answers it as firmware, with INVALID_PARAMETERS for a CPU that is not.
CPU_ON_0_1 = 0x95c1ba60
CPU_OFF = 0x84000002
SYSTEM_RESET = 0x84000009
INVALID_PARAMETERS = 0xfffffffe
NOT_SUPPORTED = 0xffffffff


def build(folder, name, bootargs, more='', config='debug'):
    """The image of the system with the test guest and these settings."""
    (folder / 'guest.conf').write_text(CONF.format(bootargs=bootargs, more=more), encoding='utf-8')
    return build_image(SYSTEM, config=config, output=IMAGES / f'guest-{name}-{config}',
                       search=[folder, SDK / 'board' / BOARD / config / 'elf',
                               MAIN / 'systems/monitor' / config, MAIN / 'tests/guest'])


def done(board):
    """Waits for the test guest's sums, none of them a failure."""
    sums = board.expect(r'bare\| done: (\d+) passed, (\d+) failed')
    assert int(sums[1]) > 3 and sums[2] == '0', board.tail(80)


def test_calls(boot, gic, tmp_path):
    """HVC and SMC, TRNG, CPU_SUSPEND and SYSTEM_SUSPEND, and no SMC that is not declared."""
    args = f'test=psci,firmware smc={CPU_ON_0_1:#x} answer={NOT_SUPPORTED:#x}'
    board = boot(build(tmp_path, f'calls-{gic}', args), gic=gic, icount=True)
    for name in ('192 random bits', 'standby waits for an interrupt',
                 'power-down comes back at its entry', 'the system sleeps',
                 "the machine's answers"):
        board.expect(r'bare\| ok firmware\.' + name)
    done(board)
    board.expect('GUEST-OFF pd=bare number=0')


def test_declared_smc(boot, tmp_path):
    """A function that the description declares reaches the machine's firmware."""
    args = f'test=firmware smc={CPU_ON_0_1:#x} answer={INVALID_PARAMETERS:#x}'
    board = boot(build(tmp_path, 'smc', args, f'smc {CPU_ON_0_1:#x}'), icount=True)
    board.expect(r"bare\| ok firmware\.the machine's answers")
    done(board)


def test_uart(boot, gic, tmp_path):
    """The VMM's UART: what is sent comes out as lines, its transmit interrupt comes."""
    board = boot(build(tmp_path, f'uart-{gic}', 'test=uart intid=70'), gic=gic, icount=True)
    board.expect(r'bare\| guest: EL1, 1 CPUs')
    board.expect(r'bare\| \+ok uart.sent')
    board.expect(r'bare\| \+\+ok uart.masked')
    done(board)


@pytest.mark.parametrize('config', ['debug', 'release'])
@pytest.mark.parametrize('policy, crashes', [('crash stop', 1), ('crash restart 2', 3)])
def test_crash(boot, tmp_path, policy, crashes, config):
    """A panic is reported in every configuration, and obeys the policy."""
    name = f'crash-{crashes}'
    board = boot(build(tmp_path, name, 'test=panic', policy, config), gic=3, icount=True)
    for number in range(crashes):
        if config == 'debug':
            # What the guest says last has no end of line.
            board.expect(r'bare\| the last words\s+bare: crashed: its kernel panicked')
        board.expect(f'GUEST-CRASH pd=bare number={number}')
    board.expect(f'GUEST-STOPPED pd=bare number={crashes - 1}')


def test_reset(boot, gic, tmp_path):
    """A reset starts the guest afresh as often as it wants, whatever happens after crashes."""
    args = f'test=panic by={SYSTEM_RESET:#x}'
    board = boot(build(tmp_path, f'reset-{gic}', args, 'crash stop'), gic=gic, icount=True)
    for number in range(1, 21):
        board.expect_all([r'bare\| the last words', 'bare: reset',
                          f'GUEST-RESET pd=bare number={number}\\D'])


def test_last_cpu_off(boot, tmp_path):
    """A guest whose last vCPU switches itself off is dead, and that is a crash."""
    args = f'test=panic by={CPU_OFF:#x}'
    board = boot(build(tmp_path, 'off', args), gic=2, icount=True)
    board.expect('bare: crashed: all its CPUs are off')
    board.expect('GUEST-CRASH pd=bare number=0')
    board.expect('GUEST-STOPPED pd=bare number=0')


def test_early_console(boot, debian):
    """Without a console of its own, Debian's kernel talks to its VMM's UART from its first line to
    its last: as early console, as console, and in a panic."""
    system = TOP / 'tests/boot/systems/guest-earlycon/guest-earlycon.system'
    board = boot(build_image(system, output=IMAGES / 'guest-earlycon', search=[debian]), gic=2,
                 timeout=120)
    board.expect(r'left\| \[    0\.000000\] Booting Linux')
    board.expect(r'left\| .*earlycon: .*')
    board.expect(r'left\| .*ttyAMA0 at MMIO .* is a SBSA')
    board.expect(r'left\| .*Kernel panic - not syncing: .*')
    board.expect('left: crashed: its kernel panicked')
    board.expect('left: stays off')


def test_panic(boot, debian):
    """A panic of Debian's kernel: the guest is restarted once, as its policy says, and then
    stays off; its VMM and the kernel report each."""
    system = TOP / 'tests/boot/systems/guest-panic/guest-panic.system'
    board = boot(build_image(system, output=IMAGES / 'guest-panic', search=[debian]), gic=3,
                 timeout=120)
    for number in range(2):
        board.expect('guest login: ')
        board.send('root\r')
        board.expect('root@guest:~# ')
        board.send('echo c > /proc/sysrq-trigger\r')
        board.expect('sysrq triggered crash')
        board.expect_all(['left: crashed: its kernel panicked',
                          f'GUEST-CRASH pd=left number={number}'])
    board.expect('GUEST-STOPPED pd=left number=1')
