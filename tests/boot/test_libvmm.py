# SPDX-License-Identifier: BSD-2-Clause
"""VMMs that are written in C with libvmm's interface, built from the SDK alone."""
import subprocess
from pathlib import Path

import pytest
from conftest import IMAGES, MAIN, SDK, TOP, build_image

FOLDER = Path(__file__).resolve().parent / 'systems/libvmm'
BOARD_DIR = SDK / 'board/qemu_virt_aarch64/debug'
COMPILE = ['-mcpu=cortex-a53', '-mstrict-align', '-ffreestanding', '-nostdlib',
           '-mgeneral-regs-only', '-fno-pic', '-Wall', '-Wextra', '-Werror', '-O2', '-g',
           f'-I{BOARD_DIR}/include']
GCC = (['aarch64-linux-gnu-gcc'], 'aarch64-linux-gnu-ld')
CLANG = (['clang', '-target', 'aarch64-none-elf'], 'ld.lld')

# How a VMM lets a vCPU go on: it sets its registers itself, or tells the kernel in the reply.
STYLES = ['registers', 'answer']


def answers(style):
    return f'-DANSWER={int(style == "answer")}'


def run(*command):
    done = subprocess.run([str(c) for c in command], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, f'{command}:\n{done.stdout}'
    return done.stdout


def device_tree(output, **values):
    """Compiles guest.dts with the preprocessor's names `values`."""
    source = output.with_suffix('.dts')
    run('aarch64-linux-gnu-gcc', '-E', '-P', '-undef', '-x', 'assembler-with-cpp',
        *[f'-D{name}={value}' for name, value in values.items()], FOLDER / 'guest.dts',
        '-o', source)
    run('dtc', '-q', '-I', 'dts', '-O', 'dtb', '-o', output, source)


def program(folder, name, *sources, options=(), toolchain=GCC):
    """A program of a protection domain, built as makefiles for the Microkit do it."""
    compiler, linker = toolchain
    objects = []
    for source in sources:
        objects.append(folder / (Path(source).stem + '.o'))
        run(*compiler, *COMPILE, *options, '-c', FOLDER / source, '-o', objects[-1])
    run(linker, f'-L{BOARD_DIR}/lib', *objects, '-lvmm', '-lmicrokit',
        '-Tmicrokit.ld', '-o', folder / f'{name}.elf')


@pytest.fixture(scope='session')
def debian():
    """The folder of the images of Debian's kernel; fetched once."""
    subprocess.run([TOP / 'guest/images.py'], check=True, stdin=subprocess.DEVNULL, timeout=600)
    return TOP / 'build/guest/bookworm'


@pytest.mark.parametrize('by', ['program', 'library'])
def test_debian(boot, gic, debian, by, tmp_path):
    """Debian's kernel under a VMM as people wrote them: a shell on the UART, whose interrupt is
    passed on by the program or by the library; a reboot; and it powers off."""
    initrd = debian / 'initrd-tiny.cpio.gz'
    device_tree(tmp_path / 'guest.dtb', GIC=gic, CPUS=1, RAM_BYTES=0x10000000,
                BOOTARGS='"console=ttyAMA0 quiet"', UART_NODE='pl011@9000000',
                UART_ADDRESS=0x09000000, INITRD_END=0x4d000000 + initrd.stat().st_size)
    (tmp_path / 'kernel.img').symlink_to(debian / 'Image')
    (tmp_path / 'initrd.img').symlink_to(initrd)
    program(tmp_path, 'linux_vmm', 'linux_vmm.c', 'images.S',
            options=[f'-DPASSTHROUGH={int(by == "library")}', f'-Wa,-I{tmp_path}'])
    image = build_image(FOLDER / 'linux.system', output=IMAGES / 'libvmm-linux', search=[tmp_path])
    board = boot(image, gic=gic, timeout=120)
    board.expect(r'VMM\|INFO: the guest starts')
    board.expect('guest login: ')
    board.send('root\r')
    board.expect('root@guest:~# ')
    board.send('grep -c uart-pl011 /proc/interrupts\r')
    board.expect(r'\n1\s')
    board.send('reboot\r')
    board.expect(r'VMM\|INFO: the guest resets')
    board.expect('guest login: ')
    board.send('root\r')
    board.expect('root@guest:~# ')
    board.send('poweroff\r')
    board.expect(r'VMM\|INFO: the guest has powered off')


@pytest.mark.parametrize('style', STYLES)
def test_bare_metal(boot, gic, style, tmp_path):
    """The test guest, two vCPUs on two CPUs; its UART is a handler of the VMM, at an address where
    nothing is."""
    device_tree(tmp_path / 'guest.dtb', GIC=gic, CPUS=2, RAM_BYTES=0x1000000,
                BOOTARGS='"test=psci,gic,trap,smp"', UART_NODE='pl011@a000000',
                UART_ADDRESS=0x0a000000)
    (tmp_path / 'kernel.img').symlink_to(MAIN / 'tests/guest/guest-test.img')
    (tmp_path / 'initrd.img').touch()
    program(tmp_path, 'bare_vmm', 'bare_vmm.c', 'images.S',
            options=[answers(style), f'-Wa,-I{tmp_path}'])
    image = build_image(FOLDER / 'bare.system', output=IMAGES / 'libvmm-bare', search=[tmp_path])
    board = boot(image, gic=gic, smp=2, icount=True)
    board.expect(f'guest: EL1, 2 CPUs, GICv{gic}, PSCI by SMC')
    done = board.expect(r'done: (\d+) passed, (\d+) failed\r')
    assert int(done[1]) > 30 and done[2] == '0', board.tail(80)
    board.expect(r'vmm\|INFO: the guest has powered off')


def reports(abort):
    """What access_guest.S says, in order; `abort`: the syndrome of an abort."""
    word = 0x8899aabb
    unknown = 2 ** 64 - 1
    return [0xaa, 0xffffffffffffffaa, 0xffffffaa, 0x8899, 0xffffffffffff8899, word,
            0xffffffff00000000 + word, 0x0123456789abcdef, 7, 0x34781234, 0, 0x600d, abort, abort,
            0, 0x10001, 0x10001, unknown, 42, unknown]


@pytest.mark.parametrize('style', STYLES)
def test_faults(boot, gic, style, tmp_path):
    """A device that is a handler of the VMM, in all widths; aborts; calls; resets. Both with the
    library writing the vCPU's registers and with the kernel finishing the instruction. What the
    library refuses comes first."""
    program(tmp_path, 'access_vmm', 'access_vmm.c', 'access_guest.S',
            options=[answers(style)])
    image = build_image(FOLDER / 'access.system', output=IMAGES / 'libvmm-access',
                        search=[tmp_path])
    board = boot(image, gic=gic)
    board.expect('vmm: the images: right')
    board.expect('registers of vCPU 3:')
    board.expect('sctlr_el1      0x0000000030c50838')
    # The library does not know the virtual address, and says so in the syndrome.
    for value in reports(0x96000010 if style == 'answer' else 0x96000410):
        assert int(board.expect(r'report (0x[0-9a-f]+)\r')[1], 16) == value, board.tail()
    board.expect(r'vmm\|INFO: the guest resets')
    board.expect('vmm: a reset ends interrupts: right')
    board.expect('report 0x5a\r')
    board.expect('report 0x0\r')
    board.expect("vmm\\|INFO: all of the guest's CPUs are off")
    board.expect('vmm: the guest is off: right')
    assert 'WRONG' not in board.tail(1000)


@pytest.mark.parametrize('toolchain', [GCC, CLANG], ids=['gcc', 'clang'])
def test_names(boot, toolchain, tmp_path):
    """Every function is there with its type, and no other name is in a program's way."""
    program(tmp_path, 'names', 'names.c', toolchain=toolchain)
    image = build_image(FOLDER / 'names.system', output=IMAGES / 'libvmm-names', search=[tmp_path])
    boot(image).expect(r'names\|INFO: 54 functions are there')
