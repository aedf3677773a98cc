# SPDX-License-Identifier: BSD-2-Clause
"""A budget of 200 us in a period of 1000 us is 20 % of the CPU, where no timer is late."""


def test_share(boot, gic):
    board = boot('budgets', gic=gic, icount=True)
    share = board.expect(r'the spinner had (\d+\.\d) % of the CPU').group(1)
    assert 19.5 <= float(share) <= 20.0
