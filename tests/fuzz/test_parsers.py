"""A short form of the fuzzing of every parser: a result or a sentence, whatever the bytes."""

from __future__ import annotations

import random
import struct
from itertools import islice

import pytest

from support.parser_fuzz import PARSERS, mutations, try_parser

INPUTS = 60


@pytest.mark.parametrize("name", PARSERS)
def test_seeds_are_read(tmp_path, name):
    parser = PARSERS[name]
    for seed in parser.seeds:
        (tmp_path / parser.file).write_bytes(seed)
        parser.read(tmp_path / parser.file)  # without a refusal: what is mutated is a good file


@pytest.mark.parametrize("name", PARSERS)
def test_any_bytes_give_a_result_or_a_sentence(tmp_path, name):
    parser, chance = PARSERS[name], random.Random(21)  # noqa: S311 - mutations, no secrets
    for data in islice(mutations(parser.seeds, chance), INPUTS):
        raised = try_parser(parser, tmp_path / parser.file, data)
        assert raised is None, (raised, data)


@pytest.mark.parametrize(
    ("flag", "method", "version"), [(1, 0, 20), (0, 99, 20), (0, 0, 119)], ids=["locked", "method", "version"]
)
def test_a_damaged_tile_is_worked_on_again(tmp_path, flag, method, version):
    """Bits of its directory changed, found by fuzzing: no tile, and no internal error that costs the picture."""
    parser = PARSERS["tile"]
    data = bytearray(parser.seeds[0])
    at = data.index(b"PK\x01\x02")
    struct.pack_into("<HHH", data, at + 6, version, flag, method)
    (tmp_path / parser.file).write_bytes(data)
    assert parser.read(tmp_path / parser.file) is None
