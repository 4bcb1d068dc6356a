"""fit, validate, test and predict: the Lightning CLI, with runs, checked architectures and safe checkpoints."""

from __future__ import annotations

import hashlib
import os
import platform
import sys
import time
import warnings
from argparse import ArgumentError
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from jsonargparse import Namespace
from lightning import LightningModule, Trainer
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.callbacks import ProgressBar, TQDMProgressBar
from lightning.pytorch.cli import LightningArgumentParser, LightningCLI
from lightning.pytorch.loggers import Logger
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from seqtoolkit import choice
from seqtoolkit.arguments import check_configs, explain, unwrap, values, with_own_decay
from seqtoolkit.checkpoint import described
from seqtoolkit.checkpointing import AtomicCheckpointIO, RunCheckpoint
from seqtoolkit.data.base import SequenceData
from seqtoolkit.data.dates import DatesData  # noqa: F401  (imported so that `--data DatesData` is a known short name)
from seqtoolkit.data.digits import DigitsData  # noqa: F401
from seqtoolkit.data.g2p import G2PData  # noqa: F401
from seqtoolkit.data.image_rows import ImageRowsData  # noqa: F401
from seqtoolkit.data.labelled_series import LabelledSeriesData  # noqa: F401
from seqtoolkit.data.labelled_text import LabelledTextData  # noqa: F401
from seqtoolkit.data.pairs import PairsData  # noqa: F401
from seqtoolkit.data.recall import RecallData  # noqa: F401
from seqtoolkit.data.reverse import ReverseData  # noqa: F401
from seqtoolkit.data.rolls import RollData  # noqa: F401
from seqtoolkit.data.series import SeriesData  # noqa: F401
from seqtoolkit.data.shakespeare import ShakespeareData  # noqa: F401
from seqtoolkit.data.tagged import TaggedData  # noqa: F401
from seqtoolkit.data.text import TextData  # noqa: F401
from seqtoolkit.data.vowels import VowelsData  # noqa: F401
from seqtoolkit.evaluation_recorder import EvaluationRecorder
from seqtoolkit.notices import silence_notices
from seqtoolkit.predictions import PredictionWriter
from seqtoolkit.recorder import RunLogger, RunRecorder
from seqtoolkit.resume import refuse_another, refuse_other_data, with_run_config
from seqtoolkit.retention_recorder import RetentionRecorder
from seqtoolkit.run_folder import RunFolder
from seqtoolkit.schedule import WarmupDecay
from seqtoolkit.streaming import stream
from seqtoolkit.task import SequenceTask
from seqtoolkit.training_options import add_answers

DEFAULTS = {
    "enable_model_summary": False,
    "gradient_clip_val": 1.0,
    "log_every_n_steps": 10,
    "num_sanity_val_steps": 0,
}


class SequenceCLI(LightningCLI):
    """Lightning's command line for SequenceTask: what differs is what happens around a run and a checkpoint."""

    built = False  # whether data, model and trainer stand: what fails later is no mistake of the command line

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Add the run folder, checkpointing, optimiser and schedule, and let the data tell the model its sizes."""
        parser.add_argument("--run", type=str | None, help="Folder of the run; default runs/TASK-ARCH-TIME.")
        parser.add_lightning_class_args(RunCheckpoint, "checkpoint")
        parser.add_lightning_class_args(RetentionRecorder, "retention")
        parser.add_optimizer_args((Optimizer,))
        parser.add_lr_scheduler_args((LRScheduler,))
        parser.link_arguments("data", "model.spec", compute_fn=_spec, apply_on="instantiate")
        parser.set_defaults(
            {
                "optimizer": {"class_path": "torch.optim.AdamW", "init_args": {"lr": 2e-3}},
                "lr_scheduler": {"class_path": "seqtoolkit.schedule.WarmupDecay"},
            }
        )

    def _prepare_subcommand_parser(
        self, klass: type, subcommand: str, **kwargs: Any
    ) -> LightningArgumentParser:
        parser = super()._prepare_subcommand_parser(klass, subcommand, **kwargs)
        parser.set_defaults({"weights_only": True})
        add_answers(parser, subcommand)
        return parser

    def parse_arguments(self, parser: LightningArgumentParser, args: Any) -> None:
        """Parse the arguments that were given; a mistake is one line that says what to type."""
        if args[0] != "fit" and not {"-h", "--help"} & set(args) and not values(args, "--ckpt_path"):
            raise ValueError("no checkpoint: add --ckpt_path runs/RUN/checkpoints/best.ckpt")
        check_configs(args)
        try:
            self.config = parser.parse_args(with_own_decay(args))
        except ArgumentError as error:
            known = [word for action in self._parser(args[0])._actions for word in action.option_strings]
            raise ValueError(explain(" ".join(str(error).split()), known)) from None

    def _parse_ckpt_path(self) -> None:
        """Check the choice of model against the checkpoint's: Lightning would let the file change what was asked for.

        (Lightning calls this after parsing, to merge a checkpoint's hyperparameters into the configuration.)
        """
        config = self._section()
        model, path = config.model, config.get("ckpt_path")
        found = described(Path(path)).chosen if path else {}
        asked = found if path and model.arch is None else {name: _plain(model[name]) for name in choice.NAMES}
        if asked["arch"] is not None:
            asked = choice.complete(asked)
            for name, value in asked.items():
                model[name] = value
        if path:
            refuse_another(Path(path), found, asked)
        if path and "spec_of" in config.data.init_args:
            config.data.init_args["spec_of"] = path
            if self.config.subcommand == "predict":
                for name in _class(
                    config.data.class_path
                ).files:  # what it takes of them is in the checkpoint
                    config.data.init_args[name] = None

    def instantiate_classes(self) -> None:
        """Build data, model and trainer."""
        with warnings.catch_warnings():  # replacing the task's default optimiser is what --optimizer is for
            warnings.filterwarnings("ignore", message=".*will be overridden by.*")
            super().instantiate_classes()
        for name in ("beams", "length_penalty", "n_best"):
            setattr(self.datamodule, name, self._section().get(name, getattr(self.datamodule, name)))
        if path := self._section().get("ckpt_path"):
            refuse_other_data(Path(path), described(Path(path)).spec, self.datamodule.spec)
        SequenceCLI.built = True

    def _run_subcommand(self, subcommand: str) -> None:
        """Run it; a stream needs no trainer."""
        config = self._section()
        if not config.get("stream"):
            return super()._run_subcommand(subcommand)
        source = config.data.init_args.get("inputs") or "-"
        return stream(self.datamodule, Path(config.ckpt_path), source, config.output, config.format)

    def instantiate_trainer(self, **kwargs: Any) -> Trainer:
        """Build the trainer with the run's recorder, logger and checkpoint writer."""
        config, extra = self._get(self.config_init, "trainer"), list[Any]()
        callbacks = config.get("callbacks") or []
        logger = config.get("logger")
        loggers = logger if isinstance(logger, list) else [logger] if isinstance(logger, Logger) else []
        if self.subcommand == "predict":
            extra = [PredictionWriter(self.config.predict.output, self.config.predict.format)]
            kwargs |= {"enable_progress_bar": False, "devices": 1, "num_nodes": 1, "strategy": "auto"}
        elif self.subcommand == "fit" and not config.get("fast_dev_run"):
            recorder = self._recorder()
            extra, loggers = [recorder], [*loggers, RunLogger(recorder.folder)]
        elif self.subcommand != "fit":
            extra = [EvaluationRecorder(Path(self._section().ckpt_path))]
        if kwargs.get("enable_progress_bar", config.get("enable_progress_bar")) is not False:
            extra += [] if any(isinstance(c, ProgressBar) for c in callbacks) else [TQDMProgressBar()]
        kwargs |= {"logger": loggers, "callbacks": [*callbacks, *extra]}
        return super().instantiate_trainer(
            plugins=[*(config.get("plugins") or []), AtomicCheckpointIO()], **kwargs
        )

    @staticmethod
    def configure_optimizers(
        lightning_module: LightningModule, optimizer: Optimizer, lr_scheduler: Any | None = None
    ) -> Any:
        """Step our own schedule each step, and leave the others to Lightning's rules."""
        if isinstance(lr_scheduler, WarmupDecay):
            return {"optimizer": optimizer, "lr_scheduler": {"scheduler": lr_scheduler, "interval": "step"}}
        return LightningCLI.configure_optimizers(lightning_module, optimizer, lr_scheduler)

    def _section(self) -> Namespace:
        section: Namespace = self.config[self.config.subcommand]
        return section

    def _recorder(self) -> RunRecorder:
        config, arch, task = self._section(), self.model.described.arch, self.datamodule.spec["task"]
        path = Path(config.get("run") or f"runs/{task}-{arch}-{time.strftime('%Y%m%d-%H%M%S')}")
        repeatable = config.clone()
        repeatable["run"] = repeatable["ckpt_path"] = None
        text = self._parser(self.subcommand).dump(repeatable, skip_none=False)
        facts = {
            "task": task,
            "plugin": self.model.described.plugin,
            "data": config.data.as_dict(),
            "seed": config.seed_everything,
            "config_sha256": hashlib.sha256(text.encode()).hexdigest(),
            "versions": {name: version(name) for name in ("seqtoolkit", "torch", "lightning")}
            | {"python": platform.python_version()},
        }
        start = config.get("ckpt_path")
        return RunRecorder(RunFolder(path), facts, text, Path(start) if start else None)


def main(argv: list[str]) -> int:
    """Run one training command; what a user can mend is one clear line, not a traceback."""
    silence_notices()
    torch.set_flush_denormal(True)  # a vanishing gradient is far slower without
    SequenceCLI.built = False
    quiet = {"exit_on_error": False}  # an error is one line, not preceded by two hundred of usage
    try:
        SequenceCLI(
            SequenceTask,
            SequenceData,
            save_config_callback=None,
            trainer_defaults=DEFAULTS,
            seed_everything_default=0,
            parser_kwargs={**quiet, **dict.fromkeys(SequenceCLI.subcommands(), quiet)},
            subclass_mode_data=True,
            load_from_checkpoint_support=False,
            args=with_run_config(argv),
        )
    except (ValueError, OSError, MisconfigurationException) as error:
        if SequenceCLI.built and not _ours(error):
            raise  # from inside a plugin or a library: its author needs the traceback
        if os.environ.get("LOCAL_RANK", "0") == "0":  # every process meets the same mistake; one says so
            print(f"seqtoolkit {argv[0]}: {' '.join(unwrap(str(error)).split())}", file=sys.stderr)
        return 2
    return 0


def _ours(error: BaseException) -> bool:
    """Say whether an error is about what the user gave: of the system, of Lightning's settings, or raised by us."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    raised = Path(place.tb_frame.f_code.co_filename) if place is not None else Path()
    mine = Path(__file__).parent in raised.parents
    return mine or isinstance(error, (OSError, MisconfigurationException))


def _class(path: str) -> type[SequenceData]:
    module, _, name = path.rpartition(".")
    kind: type[SequenceData] = getattr(import_module(module), name)
    return kind


def _spec(data: SequenceData) -> dict[str, Any]:
    return data.spec


def _plain(value: Any) -> Any:
    return value.as_dict() if isinstance(value, Namespace) else value
