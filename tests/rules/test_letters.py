"""What a server's no means, and how long a letter waits."""

from datetime import timedelta

import pytest

from bot.rules.letters import FIRST_WAIT, LONGEST_WAIT, after_refusal, enhanced, fate, while_away


@pytest.mark.parametrize(
    ("step", "code", "words", "means"),
    [
        ("address", 450, "4.2.0 Greylisted, see you in five minutes", "later"),
        ("address", 421, "too many connections", "later"),
        ("letter", 452, "4.3.1 Insufficient system storage", "later"),
        ("address", 550, "5.1.1 <mira@reader.example>: unknown", "no-such-address"),
        ("address", 550, "No such user here", "no-such-address"),
        ("address", 553, "mailbox name not allowed", "no-such-address"),
        ("address", 550, "5.2.1 mailbox disabled", "no-such-address"),
        ("address", 550, "5.7.1 blocked using a list of spammers", "never"),
        ("address", 552, "5.2.2 mailbox full", "never"),
        ("address", 550, "5.1.8 your own domain does not exist", "never"),
        ("letter", 554, "5.7.1 looks like spam", "never"),
        ("letter", 550, "no", "never"),
        ("letter", 550, "5.1.1 unknown after all", "no-such-address"),
        ("sender", 550, "5.1.1 who are you?", "misconfigured"),
        ("sender", 530, "5.7.0 authentication required", "misconfigured"),
        ("sender", 451, "4.3.0 later", "later"),
    ],
)
def test_a_no_has_one_of_four_meanings(step, code, words, means):
    assert fate(step, code, words) == means


def test_only_the_code_is_kept_of_words_that_name_somebody():
    assert enhanced("5.1.1 <mira@reader.example> unknown") == "5.1.1"
    assert enhanced("<mira@reader.example> 5.1.1") == ""


def test_waits_grow_to_a_bound_and_differ():
    waits = [[after_refusal(times) for _ in range(20)] for times in range(1, 30)]
    assert all(FIRST_WAIT * 0.7 < wait < LONGEST_WAIT * 1.3 for some in waits for wait in some)
    assert max(waits[0]) < min(waits[3])
    assert len(set(waits[0])) > 1
    assert while_away(1) < while_away(4) < while_away(100) < timedelta(hours=1)
