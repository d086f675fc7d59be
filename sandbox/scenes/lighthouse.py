"""Ten posts with all that a post can carry: pictures, cards, a quoted post, a poll, a long post."""

from __future__ import annotations

from datetime import timedelta
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from sandbox.nouns import Card, Media, Poll
from sandbox.scenes.kinds import Planned, Scene

if TYPE_CHECKING:
    from sandbox.nouns import Post
    from sandbox.world import World

NIGHT = files("sandbox.scenes").joinpath("night.txt").read_text("utf-8").strip()
"""The long post."""


def play(world: World) -> Scene:
    maren = world.author(
        "marenholt",
        name="Maren Holt",
        bio="Restores lighthouse lenses. Writes down what the brass tells me. Mostly wet.",
        verified=True,
    )
    world.author("tobias_wrenn", name="Tobias Wrenn", bio="Gardener, ferry passenger, asker of questions.")
    world.author("inesquill", name="Inês Quill", bio="Copy editor. Threads are my guilty pleasure.")
    posts = world.thread(maren, _posts(_quoted(world)), ago=timedelta(hours=9), every=timedelta(minutes=4))
    _chatter(world, posts)
    return Scene(
        "lighthouse",
        "How to carry a lighthouse lens down 142 steps",
        maren,
        posts,
        [
            Planned("tobias_wrenn", posts[-1], "@unrollbot unroll please, I want to read this on the ferry"),
            Planned("inesquill", posts[0], "@unrollbot unroll"),
        ],
    )


def _quoted(world: World) -> Post:
    harbour = world.author("skerryharbour", name="Skerry Harbour Office", bio="Tides, berths, lost gloves.")
    return world.post(
        harbour,
        "Notice to mariners: from Monday the Skerry light shows a temporary LED (1 flash / 10 s) while the "
        "lens is away being looked after. She will be back. Be kind to the LED.",
        media=Media(
            "lighthouse-temporary-led", alt="The Skerry lighthouse at dusk with a thin, very white beam."
        ),
        ago=timedelta(days=1, hours=3),
    )


def _posts(quoted: Post) -> list[str | dict[str, Any]]:
    return [
        {
            "text": "On Tuesday four of us carried a 107-year-old lighthouse lens down 142 steps in pieces "
            "the size of a suitcase. Nothing broke. Here is how you do that, and why anybody would 🧵",
            "media": Media(
                "lighthouse-skerry-dawn",
                alt="A red and white lighthouse on dark hills at dawn, its beam sweeping to the right.",
            ),
        },
        (
            "First, what it is. A Fresnel lens is not one lens. It is about two hundred prisms in a brass "
            "frame, each ground to throw the light of one small flame flat out to sea. Ours stands 2.6 m "
            "tall & weighs as much as a small car. The flame was the size of a pear."
        ),
        {
            "text": "Augustin Fresnel worked out the geometry in the 1820s; the best short explanation with "
            "drawings you can turn by hand is this one: https://optics.skerrylights.example/fresnel-by-hand?step=1&unit=mm",
            "links": {
                "https://optics.skerrylights.example/fresnel-by-hand?step=1&unit=mm": Card(
                    title="Fresnel by hand: bend the light yourself",
                    description="Drag a prism and see where the beam goes. No mathematics until page four.",
                    image="chart-fresnel-angles.png",
                )
            },
        },
        {
            "text": "Before you touch anything you photograph everything. Every prism gets a number in wax "
            "pencil, every screw its own bag. We filled 312 bags.",
            "media": [
                Media(
                    "hills-lantern-room", alt="View from the lantern room over blue hills in morning haze."
                ),
                Media(
                    "bags-on-the-floor-900x900",
                    alt="Rows of small labelled bags on a wooden floor.",
                    width=900,
                    height=900,
                ),
                Media(
                    "prism-forty-one-900x1200", alt="One prism, held to the light.", width=900, height=1200
                ),
            ],
        },
        {
            "text": NIGHT,
            "links": {"https://archive.skerrylights.example/logs/1911": "Skerry Light, log of 1911"},
        },
        {
            "text": "The harbour office put up the nicest notice I have ever seen about it:",
            "quote": quoted,
        },
        {
            "text": "Then the carrying. The trick is boring: rope, two people above, two below, and somebody "
            "whose only job is to say STOP. We said stop 61 times. Average speed: one step every nine "
            "seconds.",
            "media": Media(
                "chart-steps-per-hour.png", alt="Bar chart: steps per hour, falling towards noon."
            ),
        },
        {
            "text": "Quick guess before I tell you. What was the hardest part?",
            "poll": Poll([("The spiral stairs", 412), ("The wind", 198), ("The putty", 731), ("Lunch", 264)]),
        },
        {
            "text": "It was the putty. It always is. Red lead and linseed oil, hard as a plate after a "
            "century, holding the very prisms you must not chip. You soften it with patience and a hair "
            "dryer, 20 minutes a prism. The last one came out at dusk. #lighthouse #restoration",
            "media": Media(
                "lighthouse-sunset-through-the-glass",
                kind="video",
                alt="The evening sky seen through the empty lantern room, changing its colours.",
                width=1280,
                height=720,
            ),
        },
        {
            "text": "She goes back up in April, and you can come and see. Dates and ferry times: "
            "https://skerrylights.example/visit. Thank you to @skerryharbour for the tea, and to everybody "
            "who ever wound the clockwork at 3 a.m.",
            "links": {
                "https://skerrylights.example/visit": Card(
                    title="Visit the Skerry light",
                    description="Open days in April. Bring shoes you trust.",
                    image="lighthouse-open-day.jpg",
                )
            },
        },
    ]


def _chatter(world: World, posts: list[Post]) -> None:
    dell = world.author("dellapike", name="Della Pike")
    world.post(dell, "61 times! I would have said it 142 times.", reply_to=posts[6], ago=timedelta(hours=7))
    world.post(
        "oskarmarrable", "Osk was my great-grandfather. Thank you.", reply_to=posts[4], ago=timedelta(hours=6)
    )
