# SPDX-License-Identifier: BSD-2-Clause
"""The image that the tool makes of a description."""
import pytest
from conftest import TOP, build_image, stand_ins, system_file

SYSTEMS = sorted(path.parent.name for path in TOP.glob('systems/*/expected.txt'))


@pytest.mark.parametrize('config', ['debug', 'release', 'benchmark'])
@pytest.mark.parametrize('system', SYSTEMS)
def test_two_builds_give_the_same_bytes(tmp_path, monkeypatch, system, config):
    description = system_file(system)
    files = stand_ins(description, tmp_path)
    images = []
    for number in (1, 2):
        folder = tmp_path / f'{"far/" * number}away'
        folder.mkdir(parents=True)
        monkeypatch.chdir(folder)
        images.append(build_image(description, config, folder / f'image{number}', search=[files]))
    assert images[0].read_bytes() == images[1].read_bytes()


def test_image_has_an_arm64_header(tmp_path):
    image = build_image(system_file(SYSTEMS[0]), output=tmp_path / 'image').read_bytes()
    assert image[56:60] == b'ARM\x64'
    text_offset = int.from_bytes(image[8:16], 'little')
    image_size = int.from_bytes(image[16:24], 'little')
    assert text_offset == 0
    assert image_size >= len(image)
