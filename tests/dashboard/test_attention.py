"""The attention page opens real checkpoints, says what is wrong with others, and remembers what it opened."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from dash import Dash
from plotly.io.json import to_json_plotly
from seqtoolkit_dashboard import checkpoints, ids, looking
from seqtoolkit_dashboard.pages.attention import maps
from seqtoolkit_dashboard.view import View

from tests.core.number_runs import labelled_run
from tests.dashboard.client import call, texts
from tests.dashboard.run_folders import write_checkpoint


@pytest.fixture
def opened(runs_dir: Path) -> Path:
    for arch in ("attention", "lstm"):
        write_checkpoint(runs_dir / f"recall-{arch}" / "checkpoints" / "best.ckpt", arch)
    return runs_dir


def draw(app: Dash, search: str) -> dict[str, dict[str, object]]:
    drawn: dict[str, dict[str, object]] = call(
        app, ids.ATTENTION_RESULT, "url.search", url__search=search, scheme__data="light"
    )
    return drawn


def test_attention_has_a_map_for_each_head_beside_the_influence(app: Dash, opened: Path) -> None:
    drawn = draw(app, "?look=recall-attention&text=phonology")
    shown = texts(drawn[ids.ATTENTION_RESULT])
    assert "Influence" in shown
    assert {"Layer 1, head 1", "Layer 1, head 2"} <= set(shown)
    assert any("Rank correlation with influence" in text for text in shown)
    assert "p (input 1)" in shown
    assert [item["label"] for item in drawn[ids.ATTENTION_LAYER]["data"]] == ["1", "2"]
    assert drawn[ids.ATTENTION_CHOICES]["hidden"] is False


def test_one_head_and_another_layer(app: Dash, opened: Path) -> None:
    shown = texts(draw(app, "?look=recall-attention&text=abc&layer=2&head=2"))
    assert "Layer 2, head 2" in shown
    assert "Layer 2, head 1" not in shown


@pytest.mark.parametrize("last", [0, 3])
def test_the_future_is_explained_where_there_is_one(opened: Path, last: int) -> None:
    seen = looking.look(opened / "recall-lstm" / "checkpoints" / "best.ckpt", "cat")[1]  # c, a, t, →
    shown = maps(replace(seen, positions=[last] * len(seen.rows)), View(), "light")
    said = " ".join(texts(json.loads(to_json_plotly(shown))))
    assert ("Empty cells lie in the future of a row" in said) == (last < len(seen.inputs) - 1)


def test_what_lies_beyond_the_last_layer_and_head_is_the_last(app: Dash, opened: Path) -> None:
    drawn = draw(app, "?look=recall-attention&layer=99&head=99")
    assert any(text.startswith("Layer 2, head") for text in texts(drawn))


def test_a_recurrent_model_shows_its_influence(app: Dash, opened: Path) -> None:
    drawn = draw(app, "?look=recall-lstm")
    assert "Influence" in texts(drawn)
    assert drawn[ids.ATTENTION_TEXT]["placeholder"] == "remember"  # the example of the checkpoint
    assert drawn[ids.ATTENTION_CHOICES]["hidden"] is True


@pytest.mark.parametrize(
    ("search", "message"),
    [
        ("?look=recall-lstm&text=caf%C3%A9", "'é'"),
        ("?look=recall-lstm&text=" + "a" * 513, "513 characters"),
        ("?look=..%2Fetc", "No run named '../etc' is in this folder"),
        ("?look=recall-lstm&checkpoint=..%2F..%2Fx", "recall-lstm has no checkpoint '../../x'; it has: best"),
        ("?look=minlstm-trial", "need the plugin seqtoolkit-minlstm 0.3.0"),
    ],
)
def test_what_cannot_be_drawn_says_why(app: Dash, opened: Path, search: str, message: str) -> None:
    assert any(message in text for text in texts(draw(app, search)))


@pytest.mark.parametrize("arch", ["attention", "gru"])
def test_of_numbers_an_example_of_the_data_is_read(app: Dash, runs_dir: Path, arch: str) -> None:
    labelled_run(runs_dir / "recall-lstm", arch)
    drawn = draw(app, "?look=recall-lstm&text=val+2")
    shown = texts(drawn[ids.ATTENTION_RESULT])
    assert {"Input", "Influence", "val 2", ": 20 steps."} <= set(shown)
    assert ("Layer 1, head 1" in shown) == (arch == "attention")
    assert "step that is answered" in shown
    assert {"step 1", "step 20"} <= set(shown)
    assert not [text for text in shown if "symbol" in text]
    assert drawn[ids.ATTENTION_TEXT]["label"] == "Example of the data"
    assert draw(app, "?look=recall-lstm")[ids.ATTENTION_TEXT]["placeholder"] == "val 0"


def test_a_bad_file_says_so(app: Dash, opened: Path) -> None:
    (opened / "recall-lstm" / "checkpoints" / "best.ckpt").write_bytes(b"PK no")
    assert any(
        "not a checkpoint that is safe to open" in text for text in texts(draw(app, "?look=recall-lstm"))
    )


def test_the_broken_plugin_of_a_checkpoint_says_so(
    app: Dash, opened: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(path: Path) -> None:
        raise ImportError("No module named 'mamba'")

    monkeypatch.setattr("seqtoolkit.checkpoint.load", broken)
    (opened / "recall-lstm" / "checkpoints" / "best.ckpt").touch()
    assert any("No module named 'mamba'" in text for text in texts(draw(app, "?look=recall-lstm")))


def test_a_checkpoint_is_opened_once_until_it_changes(opened: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import seqtoolkit.checkpoint

    path, real, reads = opened / "recall-lstm" / "checkpoints" / "best.ckpt", seqtoolkit.checkpoint.load, []
    monkeypatch.setattr("seqtoolkit.checkpoint.load", lambda file: reads.append(file) or real(file))
    first = checkpoints.look(path, "abc")[1]
    assert checkpoints.look(path, "abc")[1] is first
    checkpoints.look(path, "abcd")
    assert len(reads) == 1
    write_checkpoint(path, "lstm")
    assert checkpoints.look(path, "abc")[1] is not first
    assert len(reads) == 2
