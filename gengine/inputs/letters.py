"""Letter-to-sound rules for English words that no dictionary lists.

They follow the rule set of the US Naval Research Laboratory (Elovitz et al. 1976, NRL Report 7948), shortened. The
result is an approximation for aligning and for moving lips, not a pronouncing dictionary.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from gengine.inputs.spelling import ascii_letters, merged

# left [letters] right = sounds. In contexts: # vowels, : consonants or none, ^ one consonant, . voiced
# consonant, + front vowel, % suffix, & sibilant before, @ consonant after which U has no Y, _ word's edge.
_ENGLISH = """
[a]_=AH; _[are]_=AA R; _[ar]o=AH R; [ar]#=EH R; ^[as]#=EY S; [a]wa=AH; [aw]=AO; _:[any]=EH N IY; [a]^+#=EY
#:[ally]=AH L IY; _[al]#=AH L; [again]=AH G EH N; #:[ag]e=IH JH; [a]^+:#=AE; _:[a]^+_=EY; [a]^%=EY; _[arr]=AH R
[arr]=AE R; _:[ar]_=AA R; [ar]_=ER; [ar]=AA R; [air]=EH R; [ai]=EY; [ay]=EY; [au]=AO; #:[al]_=AH L; #:[als]_=AH L Z
[alk]=AO K; [al]^=AO L; _:[able]=EY B AH L; [able]=AH B AH L; [ang]+=EY N JH; [a]=AE
_[be]^#=B IH; [being]=B IY IH NG; _[both]_=B OW TH; _[bus]#=B IH Z; [buil]=B IH L; [mb]_=M; [bb]=B; [b]=B
_[ch]^=K; ^e[ch]=K; [ch]=CH; _s[ci]#=S AY; [ci]a=SH; [ci]o=SH; [ci]en=SH; [cc]+=K S; [cc]=K; [c]+=S; [ck]=K
[com]%=K AH M; [c]=K
#:[ded]_=D IH D; .e[d]_=D; #:^e[d]_=T; _[de]^#=D IH; _[do]_=D UW; _[does]=D AH Z; [doing]=D UW IH NG; _[dow]=D AW
[du]a=JH UW; [dg]=JH; [dd]=D; [d]=D
#:[e]_=; _:^[e]_=; _:[e]_=IY; #[ed]_=D; #:[e]d_=; [ev]er=EH V; [e]^%=IY; [eri]#=IY R IY; [eri]=EH R IH; #:[er]#=ER
[er]#=EH R; [er]=ER; _[even]=IY V EH N; #:[e]w=; @[ew]=UW; [ew]=Y UW; [e]o=IY; #:&[es]_=IH Z; #:[e]s_=
#:[ely]_=L IY; #:[ement]=M EH N T; [eful]=F UH L; [ee]=IY; [earn]=ER N; _[ear]^=ER; [ead]=EH D; #:[ea]_=IY AH
[ea]su=EH; [ea]=IY; [eigh]=EY; [ei]=IY; _[eye]=AY; [ey]=IY; [eu]=Y UW; [e]=EH
[ful]=F UH L; [ff]=F; [f]=F
[giv]=G IH V; _[g]i^=G; [ge]t=G EH; su[gges]=G JH EH S; [gg]=G; _b#[g]=G; [g]+=JH; [great]=G R EY T; _[gn]=N
[gn]_=N; [gh]_=; #[gh]=; [gu]+=G; [g]=G
_[hav]=HH AE V; _[here]=HH IY R; _[hour]=AW ER; [how]=HH AW; [h]#=HH; [h]=
_[in]=IH N; _[i]_=AY; [in]d=AY N; [ier]=IY ER; #:r[ied]=IY D; [ied]_=AY D; [ien]=IY EH N; [ie]t=AY EH; _:[i]%=AY
[i]%=IY; [ie]=IY; [i]^+:#=IH; [ir]#=AY R; [iz]%=AY Z; [is]%=AY Z; [i]d%=AY; +^[i]^+=IH; [i]t%=AY; #:^[i]^+=IH
[i]^+=AY; [ir]=ER; [igh]=AY; [ild]=AY L D; [ign]_=AY N; [ign]^=AY N; [ign]%=AY N; [ique]=IY K; [i]=IH
[j]=JH; _[k]n=; [kk]=K; [k]=K
[lo]c#=L OW; l[l]=; #:^[l]%=AH L; [lead]=L IY D; [l]=L
[mov]=M UW V; [mm]=M; [m]=M
e[ng]+=N JH; [ng]r=NG G; [ng]#=NG G; [ngl]%=NG G AH L; [ng]=NG; [nk]=NG K; _[now]_=N AW; [nn]=N; [n]=N
[of]_=AH V; [orough]=ER OW; #:[or]_=ER; #:[ors]_=ER Z; [or]=AO R; _[one]=W AH N; [ow]n_=OW; #:[ow]_=OW; _[ow]=OW
[ow]=AW; _[over]=OW V ER; [ov]=AH V; [o]^%=OW; [o]^en=OW; [o]^i#=OW; [ol]d=OW L; [ought]=AO T; [ough]=AH F; _[ou]=AW
h[ou]s#=AW; [ous]=AH S; [our]=AO R; [ould]=UH D; ^[ou]^l=AH; [oup]=UW P; [ou]=AW; [oy]=OY; [oing]=OW IH NG
[oi]=OY; [oor]=AO R; [ook]=UH K; [ood]=UH D; [oo]=UW; [o]e=OW; [o]_=OW; [oa]=OW; _[only]=OW N L IY
_[once]=W AH N S; c[o]n=AA; [o]ng=AO; _:^[o]n=AH; i[on]=AH N; #:[on]_=AH N; #^[on]=AH N; [o]st_=OW; [of]^=AO F
[other]=AH DH ER; [oss]_=AO S; #:^[om]=AH M; [o]=AA
[ph]=F; [peop]=P IY P; [pow]=P AW; [put]_=P UH T; _[ps]=S; _[pn]=N; [pp]=P; [p]=P
[quar]=K W AO R; [qu]=K W; [q]=K
_[re]^#=R IY; [rh]=R; [rr]=R; [r]=R
[sh]=SH; #[sion]=ZH AH N; [some]=S AH M; #[sur]#=ZH ER; [sur]#=SH ER; #[su]#=ZH UW; #[ssu]#=SH UW; #[sed]_=Z D
#[s]#=Z; [said]=S EH D; ^[sion]=SH AH N; [s]s=; .[s]_=Z; #:.e[s]_=Z; #:^##[s]_=Z; #:^#[s]_=S; u[s]_=S
_:#[s]_=Z; _[sch]=S K; [s]c+=; #[sm]_=Z AH M; #[sn]'=Z AH N; [s]=S
_[the]_=DH AH; [to]_=T UW; _[this]_=DH IH S; _[they]=DH EY; _[there]=DH EH R; [ther]=DH ER; _[their]=DH EH R
_[than]_=DH AE N; _[them]_=DH EH M; _[these]_=DH IY Z; _[then]=DH EH N; [through]=TH R UW; _[those]=DH OW Z
[though]_=DH OW; _[thus]=DH AH S; [th]=TH; #:[ted]_=T IH D; s[ti]#n=CH; [ti]o=SH; [ti]a=SH; [tien]=SH AH N
[tur]#=CH ER; [tu]a=CH UW; _[two]=T UW; [tch]=CH; [tt]=T; [t]=T
_[un]i=Y UW N; _[un]=AH N; _[upon]=AH P AO N; @[ur]#=UH R; [ur]#=Y UH R; [ur]=ER; [u]^_=AH; [u]^^=AH; [uy]=AY
_g[u]#=; g[u]%=; g[u]#=W; #n[u]=Y UW; @[u]=UW; [u]=Y UW
[view]=V Y UW; [v]=V
_[were]=W ER; [wa]s=W AA; [wa]t=W AA; [where]=W EH R; [what]=W AA T; [whol]=HH OW L; [who]=HH UW; [wh]=W; [war]=W AO R
[wor]^=W ER; [wr]=R; [w]=W
_[x]=Z; [x]=K S; [young]=Y AH NG; _[you]=Y UW; _[yes]=Y EH S; _[y]=Y; #:^[y]_=IY; #:^[y]i=IY; _:[y]_=AY; _:[y]#=AY
_:[y]^+:#=IH; _:[y]^#=AY; [y]=IH; [zz]=Z; [z]=Z
"""

_CLASSES = {
    "#": "[aeiouy]+", ":": "[^aeiouy_]*", "^": "[^aeiouy_]", ".": "[bdvgjlmnrwz]", "+": "[eiy]",
    "%": "(?:er|es|ed|ing|ely|e)(?=_)", "&": "(?:ch|sh|[scgzxj])", "@": "(?:th|ch|sh|[tsrdlznj])",
}  # fmt: skip

Rules = dict[str, list[tuple[re.Pattern[str], re.Pattern[str], str, tuple[str, ...]]]]


@cache
def _english_rules() -> Rules:
    rules: Rules = {}
    for entry in re.split(r"[;\n]", _ENGLISH):
        match = re.fullmatch(r"(.*)\[(.+)\](.*?)=(.*)", entry.strip())
        if not match:
            continue
        left, letters, right, sounds = match.groups()
        before = re.compile("(?:" + "".join(_CLASSES.get(c, re.escape(c)) for c in left) + ")$")
        after = re.compile("".join(_CLASSES.get(c, re.escape(c)) for c in right))
        rules.setdefault(letters[0], []).append((before, after, letters, tuple(sounds.split())))
    return rules


def english_sounds(word: str) -> list[str]:
    """ARPAbet without stress of a lower-case word, by the Naval Research Laboratory's rules alone; never empty."""
    padded = "_" + re.sub(r"[^a-z]", "", ascii_letters(word)) + "_"
    rules, at, sounds = _english_rules(), 1, []
    while at < len(padded) - 1:
        for before, after, letters, said in rules.get(padded[at], ()):
            end = at + len(letters)
            if padded.startswith(letters, at) and after.match(padded, end) and before.search(padded[:at]):
                sounds += said
                at = end
                break
        else:
            at += 1
    return merged(sounds) or ["AH"]


_SUFFIXES = (  # ending, its sounds, what may be put back to find the word it was built on
    ("'s", None, ("",)), ("s'", None, ("",)), ("n't", "AH N T", ("",)), ("'ll", "AH L", ("",)), ("'ve", "V", ("",)),
    ("'re", "ER", ("",)), ("'d", "D", ("",)), ("iness", "N AH S", ("y",)), ("ness", "N AH S", ("",)),
    ("lessly", "L AH S L IY", ("",)), ("less", "L AH S", ("",)), ("fully", "F AH L IY", ("",)),
    ("ful", "F AH L", ("",)), ("ily", "AH L IY", ("y",)), ("ly", "L IY", ("", "le")), ("ings", "IH NG Z", ("", "e")),
    ("ing", "IH NG", ("", "e")), ("iest", "AH S T", ("y",)), ("est", "AH S T", ("", "e")), ("ier", "ER", ("y",)),
    ("ers", "ER Z", ("", "e")), ("er", "ER", ("", "e")), ("ied", "D", ("y",)), ("ed", None, ("", "e")),
    ("ies", "Z", ("y",)), ("es", None, ("", "e")), ("s", None, ("",)), ("able", "AH B AH L", ("", "e")),
    ("ish", "IH SH", ("", "e")), ("ism", "IH Z AH M", ("", "e")), ("ist", "IH S T", ("", "e")), ("y", "IY", ("", "e")),
)  # fmt: skip
_PREFIXES = (("un", "AH N"), ("re", "R IY"), ("non", "N AA N"), ("mis", "M IH S"), ("over", "OW V ER"),
             ("under", "AH N D ER"), ("pre", "P R IY"), ("anti", "AE N T IY"))  # fmt: skip


SHORTEST_STEM = 3
"""Letters of the shortest word that an ending or another word is taken off: shorter ones are found by chance."""

DEPTH = 2
"""Endings and parts that are taken off one after the other ("end-less-ly")."""


def spell_english(word: str, lookup: Callable[[str], list[str] | None]) -> list[str]:
    """ARPAbet of a word that ``lookup`` does not know: built from parts that it knows, else by rules."""
    return _built(word, lookup, DEPTH) or english_sounds(word)


def _built(word: str, lookup: Callable[[str], list[str] | None], depth: int) -> list[str] | None:
    known = lookup(word)
    if known is not None or depth == 0:
        return known
    for ending, said, restored in _SUFFIXES:
        stem = word.removesuffix(ending)
        if stem == word or len(stem) < SHORTEST_STEM:
            continue
        doubled = (stem[:-1],) if len(stem) > SHORTEST_STEM and stem[-1] == stem[-2] else ()
        for base in (*(stem + r for r in restored), *doubled):
            sounds = _built(base, lookup, depth - 1)
            if sounds:
                if ending == "ily" and sounds[-1] == "IY":
                    sounds = sounds[:-1]
                return sounds + (said.split() if said else _inflected(ending, sounds[-1]))
    for prefix, said in _PREFIXES:
        rest = (
            lookup(word.removeprefix(prefix))
            if word.startswith(prefix) and len(word) >= len(prefix) + SHORTEST_STEM
            else None
        )
        if rest:
            return said.split() + rest
    for cut in sorted(range(SHORTEST_STEM, len(word) - SHORTEST_STEM + 1), key=lambda k: abs(2 * k - len(word))):
        first, second = lookup(word[:cut]), lookup(word[cut:])
        if first and not second and len(word) - cut > SHORTEST_STEM + 1:
            second = _built(word[cut:], lookup, depth - 1)
        if first and second:
            return first + second
    return None


def _inflected(ending: str, last: str) -> list[str]:
    """Sounds of -s and -ed after a sound."""
    if ending == "ed":
        return ["IH", "D"] if last in ("T", "D") else ["T"] if last in ("P", "K", "F", "S", "SH", "CH", "TH") else ["D"]
    hissing = last in ("S", "Z", "SH", "ZH", "CH", "JH")
    return ["IH", "Z"] if hissing else ["S"] if last in ("P", "T", "K", "F", "TH") else ["Z"]
