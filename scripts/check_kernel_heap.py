#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The kernel allocates at boot only: main_cpu() closes the heap for good after everything is built,
and before another CPU or a thread starts; only what builds allocates."""
import re
import sys
from pathlib import Path

KERNEL = Path(__file__).resolve().parent.parent / 'kernel'

# Who may call what, by file.
CALLERS = {
    'heap_alloc': {'objects.c', 'pgtable.c', 'arm64/mmu.c'},
    'heap_init': {'arm64/early.c'},
    'heap_close': {'arm64/main.c'},
    'objects_build': {'arm64/main.c'},
}
# In this order in main_cpu().
ORDER = ['objects_build(', 'heap_close(', 'main_start_others(', 'objects_start(', 'vectors_leave(']


def main():
    wrong = []
    sources = {str(path.relative_to(KERNEL)): path.read_text(encoding='utf-8')
               for path in sorted(KERNEL.rglob('*.c'))}
    for function, allowed in CALLERS.items():
        callers = {name for name, text in sources.items()
                   if re.search(rf'^[ \t]+.*\b{function}\(', text, re.M)}
        if not callers:
            wrong.append(f'nobody calls {function}()')
        wrong += [f'kernel/{name} calls {function}()' for name in sorted(callers - allowed)]
    body = re.search(r'^_Noreturn void main_cpu\([^;]*?\)\n\{\n(.*?)^\}', sources['arm64/main.c'],
                     re.M | re.S).group(1)
    at = [body.find(step) for step in ORDER]
    if -1 in at or at != sorted(at):
        wrong.append('main_cpu() does not build, close the heap and start, in this order')
    for line in wrong:
        print('check_kernel_heap:', line)
    print(f'{len(CALLERS)} functions, {len(wrong)} wrong')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
