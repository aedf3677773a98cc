# SPDX-License-Identifier: BSD-2-Clause
"""vCPUs have priorities and budgets as protection domains have, and one that waits uses no time."""
import pytest

from conftest import IMAGES, MAIN, build_image

SYSTEM = """<system name="shares">
  <image name="test" kernel="guest-test.img"/>
  <guest name="measured" image="test" ram="4M" cpus="0" {measured}
         bootargs="quiet test=cpu measured={ms} sleeps={sleeps}">
    <passthrough path="/pl011@9000000"/>
  </guest>
  {neighbour}
</system>
"""
NEIGHBOUR = '<guest name="neighbour" image="test" ram="4M" cpus="0" bootargs="test={does}" {how}/>'

# The measured guest's attributes, what the neighbour does, its attributes, then the measured
# guest's share of their CPU: from, to (permille). What a VMM does for its guest is part of the
# guest's slice.
CASES = {
    'alone': ('', None, '', 990, 1000),
    'budget': ('budget="200" period="1000"', None, '', 190, 200),
    'below a spinner': ('priority="90"', 'spin', 'priority="150" budget="300" period="1000"',
                        670, 700),
    'above a spinner': ('priority="150"', 'spin', 'priority="90"', 990, 1000),
    'beside a spinner': ('', 'spin', '', 470, 530),
    'beside one that asks': ('', 'ask', '', 470, 530),
    'below a sleeper': ('priority="90"', 'sleep', 'priority="150"', 990, 1000),
}


@pytest.mark.parametrize('measured,does,how,least,most', CASES.values(), ids=CASES)
def test_share(boot, gic, tmp_path, measured, does, how, least, most):
    """The share of the CPU that a guest gets; its registers are its own whoever else runs there."""
    neighbour = NEIGHBOUR.format(does=does, how=how) if does else ''
    description = tmp_path / 'shares.system'
    # QEMU takes long for exits: fewer of them will do.
    ms, sleeps = (50, 5) if does == 'ask' else (300, 20)
    text = SYSTEM.format(measured=measured, neighbour=neighbour, ms=ms, sleeps=sleeps)
    description.write_text(text, encoding='utf-8')
    image = build_image(description, 'release', IMAGES / 'shares', search=[MAIN / 'tests/guest'])
    board = boot(image, gic=gic, icount=True)
    share = int(board.expect(r'guest: (\d+) permille of the CPU')[1])
    assert least <= share <= most
    board.expect('ok cpu.registers are its own')
    late = int(board.expect(rf'guest: woken {sleeps} times, at most (\d+) us late')[1])
    # Who was alone on the CPU has used its slice, unless its VMM works for it just then.
    assert late < (1100 if does == 'ask' else 20)
    board.expect(r'done: \d+ passed, 0 failed')
