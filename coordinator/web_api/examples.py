"""One example per body that callers write or read, for the API description."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

_SESSION: Final = "SESS-EXAM-CS101-CAND-12345"
_UUID: Final = "0193a5f0-5a00-7c4e-9b6e-3f1d2c4b5a69"
_CODE: Final = "Q2xhc3NpYyBqb2luIGNvZGUgMDE"
_DEVICE_KEY: Final = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEZXhhbXBsZSBleGFtcGxlIGV4YW1wbGUgZXhhbXBsZSBleGFtcGxlIGV4YW1wbGUg"
    "ZXhhbXBsZSBleGFtcGw"
)
_SIGNATURE: Final = "c2lnbmF0dXJlIHNpZ25hdHVyZSBzaWduYXR1cmUgc2lnbmF0dXJlIHNpZ25hdHVyZSBzaWduYXR1cmUgMQ"
_ICE: Final = [{"urls": "stun:stun.example.com:3478", "username": None, "credential": None}]

EXAMPLES: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "EnrollRequest": {
            "candidate_id": "CAND-2024-12345",
            "exam_id": "EXAM-CS101-FINAL",
            "images": [
                {
                    "image_base64": "iVBORw0KGgoAAAANSUhEUg",
                    "capture_timestamp": "2025-12-12T10:30:00Z",
                    "device_info": {
                        "camera_resolution": "1920x1080",
                        "browser": "Chrome/120.0",
                        "os": "Windows 10",
                    },
                }
            ],
            "metadata": {"enrollment_location": "home"},
        },
        "EnrollResponse": {
            "status": "success",
            "candidate_id": "CAND-2024-12345",
            "enrollment_id": _UUID,
            "embeddings": [
                {
                    "embedding_id": _UUID,
                    "quality_score": 0.94,
                    "face_bbox": [120, 80, 350, 310],
                    "pose_angles": {"pitch": 5, "yaw": -2, "roll": 1},
                    "sharpness_score": 0.89,
                    "illumination_variance": 1840.5,
                    "selected": True,
                    "failed": [],
                }
            ],
            "average_embedding_stored": True,
            "enrollment_timestamp": "2025-12-12T10:30:05Z",
            "recommendations": ["Every picture is clear."],
        },
        "SessionStartRequest": {
            "exam_session_id": _SESSION,
            "candidate_id": "CAND-2024-12345",
            "exam_id": "EXAM-CS101-FINAL",
            "frontend_instance_id": "WEB-uuid-67890",
            "verification_policy": {
                "face_match_threshold": 0.75,
                "gaze_tolerance_degrees": 30,
                "max_offline_seconds": 10,
                "alert_sensitivity": "high",
            },
            "features_enabled": {
                "face_verification": True,
                "gaze_tracking": True,
                "pose_analysis": True,
                "audio_monitoring": True,
                "speech_transcription": False,
            },
            "metadata": {"exam_duration_minutes": 120, "start_time": "2025-12-12T14:00:00Z"},
        },
        "SessionStartResponse": {
            "status": "active",
            "session_id": _SESSION,
            "session_uuid": _UUID,
            "websocket_url": f"wss://proctoring.example.com/ws/{_SESSION}",
            "webrtc_config": {
                "ice_servers": _ICE,
                "video_constraints": {"width": {"ideal": 640}, "height": {"ideal": 480}},
                "audio_constraints": {"sampleRate": 16_000, "channelCount": 1, "echoCancellation": True},
            },
            "calibration_required": True,
            "calibration_duration_seconds": 30,
            "session_expires_at": "2025-12-12T16:00:00Z",
            "signaling_url": f"wss://edge1.example.com/signal/{_UUID}",
            "whip_url": f"https://edge1.example.com/whip/{_UUID}",
            "edge_node": "7b2f3c56-0f4c-4a7b-9d0e-5d9a1c2e3f40",
            "session_token": "eyJhbGciOiJFZERTQSJ9.e30.c2ln",
            "join_url": "https://proctoring.example.com/join#Q2xhc3NpYyBqb2luIGNvZGUgMDE",
            "join_url_expires_at": "2025-12-12T16:00:00Z",
            "identity": "enrolled",
        },
        "VerifyFrameRequest": {
            "frame_id": "FRAME-12345",
            "timestamp": "2025-12-12T14:15:30Z",
            "trigger": "manual_proctor_check",
        },
        "VerifyFrameResponse": {
            "frame_id": "FRAME-12345",
            "match": True,
            "similarity_score": 0.87,
            "threshold_used": 0.75,
            "comparison_embedding_id": _UUID,
            "face_quality": {"sharpness": 0.82, "pose_deviation": 8.5, "lighting_quality": 0.91},
            "failed": [],
            "timestamp": "2025-12-12T14:15:31Z",
        },
        "JoinRequest": {"code": _CODE, "device": {"key": _DEVICE_KEY, "signature": _SIGNATURE}},
        "JoinLookRequest": {"code": _CODE, "device_key": _DEVICE_KEY},
        "JoinAskRequest": {"code": _CODE, "device_key": _DEVICE_KEY},
        "CameraReport": {"code": _CODE, "device_key": _DEVICE_KEY, "camera": "refused"},
        "AcknowledgeRequest": {
            "notice_version": "2026-11-22",
            "purposes": ["camera-monitoring", "identity-verification", "speech-detection"],
        },
        "Problem": {
            "type": "urn:proctor-edge:problem:invalid-request",
            "title": "Unprocessable Entity",
            "status": 422,
            "detail": "the request is not valid; see errors for each wrong field",
            "code": "invalid-request",
            "errors": [{"path": "body.exam_id", "message": "Field required"}],
        },
    }
)
