"""Opens networks, runs them, and opens them again when their device fails.

`open_network` verifies what a runtime reports: the device is read back after loading, and a trial must give
finite and right answers in time before the network is used. Later outputs are checked as well: NaN is below
every threshold and would look like "no face", "a stranger" or "silence".

When a device is lost, has no memory left or does not answer, the network is opened again in a thread of its
own (`models.remedy` says how often, and when the next runtime of its chain serves); until then its calls give
no result.

Threads: one per call, no spinning, not pinned to a core; parallelism comes from several callers at once
(`streams` of them for OpenVINO and LiteRT, any number for ONNX Runtime), and all release the GIL meanwhile.
Precision: always float32. OpenVINO would choose bfloat16 if the processor has it, but thresholds on
embeddings are calibrated in float32.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from numpy.typing import NDArray

from models.backend import Arrays, Backend, DeviceLost, Port, without
from models.chain import NOTHING_ELSE, Chain, Runtime, RuntimeRefusal
from models.distributions import check_distributions
from models.litert import open_litert
from models.mediapipe_tasks import Span, open_mediapipe
from models.onnx_session import built_in_runtimes, open_onnx
from models.openvino_request import open_kept, open_openvino
from models.references import Reference
from models.remedy import ChainPlace, Remedy, after_failure, after_refusal
from models.trial import not_finite, try_out
from shared.errors import ConfigError, Corrupt, ProctorError, Unavailable

log = logging.getLogger(__name__)

LONGEST_OPENING_S: Final = 60.0
"""Opening on a GPU takes seconds."""


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """A network on one runtime, with the milliseconds of a call on zeros."""

    backend: Backend
    canary_ms: float


Opener = Callable[[Runtime], Opened]
"""Opens a network on one runtime; raises the errors of `open_network`."""


class Network:
    """One compiled network that has given finite answers in time. `run` may be called from any thread.

    `device` is the device the runtime reports, not the requested one: "cpu" (ONNX Runtime), "cpu-openvino",
    "cpu-litert", "cpu-mediapipe", "cuda:0", "tensorrt:0". `canary_ms` is the time of a call on zeros there.
    """

    def __init__(
        self, name: str, rungs: Sequence[Runtime], opener: Opener, left_out: tuple[RuntimeRefusal, ...] = ()
    ) -> None:
        """Opens it on the first of `rungs` that takes it. Raises the errors of `open_network`.

        `left_out`: runtimes that are not tried at all.
        """
        self.name = name
        self.rungs = tuple(rungs)
        """The runtimes of its chain, best first."""
        self._opener = opener
        self._opened, rung, refused = first_that_opens(self.rungs, opener)
        self.refused = (*left_out, *refused)
        """The better runtimes that do not serve it, with the reasons."""
        self._place = ChainPlace(rung, len(self.rungs))
        self._failing = False
        self._lock = threading.Lock()
        self._reopening: threading.Thread | None = None
        self._reopening_s = 0.0
        self._began_s: dict[int, tuple[Opened, float]] = {}
        """What runs now, by thread."""

    @property
    def runtime(self) -> Runtime:
        """The runtime that serves now."""
        return self.rungs[self._place.rung]

    @property
    def device(self) -> str:
        return self._opened.backend.device

    @property
    def canary_ms(self) -> float:
        return self._opened.canary_ms

    @property
    def inputs(self) -> tuple[Port, ...]:
        return self._opened.backend.inputs

    @property
    def outputs(self) -> tuple[str, ...]:
        return self._opened.backend.outputs

    @property
    def works(self) -> bool:
        """Whether it answers, or is being opened again. False: its device failed and nothing else is left,
        or opening takes too long."""
        opening = self._reopening is not None and time.monotonic() - self._reopening_s > LONGEST_OPENING_S
        return not self._failing and not opening

    def run(self, inputs: Arrays) -> dict[str, NDArray[Any]]:
        """One forward pass: arrays by input name to new arrays by output name.

        Raises Unavailable if it fails, returns NaN or infinity, or is being opened again.
        """
        opened = self._opened
        if self._reopening is not None:
            raise Unavailable(f"{self.name} is being opened again")
        thread = threading.get_ident()
        self._began_s[thread] = opened, time.monotonic()
        try:
            answer = opened.backend.call(inputs)
        except DeviceLost as error:
            self._recover(opened, str(error))
            raise
        finally:
            self._began_s.pop(thread, None)
        self._failing = False
        if (unusable := not_finite(answer)) is not None:
            raise Unavailable(f"{self.name}: output {unusable} is not finite on {self.device}")
        return answer

    def recover_if_stuck(self, longest_s: float) -> bool:
        """Open it again if a call has run for `longest_s`. Returns whether that is being done."""
        now_s, opened = time.monotonic(), self._opened
        stuck = any(own is opened and now_s - at_s >= longest_s for own, at_s in [*self._began_s.values()])
        return stuck and self._recover(opened, f"a call did not return within {longest_s:.0f} s")

    def _recover(self, failed: Opened, reason: str) -> bool:
        """Begin to open it again, as often as is allowed. Several callers may report the same failure."""
        with self._lock:
            if self._opened is not failed or self._reopening is not None:
                return True
            self._place, remedy = after_failure(self._place, time.monotonic())
            log.warning(
                "a network's device failed",
                extra={"model": self.name, "device": self.device, "remedy": remedy.value, "reason": reason},
            )
            if remedy is Remedy.WAIT:
                self._failing = True
                return False
            self._reopening = threading.Thread(target=self._reopen, name="reopen", daemon=True)
            self._reopening_s = time.monotonic()
            self._reopening.start()
            return True

    def _reopen(self) -> None:
        remedy, opened = Remedy.STEP, None
        while opened is None and remedy is not Remedy.WAIT:
            try:
                opened = self._opener(self.runtime)
            except ProctorError as error:
                log.warning(
                    "a network could not be opened again",
                    extra={"model": self.name, "runtime": self.runtime.value, "reason": str(error)},
                )
                self._place, remedy = after_refusal(self._place)
        with self._lock:
            self._failing = opened is None
            self._opened = opened or self._opened
            self._reopening = None
        if opened is not None:
            log.info("a network was opened again", extra={"model": self.name, "device": self.device})


def first_that_opens(
    rungs: Sequence[Runtime], opener: Opener
) -> tuple[Opened, int, tuple[RuntimeRefusal, ...]]:
    """The network on the first runtime that takes it, which one that is, and why those before do not.

    Raises the error of a single runtime as it is, otherwise Unavailable with all reasons (Corrupt if no
    runtime can read the file).
    """
    errors: list[ProctorError] = []
    for rung, runtime in enumerate(rungs):
        try:
            opened = opener(runtime)
        except ProctorError as error:
            errors.append(error)
        else:
            return opened, rung, tuple(map(RuntimeRefusal, rungs, map(str, errors)))
    if len(errors) == 1:
        raise errors[0]
    reasons = "; ".join(f"{runtime}: {error}" for runtime, error in zip(rungs, errors, strict=True))
    if all(isinstance(error, Corrupt) for error in errors):
        raise Corrupt(reasons)
    raise Unavailable(reasons)


def open_network(
    path: Path,
    *,
    runtime: Runtime | None = None,
    then: Chain = NOTHING_ELSE,
    streams: int = 1,
    shapes: Mapping[str, tuple[int, ...]] | None = None,
    span: Span | None = None,
    reference: Reference | None = None,
    unread: Collection[str] = (),
) -> Network:
    """Load the network in `path` and prove that it runs.

    `runtime` defaults to ONNX Runtime's own processor kernels for .onnx and to OpenVINO for .tflite and .xml;
    `then` has the runtimes to try after it, and those that are not tried, with the reasons. `streams` is how
    many calls OpenVINO, LiteRT and MediaPipe run in parallel. `shapes` gives trial shapes by input name if
    the network leaves more than the batch open, `reference` is the stored answer, and `span`, which only
    MediaPipe needs, is what a picture's levels 0 and 255 are for the network. `unread` are outputs that are
    in no answer. Raises ConfigError (this build does not support it), Unavailable (file or device missing,
    too slow, or another answer), Corrupt (the runtime cannot read the file, or its output for zeros is not
    finite).
    """
    check_distributions()
    if not path.is_file():
        raise Unavailable(f"{path} is missing: run `proctorctl models fetch`")
    first = runtime or (Runtime.ONNX_CPU if path.suffix == ".onnx" else Runtime.OPENVINO)

    def tried(backend: Backend, known: Reference | None) -> Opened:
        read = without(backend, unread)
        return Opened(read, try_out(path.name, read, shapes or {}, known))

    def open_on(runtime: Runtime) -> Opened:
        if runtime is Runtime.OPENVINO:
            # What was kept must pass the trial like everything else; if it does not, it is compiled anew.
            with suppress(Corrupt, Unavailable):
                if (kept := open_kept(path, streams, unread)) is not None:
                    return tried(kept, reference)
        # MediaPipe takes pictures: the input of the stored answer is none.
        known = None if runtime is Runtime.MEDIAPIPE else reference
        return tried(_backend(path, runtime, streams, span, unread), known)

    return Network(path.name, (first, *then.rungs), open_on, then.refused)


def joined_devices(networks: Iterable[Network]) -> str:
    """The devices in use, joined by `+`; "" without a network."""
    return "+".join(sorted({network.device for network in networks}))


@cache
def installed_runtimes() -> frozenset[Runtime]:
    """The runtimes that are installed here. Whether one has its device shows only when it opens a network."""
    packages = {
        "ai_edge_litert": Runtime.LITERT,
        "mediapipe": Runtime.MEDIAPIPE,
        "openvino": Runtime.OPENVINO,
    }
    found = frozenset(runtime for package, runtime in packages.items() if _is_installed(package))
    return found | built_in_runtimes()


def _is_installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ImportError:
        return False


def _backend(
    path: Path, runtime: Runtime, streams: int, span: Span | None, unread: Collection[str]
) -> Backend:
    match runtime:
        case Runtime.MEDIAPIPE:
            if span is None:
                raise ConfigError(f"MediaPipe needs the span of the input of {path.name}")
            return open_mediapipe(path, span, streams)
        case Runtime.LITERT:
            return open_litert(path, streams)
        case Runtime.OPENVINO:
            return open_openvino(path, streams, unread)
        case _:
            return open_onnx(path, runtime, streams)
