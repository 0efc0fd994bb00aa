"""Exams and their policies in the API's form."""

from __future__ import annotations

from coordinator.exams.tables import Exam
from coordinator.policies.tables import PolicyVersion
from shared.api.exams import ExamOut, PolicyChangeOut, PolicyDiff, PolicyOut, PolicySummary
from shared.policy.diff import differences
from shared.policy.schema import Policy


def exam_out(exam: Exam, policy_version: int) -> ExamOut:
    """An exam in the API's form."""
    return ExamOut(
        exam_id=exam.reference,
        title=exam.title,
        opens_at=exam.opens_utc,
        closes_at=exam.closes_utc,
        region=exam.region,
        metadata=exam.details,
        policy_version=policy_version,
        created_at=exam.created_utc,
        updated_at=exam.updated_utc,
    )


def policy_out(exam: Exam, row: PolicyVersion) -> PolicyOut:
    """A complete version of its policy."""
    return PolicyOut(
        exam_id=exam.reference,
        version=row.version,
        changed_by=row.changed_by,
        reason=row.reason,
        created_at=row.created_utc,
        policy=row.policy,
    )


def policy_summary(exam: Exam, row: PolicyVersion) -> PolicySummary:
    """A version's author and reason, without the policy itself."""
    return PolicySummary(
        exam_id=exam.reference,
        version=row.version,
        changed_by=row.changed_by,
        reason=row.reason,
        created_at=row.created_utc,
    )


def policy_diff(exam: Exam, before: PolicyVersion, after: PolicyVersion) -> PolicyDiff:
    """The differences between two versions."""
    changes = differences(Policy.model_validate(before.policy), Policy.model_validate(after.policy))
    return PolicyDiff(
        exam_id=exam.reference,
        before=before.version,
        after=after.version,
        changes=[PolicyChangeOut(path=c.path, before=c.before, after=c.after) for c in changes],
    )
