"""What to do next: a pure function from a probed page and the progress so far to one action or one failure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from services.scraper.probe import Probe, Profile, State, state
from services.scraper.stops import Stop

# How many seconds a page may stay unchanged before a missing control is a failure; also a list without rows.
PAGE_SECONDS = 20.0

ActionName = Literal[
    "wait", "type_email", "type_password", "type_both", "open_login", "open_profiles", "open_activity",
    "choose_profile", "download", "empty",
]  # fmt: skip

_STOPS = {
    State.NET_ERROR: "NET_ERROR",
    State.SERVER_ERROR: "NET_ERROR",
    State.RATE_LIMITED: "RATE_LIMITED",
    State.CAPTCHA: "CAPTCHA",
    State.HOUSEHOLD: "HOUSEHOLD",
    State.IDENTITY: "VERIFY_IDENTITY",
    State.CODE: "CODE_REQUIRED",
    State.PIN: "PROFILE_LOCKED",
    State.NO_MEMBERSHIP: "NO_MEMBERSHIP",
}
_FORMS: dict[State, ActionName] = {
    State.LOGIN_BOTH: "type_both",
    State.LOGIN_PASSWORD: "type_password",
    State.LOGIN_EMAIL: "type_email",
}
_LOGIN = (*_FORMS, State.LOGIN_ERROR)


@dataclass(frozen=True)
class Wanted:
    """The profile whose history is wanted: by GUID if given, otherwise by its exact name."""

    name: str
    guid: str = ""

    def choose(self, profiles: tuple[Profile, ...]) -> int:
        """Return the index of the wanted profile. Raises Stop with the number of profiles only."""
        found = [i for i, one in enumerate(profiles) if (one.guid == self.guid if self.guid else one.name == self.name)]
        if len(found) != 1:
            code = "PROFILE_AMBIGUOUS" if found else "PROFILE_NOT_FOUND"
            raise Stop(code, f"{len(found)} of {len(profiles)} profiles match")
        return found[0]

    def is_active(self, probe: Probe) -> bool | None:
        """Return whether the page belongs to this profile; None if the page does not say."""
        active = probe.user_guid if self.guid else probe.user_name
        return active == (self.guid or self.name) if active else None


@dataclass(frozen=True)
class Face:
    """What distinguishes a page from the one before an action: its document, and what its form asks for."""

    state: State
    document: float
    email: bool
    password: bool

    @classmethod
    def of(cls, probe: Probe) -> Face:
        """Return the mark of a probed page."""
        return cls(state(probe), probe.document, probe.has("email"), probe.has("password"))

    def same_form(self, other: Face) -> bool:
        """Return whether both are the same form, with or without a message."""
        return replace(self, state=other.state) == other


@dataclass(frozen=True)
class Progress:
    """What a run has done. has_password: one may be typed. may_sign_in: it was not used up. left: the look of the page
    of the last action; the page is waited for while it still looks like that.
    """

    wanted: Wanted
    may_sign_in: bool = False
    has_password: bool = False
    email_typed: bool = False
    password_typed: bool = False
    opened_login: bool = False
    opened_profiles: bool = False
    activity_opened: int = 1
    chosen: int = 0
    left: Face | None = None
    trace: tuple[str, ...] = ()

    def after(self, action: ActionName, probe: Probe) -> Progress:
        """Return the progress once an action has been taken on a page."""
        now = state(probe)
        changes: dict[str, object] = {"left": Face.of(probe), "trace": (*self.trace, now.name)}
        if action in ("type_email", "type_both"):
            changes["email_typed"] = True
        if action in ("type_password", "type_both"):
            changes["password_typed"] = True
        if action == "open_login":
            changes["opened_login"] = True
        if action == "open_profiles":
            changes["opened_profiles"] = True
        if action == "open_activity":
            changes["activity_opened"] = self.activity_opened + 1
        if action == "choose_profile":
            changes["chosen"] = self.chosen + 1
        return replace(self, **changes)  # type: ignore[arg-type]


def next_step(probe: Probe, progress: Progress, waited: float) -> ActionName:
    """Return what to do. `waited` is for how many seconds the page has been in this state. Raises Stop."""
    now = state(probe)
    if now in _STOPS:
        raise Stop(_STOPS[now])
    if not probe.ready:
        return _wait_or_miss(now, progress, waited)
    if now in _LOGIN or now is State.SIGNED_OUT:
        return _sign_in(now, probe, progress, waited)
    if Face.of(probe) == progress.left and now is not State.ACTIVITY:
        return _wait_or_miss(now, progress, waited)
    # A page without rows may show no control either; whose page it is counts all the same.
    if now is State.ACTIVITY or (now is State.ACTIVITY_EMPTY and waited >= PAGE_SECONDS):
        active = progress.wanted.is_active(probe)
        if active is None:
            return _wait_or_miss(now, progress, waited)
        if not active:
            return _switch(progress)
        return "download" if now is State.ACTIVITY else "empty"
    if now is State.PROFILES and probe.profiles:
        if progress.chosen:
            raise Stop("LAYOUT_CHANGED", "the choice of a profile led back to the profiles")
        progress.wanted.choose(probe.profiles)
        return "choose_profile"
    if now is State.BROWSE:
        if progress.activity_opened > 3:
            raise Stop("LAYOUT_CHANGED", "the viewing activity leads elsewhere")
        return "open_activity"
    return _wait_or_miss(now, progress, waited)


def stop_of(probe: Probe) -> str | None:
    """Return the code of the stop that a page is, whoever is signed in and whatever was done before; None if none."""
    now = state(probe)
    return "SESSION_EXPIRED" if now in _LOGIN or now is State.SIGNED_OUT else _STOPS.get(now)


def _switch(progress: Progress) -> ActionName:
    if progress.chosen or progress.opened_profiles:
        raise Stop("WRONG_PROFILE")
    return "open_profiles"


def _sign_in(now: State, probe: Probe, progress: Progress, waited: float) -> ActionName:
    if not progress.has_password:
        raise Stop("SESSION_EXPIRED")
    if not progress.may_sign_in:
        raise Stop("LOGIN_REJECTED", "this password was typed before, and no sign-in is known of it")
    left, face = progress.left, Face.of(probe)
    old = left is not None and (left.state, left.document) == (now, probe.document)
    # The page that was left; a message that was there is no answer, and neither is that it goes away.
    if left is not None and face.same_form(left) and (old or now is not State.LOGIN_ERROR):
        return _wait_or_miss(now, progress, waited)
    if now is State.SIGNED_OUT:
        if progress.opened_login:
            return _wait_or_miss(now, progress, waited)
        return "open_login"
    if now is State.LOGIN_ERROR:
        if (progress.email_typed or progress.password_typed) and not old:
            raise Stop("LOGIN_REJECTED")
        # Nothing was typed when the message came: it is about something else.
        if not probe.has("email"):
            now = State.LOGIN_PASSWORD
        else:
            now = State.LOGIN_BOTH if probe.has("password") else State.LOGIN_EMAIL
    if progress.password_typed or (now is State.LOGIN_EMAIL and progress.email_typed):
        raise Stop("LOGIN_REJECTED")  # the form appeared again
    return _FORMS[now]


def _wait_or_miss(now: State, progress: Progress, waited: float) -> ActionName:
    if waited < PAGE_SECONDS:
        return "wait"
    if now in _LOGIN and (progress.password_typed or (now is State.LOGIN_ERROR and progress.email_typed)):
        raise Stop("LOGIN_REJECTED")
    missing = {State.ACTIVITY_WITHOUT_DOWNLOAD: "download", State.ACTIVITY: "who is signed in"}.get(
        now, "anything known"
    )
    raise Stop("LAYOUT_CHANGED", f"missing: {missing}, after {now.name}")
