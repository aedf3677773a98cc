# SPDX-License-Identifier: BSD-2-Clause
"""The budgets of bench/budgets.json hold, and what compares, judges and raises them works. Those of
the kernel's operations and of the test guest are looked at in test_costs.py and
test_guest_figures.py, where they are measured."""
import copy
import io
import json
import subprocess
import sys

import pytest
from conftest import TOP

sys.path.insert(0, str(TOP / 'bench'))
import budgets  # noqa: E402
import bulkhead  # noqa: E402
import compare  # noqa: E402
import figures  # noqa: E402
import run  # noqa: E402
import steps  # noqa: E402


def never(name):
    pytest.fail(f'nobody asked for the break-down of {name}')


@pytest.fixture(scope='module')
def kept():
    return budgets.load()


def test_each_has_one(kept):
    """Every exact figure of Bulkhead's that the manual shows has a budget."""
    text = (TOP / 'docs/results/bench.json').read_text(encoding='utf-8')
    shown = json.loads(text)['systems']['bulkhead']['figures']
    assert {name for name in shown if budgets.has_budget(name)} == set(kept)
    assert all(budget['most'] > 0 for budget in kept.values())


def test_memory(kept):
    assert not budgets.complaints(bulkhead.memory(), kept,
                                  lambda name: bulkhead.memory()[name].get('parts', {}))


def test_disk(kept):
    """The median of three images."""
    parts = []

    def break_down(name):
        parts[:] = parts or [bulkhead.disk_parts()]
        return parts[0].get(name, {})
    wrong = budgets.complaints(budgets.median(bulkhead.disk), kept, break_down)
    assert not wrong, '\n'.join(wrong)


def test_net(kept):
    """The median of three images."""
    found = budgets.median(bulkhead.net)
    wrong = budgets.complaints(found, kept, lambda name: bulkhead.net_parts(found).get(name, {}))
    assert not wrong, '\n'.join(wrong)


@pytest.mark.parametrize('name,more', [('hypercall', 1.02), ('block_read_4k', 1.08)])
def test_over(kept, name, more):
    """A figure at the edge is let through; one just above it is not, and the text has the
    break-down."""
    most = kept[name]['most']
    assert not budgets.complaints({name: most * more * 0.999}, kept, never)
    wrong, = budgets.complaints({name: most * more * 1.001}, kept, lambda _: {'VMM': 12345})
    assert figures.FIGURES[name].what in wrong and 'VMM' in wrong and '12,345' in wrong


def test_over_shows_where(kept):
    """The break-down of an exit that is over its budget names functions of kernel and VMM, and adds
    up to what the guest measured."""
    most = kept['hypercall']['most']
    parts = bulkhead.break_down('hypercall', most)
    few = {'hypercall': {**kept['hypercall'], 'most': most / 2}}
    wrong, = budgets.complaints({'hypercall': most}, few, lambda _: parts)
    assert 'kernel: sched_next' in wrong and 'VMM: fault' in wrong
    assert sum(parts.values()) == pytest.approx(most, rel=figures.EXACT)


def test_none(kept):
    """A figure without a budget is not let through either."""
    few = {name: budget for name, budget in kept.items() if name != 'kick'}
    assert budgets.complaints({'kick': 1}, few, never)


def test_only_down(kept):
    """An update lowers; what went up stays as it was."""
    changed = copy.deepcopy(kept)
    found = {'kick': kept['kick']['most'] - 1, 'hypercall': kept['hypercall']['most'] + 1}
    assert budgets.lower(changed, found) == ['kick']
    assert changed['kick']['most'] == found['kick']
    assert changed['hypercall'] == kept['hypercall']
    assert not budgets.unexplained(kept, changed)


def test_up_with_a_reason(kept):
    changed = copy.deepcopy(kept)
    changed['kick']['most'] += 10
    assert budgets.unexplained(kept, changed) == ['kick']
    changed = copy.deepcopy(kept)
    budgets.lift(changed, {'kick': kept['kick']['most'] + 10}, ['kick'], 'a register more is saved')
    assert not budgets.unexplained(kept, changed)
    # The same reason does not do again.
    again = copy.deepcopy(changed)
    again['kick']['most'] += 10
    assert budgets.unexplained(changed, again) == ['kick']
    del again['kick']
    assert budgets.unexplained(changed, again) == ['kick']


def run_of(**found):
    return {'commit': 'c', 'date': 'd', 'systems': {'bulkhead': {'figures': found}}}


def test_compare():
    """What changed is shown, with its components; what is as it was is counted."""
    old = run_of(kick=200, syscall=462, block_read_4k={'value': 100, 'parts': {'VMM': 40, 'x': 60}})
    new = run_of(kick=220, syscall=462, block_read_4k={'value': 90, 'parts': {'VMM': 30, 'x': 60}})
    text = compare.text(old, new)
    assert '+10.0 %' in text and '-10.0 %' in text and 'VMM -10' in text
    assert '1 figures are as they were' in text


def test_apart():
    """Two runs of one commit may differ by 1 % in what is exact, and at will in what is not."""
    assert not compare.apart(run_of(kick=1000, net_out_udp=10), run_of(kick=1010, net_out_udp=90))
    assert len(compare.apart(run_of(kick=1000), run_of(kick=1011))) == 1
    assert len(compare.apart(run_of(kick=1000), run_of())) == 1


@pytest.mark.parametrize('fails,found,repeated,lost', [
    (0, {'kick': 7}, [], []), (1, {'kick': 7}, ['x: a step'], []),
    (2, {}, ['x: a step'], ['x: a step'])])
def test_tried_again(monkeypatch, tmp_path, fails, found, repeated, lost):
    """A step that fails is tried once more, and said to be; what it said is kept."""
    monkeypatch.setattr(steps, 'LOGS', tmp_path)
    calls = []

    def measure():
        calls.append(1)
        if len(calls) <= fails:
            raise RuntimeError('no such luck')
        return {'kick': 7}
    out = io.StringIO()
    progress = run.Progress(out)
    progress.system = 'x'
    listed = [steps.Step('a step', ('kick',), True, measure)]
    assert steps.run(listed, True, progress, '') == found
    assert (progress.repeated, progress.lost) == (repeated, lost)
    assert out.getvalue().count('no such luck') == fails
    assert (tmp_path / 'x-a-step.log').read_text(encoding='utf-8').count('Traceback') == fails


@pytest.mark.long
def test_again():
    """Everything exact that a quick run measures is the same when it is measured again."""
    done = subprocess.run([TOP / 'bench/run.py', '--again'], check=False, text=True, timeout=1800,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize('arguments, words', [
    (['--compare', 'nowhere.json'], "there is no run 'nowhere.json'"),
    (['--compare', ''], "there is no run '.'; each leaves a file below build/bench"),
    (['--systems', 'bulkhead,hurd'], 'no such system: hurd; there are native, bulkhead'),
    (['--only', 'nosuch'], "no figure has 'nosuch' in its name; there are "),
])
def test_wrong_use_is_2(arguments, words):
    done = subprocess.run([sys.executable, TOP / 'bench/run.py', *arguments], text=True,
                          capture_output=True, timeout=60, check=False)
    assert done.returncode == 2 and words in done.stderr
    assert 'Traceback' not in done.stderr


def test_how_long_it_takes():
    assert run.minutes_of(['bulkhead', 'kvm']) > run.minutes_of(['bulkhead']) > 0
