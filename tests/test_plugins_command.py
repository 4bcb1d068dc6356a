"""`seqtoolkit plugins` and `seqtoolkit check` say what there is and what is wrong, and exit accordingly."""

import json
import subprocess
import sys

import pytest
from torch import nn

from seqtoolkit import SequenceMixer, plugins
from seqtoolkit.plugins import DISABLE, Plugin, PluginError
from seqtoolkit.plugins_command import check_main, plugins_main
from seqtoolkit.testing import LAWS


class Forgetful(SequenceMixer):
    """Forgets its state."""

    def __init__(self, d_model: int) -> None:
        super().__init__()
        self.gru = nn.GRU(d_model, d_model, batch_first=True)

    def forward(self, x, state=None):
        return self.gru(x)[0], None


class Unbuilt(Forgetful):
    """Cannot be built."""

    def __init__(self, d_model: int) -> None:
        raise RuntimeError("out of luck")


@pytest.fixture
def installed(monkeypatch):
    mine = {"forgetful": Forgetful, "unbuilt": Unbuilt}
    broken = ImportError("no module named 'x'\n(reinstall it)")
    found = (
        Plugin("bad", "stranger", "1.2", "bad_module", error=broken),
        Plugin("mine", "stranger", "1.2", "mine_module", mine),
    )
    monkeypatch.setattr(plugins, "load", lambda: found)


def test_the_list_is_aligned_and_tells_why_a_plugin_is_disabled(installed, capsys):
    assert plugins_main([]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "plugin  distribution  version  architectures       status",
        "bad     stranger      1.2      -                   "
        "DISABLED: ImportError: no module named 'x' (reinstall it)",
        "mine    stranger      1.2      forgetful, unbuilt  ok",
    ]


def test_the_list_is_also_json(installed, capsys):
    assert plugins_main(["--json"]) == 0
    bad, mine = json.loads(capsys.readouterr().out)
    assert bad["disabled"] == "ImportError: no module named 'x' (reinstall it)"
    assert mine["architectures"] == ["forgetful", "unbuilt"]
    assert mine["disabled"] is None


def test_names_come_without_torch_and_misspelt_exclusions_are_told():
    code = "import sys; from seqtoolkit.plugins_command import plugins_main as p; p(['--names'])"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; assert 'torch' not in sys.modules"],
        capture_output=True,
        text=True,
        check=True,
        env={DISABLE: "rnn,lsmt"},
    )
    assert done.stdout.split() == ["attention", "gru", "lstm"]
    assert done.stderr == f"{DISABLE}: no plugin or distribution is called 'lsmt'\n"


def test_one_architecture_is_described(capsys):
    assert plugins_main(["--name", "lstm"]) == 0
    assert capsys.readouterr().out.startswith("lstm: Long short-term memory")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("bad", "error: ImportError: no module named 'x' (reinstall it)\n"),
        ("nothing", "error: unknown architecture 'nothing': expected one of forgetful, unbuilt; disabled: "),
    ],
)
@pytest.mark.parametrize(
    "command", [lambda name: plugins_main(["--name", name]), lambda name: check_main([name])]
)
def test_asking_for_what_cannot_be_used_is_one_line_and_exit_2(installed, capsys, command, name, told):
    assert command(name) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(told)
    assert err.count("\n") == 1


def test_check_prints_a_line_for_every_law(capsys):
    assert check_main(["attention", "--option", "window=8", "--option", "num_heads=2"]) == 0
    *laws, summary = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in laws] == [["ok", law] for law in LAWS]
    assert summary == f"attention[window=8,num_heads=2] keeps {len(LAWS)} of {len(LAWS)} laws"


def test_check_tells_a_broken_law_with_numbers_and_exits_1(installed, capsys):
    assert check_main(["forgetful"]) == 1
    failed = [line for line in capsys.readouterr().out.splitlines() if line.startswith("FAILED")]
    assert len(failed) == 1
    assert failed[0].split()[1] == "streaming"
    assert "Cut after step 1 of 12: differs by 0." in failed[0]


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (["unbuilt"], "error: unbuilt cannot be built: RuntimeError: out of luck\n"),
        (
            ["forgetful", "--option", "x=1"],
            "error: architecture 'forgetful' has no option 'x': there are none",
        ),
        (["forgetful", "--option", "x"], "error: --option x: expected KEY=VALUE"),
    ],
)
def test_what_cannot_be_checked_is_one_line_and_exit_2(installed, capsys, argv, told):
    assert check_main(argv) == 2
    assert capsys.readouterr().err.startswith(told)


def test_the_reason_of_our_own_error_needs_no_class_name():
    assert Plugin("a", "b", "1", "m", error=PluginError("left out")).reason == "left out"
