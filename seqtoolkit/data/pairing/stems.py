"""Which family an English word belongs to, so that relatives of test words can be kept out of training."""

from __future__ import annotations

import re

# A stem of three letters and a vowel at least, then an inflection (plural, possessive, past, participle,
# comparison) or a common derivation, spelled so that what an inflection leaves of it is found as well.
_SUFFIXED = re.compile(
    r"([^aeiouy]*[aeiouy].*?(?<=[a-z]{3}))(?:'s|s'|'|es|(?<!s)s|ed|ings?|ers?|ors?|est|l[yi]|ness|less|ful|ment"
    r"|[ai]bl[ey]?|i[zs]ation|ation|ate?|ion|i[zs]e?|ism|ist|it[yi]?|ive?|al|ous?|i|ic|[ae]nc[ey]?|[ae]nt|ship|hood"
    r"|age?|y|e)"
)
_DOUBLED = re.compile(r"([bdfgklmnprtvz])\1$")


def stem(word: str) -> str:
    """Reduce a lower-case word to the key of its family: "hopping", "hopes" and "hopeless" to "hop".

    Suffixes are taken off again and again, the longest first; a doubled consonant at the end becomes single.
    The rule is greedy on purpose: joining strangers ("hop", "hope") costs nothing, parting relatives would
    put one of them into the test set. Not seen are prefixes ("un-"), compounds ("bookshop"), irregular forms
    ("went") and changes of sound ("decide", "decision"): words of different families may share those parts.
    """
    while match := _SUFFIXED.fullmatch(word):
        word = match[1]
    return _DOUBLED.sub(r"\1", word)
