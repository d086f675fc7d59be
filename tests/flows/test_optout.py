"""After `opt out` no byte of the author's text is left here: searched for, not assumed."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.rules.listing import Listing
from bot.rules.words import question
from reader.app import create_app
from tests.reader.conftest import Visitor

SECRETS = ("Zanzibar", "Quokka", "Tintagel", "Ultramarine", "Bathysphere")


@pytest.fixture
def posts(world):
    ada = world.author("ada", name="Ada Ultramarine", bio="Lives in a Bathysphere.")
    texts = [
        {"text": "I once saw Zanzibar.", "media": "A Quokka."},
        "Then Tintagel.",
        "The end.",
    ]
    return world.thread(ada, texts, ago=timedelta(hours=2))


def opt_out(house, under, text="@unrollbot opt out"):
    return house.ask(under, by="ada", text=text)


def files_with(words: str, folder: Path) -> list[str]:
    """In any case: a search keeps its words in small letters."""
    sought = words.lower().encode()
    found = [path for path in folder.rglob("*") if path.is_file() and sought in path.read_bytes().lower()]
    return [path.name for path in found]


def traces(house, folder: Path) -> list[tuple[str, str]]:
    """Which of the author's words are in which file. The log of changes goes into the database first."""
    house.store.close()
    return [(words, name) for words in SECRETS for name in files_with(words, folder)]


def pictures(folder: Path) -> list[Path]:
    return [path for path in (folder / "media").rglob("*") if path.is_file()]


def test_no_byte_of_the_authors_text_is_left(house, posts, tmp_path):
    quoter = house.world.thread(
        "ben", ["Look at this.", {"text": "Indeed.", "quote": posts[1]}], ago=timedelta(hours=1)
    )
    house.ask(posts[0])
    house.ask(quoter[0])
    house.world.mention("ada", posts[2], "@unrollbot thank you, says the Quokka")
    house.run()
    for post in (posts[0], quoter[0]):
        house.illustrate(post.number)
    assert traces(house, tmp_path), "the search finds nothing even before"
    before = len(pictures(tmp_path))

    mention = opt_out(house, posts[0])

    assert traces(house, tmp_path) == []
    assert len(pictures(tmp_path)) < before
    assert len(house.world.replies_to(mention)) == 1
    assert house.job(mention).state == "done"


def test_the_pages_say_gone_and_other_peoples_quotes_show_the_gap(house, posts):
    quoter = house.world.thread(
        "ben", ["Look at this.", {"text": "Indeed.", "quote": posts[1]}], ago=timedelta(hours=1)
    )
    house.ask(posts[0])
    house.ask(quoter[0])
    site = Visitor(create_app(house.store, house.parts.settings))
    addresses = [f"/thread/{posts[0].id}{form}" for form in ("", ".json", ".md", ".txt")]
    assert [site.get(address).status_code for address in addresses] == [200] * 4
    quoting = site.get(f"/thread/{quoter[0].id}").text
    assert "Tintagel" in quoting
    etag = site.get(f"/thread/{quoter[0].id}").headers["etag"]

    opt_out(house, posts[0])

    assert [site.get(address).status_code for address in addresses] == [410] * 4
    assert not any("Zanzibar" in site.get(address).text for address in addresses)
    page = site.get(f"/thread/{quoter[0].id}", headers={"If-None-Match": etag})
    assert page.status_code == 200
    assert "Tintagel" not in page.text
    assert "A quoted post" in page.text
    assert "Indeed." in page.text


def test_no_list_and_no_search_knows_of_them_any_more(house, posts):
    for asker in ("cleo", "dora"):
        house.ask(posts[0], by=asker)
    cards, listing = house.store.cards, Listing("asked-twice")
    lists = [
        lambda: cards.recent(listing, limit=9).entries,
        lambda: cards.search(question("zanzibar"), listing, limit=9).entries,
        lambda: cards.map(listing, limit=9),
        lambda: cards.author("ada"),
        lambda: cards.of_author(int(posts[0].author.id), listing, limit=9).entries,
    ]
    assert all(each() for each in lists)
    opt_out(house, posts[0])
    assert not any(each() for each in lists)


def test_later_requests_are_refused_and_nothing_is_bought_for_them(house, posts):
    opt_out(house, posts[0])
    calls = len(house.world.ledger.calls)
    asked = house.ask(posts[1], by="cleo")
    job = house.job(asked)
    [reply] = house.world.replies_to(asked)
    assert (job.state, job.reason, job.reply_id) == ("refused", "author-opted-out", reply.number)
    new = [call.endpoint for call in house.world.ledger.calls[calls:]]
    assert set(new) == {"GET /2/users/:id/mentions", "POST /2/tweets"}


def test_a_saved_thread_tells_whose_it_is_where_the_mention_does_not(house, posts):
    house.ask(posts[0])
    opt_out(house, posts[0])
    calls = len(house.world.ledger.calls)
    asked = house.world.quote("cleo", posts[1], "@unrollbot unroll")
    house.run()
    assert house.job(asked).reason == "author-opted-out"
    new = {call.endpoint for call in house.world.ledger.calls[calls:]}
    assert new == {"GET /2/users/:id/mentions", "POST /2/tweets"}


def test_where_only_x_knows_whose_thread_it_is_one_post_is_bought(house, posts, tmp_path):
    opt_out(house, posts[0])
    comment = house.world.post("ben", "Nice one.", reply_to=posts[2])
    house.settle_index()
    asked = house.ask(comment, by="cleo")
    assert house.job(asked).reason == "author-opted-out"
    job_id = house.job(asked).id
    bought = [b for b in house.store.spend.bookings(since=house.world.now().date()) if b.job_id == job_id]
    assert sum(b.count for b in bought if b.resource == "post") <= 2
    assert traces(house, tmp_path) == []


def test_a_job_that_waits_is_refused_when_the_author_opts_out(house, posts):
    asked = house.world.mention("cleo", posts[0])
    house.poll()
    house.world.mention("ada", posts[0], "@unrollbot opt out")
    house.poll()
    house.run()
    assert house.job(asked).reason == "author-opted-out"
    assert house.store.threads.find(posts[0].number) is None


def test_an_author_who_opts_out_while_their_thread_is_fetched_leaves_no_word(house, posts, tmp_path):
    asked = house.world.mention("cleo", posts[0])
    house.poll()
    book, told = house.world.ledger.book, []

    def opt_out_meanwhile(resources, at):
        if not told:
            told.append(house.store.people.obey(int(posts[0].author.id), "opt-out", now=at))
        return book(resources, at)

    house.world.ledger.book = opt_out_meanwhile
    house.run()
    assert house.job(asked).reason == "author-opted-out"
    assert traces(house, tmp_path) == []


def test_who_quotes_an_author_that_opted_out_gets_a_page_without_their_words(house, posts, tmp_path):
    opt_out(house, posts[0])
    quoter = house.world.thread(
        "ben", ["Look at this.", {"text": "Indeed.", "quote": posts[1]}], ago=timedelta(hours=1)
    )
    asked = house.ask(quoter[0])
    assert house.job(asked).state == "done"
    assert traces(house, tmp_path) == []


def test_a_young_thread_is_not_looked_at_again_after_its_author_opted_out(house, world, tmp_path):
    posts = world.thread("ada", ["Zanzibar, now.", "Two."], ago=timedelta(minutes=4))
    house.world.mention("cleo", posts[0])
    house.poll()
    house.work()
    opt_out(house, posts[0])
    house.run()
    assert house.store.threads.find(posts[0].number).gone
    assert traces(house, tmp_path) == []


def test_what_an_author_says_to_us_afterwards_is_not_kept_either(house, posts, tmp_path):
    opt_out(house, posts[0], "@unrollbot opt out")
    house.ask(posts[0], by="ada", text="@unrollbot unroll this Zanzibar thing")
    assert traces(house, tmp_path) == []


def test_the_confirmation_is_in_the_language_of_the_mention(house, posts):
    mention = opt_out(house, posts[0])
    row = house.store.mentions.find(mention.number)
    assert set(row.payload["post"]) <= {"id", "lang"}
    assert house.store.mentions.lang(mention.number) is not None


def test_opt_in_brings_the_author_back(house, posts):
    house.ask(posts[0])
    opt_out(house, posts[0])
    back = house.ask(posts[0], by="ada", text="@unrollbot opt in")
    assert len(house.world.replies_to(back)) == 1
    asked = house.ask(posts[0], by="cleo")
    assert house.job(asked).state == "done"
    saved = house.store.threads.find(posts[0].number)
    assert (saved.gone, len(saved.thread.posts)) == (False, 3)


def test_only_authors_themselves_opt_out(house, posts):
    house.ask(posts[0])
    house.ask(posts[0], by="mallory", text="@unrollbot opt out")
    assert not house.store.threads.find(posts[0].number).gone
