# SPDX-License-Identifier: Apache-2.0
"""A runner as small as the tests need: a case is a function and a sentence, TAP is what it prints.

A case that does not end in time is broken off by an alarm and counts as failed; the next one runs.
What a failing case should show besides its traceback (a log, say) is collected in `notes`."""
import os
import random
import signal
import sys
import time
import traceback

CASE_SECONDS = 60

_cases = []
notes = []

# One seed for a whole program; it is printed when a case fails and can be given back.
seed = int(os.environ.get('RINGWAY_E2E_SEED', random.SystemRandom().randrange(1 << 32)))


class Skip(Exception):
    """Raised by a case that cannot run here; the text says why."""


class TooLong(Exception):
    """The alarm of a case."""


def case(sentence, *arguments, seconds=CASE_SECONDS):
    """Registers the function below it as a case; it is called with `arguments`."""
    def register(function):
        _cases.append((sentence, function, arguments, seconds))
        return function
    return register


def equal(got, wanted, what='value'):
    if got != wanted:
        raise AssertionError(f'{what}: {shown(got)}, expected {shown(wanted)}')


def check(condition, complaint):
    if not condition:
        raise AssertionError(complaint)


def shown(value):
    text = repr(value)
    return text if len(text) <= 300 else f'{text[:300]}... ({len(text)} characters)'


def _on_alarm(_number, _frame):
    raise TooLong('the case did not end in time')


def _run(function, arguments, seconds):
    """(verdict, directive, text) of one case."""
    notes.clear()
    random.seed(seed)
    signal.alarm(seconds)
    try:
        function(*arguments)
    except Skip as skip:
        return 'ok', f' # SKIP {skip}', ''
    except KeyboardInterrupt:
        raise
    except BaseException:  # pylint: disable=broad-except; a case may fail in any way
        return 'not ok', '', '\n'.join([traceback.format_exc(), f'seed {seed}', *notes])
    finally:
        signal.alarm(0)
    return 'ok', '', ''


def main(skip=None):
    """Runs all cases (or none, when `skip` says why) and returns the exit code."""
    if skip:
        print(f'1..0 # SKIP {skip}')
        return 0
    wanted = sys.argv[1:]
    chosen = [each for each in _cases
              if not wanted or any(word in each[0] for word in wanted)]
    signal.signal(signal.SIGALRM, _on_alarm)
    print(f'1..{len(chosen)}', flush=True)
    failed = 0
    for number, (sentence, function, arguments, seconds) in enumerate(chosen, 1):
        verdict, directive, text = _run(function, arguments, seconds)
        for line in text.splitlines():
            print(f'# {line}')
        print(f'{verdict} {number} - {sentence}{directive}', flush=True)
        failed += verdict != 'ok'
    return 1 if failed or not chosen else 0
