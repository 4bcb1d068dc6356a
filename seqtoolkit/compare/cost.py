"""What a step of prediction costs: time and state, measured in a process of its own and stored with the checkpoint.

`python -m seqtoolkit.compare.cost RUN STEPS` writes the probe "cost": {"steps", "state_bytes", "latency": {"estimate",
"lower", "upper", "n"}}: milliseconds of one more step of one sequence after STEPS steps; median and quartiles of n.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

from seqtoolkit.compare.store import COST

WARM = 20  # steps before the first that counts
COUNTED = 200


def main(argv: list[str]) -> int:
    """Measure the best checkpoint of a run and store it there."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    from seqtoolkit import checkpoint as checkpoints
    from seqtoolkit.run_folder import RunFolder

    run, steps = Path(argv[0]), int(argv[1])
    folder, path = RunFolder(run), run / "checkpoints" / "best.ckpt"
    try:
        checkpoint = checkpoints.load(path)
        measured = cost(checkpoint.model, checkpoint.described.spec, steps)
        folder.open(create=False)
        folder.write_probe(path, COST, {"schema": 1, "step": checkpoint.step, **measured})
    except (ValueError, OSError) as error:
        print(f"seqtoolkit compare: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    finally:
        folder.close()
    return 0


def cost(model: Any, spec: dict[str, Any], steps: int, counted: int = COUNTED) -> dict[str, Any]:
    """Measure a model (SequenceModel or EncoderDecoder) after `steps` inputs of one sequence.

    An encoder-decoder has read them as a source, with its separator, and writes.
    """
    import torch

    from seqtoolkit.mixer import state_bytes

    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    with torch.inference_mode():
        before, one = _inputs(model, spec, steps)
        _, state = model.begin(before, torch.tensor([steps]))
        taken = []
        for _ in range(WARM + counted):
            began = time.perf_counter()
            model.advance(one, state)
            taken.append(1000 * (time.perf_counter() - began))
    lower, median, upper = torch.tensor(taken[WARM:]).quantile(torch.tensor([0.25, 0.5, 0.75])).tolist()
    latency = {"estimate": median, "lower": lower, "upper": upper, "n": counted}
    return {"steps": steps, "state_bytes": state_bytes(state), "latency": latency}


def _inputs(model: Any, spec: dict[str, Any], steps: int) -> tuple[Any, Any]:
    """Draw what a sequence begins with (1, steps), and one more step: tokens, or features (1, steps, F)."""
    import torch

    generator = torch.Generator().manual_seed(0)
    if features := spec.get("num_features", 0):
        drawn = torch.randn(1, steps + 1, features, generator=generator)
        return drawn[:, :-1], drawn[:, -1:]
    source = getattr(
        model, "offset", None
    )  # source symbols of an encoder-decoder; its separator is the next token
    drawn = torch.randint(source or spec["vocab_size"], (1, steps), generator=generator)
    if source is not None:
        drawn[:, -1] = source
    return drawn, drawn[:, -1:]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
