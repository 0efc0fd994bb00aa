"""A policy file on its way to the API."""

from cli.policies import policy_data
from shared.policy.schema import parse_policy


def test_a_bound_that_is_not_asked_stays_not_asked() -> None:
    policy = parse_policy({"enrollment_gate": {"min_sharpness": None, "max_roll_deg": None}})
    sent = policy_data(policy)
    assert sent["enrollment_gate"]["min_sharpness"] is None
    assert parse_policy(sent) == policy


def test_what_is_agreed_with_a_candidate_is_no_part_of_it() -> None:
    assert "candidate" not in policy_data(parse_policy({}))
