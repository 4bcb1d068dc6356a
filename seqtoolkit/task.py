"""SequenceTask: the one LightningModule. Loss, metrics, optimiser, and what a checkpoint must say of itself."""

from __future__ import annotations

from typing import Any, cast

import torch
from lightning import LightningModule
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn

from seqtoolkit.batch import Batch
from seqtoolkit.carried import Carried
from seqtoolkit.checkpoint import BLOCK
from seqtoolkit.choice import NAMES
from seqtoolkit.data.base import SequenceData
from seqtoolkit.described import describe
from seqtoolkit.encoder_decoder import Attend
from seqtoolkit.evaluation import Evaluation, score
from seqtoolkit.losses import Loss
from seqtoolkit.model import BlockKind
from seqtoolkit.schedule import WarmupDecay, follow

CARRIED = "carried"  # the key of the carried state in a checkpoint


class SequenceTask(LightningModule):
    """Train, validate, test and predict with one model on one task.

    Without an encoder one architecture reads the whole sequence, source and target (SequenceModel). With one, it
    writes the target, and the encoder reads the source (EncoderDecoder).

    Args:
        arch: name of an installed architecture; `seqtoolkit plugins` lists them.
        arch_config: options of the architecture; `seqtoolkit plugins --name ARCH` explains them.
        d_model: width of every layer.
        num_layers: number of blocks.
        block: `plain` stacks mixers as in the classics; `residual` adds norm and skip around each.
        mlp_ratio: width of the MLP after each mixer, as a multiple of d_model; 0 for none.
        dropout: share of activations dropped after the embedding, each mixer and each MLP.
        encoder: name of the architecture that reads the source; null for a model without an encoder.
        encoder_config: options of the encoder's architecture.
        encoder_layers: blocks of the encoder; as many as num_layers when null.
        encoder_width: width of the encoder; d_model when null.
        bidirectional: whether the encoder reads from both ends.
        attention: how the decoder looks back at the source, such as additive; `none` for one fixed vector.
        attention_config: options of the attention; `seqtoolkit plugins --name ATTENTION` explains them.
        attend: whether a step attends `after` its recurrence (Luong; fast) or `before` it (Bahdanau; step by step).
        tie: whether the decoder's head uses the weights of its embedding.
        label_smoothing: share of each target that is spread over all classes in training (Szegedy et al. 2016).
        spec: what the data module says of its task (sizes, target, codec); filled in by the command line.

    Raises:
        ValueError: the architecture or an option is unknown, or a size is impossible.
    """

    def __init__(
        self,
        arch: str | None = None,
        arch_config: dict[str, Any] | None = None,
        d_model: int = 128,
        num_layers: int = 2,
        block: BlockKind = "residual",
        mlp_ratio: float = 0.0,
        dropout: float = 0.0,
        encoder: str | None = None,
        encoder_config: dict[str, Any] | None = None,
        encoder_layers: int | None = None,
        encoder_width: int | None = None,
        bidirectional: bool = True,
        attention: str = "none",
        attention_config: dict[str, Any] | None = None,
        attend: Attend = "after",
        tie: bool = False,
        label_smoothing: float = 0.0,
        spec: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()
        chosen = {name: value for name, value in locals().items() if name in NAMES}
        if not 0 <= label_smoothing < 1:
            raise ValueError(f"label_smoothing is {label_smoothing}; expected at least 0 and less than 1")
        self.label_smoothing = label_smoothing
        self.described = describe(chosen, spec or {})
        self.model = self.described.build()
        self.loss = Loss.of(self.described.spec)
        self.carried = Carried()
        self.evaluations = nn.ModuleDict()

    @property
    def data(self) -> SequenceData:
        """The data module that the trainer runs with."""
        return cast(SequenceData, self.trainer.datamodule)  # type: ignore[attr-defined]

    def setup(self, stage: str) -> None:
        """Take the metrics of the data module."""
        splits = {"fit": ("val",), "validate": ("val",), "test": ("test",), "predict": ()}
        for split in splits[stage]:
            self.evaluations[split] = Evaluation(self.data.metrics(split), self.loss).to(self.device)

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Return the loss whose gradient, averaged over processes, is that of the mean over all their targets."""
        scored = score(self.model, batch, self.loss, self.label_smoothing, self.carried.before(batch))
        self.carried.after(self.model, batch, scored.state)
        total = scored.losses.sum()
        sums = torch.stack([total.detach(), batch.mask.sum()])
        world = self.trainer.world_size
        all_total, all_count = self.trainer.strategy.reduce(sums, reduce_op="sum") if world > 1 else sums
        self.log("train/loss", all_total / all_count, prog_bar=True, batch_size=len(batch))
        loss: Tensor = total * (world / all_count)
        return loss

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Update the validation metrics."""
        self.evaluations["val"].update(self.model, batch)  # type: ignore[operator]

    def test_step(self, batch: Batch, batch_idx: int) -> None:
        """Update the test metrics."""
        self.evaluations["test"].update(self.model, batch)  # type: ignore[operator]

    def on_train_start(self) -> None:
        """Let the schedule follow the trainer's budget."""
        for config in self.trainer.lr_scheduler_configs:
            if isinstance(config.scheduler, WarmupDecay):
                follow(config.scheduler, self.trainer)

    def on_validation_epoch_end(self) -> None:
        """Log the validation metrics."""
        self._conclude("val")

    def on_test_epoch_end(self) -> None:
        """Log the test metrics."""
        self._conclude("test")

    def _conclude(self, split: str) -> None:
        values = self.evaluations[split].conclude()  # type: ignore[operator]
        named = {f"{split}/{name}": value for name, value in values.items()}
        self.log_dict(named, prog_bar=split == "val", sync_dist=True)

    def predict_step(self, batch: Batch, batch_idx: int) -> list[tuple[int, dict[str, Any]]]:
        """Return for each input of the user its place, and what is said of it."""
        return self.data.predictions(self.model, batch)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """Return AdamW with warm-up and decay; the command line's `--optimizer` and `--lr_scheduler` replace them."""
        optimizer = torch.optim.AdamW(self.parameters(), lr=2e-3, weight_decay=0.01)
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": WarmupDecay(optimizer), "interval": "step"},
        }

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add the plain block from which `seqtoolkit.checkpoint.load` rebuilds the model."""
        checkpoint[BLOCK] = self.described.to_dict()
        if (
            self.carried.state is not None and self.trainer.world_size == 1
        ):  # a process knows its own rows only
            checkpoint[CARRIED] = self.carried.state

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Go on with the state of the text that was being read."""
        self.carried.state = checkpoint.get(CARRIED)
