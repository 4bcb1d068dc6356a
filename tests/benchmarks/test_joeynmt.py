"""JoeyNMT reads what our models are trained on, and what it logs is understood."""

import importlib
from pathlib import Path

import pytest


def test_joeynmt_reads_the_sentences_that_ours_are_trained_on(tmp_path: Path) -> None:
    bench = importlib.import_module("joeynmt_ours").Bench(Path("python"), tmp_path)
    for split, loader in (("train", bench.data.train_dataloader()), ("test", bench.data.test_dataloader())):
        sources, targets = (
            (tmp_path / f"{split}.{side}").read_text().splitlines() for side in ("src", "trg")
        )
        assert [source.split()[::-1] for source in sources] == [target.split() for target in targets]
        assert sum(len(target.split()) + 1 for target in targets) == sum(batch.mask.sum() for batch in loader)


def test_what_joeynmt_logs_is_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    peer = importlib.import_module("joeynmt_peer")
    monkeypatch.setattr(peer, "_run", lambda *words, cwd: None)
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "train.log").write_text(
        "INFO - Total params: 109248\nINFO - Model(\n\tencoder=E(LSTM(16, 64)),\n\tloss_function=XentLoss())\n"
        "Step:  10, Tokens per Sec:     1000, Lr: 0.001\n"  # starting up does not count
        "Step:  20, Tokens per Sec:     3000, Lr: 0.001\nStep:  30, Tokens per Sec:     6000, Lr: 0.001\n"
    )
    trained = peer.train(Path("python"), tmp_path, {})
    assert trained == peer.Trained(
        4000, "encoder=E(LSTM(16, 64))", 109_248
    )  # 2 n tokens in n / 3000 + n / 6000 s
