"""Japanese, with every kind of emoji: flags, families, skin tones, keycaps."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sandbox.nouns import Card, Media
from sandbox.scenes.kinds import Planned, Scene

if TYPE_CHECKING:
    from sandbox.world import World

POSTS: list[str | dict[str, Any]] = [
    {
        "text": "霧の朝だけ開く小さな喫茶店があります☕️🌫️ 看板もなく、電話もなく、"
        "開店の合図は二階の窓の青い灯りだけ。家族👨‍👩‍👧‍👦で一年間通った記録です。",
        "media": Media("hills-foggy-morning", alt="霧に包まれた朝の山並みと、ぼんやりした太陽。"),
    },
    (
        "店主は元・灯台守のおばあさん👵🏼。「霧の日は船が出ないから、みんな暇でしょう」と笑います😊 "
        "メニューは三つだけ。1️⃣珈琲 2️⃣トースト 3️⃣昨日のスープ。"
    ),
    {
        "text": "珈琲豆は四か国を混ぜるそうです🇧🇷🇪🇹🇬🇹🇮🇩 配合は秘密。でも焙煎の温度は教えてくれました👉 "
        "https://kiri-kissa.example/roast?temp=205&min=12 をどうぞ。",
        "links": {
            "https://kiri-kissa.example/roast?temp=205&min=12": Card(
                title="霧喫茶の焙煎ノート",
                description="205度で12分。窓は少しだけ開けること。",
                image="chart-roasting-curve.png",
            )
        },
    },
    (
        "常連さんも素敵です。双子の漁師👬🏽、宇宙が好きな女の子👩🏾‍🚀、いつも猫🐈‍⬛を連れてくる郵便屋さん。みんな名前ではなく"
        "席で呼ばれます。うちは「窓の左」🪟。"
    ),
    {
        "text": "一年で霧の日は61日。つまり店が開いたのも61日📅 いちばん多かったのは六月で、11日でした☔️ "
        "#霧の喫茶店 #珈琲",
        "media": Media("chart-foggy-days.png", alt="月ごとの霧の日数を示す棒グラフ。六月がいちばん高い。"),
    },
    (
        "娘は最初「つまらない」と言っていたのに、今は朝いちばんに窓を見ます👧🏻👀 「パパ、青い灯り!」 "
        "A&Bどちらの席にする?と聞かれて、<いつもの>と答えるまでがお約束です😂"
    ),
    (
        "来年もまた霧の朝に🌁 この町に来ることがあったら、二階の窓を見てください。青く光っていたら、"
        "どうぞお入りください💙 読んでくれてありがとう🙇🏻‍♀️"
    ),
]


def play(world: World) -> Scene:
    haru = world.author("haru_kiri", name="霧野はる🌫️", bio="霧の町に住んでいます。珈琲と朝と家族の話。")
    world.author("mio_reads", name="みお📚", bio="長い話が好き。")
    posts = world.thread(haru, POSTS, ago=timedelta(hours=6), every=timedelta(minutes=2))
    return Scene(
        "fog",
        "The café that opens in fog (Japanese, emoji)",
        haru,
        posts,
        [Planned("mio_reads", posts[3], "@unrollbot unroll お願いします🙏")],
    )
