"""A busy conversation: strangers reply, the author answers them in between, goes on under a stranger, and
forks.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sandbox.nouns import Media
from sandbox.scenes.kinds import Planned, Scene

if TYPE_CHECKING:
    from sandbox.nouns import Author, Post
    from sandbox.world import World

POSTS = [
    (
        "I kept a spreadsheet of 200 loaves of sourdough so that you don't have to. Five things it says, and "
        "only two of them are what the books say."
    ),
    (
        "1. Time is a lie; temperature is the clock. At 21° my dough took 9 hours, at 26° it took 5. Same "
        "starter, same flour, same me."
    ),
    (
        "2. The float test is astrology. 38 loaves whose starter sank came out fine. 4 whose starter floated "
        "were bricks."
    ),
    (
        "3. Salt & patience: forgetting the salt ruins a loaf less than forgetting the loaf. (Loaf 112. We "
        "don't talk about loaf 112.)"
    ),
    (
        "4. Wetter is not better. My favourite crumb sits at 72% water. At 85% I mostly baked very expensive "
        "puddles."
    ),
    (
        "5. The fridge is the best baker in the house. A night in the cold beat everything else I tried, "
        "9 times out of 10."
    ),
    (
        "That's all. The spreadsheet has every loaf, every hour, and one column called 'mood', which turned "
        "out to predict nothing at all."
    ),
]


def play(world: World) -> Scene:
    hugo = world.author("hugobakes", name="Hugo Marchetti-Vale", bio="Statistician by day, oven by night.")
    world.author("priyacrumbs", name="Priya Lindqvale", bio="Bread, mostly.")
    world.author("ottoflour", name="Otto Mahlberg", bio="Third-generation miller.")
    world.author("knead2know", name="Nell Tamworth", bio="Here for the crumb shots.")
    posts = world.thread(hugo, POSTS, ago=timedelta(hours=4), every=timedelta(minutes=5))
    comment = _conversation(world, hugo, posts)
    return Scene(
        "sourdough",
        "200 loaves in a spreadsheet (a busy conversation)",
        hugo,
        posts,
        [
            Planned("knead2know", comment, "@unrollbot unroll"),
            Planned("ottoflour", posts[3], "Sending this to the mill. @unrollbot unroll"),
        ],
    )


def _conversation(world: World, hugo: Author, posts: list[Post]) -> Post:
    """The stranger's comment under which one of the planned mentions is made."""
    when = iter(timedelta(hours=3, minutes=-4 * step) for step in range(20))
    priya = world.post("priyacrumbs", "Which flour though?", reply_to=posts[1], ago=next(when))
    answer = world.post(hugo, "Strong white, 20% rye. Always the same mill.", reply_to=priya, ago=next(when))
    world.post(hugo, "(The rye is the secret. Tell no one.)", reply_to=answer, ago=next(when))
    otto = world.post(
        "ottoflour", "As a miller: finally, somebody said it.", reply_to=posts[2], ago=next(when)
    )
    world.post(hugo, "Coming from you that means a lot!", reply_to=otto, ago=next(when))
    world.post(
        hugo,
        "A side note, for those who asked what loaf 112 looked like. It looked like this.",
        reply_to=posts[3],
        media=Media("chart-loaf-112.png", alt="A chart that only goes down."),
        ago=next(when),
    )
    for step, name in enumerate(("rowanhearth", "yeastofeden", "butterside_up", "crustpunk")):
        words = (
            "This is wonderful.",
            "What about wholemeal?",
            "My starter is older than me.",
            "Loaf 112 is art.",
        )
        world.post(name, words[step], reply_to=posts[step + 1], ago=next(when))
    return priya
