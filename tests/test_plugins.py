"""Whatever is wrong with a plugin, the host goes on, says so, and raises its own error when asked for it."""

import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

import seqtoolkit
from seqtoolkit import plugins
from seqtoolkit.kinds import ARCHITECTURE, ATTENTION, KINDS
from seqtoolkit.plugins import DISABLE, Plugin, PluginError

SOUND = """
from seqtoolkit import SequenceMixer, hookimpl

class Mixer(SequenceMixer):
    "Passes its input on."
    def __init__(self, d_model: int) -> None:
        super().__init__()
    def forward(self, x, state=None):
        return x, state

@hookimpl
def seqtoolkit_architectures():
    return {"NAME": Mixer}
"""
HOOK = "from seqtoolkit import hookimpl\n@hookimpl\ndef seqtoolkit_architectures(): return "
LOOKING = """
from seqtoolkit import CrossAttention, hookimpl

class Look(CrossAttention):
    "Looks at everything alike."
    def forward(self, query, prepared, mask):
        weights = mask[:, None, None] / mask.sum(1)[:, None, None, None]
        return weights[:, 0] @ prepared, weights.expand(-1, 1, query.shape[1], -1)

@hookimpl
def seqtoolkit_attentions():
    return {"NAME": Look}
"""
LOOK = "from seqtoolkit import hookimpl\n@hookimpl\ndef seqtoolkit_attentions(): return "
BROKEN = {
    "import error": (
        "import nowhere_to_be_found",
        ModuleNotFoundError,
        "No module named 'nowhere_to_be_found'",
    ),
    "error at import": ("1 / 0", ZeroDivisionError, "division by zero"),
    "exit at import": ("import sys; sys.exit(0)", PluginError, "it raised SystemExit(0) when imported"),
    "syntax error": ("def broken(:", SyntaxError, "invalid syntax"),
    "misspelt hook": (SOUND.replace("architectures", "architecture"), Exception, "seqtoolkit_architecture'"),
    "wrong arguments": (SOUND.replace("architectures()", "architectures(x)"), Exception, "Argument(s) {'x'}"),
    "no hook": (SOUND.replace("@hookimpl", ""), PluginError, "no hook: mark a function"),
    "error in the hook": (HOOK + "[][1]", IndexError, "list index out of range"),
    "no dict": (HOOK + "['lstm']", PluginError, "returned ['lstm'], expected a dict of name: class"),
    "empty": (HOOK + "{}", PluginError, "returned {}, expected a dict of name: class"),
    "no mixer": (HOOK + "{'mine': int}", PluginError, "'mine' is <class 'int'>, expected a subclass of"),
    "a path for a name": (SOUND.replace("NAME", "a/b"), PluginError, "must be an identifier such as 'lstm'"),
    "nothing": (HOOK + "None", PluginError, "seqtoolkit_architectures returned None, expected a dict"),
    "misspelt attention hook": (
        LOOKING.replace("attentions", "attention"),
        Exception,
        "seqtoolkit_attention'",
    ),
    "no attention": (
        LOOK + "{'mine': int}",
        PluginError,
        "attention 'mine' is <class 'int'>, expected a sub",
    ),
    "empty attentions": (LOOK + "{}", PluginError, "seqtoolkit_attentions returned {}, expected a dict"),
    "a path for an attention": (LOOKING.replace("NAME", "a/b"), PluginError, "such as 'additive', not 'a/b'"),
    "a reserved name": (
        LOOKING.replace("NAME", "none"),
        PluginError,
        "attention 'none': --model.attention none",
    ),
    "an architecture among attentions": (
        SOUND.replace("seqtoolkit_architectures", "seqtoolkit_attentions"),
        PluginError,
        "expected a subclass of CrossAttention",
    ),
    "an attention among architectures": (
        LOOKING.replace("seqtoolkit_attentions", "seqtoolkit_architectures"),
        PluginError,
        "expected a subclass of SequenceMixer",
    ),
    "one hook sound and one broken": (
        SOUND + LOOK + "{'a': int}",
        PluginError,
        "attention 'a' is <class 'int'>",
    ),
}
SOURCES = {ARCHITECTURE: SOUND, ATTENTION: LOOKING}
BUILT_IN = {"attention", "gru", "lstm", "rnn"}
ATTENTIONS = {"additive", "concat", "dot", "general", "multihead"}
each_kind = pytest.mark.parametrize("kind", KINDS, ids=str)


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that puts a distribution with one plugin on the path; all is undone afterwards."""
    before = set(sys.modules)

    def install(name: str, source: str, dist: str = "stranger", requires: str = "", **metadata: str) -> None:
        site, module = tmp_path / dist, f"{dist}_{name}_module".replace("-", "_")
        info = site / f"{dist.replace('-', '_')}-1.2.dist-info"
        info.mkdir(parents=True, exist_ok=True)
        (site / f"{module}.py").write_text(source.replace("NAME", name))
        entries = info / "entry_points.txt"
        earlier = entries.read_text() if entries.exists() else "[seqtoolkit]\n"
        entries.write_text(f"{earlier}{name} = {module}\n")
        lines = ["Metadata-Version: 2.1", f"Name: {dist}", "Version: 1.2"]
        needs = [f"Requires-Dist: {requires}"] if requires else []
        (info / "METADATA").write_text(metadata.get("text", "\n".join([*lines, *needs, ""])))
        monkeypatch.syspath_prepend(site)
        plugins.load.cache_clear()

    yield install
    plugins.load.cache_clear()
    for module in set(sys.modules) - before:
        if module.endswith("_module"):
            del sys.modules[module]


def loaded() -> dict[str, Plugin]:
    return {plugin.key: plugin for plugin in plugins.load()}


@each_kind
def test_a_stranger_takes_the_same_road_as_a_built_in(install, kind):
    install("fine", SOURCES[kind])
    plugin = loaded()["stranger:fine"]
    assert (plugin.version, plugin.error, plugin.reason) == ("1.2", None, "")
    assert plugins.find("fine", kind) == (kind, plugin.offers(kind)["fine"])
    assert plugins.owner("fine", kind) == "stranger 1.2"
    assert plugins.names() == sorted([*BUILT_IN, *ATTENTIONS, "fine"])


def test_the_two_kinds_of_what_is_installed():
    assert set(plugins.architectures()) == BUILT_IN
    assert set(plugins.attentions()) == ATTENTIONS
    assert plugins.get("lstm") is plugins.architectures()["lstm"]
    assert plugins.get_attention("dot") is plugins.attentions()["dot"]
    assert plugins.owner("lstm") == plugins.owner("dot", ATTENTION) == f"seqtoolkit {seqtoolkit.__version__}"


def test_one_plugin_may_offer_both_kinds_even_under_one_name(install):
    install("both", SOUND + LOOKING)
    plugin = loaded()["stranger:both"]
    assert plugin.error is None
    assert plugins.get("both") is plugin.architectures["both"]
    assert plugins.get_attention("both") is plugin.attentions["both"]
    assert plugins.find("both", *KINDS)[0] is ARCHITECTURE


def test_a_name_is_one_of_its_kind_only(install):
    install("mine", SOUND.replace("NAME", "additive"))
    install("yours", LOOKING.replace("NAME", "lstm"), dist="other")
    assert {plugin.key for plugin in loaded().values() if plugin.error} == set()
    assert plugins.get("additive").__name__ == "Mixer"
    assert plugins.get_attention("lstm").__name__ == "Look"


@pytest.mark.parametrize(("source", "kind", "told"), BROKEN.values(), ids=BROKEN)
def test_a_broken_plugin_is_data_and_asking_for_it_raises_its_error(install, source, kind, told):
    install("broken", source)
    plugin = loaded()["stranger:broken"]
    assert told in plugin.reason
    assert "\n" not in plugin.reason
    assert set(plugins.architectures()) == BUILT_IN
    assert set(plugins.attentions()) == ATTENTIONS
    for get in (plugins.get, plugins.get_attention):
        with pytest.raises(kind) as caught:
            get("broken")
        assert caught.value is plugin.error
    assert caught.value.__notes__ == ["(plugin stranger:broken 1.2, module stranger_broken_module)"]


def test_the_error_of_a_plugin_shows_the_line_that_failed(install):
    install("broken", "x = 1\ny = x / 0\n")
    with pytest.raises(ZeroDivisionError) as caught:
        plugins.get("broken")
    last = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert (Path(last.filename).name, last.lineno) == ("stranger_broken_module.py", 2)


def test_an_interrupt_is_not_taken_for_a_broken_plugin(install):
    install("broken", "raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        plugins.load()


def test_an_unknown_architecture_is_answered_with_what_there_is_and_what_is_disabled(install):
    install("zoo", "import nowhere_to_be_found")
    with pytest.raises(PluginError, match=r"'lstn': did you mean 'lstm'\?.*disabled: stranger:zoo, see"):
        plugins.get("lstn")
    with pytest.raises(
        PluginError, match=r"unknown attention 'addtive': did you mean 'additive'\?.*disabled"
    ):
        plugins.get_attention("addtive")
    with pytest.raises(PluginError, match=r"unknown architecture or attention 'dto': did you mean 'dot'\?"):
        plugins.find("dto", *KINDS)


def test_a_name_of_the_other_kind_is_recognised():
    with pytest.raises(
        PluginError, match=r"architecture 'dot': it is an attention, for --model\.attention; "
    ):
        plugins.get("dot")
    with pytest.raises(PluginError, match=r"attention 'lstm': it is an architecture, for --model\.arch; "):
        plugins.get_attention("lstm")


@each_kind
@pytest.mark.parametrize("names", [("first", "second"), ("second", "first")])
def test_a_clash_disables_both_and_names_both_in_any_order(install, names, kind):
    for name in names:
        install(name, SOURCES[kind].replace("NAME", "same"), dist=f"dist-{name}")
    assert "same" not in plugins.offered(kind)
    one, two = loaded()["dist-first:first"], loaded()["dist-second:second"]
    assert f"{kind} same is also offered by dist-second:second" in one.reason
    assert f"{kind} same is also offered by dist-first:first" in two.reason
    with pytest.raises(PluginError) as caught:
        plugins.find("same", kind)
    assert caught.value is one.error


def test_a_clash_of_one_kind_disables_the_whole_plugin_but_is_no_answer_about_the_other(install):
    install("both", SOUND + LOOKING.replace("NAME", "dot"))
    assert loaded()["stranger:both"].reason.startswith(
        "attention dot is also offered by seqtoolkit:dot: leave"
    )
    assert set(plugins.architectures()) == BUILT_IN
    assert set(plugins.attentions()) == ATTENTIONS - {"dot"}
    with pytest.raises(PluginError, match="attention dot is also offered by"):
        plugins.get_attention("dot")
    install("late", SOUND.replace("NAME", "dense"))
    with pytest.raises(PluginError, match="unknown attention 'dense': it is an architecture"):
        plugins.get_attention("dense")


def test_a_clash_with_a_built_in_is_no_takeover(install, monkeypatch):
    install("mine", SOUND.replace("NAME", "lstm"))
    assert set(plugins.architectures()) == BUILT_IN - {"lstm"}
    assert f"{DISABLE}=stranger:mine" in loaded()["seqtoolkit:lstm"].reason
    monkeypatch.setenv(DISABLE, "stranger:mine")  # what the message says to type
    plugins.load.cache_clear()
    assert plugins.get("lstm").__module__ == "seqtoolkit_plugins.lstm"


def test_two_distributions_may_use_one_plugin_name(install):
    install("twin", SOUND.replace("NAME", "left"), dist="dist-a")
    install("twin", SOUND.replace("NAME", "right"), dist="dist-b")
    assert {"left", "right"} <= set(plugins.architectures())
    assert plugins.names().count("twin") == 1


@pytest.mark.parametrize(
    "requires", ["seqtoolkit>=99", "SeqToolkit<0.0.1", "seqtoolkit==5; python_version>'3'"]
)
def test_a_plugin_for_another_version_is_disabled(install, requires):
    install("old", SOUND, requires=requires)
    assert loaded()["stranger:old"].reason.startswith("requires seqtoolkit ")
    with pytest.raises(PluginError, match=r"this is 0\.1\.0: upgrade one of them"):
        plugins.get("old")


@pytest.mark.parametrize("requires", ["seqtoolkit>=0.1", "seqtoolkit>99; extra == 'dev'", "numpy>99"])
def test_other_requirements_do_not_disable(install, requires):
    install("fine", SOUND, requires=requires)
    assert loaded()["stranger:fine"].error is None


@pytest.mark.parametrize("word", ["fine", "stranger", "stranger:fine"])
def test_a_plugin_is_left_out_by_name_distribution_or_both(install, monkeypatch, word):
    install("fine", "raise AssertionError('a plugin that is left out is not imported')")
    monkeypatch.setenv(DISABLE, f" nonsense, {word} ")
    assert loaded()["stranger:fine"].reason == f"left out by {DISABLE}"
    assert set(plugins.names()) == BUILT_IN | ATTENTIONS
    assert set(plugins.architectures()) == BUILT_IN
    assert plugins.unmatched() == ["nonsense"]
    with pytest.raises(PluginError, match="left out by"):
        plugins.get("fine")


def test_damaged_metadata_does_not_stop_the_host(install):
    install("fine", SOUND, text="\x00 nothing that anyone could read")
    assert "fine" in plugins.architectures()
    assert set(plugins.architectures()) >= BUILT_IN


def test_names_and_the_registry_come_without_torch():
    code = "import sys; from seqtoolkit import plugins; plugins.names(); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
