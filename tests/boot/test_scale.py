# SPDX-License-Identifier: BSD-2-Clause
"""The largest system: 63 PDs on 8 CPUs, each with 62 channels, all talking to each other."""
import importlib.util
from pathlib import Path

from conftest import BUILD

FOLDER = Path(__file__).resolve().parent / 'systems/scale'


def generate():
    spec = importlib.util.spec_from_file_location('generate', FOLDER / 'generate.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_scale(boot, gic):
    module = generate()
    folder = BUILD / 'generated/scale'
    folder.mkdir(parents=True, exist_ok=True)
    description = folder / 'scale.system'
    description.write_text(module.description(), encoding='utf-8')
    board = boot(description, gic=gic, timeout=240)
    board.expect(rf'scale: {module.PDS} of {module.PDS} heard all others and were answered')
