"""No alert is forgotten before a mark covers it, whatever happens."""

from hypothesis import given, strategies as st

from edge.outbound.schedule import LaneSchedule

steps = st.lists(
    st.one_of(
        st.just("add"),
        st.just("reconnect"),
        st.tuples(st.just("send"), st.booleans()),
        st.tuples(st.just("mark"), st.integers(0, 40)),
    ),
    max_size=60,
)


@given(steps)
def test_whatever_happens_every_alert_is_sent_until_a_mark_covers_it(story: list[object]) -> None:
    lane, now, last, given_out = LaneSchedule((), resend_after_s=10.0), 0.0, 0, set[int]()
    lane.connected(0.0, backlog_from=0.0)
    for step in story:
        now += 1.0
        match step:
            case "add":
                last += 1
                lane.added(last, now)
            case "reconnect":
                lane.connected(now, backlog_from=now)
            case ("send", bool() as works):
                for sequence in lane.due(now, 3):
                    assert sequence > lane.mark
                    given_out.add(sequence)
                    (lane.sent if works else lane.failed)(sequence, now)
            case ("mark", int() as mark):
                lane.covered(min(mark, max(given_out, default=0)), now)
    lane.connected(now, backlog_from=now)
    given_out |= set(lane.due(now + 60.0, 1_000))
    assert set(range(lane.mark + 1, last + 1)) <= given_out
