"""Every route of the coordinator, in the order of the API's description."""

from __future__ import annotations

from functools import cache
from typing import Final

from fastapi import APIRouter, Depends
from starlette.routing import BaseRoute

from coordinator.accommodations import routes as accommodation_routes
from coordinator.alerts import routes as alert_routes
from coordinator.arriving import routes as arriving_routes
from coordinator.audit import routes as audit_routes
from coordinator.consents import routes as consent_routes
from coordinator.deliveries import routes as delivery_routes
from coordinator.desired import routes as desired_routes
from coordinator.enrollments import face_routes, routes as enrollment_routes, waiting_routes
from coordinator.exams import routes as exam_routes
from coordinator.excerpts import routes as excerpt_routes
from coordinator.features import routes as feature_routes
from coordinator.holds import routes as hold_routes
from coordinator.incidents import routes as incident_routes
from coordinator.interventions import routes as intervention_routes
from coordinator.live import routes as live_routes
from coordinator.live.wall import routes as wall_routes
from coordinator.memberships import routes as membership_routes
from coordinator.nodes import placement_routes, routes as node_routes
from coordinator.openness import routes as openness_routes
from coordinator.policies import routes as policy_routes
from coordinator.privacy import access_routes, routes as privacy_routes
from coordinator.reports import routes as report_routes
from coordinator.retention import routes as retention_routes
from coordinator.reviews import routes as review_routes
from coordinator.rollouts import routes as rollout_routes
from coordinator.sessions import routes as session_routes
from coordinator.sessions.changing import routes as change_routes
from coordinator.sessions.devices import routes as device_routes
from coordinator.sessions.joining import routes as join_routes
from coordinator.sessions.listing import routes as listing_routes
from coordinator.sessions.moving import routes as moving_routes
from coordinator.tenants import own_routes as own_tenant_routes, routes as tenant_routes
from coordinator.tokens import key_routes as token_key_routes, routes as token_routes
from coordinator.web_api import health
from coordinator.web_api.openapi import operation_id
from coordinator.web_api.security import name_act

API: Final = "/api/v1"
API_ROUTES: Final = (
    enrollment_routes,
    waiting_routes,
    face_routes,
    exam_routes,
    policy_routes,
    accommodation_routes,
    consent_routes,
    session_routes,
    listing_routes,
    change_routes,
    join_routes,
    moving_routes,
    device_routes,
    intervention_routes,
    alert_routes,
    excerpt_routes,
    incident_routes,
    review_routes,
    report_routes,
    node_routes,
    membership_routes,
    desired_routes,
    rollout_routes,
    placement_routes,
    arriving_routes,
    token_routes,
    token_key_routes,
    tenant_routes,
    own_tenant_routes,
    delivery_routes,
    audit_routes,
    hold_routes,
    retention_routes,
    privacy_routes,
    access_routes,
    openness_routes,
    feature_routes,
)
"""The routers of all nouns, in the order of the API description."""


@cache
def all_routes() -> tuple[BaseRoute, ...]:
    """The routes of every application in this process."""
    # At their first request FastAPI works on included routers for half a second; this is done once.
    router = APIRouter(generate_unique_id_function=operation_id, dependencies=[Depends(name_act)])
    for routes in API_ROUTES:
        router.include_router(routes.router, prefix=API)
    router.include_router(live_routes.router)
    router.include_router(wall_routes.router)
    router.include_router(health.router)
    router.include_router(openness_routes.page_router)
    return tuple(router.routes)
