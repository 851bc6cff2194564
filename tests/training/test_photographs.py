"""Cats and dogs, in small: both phases on a few coloured pictures."""

import json

import pytest

from convscope.training.recipes import train


@pytest.fixture
def trained(make_folder, tmp_path):
    told = []
    path = tmp_path / "cats.keras"
    folder = make_folder()
    training = train(
        "cats-vs-dogs",
        path,
        data=folder,
        epochs=1,
        batch=4,
        progress=lambda *news: told.append(news),
    )
    return training, told


def test_both_phases(trained):
    training, told = trained
    assert training.parameters == 3_453_121
    assert training.epochs == 2
    assert [news[:4] for news in told if news[2] == news[3]] == [(1, 2, 2, 2), (2, 2, 2, 2)]
    assert len(training.validation) == 2
    assert all(0 <= score.accuracy <= 1 for score in training.validation)
    entries = json.loads(training.path.with_name("cats.convscope.json").read_text())
    assert entries["labels"] == ["cat", "dog"]
    assert entries["recipe"] == "cats-vs-dogs"
    assert entries["preparation"]["size"] == [150, 150]
    assert training.path.stat().st_size > 4 * 3_453_121
