"""News-like texts, as many as are wanted, each with names and figures of its own."""

from __future__ import annotations

import random

PLACES = (
    "Kell",
    "Marrow Bay",
    "Osterby",
    "Linden",
    "Carrick Point",
    "Halden",
    "Port Ansel",
    "Tarn",
    "Wexmoor",
)
BODIES = (
    "the county",
    "the harbour board",
    "the town council",
    "the regional health service",
    "the rail operator",
)
PEOPLE = (
    "Ada Renn",
    "Tom Haley",
    "Ines Falk",
    "Joseph Oduya",
    "Maren Stolz",
    "Li Wen",
    "Peter Grau",
    "Sara Lund",
)
PLANS = (
    "a new ferry line", "a flood wall along the river", "repairs to the old market hall", "a night bus between the "
    "villages", "a second operating theatre", "solar panels on every school", "a footbridge over the railway",
)  # fmt: skip
OPENINGS = (
    "{body} in {place} approved {plan} on {day} after {months} months of debate.",
    "After {months} months of debate, {body} in {place} voted for {plan} on {day}.",
    "{plan} will be built in {place}, {body} announced on {day}.",
)
MIDDLES = (
    "The work costs {cost} million crowns and is to begin in {month}.",
    "{person}, who leads the project, said that {share} per cent of the money comes from the state.",
    "About {people} people live within {minutes} minutes of the site, according to a count made last year.",
    "Critics had asked for a cheaper plan that would have taken {weeks} weeks less.",
    "A survey of {people} residents found {share} per cent in favour and {less} per cent against.",
    "{person} called the decision overdue and recalled that the last attempt failed over {cost} million crowns.",
    "Shops near the site fear for their trade while the roads are closed for {weeks} weeks.",
    "The builders have to keep one lane open at all times, and no work is allowed after {hour} in the evening.",
    "An earlier report warned that the old structure could not carry more than {weight} tonnes.",
    "Tenders close in {month}, and {number} companies have already asked for the papers.",
    "The vote was {yes} to {no}, with {number} members absent.",
    "In a letter to {body}, {person} asked for a study of the noise, which is due in {month}.",
)
MONTHS = ("January", "March", "April", "June", "September", "November")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")


def note(number: int) -> str:
    """One sentence; the same for the same number."""
    chance = random.Random(number)
    return MIDDLES[0].format(cost=chance.randint(2, 90_000), month=chance.choice(MONTHS))


def article(number: int, sentences: int = 14) -> str:
    """A report of so many sentences, about 16 words each; the same for the same number."""
    chance = random.Random(number)
    place, body, plan = chance.choice(PLACES), chance.choice(BODIES), chance.choice(PLANS)
    middles = [chance.choice(MIDDLES) for _ in range(max(0, sentences - len(MIDDLES)))]
    chosen = [chance.choice(OPENINGS), *chance.sample(MIDDLES, min(sentences - 1, len(MIDDLES))), *middles]
    said = []
    for form in chosen[:sentences]:
        text = form.format(
            place=place, body=body, plan=plan, person=chance.choice(PEOPLE), day=chance.choice(DAYS),
            month=chance.choice(MONTHS), months=chance.randint(3, 30), cost=chance.randint(2, 900),
            share=chance.randint(51, 80), less=chance.randint(5, 40), people=chance.randint(300, 90_000),
            minutes=chance.randint(5, 40), weeks=chance.randint(3, 60), hour=chance.randint(6, 10),
            weight=chance.randint(3, 60), number=chance.randint(2, 12), yes=chance.randint(20, 40),
            no=chance.randint(2, 19),
        )  # fmt: skip
        said.append(text[0].upper() + text[1:])
    paragraphs = [" ".join(said[at : at + 4]) for at in range(0, len(said), 4)]
    return "\n\n".join(paragraphs)
