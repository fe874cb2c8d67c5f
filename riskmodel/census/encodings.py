"""Text encodings of Chinese files: UTF-8 and GB18030, told apart by their bytes."""

from __future__ import annotations

LATIN = "ISO-8859-1"  # keeps bytes as they are, so that they can be looked at


def wrongly_decoded(text: str, encoding: str) -> bool:
    """Whether a text that was read as GBK is UTF-8 in truth; GBK hardly ever is by chance.

    Examples
    --------
    >>> wrongly_decoded("温州市".encode("utf-8").decode("gb18030", "replace"), "gb18030")
    True
    >>> wrongly_decoded("温州市", "gb18030")
    False
    """
    if encoding == "utf-8" or text.isascii():
        return False
    try:
        raw = text.encode(encoding)
        return len(raw.decode("utf-8", "strict")) > 0
    except UnicodeError:
        return "\ufffd" in text


def encoding_of(content: bytes) -> str | None:
    """Tell the encoding of some bytes, None where either gives the same or neither fits.

    Examples
    --------
    >>> [encoding_of("温州".encode(code)) for code in ("utf-8", "gbk")], encoding_of(b"Wenzhou")
    (['utf-8', 'gb18030'], None)
    """
    if content.isascii():
        return None
    for encoding in ("utf-8", "gb18030"):
        try:
            content.decode("utf-8-sig" if encoding == "utf-8" else encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    return None
