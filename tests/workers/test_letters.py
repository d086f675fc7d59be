"""A real worker sends letters when the poller has made them."""

import pytest
from pydantic import SecretStr

from tests.mail.post_office import opened
from tests.workers.conftest import planted

pytestmark = pytest.mark.broker


def test_a_follower_hears_of_a_thread_from_the_worker(world, broker_url, tmp_path):
    with (
        opened() as office,
        planted(
            world,
            broker_url,
            tmp_path,
            smtp_url=SecretStr(office.url),
            mail_from="letters@reader.example",
        ) as plant,
    ):
        plant.start_worker()
        store = plant.parts.store
        first = plant.mention()
        plant.tick()
        plant.wait(lambda: plant.done(first), "the thread is here")
        author = int(world.author("ada0").id)
        store.subscriptions.ask("cleo@reader.example", author, now=world.now())
        plant.tick()
        plant.wait(lambda: len(office.kept) == 1, "the question is asked")
        plant.wait(lambda: store.letters.count_by_state() == {"sent": 1}, "and noted")
        assert "/subscribe/" in office.kept[0].get_body(("plain",)).get_content()
        assert "cleo@" not in plant.said()
