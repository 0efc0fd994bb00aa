from uuid import UUID

from coordinator.arriving.put_off import PutOff

FLOODING, OTHER = UUID(int=1), UUID(int=2)


def test_one_nodes_waiting_messages_are_bounded_and_another_nodes_are_not_touched() -> None:
    waiting = PutOff(share=3)
    assert [waiting.admit(FLOODING, 10.0, 0.0) for _ in range(5)] == [True, True, True, False, False]
    assert waiting.admit(OTHER, 10.0, 0.0)


def test_a_place_is_free_again_once_its_message_has_come_again() -> None:
    waiting = PutOff(share=2)
    assert waiting.admit(FLOODING, 20.0, 0.0)
    assert waiting.admit(FLOODING, 1.0, 0.0)
    assert not waiting.admit(FLOODING, 1.0, 0.5)
    assert waiting.admit(FLOODING, 1.0, 1.0)
    assert not waiting.admit(FLOODING, 1.0, 1.5)
