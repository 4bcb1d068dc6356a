"""Plugins that clash, are for another version, or are left out, are disabled, and their owners named."""

import pytest

from seqtoolkit import plugins
from seqtoolkit.plugins import DISABLE, PluginError
from tests.plugin_sources import ATTENTIONS, BUILT_IN, LOOKING, SOUND, SOURCES, each_kind, loaded


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
