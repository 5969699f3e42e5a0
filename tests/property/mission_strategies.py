"""Events of missions: few packages, few instants and every lane, so that they meet as often as can be."""

from __future__ import annotations

from hypothesis import strategies as st

from signoff.missions.event import TransitionEvent
from signoff.missions.lane import Lane

INSTANTS = (
    *("2026-05-02T09:50:15.000000+00:00", "2026-05-02T09:50:15Z", "2026-05-02T11:50:15+02:00"),
    *("2026-05-02T09:50:15.000001+00:00", "2025-12-31T23:59:59.999999+00:00", "2026-05-03T00:00:00Z"),
)
texts = st.text(st.characters(codec="utf-8"), max_size=6)
names = texts.filter(bool)
json_values = st.recursive(st.none() | st.booleans() | st.integers() | texts, lambda inner: st.lists(inner, max_size=2))
members = st.dictionaries(texts, json_values, max_size=2)
known = {
    *("event_id", "at", "actor", "mission_id", "mission_slug", "feature_slug", "wp_id", "from_lane", "to_lane"),
    *("force", "reason", "execution_mode", "evidence", "review_ref", "policy_metadata"),
}

events = st.builds(
    TransitionEvent,
    event_id=names,
    at=st.sampled_from(INSTANTS),
    actor=texts | members,
    mission_id=st.none() | texts,
    mission_slug=texts,
    wp_id=st.sampled_from(["WP01", "WP02"]),
    from_lane=st.sampled_from(Lane),
    to_lane=st.sampled_from([lane for lane in Lane if lane is not Lane.GENESIS]),
    force=st.booleans(),
    reason=st.none() | texts,
    execution_mode=texts,
    evidence=st.none() | members,
    review_ref=st.none() | texts,
    policy_metadata=st.none() | members,
    extra=st.dictionaries(texts.filter(lambda key: key not in known), json_values, max_size=2),
)


def logs(most: int = 12) -> st.SearchStrategy[list[TransitionEvent]]:
    """Each id once."""
    return st.lists(events, max_size=most, unique_by=lambda event: event.event_id)
