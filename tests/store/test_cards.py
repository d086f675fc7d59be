"""What lists show: who stands in them and where, in both databases alike."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.domain import Author, Entity, Goal, Media, Mention, Request
from bot.rules.listing import Listing
from bot.rules.words import question
from bot.store import search
from tests.store.conftest import NOW, opened, racing
from tests.store.made import ADA, conversation, photo, post, thread

BEN = Author(8, "Ben_Reed", "Ben Reed")
ALL = Listing("all")
TWICE = Listing("asked-twice")
NONE = Listing("none")


def save(store, *texts: str, number: int = 100, author: Author = ADA, at: datetime = NOW, **more):
    posts = [
        post(number + n, author=author.id, conversation=number, text=text, **(more if n == 0 else {}))
        for n, text in enumerate(texts or ("One.", "Two."))
    ]
    store.threads.save_conversation(conversation(*posts, authors={author.id: author}), number, now=at)
    return store.threads.save(thread(*posts, author=author), now=at)


def ask(store, mention: int, thread_id: int = 100, *, by: int = 50, at: datetime = NOW) -> None:
    """Somebody asks, and a worker finds the thread."""
    found = Mention(post(mention, author=by), {"post": {"id": str(mention)}}), Request(Goal(thread_id))
    [recorded] = store.mentions.record([found], now=at)
    job = store.jobs.claim(recorded.job_id, now=at, worker="test")
    store.jobs.set_thread(job, thread_id, now=at)
    store.jobs.finish(job, None, now=at)


def ids(entries) -> list[int]:
    return [entry.card.thread_id for entry in entries.entries]


def everywhere(store, listing: Listing, words: str = "one") -> dict[str, list[int]]:
    cards = store.cards
    return {
        "author": ids(cards.of_author(ADA.id, listing, limit=10)),
        "recent": ids(cards.recent(listing, limit=10)),
        "popular": ids(cards.popular(listing, limit=10)),
        "tagged": ids(cards.tagged("sea", listing, limit=10)),
        "search": ids(cards.search(question(words), listing, limit=10)),
        "map": [thread_id for thread_id, _ in cards.map(listing, limit=10)],
    }


def tagged(store, **more):
    tag = Entity("hashtag", 5, 9, "Sea")
    saved = save(store, "One. #Sea", "Two.", entities=(tag,), **more)
    store.reads.add({saved.id: 1}, today=NOW.date())
    return saved


def test_nobody_stumbles_upon_a_page_before_a_second_person_has_asked(store):
    tagged(store)
    ask(store, 1)
    ask(store, 2)
    assert everywhere(store, TWICE) == {
        "author": [100],
        "recent": [],
        "popular": [],
        "tagged": [],
        "search": [],
        "map": [],
    }
    assert not store.threads.stamp(100).asked_again_at
    ask(store, 3, by=51)
    assert set(map(tuple, everywhere(store, TWICE).values())) == {(100,)}
    assert store.threads.stamp(100).asked_again_at == NOW


def test_an_operator_can_list_all_or_nothing(store):
    tagged(store)
    assert set(map(tuple, everywhere(store, ALL).values())) == {(100,)}
    ask(store, 1)
    ask(store, 2, by=51)
    lists = everywhere(store, NONE)
    assert lists.pop("author") == [100]
    assert set(map(tuple, lists.values())) == {()}


def test_two_who_ask_at_the_same_moment_are_two(store):
    save(store)
    racing(2, lambda number: ask(store, number + 1, by=50 + number))
    assert store.threads.stamp(100).asked_again_at is not None


def test_what_is_unlisted_gone_or_unconfirmed_stands_nowhere(store):
    tagged(store)
    nowhere = {()}
    later = replace(ALL, confirmed_since=NOW + timedelta(seconds=1))
    assert set(map(tuple, everywhere(store, later).values())) == nowhere
    store.pages.unlist(100, now=NOW)
    assert set(map(tuple, everywhere(store, ALL).values())) == nowhere
    assert store.threads.stamp(100).on_shelf is False
    save(store, "One more.", "Two.")
    assert set(map(tuple, everywhere(store, ALL).values())) == nowhere
    store.pages.list_again(100)
    assert store.threads.stamp(100).on_shelf is True
    assert everywhere(store, ALL)["author"] == [100]
    store.threads.bury(100, NOW)
    assert set(map(tuple, everywhere(store, ALL).values())) == nowhere


def test_a_page_that_comes_back_is_listed_as_before(store):
    tagged(store)
    ask(store, 1)
    ask(store, 2, by=51)
    store.pages.unlist(100, now=NOW)
    store.pages.list_again(100)
    assert set(map(tuple, everywhere(store, TWICE).values())) == {(100,)}


def test_a_page_from_before_there_were_cards_comes_onto_the_shelf_when_it_is_saved_again(store):
    saved = save(store)
    with store.database.write() as session:
        for table in ("card", "card_text", "search"):
            session.connection().exec_driver_sql(f"DELETE FROM {table}")  # noqa: S608 - names of our own
    assert ids(store.cards.of_author(ADA.id, ALL, limit=10)) == []
    store.threads.save(saved, now=NOW)
    assert ids(store.cards.of_author(ADA.id, ALL, limit=10)) == [100]


@pytest.mark.parametrize("name", ["of_author", "recent", "popular", "tagged", "search"])
def test_every_list_is_read_to_its_end_without_a_page_lost_or_shown_twice(store, name):
    first = {"of_author": ADA.id, "tagged": "sea", "search": question("one")}.get(name)
    for number in range(100, 800, 100):
        tagged(store, number=number, at=NOW + timedelta(microseconds=number % 300))
        store.reads.add({number: number % 300}, today=NOW.date())
    arguments = [first] if first is not None else []
    found, before, turns = [], None, 0
    while turns == 0 or before is not None:
        page = getattr(store.cards, name)(*arguments, ALL, before=before, limit=2)
        found += ids(page)
        before = page.next
        turns += 1
    assert sorted(found) == list(range(100, 800, 100))
    assert turns == 4
    if name in {"popular", "recent"}:
        assert found == [500, 200, 700, 400, 100, 600, 300]
    else:
        assert found == sorted(found, reverse=True)


def test_a_card_shows_the_opening_and_our_copies_of_the_pictures(store):
    save(
        store, "On lamps\n\nThe lamp is the easy part.", "Two.", media=(photo("https://pbs.twimg.com/a.jpg"),)
    )
    [entry] = store.cards.of_author(ADA.id, ALL, limit=10).entries
    assert (entry.card.title, entry.card.opening) == ("On lamps", "The lamp is the easy part. Two.")
    assert (entry.card.posts, entry.card.picture_url) == (2, "https://pbs.twimg.com/a.jpg")
    assert store.cards.count_of_author(ADA.id, ALL) == 1


def test_of_a_sensitive_post_no_picture_is_shown(store):
    media = Media("3_1", "photo", "https://pbs.twimg.com/a.jpg")
    save(store, "One.", "Two.", media=(media,), sensitive=True)
    [entry] = store.cards.of_author(ADA.id, ALL, limit=10).entries
    assert entry.card.picture_url is None


def test_an_author_is_found_by_every_name_they_had_in_any_case(store):
    save(store, number=100)
    save(store, number=200, author=replace(ADA, username="Ada_Q"))
    assert store.cards.author("ADA").username == "Ada_Q"
    assert store.cards.author("ada_q").id == ADA.id
    assert store.cards.author("nobody") is None


def test_a_name_that_changed_hands_leads_to_who_bears_it_now(store):
    save(store, number=100)
    save(store, number=200, author=replace(ADA, username="ada_q"))
    save(store, number=300, author=replace(BEN, username="Ada"))
    assert store.cards.author("ada").id == BEN.id
    assert store.cards.author("ada_q").id == ADA.id


def test_who_is_no_longer_shown_leaves_no_name(store):
    save(store)
    store.threads.bury(100, NOW)
    assert store.cards.author("ada") is None
    with store.database.read() as session:
        left = session.connection().exec_driver_sql("SELECT count(*) FROM author_name").scalar()
    assert left == 0


@pytest.mark.parametrize(
    ("asked", "finds"),
    [
        ("lamp", [100]),
        ("LAMP easy", [100]),
        ("lamp nothing-there", []),
        ("easy pa", []),
        ("easy par", [100]),
        ("creme brulee", [200]),
        ("Crème", [200]),
        ("灯台守", [300]),
        ("灯台", [300]),
        ("守", [300]),
        ("台灯", []),
        ("مُحَمَّد", [400]),
        ("ada", [400, 300, 200, 100]),
        ("@ada lamp", [100]),
        ("#sea", []),
        ('"lamp" OR head:* NOT (', []),
        ("lamp' | !easy & \\", [100]),
        ("'); DROP TABLE card; --", []),
        ("…", []),
        ("", []),
    ],
)
def test_both_databases_find_the_same(store, asked, finds):
    save(store, "The lamp is the easy part.", "Two.", number=100)
    save(store, "Une crème brûlée.", number=200)
    save(store, "昔の灯台守の話。", number=300)
    save(store, "قال محمد شيئا.", number=400)
    assert ids(store.cards.search(question(asked), ALL, limit=10)) == finds


def test_pages_about_it_come_before_pages_that_name_it(store):
    save(store, "On lamps\n\nSome words.", number=100)
    save(store, "Something else entirely, and then they spoke of lamps", "Two.", number=200)
    save(
        store,
        "No title here, but the longest of openings, and in it are lamps, and much more",
        number=300,
    )
    found = store.cards.search(question("lamps"), ALL, limit=10)
    assert ids(found)[-1] == 300
    assert [words for words, hit in found.entries[-1].passage if hit] == ["lamps"]


@pytest.mark.parametrize("newest", [1, 3, 100])
def test_older_pages_are_found_behind_the_newest(store, monkeypatch, newest):
    monkeypatch.setattr(search, "LOOKED_THROUGH", newest)
    for number in range(100, 900, 100):
        save(store, "The lamp." if number % 300 == 100 else "The bell.", "Two.", number=number)
    first = store.cards.search(question("lamp"), ALL, limit=2)
    assert ids(first) == [700, 400]
    assert ids(store.cards.search(question("lamp"), ALL, before=first.next, limit=2)) == [100]


def test_what_changed_is_found_as_it_is_now(store):
    save(store, "The lamp.", "Two.")
    save(store, "The bell.", "Two.")
    assert ids(store.cards.search(question("lamp"), ALL, limit=10)) == []
    assert ids(store.cards.search(question("bell"), ALL, limit=10)) == [100]


def test_what_somebody_asked_for_with_what_they_still_wait_for(store):
    save(store, number=100)
    save(store, number=200)
    ask(store, 1, 100)
    ask(store, 2, 200)
    ask(store, 3, 100)
    ask(store, 4, 100, by=51)
    store.mentions.record([(Mention(post(5, author=50), {}), Request(Goal(300)))], now=NOW)
    asked, _, more = store.cards.asked_by(50, ALL, limit=10)
    assert [(each.job.mention_id, each.entry and each.entry.card.thread_id) for each in asked] == [
        (5, None),
        (3, 100),
        (2, 200),
    ]
    assert more is None
    store.pages.unlist(200, now=NOW)
    assert [each.job.mention_id for each in store.cards.asked_by(50, ALL, limit=10)[0]] == [5, 3]


def test_the_shelf_turns_with_every_change_beside_a_page(store):
    save(store, number=100)
    assert store.threads.stamp(100).shelf is None
    save(store, number=200)
    before = store.threads.stamp(100).shelf
    assert before is not None
    save(store, "Changed.", "Two.", number=200)
    assert store.threads.stamp(100).shelf > before
    store.threads.bury(200, NOW)
    assert store.threads.stamp(100).shelf is None


def test_threads_saved_at_once_are_all_counted(store):
    racing(6, lambda number: save(store, number=100 * (number + 1)))
    with store.database.read() as session:
        [cards] = session.connection().exec_driver_sql("SELECT cards FROM author_shelf").scalars()
    assert cards == 6


@pytest.fixture
def sqlite_store(sqlite_databases):
    """What PostgreSQL keeps of deleted rows is its own vacuum's business."""
    with sqlite_databases.fresh() as url, opened(url) as store:
        yield store


def test_no_byte_of_what_was_deleted_is_left_in_sqlites_index(sqlite_store):
    store = sqlite_store
    for number in range(100, 6_000, 100):
        save(store, f"Words of their own {number}.", "Two.", number=number)
    save(store, "The Zanzibar lamp.", "Two.", number=7_000)
    store.threads.bury(7_000, NOW)
    file = store.database.engine.url.database
    store.cards.purge()
    store.database.settle()
    with open(file, "rb") as database:  # noqa: PTH123
        content = database.read().lower()
    assert b"their" in content
    assert b"zanzibar" not in content
    assert len(ids(store.cards.search(question("their own"), ALL, limit=100))) == 59
    with store.database.write() as session:
        session.connection().exec_driver_sql("INSERT INTO search(search) VALUES ('integrity-check')")


def test_a_purge_of_a_large_index_takes_several_turns(sqlite_store, monkeypatch):
    store = sqlite_store
    monkeypatch.setattr(search, "MERGED_AT_ONCE", 1)
    for number in range(100, 4_000, 100):
        save(store, " ".join(f"word{number}x{n}" for n in range(200)), "Two.", number=number)
    for number in range(100, 2_000, 100):
        store.threads.bury(number, NOW)
    store.cards.purge()
    assert ids(store.cards.search(question("word3900x7 two"), ALL, limit=10)) == [3900]
    assert ids(store.cards.search(question("word100x7 two"), ALL, limit=10)) == []
    with store.database.read() as session:
        data = session.connection().exec_driver_sql("SELECT block FROM search_data").scalars().all()
    assert not any(b"word100x" in block for block in data)
