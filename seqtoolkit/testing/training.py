"""Laws of training: gradients that exist, are right, and stay finite over thousands of steps."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.autograd.gradcheck import GradcheckError
from torch.func import functional_call

from seqtoolkit.testing.subject import WIDTH, ConformanceError, Law, Subject, close, noise, require

LONG = 5000
_DETAILS = "\n\n"  # what parts the finding of gradcheck from its matrices


@torch.no_grad()
def deterministic(subject: Subject) -> str:
    """In eval mode the same input and the same state give the same bits, however often."""
    mixer = subject.build()
    x = noise(3, 12, WIDTH)
    first, state = mixer(x[:, :6])
    close(mixer(x[:, :6])[0], first, "The same input again", 0)
    once = mixer(x[:, 6:], state)[0]
    close(mixer(x[:, 6:], state)[0], once, "The same state again (was it changed in place?)", 0)
    return "same bits"


def gradients(subject: Subject) -> str:
    """Every parameter gets a gradient."""
    mixer = subject.build().train()
    x = noise(3, 12, WIDTH)
    (mixer(x)[0] * noise(*x.shape, seed=2)).sum().backward()
    learned = {name: p.grad for name, p in mixer.named_parameters() if p.requires_grad}
    dead = [name for name, grad in learned.items() if grad is None or not grad.abs().sum() > 0]
    require(not dead, f"No gradient in {', '.join(dead)}.")
    return f"{len(learned)} parameters"


def gradcheck(subject: Subject) -> str:
    """Gradients with respect to inputs and parameters, also through the state, equal finite differences."""
    mixer = subject.build(torch.float64)
    names = [name for name, p in mixer.named_parameters() if p.requires_grad]

    def run(x: Tensor, *weights: Tensor) -> Tensor:
        given = dict(zip(names, weights, strict=True))
        first, state = functional_call(mixer, given, (x[:, :3],))
        return torch.cat([first, functional_call(mixer, given, (x[:, 3:], state))[0]], 1)

    x = noise(2, 5, WIDTH, dtype=torch.float64).requires_grad_()
    weights = [mixer.get_parameter(name).detach().clone().requires_grad_() for name in names]
    with torch.random.fork_rng(devices=[]):  # the fast mode draws directions
        torch.manual_seed(0)
        try:
            torch.autograd.gradcheck(run, (x, *weights), fast_mode=True)
        except GradcheckError as error:
            where = ", ".join(["x", *names])
            raise ConformanceError(f"{str(error).split(_DETAILS)[0]} (inputs: {where})") from None
    return f"{1 + len(weights)} tensors"


def long(subject: Subject) -> str:
    """Outputs and gradients are finite over 5,000 steps."""
    mixer = subject.build().train()
    x = noise(1, LONG, WIDTH).requires_grad_()
    out = mixer(x)[0]
    out.square().mean().backward()
    learned = {name: p.grad for name, p in mixer.named_parameters()}
    parts = {"the output": out, "the gradient of the input": x.grad}
    parts |= {f"the gradient of {name}": grad for name, grad in learned.items()}
    bad = [name for name, part in parts.items() if part is not None and not part.isfinite().all()]
    require(not bad, f"Not finite: {', '.join(bad)}.")
    return f"largest output {out.abs().max().item():.3g}"


TRAINING: tuple[Law, ...] = (deterministic, gradients, gradcheck, long)
