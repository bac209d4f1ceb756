"""Check digits: what tells a number of a kind from any other number of its length."""

from math import log2

_COUNTRIES = {
    15: "NO",
    16: "BE",
    18: "DK FI FK FO GL NL SD",
    19: "MK SI",
    20: "AT BA EE KZ LT LU MN XK",
    21: "CH HR LI LV",
    22: "BG BH CR DE GB GE IE ME RS VA",
    23: "AE GI IL IQ OM SO TL",
    24: "AD CZ ES MD PK RO SA SE SK TN VG",
    25: "LY PT ST",
    26: "IS TR",
    27: "BI DJ FR GR IT MC MR SM",
    28: "AL AZ BY CY DO GT HN HU LB NI PL SV",
    29: "BR EG PS QA UA",
    30: "JO KW MU YE",
    31: "MT SC",
    32: "LC",
    33: "RU",
}
LENGTHS = {countries[place : place + 2]: size for size, countries in _COUNTRIES.items() for place in range(0, len(countries), 3)}
"""Characters of an IBAN by country; the IBAN registry of SWIFT."""
_LONG = range(16, 20)
_ISSUED = (
    (range(4000, 5000), (13, 16, 19)),  # Visa
    (range(5100, 5600), (16,)),  # Mastercard
    (range(2221, 2721), (16,)),
    (range(3400, 3500), (15,)),  # American Express
    (range(3700, 3800), (15,)),
    (range(3000, 3060), range(14, 20)),  # Diners Club
    (range(3600, 3700), range(14, 20)),
    (range(3800, 4000), range(14, 20)),
    (range(6011, 6012), _LONG),  # Discover
    (range(6440, 6600), _LONG),
    (range(6200, 6300), _LONG),  # UnionPay
    (range(3528, 3590), _LONG),  # JCB
    (range(2200, 2205), _LONG),  # Mir
    *((range(first, first + 1), range(12, 20)) for first in (5018, 5020, 5038, 5893, 6304, 6759, 6761, 6762, 6763)),  # Maestro
)
"""The first four digits of the card schemes' numbers, as they publish them, and how many digits follow from them."""
_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
_WEIGHTS = (7, 3, 1)


def luhn(digits: str) -> bool:
    """Whether the last of *digits* is their check digit (ISO/IEC 7812-1)."""
    numbers = [ord(digit) - 48 for digit in reversed(digits)]
    return (sum(numbers[::2]) + sum(_DOUBLED[number] for number in numbers[1::2])) % 10 == 0


def issued(digits: str) -> bool:
    """Whether a scheme issues card numbers of this length that begin like *digits*."""
    first = int(digits[:4])
    return any(first in begins and len(digits) in sizes for begins, sizes in _ISSUED)


def mod97(iban: str) -> bool:
    """Whether *iban*, without separators and in capitals, has its country's length and check digits (ISO 13616)."""
    if len(iban) != LENGTHS.get(iban[:2]):
        return False
    return int("".join(str(int(letter, 36)) for letter in iban[4:] + iban[:4])) % 97 == 1


def machine_read(text: str, check: str) -> bool:
    """Whether *check* is the check digit of *text* in a travel document's machine-readable zone (ICAO 9303, part 3)."""
    values = (0 if letter == "<" else int(letter, 36) for letter in text)
    return str(sum(value * _WEIGHTS[place % 3] for place, value in enumerate(values)) % 10) == check


def entropy(text: str) -> float:
    """Bits for each character of *text*, by how often each occurs in it."""
    size = len(text)
    return -sum(count / size * log2(count / size) for count in (text.count(letter) for letter in set(text)))
