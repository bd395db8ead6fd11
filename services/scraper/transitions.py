"""What to do next: a pure function from a page and the progress so far to one action or one failure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from services.scraper.failures import Failure
from services.scraper.page_state import Page, PageState, Profile, state_of

# Seconds that a page may stay unchanged before a missing control, or a list without rows, is taken as final.
PAGE_SECONDS = 20.0
# Seconds that a member's page may stay unknown before a profile whose GUID is wanted is opened without its gate.
SETTLE_SECONDS = 3.0
ACTIVITY = "/viewingactivity"

ActionName = Literal[
    "wait", "type_email", "type_password", "type_both", "open_help", "use_password", "open_login", "open_profiles",
    "open_activity", "choose_profile", "download",
]  # fmt: skip

_FAILURES = {
    PageState.NET_ERROR: "NET_ERROR",
    PageState.SERVER_ERROR: "NET_ERROR",
    PageState.RATE_LIMITED: "RATE_LIMITED",
    PageState.CAPTCHA: "CAPTCHA",
    PageState.HOUSEHOLD: "HOUSEHOLD",
    PageState.IDENTITY: "VERIFY_IDENTITY",
    PageState.CODE: "CODE_REQUIRED",
    PageState.PIN: "PROFILE_LOCKED",
    PageState.NO_MEMBERSHIP: "NO_MEMBERSHIP",
}
_FORMS: dict[PageState, ActionName] = {
    PageState.LOGIN_BOTH: "type_both",
    PageState.LOGIN_PASSWORD: "type_password",
    PageState.LOGIN_EMAIL: "type_email",
}
_REMEMBERED: dict[ActionName, str] = {
    "open_help": "opened_help",
    "use_password": "password_asked_for",
    "open_login": "opened_login",
    "open_profiles": "opened_profiles",
}
_MISSING = {
    PageState.ACTIVITY: "who is signed in",
    PageState.ACTIVITY_WITHOUT_DOWNLOAD: "download",
    # Whether there are no titles, or another page: only a file with its header alone says that there are none.
    PageState.ACTIVITY_EMPTY: "row and download",
    PageState.PROFILES: "profile",
}
_NOT_FOUND = 404
_LOGIN = (*_FORMS, PageState.LOGIN_ERROR)
_SIGNED_OUT = (*_LOGIN, PageState.SIGNED_OUT)


@dataclass(frozen=True)
class Wanted:
    """The profile whose history is wanted: by GUID if given, otherwise by its exact name."""

    name: str
    guid: str = ""

    def choose(self, profiles: tuple[Profile, ...]) -> int:
        """Return the index of the wanted profile. Raises Failure with the number of profiles only.

        A list of which no GUID, or no name, can be read is a changed page: nothing that is set could be found in it.
        """
        if not any(one.guid if self.guid else one.name for one in profiles):
            raise Failure("LAYOUT_CHANGED", f"missing: {'GUIDs' if self.guid else 'names'} of the profiles")
        found = [i for i, one in enumerate(profiles) if (one.guid == self.guid if self.guid else one.name == self.name)]
        if len(found) != 1:
            code = "PROFILE_AMBIGUOUS" if found else "PROFILE_NOT_FOUND"
            raise Failure(code, f"{len(found)} of {len(profiles)} profiles match")
        return found[0]

    def is_active(self, page: Page) -> bool | None:
        """Return whether the page belongs to this profile; None if the page does not say."""
        active = page.user_guid if self.guid else page.user_name
        return active == (self.guid or self.name) if active else None

    def activity_path(self, times: int = 1) -> str:
        """Return the address of the viewing activity: first the one with the GUID, if known. times: that it is opened,
        including this one.
        """
        return f"/settings/viewed/{self.guid}" if self.guid and times == 1 else ACTIVITY


@dataclass(frozen=True)
class PageIdentity:
    """What tells a page from the one before an action: its document, and what its form asks for."""

    state: PageState
    document: float
    email: bool
    password: bool

    @classmethod
    def of(cls, page: Page) -> PageIdentity:
        """Return the identity of a page."""
        return cls(state_of(page), page.document, page.has("email"), page.has("password"))

    def is_same_form(self, other: PageIdentity) -> bool:
        """Return whether both are the same form, with or without a message."""
        return replace(self, state=other.state) == other


@dataclass(frozen=True)
class Progress:
    """What a run has done. wanted: with its GUID, once a list of profiles has told it. has_password: it may type one.
    may_sign_in: this password was not typed before. had_session: the run began with cookies, or a page for members was
    seen. signed_in: one was seen after the password was typed. left: the page of the last action, whose successor is
    waited for. trace: states of the pages so far.
    """

    wanted: Wanted
    may_sign_in: bool = False
    has_password: bool = False
    had_session: bool = False
    signed_in: bool = False
    email_typed: bool = False
    password_typed: bool = False
    opened_help: bool = False
    password_asked_for: bool = False
    opened_login: bool = False
    opened_profiles: bool = False
    activity_opened: int = 1
    chosen: int = 0
    left: PageIdentity | None = None
    trace: tuple[str, ...] = ()

    @property
    def has_typed(self) -> bool:
        """Whether anything was typed into the sign-in."""
        return self.email_typed or self.password_typed

    def after(self, action: ActionName, page: Page) -> Progress:
        """Return the progress after an action on a page."""
        now = state_of(page)
        changes: dict[str, object] = {"left": PageIdentity.of(page), "trace": (*self.trace, now.name)}
        if action in ("type_email", "type_both"):
            changes["email_typed"] = True
        if action in ("type_password", "type_both"):
            changes["password_typed"] = True
        if action in _REMEMBERED:
            changes[_REMEMBERED[action]] = True
        if action == "open_activity":
            changes["activity_opened"] = self.activity_opened + 1
        if action == "choose_profile":
            changes |= {"chosen": self.chosen + 1, "activity_opened": 0}
            if not self.wanted.guid:
                guid = page.profiles[self.wanted.choose(page.profiles)].guid
                changes["wanted"] = replace(self.wanted, guid=guid)
        return replace(self, **changes)  # type: ignore[arg-type]


def next_action(page: Page, progress: Progress, waited: float) -> ActionName:
    """Return what to do. waited: for how many seconds the page has been in this state. Raises Failure."""
    now = state_of(page)
    if now is PageState.CODE and _may_ask_for_password(page, progress):
        return _ask_for_password(page, progress, waited)
    if now in _FAILURES:
        raise Failure(_FAILURES[now])
    if not page.ready:
        return _wait(now, progress, waited)
    if now in _SIGNED_OUT:
        return _sign_in(now, page, progress, waited)
    if now is PageState.ACTIVITY:
        return _on_activity(now, page, progress, waited)
    if PageIdentity.of(page) == progress.left:
        return _wait(now, progress, waited)
    return _towards_activity(now, page, progress, waited)


def failure_of(page: Page) -> str | None:
    """Return the failure code of a page whatever was done before, such as SESSION_EXPIRED; None if it has none."""
    now = state_of(page)
    return "SESSION_EXPIRED" if now in _SIGNED_OUT else _FAILURES.get(now)


def _may_ask_for_password(page: Page, progress: Progress) -> bool:
    """Return whether a code is asked for in place of a password that may be typed."""
    may_type = progress.has_password and progress.may_sign_in and not progress.password_typed
    offered = page.has("use_password") or page.has("help_menu") or progress.opened_help
    return may_type and page.is_signed_out and offered


def _ask_for_password(page: Page, progress: Progress, waited: float) -> ActionName:
    if page.has("use_password") and not progress.password_asked_for:
        return "use_password"
    if page.has("help_menu") and not progress.opened_help:
        return "open_help"
    if waited >= PAGE_SECONDS:
        raise Failure("CODE_REQUIRED", "the sign-in with the password was offered and did not come")
    return "wait"


def _on_activity(now: PageState, page: Page, progress: Progress, waited: float) -> ActionName:
    """Return the action on a page with viewing activity: it must belong to the wanted profile."""
    active = progress.wanted.is_active(page)
    tried = progress.chosen or progress.opened_profiles
    if active:
        return "download"
    if active is None and (tried or not page.user_guid):
        return _wait(now, progress, waited)
    if tried:
        raise Failure("WRONG_PROFILE")
    # The list of profiles says which GUID a name has, also where the page does not name the active one.
    return "choose_profile" if progress.wanted.guid else "open_profiles"


def _towards_activity(now: PageState, page: Page, progress: Progress, waited: float) -> ActionName:
    """Return the action that leads a member to the viewing activity of the wanted profile."""
    if _may_switch(now, page, progress, waited):
        return "choose_profile"
    if now is PageState.PROFILES and page.profiles:
        # A profile with a PIN is not opened by its address; after that its tile is clicked.
        if progress.chosen >= 2 or (progress.chosen and not progress.wanted.guid):
            raise Failure("LAYOUT_CHANGED", "the choice of a profile led back to the profiles")
        progress.wanted.choose(page.profiles)
        return "choose_profile"
    if now is PageState.BROWSE or page.status == _NOT_FOUND:
        if progress.activity_opened > 3:
            raise Failure("LAYOUT_CHANGED", "the viewing activity leads elsewhere")
        return "open_activity"
    return _wait(now, progress, waited)


def _may_switch(now: PageState, page: Page, progress: Progress, waited: float) -> bool:
    """Return whether to open the wanted profile by its GUID, which needs nothing that the page shows.

    Netflix opened profiles without a PIN like this in 2026 (plugin.video.netflix, pull request 1783 of 2026-03).
    """
    if not progress.wanted.guid or progress.chosen or not page.is_member:
        return False
    if now in (PageState.PROFILES, PageState.BROWSE):
        return True
    return now is PageState.UNKNOWN and page.status != _NOT_FOUND and waited >= SETTLE_SECONDS


def _sign_in(now: PageState, page: Page, progress: Progress, waited: float) -> ActionName:
    if not progress.has_password:
        raise Failure("SESSION_EXPIRED")
    if progress.signed_in:
        raise Failure("SESSION_EXPIRED", "the sign-in ended during the run")
    if not progress.may_sign_in:
        code = "SESSION_EXPIRED" if progress.had_session else "LOGIN_REJECTED"
        raise Failure(code, "this password was typed before, and it is unknown whether that signed in")
    if _is_unanswered(now, page, progress.left):
        return _wait(now, progress, waited)
    if now is PageState.SIGNED_OUT:
        return _wait(now, progress, waited) if progress.opened_login else "open_login"
    if now is PageState.LOGIN_ERROR:
        form = _form_under_message(page)
        is_first_password = form is PageState.LOGIN_PASSWORD and not progress.password_typed
        if progress.has_typed and not is_first_password and not _is_same_page(now, page, progress.left):
            raise Failure("LOGIN_REJECTED")
        # The message came before the password was typed, so it is about something else.
        now = form
    if progress.password_typed or (now is PageState.LOGIN_EMAIL and progress.email_typed):
        raise Failure("LOGIN_REJECTED")  # the form appeared again
    return _FORMS[now]


def _is_same_page(now: PageState, page: Page, left: PageIdentity | None) -> bool:
    """Return whether a page is still the one of the last action, in the same state."""
    return left is not None and (left.state, left.document) == (now, page.document)


def _is_unanswered(now: PageState, page: Page, left: PageIdentity | None) -> bool:
    """Return whether the form of the last action is still shown: a message that was there before is no answer, and
    neither is its disappearance.
    """
    if left is None or not PageIdentity.of(page).is_same_form(left):
        return False
    return _is_same_page(now, page, left) or now is not PageState.LOGIN_ERROR


def _form_under_message(page: Page) -> PageState:
    if not page.has("email"):
        return PageState.LOGIN_PASSWORD
    return PageState.LOGIN_BOTH if page.has("password") else PageState.LOGIN_EMAIL


def _wait(now: PageState, progress: Progress, waited: float) -> ActionName:
    """Return `wait`. Raises Failure once the page has been in this state for too long."""
    if waited < PAGE_SECONDS:
        return "wait"
    if now in _LOGIN and (progress.password_typed or (now is PageState.LOGIN_ERROR and progress.email_typed)):
        raise Failure("LOGIN_REJECTED")
    raise Failure("LAYOUT_CHANGED", f"missing: {_MISSING.get(now, 'anything known')}, after {now.name}")
