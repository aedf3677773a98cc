# SPDX-License-Identifier: BSD-2-Clause
"""Checks the kernel's switch trace (include/bulkhead/trace.h) from outside of the machine.

`Drain` follows the trace in the file that is the machine's memory, while the machine runs.
`Checker` gets the events of each CPU in their order and checks that

- the CPU goes only to a thread that is runnable, and to nobody only when none is;
- whoever it goes to has the highest priority of the runnable ones (a thread that is stopped while
  it runs is put down for nobody at first, and whoever is runnable then waits for the next switch);
- every thread stays on its CPU and keeps its priority, and time does not go backwards;
- a runnable thread waits behind a lower priority, or while the kernel is about to leave a thread
  that is no longer runnable, at most `bound` ticks.

Where instructions are counted (-icount), a tick is 16 instructions. With one CPU they are all its
own, and every wait is judged to the tick. With several, QEMU runs one CPU after the other on one
clock, and may change from one to the next in the middle of a wait. A wait that is too long is then
held against the kernel if no other CPU had anything to run meanwhile; the others are counted in
`shared`. Without -icount a tick is 16 ns, in which the host may have stopped that CPU's thread:
there the order of the events is what is checked, and `bound` is lenient.
"""
import bisect
import mmap
import struct

SWITCH, READY, BLOCK = 1, 2, 3
IDLE = 0xffff
EVENT = struct.Struct('<QHBBI')
HEAD = struct.Struct('<QQ')
PAGE = 4096
ERRORS_SHOWN = 20
# Ticks, a second: a wait of that length behind which nothing comes has no end.
FOREVER = 62_500_000


class Drain:
    """Reads the trace of a running machine out of its memory."""

    def __init__(self, path, offset, size, cpus):
        """`offset`: of the trace region in the file `path`; the region is divided among `cpus`."""
        with open(path, 'rb') as file:
            self.memory = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
        share = size // cpus // PAGE * PAGE
        self.bases = [offset + cpu * share for cpu in range(cpus)]
        self.read = [0] * cpus

    def poll(self, cpu):
        """The bytes of the events that a CPU wrote since the last call.

        Raises OverflowError when some were overwritten before they could be read.
        """
        base = self.bases[cpu]
        written, slots = HEAD.unpack_from(self.memory, base)
        first = self.read[cpu]
        if written == first:
            return b''
        events = base + HEAD.size
        start, end = first % slots, written % slots
        if start < end:
            data = self.memory[events + start * EVENT.size:events + end * EVENT.size]
        else:
            data = (self.memory[events + start * EVENT.size:events + slots * EVENT.size]
                    + self.memory[events:events + end * EVENT.size])
        # The event that is being written may be in the oldest slot.
        if HEAD.unpack_from(self.memory, base)[0] - first >= slots:
            raise OverflowError(f'CPU {cpu} writes events faster than they are read')
        self.read[cpu] = written
        return data

    def close(self):
        self.memory.close()


class Cpu:
    """What is known about a CPU after the events so far."""

    def __init__(self):
        self.ready = {}        # runnable threads and their priorities
        self.current = None    # None: nobody yet
        self.since = None      # since when somebody waits for a switch
        self.time = 0
        self.events = 0
        self.switches = 0
        # With icount, times of the events, and whether it had something to run behind each.
        self.times = []
        self.busy = []

    def busy_between(self, start, end):
        """Whether it had something to run, or an event, from `start` to `end`."""
        first = bisect.bisect_left(self.times, start)
        within = first < len(self.times) and self.times[first] <= end
        return within or (first > 0 and self.busy[first - 1])


class Checker:
    """Checks events as they come; `errors` says in sentences what was wrong."""

    def __init__(self, cpus, bound, threads=None, icount=False):
        """`bound`: ticks; `threads`: {index: (name, cpu, priority)} of the description."""
        self.cpus = [Cpu() for _ in range(cpus)]
        self.bound = bound
        self.threads = threads or {}
        self.icount = icount
        self.waits = 0
        self.longest = 0       # wait within the bound
        self.long_waits = []   # (cpu, start, end), to be judged when all events are known
        self.shared = 0        # waits beyond the bound in which other CPUs may have run
        self.errors = []
        self.error_count = 0

    def error(self, cpu, time, text):
        self.error_count += 1
        if len(self.errors) < ERRORS_SHOWN:
            self.errors.append(f'CPU {cpu} at {time}: {text}')

    def name(self, thread):
        return self.threads[thread][0] if thread in self.threads else f'thread {thread}'

    def feed(self, cpu, data):
        """The next events of a CPU, as they are in its buffer."""
        state = self.cpus[cpu]
        for time, thread, kind, priority, _ in EVENT.iter_unpack(data):
            state.events += 1
            if time < state.time:
                self.error(cpu, time, f'time goes back from {state.time}')
            state.time = time
            if kind == SWITCH:
                self.switch(cpu, state, time, thread)
            elif kind in (READY, BLOCK):
                self.change(cpu, state, time, thread, kind, priority)
            else:
                self.error(cpu, time, f'an event of unknown kind {kind}')
            if self.icount:
                state.times.append(time)
                state.busy.append(state.current != IDLE or bool(state.ready))

    def switch(self, cpu, state, time, thread):
        state.switches += 1
        highest = max(state.ready.values(), default=-1)
        if thread == IDLE and highest >= 0:
            # An interrupt goes before the switch, or a parent needs the registers. What was before
            # may have taken so long, and what is between this and the next switch.
            self.end_wait(cpu, state, time)
            state.current = thread
            state.since = time
            return
        if thread == state.current and thread != IDLE:
            self.error(cpu, time, f'a switch from {self.name(thread)} to itself')
        if thread != IDLE and thread not in state.ready:
            self.error(cpu, time, f'goes to {self.name(thread)}, which is not runnable')
        elif state.ready.get(thread, -1) < highest:
            waiting = [self.name(t) for t, p in state.ready.items() if p == highest]
            self.error(cpu, time, f'goes to {self.name(thread)}, but {waiting[0]} with priority '
                       f'{highest} waits')
        state.current = thread
        self.end_wait(cpu, state, time)

    def change(self, cpu, state, time, thread, kind, priority):
        known = self.threads.get(thread)
        if self.threads and (known is None or known[1:] != (cpu, priority)):
            self.error(cpu, time, f'{self.name(thread)} with priority {priority} is not of this CPU'
                       if known is None or known[1] != cpu else
                       f'{self.name(thread)} has priority {priority}')
        if kind == READY:
            state.ready[thread] = priority
        else:
            state.ready.pop(thread, None)
        waiting = max(state.ready.values(), default=-1) > state.ready.get(state.current, -1)
        if not waiting:
            self.end_wait(cpu, state, time)
        elif state.since is None and state.current is not None:
            state.since = time

    def end_wait(self, cpu, state, time):
        if state.since is None:
            return
        wait = time - state.since
        self.waits += 1
        if wait <= self.bound:
            self.longest = max(self.longest, wait)
        elif self.icount:
            self.long_waits.append((cpu, state.since, time))
        else:
            self.wait_error(cpu, state.since, time)
        state.since = None

    def wait_error(self, cpu, start, end):
        self.error(cpu, end, f'a runnable thread waited {end - start} ticks behind a lower '
                   f'priority, {self.bound} are allowed')

    def finish(self):
        """After the last event: judges what needs the events of all CPUs."""
        end = max(state.time for state in self.cpus)
        for cpu, state in enumerate(self.cpus):
            # The CPUs' events were not read at the same moment.
            if state.since is not None and end - state.since > FOREVER:
                self.wait_error(cpu, state.since, end)
        for cpu, start, end in self.long_waits:
            others = [state for other, state in enumerate(self.cpus) if other != cpu]
            if any(state.busy_between(start, end) for state in others):
                self.shared += 1
            else:
                self.wait_error(cpu, start, end)
        for cpu, state in enumerate(self.cpus):
            if state.switches == 0:
                self.error(cpu, state.time, 'no switch at all')

    def summary(self):
        events = sum(c.events for c in self.cpus)
        switches = sum(c.switches for c in self.cpus)
        return (f'{events} events, {switches} switches, {self.waits} waits for a switch, the '
                f'longest {self.longest} ticks; {self.shared} longer ones while other CPUs ran')
