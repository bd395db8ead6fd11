"""Text that is not UTF-8: which code page it is in, by its letters.

A program that saves a CSV file in an old code page does not say which. The same byte is `ł` in Poland and `³` in
France, so the letters of a file are compared with how often each language uses them. Weights are rough shares, per
thousand letters of ordinary text, of the letters that ASCII lacks.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

# Code pages, the commonest first, with a name for people.
PAGES = {
    "cp1252": "Western European",
    "cp1250": "Central European",
    "cp1254": "Turkish",
    "cp1251": "Cyrillic",
    "mac_roman": "Western European of a Mac",
    "cp1253": "Greek",
    "cp1257": "Baltic",
    "cp1255": "Hebrew",
    "cp1256": "Arabic",
    "cp1258": "Vietnamese",
    "cp932": "Japanese",
    "cp949": "Korean",
    "gb18030": "Chinese",
    "big5": "Chinese (traditional)",
}
_WESTERN = ("cp1252", "mac_roman")
_LANGUAGES: tuple[tuple[tuple[str, ...], str], ...] = (
    (_WESTERN, "é6 ñ1 ü1 ö1 è.5 ç.4 á.4 ó.3 à.2 ê.2 í.2 ï.2"),  # English
    (_WESTERN, "é19 à5 è3.5 ê2.2 ç.8 ô.5 î.5 â.5 û.5 ù.5 ë.2 ï.2 œ.5 ü.1 ÿ.05"),  # French
    (_WESTERN, "í7.2 ó8.3 á5 é4.3 ñ3.1 ú1.7 ü.2 ª.1 º.1"),  # Spanish
    (_WESTERN, "ã7.3 ç5.3 á5 é5 í3.3 ó3 ê4 õ2 ú2 â.8 ô.7 à.7 ª.3 º.2 ü.1"),  # Portuguese
    (_WESTERN, "ü6.5 ä5.5 ö3 ß3 é.3"),  # German
    (_WESTERN, "à6 è4 ù1.7 ò1.6 é1 ì1"),  # Italian
    (_WESTERN, "ä18 å13 ö13 é.4"),  # Swedish
    (_WESTERN, "å12 ø9 æ9 é.4 ö.1"),  # Danish
    (_WESTERN, "å15 ø9 æ2 é.4 ò.1"),  # Norwegian
    (_WESTERN, "ä36 ö4.5 å.1"),  # Finnish
    (_WESTERN, "ð44 á18 þ15 í16 ö8 æ9 ó10 é6 ú6 ý2.3"),  # Icelandic
    (_WESTERN, "é1.5 ë1.5 ï.6 ó.2 ö.2 ü.2 è.2"),  # Dutch
    (_WESTERN, "à8 é8 è4 í5 ó7 ò2 ç2 ú2 ï1 ü.5 ·1"),  # Catalan
    (("cp1250",), "ł18 ę11 ą10 ó8.5 ż8.3 ś6.6 ć4 ń2 ź.6 é.1"),  # Polish
    (("cp1250",), "í33 á22 ě16 é13 ř12 ý10 č10 ž10 š8 ů7 ú1.5 ó.3 ň.3 ť.3 ď.2"),  # Czech
    (("cp1250",), "á20 í10 č10 ž10 ý10 š8 é7.5 ú7.5 ľ5 ť6 ô2 ň2.5 ď2 ä1 ó1 ĺ.1 ŕ.1"),  # Slovak
    (("cp1250",), "é37 á36 ó11 ö10 ő9 ü6 í6 ú2.5 ű2"),  # Hungarian
    (("cp1250",), "ă37 ş13 ţ14 î8 â6"),  # Romanian
    (("cp1250",), "č11 š9 ž5.5 ć5 đ2.5"),  # Croatian, Slovenian
    (("cp1251",), "о110 е85 а80 и74 н67 т63 с55 р47 в45 л43 к35 м32 д30 п28 у26 я20 ы19 ь17 г17 з16 б16 ч14 й12 х10 "
                  "ж9 ш7 ю6 ц5 щ4 э3 ф3 ъ.4 ё1"),  # Russian
    (("cp1251",), "о94 а83 и61 і57 н65 в52 е48 т47 р47 с41 к40 л36 у33 д33 м29 п29 з23 я22 ь18 б17 г15 ч12 х12 й11 "
                  "ц8 ю9 ж7 ш7 ї6 щ6 є4 ф3 ґ.2"),  # Ukrainian
    (("cp1251",), "а116 о87 и87 е86 н72 т68 р48 с48 в43 л36 к34 д32 п29 м27 з23 г17 я17 ъ16 у15 б14 ч14 ц11 щ7 ж7 х6 "
                  "й6 ш3 ф2 ю1 ь.5"),  # Bulgarian
    (("cp1251",), "а115 и98 о92 е88 н57 с47 р46 ј43 т42 у40 д36 к35 в35 л34 м33 п28 з20 г18 б15 ш10 ч10 ц8 ћ6 х6 ж6 "
                  "њ6 љ5 ђ2 ф2 џ.3"),  # Serbian
    (("cp1254",), "ı51 ş18 ü19 ç11 ğ11 ö8 â.5 î.2 û.1"),  # Turkish
    (("cp1253",), "α80 ο70 ι60 ε60 τ77 σ49 ν61 η40 υ36 ρ40 π38 κ38 μ33 λ27 ς37 ω18 ό22 ί31 ά25 έ19 ή17 ύ11 ώ9 γ16 δ17 "
                  "θ12 χ11 φ8 β7 ξ4 ζ4 ψ2 ϊ.5 ΐ.2 ϋ.1"),  # Greek
    (("cp1257",), "ė13 į6 ų12 š11 ū5 ž8 ą7 č4 ę2.5"),  # Lithuanian
    (("cp1257",), "ā39 ī19 ē17 š10 ņ4 ū5 ž3 č1.5 ļ3 ķ1.5 ģ1"),  # Latvian
    (("cp1257", "cp1252"), "ä15 ü9 õ10 ö3 š.3 ž.2"),  # Estonian
    (("cp1255",), "י110 ו104 ה110 ל74 א63 ר56 ת50 ב47 ש44 מ46 ם32 נ28 ח25 ע32 ק21 ד26 פ17 כ19 ג13 ט12 צ12 ס15 ן11 ז13 "
                  "ך8 ף2 ץ2"),  # Hebrew
    (("cp1256",), "ا125 ل115 ي70 م65 ن65 و60 ر48 ت45 ب40 ة35 ع38 د35 س30 ف28 ه28 ك24 ق23 أ22 ح20 ج15 ش12 ط12 ص11 خ10 "
                  "ى10 ذ8 ض6 ث6 ء5 إ9 غ5 ز6 ظ3 ئ3 آ2 ؤ1"),  # Arabic
    (("cp1258",), "đ24 ê18 ư20 ơ12 ô17 â14 ă8 à12 á9 \u0300" "20 \u0301" "25 \u0323" "20 \u0309" "10 \u0303" "8 "
                  "é1 è1 í3 ó5 ú4 ù3 ã1 õ1"),  # Vietnamese
)  # fmt: skip
# Of letters that no language above has, of capitals inside a word, and of signs inside a word.
_FOREIGN, _CAPITAL_INSIDE, _SIGN_INSIDE = 2e-4, 0.02, 2e-5
# Of the quotation marks, dashes and blanks that every language uses.
_COMMON = dict.fromkeys("’‘“”„–—…«»•·°™®©¡¿´\u00a0", 0.02)
# How much likelier, as a logarithm, the best page must be than one that reads the file differently.
_MARGIN = 5.0
# Files of other code pages are rarer than those of Western Europe.
_PRIOR = {"cp1252": 3.0, "mac_roman": -1.5, "cp1258": -2.0}
# Alphabets of their own: a word has ASCII letters or these, hardly ever both. Elsewhere two letters that ASCII lacks
# seldom stand together.
_OWN_ALPHABET = ("cp1251", "cp1253", "cp1255", "cp1256")
_MIXED, _TOGETHER = 0.02, 0.2
# Scripts of two bytes a letter: page, codec of the usual letters, first bytes of nearly all of them.
_TWO_BYTES = (
    ("cp932", "cp932", range(0x81, 0x99)),
    ("cp949", "euc_kr", range(0xB0, 0xC9)),
    ("gb18030", "gb2312", range(0xB0, 0xD8)),
    ("big5", "big5", range(0xA4, 0xC7)),
)
# Compiled when it is used: that takes a millisecond or two, and few files need it.
_WIDE = r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]+"
_KANA = re.compile(r"[\u3040-\u30ff]")
_WORD = re.compile(rb"[A-Za-z\x80-\xff]*[\x80-\xff][A-Za-z\x80-\xff]*")
_LINE = re.compile(rb"[^\r\n]*[\x80-\xff][^\r\n]*")
_MAX_WORDS = 50_000
# A byte and the one before it in the word, 0 at its beginning.
_Seen = tuple[int, int]


@dataclass(frozen=True)
class CodePage:
    """A code page and whether its letters show it."""

    name: str
    is_sure: bool


def code_page_of(data: bytes) -> CodePage:
    """Return the likeliest code page of text that is not UTF-8. data: the file or its beginning."""
    double = _two_byte_page(b"\n".join(found[0] for found in _limited(_LINE.finditer(data))))
    if double is not None:
        return CodePage(double, is_sure=True)
    words = list(dict.fromkeys(found[0] for found in _limited(_WORD.finditer(data))))
    # Every word counts once, so that the name of one show does not decide.
    seen = Counter[_Seen]()
    for word in words:
        for before, byte in zip(b"\0" + word, word, strict=False):
            if byte >= 0x80:
                seen[byte, before] += 1
    return _likeliest(seen)


def _limited(found: Iterable[re.Match[bytes]]) -> Iterable[re.Match[bytes]]:
    return (match for match, _ in zip(found, range(_MAX_WORDS), strict=False))


def _two_byte_page(text: bytes) -> str | None:
    """Return the page of Chinese, Japanese or Korean text; None for other text."""
    for page, codec, first_bytes in _TWO_BYTES:
        try:
            words = re.findall(_WIDE, text.decode(codec))
        except UnicodeDecodeError:
            continue
        # In text of one byte a letter, a letter with an accent and the next one may look like one of these letters.
        # They stand alone there, and most are rare ones.
        letters = "".join(word for word in words if len(word) > 1)
        alone = sum(len(word) == 1 for word in words)
        usual = sum(letter.encode(codec)[0] in first_bytes for letter in letters)
        if usual >= max(3, 0.9 * len(letters), 2 * alone) and (page != "cp932" or _KANA.search(letters)):
            return page
    return None


def _likeliest(seen: Mapping[_Seen, int]) -> CodePage:
    scores: dict[str, float] = {}
    for pages, weights in _WEIGHTS:
        for page in pages:
            score = _PRIOR.get(page, 0.0) + sum(
                count * math.log(_share(byte, before, page, weights)) for (byte, before), count in seen.items()
            )
            scores[page] = max(score, scores.get(page, -math.inf))
    best = max(scores, key=lambda page: scores[page])
    present = sorted({byte for byte, _ in seen})
    read = [_letter(byte, best) for byte in present]
    others = [scores[page] for page in scores if [_letter(byte, page) for byte in present] != read]
    # Text of a language that is not in the table fits none.
    is_plausible = scores[best] >= sum(seen.values()) * math.log(3e-3)
    return CodePage(best, is_sure=is_plausible and scores[best] - max(others, default=-math.inf) >= _MARGIN)


def _letter(byte: int, page: str) -> str:
    return bytes([byte]).decode(page, "replace")


def _share(byte: int, before: int, page: str, weights: Mapping[str, float]) -> float:
    """Return how often a language uses a letter behind another byte of the word, 0 at its beginning."""
    letter, is_inside = _letter(byte, page), 0x61 <= before <= 0x7A
    if letter in _COMMON:
        return _COMMON[letter] if not is_inside or letter in "’\u00a0…" else _SIGN_INSIDE * 10
    if not letter.isalpha() and letter.lower() not in weights:
        return _SIGN_INSIDE
    share = weights.get(letter.lower(), _FOREIGN)
    if is_inside and letter != letter.lower():
        share *= _CAPITAL_INSIDE
    if page in _OWN_ALPHABET:
        return share * _MIXED if before and before < 0x80 else share
    return share * _TOGETHER if before >= 0x80 and _letter(before, page).isalpha() else share


def _weights(text: str) -> dict[str, float]:
    """Return the share of each letter."""
    found = {part[0]: float(part[1:]) for part in text.split()}
    total = sum(found.values())
    return {letter: weight / total for letter, weight in found.items()}


_WEIGHTS: Sequence[tuple[tuple[str, ...], dict[str, float]]] = [(pages, _weights(text)) for pages, text in _LANGUAGES]
