import threading
import time

import pytest

from firms.importing.ahead import ahead


def test_the_same_items_in_the_same_order():
    assert list(ahead(iter(range(1000)))) == list(range(1000))
    assert list(ahead([])) == []


def test_the_next_is_made_while_the_one_before_is_in_use():
    made = []

    def items():
        for number in range(4):
            made.append((number, threading.current_thread()))
            yield number

    stream = ahead(items())
    assert next(stream) == 0
    for _ in range(200):  # nobody asks for it
        if len(made) > 1:
            break
        time.sleep(0.01)
    assert [number for number, _ in made] == [0, 1]  # one step, no further
    assert all(thread is not threading.current_thread() for _, thread in made)
    stream.close()


def test_what_goes_wrong_goes_wrong_where_it_is_used():
    def items():
        yield 1
        raise KeyError("two")

    stream = ahead(items())
    assert next(stream) == 1
    with pytest.raises(KeyError, match="two"):
        next(stream)
