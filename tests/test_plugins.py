"""Plugins take the same road as what is built in; a name is one of its kind."""

import subprocess
import sys

import pytest

import seqtoolkit
from seqtoolkit import plugins
from seqtoolkit.kinds import ARCHITECTURE, ATTENTION, KINDS
from seqtoolkit.plugins import PluginError
from tests.plugin_sources import ATTENTIONS, BUILT_IN, LOOKING, SOUND, SOURCES, each_kind, loaded


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


def test_names_and_the_registry_come_without_torch():
    code = "import sys; from seqtoolkit import plugins; plugins.names(); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
