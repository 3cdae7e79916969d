"""Text as programs and people save it: whatever its encoding, and whatever stands before it."""

from __future__ import annotations

import re
from pathlib import Path

from osteocount.errors import OsteoCountError
from osteocount.input_files import read_bytes

SEPARATOR_LINE = re.compile(r"\s*\"?sep=(?P<separator>.)\"?[\s;,]*", re.IGNORECASE)
"""First line with which Excel is told the separator of a CSV."""

WESTERN = "Windows-1252"
CENTRAL = "Windows-1250"
JAPANESE = "Shift-JIS"
_CODECS = {WESTERN: "cp1252", CENTRAL: "cp1250", JAPANESE: "cp932"}
"""Code pages that text is read in which is no Unicode."""

_WESTERN_LETTERS = (
    "äöüßé",  # German
    "àâäæçèéêëîïôùûüÿœ",  # French
    "áéíñóúüçàèòï",  # Spanish, Catalan
    "áàâãçéêíóôõú",  # Portuguese
    "àèéìíîòóùú",  # Italian
    "æøåéóòôäö",  # Danish, Norwegian, Swedish
    "áðéíóúýþæö",  # Icelandic
    "åäöõüšž",  # Finnish, Estonian
    "áèéêëïíóöúü",  # Dutch
)
_CENTRAL_LETTERS = (
    "áčďéěíňóřšťúůýž",  # Czech
    "áäčďéíĺľňóôŕšťúýž",  # Slovak
    "ąćęłńóśźż",  # Polish
    "áéíóöőúüű",  # Hungarian
    "čćđšž",  # Croatian, Slovene
    "ăâîşţ",  # Romanian
)
"""Small letters with accents of the languages that are written in Windows-1252 and in Windows-1250."""

_KANA = re.compile(r"[\u3041-\u30fa]|[\u4e00-\u9fff]{2}")
_OF_JAPAN = re.compile(r"[\x00-\x7f\u3000-\u30ff\u4e00-\u9fff\uff01-\uff60\u0391-\u03c9\u00b0-\u00f7\u2010-\u22ff]*")

_EVERYWHERE = frozenset(
    "\u00a0\u00b0\u00b1\u00b2\u00b3\u00b5\u00b7\u00b9\u00d7\u00f7\u00ab\u00bb\u00ae\u00a9"  # °±²³µ·¹×÷«»®©
    "\u2013\u2014\u2018\u2019\u201c\u201d\u2022\u2026\u2030\u20ac\u2122"  # dashes, quotes, •…‰€™
)
_LETTER = re.compile(r"[\u00c0-\u00cf\u00d1-\u00d6\u00d8-\u00dd\u00df-\u00ef\u00f1-\u00f6\u00f8-\u00fd\u00ff]")
_ACCENTS = r"\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u00ff"
_WORD = re.compile(rf"[A-Za-z{_ACCENTS}]*[{_ACCENTS}][A-Za-z{_ACCENTS}]*")
# Units and umlauts of other code pages: 5 µg in Greek and in DOS, 37 °C and cm² in DOS, ä in DOS.
_OTHER_PAGE = re.compile(
    r"\d\s*[\u00ec\u00e6][gGlLMmU]\b|\u00f8[CF]\b|[cm]m[\u00fd\u00fc]|"
    r"[A-Za-z][\u2018\u201c\u201d\u2026\u2030\u20ac\u2122][A-Za-z]"
)
_POLISH = re.compile(r"[A-Za-ln-z][\u00b3\u00b9\u00bf]|[\u00b3\u00b9][a-z]")  # l, a and z with their marks


def read_text(path: Path) -> str:
    """Return the text of a file, whatever its encoding (see :func:`decode`).

    Raises
    ------
    OsteoCountError
        The file cannot be read, or holds no text.
    """
    try:
        return decode(path, read_bytes(path))
    except OSError as error:
        raise OsteoCountError(f"{path}: cannot be read ({error.strerror}).") from error


def decode(path: Path, data: bytes) -> str:
    """Return the text of a file in UTF-8, UTF-16 (with or without a byte order mark), or one of three code pages.

    PowerShell, SoftMax Pro and Excel's "Unicode text" write UTF-16; older programs on Windows write Windows-1252, in
    Central Europe Windows-1250, and Excel in Japan Shift-JIS.

    Raises
    ------
    OsteoCountError
        The bytes are no text.
    """
    if not _utf16_of(data) and b"\x00" in data:
        raise OsteoCountError(f"{path}: not a text table (it holds binary data).")
    page = code_page_of(data)
    return data.decode(_CODECS[page], errors="replace") if page else decode_unicode(data)


def code_page_of(data: bytes) -> str:
    """Name the code page of text that is in no Unicode, so that its letters depend on who wrote it; "" for Unicode.

    Japanese is known by its kana, or by kanji side by side, where Windows-1252 would make no words of them; a language
    of Central Europe where all letters are those of one of them, and of no one language of the West.
    """
    try:
        decode_unicode(data)
    except UnicodeDecodeError:
        if _of_central_europe(data):
            return CENTRAL
        if not unclear_letters(data.decode("cp1252", errors="replace")):
            return WESTERN
        try:
            text = data.decode("cp932")
        except UnicodeDecodeError:
            return WESTERN
        return JAPANESE if _KANA.search(text) and _OF_JAPAN.fullmatch(text) else WESTERN
    return ""


def _of_central_europe(data: bytes) -> bool:
    """Say whether text is in Windows-1250: its letters are those of one language there, and of none of the West."""
    western = data.decode("cp1252", errors="replace")
    if _OTHER_PAGE.search(western) or (not _POLISH.search(western) and _of_one_language(western, _WESTERN_LETTERS)):
        return False
    try:
        text = data.decode("cp1250")
    except UnicodeDecodeError:
        return False
    clear = "".join(" " if c in _EVERYWHERE else c for c in text)
    words = [word for word in re.findall(r"[^\W\d_]+", clear) if not word.isascii()]
    spelled = all(word in (word.lower(), word.upper(), word.capitalize()) for word in words)
    latin = all(len(word) == 1 or any(map(str.isascii, word)) for word in words)  # Cyrillic gives words of accents
    return bool(words) and spelled and latin and _of_one_language(text, _CENTRAL_LETTERS)


def _of_one_language(text: str, languages: tuple[str, ...]) -> bool:
    """Say whether all letters with accents, if there are any, are those of one of the languages."""
    letters = {c for c in text.lower() if not c.isascii()} - _EVERYWHERE
    return any(letters <= set(own) for own in languages)


def unclear_letters(text: str) -> tuple[int, str] | None:
    """Find the first word in text of Windows-1252 that looks as if it were in another code page.

    Accents of Western European words, µ, °, ² and the like are clear. Words of accents alone (Cyrillic, Greek), accents
    behind capitals (``TGFâ`` is Greek for TGFβ), and bytes that Windows-1252 uses for nothing or hardly ever (umlauts
    of DOS and of the Macintosh) are not.

    Returns
    -------
    Its line, counted from 0, and the word; None when all is clear.
    """
    for number, line in enumerate(text.splitlines()):
        if line.isascii():
            continue
        strange = _OTHER_PAGE.search(line) or _POLISH.search(line)
        found = strange[0] if strange else next((c for c in line if not _clear(c)), "")
        found = found or next((word for word in _WORD.findall(line) if not _western(word)), "")
        if found:
            return number, found
    return None


def _clear(character: str) -> bool:
    return character.isascii() or character in _EVERYWHERE or bool(_LETTER.fullmatch(character))


def _western(word: str) -> bool:
    """Say whether a word with accents is one of a Western European language by its letters."""
    plain = [c for c in word if c.isascii()]
    accents = [c for c in word if not c.isascii()]
    if len(word) == 2 and word.isupper():
        return False  # DÀ may be a Cyrillic DA
    shouted = bool(plain) and all(map(str.isupper, plain)) and len(plain) > 1
    if shouted and any(map(str.islower, accents)) and word.replace("\u00df", "") != word.replace("\u00df", "").upper():
        return False
    return len(plain) >= len(accents)


def decode_unicode(data: bytes) -> str:
    """Return text in UTF-8 or UTF-16, without its byte order mark.

    Raises
    ------
    UnicodeDecodeError
        It is neither.
    """
    utf16 = _utf16_of(data)
    return data.decode(utf16, errors="replace") if utf16 else data.decode("utf-8-sig")


def _utf16_of(data: bytes) -> str:
    """Name the UTF-16 that text is in, "" when it is in none: by its mark, or by zeros in every other byte."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    sample = data[:4000]
    if sample[1::2].count(0) > len(sample) / 4:
        return "utf-16-le"
    return "utf-16-be" if sample[0::2].count(0) > len(sample) / 4 else ""


def without_separator_line(lines: list[str]) -> tuple[list[str], str]:
    """Return the lines without a first line ``sep=;``, and the separator it names ("" without one).

    The line is kept as an empty one, so that line numbers stay those of the file.
    """
    match = SEPARATOR_LINE.fullmatch(lines[0]) if lines else None
    return (["", *lines[1:]], match["separator"]) if match else (lines, "")
