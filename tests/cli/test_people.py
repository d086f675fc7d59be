"""What an operator does about people and their pages, through the real commands."""

from __future__ import annotations

import pytest

CLEO = "1500000000000099999"


@pytest.fixture
def page(shell, thread):
    """A thread that is saved; its posts."""
    said = shell.unroll("thread", thread[1].id, "--json")
    assert said.status == 0, said.err
    return thread


def test_an_author_is_shown_with_their_pages(shell, page):
    said = shell.unroll("authors", "show", "@Ada", "--json")
    assert (said.status, said.err) == (0, "")
    assert said.document["username"] == "ada"
    assert said.document["id"] == page[0].author.id
    assert said.document["opted_out_at"] is None
    [thread] = said.document["threads"]
    assert (thread["id"], thread["url"]) == (page[0].id, f"https://reader.example/thread/{page[0].id}")
    assert (thread["page"], thread["posts"], thread["removed_by"]) == ("public", len(page), None)

    text = shell.unroll("authors", "show", "ada")
    assert (text.status, text.err) == (0, "")
    assert f"@ada ({page[0].author.id})" in text.out


def test_an_author_opts_out_and_in_by_the_operators_hand(shell, page):
    out = shell.unroll("authors", "opt-out", "ada", "--json")
    assert out.status == 0, out.err
    assert out.document["opted_out_at"] is not None
    assert [thread["page"] for thread in out.document["threads"]] == ["gone"]
    assert not any(b"lighthouses" in file.read_bytes() for file in shell.folder.glob("var/unroll.db*"))
    refused = shell.unroll("thread", page[1].id)
    assert refused.status == 1
    assert "author-opted-out" in refused.err

    back = shell.unroll("authors", "opt-in", "ada", "--json")  # the name is still known
    assert (back.status, back.document["opted_out_at"]) == (0, None)
    assert shell.unroll("thread", page[1].id).status == 0


def test_somebody_is_blocked_and_unblocked(shell, page):
    blocked = shell.unroll("users", "block", "@ada", "--json")
    assert (blocked.status, blocked.document["username"]) == (0, "ada")
    assert blocked.document["blocked_at"] is not None
    free = shell.unroll("users", "unblock", "ada", "--json")
    assert (free.status, free.document["blocked_at"]) == (0, None)
    assert "blocked" in shell.unroll("users", "block", "ada").out


def test_a_number_will_do_where_the_name_was_never_heard(shell):
    for command in (("users", "block"), ("authors", "opt-out"), ("authors", "show")):
        unknown = shell.unroll(*command, "@cleo")
        assert (unknown.status, unknown.out) == (1, "")
        assert "@cleo" in unknown.line
        assert "number" in unknown.line
        known = shell.unroll(*command, CLEO, "--json")
        assert (known.status, known.document["id"], known.document["username"]) == (0, CLEO, None)


def test_no_key_of_x_is_needed(shell, page):
    said = shell.unroll("authors", "opt-out", "ada", X_BEARER_TOKEN=None, X_CONSUMER_KEY=None)
    assert said.status == 0, said.err


@pytest.mark.parametrize("which", ["{0}", "https://x.com/ada/status/{0}"])
def test_a_page_is_deleted_and_stays_so_until_that_is_taken_back(shell, page, which):
    named = which.format(page[2].id)
    said = shell.unroll("threads", "delete", named, "--json")
    assert said.status == 0, said.err
    assert (said.document["id"], said.document["page"]) == (page[0].id, "removed")
    assert said.document["removed_by"] == "operator"
    again = shell.unroll("thread", page[0].id)
    assert again.status == 1
    assert "page-removed" in again.err

    undone = shell.unroll("threads", "delete", named, "--undo", "--json")
    assert (undone.status, undone.document["page"]) == (0, "gone")
    assert shell.unroll("thread", page[0].id).status == 0
    assert shell.unroll("threads", "show", page[0].id, "--json").document["page"] == "public"


def test_a_page_is_unlisted_and_listed_again(shell, page):
    assert shell.unroll("threads", "unlist", page[0].id, "--json").document["page"] == "unlisted"
    assert shell.unroll("threads", "show", page[0].id, "--json").document["unlisted_at"] is not None
    assert shell.unroll("threads", "unlist", page[0].id, "--undo", "--json").document["page"] == "public"


def test_what_is_no_thread_here_is_said_in_one_line(shell, page):
    unknown = shell.unroll("threads", "show", "123")
    assert (unknown.status, unknown.out) == (1, "")
    assert "123" in unknown.line
    wrong = shell.unroll("threads", "delete", "nonsense")
    assert (wrong.status, wrong.out) == (2, "")
    assert "nonsense" in wrong.line
