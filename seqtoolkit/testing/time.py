"""Laws of time: what a mixer may see, what its state must carry, and what its trace shows."""

from __future__ import annotations

import torch
from torch import Tensor

from seqtoolkit.mixer import select_rows, state_bytes, tensors
from seqtoolkit.testing.subject import WIDTH, Law, Subject, close, noise, require

ROWS, STEPS = 3, 12
GATES = ("forget_gate", "input_gate", "output_gate", "update_gate", "reset_gate", "retention")
CARRIED = ("cell", "hidden")


@torch.no_grad()
def streaming(subject: Subject) -> str:
    """Two pieces with the state between them equal the whole, at every cut, and so do single steps."""
    mixer = subject.build(torch.float64)
    x = noise(ROWS, STEPS, WIDTH, dtype=torch.float64)
    whole = mixer(x)[0]
    worst = 0.0
    for cut in range(1, STEPS):
        first, state = mixer(x[:, :cut])
        pieces = torch.cat([first, mixer(x[:, cut:], state)[0]], 1)
        worst = max(worst, close(pieces, whole, f"Cut after step {cut} of {STEPS}"))
    steps, state = [], None
    for at in range(STEPS):
        y, state = mixer(x[:, at : at + 1], state)
        steps.append(y)
    return f"largest difference {max(worst, close(torch.cat(steps, 1), whole, 'Step by step')):.1e}"


@torch.no_grad()
def causal(subject: Subject) -> str:
    """Changing the future changes nothing before it, bit for bit."""
    mixer = subject.build()
    cuts = [(STEPS, cut) for cut in range(1, STEPS)] + [(150, cut) for cut in (1, 64, 149)]
    for steps, cut in cuts:
        x, changed = noise(ROWS, steps, WIDTH), noise(ROWS, steps, WIDTH)
        changed[:, cut:] = noise(ROWS, steps - cut, WIDTH, seed=2)
        before, after = mixer(x)[0], mixer(changed)[0]
        close(
            after[:, :cut], before[:, :cut], f"Inputs changed from step {cut} of {steps}, outputs before", 0
        )
    return f"{len(cuts)} changes of the future left the same bits"


@torch.no_grad()
def rows_independent(subject: Subject) -> str:
    """A row of a batch does not depend on the other rows."""
    mixer = subject.build()
    x, changed = noise(ROWS, STEPS, WIDTH), noise(ROWS, STEPS, WIDTH)
    changed[1:] = noise(ROWS - 1, STEPS, WIDTH, seed=2)
    close(mixer(changed)[0][0], mixer(x)[0][0], "Row 0 after changing the others", 0)
    exact, wide = subject.build(torch.float64), x.double()
    worst = close(exact(wide[1:2])[0], exact(wide)[0][1:2], f"Row 1 alone against among {ROWS}")
    return f"same bits; alone against in a batch {worst:.1e}"


@torch.no_grad()
def right_padding(subject: Subject) -> str:
    """Whatever stands after the end of a row changes nothing in it."""
    mixer = subject.build(torch.float64)
    x = noise(ROWS, STEPS, WIDTH, dtype=torch.float64)
    worst = 0.0
    for row, length in enumerate((4, 7, STEPS)):
        padded = x.clone()
        padded[row, length:] = 1e3
        out, alone = mixer(padded)[0][row, :length], mixer(x[row : row + 1, :length])[0][0]
        worst = max(worst, close(out, alone, f"A row of {length} steps padded to {STEPS}"))
    return f"largest difference {worst:.1e}"


@torch.no_grad()
def state_batch_first(subject: Subject) -> str:
    """In every tensor of the state the first axis is the batch, so rows can be chosen and reordered."""
    mixer = subject.build(torch.float64)
    x = noise(ROWS, STEPS, WIDTH, dtype=torch.float64)
    _, state = mixer(x[:, :7])
    shapes = [tuple(part.shape) for part in tensors(state)]
    require(
        all(shape[:1] == (ROWS,) for shape in shapes),
        f"The state of {ROWS} rows has tensors of shapes {shapes}.",
    )
    rows = torch.tensor([2, 0])
    chosen = mixer(x[rows, 7:], select_rows(state, rows))[0]
    close(chosen, mixer(x[:, 7:], state)[0][rows], f"Rows {rows.tolist()} continued alone")
    return f"shapes {shapes}"


@torch.no_grad()
def state_size(subject: Subject) -> str:
    """The state's size is that of its tensors, the same for every row, batch and way of cutting."""
    mixer = subject.build()
    sizes = {steps: state_bytes(mixer(noise(1, steps, WIDTH))[1]) for steps in (1, 16, 128, 256)}
    _, state = mixer(noise(ROWS, 16, WIDTH))
    held = sum({part.data_ptr(): part.untyped_storage().nbytes() for part in tensors(state)}.values())
    shown = sum(part.nbytes for part in tensors(state))
    require(held <= shown, f"Tensors of {shown} bytes hold {held} bytes alive: clone what is a view.")
    stepped = None
    for step in noise(16, ROWS, 1, WIDTH):
        _, stepped = mixer(step, stepped)
    found = (sizes[16], state_bytes(state), state_bytes(stepped))
    require(
        len(set(found)) == 1,
        f"After 16 steps a row takes {found} bytes in a batch of 1, of {ROWS}, and step by step.",
    )
    kind = "bounded" if sizes[128] == sizes[256] else "growing"
    counts, after = ", ".join(map(str, sizes.values())), ", ".join(map(str, sizes))
    return f"{kind}: {counts} bytes a row after {after} steps"


@torch.no_grad()
def trace(subject: Subject) -> str:
    """The trace has standard names, documented shapes and the same values however the input is cut."""
    mixer = subject.build(torch.float64)
    x = noise(ROWS, STEPS, WIDTH, dtype=torch.float64)
    first, last = mixer(x[:, :5])[1], mixer(x)[1]
    whole, rest = mixer.trace(x), mixer.trace(x[:, 5:], first)
    require(whole.keys() == rest.keys(), f"Names {sorted(whole)} at the start, {sorted(rest)} with a state.")
    for name, value in whole.items():
        _check_traced(name, value)
        if name in GATES or name in CARRIED:
            close(rest[name], value[:, 5:], f"`{name}` of the rest of a sequence")
        if name in CARRIED:
            _check_carried(name, value[:, -1], list(tensors(last)))
    return f"names {', '.join(whole) or 'none'}"


def _check_traced(name: str, value: Tensor) -> None:
    shapes = {"query": (ROWS, -1, STEPS, -1), "key": (ROWS, -1, STEPS, -1), "reach": (ROWS, STEPS)}
    shapes |= dict.fromkeys((*GATES, *CARRIED), (ROWS, STEPS, WIDTH))
    require(name in shapes, f"{name!r} is no standard name; they are {', '.join(shapes)}.")
    fits = len(value.shape) == len(shapes[name])
    fits = fits and all(want in (-1, size) for want, size in zip(shapes[name], value.shape, strict=True))
    require(fits, f"`{name}` has shape {tuple(value.shape)}, expected {shapes[name]} (-1: any).")
    if name in GATES:
        low, high = value.min().item(), value.max().item()
        require(0 <= low <= high <= 1, f"`{name}` goes from {low:.3g} to {high:.3g}, expected 0 to 1.")


def _check_carried(name: str, value: Tensor, state: list[Tensor]) -> None:
    """Require the last step of what is said to be carried to be in the state that `forward` returns."""
    flat = [part.flatten(1) for part in state if part.flatten(1).shape == value.shape]
    nearest = min([(part - value).abs().max().item() for part in flat], default=float("inf"))
    require(nearest <= 1e-9, f"The last `{name}` differs by {nearest:.3g} from every tensor of the state.")


TIME: tuple[Law, ...] = (
    streaming,
    causal,
    rows_independent,
    right_padding,
    state_batch_first,
    state_size,
    trace,
)
