# SPDX-License-Identifier: Apache-2.0
"""node and the packages of package-lock.json, which are installed into a folder of the build, never
into the tree."""
import fcntl
import pathlib
import shutil

import harness
import tap

HERE = pathlib.Path(__file__).resolve().parent
NODE, NPM = shutil.which('node'), shutil.which('npm')
FOLDER = harness.SCRATCH / 'node'
INSTALL_SECONDS = 120


def why_not():
    """Installs the packages if need be; a sentence where nobody has node. What fails then is a
    failure."""
    if not NODE or not NPM:
        return 'node and npm are not installed'
    FOLDER.mkdir(parents=True, exist_ok=True)
    # Several programs may come here at once; each waits for the first one's packages.
    with open(FOLDER / 'lock', 'w', encoding='ascii') as lock_file:
        fcntl.flock(lock_file, fcntl.LOCK_EX)
        install()
    return None


def install():
    lock = (HERE / 'package-lock.json').read_text()
    mark = FOLDER / 'installed-lock.json'
    if mark.exists() and mark.read_text() == lock:
        return
    for name in ('package.json', 'package-lock.json'):
        shutil.copy(HERE / name, FOLDER / name)
    result = harness.run(NPM, 'ci', '--ignore-scripts', '--no-audit', '--no-fund',
                         seconds=INSTALL_SECONDS, cwd=FOLDER)
    tap.equal(result.returncode, 0, f'exit code of npm ci, which said {result.stderr}')
    mark.write_text(lock)
