"""The catalogue says one thing about each model, and says it completely."""

from __future__ import annotations

import re

import pytest

from sidelight_client.domain.models.model_catalogue import CATALOGUE, Model
from sidelight_client.setting_table import SETTINGS

DIGEST = re.compile(r"[0-9a-f]{64}")


@pytest.mark.parametrize("model", CATALOGUE.values(), ids=CATALOGUE)
def test_its_parts_are_the_whole(model: Model) -> None:
    assert sum(wheel.size for wheel in model.wheels) == model.size
    assert DIGEST.fullmatch(model.sha256)
    assert len({wheel.sha256 for wheel in model.wheels}) == len(model.wheels)
    for wheel in model.wheels:
        assert re.fullmatch(r"[a-z0-9-]+==[0-9.]+ --hash=sha256:[0-9a-f]{64}", wheel.requirement), (
            wheel.package
        )


@pytest.mark.parametrize("model", CATALOGUE.values(), ids=CATALOGUE)
def test_its_file_is_a_plain_name(model: Model) -> None:
    assert re.fullmatch(r"[A-Za-z0-9._-]+\.gguf", model.file)


def test_the_setting_offers_every_model() -> None:
    assert set(SETTINGS["embedded.model"].choices) == {"auto", "none", *CATALOGUE}
