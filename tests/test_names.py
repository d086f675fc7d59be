"""Names that one process of a machine has at a time, and the demo's ports, which are held by them."""

import sys
from uuid import uuid4

import pytest

from bot.cli.demo import _free_ports
from bot.names import hold

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="abstract sockets are Linux's")


def test_a_name_is_somebodys_until_they_leave_it():
    name = f"unroll-test-{uuid4()}"
    with hold(name):
        assert hold(name) is None
    with hold(name) as again:
        assert again is not None


def test_of_two_demos_that_start_at_once_neither_takes_a_port_of_the_other():
    with _free_ports() as ours, _free_ports() as theirs:
        assert ours.keys() == theirs.keys()
        assert len({*ours.values(), *theirs.values()}) == 2 * len(ours)
