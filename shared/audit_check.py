"""Checks whether the files of an audit log are whole and unchanged. Pure.

It reads line by line and holds no entry, so a file may be larger than the memory. It goes on after a fault:
each is named at its place.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from shared.audit_chain import BEGINNING, is_signed, leaf_of, linked
from shared.audit_file import NO_LINE, VERSION, Signed, as_object, hash_of, number_of, signed_of
from shared.canonical import parse_json
from shared.errors import Corrupt
from shared.fields import format_utc
from shared.sealing import parse_signing_public, signing_public_text
from shared.successions import Succession, trusted

MOST_FAULTS: Final = 100
"""More are counted, not listed."""


@dataclass(slots=True)
class AuditCheck:
    """Checks a log that is one file or several, archives before what follows them; `keys`: any of them may
    have signed a checkpoint; `known`: checkpoints kept elsewhere, which show whether its end was cut off."""

    keys: Collection[Ed25519PublicKey]
    known: Iterable[Signed] = ()
    tenant_id: UUID | None = None
    began_after: int = 0
    number: int = 0
    """Of the last entry read."""
    chain: bytes = BEGINNING
    signed_to: int = 0
    """The number of the last entry under a good checkpoint; the following ones are not signed yet."""
    entries: int = 0
    checkpoints: int = 0
    faults: list[str] = field(default_factory=list)
    """In plain words, each with its place."""
    unlisted: int = 0
    """Faults beyond `MOST_FAULTS`."""
    _begun: bool = False
    """Whether the first line of the present file was read."""
    _expected: dict[int, Signed] = field(default_factory=dict)
    """Known checkpoints that the file has not reached."""

    def read(self, *files: Iterable[bytes]) -> None:
        """Read the files of one log to their ends, in the order of their entries."""
        for file, lines in enumerate(files, 1):
            of_file = f" of file {file}" if len(files) > 1 else ""
            self._begun = False
            for place, line in enumerate(lines, 1):
                try:
                    self._take(as_object(parse_json(line)))
                except NO_LINE:
                    self._fault(f"line {place}{of_file} is not a line of an audit log")
            if not self._begun:
                self._fault("the file does not begin as an audit log does")
        self._compare_end()

    def _take(self, line: dict[str, Any]) -> None:
        if "audit_log" in line:
            self._begin(line)
        elif not self._begun:
            raise Corrupt("nothing may stand before the first line")
        elif "checkpoint" in line:
            self._take_checkpoint(line["checkpoint"])
        else:
            self._take_entry(line)

    def _begin(self, line: dict[str, Any]) -> None:
        if self._begun or line["audit_log"] != VERSION:
            raise Corrupt("not the first line of this version")
        tenant_id, after, chain = UUID(line["tenant"]), number_of(line["after"]), hash_of(line["chain"])
        self._begun = True
        self._learn([Succession.model_validate(one) for one in line.get("successions", ())])
        if self.tenant_id is not None:
            self._continue(tenant_id, after, chain)
            return
        self.tenant_id, self.chain = tenant_id, chain
        self.began_after = self.number = self.signed_to = after
        self._expected = {
            one.checkpoint.number: one
            for one in self.known
            if one.checkpoint.tenant_id == self.tenant_id and self._is_good(one)
        }
        if self.number == 0 and self.chain != BEGINNING:
            self._fault("the first entry does not begin the chain")

    def _learn(self, said: Sequence[Succession]) -> None:
        names = {name for key in self.keys for name in trusted(signing_public_text(key), said)}
        self.keys = [parse_signing_public(one) for one in sorted(names)]

    def _continue(self, tenant_id: UUID, after: int, chain: bytes) -> None:
        if tenant_id != self.tenant_id:
            self._fault("the files are of different institutions")
        if after > self.number:
            self._fault(f"entries {self.number + 1} to {after} are in none of the files")
        elif after < self.number:
            self._fault(f"the file that begins after entry {after} follows one that ends with {self.number}")
        elif chain != self.chain:
            self._fault(f"the file that begins after entry {after} does not continue the one before it")
        self.number, self.chain = after, chain

    def _take_entry(self, line: dict[str, Any]) -> None:
        number, entry = number_of(line["number"]), as_object(line["entry"])
        leaf, chain = hash_of(line["leaf"]), hash_of(line["chain"])
        self.entries += 1
        self._check_place(number)
        if leaf_of(entry) != leaf:
            self._fault(f"entry {number} was changed")
        elif number == self.number + 1 and linked(self.chain, leaf) != chain:
            self._fault(f"entry {number} does not continue the chain of the entries before it")
        if entry.get("tenant") != str(self.tenant_id):
            self._fault(f"entry {number} belongs to another institution")
        if number > self.number:
            self.number, self.chain = number, chain
            if number in self._expected:
                self._hold(self._expected.pop(number))

    def _check_place(self, number: int) -> None:
        expected = self.number + 1
        if number < expected:
            self._fault(f"entry {number} stands behind entry {self.number}")
        elif number > expected:
            missing = (
                f"entry {expected} is"
                if number == expected + 1
                else f"entries {expected} to {number - 1} are"
            )
            self._fault(f"{missing} missing")

    def _take_checkpoint(self, line: dict[str, Any]) -> None:
        assert self.tenant_id is not None
        signed = signed_of(self.tenant_id, line)
        self.checkpoints += 1
        if self._is_good(signed):
            self._hold(signed)

    def _is_good(self, signed: Signed) -> bool:
        if any(is_signed(signed.checkpoint, signed.signature, key) for key in self.keys):
            return True
        self._fault(f"the checkpoint at entry {signed.checkpoint.number} is not signed by this key")
        return False

    def _hold(self, signed: Signed) -> None:
        one = signed.checkpoint
        if one.number != self.number:
            self._fault(f"the checkpoint at entry {one.number} stands behind entry {self.number}")
        elif one.chain != self.chain:
            self._fault(
                f"entries {self.signed_to + 1} to {one.number} are not those that were signed at "
                f"{format_utc(one.at_utc)}"
            )
        else:
            self.signed_to = one.number

    def _compare_end(self) -> None:
        for number, signed in self._expected.items():
            if number > self.number:
                at = format_utc(signed.checkpoint.at_utc)
                self._fault(f"entry {number} existed at {at}; the file ends with entry {self.number}")

    def _fault(self, what: str) -> None:
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(what)
        else:
            self.unlisted += 1
