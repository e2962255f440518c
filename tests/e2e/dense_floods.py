#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Clients that flood tiny frames at full rate, beside the same clients with frames of 4 KiB: a byte
that costs more work must not make others wait longer. The bounds here are generous; bench/compare/
hostile measures the real ones."""
import collections
import contextlib
import json
import re
import sys
import time

import beside
import harness
import tap

FLOODERS = 50
RATIO_MAX = 3
FLOOR_MS = 20
USUAL_TURN_MS_MAX = 10
SECONDS = 1.2


@contextlib.contextmanager
def flooding(stage, floods, kind):
    """FLOODERS sessions send frames of that kind."""
    floods.say('flood', stage.gateway.port, '/attacked', FLOODERS, kind)
    tap.equal(floods.line(), 'flooding')
    time.sleep(0.3)
    yield
    floods.say('stop')
    sent = json.loads(floods.line())['sent']
    tap.check(sent > FLOODERS << 20, f'{sent} bytes are no flood')
    print(f'# {kind}: {sent >> 20} MiB sent', flush=True)


def measured(stage, floods, kind):
    with flooding(stage, floods, kind):
        figures = stage.bystanders.watch(SECONDS)
        beside.expect_no_kernel_thread(stage.gateway)
    print(f'# beside {kind}: {beside.shown(figures)}', flush=True)
    return figures


def turns(gateway):
    """{the bound of a bucket in us: turns that were shorter} of the gateway's life so far."""
    def found():
        return re.findall(r'turns worker=0 longest_us=\d+(.*)\n', gateway.log())
    before = len(found())
    gateway.state()
    line = harness.wait_for(lambda: found()[before:], 'the line of turns')[-1]
    return collections.Counter({int(bound): int(count)
                                for bound, count in re.findall(r'below_(\d+)us=(\d+)', line)})


def usual_turn_ms(counts, cpu_seconds):
    """Half of the time was spent in turns that took less of the CPU than that. The longest of all
    is as long as this machine's other programs keep the gateway off its core; so the bounds, which
    clocks on walls have measured, are scaled to what the gateway has used."""
    # A turn took three quarters of its bucket's bound on average.
    spent = sum(bound * count for bound, count in counts.items()) * 0.75
    passed = 0
    for bound, count in sorted(counts.items()):
        passed += bound * count * 0.75
        if 2 * passed >= spent:
            return bound / 1000 * min(1, cpu_seconds * 1e6 / spent)
    return 0


@beside.case(f'{FLOODERS} floods of frames of one byte', 'bytes')
@beside.case(f'{FLOODERS} floods of empty pings', 'pings')
def floods_of(scale, kind):
    with beside.Program('floods.py') as floods:
        for chance in ('first', 'last'):
            with beside.stage(scale, attacked=floods.port) as stage:
                before = stage.gateway.resident_bytes()
                large = measured(stage, floods, 'pages')
                earlier, cpu = turns(stage.gateway), beside.cpu_seconds(stage.gateway)
                tiny = measured(stage, floods, kind)
                usual = usual_turn_ms(turns(stage.gateway) - earlier,
                                      beside.cpu_seconds(stage.gateway) - cpu)
                grown = stage.gateway.resident_bytes() - before
                print(f'# half of the time in turns below {usual:.1f} ms; {grown >> 20} MiB more '
                      'memory', flush=True)
                beside.expect_none_harmed(large)
                beside.expect_none_harmed(tiny)
                tap.check(grown < beside.pools_bytes(scale), f'{grown >> 20} MiB more memory')
            bound = max(RATIO_MAX * large.median_ms, FLOOR_MS)
            if tiny.median_ms <= bound and usual <= USUAL_TURN_MS_MAX:
                return
            tap.check(chance == 'first', f'median {tiny.median_ms} ms beside {kind}, '
                                         f'{large.median_ms} beside pages; turns of {usual:.1f} ms')


if __name__ == '__main__':
    sys.exit(beside.main())
