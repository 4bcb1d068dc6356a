"""Laws of training: gradients that exist, are right, and stay finite over thousands of steps."""

from __future__ import annotations

import inspect

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
    trial = subject.trial().train()
    out = trial(*(x.requires_grad_() for x in subject.inputs()))  # there may be no parameter
    (out * noise(*out.shape, seed=3)).sum().backward()
    learned = {name: p.grad for name, p in trial.module.named_parameters() if p.requires_grad}
    dead = [name for name, grad in learned.items() if grad is None or not grad.abs().sum() > 0]
    require(not dead, f"No gradient in {', '.join(dead)}.")
    return f"{len(learned)} parameters"


def gradcheck(subject: Subject) -> str:
    """Gradients with respect to inputs and parameters, also through state, equal finite differences."""
    trial, inputs = subject.trial(torch.float64), subject.inputs(2, 5, torch.float64)
    names = [name for name, p in trial.named_parameters() if p.requires_grad]
    given = [*inputs, *(trial.get_parameter(name).detach().clone() for name in names)]

    def run(*parts: Tensor) -> Tensor:
        weights = dict(zip(names, parts[len(inputs) :], strict=True))
        out: Tensor = functional_call(trial, weights, parts[: len(inputs)])
        return out

    with torch.random.fork_rng(devices=[]):  # the fast mode draws directions
        torch.manual_seed(0)
        try:
            torch.autograd.gradcheck(run, [part.requires_grad_() for part in given], fast_mode=True)
        except GradcheckError as error:
            where = [*inspect.signature(trial.forward).parameters, *names]
            listed = ", ".join(name.removeprefix("module.") for name in where)
            raise ConformanceError(f"{str(error).split(_DETAILS)[0]} (inputs: {listed})") from None
    return f"{len(given)} tensors"


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


LEARNING: tuple[Law, ...] = (gradients, gradcheck)  # of every kind
TRAINING: tuple[Law, ...] = (deterministic, gradients, gradcheck, long)
