"""Who imports whom: the rules of CONTRIBUTING.md that import-linter cannot state."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PLUGINS = sorted((ROOT / "plugins" / "seqtoolkit_plugins").glob("[a-z]*.py"))


@pytest.mark.parametrize("path", PLUGINS, ids=lambda path: path.stem)
def test_a_plugin_can_be_copied(path: Path) -> None:
    """It imports the standard library, torch, and names from the top of seqtoolkit."""
    for node in ast.walk(ast.parse(path.read_text())):
        modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        modules += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        for module in modules:
            root = module.split(".")[0]
            assert (
                root in {"torch", "__future__"} or module == "seqtoolkit" or root in sys.stdlib_module_names
            ), module


def loaded(code: str) -> set[str]:
    """Return the top-level packages that a new process has imported after `code`."""
    report = "import sys; print('\\n'.join(sorted({name.split('.')[0] for name in sys.modules})))"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{report}"], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return set(done.stdout.split())


@pytest.mark.parametrize("module", ["seqtoolkit", "seqtoolkit.plugins", "seqtoolkit.runs", "seqtoolkit.cli"])
def test_a_glance_needs_no_torch(module: str) -> None:
    assert not {"torch", "lightning", "dash"} & loaded(f"import {module}")


def test_the_model_needs_no_lightning() -> None:
    code = "from seqtoolkit import SequenceModel; SequenceModel('lstm', num_classes=2, vocab_size=3)"
    assert not {"lightning", "pytorch_lightning", "dash", "seqtoolkit_dashboard"} & loaded(code)


def test_training_needs_no_dashboard() -> None:
    assert not {"dash", "plotly", "seqtoolkit_dashboard"} & loaded("import seqtoolkit.training_cli")


def test_every_public_name_resolves() -> None:
    code = "import seqtoolkit; [getattr(seqtoolkit, name) for name in seqtoolkit.__all__]"
    assert "seqtoolkit" in loaded(code)
