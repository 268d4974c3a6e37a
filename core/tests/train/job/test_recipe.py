"""Options become a recipe, or an error that says what to give instead."""

from dataclasses import replace
from typing import Any

import pytest

import ferrule as fe
from ferrule.train.job import DATASETS, MODELS, OPTIMIZERS, Options, Recipe


def test_defaults_suit_the_data_set() -> None:
    digits, fashion = (Recipe.of(Options(name)) for name in ("digits", "fashion-mnist"))
    assert (digits.model, digits.optimizer, digits.seed) == ("cnn", "adam", 0)
    assert (fashion.epochs, fashion.batch_size) == (5, 64)
    assert digits.lr == OPTIMIZERS["adam"].lr
    assert Recipe.of(Options("digits", optimizer="sgd")).lr == OPTIMIZERS["sgd"].lr


def test_what_was_given_wins() -> None:
    options = Options("mnist", "mlp", "adamw", epochs=2, batch_size=7, lr=0.5, seed=9)
    assert Recipe.of(options) == Recipe("mnist", "mlp", "adamw", 2, 7, 0.5, 9)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"dataset": "mnst"}, r"'mnst' is unknown \(did you mean mnist\?\); choose digits, mnist"),
        ({"model": "rnn"}, "--model 'rnn' is unknown.*; choose cnn or mlp"),
        ({"optimizer": "SGD"}, r"--optimizer 'SGD' is unknown \(did you mean sgd\?\)"),
        ({"epochs": 0}, "--epochs is 0; a run has at least 1"),
        ({"batch_size": -4}, "--batch-size is -4; a batch has at least 1"),
        ({"lr": 0.0}, "--lr is 0.0; a learning rate is above 0"),
        ({"lr": -0.1}, "--lr is -0.1"),
        ({"lr": float("nan")}, "--lr is nan"),
        ({"lr": float("inf")}, "--lr is inf"),
        ({"seed": -1}, "--seed is -1; give a number from 0"),
        ({"seed": 2**63}, "--seed is 9223372036854775808"),
    ],
)
def test_wrong_options_are_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(fe.ArgumentError, match=message):
        Recipe.of(replace(Options("digits"), **wrong))


SAVED = Recipe("digits", "mlp", "sgd", 3, 16, 0.25, 7)


def test_a_resumed_recipe_is_the_saved_one() -> None:
    assert Recipe.resumed(Options("digits"), SAVED.as_dict(), "f") == SAVED


def test_a_resumed_recipe_may_differ_where_the_state_does_not_depend_on_it() -> None:
    options = Options("digits", epochs=9, batch_size=8, lr=0.5)
    resumed = Recipe.resumed(options, SAVED.as_dict(), "f")
    assert resumed == replace(SAVED, epochs=9, batch_size=8, lr=0.5)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"dataset": "mnist"}, "f was trained with the data set digits, and the data set mnist"),
        ({"model": "cnn"}, "the model mlp, and the model cnn is asked for; continue with mlp"),
        ({"optimizer": "adam"}, "the optimizer sgd, and the optimizer adam"),
        ({"seed": 8}, "the seed 7, and the seed 8 is asked for"),
    ],
)
def test_a_resumed_recipe_of_something_else_is_refused(other: dict[str, Any], message: str) -> None:
    with pytest.raises(fe.CheckpointError, match=message):
        Recipe.resumed(replace(Options("digits"), **other), SAVED.as_dict(), "f")


def test_a_saved_recipe_that_this_version_does_not_know_is_refused() -> None:
    saved = {**SAVED.as_dict(), "model": "transformer"}
    with pytest.raises(fe.ArgumentError, match="--model 'transformer' is unknown"):
        Recipe.resumed(Options("digits"), saved, "f")


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("dataset", DATASETS)
def test_every_model_fits_every_data_set(model: str, dataset: str) -> None:
    task = DATASETS[dataset]
    network = MODELS[model](task.image, len(task.classes))
    assert network(fe.zeros(2, *task.image)).shape == (2, len(task.classes))
