"""Work done ahead on other threads comes in order, and no further ahead than was said."""

import threading
import time

import pytest

from convscope.surveys.ahead import ahead


def names():
    return {thread.name.rsplit("_", 1)[0] for thread in threading.enumerate()}


def test_results_come_in_order_however_long_each_takes():
    def work(item):
        time.sleep(0.02 * (item % 3 == 0))
        return item * item

    found = ahead(work, range(20), workers=4, waiting=6, name="here")
    assert list(found) == [item * item for item in range(20)]
    assert "here" not in names()


def test_no_more_are_begun_than_are_to_wait():
    drawn = []

    def items():
        for item in range(100):
            drawn.append(item)
            yield item

    found = ahead(str, items(), workers=2, waiting=3, name="few")
    assert next(found) == "0"
    assert len(drawn) == 4
    found.close()
    assert "few" not in names()


def test_what_is_raised_on_a_thread_is_raised_here_in_its_turn():
    def work(item):
        return 1 / (item - 2)

    found = ahead(work, range(9), workers=3, waiting=4, name="failing")
    assert [next(found), next(found)] == [-0.5, -1.0]
    with pytest.raises(ZeroDivisionError):
        next(found)
    assert "failing" not in names()


def test_as_many_as_there_are_workers_run_side_by_side():
    together = threading.Barrier(3)
    found = ahead(lambda item: together.wait(30), range(3), workers=3, waiting=3, name="three")
    assert sorted(found) == [0, 1, 2]
