# SPDX-License-Identifier: BSD-2-Clause
"""Ends what was started under timeout(1)."""
import os
import signal


def end(process):
    """Ends a `timeout` and the QEMU below it, which form one process group. Under -icount QEMU may
    be deaf to the SIGTERM that timeout hands on; killed alone, timeout would leave QEMU running."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
