"""Every component id, in one place: a duplicate or misspelt id fails silently in Dash."""

from __future__ import annotations

URL = "url"  # the whole view state is its query string
PROVIDER = "provider"
SWITCH = "switch"  # between light and dark
SCHEME = "scheme"  # light or dark
TITLES = "titles"
TICK = "tick"  # fires every two seconds
NAV = "nav"
CONTENT = "content"

RUNS_GRID = "runs-grid"
RUNS_SEARCH = "runs-search"
RUNS_COUNT = "runs-count"
RUNS_NOTES = "runs-notes"
RUNS_VERSION = "runs-version"

TRAINING_RUNS = "training-runs"
TRAINING_METRICS = "training-metrics"
TRAINING_SCALE = "training-scale"
TRAINING_SMOOTHING = "training-smoothing"
TRAINING_GRAPH = "training-graph"
TRAINING_FRAME = "training-frame"
TRAINING_CAPTION = "training-caption"
TRAINING_EMPTY = "training-empty"
TRAINING_NOTES = "training-notes"
TRAINING_SEEN = "training-seen"
TRAINING_CHANGED = "training-changed"

DATA_RUN = "data-run"
DATA_RESULT = "data-result"
DATA_SEEN = "data-seen"
DATA_CHANGED = "data-changed"

QUALITY_RUNS = "quality-runs"
QUALITY_CHECKPOINT = "quality-checkpoint"
QUALITY_MATRIX = "quality-matrix"
QUALITY_EXAMPLES = "quality-examples"
QUALITY_RESULT = "quality-result"
QUALITY_SEEN = "quality-seen"
QUALITY_CHANGED = "quality-changed"

COMPARE_FOLDER = "compare-folder"
COMPARE_RESULT = "compare-result"
COMPARE_SEEN = "compare-seen"
COMPARE_CHANGED = "compare-changed"

ATTENTION_RUN = "attention-run"
ATTENTION_CHECKPOINT = "attention-checkpoint"
ATTENTION_TEXT = "attention-text"
ATTENTION_FIELD = "attention-field"  # around the text
ATTENTION_LAYER = "attention-layer"
ATTENTION_HEAD = "attention-head"
ATTENTION_CHOICES = "attention-choices"
ATTENTION_RESULT = "attention-result"
ATTENTION_BUSY = "attention-busy"

MEMORY_RUNS = "memory-runs"
MEMORY_CHECKPOINT = "memory-checkpoint"
MEMORY_SCALE = "memory-scale"
MEMORY_PROTOCOLS = "memory-protocols"
MEMORY_AXES = "memory-axes"
MEMORY_STEPS = "memory-steps"  # the slider over the checkpoints of one run
MEMORY_STEPS_FRAME = "memory-steps-frame"
MEMORY_PANELS = "memory-panels"
MEMORY_PANELS_SEEN = "memory-panels-seen"
MEMORY_CSV = "memory-csv"
MEMORY_DOWNLOAD = "memory-download"
MEMORY_HORIZONS_CSV = "memory-horizons-csv"
MEMORY_HORIZONS_DOWNLOAD = "memory-horizons-download"
MEMORY_TARGET = "memory-target"
MEMORY_PART = "memory-part"
MEMORY_PART_FRAME = "memory-part-frame"
MEMORY_LAGS = "memory-lags"
MEMORY_LENGTH = "memory-length"  # of the sequences that are drawn
MEMORY_SEEDS = "memory-seeds"
MEMORY_SPLIT = "memory-split"
MEMORY_START = "memory-start"
MEMORY_STOP = "memory-stop"
MEMORY_PROGRESS = "memory-progress"
MEMORY_GRAPH = "memory-graph"
MEMORY_FRAME = "memory-frame"
MEMORY_CAPTION = "memory-caption"
MEMORY_EMPTY = "memory-empty"
MEMORY_TABLE = "memory-table"
MEMORY_NOTES = "memory-notes"
MEMORY_SEEN = "memory-seen"
MEMORY_CHANGED = "memory-changed"

FINDINGS = "findings"

FORMING_GRAPH = "forming-graph"  # the horizon against the step of training
FORMING_FRAME = "forming-frame"
FORMING_CAPTION = "forming-caption"
FORMING_EMPTY = "forming-empty"
FORMING_SEEN = "forming-seen"
FORMING_CHANGED = "forming-changed"
FORMING_CSV = "forming-csv"
FORMING_DOWNLOAD = "forming-download"

LENGTH_RUNS = "length-runs"
LENGTH_CHECKPOINT = "length-checkpoint"
LENGTH_MEASURE = "length-measure"
LENGTH_GRAPH = "length-graph"
LENGTH_FRAME = "length-frame"
LENGTH_CAPTION = "length-caption"
LENGTH_EMPTY = "length-empty"
LENGTH_TABLE = "length-table"
LENGTH_NOTES = "length-notes"
LENGTH_SEEN = "length-seen"
LENGTH_CHANGED = "length-changed"

GATES_RUN = "gates-run"
GATES_CHECKPOINT = "gates-checkpoint"
GATES_TEXT = "gates-text"
GATES_FIELD = "gates-field"  # around the text
GATES_SAMPLE = "gates-sample"
GATES_SIDE = "gates-side"
GATES_SIDES = "gates-sides"
GATES_LAYER = "gates-layer"
GATES_LAYERS = "gates-layers"
GATES_UNIT = "gates-unit"
GATES_RESULT = "gates-result"
GATES_BUSY = "gates-busy"

ALIGNMENT_RUN = "alignment-run"
ALIGNMENT_CHECKPOINT = "alignment-checkpoint"
ALIGNMENT_TEXT = "alignment-text"
ALIGNMENT_EDIT = "alignment-edit"
ALIGNMENT_OTHER = "alignment-other"
ALIGNMENT_OTHER_CHECKPOINT = "alignment-other-checkpoint"
ALIGNMENT_OTHER_CHOICE = "alignment-other-choice"
ALIGNMENT_HEAD = "alignment-head"
ALIGNMENT_HEADS = "alignment-heads"
ALIGNMENT_ROW = "alignment-row"
ALIGNMENT_BEAMS = "alignment-beams"
ALIGNMENT_RESULT = "alignment-result"
ALIGNMENT_BUSY = "alignment-busy"


def memory_curve(protocol: str) -> str:
    """Return the id of the card of a protocol, to which findings point."""
    return f"memory-curve-{protocol}"


def alignment_map(name: str) -> dict[str, str]:
    """Return the id of one of the maps that can be clicked, of which there are as many as there is to show."""
    return {"kind": "alignment-map", "name": name}


def gates_map(name: str) -> dict[str, str]:
    """Return the id of one of the maps of units, whose rows can be clicked."""
    return {"kind": "gates-map", "name": name}
