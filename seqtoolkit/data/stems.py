"""Which family an English word belongs to, so that relatives of test words can be kept out of training."""

from __future__ import annotations

import re

# Inflection (plural, possessive, past, participle, comparison) and the common derivations.
_SUFFIX = re.compile(
    r"(?<=[a-z]{3})(?:'s|s'|'|es|(?<!s)s|ed|ings?|ers?|ors?|est|ly|ness|less|ful|ment|able|ible|ably|ibly"
    r"|ation|ate|at|ion|i[zs]e|i[zs]ation|ism|ist|ity|ive|al|ous|ic|ance|ence|ant|ent|ship|hood|age|y|i|e)$"
)
_DOUBLED = re.compile(r"([bdfgklmnprtvz])\1$")
_VOWEL = re.compile(r"[aeiouy]")


def stem(word: str) -> str:
    """Reduce a lower-case word to the key of its family: "hopping", "hopes" and "hopeless" to "hop".

    Suffixes are taken off again and again, as long as three letters and a vowel remain; a doubled consonant
    at the end becomes single. The rule is greedy on purpose: joining strangers ("hop", "hope") costs nothing,
    parting relatives would put one of them into the test set. Not seen are prefixes ("un-"), compounds
    ("bookshop"), irregular forms ("went") and changes of sound ("decide", "decision"): words of different
    families may still share those parts.
    """
    while (shorter := _SUFFIX.sub("", word)) != word and _VOWEL.search(shorter):
        word = shorter
    return _DOUBLED.sub(r"\1", word)
