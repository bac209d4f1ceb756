"""The yearly records of the islands' archive: figures that follow from one seed each, so that reports agree with what they compare with.

Real records of this kind are written to a pattern, year after year; what a person wrote freely is in ``narratives.jsonl``.
"""

from collections.abc import Iterator
from hashlib import sha256

from septet.integration.documents import Document

HARBOURS = {
    "Holm": ("Ruth Farrant", 2_140, 1_310),
    "Graveney": ("Piet Dahl", 690, 240),
    "Skerry Point": ("Una Strand", 830, 2_020),
    "Thornwick": ("Sam Oyelaran", 410, 1_150),
    "Easter Quay": ("Nell Petrie", 265, 95),
    "Marl Haven": ("Olaf Brandt", 520, 470),
}
"""The harbourmaster, and some year's calls and tonnes of fish."""
ROUTES = {"Holm to Marl Haven": 61_200, "Holm to Skerry Point": 88_400, "Thornwick to Easter Quay": 19_700}
"""Passengers in some year."""
LIGHTS = {
    "Skerry Fell": (61, 22, "1858"),
    "Cold Ness": (34, 18, "1871"),
    "Thornwick": (27, 16, "1866"),
    "Marl Head": (22, 17, "1889"),
    "Holm Mole": (14, 11, "1903"),
    "Easter Rock": (19, 14, "1894"),
    "Graveney Spit": (12, 10, "1908"),
}
"""Metres above the sea, sea miles, and the year it was lit."""
GAUGES = {"Holm": 148, "Thornwick": 139, "Marl Haven": 156}
"""Centimetres that a usual year's highest tide stands above mean sea level."""
HARBOUR_EVENTS = (
    "A trawler lay across the entrance for six hours in March with a rope in her screw.",
    "The crane was out of use from May to July for want of a gearbox.",
    "The ice plant was renewed, and the complaints about its noise were too.",
    "Dredging took 4,300 cubic metres from the inner basin.",
    "Two yachts were fined for speed; one of them twice.",
    "The fuel berth was closed for nine days after a leak of some 80 litres, all of it recovered.",
    "A cruise ship of 210 metres anchored off in June and landed 640 visitors by boat.",
    "The slip was lengthened by five metres so that the lifeboat can launch at low water.",
    "Shore power was laid to four berths.",
    "A diver found the north ladder rusted through; it was replaced in a week.",
    "The fog signal was given up, nobody having asked for it in two years.",
    "Pilots were asked for on 31 occasions, the most since records in this form began.",
    "Nobody was hurt, for the first year since 2009.",
)
FERRY_EVENTS = (
    "The timetable gained a late boat on Fridays.",
    "A strike of three days in August was settled with a rise of 4 in 100.",
    "Two crossings turned back for medical cause.",
    "The ramp was frozen on five mornings.",
    "Children under twelve go free since Easter.",
    "School parties made up 9 in 100 of the passengers.",
    "The waiting room was painted by its users.",
    "A dog was left behind twice, the same dog.",
    "Cards are taken on board since June.",
    "The booking line was moved to Holm.",
)
LIGHT_EVENTS = (
    "The lantern glass has a crack of 14 centimetres on the lee side, to be watched.",
    "The batteries held for 71 hours when the current was cut off for the test.",
    "Bees were found in the gallery and left there.",
    "The path was washed out in two places; stores had to come by boat.",
    "Salt on the lens cost a tenth of its light; it is to be washed each quarter.",
    "The lightning rod was renewed after a strike in the autumn before.",
    "The paint of the tower will last three more years at most.",
    "The door's lock was forced, and nothing taken.",
    "The sector glass was turned by two degrees to clear the new buoy.",
)
TIDE_EVENTS = (
    "The float stuck for eleven days in February; the hours between were filled from the gauge at Brack.",
    "The well was cleaned of mussels in May.",
    "A pressure gauge ran beside the float all year and differed by less than a centimetre.",
    "The clock had gained four minutes by the autumn and was set.",
    "The gauge was levelled against the church mark and found to have sunk by three millimetres.",
    "One surge came at low water, and nobody saw it but the gauge.",
    "Readings are sent each minute since September, where they were sent each hour.",
)
QUIET = {2020: 0.46, 2021: 0.71}
"""What was left of the passengers, and half as much of an effect on calls, while few travelled."""


def records() -> Iterator[Document]:
    """Every yearly record, oldest kind of archive first."""
    for name in HARBOURS:
        yield from (_harbour(name, year) for year in range(2012, 2024))
    for name in ROUTES:
        yield from (_ferry(name, year) for year in range(2014, 2024))
    for name in LIGHTS:
        yield from (_light(name, year) for year in range(2010, 2023, 3))
    for name in GAUGES:
        yield from (_gauge(name, year) for year in range(2012, 2024))


def passengers(route: str, year: int) -> int:
    """How many a *route* carried in *year*."""
    return round(ROUTES[route] * (1.012 ** (year - 2014)) * _around(f"ferry {route} {year}", 5) * QUIET.get(year, 1.0))


def _harbour(name: str, year: int) -> Document:
    master, calls, fish = HARBOURS[name]
    tonnes = _tonnes(name, year, fish)
    came = round(calls * _around(f"calls {name} {year}", 8) * (1 + QUIET.get(year, 1.0)) / 2)
    hurt = _number(f"hurt {name} {year}", 4)
    opening = _one_of(
        f"{name} {year}",
        f"In {year} {came:,} vessels called at {name}.",
        f"{name} had {came:,} calls in {year}, pleasure boats left out.",
        f"The book of {name} shows {came:,} calls for the year {year}.",
    )
    catch = f"Fish landed: {tonnes:,} tonnes, {_against(tonnes, _tonnes(name, year - 1, fish), year)}."
    event = HARBOUR_EVENTS[(year * 5 + len(name)) % len(HARBOUR_EVENTS)]
    accidents = "" if "Nobody was hurt" in event else f" Accidents with injury: {hurt}." if hurt else " No accident with injury."
    text = f"{opening} {catch} {event}{accidents}{_correction(name, year, fish)} Signed: {master}, harbourmaster."
    return Document(id=f"harbour-{_slug(name)}-{year}", title=f"{name} harbour: report for {year}", date=f"{year + 1}-02-15", text=text)


def _correction(name: str, year: int, fish: int) -> str:
    """In every fifth report or so: that the landings of the year before were misread."""
    if _number(f"correction {name} {year}", 5):
        return ""
    before = _tonnes(name, year - 1, fish)
    return f" The landings of {year - 1} were {before - 18 - len(name):,} tonnes and not {before:,}, as reported: a page was counted twice."


def _tonnes(name: str, year: int, fish: int) -> int:
    return round(fish * 0.985 ** (year - 2012) * _around(f"fish {name} {year}", 14))


def _ferry(route: str, year: int) -> Document:
    carried = passengers(route, year)
    off = 9 + _number(f"off {route} {year}", 40)
    opening = _one_of(
        f"{route} {year}",
        f"The ferry from {route} carried {carried:,} passengers in {year}, {_against(carried, passengers(route, year - 1), year)}.",
        f"{carried:,} passengers used the ferry from {route} in {year}; that is {_against(carried, passengers(route, year - 1), year)}.",
    )
    fare = 14 + (year - 2014) // 2 + len(route) % 3
    event = FERRY_EVENTS[(year * 3 + len(route)) % len(FERRY_EVENTS)]
    text = f"{opening} {off} crossings were called off, {off // 2 + 1} of them for wind. A single fare was {fare} crowns. {event}"
    return Document(id=f"ferry-{_slug(route)}-{year}", title=f"Ferry {route}: the year {year}", date=f"{year + 1}-01-31", text=text)


def _light(name: str, year: int) -> Document:
    height, reach, lit = LIGHTS[name]
    day = f"{year}-0{5 + _number(f'month {name} {year}', 4)}-{10 + _number(f'day {name} {year}', 19)}"
    seen = reach - _number(f"reach {name} {year}", 3)
    first, second = (LIGHT_EVENTS[(year // 3 * step + len(name)) % len(LIGHT_EVENTS)] for step in (2, 5))
    state = _one_of(
        f"state {name} {year}",
        f"Of the {reach} sea miles in the list, {seen} were reached on the evening of the visit.",
        f"Range by the list {reach} sea miles, by our boat {seen}.",
        f"From the boat the light was lost at {seen} sea miles; the list has {reach}.",
    )
    events = first if first == second else f"{first} {second}"
    text = f"{name} light stands {height} metres above the sea and was first lit in {lit}. {state} {events}"
    return Document(id=f"light-{_slug(name)}-{year}", title=f"Inspection of {name} light, {year}", date=day, text=text)


def _gauge(name: str, year: int) -> Document:
    high = GAUGES[name] + _number(f"high {name} {year}", 37)
    mean = round((year - 1990) * 0.31 + _number(f"mean {name} {year}", 20) / 10, 1)
    day = 1 + _number(f"day {name} {year}", 27)
    month = ("January", "February", "March", "October", "November", "December")[_number(f"month {name} {year}", 6)]
    text = (
        f"Highest water at {name} in {year}: {high} centimetres above the mean level of 1990, on {day} {month}. "
        f"Mean level of the year: {mean} centimetres above that of 1990. {TIDE_EVENTS[(year * 2 + len(name)) % len(TIDE_EVENTS)]}"
    )
    return Document(id=f"tide-{_slug(name)}-{year}", title=f"Tide gauge at {name}, summary of {year}", date=f"{year + 1}-01-10", text=text)


def _against(now: int, before: int, year: int) -> str:
    change = round(100 * (now - before) / before)
    if not change:
        return f"as in {year - 1}"
    return f"{abs(change)} in 100 {'more' if change > 0 else 'less'} than in {year - 1}"


def _one_of(seed: str, *texts: str) -> str:
    return texts[_number(seed, len(texts))]


def _around(seed: str, percent: int) -> float:
    """A factor within *percent* of 1."""
    return 1 + (_number(seed, 2_001) - 1_000) / 1_000 * percent / 100


def _number(seed: str, below: int) -> int:
    """A number from 0 to below *below*, always the same for one *seed*."""
    return int.from_bytes(sha256(seed.encode()).digest()[:6]) % below


def _slug(words: str) -> str:
    return words.lower().replace(" ", "-")
