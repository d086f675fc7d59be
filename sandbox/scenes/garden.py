"""Right to left: an Arabic thread about a roof garden."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sandbox.nouns import Card, Media
from sandbox.scenes.kinds import Planned, Scene

if TYPE_CHECKING:
    from sandbox.world import World

POSTS: list[str | dict[str, Any]] = [
    {
        "text": "قبل ثلاث سنوات كان سطح بيتنا مكانًا للغبار وخزانات الماء فقط. اليوم نقطف منه النعناع "
        "والطماطم كل صباح. هذه حكاية السطح من البداية 🌿",
        "media": Media("hills-rooftop-morning", alt="منظر من سطح البيت عند الفجر، والتلال في الخلفية."),
    },
    (
        "بدأت الفكرة من جدتي. قالت لي: «البيت الذي لا رائحة فيه للريحان بيت ناقص». اشتريت أصيصًا واحدًا من "
        "الريحان، ومات بعد أسبوع. ثم اشتريت الثاني."
    ),
    (
        "أول درس: الشمس فوق السطح أقسى مما نظن. في تموز وصلت الحرارة إلى 44 درجة، فصنعنا مظلة من قماش قديم "
        "وأربعة أعواد قصب، وانخفضت الحرارة تحتها 7 درجات كاملة."
    ),
    {
        "text": "ثاني درس: الماء. جمعنا ماء المكيّف في دلو، نحو 12 لترًا في اليوم، وهو يكفي لكل النباتات. "
        "شرحت الطريقة خطوة بخطوة هنا: https://sath.example/ma-almukayyif",
        "links": {
            "https://sath.example/ma-almukayyif": Card(
                title="ريّ السطح بماء المكيّف",
                description="دلو وأنبوب وصبر: كل ما تحتاجه في نصف ساعة.",
                image="chart-water-liters.png",
            )
        },
    },
    (
        "ثالث درس تعلمته من جارنا أبي سامر: لا تزرع ما تحب أن تراه، بل ازرع ما تحب أن تأكله. ومنذ ذلك اليوم "
        "عندنا نعناع وبقدونس وفلفل و5 شتلات طماطم. #زراعة_الأسطح"
    ),
    {
        "text": "وهذه خريطة السطح كما هي الآن، لمن يحب التفاصيل: الظل في الشرق، والطماطم في الغرب، والكرسي "
        "الوحيد في الوسط لجدتي.",
        "media": Media("chart-roof-harvest.png", alt="رسم بياني لعدد كيلوغرامات الحصاد في كل شهر."),
    },
    (
        "في الأسبوع الماضي صعدت جدتي إلى السطح أول مرة منذ شهور، وقطفت ورقة ريحان، وفركتها بين أصابعها، ولم "
        "تقل شيئًا. كان ذلك أجمل تعليق سمعته. شكرًا لمن قرأ حتى هنا 🙏"
    ),
]


def play(world: World) -> Scene:
    layan = world.author(
        "layan_sath", name="ليان الخطيب", bio="أزرع فوق السطح وأكتب ما تعلّمني إياه النباتات."
    )
    world.author("samir_qalam", name="سمير قلم", bio="قارئ بطيء.")
    posts = world.thread(layan, POSTS, ago=timedelta(hours=20), every=timedelta(minutes=3))
    return Scene(
        "garden",
        "A garden on the roof (Arabic)",
        layan,
        posts,
        [Planned("samir_qalam", posts[-1], "@unrollbot unroll لو سمحت")],
    )
