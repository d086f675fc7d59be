"""RabbitMQ carries the wake-ups, and Redis the windows: where `TEST_RABBITMQ_URL` names a server."""

from __future__ import annotations

import os

import pytest

from bot.cli.doctor import reach
from tests.needs import require_broker
from tests.workers.conftest import planted


@pytest.fixture
def rabbit() -> str:
    """Started by hand, for it takes Erlang and half a minute."""
    named = os.environ.get("TEST_RABBITMQ_URL")
    if not named:
        pytest.skip("no RabbitMQ: name one by TEST_RABBITMQ_URL")
    return named


@pytest.mark.broker
def test_mentions_are_answered_by_way_of_rabbitmq(rabbit, world, broker_url, tmp_path):
    require_broker()
    with planted(world, broker_url, tmp_path, broker_url=rabbit) as plant:
        assert reach(plant.settings) == "answers"
        plant.start_worker()
        mentions = [plant.mention(number) for number in range(5)]
        plant.tick()
        plant.wait(lambda: plant.done(*mentions), "all are answered")
        assert [len(world.replies_to(each)) for each in mentions] == [1] * 5
        assert plant.redis.llen("unroll") == 0, "no wake-up went through Redis"
        assert plant.redis.keys("*"), "the windows are there"
