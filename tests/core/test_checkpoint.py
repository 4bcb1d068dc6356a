"""A checkpoint is rebuilt from plain values; a hostile one gets one clear error and runs no code."""

import copy
import io
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from seqtoolkit.checkpoint import BLOCK, CheckpointError, load
from seqtoolkit.codec import Codec
from seqtoolkit.described import Described, describe

SPEC = {"task": "g2p", "vocab_size": 7, "num_classes": 7}
SHAPE = {"d_model": 8, "num_layers": 1, "block": "residual", "mlp_ratio": 0.0, "dropout": 0.0}


def content(arch: str = "lstm") -> dict[str, Any]:
    """Return what a sound checkpoint holds."""
    described = describe({"arch": arch, **SHAPE}, SPEC)
    weights = {f"model.{name}": value for name, value in described.build().state_dict().items()}
    return {"state_dict": weights, "global_step": 12, BLOCK: described.to_dict()}


def write(path: Path, value: Any) -> Path:
    torch.save(value, path)
    return path


def test_round_trip(tmp_path: Path) -> None:
    saved = content()
    loaded = load(write(tmp_path / "a.ckpt", saved))
    assert (loaded.arch, loaded.task, loaded.step, loaded.model.training) == ("lstm", "g2p", 12, False)
    for name, value in loaded.model.state_dict().items():
        assert torch.equal(value, saved["state_dict"][f"model.{name}"])
    assert torch.serialization.get_unsafe_globals_in_checkpoint(tmp_path / "a.ckpt") == []


class Payload:
    """Creates a file when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return Path.touch, (self.mark,)


@pytest.mark.parametrize("where", ["top", "weights", "block", "hyper_parameters"])
def test_a_pickle_payload_does_not_run(tmp_path: Path, where: str) -> None:
    mark, value = tmp_path / "executed", content()
    place = {"top": value, "weights": value["state_dict"], "block": value[BLOCK]}.get(where)
    if place is None:
        place = value["hyper_parameters"] = {}
    place["payload"] = Payload(mark)
    with pytest.raises(CheckpointError, match="not a checkpoint that is safe to open"):
        load(write(tmp_path / "evil.ckpt", value))
    assert not mark.exists()
    pickle.loads(pickle.dumps(Payload(mark)))  # the payload is a real one
    assert mark.exists()


def test_a_class_path_is_never_imported(tmp_path: Path) -> None:
    module = tmp_path / "evil_module.py"
    module.write_text(
        "import pathlib; pathlib.Path(__file__).with_name('executed').touch()\nclass Evil: pass"
    )
    value = content()
    value["hyper_parameters"] = {"_class_path": "evil_module.Evil", "_instantiator": "evil_module.Evil"}
    value[BLOCK]["arch"] = "evil_module.Evil"
    with pytest.raises(ValueError, match=r"unknown architecture 'evil_module\.Evil'"):
        load(write(tmp_path / "evil.ckpt", value))
    assert not (tmp_path / "executed").exists()


def broken(change: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    value = content()
    change(value)
    return value


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda v: v.pop(BLOCK), "no 'seqtoolkit' block"),
        (lambda v: v[BLOCK].update(schema=99), "schema is 99"),
        (lambda v: v[BLOCK].update(arch=3), "'arch' should be a str"),
        (lambda v: v[BLOCK]["shape"].update(d_model="8"), "'d_model' should be of type int"),
        (lambda v: v[BLOCK]["shape"].update(d_model=10**9), "do not fit 'lstm'|cannot be built"),
        (lambda v: v[BLOCK]["shape"].update(num_layers=10**9), "1000000000 layers and has weights of 1"),
        (lambda v: v[BLOCK]["spec"].update(vocab_size=10**12), "do not fit"),
        (lambda v: v[BLOCK]["spec"].pop("num_classes"), "cannot be built"),
        (lambda v: v[BLOCK]["arch_config"].update(nonsense=1), "nonsense"),
        (lambda v: v.pop("state_dict"), "no 'state_dict'"),
        (
            lambda v: v["state_dict"].update({"model.head.bias": torch.zeros(3)}),
            r"head.bias is \(3,\), expected \(7,\)",
        ),
        (lambda v: v["state_dict"].pop("model.head.bias"), "head.bias is missing"),
        (lambda v: v["state_dict"].update({"model.extra": torch.zeros(3)}), "expected nothing of that name"),
        (lambda v: v["state_dict"].update({5: torch.zeros(3)}), "tensors by name"),
        (
            lambda v: v["state_dict"].update({"model.x": torch.zeros(1).expand(10**9)}),
            "its weights claim 4,000",
        ),
        (lambda v: v["state_dict"].update({"model.x": torch.zeros(3).to_sparse()}), "not an ordinary tensor"),
        (lambda v: v["state_dict"].update({"model.x": torch.zeros(3, dtype=torch.cfloat)}), "complex64"),
        (lambda v: v[BLOCK]["shape"].update(mlp_ratio=float("inf")), "'mlp_ratio' should be a finite number"),
        (lambda v: v[BLOCK]["shape"].update(dropout=float("nan")), "'dropout' should be a finite number"),
        (lambda v: v[BLOCK]["shape"].update(dropout=5.0), "cannot be built"),
        (lambda v: v[BLOCK]["shape"].update(d_model=-1), "cannot be built"),
        (lambda v: v[BLOCK]["spec"].update(codec={"symbols": []}), "codec is wrong"),
    ],
)
def test_what_does_not_fit_is_said(
    tmp_path: Path, change: Callable[[dict[str, Any]], Any], message: str
) -> None:
    with pytest.raises(CheckpointError, match=message) as raised:
        load(write(tmp_path / "wrong.ckpt", broken(change)))
    assert "wrong.ckpt" in str(raised.value)


CODEC = Codec(("a", "b", "?", "→", "a", "z", "■"), ("a", "b"), "ab", "→", "■", unknown="?")
READER = {"encoder": "gru", "attention": "multihead"}


def pairs(change: Callable[[dict[str, Any], dict[str, Any]], Any]) -> dict[str, Any]:
    """Return the checkpoint of an encoder-decoder, after a change of its encoder and of its spec."""
    spec = {"task": "pairs", "vocab_size": 7, "num_classes": 4, "codec": CODEC.to_dict()}
    described = describe({"arch": "gru", **SHAPE, **READER}, spec)
    weights = {f"model.{name}": value for name, value in described.build().state_dict().items()}
    block = copy.deepcopy(described.to_dict())
    change(block["encoder"], block["spec"])
    return {"state_dict": weights, "global_step": 1, BLOCK: block}


def test_an_encoder_decoder_goes_round(tmp_path: Path) -> None:
    loaded = load(write(tmp_path / "a.ckpt", pairs(lambda encoder, spec: None)))
    assert (str(loaded.described), loaded.codec) == ("gru to gru, multihead", CODEC)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda e, s: e.pop("attention"), "'attention' should be of type str"),
        (lambda e, s: e.update(attention="os.system"), "unknown attention 'os.system'"),
        (lambda e, s: e.update(encoder="additive"), "unknown architecture 'additive': it is an attention"),
        (lambda e, s: e.update(encoder_layers=10**9), "1000000000 layers and has weights of 1"),
        (lambda e, s: e.update(encoder_layers=True), "'encoder_layers' should be of type int"),
        (lambda e, s: e.update(encoder_width=10**9), "do not fit|cannot be built"),
        (
            lambda e, s: e.update(
                encoder="rnn", encoder_config={}, encoder_width=10**9, bidirectional=False,
                attention_config={"num_heads": 3},
            ),
            "num_heads=3 does not divide",  # at once, without looking for every divisor
        ),
        (lambda e, s: e.update(attention_config={"num_heads": "4"}), "cannot be built"),
        (lambda e, s: e.update(attention_config={5: 1}), "cannot be built"),
        (lambda e, s: e.update(attend="during"), "attend is 'during'"),
        (lambda e, s: e.update(tie=True), "do not fit 'gru'"),
        (lambda e, s: e.update(evil=1), "unknown option 'evil'"),
        (lambda e, s: s.update(vocab_size="7"), "7 symbols for a vocabulary of '7'"),
        (lambda e, s: s.pop("vocab_size"), "7 symbols for a vocabulary of None"),
        (lambda e, s: s.update(vocab_size=10**400), "7 symbols for a vocabulary of 1000"),
        (lambda e, s: s.update(num_classes=[4]), r"can answer 4 symbols, and it has \[4\] classes"),
        (lambda e, s: s["codec"].update(separator="", end="", query="a"), "codec no separator"),
        (lambda e, s: s.update(vocab_size=12), "7 symbols for a vocabulary of 12"),
        (lambda e, s: s["codec"].update(separator="", end=""), "can answer 7 symbols, and it has 4 classes"),
        (lambda e, s: s["codec"].update(alphabet=[], unknown=""), "nothing could be typed"),
        (lambda e, s: s["codec"].update(symbols=[*CODEC.symbols[:-1], ""], end=""), "none without a name"),
    ],
)  # fmt: skip
def test_a_hostile_encoder_or_codec_is_one_error(
    tmp_path: Path, change: Callable[[dict[str, Any], dict[str, Any]], Any], message: str
) -> None:
    with pytest.raises(CheckpointError, match=message):
        load(write(tmp_path / "wrong.ckpt", pairs(change)))


def test_more_classes_than_symbols_are_refused(tmp_path: Path) -> None:
    """Of a task that answers at a query: a class without a symbol could not be named."""
    value = content()
    query = Codec(("a", "b", "?"), ("a", "b", "?"), "a?", query="?")
    value[BLOCK]["spec"] = {**SPEC, "vocab_size": 3, "codec": query.to_dict()}
    with pytest.raises(CheckpointError, match="can answer 3 symbols, and it has 7 classes"):
        load(write(tmp_path / "wrong.ckpt", value))


def test_files_that_are_no_checkpoints(tmp_path: Path) -> None:
    sound = write(tmp_path / "sound.ckpt", content()).read_bytes()
    files = {
        "empty": b"",
        "text": b"hello",
        "truncated": sound[: len(sound) // 2],
        "pickle": pickle.dumps({"state_dict": {}}),
        "list": as_bytes([1, 2, 3]),
    }
    for name, data in files.items():
        path = tmp_path / f"{name}.ckpt"
        path.write_bytes(data)
        with pytest.raises(CheckpointError, match=f"{name}.ckpt"):
            load(path)
    with pytest.raises(CheckpointError, match="no such file"):
        load(tmp_path / "missing.ckpt")


def as_bytes(value: Any) -> bytes:
    buffer = io.BytesIO()
    torch.save(value, buffer)
    return buffer.getvalue()


def test_a_compressed_bomb_is_refused(tmp_path: Path) -> None:
    source, bomb = write(tmp_path / "a.ckpt", content()), tmp_path / "bomb.ckpt"
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            new.writestr(entry.filename, old.read(entry))
        new.writestr("archive/data/99", b"\0" * 50_000_000)
    assert bomb.stat().st_size < 1_000_000
    with pytest.raises(CheckpointError, match="compressed"):
        load(bomb)


def test_a_missing_plugin_is_named(tmp_path: Path) -> None:
    value = content()
    value[BLOCK]["arch"] = "mamba"
    with pytest.raises(ValueError, match="unknown architecture 'mamba'"):
        load(write(tmp_path / "a.ckpt", value))


def test_described_survives_its_own_dictionary() -> None:
    described = describe({"arch": "attention", "arch_config": {"num_heads": 2}, **SHAPE}, SPEC)
    assert Described.from_dict(described.to_dict()) == described
    assert described.arch_config == {"num_heads": 2, "window": None}
