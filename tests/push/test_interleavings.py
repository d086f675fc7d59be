"""Whatever comes in whichever order: each request is recorded, and recorded once."""

from __future__ import annotations

from datetime import timedelta
from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.push.conftest import deliver

SECONDS = st.integers(min_value=0, max_value=400)
DEEDS = st.one_of(
    st.tuples(st.sampled_from(["mention", "lose", "repeat", "forge", "half", "deliver", "poll"]), st.just(0)),
    st.tuples(st.sampled_from(["late", "advance"]), SECONDS),
)


def test_every_interleaving_of_looks_and_events_gives_each_mention_once(told, world, posts):
    house = told(requests_per_conversation_per_hour=10_000, requests_per_author_per_day=10_000)
    numbers = count()
    asked = []

    def mention():
        asked.append(world.mention(f"asker{next(numbers)}", posts[-1]))

    def do(deed, seconds):
        world.push.payload_lacks = frozenset({"referenced_tweets"} if deed == "half" else ())
        match deed:
            case "deliver":
                deliver(house)
            case "poll":
                house.poll()
            case "advance":
                world.advance(timedelta(seconds=seconds))
            case "mention" | "half":
                mention()
            case "late":
                world.faults.late_event(seconds)
                mention()
            case fault:
                getattr(world.faults, f"{fault}_event")()
                mention()

    @given(st.lists(DEEDS, max_size=10))
    @settings(max_examples=10, suppress_health_check=[HealthCheck.too_slow])
    def run(deeds):
        for deed, seconds in deeds:
            do(deed, seconds)
        world.advance(timedelta(seconds=301))
        deliver(house)
        house.poll()
        jobs = [job.mention_id for job in house.store.jobs.newest(limit=10_000)]
        assert sorted(jobs) == sorted(each.number for each in asked)

    run()
