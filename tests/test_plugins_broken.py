"""Whatever is wrong with a plugin, the host goes on, says so, and raises its own error when asked for it."""

import traceback
from pathlib import Path

import pytest

from seqtoolkit import plugins
from seqtoolkit.plugins import PluginError
from tests.plugin_sources import ATTENTIONS, BUILT_IN, LOOKING, SOUND, loaded

HOOK = "from seqtoolkit import hookimpl\n@hookimpl\ndef seqtoolkit_architectures(): return "
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


def test_damaged_metadata_does_not_stop_the_host(install):
    install("fine", SOUND, text="\x00 nothing that anyone could read")
    assert "fine" in plugins.architectures()
    assert set(plugins.architectures()) >= BUILT_IN
