"""`seqtoolkit plugins` and `seqtoolkit check` say what there is and what is wrong, and exit accordingly."""

import json
import subprocess
import sys

import pytest
import torch
from torch import nn

from seqtoolkit import CrossAttention, SequenceMixer, plugins
from seqtoolkit.plugins import DISABLE, Plugin, PluginError
from seqtoolkit.plugins_command import check_main, plugins_main
from seqtoolkit.testing import ATTENTION_LAWS, LAWS


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


class Blurred(CrossAttention):
    """Looks at everything alike, also at padding."""

    def forward(self, query, prepared, mask):
        context = prepared.mean(1, keepdim=True).expand(-1, query.shape[1], -1)
        alike = torch.full((len(query), 1, query.shape[1], mask.shape[1]), 1 / mask.shape[1])
        return context, alike.to(query.dtype)


@pytest.fixture
def installed(monkeypatch):
    mine = {"forgetful": Forgetful, "unbuilt": Unbuilt}
    broken = ImportError("no module named 'x'\n(reinstall it)")
    found = (
        Plugin("bad", "stranger", "1.2", "bad_module", error=broken),
        Plugin("mine", "stranger", "1.2", "mine_module", mine, {"blurred": Blurred, "forgetful": Blurred}),
    )
    monkeypatch.setattr(plugins, "load", lambda: found)


def test_the_list_is_aligned_and_tells_why_a_plugin_is_disabled(installed, capsys):
    assert plugins_main([]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "plugin  distribution  version  architectures       attentions          status",
        "bad     stranger      1.2      -                   -                   "
        "DISABLED: ImportError: no module named 'x' (reinstall it)",
        "mine    stranger      1.2      forgetful, unbuilt  blurred, forgetful  ok",
    ]


def test_the_list_is_also_json(installed, capsys):
    assert plugins_main(["--json"]) == 0
    bad, mine = json.loads(capsys.readouterr().out)
    assert bad["disabled"] == "ImportError: no module named 'x' (reinstall it)"
    assert mine["architectures"] == ["forgetful", "unbuilt"]
    assert mine["attentions"] == ["blurred", "forgetful"]
    assert bad["architectures"] == bad["attentions"] == []
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
    kinds = {"attention", "gru", "lstm"}, {"additive", "concat", "dot", "general", "multihead"}
    assert done.stdout.split() == sorted(set.union(*kinds))
    assert done.stderr == f"{DISABLE}: no plugin or distribution is called 'lsmt'\n"


def test_one_architecture_is_described(capsys):
    assert plugins_main(["--name", "lstm"]) == 0
    assert capsys.readouterr().out.startswith("lstm: Long short-term memory")


def test_one_attention_is_described(capsys):
    assert plugins_main(["--name", "additive"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("additive: Additive attention (Bahdanau, Cho & Bengio 2014, appendix A.1.2).")
    assert "--model.attention_config.hidden  int | null  (default: null)" in out


def test_a_name_of_both_kinds_is_the_architecture_unless_the_kind_is_said(installed, capsys):
    assert plugins_main(["--name", "forgetful"]) == 0
    assert capsys.readouterr().out.startswith("forgetful: Forgets its state.")
    assert plugins_main(["--name", "forgetful", "--kind", "attention"]) == 0
    assert capsys.readouterr().out.startswith("forgetful: Looks at everything alike")
    assert check_main(["forgetful", "--kind", "attention"]) == 1
    assert f"of {len(ATTENTION_LAWS)} laws" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("bad", "error: ImportError: no module named 'x' (reinstall it)\n"),
        ("nothing", "error: unknown architecture or attention 'nothing': expected one of "),
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


def test_check_finds_an_attention_by_its_name_and_tries_the_laws_of_its_kind(capsys):
    assert check_main(["multihead", "--option", "num_heads=2"]) == 0
    *laws, summary = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in laws] == [["ok", law] for law in ATTENTION_LAWS]
    assert summary == f"multihead[num_heads=2] keeps {len(ATTENTION_LAWS)} of {len(ATTENTION_LAWS)} laws"


def test_check_tells_what_a_broken_attention_does(installed, capsys):
    assert check_main(["blurred"]) == 1
    failed = [line for line in capsys.readouterr().out.splitlines() if line.startswith("FAILED")]
    assert {line.split()[1] for line in failed} == {"weights", "padding"}
    assert "The largest weight on padding is 0.0833, expected exactly 0." in failed[0]


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
        (["blurred", "--option", "x=1"], "error: attention 'blurred' has no option 'x': there are none"),
        (["forgetful", "--option", "x"], "error: --option x: expected KEY=VALUE"),
    ],
)
def test_what_cannot_be_checked_is_one_line_and_exit_2(installed, capsys, argv, told):
    assert check_main(argv) == 2
    assert capsys.readouterr().err.startswith(told)


def test_the_reason_of_our_own_error_needs_no_class_name():
    assert Plugin("a", "b", "1", "m", error=PluginError("left out")).reason == "left out"
