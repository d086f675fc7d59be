"""Which posts belong to a thread and what they say: asked for on X, and read back as the page gets it."""

from datetime import timedelta

import pytest

from bot.rules.text import direction, pieces, plain

HOURS = timedelta(hours=1)
DAYS = timedelta(days=1)


@pytest.fixture
def ada(world):
    return world.author("ada", name="Ada Quill", bio="Keeper of a small lighthouse.")


@pytest.fixture
def bob(world):
    return world.author("bob", name="Bob Marsh")


def words(count, about="lighthouses"):
    return [f"Part {n} on {about}." for n in range(1, count + 1)]


def asked(house, post, **how):
    """The thread that somebody gets who asks under a post."""
    mention = house.ask(post, **how)
    job = house.job(mention)
    assert job.state == "done", job.reason
    assert len(house.world.replies_to(mention)) == 1
    return house.store.threads.find(job.thread_id).thread


def refused(house, post, **how):
    mention = house.ask(post, **how)
    job = house.job(mention)
    assert job.state == "refused"
    return job.reason


def numbers(posts):
    return [post.number for post in posts]


def ids(posts):
    return [post.id for post in posts]


def gaps(thread):
    return [(gap.after, gap.reason) for gap in thread.gaps]


class TestTheChain:
    @pytest.mark.parametrize("pointed", [0, 2, 4])
    def test_it_is_whole_from_its_root_to_its_newest_post_wherever_the_mention_points(
        self, house, world, ada, pointed
    ):
        posts = world.thread(ada, words(5))
        thread = asked(house, posts[pointed])
        assert ids(thread.posts) == numbers(posts)
        assert (thread.id, thread.complete, thread.gaps) == (posts[0].number, True, ())
        assert (thread.author.username, thread.author.name) == ("ada", "Ada Quill")

    def test_a_mention_far_below_among_strangers_means_the_thread_above(self, house, world, ada):
        posts = world.thread(ada, words(3))
        below = posts[1]
        for n in range(6):
            below = world.post(f"guest{n}", "I see it differently.", reply_to=below)
        assert ids(asked(house, below).posts) == numbers(posts)

    def test_a_link_to_a_post_means_its_thread(self, house, world, ada):
        posts = world.thread(ada, words(3))
        elsewhere = world.post("carol", "Read this.")
        thread = asked(house, elsewhere, text=f"@unrollbot unroll {posts[1].url}")
        assert ids(thread.posts) == numbers(posts)

    def test_a_quoted_thread_is_the_one_that_is_meant(self, house, world, ada):
        posts = world.thread(ada, words(3))
        mention = world.quote("carol", posts[2], "@unrollbot please unroll this one")
        house.run()
        thread = house.store.threads.find(house.job(mention).thread_id).thread
        assert ids(thread.posts) == numbers(posts)

    def test_posts_may_lie_days_and_years_apart(self, house, world, ada):
        root = world.post(ada, "The first winter.", ago=3 * 365 * DAYS)
        later = world.post(ada, "The second winter.", reply_to=root, ago=400 * DAYS)
        newest = world.post(ada, "And today.", reply_to=later, ago=2 * HOURS)
        thread = asked(house, later)
        assert ids(thread.posts) == numbers([root, later, newest])
        assert thread.complete

    def test_posts_of_one_second_stand_in_the_order_of_their_ids(self, house, world, ada):
        second = world.now().replace(microsecond=0) - HOURS
        posts = world.thread(ada, [{"text": text, "at": second} for text in words(6)])
        assert len({post.created_at for post in posts}) == 1
        assert ids(asked(house, posts[3]).posts) == numbers(posts)

    def test_a_thread_whose_root_answers_somebody_else_begins_with_that_answer(self, house, world, ada, bob):
        question = world.post(bob, "How do lighthouses work?", ago=3 * HOURS)
        posts = world.thread(ada, words(4), reply_to=question, ago=2 * HOURS)
        thread = asked(house, posts[2])
        assert ids(thread.posts) == numbers(posts)
        assert (thread.author.username, thread.complete) == ("ada", True)

    def test_a_long_chain_is_no_matter_of_depth(self, build, world, ada):
        house = build(max_posts_per_thread=1500, daily_budget_usd=20)
        posts = world.thread(ada, words(1200), ago=6 * HOURS)
        assert ids(asked(house, posts[700]).posts) == numbers(posts)

    def test_what_nobody_else_wrote_is_in_it(self, house, world, ada, bob):
        posts = world.thread(ada, words(3))
        for post in posts:
            world.post(bob, "A word of mine.", reply_to=post)
        thread = asked(house, posts[0])
        assert ids(thread.posts) == numbers(posts)
        assert not thread.forks


class TestAnswersToOthers:
    def test_they_are_no_part_of_the_thread_even_where_the_author_goes_on_alone(self, house, world, ada, bob):
        posts = world.thread(ada, words(3))
        question = world.post(bob, "What about fog?", reply_to=posts[1])
        world.thread(ada, ["Fog is another story.", "But a good one.", "More of it."], reply_to=question)
        thread = asked(house, posts[0])
        assert ids(thread.posts) == numbers(posts)
        assert (thread.forks, thread.complete) == ((), True)

    def test_nor_where_their_first_post_was_deleted(self, house, world, ada, bob):
        posts = world.thread(ada, words(3), ago=3 * HOURS)
        question = world.post(bob, "What about fog?", reply_to=posts[1], ago=2 * HOURS)
        aside = world.thread(ada, ["Fog is another story.", "But a good one."], reply_to=question)
        world.delete(aside[0])
        thread = asked(house, posts[0])
        assert ids(thread.posts) == numbers(posts)
        assert (thread.forks, thread.complete) == ((), True)

    def test_a_mention_below_them_means_the_thread_from_the_root(self, house, world, ada, bob):
        posts = world.thread(ada, words(3))
        question = world.post(bob, "What about fog?", reply_to=posts[1])
        aside = world.thread(ada, ["Fog is another story.", "But a good one."], reply_to=question)
        for number, pointed in enumerate(aside):
            assert ids(asked(house, pointed, by=f"asker{number}").posts) == numbers(posts)

    def test_a_person_named_in_the_thread_is_answered_beside_it(self, house, world, ada, bob):
        posts = world.thread(ada, ["With thanks to @bob.", *words(2)], ago=3 * HOURS)
        thanks = world.post(bob, "My pleasure.", reply_to=posts[0], ago=2 * HOURS)
        world.thread(ada, ["Come and see it.", "Any day."], reply_to=thanks)
        thread = asked(house, posts[0])
        assert ids(thread.posts) == numbers(posts)
        assert not thread.forks

    def test_under_a_lone_post_a_chain_in_answer_to_somebody_can_be_asked_for(self, house, world, ada, bob):
        root = world.post(ada, "Ask me anything.", ago=3 * HOURS)
        question = world.post(bob, "What about fog?", reply_to=root, ago=2 * HOURS)
        answer = world.thread(ada, words(3, "fog"), reply_to=question)
        assert ids(asked(house, answer[2]).posts) == numbers(answer)


class TestSomebodyElsesReply:
    def test_the_author_of_the_conversation_is_meant(self, house, world, ada, bob):
        posts = world.thread(ada, words(3))
        comment = world.post(bob, "Lovely.", reply_to=posts[2])
        thread = asked(house, comment)
        assert (thread.author.username, ids(thread.posts)) == ("ada", numbers(posts))

    def test_unless_the_replier_has_a_thread_there_that_holds_it(self, house, world, ada, bob):
        posts = world.thread(ada, words(3), ago=3 * HOURS)
        own = world.thread(bob, words(3, "my own doubts"), reply_to=posts[2])
        for number, pointed in enumerate(own):
            thread = asked(house, pointed, by=f"asker{number}")
            assert (thread.author.username, ids(thread.posts)) == ("bob", numbers(own))

    def test_a_thread_of_theirs_elsewhere_in_the_conversation_does_not_count(self, house, world, ada, bob):
        posts = world.thread(ada, words(3), ago=3 * HOURS)
        world.thread(bob, words(3, "my own doubts"), reply_to=posts[2], ago=2 * HOURS)
        comment = world.post(bob, "Lovely.", reply_to=posts[1])
        assert ids(asked(house, comment).posts) == numbers(posts)

    def test_asking_twice_under_ones_own_comment_makes_no_thread_of_it(self, house, world, ada, bob):
        posts = world.thread(ada, words(3), ago=3 * HOURS)
        comment = world.post(bob, "Lovely.", reply_to=posts[2], ago=2 * HOURS)
        first = world.mention(bob, comment, "@unrollbot unroll")
        house.run()
        house.settle_index()
        second = house.ask(first, by="bob", text="@unrollbot please unroll")
        assert house.job(second).thread_id == posts[0].number

    def test_where_the_root_is_gone_the_one_who_was_answered_is_meant(self, house, world, ada, bob):
        posts = world.thread(ada, words(4))
        comment = world.post(bob, "Lovely.", reply_to=posts[2])
        world.delete(posts[0])
        thread = asked(house, comment)
        assert (thread.author.username, ids(thread.posts)) == ("ada", numbers(posts[1:]))
        assert gaps(thread) == [(None, "deleted")]


class TestForks:
    def forked(self, world, ada, *, left, right):
        trunk = world.thread(ada, words(3), ago=5 * HOURS)
        one = world.thread(ada, words(left, "the left"), reply_to=trunk[-1], ago=4 * HOURS)
        two = world.thread(ada, words(right, "the right"), reply_to=trunk[-1], ago=3 * HOURS)
        return trunk, one, two

    def shown(self, thread):
        return ids(thread.posts), [(fork.at, ids(fork.posts)) for fork in thread.forks]

    def test_the_main_line_goes_on_longest(self, house, world, ada):
        trunk, short, long = self.forked(world, ada, left=1, right=3)
        thread = asked(house, trunk[0])
        assert self.shown(thread) == (numbers(trunk + long), [(trunk[-1].number, numbers(short))])
        assert thread.complete

    def test_it_is_the_earliest_of_equals(self, house, world, ada):
        trunk, one, two = self.forked(world, ada, left=2, right=2)
        assert self.shown(asked(house, trunk[1])) == (
            numbers(trunk + one),
            [(trunk[-1].number, numbers(two))],
        )

    def test_it_holds_the_post_that_was_pointed_at(self, house, world, ada):
        trunk, short, long = self.forked(world, ada, left=2, right=4)
        assert self.shown(asked(house, short[0])) == (
            numbers(trunk + short),
            [(trunk[-1].number, numbers(long))],
        )

    def test_a_fork_of_a_fork_is_kept_at_its_place(self, house, world, ada):
        trunk, short, long = self.forked(world, ada, left=2, right=4)
        twig = world.post(ada, "A twig.", reply_to=short[0], ago=HOURS)
        thread = asked(house, long[0])
        assert self.shown(thread) == (
            numbers(trunk + long),
            [(trunk[-1].number, numbers(short)), (short[0].number, [twig.number])],
        )

    def test_a_fork_behind_a_deleted_root_is_kept(self, house, world, ada):
        root = world.post(ada, "Gone soon.", ago=5 * HOURS)
        one = world.thread(ada, words(3, "the left"), reply_to=root, ago=4 * HOURS)
        two = world.thread(ada, words(2, "the right"), reply_to=root, ago=3 * HOURS)
        world.delete(root)
        thread = asked(house, one[1])
        assert ids(thread.posts) == numbers(one)
        assert [ids(fork.posts) for fork in thread.forks] == [numbers(two)]
        assert gaps(thread) == [(None, "deleted")]


class TestGaps:
    def test_a_deleted_post_leaves_a_gap_at_its_place_and_the_chain_goes_on(self, house, world, ada):
        posts = world.thread(ada, words(5))
        world.delete(posts[2])
        thread = asked(house, posts[0])
        assert ids(thread.posts) == numbers(posts[:2] + posts[3:])
        assert gaps(thread) == [(posts[1].number, "deleted")]
        assert not thread.complete

    @pytest.mark.parametrize("pointed", [0, 5])
    def test_so_do_several_in_a_row_and_apart(self, house, world, ada, pointed):
        posts = world.thread(ada, words(8))
        for index in (1, 3, 6):
            world.delete(posts[index])
        thread = asked(house, posts[pointed])
        assert ids(thread.posts) == numbers([posts[i] for i in (0, 2, 4, 5, 7)])
        assert gaps(thread) == [(posts[i].number, "deleted") for i in (0, 2, 5)]

    def test_two_deleted_posts_in_a_row_are_one_gap(self, house, world, ada):
        posts = world.thread(ada, words(6))
        world.delete(posts[2])
        world.delete(posts[3])
        thread = asked(house, posts[5])
        assert ids(thread.posts) == numbers(posts[:2] + posts[4:])
        assert gaps(thread) == [(posts[1].number, "deleted")]

    @pytest.mark.parametrize("how", ["delete", "withhold"])
    def test_the_last_post_pointed_at_and_gone_is_a_gap_at_the_end(self, house, world, ada, how):
        posts = world.thread(ada, ["One.", "Two.", "Three.", "Four."], ago=2 * HOURS)
        mention = world.mention("asker", under=posts[3])
        getattr(world, how)(posts[3])
        house.run()
        thread = house.store.threads.find(house.job(mention).thread_id).thread
        assert [post.id for post in thread.posts] == [post.number for post in posts[:3]]
        [gap] = thread.gaps
        assert (gap.after, gap.post_id) == (posts[2].number, posts[3].number)
        assert gap.reason == {"delete": "deleted", "withhold": "withheld"}[how]
        assert not thread.complete

    def test_an_answer_to_somebody_that_is_gone_is_no_gap(self, house, world, ada, bob):
        posts = world.thread(ada, ["One.", "Two.", "Three."], ago=5 * HOURS)
        comment = world.post(bob, "Really?", reply_to=posts[0], ago=4 * HOURS)
        answer = world.post(ada, "Yes.", reply_to=comment, ago=3 * HOURS)
        world.post(ada, "Four.", reply_to=posts[2], ago=2 * HOURS)
        mention = world.mention("asker", under=answer)
        world.delete(answer)
        house.run()
        thread = house.store.threads.find(house.job(mention).thread_id).thread
        assert len(thread.posts) == 4
        assert (thread.gaps, thread.complete) == ((), True)

    @pytest.mark.parametrize("how", ["delete", "withhold"])
    def test_a_gap_at_the_end_is_still_there_when_the_thread_is_asked_for_again(self, house, world, ada, how):
        posts = world.thread(ada, ["One.", "Two.", "Three.", "Four."], ago=8 * HOURS)
        house.ask(posts[0], by="ben")
        getattr(world, how)(posts[3])
        world.advance(2 * HOURS)
        house.run()
        made = house.store.threads.find(posts[0].number)
        assert [gap.post_id for gap in made.thread.gaps] == [posts[3].number]
        world.advance(timedelta(minutes=20))
        house.ask(posts[1], by="cleo")
        again = house.store.threads.find(posts[0].number)
        assert again.thread == made.thread
        assert not again.thread.complete

    def test_and_is_closed_when_the_post_is_back(self, house, world, ada):
        posts = world.thread(ada, ["One.", "Two.", "Three.", "Four."], ago=8 * HOURS)
        house.ask(posts[0], by="ben")
        world.withhold(posts[3])
        world.advance(2 * HOURS)
        house.run()
        assert not house.store.threads.find(posts[0].number).thread.complete
        world.find(posts[3]).withheld = False
        world.advance(timedelta(minutes=20))
        house.ask(posts[3], by="cleo")
        thread = house.store.threads.find(posts[0].number).thread
        assert (len(thread.posts), thread.gaps, thread.complete) == (4, (), True)

    def test_a_deleted_root_is_a_gap_before_the_first_post(self, house, world, ada):
        posts = world.thread(ada, words(4))
        world.delete(posts[0])
        thread = asked(house, posts[2])
        assert ids(thread.posts) == numbers(posts[1:])
        assert (gaps(thread), thread.complete) == ([(None, "deleted")], False)

    def test_a_chain_torn_at_its_root_and_again_later_is_still_one(self, house, world, ada):
        posts = world.thread(ada, words(7))
        for index in (0, 1, 4):
            world.delete(posts[index])
        thread = asked(house, posts[6])
        assert ids(thread.posts) == numbers(posts[2:4] + posts[5:])
        assert gaps(thread) == [(None, "deleted"), (posts[3].number, "deleted")]

    def test_one_post_of_a_public_author_that_x_will_not_show_is_withheld(self, house, world, ada):
        posts = world.thread(ada, words(4))
        world.withhold(posts[1])
        assert gaps(asked(house, posts[0])) == [(posts[0].number, "withheld")]

    def test_a_post_that_search_does_not_have_is_read_by_its_id(self, house, world, ada):
        posts = world.thread(ada, words(6))
        for index in (2, 3, 5):
            world.index_hole(posts[index])
        thread = asked(house, posts[5])
        assert ids(thread.posts) == numbers(posts)
        assert thread.complete

    def test_a_thread_cut_at_the_cap_says_so(self, build, world, ada):
        house = build(max_posts_per_thread=30)
        posts = world.thread(ada, words(60))
        thread = asked(house, posts[0])
        assert thread.cut
        assert not thread.complete
        assert len(thread.posts) <= 30
        assert thread.posts[0].id == posts[0].number
        assert [gap.reason for gap in thread.gaps] == ["over-cap"]

    def test_a_thread_as_long_as_the_cap_is_whole(self, build, world, ada):
        house = build(max_posts_per_thread=30)
        posts = world.thread(ada, words(30))
        thread = asked(house, posts[-1])
        assert ids(thread.posts) == numbers(posts)
        assert (thread.cut, thread.complete) == (False, True)

    def test_a_protected_author_has_no_page(self, house, world, ada):
        posts = world.thread(ada, words(3))
        world.protect(ada)
        assert refused(house, posts[0]) == "protected"

    def test_a_thread_that_is_gone_is_not_shown(self, house, world, ada):
        posts = world.thread(ada, words(2))
        comment = world.post("bob", "Hm.", reply_to=posts[0])
        for post in posts:
            world.delete(post)
        assert refused(house, comment) in {"post-gone", "not-a-thread"}


class TestAskingPosts:
    def test_an_author_who_asks_for_their_own_thread_does_not_find_the_request_in_it(self, house, world, ada):
        posts = world.thread(ada, words(3))
        asking = house.ask(posts[-1], by="ada")
        house.settle_index()
        thread = asked(house, posts[0])
        assert asking.number not in ids(thread.posts)
        assert ids(thread.posts) == numbers(posts)

    def test_what_goes_on_below_the_request_follows_without_a_gap(self, house, world, ada):
        posts = world.thread(ada, words(3), ago=2 * HOURS)
        asking = house.ask(posts[-1], by="ada")
        more = world.thread(ada, ["One more thing.", "And the last."], reply_to=asking, ago=timedelta())
        house.settle_index()
        thread = asked(house, posts[0])
        assert ids(thread.posts) == numbers(posts + more)
        assert (thread.gaps, thread.complete) == ((), True)


class TestEdits:
    def test_the_newest_version_is_shown_and_marked(self, house, world, ada):
        posts = world.thread(ada, words(4), ago=timedelta(minutes=40))
        edited = world.edit(posts[2], "Part 3, corrected.")
        house.settle_index()
        thread = asked(house, posts[0])
        assert ids(thread.posts) == numbers([*posts[:2], edited, posts[3]])
        assert [post.edited for post in thread.posts] == [False, False, True, False]
        assert plain(thread.posts[2]) == "Part 3, corrected."

    def test_so_is_that_of_the_root_and_the_address_stays_that_of_the_first(self, house, world, ada):
        posts = world.thread(ada, words(3), ago=timedelta(minutes=40))
        world.edit(posts[0], "Part 1, corrected.")
        world.edit(posts[0], "Part 1, corrected twice.")
        house.settle_index()
        thread = asked(house, posts[1])
        assert thread.id == posts[0].number
        assert plain(thread.posts[0]) == "Part 1, corrected twice."
        assert len(thread.posts) == 3
        assert thread.complete

    def test_a_mention_and_a_parent_that_name_an_older_version_are_followed(self, house, world, ada):
        posts = world.thread(ada, words(3), ago=timedelta(minutes=40))
        edited = world.edit(posts[2], "Part 3, corrected.")
        newest = world.post(ada, "Part 4.", reply_to=edited)
        house.settle_index()
        thread = asked(house, posts[2])
        assert ids(thread.posts) == numbers([*posts[:2], edited, newest])
        assert thread.complete


class TestSinglePosts:
    def test_a_short_one_is_no_thread(self, house, world, ada):
        assert refused(house, world.post(ada, "Hello.", ago=HOURS)) == "not-a-thread"

    def test_one_with_a_picture_is_worth_a_page(self, house, world, ada):
        post = world.post(ada, "Look.", media="A lamp at dusk", ago=HOURS)
        assert ids(asked(house, post).posts) == [post.number]

    def test_so_is_a_long_one(self, house, world, ada):
        post = world.post(ada, "The lamp turns and turns. " * 20, ago=HOURS)
        assert ids(asked(house, post).posts) == [post.number]


class TestWhatAPostSays:
    def only(self, house, post):
        return asked(house, post).posts[0]

    def test_a_long_post_is_whole_with_entities_of_its_own(self, house, world, ada, bob):
        text = "The lamp & the lens. " * 20 + "Thanks to @bob, see https://example.com/lens and #optics."
        shown = self.only(house, world.post(ada, text, ago=HOURS))
        assert plain(shown) == text.replace("https://", "")
        assert [(piece.kind, piece.text) for piece in pieces(shown) if piece.kind != "text"] == [
            ("mention", "@bob"),
            ("link", "example.com/lens"),
            ("hashtag", "#optics"),
        ]

    def test_an_article_has_its_title_and_link(self, house, world, ada):
        posts = world.thread(ada, [{"text": "My essay.", "article": {"title": "On lenses"}}, "More."])
        [article, _] = asked(house, posts[0]).posts
        assert article.article.title == "On lenses"

    def test_a_poll_has_its_votes(self, house, world, ada):
        post = world.post(ada, "Which?", poll=[("Lamp", 12), ("Lens", 30)], media="A lamp", ago=HOURS)
        poll = self.only(house, post).poll
        assert [(option.label, option.votes) for option in poll.options] == [("Lamp", 12), ("Lens", 30)]
        assert (poll.votes, poll.open) == (42, True)

    def test_a_quoted_post_is_there_in_full_with_its_author_and_media(self, house, world, ada, bob):
        quoted = world.post(bob, "A chart & a note. " * 30, media="A chart of the coast", ago=9 * DAYS)
        posts = world.thread(ada, [{"text": "See this:", "quote": quoted}, "More."])
        thread = asked(house, posts[0])
        quote = thread.quote_of(thread.posts[0])
        assert (quote.post.id, quote.author.name) == (quoted.number, "Bob Marsh")
        assert plain(quote.post) == ("A chart & a note. " * 30).strip()
        assert quote.post.media[0].alt_text == "A chart of the coast"
        assert plain(thread.posts[0]) == "See this:"

    def test_a_quoted_post_that_was_edited_is_shown_as_it_is_now(self, house, world, ada, bob):
        quoted = world.post(bob, "A nite.", ago=timedelta(minutes=50))
        world.edit(quoted, "A note.")
        posts = world.thread(ada, [{"text": "See this:", "quote": quoted}, "More."], ago=HOURS / 2)
        thread = asked(house, posts[0])
        assert plain(thread.quote_of(thread.posts[0]).post) == "A note."

    def test_a_quoted_post_that_is_gone_stays_a_link(self, house, world, ada, bob):
        quoted = world.post(bob, "A chart.", ago=2 * HOURS)
        posts = world.thread(ada, [{"text": "See this:", "quote": quoted}, "More."])
        world.delete(quoted)
        thread = asked(house, posts[0])
        assert thread.quote_of(thread.posts[0]) is None
        assert thread.complete

    def test_a_link_card_has_title_description_and_picture(self, house, world, ada):
        link = "https://example.com/lens"
        card = {"title": "Lenses", "description": "How they bend light.", "image": "lens.jpg"}
        posts = world.thread(ada, [{"text": f"Read {link} first.", "links": {link: card}}, "More."])
        [entity] = asked(house, posts[0]).posts[0].entities
        assert (entity.title, entity.description) == ("Lenses", "How they bend light.")
        assert entity.image_url.endswith("lens.jpg?name=1200x628")

    def test_photos_share_a_link_that_goes_and_keep_their_words(self, house, world, ada):
        post = world.post(ada, "Two views.", media=["The lamp", "The lens", "The stairs up"], ago=HOURS)
        shown = self.only(house, post)
        assert plain(shown) == "Two views."
        assert [media.kind for media in shown.media] == ["photo"] * 3
        assert shown.media[2].alt_text == "The stairs up"

    @pytest.mark.parametrize("kind", ["video", "animated_gif"])
    def test_videos_and_gifs_have_every_variant(self, house, world, ada, kind):
        post = world.post(ada, "It turns.", media={"name": "lamp.jpg", "kind": kind}, ago=HOURS)
        [media] = self.only(house, post).media
        assert (media.kind, [variant.bit_rate for variant in media.variants]) == (kind, [632_000, 2_176_000])
        assert media.preview_url.endswith("lamp.jpg")

    def test_links_in_the_middle_stay(self, house, world, ada):
        text = "First https://example.com/a then words."
        post = world.post(ada, text, media="A lamp", ago=HOURS)
        assert plain(self.only(house, post)) == "First example.com/a then words."

    def test_language_direction_and_the_sensitive_flag_come_along(self, house, world, ada):
        posts = world.thread(ada, [{"text": "המגדלור עומד על הסלע", "sensitive": True}, "סוף"])
        [shown, _] = asked(house, posts[0]).posts
        assert shown.sensitive
        assert direction(shown.lang, plain(shown)) == "rtl"

    @pytest.mark.parametrize("dialect", ["old", "new"])
    def test_both_dialects_say_the_same(self, house, world, ada, bob, dialect):
        world.dialect = dialect
        quoted = world.post(bob, "A chart.", ago=2 * HOURS)
        long = "The lamp & the lens. " * 20
        posts = world.thread(ada, [{"text": long, "quote": quoted}, "Two.", "Three."])
        world.edit(posts[1], "Two, corrected.", at=world.now() - timedelta(minutes=50))
        thread = asked(house, posts[2])
        assert [plain(post) for post in thread.posts] == [long.strip(), "Two, corrected.", "Three."]
        assert thread.quotes[0].post.id == quoted.number
        assert thread.complete
