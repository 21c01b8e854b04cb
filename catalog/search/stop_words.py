"""Words that help to rank but are never required, and words that mean the same."""

from typing import Final

_ARTICLES_AND_CONJUNCTIONS = (
    "the a an and n of with by "  # English
    "el la los las lo un una unos unas y e de del con "  # Spanish
    "o os as um uma da do dos das com "  # Portuguese
    "le les l une des du d et avec "  # French
    "der die das den dem ein eine und mit von "  # German
    "il gli uno di "  # Italian
    "els i het een en met van och med"  # Catalan, Dutch, Swedish
)
_OF_RECORDINGS = (
    "official oficial video videoclip clip audio lyrics lyric letra hd hq 4k remaster remastered remasterizado "
    "explicit album version edit mix remix live vivo acoustic acustico karaoke instrumental demo mono stereo song "
    "songs cancion canciones music musica mp3 flac wav m4a ogg opus aac wma"
)

FEATURING: Final = frozenset(("feat", "ft", "featuring"))
STOP_WORDS: Final = FEATURING | frozenset(f"vs x {_ARTICLES_AND_CONJUNCTIONS} {_OF_RECORDINGS}".split())

_NUMBERS = (
    "0 zero cero, 1 one uno, 2 two ii dos, 3 three iii tres, 4 four iv cuatro, 5 five cinco, 6 six vi seis, "
    "7 seven vii siete, 8 eight viii ocho, 9 nine ix nueve, 10 ten diez, 11 eleven xi once, 12 twelve xii doce, "
    "13 thirteen xiii trece, 14 fourteen xiv, 15 fifteen quince, 16 sixteen, 17 seventeen, 18 eighteen, "
    "19 nineteen, 20 twenty veinte, 30 thirty treinta, 40 forty cuarenta, 50 fifty cincuenta, 60 sixty sesenta, "
    "70 seventy setenta, 80 eighty ochenta, 90 ninety noventa, 100 hundred cien, 1000 thousand mil, "
    "1st first, 2nd second, 3rd third"
)
_SAME = (
    "u you, r are, part pt parte, vol volume volumen, st saint, mr mister, dr doctor, ok okay, til till until"
)
# Only a number is read as one of these common words, and they as the number: they are not the other's synonyms.
_SOUNDS_LIKE = (("2", "to"), ("2", "too"), ("4", "for"))


def _synonyms() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    groups = [group.split() for group in f"{_NUMBERS}, {_SAME}".split(",")]
    for group in groups:
        found |= {word: tuple(other for other in group if other != word) for word in group}
    for number, word in _SOUNDS_LIKE:
        found[number] += (word,)
        found[word] = (number,)
    return found | {number: (f"{tens} {ones}",) for (tens, ones), number in COMPOUND_NUMBERS.items()}


def _compound_numbers() -> dict[tuple[str, ...], str]:
    named = {int(number): word for number, word, *_others in map(str.split, _NUMBERS.split(",")[:28])}
    return {
        (named[tens], named[ones]): str(tens + ones) for tens in range(20, 100, 10) for ones in range(1, 10)
    }


COMPOUND_NUMBERS: Final = _compound_numbers()  # ("twenty", "one"): "21"
SYNONYMS: Final = _synonyms()
