"""Examples of the bodies of `shared.api.openness`, for the API description. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

OPENNESS_EXAMPLES: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "OpennessOut": {
            "version": "2026-12-01.1",
            "language": "en",
            "institution": "University of the North",
            "decides": [
                "Software decides nothing. It writes short notes about what stands out, and people look at "
                "them."
            ],
            "purposes": [
                {
                    "purpose": "camera-monitoring",
                    "meaning": "Your camera picture is analysed while your exam runs.",
                    "basis": "Done only after you have agreed to it; you may withdraw that at any time.",
                }
            ],
            "looked_for": [
                {
                    "event_type": "MULTIPLE_FACES",
                    "name": "More than one face",
                    "event_class": "conduct",
                    "usual": True,
                    "hold_seconds": 3.0,
                    "severity": 0.7,
                    "advice": "escalate",
                    "pictured": True,
                }
            ],
            "never": ["Nothing is concluded about your mood, your character or your health."],
            "networks": [
                {
                    "task": "voice-activity",
                    "does": "estimates whether somebody speaks",
                    "name": "silero-vad",
                    "version": "5.1.2",
                    "licence": "MIT",
                    "commercial": True,
                    "attribution": "",
                    "proved": True,
                    "measured": [
                        {
                            "what": "speech that is missed",
                            "value": "1.2 %",
                            "input": "68 seconds of typing, rain, a guitar, a ring, doors and speech",
                        }
                    ],
                    "limits": [],
                    "differences": "",
                    "in_use": True,
                }
            ],
            "limits": ["How often the software as a whole notes something in an honest exam: not measured."],
            "kept": [
                {
                    "what": "The small still pictures of notes",
                    "usual_days": 30,
                    "rule": "After the end of your exam; then their keys are destroyed.",
                }
            ],
            "rights": ["You may ask your institution for a copy of everything that is stored about you."],
        },
    }
)
