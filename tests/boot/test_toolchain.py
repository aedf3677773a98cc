# SPDX-License-Identifier: BSD-2-Clause
"""Programs are built as makefiles for the Microkit do it, with nothing but the SDK: by clang and
ld.lld, and by GCC and GNU ld."""
import subprocess
from pathlib import Path

import pytest
from conftest import BUILD, SDK

FOLDER = Path(__file__).resolve().parent / 'systems/toolchain'
BOARD_DIR = SDK / 'board/qemu_virt_aarch64/debug'
COMPILE = ['-mcpu=cortex-a53', '-mstrict-align', '-mgeneral-regs-only', '-ffreestanding',
           '-nostdlib', '-Wall', '-Wextra', '-Werror', '-O2', f'-I{BOARD_DIR}/include', '-c']
TOOLCHAINS = {
    'clang': (['clang', '-target', 'aarch64-none-elf'], 'ld.lld'),
    'gcc': (['aarch64-linux-gnu-gcc', '-fno-pic'], 'aarch64-linux-gnu-ld'),
}


def run(*command):
    done = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, f'{command}:\n{done.stdout}'


@pytest.fixture
def programs():
    folder = BUILD / 'generated/toolchain'
    folder.mkdir(parents=True, exist_ok=True)
    for name, (compiler, linker) in TOOLCHAINS.items():
        config = folder / f'{name}.config'
        config.write_bytes(f'for {name}'.encode().ljust(16, b'\0'))
        run(*compiler, *COMPILE, FOLDER / 'program.c', '-o', folder / f'{name}.o')
        run(linker, f'-L{BOARD_DIR}/lib', folder / f'{name}.o', '-lmicrokit', '-Tmicrokit.ld', '-o',
            folder / f'{name}.elf')
        run('aarch64-linux-gnu-objcopy', '--update-section', f'.vmm_config={config}',
            folder / f'{name}.elf')
    return folder


def test_programs(boot, tool, programs):
    image = programs / 'toolchain.img'
    done = tool('build', FOLDER / 'toolchain.system', '--board', 'qemu_virt_aarch64', '--config',
                'debug', '--search-path', programs, '-o', image)
    assert done.returncode == 0, done.stdout
    board = boot(image)
    for name in TOOLCHAINS:
        board.expect(f"built_by_{name}: config 'for {name}', constructed 1, thread 5 5 aligned, "
                     'zero 0')


@pytest.mark.parametrize('toolchain', TOOLCHAINS)
def test_names(toolchain, tmp_path):
    """All functions, fault labels and register names that programs for the Microkit use are there,
    and every header can be included alone."""
    compiler, linker = TOOLCHAINS[toolchain]
    run(*compiler, *COMPILE, FOLDER / 'names.c', '-o', tmp_path / 'names.o')
    run(linker, f'-L{BOARD_DIR}/lib', tmp_path / 'names.o', '-lmicrokit', '-Tmicrokit.ld', '-o',
        tmp_path / 'names.elf')
    for header in sorted((BOARD_DIR / 'include').glob('**/*.h')):
        alone = tmp_path / 'alone.c'
        alone.write_text(f'#include <{header.relative_to(BOARD_DIR / "include")}>\n')
        run(*compiler, *COMPILE, alone, '-o', tmp_path / 'alone.o')


def test_example_makefile(boot, tmp_path):
    """The makefile that comes with the SDK, which is written as those for the Microkit are."""
    run('make', '-C', SDK / 'example/hello', f'MICROKIT_SDK={SDK}', f'BUILD_DIR={tmp_path}')
    boot(tmp_path / 'loader.img').expect('hello, world: this is hello')
