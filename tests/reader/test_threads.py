"""The thread's page, as a reader meets it."""

from __future__ import annotations

import gzip
import os
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain import Article, Entity, Fork, Gap, Media, Poll, PollOption, Quote, Variant
from reader.app import create_app
from tests.reader import scenes
from tests.reader.conftest import Visitor
from tests.reader.fakes import MIRA, NOON, FakeCopy, FakePicture, FakeSaved, link, photo, post, thread
from tests.reader.parsing import Page, assert_sound


@pytest.fixture
def show(site, store):
    """Saves a thread of these posts and opens its page."""

    def open_page(*posts, pictures=None, author=MIRA, **more) -> Page:
        store.threads.save(FakeSaved(thread(*posts, author=author, **more), pictures=pictures or {}))
        answer = site.get(f"/thread/{posts[0].first_version}")
        assert answer.status_code == 200
        page = Page(answer.text)
        assert_sound(page)
        return page

    return open_page


@pytest.mark.parametrize("scene", ["lighthouse", "hebrew", "japanese"])
def test_a_whole_scene_is_sound(site, store, tmp_path, scene):
    saved = scenes.lighthouse(tmp_path) if scene == "lighthouse" else getattr(scenes, scene)()
    store.threads.save(saved)
    assert_sound(Page(site.get(f"/thread/{saved.thread.id}").text))


def test_any_post_of_the_thread_leads_to_its_one_address(site, store):
    store.threads.save(
        FakeSaved(
            thread(
                post(1, "One", id=1500, versions=(1001, 1500)),
                post(2, "Two"),
                forks=(Fork(1002, (post(7, "Aside"),)),),
            )
        )
    )
    assert site.get("/thread/1001").status_code == 200
    for number in (1500, 1002, 1007, "0001001"):
        answer = site.get(f"/thread/{number}")
        assert (answer.status_code, answer.headers["location"]) == (301, "/thread/1001")
    assert site.get("/thread/1002.json").headers["location"] == "/thread/1001.json"
    assert site.get("/thread/1002.md").headers["location"] == "/thread/1001.md"


@pytest.mark.parametrize(
    "name", ["soup", "12a", "-1", "0", "9" * 30, "\u0661", "1001.pdfx", "9223372036854775808"]
)
def test_what_is_no_post_is_not_found_kindly(site, name):
    answer = site.get(f"/thread/{name}")
    assert answer.status_code == 404
    assert "not the address of a thread" in answer.text
    assert_sound(Page(answer.text))


def test_an_unknown_thread_says_how_to_ask_for_it(site):
    answer = site.get("/thread/77")
    assert answer.status_code == 404
    assert "Nobody has unrolled this yet" in answer.text
    assert "@unrollbot unroll" in answer.text


def test_a_thread_that_is_gone_leaves_a_tombstone_without_its_text(site, store):
    saved = FakeSaved(thread(post(1, "What I should not have said")))
    store.threads.save(replace(saved, gone=True))
    for suffix in ("", ".json", ".md", ".txt"):
        answer = site.get(f"/thread/1001{suffix}")
        assert answer.status_code == 410
        assert "should not" not in answer.text
        assert "mira" not in answer.text.lower()
        assert answer.headers["cache-control"] == "no-store"


def test_a_page_is_made_once_for_each_version(site, store):
    saved = store.threads.save(FakeSaved(thread(post(1, "First words"))))
    first = site.get("/thread/1001")
    assert site.get("/thread/1001").content == first.content
    assert store.threads.finds == 1
    store.threads.save(replace(saved, thread=thread(post(1, "Second words")), version=2, etag="v2"))
    assert "Second words" in site.get("/thread/1001").text
    assert store.threads.finds == 2


def test_who_has_the_page_is_not_sent_it_again(site, store):
    saved = store.threads.save(FakeSaved(thread(post(1, "Words"))))
    first = site.get("/thread/1001")
    etag = first.headers["etag"]
    for sent in (etag, f'"other", {etag}', etag.removeprefix("W/"), "*"):
        again = site.get("/thread/1001", headers={"If-None-Match": sent})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == etag
        assert again.headers["cache-control"] == "public, no-cache"
    assert site.get("/thread/1001", headers={"If-None-Match": '"other"'}).status_code == 200
    assert site.get("/thread/1001.json").headers["etag"] != etag
    store.threads.save(replace(saved, version=2, etag="v2"))
    assert site.get("/thread/1001", headers={"If-None-Match": etag}).status_code == 200


def test_the_bots_name_is_part_of_the_page(site, store):
    bot, store.notes.author = store.notes.author, None
    store.threads.save(FakeSaved(thread(post(1, "Words"))))
    before = site.get("/thread/1001")
    assert "@bot unroll" in before.text
    store.notes.author = bot
    after = site.get("/thread/1001", headers={"If-None-Match": before.headers["etag"]})
    assert after.status_code == 200
    assert "@unrollbot unroll" in after.text


def test_head_says_what_get_would(site, store):
    store.threads.save(FakeSaved(thread(post(1, "Words"))))
    head, get = site.head("/thread/1001"), site.get("/thread/1001")
    assert head.status_code == 200
    assert head.headers["etag"] == get.headers["etag"]


def test_the_head_names_the_author_and_leads_to_x(show):
    page = show(post(1, "Words"), post(2, "More"))
    assert page.all("a", class_="name", href="https://x.com/mira_holt")
    assert page.all("a", class_="btn quiet", href="https://x.com/mira_holt/status/1001")
    assert "Mira Holt" in page.text
    assert "@mira_holt" in page.text
    assert "3 May 2026" in page.text
    assert "2 posts" in page.text
    assert "1 min read" in page.text
    assert page.classed("xl")
    assert page.all("meta", name="robots", content="noindex")
    assert page.all("link", rel="canonical", href="https://reader.example/thread/1001")


def test_without_a_copy_of_the_avatar_there_is_an_initial(show):
    page = show(post(1, "Words"))
    assert [attrs for tag, attrs in page.tags if tag == "span" and attrs.get("class") == "av"]


def test_our_copy_of_the_avatar_is_shown(show):
    page = show(post(1, "Words"), pictures={MIRA.avatar_url: FakePicture("a" * 64)})
    assert page.all("img", class_="av", src="/media/" + "a" * 64)


def test_a_short_first_line_is_the_title(show):
    page = show(post(1, "On waiting\n\nIt is long."), post(2, "Short too\n\nbut not a title"))
    assert page.all("h1") == [{}]
    assert page.text.count("On waiting") == 2  # in the tab and on the page


def test_a_long_first_paragraph_stays_a_paragraph(show):
    page = show(post(1, "word " * 40))
    assert page.all("h1") == [{"class": "vh"}]


def test_blank_lines_part_paragraphs_and_single_breaks_are_kept(site, store):
    store.threads.save(FakeSaved(thread(post(1, "T\n\none\ntwo\n \n\nthree &amp; &lt;b&gt;"))))
    text = site.get("/thread/1001").text
    assert "<p>one<br>two</p>" in text
    assert "<p>three &amp; &lt;b&gt;</p>" in text


def test_links_show_where_they_go_and_pass_through_x(show):
    text = "See https://t.co/a1 by @ben_o on #soup with $SALT"
    page = show(
        post(
            1,
            text,
            entities=(
                link(
                    text,
                    "https://t.co/a1",
                    "https://soup.example/a/long/way?x=1&y=2",
                    "soup.example/a/lo\u2026",
                ),
                Entity("mention", text.index("@"), text.index("@") + 6, "ben_o"),
                Entity("hashtag", text.index("#"), text.index("#") + 5, "soup"),
                Entity("cashtag", text.index("$"), text.index("$") + 5, "SALT"),
            ),
        )
    )
    found = page.all("a", href="https://t.co/a1")
    assert found[0]["title"] == "https://soup.example/a/long/way?x=1&y=2"
    assert found[0]["dir"] == "ltr"
    assert "soup.example/a/lo\u2026" in page.text
    assert page.all("a", href="https://x.com/ben_o")
    assert page.all("a", href="https://x.com/hashtag/soup")
    assert page.all("a", href="https://x.com/search?q=%24SALT")


def test_every_post_leads_to_itself_on_x_with_its_time(show):
    page = show(post(1, "Words"), post(2, "More", created_at=NOON + timedelta(days=1), versions=(1002, 1099)))
    assert page.all("time", datetime="2026-05-03T12:01:00Z")
    assert page.all("a", href="https://x.com/mira_holt/status/1002")
    assert "4 May" in page.text
    assert "edited" in page.text


def test_a_picture_has_its_true_size_its_description_and_a_lightbox(show):
    page = show(
        post(1, "Look", media=(photo("p1", 'A "tower"\nby the sea'),)),
        pictures={photo("p1").url: FakePicture("b" * 64, width=640, height=480)},
    )
    src = "/media/" + "b" * 64
    small, large = page.all("img", src=src)
    assert (small["width"], small["height"]) == ("640", "480")
    assert small["alt"] == 'A "tower"\nby the sea'
    assert large["alt"] == ""
    opener = page.all("button", class_="zoom")[0]
    assert page.all("div", id=opener["popovertarget"])[0]["popover"] is None
    assert "ALT" in page.text


def test_a_link_to_the_page_is_shown_with_its_picture(show):
    page = show(post(1, "Look"), post(2, "and see"))
    [image] = page.all("meta", property="og:image")
    assert image["content"].startswith("https://reader.example/thread/1001/card/v1.")
    size = [page.all("meta", property=f"og:image:{side}")[0]["content"] for side in ("width", "height")]
    assert size == ["1200", "630"]
    [alt] = page.all("meta", property="og:image:alt")
    assert alt["content"] == "A thread by Mira Holt (@mira_holt), 2 posts: Look"
    assert page.all("meta", name="twitter:card", content="summary_large_image")


def copied(letter, *widths, **size):
    copies = tuple(FakeCopy(f"{width:x}".rjust(24, letter), width) for width in widths)
    return FakePicture(letter * 64, copies=copies, **size)


def test_a_browser_chooses_among_copies_and_who_clicks_gets_the_original(show):
    kept = copied("b", 160, 400, 800, 1200, 1600, width=4000, height=3000)
    posts = [post(n, "Look", media=(photo(f"p{n}"),)) for n in (1, 2)]
    page = show(*posts, pictures={photo("p1").url: kept, photo("p2").url: kept})
    first, opened, second, _ = page.all("img")
    names = {copy.width: f"/media/{copy.name}" for copy in kept.copies}
    assert first["srcset"] == ", ".join(f"{names[width]} {width}w" for width in (400, 800, 1200, 1600))
    assert first["sizes"] == "(max-width:40rem) 92vw,36rem"
    assert first["src"] == names[1200]
    assert (first["width"], first["height"]) == ("939", "704")
    assert opened["src"] == names[1600]
    assert len(page.all("a", href="/media/" + "b" * 64)) == 2
    assert ("loading" in first, first["fetchpriority"]) == (False, "high")
    assert (second["loading"], "fetchpriority" in second) == ("lazy", False)


def test_a_picture_without_copies_is_shown_as_it_came(show):
    page = show(post(1, "Look", media=(photo("p1"),)), pictures={photo("p1").url: FakePicture("b" * 64)})
    assert page.all("img")[0]["src"] == "/media/" + "b" * 64
    assert "srcset" not in page.all("img")[0]


def test_a_tall_picture_fits_a_screen_in_its_own_shape(show):
    page = show(
        post(1, "Look", media=(photo("p1"),)),
        pictures={photo("p1").url: FakePicture("b" * 64, width=1000, height=4000)},
    )
    assert (page.all("img")[0]["width"], page.all("img")[0]["height"]) == ("176", "704")


def test_avatars_and_cards_take_the_smallest_copy(show):
    page = show(post(1, "Look"), pictures={MIRA.avatar_url: copied("a", 160, 400)})
    [face] = page.all("img", class_="av")
    assert face["src"].endswith("a0")


def test_a_picture_we_do_not_keep_is_a_card_that_leads_to_x(show):
    page = show(post(1, "Look", media=(photo("p1", "A tower"),)))
    assert page.all("a", class_="card absent", href="https://x.com/mira_holt/status/1001")
    assert "A tower" in page.text
    assert not page.all("img")


@pytest.mark.parametrize("count", [2, 3, 4])
def test_several_pictures_make_a_gallery(show, count):
    items = tuple(photo(f"p{n}", f"Number {n}") for n in range(count))
    pictures = {item.url: FakePicture(f"{n}" * 64) for n, item in enumerate(items)}
    page = show(post(1, "Look", media=items), pictures=pictures)
    assert page.classed(f"g{count}")
    assert len(page.all("button", class_="zoom")) == count
    assert f"{count} descriptions" in page.text


def test_a_video_shows_its_poster_and_plays_on_x(show):
    item = Media("7_1", "video", None, "https://pbs.twimg.com/v.jpg", "Gears", 1280, 720, 94000)
    page = show(post(1, "Look", media=(item,)), pictures={item.preview_url: FakePicture("c" * 64)})
    assert page.all("a", class_="film", href="https://x.com/mira_holt/status/1001")
    assert "Video \u00b7 1:34 \u00b7 plays on X" in page.text


def test_a_video_we_keep_plays_here(show):
    item = Media(
        "16_1", "animated_gif", None, None, None, variants=(Variant("https://v.example/1.mp4", "video/mp4"),)
    )
    page = show(
        post(1, "Look", media=(item,)),
        pictures={"https://v.example/1.mp4": FakePicture("d" * 64, "video/mp4")},
    )
    assert page.all("video", src="/media/" + "d" * 64)


def test_a_file_name_that_is_not_a_hash_is_never_linked(show):
    page = show(
        post(1, "Look", media=(photo("p1"),)), pictures={photo("p1").url: FakePicture("../../etc/passwd")}
    )
    assert page.classed("absent")


def test_a_quoted_post_is_a_card_with_its_author(site, store, tmp_path):
    store.threads.save(scenes.lighthouse(tmp_path))
    page = Page(site.get("/thread/1001").text)
    assert page.all("blockquote", cite="https://x.com/tomas_lindqvist/status/900")
    assert page.all("a", href="https://x.com/tomas_lindqvist")
    assert "Most of them are about soup." in page.text


def test_a_quoted_post_we_do_not_have_is_named(show):
    page = show(post(1, "Look", quoted=4444))
    assert page.all("a", href="https://x.com/i/status/4444")


def test_a_described_link_is_a_card(show):
    text = "Read https://t.co/a1"
    page = show(
        post(
            1,
            text,
            entities=(
                link(text, "https://t.co/a1", "https://www.soup.example/x", "soup.example/x", title="Soup"),
            ),
        )
    )
    assert page.all("a", class_="card", href="https://t.co/a1")
    assert "soup.example" in page.text


def test_an_article_is_a_card(show):
    page = show(post(1, "Read", article=Article("On soup", "https://x.com/i/article/9")))
    assert page.all("a", class_="card", href="https://x.com/i/article/9")


def test_a_poll_has_bars_percentages_and_votes(show):
    options = (PollOption("Yes", 3), PollOption("No", 1))
    page = show(post(1, "Well?", poll=Poll(1, options, NOON)))
    assert [bar["width"] for bar in page.all("rect", class_="part")] == ["75", "25"]
    assert "75%" in page.text
    assert "4 votes \u00b7 Final results" in page.text


def test_a_poll_without_votes_divides_nothing(show):
    page = show(post(1, "Well?", poll=Poll(1, (PollOption("Yes", 0),), NOON, open=True)))
    assert "0 votes \u00b7 Open until 3 May 2026, 12:00 UTC" in page.text


def test_gaps_are_named_at_their_place(show):
    page = show(
        post(1, "First"),
        post(2, "Second"),
        gaps=(
            Gap(None, "not-found", 998),
            Gap(1001, "deleted", 999),
            Gap(1002, "protected", 1050),
            Gap(5, "withheld", 1051),
        ),
        complete=False,
    )
    order = [
        "could not be found",
        "First",
        "was deleted",
        "Second",
        "is protected",
        "is withheld",
    ]
    body = page.text[page.text.index("View on X") :]
    places = [body.index(words) for words in order]
    assert places == sorted(places)
    assert page.all("a", href="https://x.com/mira_holt/status/1050")
    assert not page.all("a", href="https://x.com/mira_holt/status/999")
    assert "Not the whole thread" in page.text


@pytest.mark.parametrize("gaps", [(), (Gap(1001, "over-cap"),)])
def test_a_thread_cut_by_our_cap_says_so_once(show, gaps):
    page = show(post(1, "First"), gaps=gaps, cut=True, complete=False)
    assert page.text.count("this page holds as many as its operator pays for") == 1


def test_forks_are_folded_at_their_place_with_their_own_gaps(show):
    aside = (post(7, "Aside one"), post(8, "Aside two"))
    page = show(
        post(1, "First"),
        post(2, "Second"),
        forks=(Fork(1001, aside), Fork(4, (post(9, "Stray"),))),
        gaps=(Gap(1007, "deleted"),),
    )
    order = [
        "First",
        "in another direction: 2 posts",
        "Aside one",
        "deleted",
        "Aside two",
        "Second",
        "1 post",
        "Stray",
    ]
    body = page.text[page.text.index("View on X") :]
    places = [body.index(words) for words in order]
    assert places == sorted(places)


def test_sensitive_pictures_are_folded(show):
    item = photo("p1", "Something")
    page = show(post(1, "Look", media=(item,), sensitive=True), pictures={item.url: FakePicture("e" * 64)})
    assert page.classed("fold")
    assert "/media/" not in page.all("meta", property="og:image")[0]["content"]


def test_text_that_runs_from_right_to_left_turns_the_page(site, store):
    store.threads.save(scenes.hebrew())
    page = Page(site.get("/thread/1001").text)
    assert page.all("article", dir="rtl")
    assert len(page.all("section", class_="post", dir="rtl", lang="he")) == 3


def test_languages_that_x_only_guesses_at_are_left_out(show):
    page = show(post(1, "mmm", lang="qme"), post(2, "oh", lang='en" onload="x'))
    assert not [attrs for attrs in page.all("section", class_="post") if "lang" in attrs]


def test_when_it_was_last_checked(show):
    page = show(post(1, "First"))
    assert "The whole thread. Last checked 3 May 2026, 14:00 UTC." in page.text


def random_name():
    return os.urandom(32).hex()


def test_a_page_of_25_posts_stays_light(site, store, tmp_path):
    posts = [
        post(
            n,
            "A paragraph of the usual length, with some words in it. " * 4,
            media=(photo(f"p{n}", "A description " * 8),),
        )
        for n in range(1, 26)
    ]
    pictures = {
        one.media[0].url: FakePicture(
            random_name(),
            copies=tuple(FakeCopy(random_name()[:24], width) for width in (160, 400, 800, 1200)),
        )
        for one in posts
    }
    store.threads.save(FakeSaved(thread(*posts), pictures=pictures))
    page = site.get("/thread/1001").content
    styles = [a["href"] for a in Page(page.decode()).all("link", rel="stylesheet")]
    sheet = site.get(styles[0]).content
    assert len(page) + len(sheet) < 75_000
    assert len(page) < 50_000
    assert len(gzip.compress(page)) + len(gzip.compress(sheet)) < 22_000


def test_links_lead_to_x_unless_the_operator_turns_them_round(store, settings):
    words = "See https://t.co/prism1 and https://t.co/bare"
    first = post(
        1,
        words,
        quoted=900,
        entities=(
            link(
                words, "https://t.co/prism1", "https://museum.example/a/lens", "museum.example/a…", title="L"
            ),
            link(words, "https://t.co/bare", "", "t.co/bare"),
        ),
    )
    again = "Also https://t.co/prism2"
    entity = link(again, "https://t.co/prism2", "https://museum.example/b", "museum.example/b")
    quoted = post(9, again, id=900, versions=(900,), entities=(entity,))
    store.threads.save(FakeSaved(thread(first, quotes=(Quote(quoted, MIRA),))))
    pages = {}
    for links in ("t.co", "full"):
        site = Visitor(create_app(store, replace(settings, links=links)))
        answer = site.get("/thread/1001")
        found = {a["href"]: a.get("title") for a in Page(answer.text).all("a")}
        pages[links] = (answer.headers["etag"], found, site.get("/thread/1001.md").text)
    (etag, short, _), (other_etag, full, markdown) = pages["t.co"], pages["full"]
    assert etag != other_etag, "what browsers keep is asked for anew"
    assert short["https://t.co/prism2"] == "https://museum.example/b"
    assert "https://t.co/prism1" in short
    assert not [address for address in short if address.startswith("https://museum")]
    assert full["https://museum.example/b"] == "https://t.co/prism2"
    assert "https://museum.example/a/lens" in full
    assert "https://t.co/bare" in full, "where X gives no other"
    assert not [address for address in full if "prism" in address]
    assert "https://museum.example/a/lens" in markdown
