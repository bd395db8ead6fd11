"""CSS selectors of what is on Netflix's pages, in one file with a version.

Each group is tried in order, the newest generation first. Every selector says which public code names it, and
when; for those that say "no dated evidence" no date is known. None was checked against the pages;
docs/scraper.md says what is uncertain. When Netflix changes a page, change this file: `./run.sh doctor` prints the
values that its pages have.
"""

from __future__ import annotations

from dataclasses import dataclass

SELECTORS_VERSION = "2026-11-29"

_GETGATHER = "mcp-getgather b1e5580, 2025-10"
_CODE_2026 = "several public projects, 2026"
_GATE_2026 = "five independent public projects, 2026"
_GATE_2025 = "several public projects, 2019 to 2025"
_DOWNLOAD = "more than ten public projects, 2019 to 2025; no dated evidence after 2025"
_NO_DATE = "public code, no dated evidence"


@dataclass(frozen=True)
class Hook:
    """A selector, and the public evidence for it."""

    selector: str
    evidence: str


HOOKS: dict[str, tuple[Hook, ...]] = {
    # The sign-in. Names of fields are the same in all generations.
    "email": (
        Hook('input[name="userLoginId"]', _GETGATHER),
        Hook('input[data-uia="login-field"]', _NO_DATE),
        Hook("#id_userLoginId", _NO_DATE),
    ),
    "password": (
        Hook('input[name="password"]', _GETGATHER),
        Hook('input[data-uia="password-field"]', _NO_DATE),
        Hook("#id_password", _NO_DATE),
    ),
    "submit": (
        Hook('button[data-uia="login-submit-button"]', _NO_DATE),
        Hook('form button[type="submit"]', _GETGATHER),
    ),
    "login_page": (
        Hook('[data-uia="login-page-container"]', _NO_DATE),
        Hook('form[data-uia="login-form"]', _NO_DATE),
    ),
    "login_error": (
        Hook('[data-uia="error-message-container"]', _CODE_2026),
        Hook('[data-uia="alert-message-body"]', _CODE_2026),
        Hook('[data-uia="alert-message"]', _GETGATHER),
        Hook('[role="alert"]', _CODE_2026),
        Hook(".ui-message-error", _NO_DATE),
        Hook(".ui-message-container", _NO_DATE),
        Hook('[data-uia="input-message-error"]', _NO_DATE),
        Hook(".inputError", _NO_DATE),
    ),
    # The sign-in of 2026 asks for a code that it has sent, and offers the password in a menu of help.
    "help_menu": (Hook('[data-uia="help-menu-toggle-collapsed"]', _CODE_2026),),
    "use_password": (Hook('[data-uia="usePasswordInsteadHelpMenuItem"]', _CODE_2026),),
    # What only the person can get past.
    # Not the badge of an invisible reCAPTCHA (`api2/anchor`): everybody gets that one.
    "captcha": (
        Hook('iframe[src*="recaptcha/api2/bframe"]', _NO_DATE),
        Hook('iframe[title*="recaptcha" i]', _NO_DATE),
        Hook('[data-uia*="captcha"]', _NO_DATE),
    ),
    "code": (
        Hook('[data-uia="collect-otp-input-entry"]', _CODE_2026),
        Hook('[data-uia="collect-otp-input-modal-entry"]', _NO_DATE),
        Hook('input[name="challengeOtp"]', _NO_DATE),
        Hook('input[autocomplete="one-time-code"]', _NO_DATE),
    ),
    "code_digit": (Hook('input[inputmode="numeric"][maxlength="1"]', _NO_DATE),),
    "identity": (
        Hook('[data-uia^="account-mfa-button-"]', _NO_DATE),
        Hook('[data-uia="collect-password-input-modal-entry"]', _NO_DATE),
        Hook('input[name="challengePassword"]', _NO_DATE),
    ),
    "household": (
        Hook('[data-uia^="upl-"]', _CODE_2026),
        Hook('[data-uia^="set-primary-location"]', _CODE_2026),
    ),
    "no_plan": (Hook('button[data-uia="nmhp-card-cta+hero_card"]', _GETGATHER),),
    # The gate of 2026 has one field for the PIN, which is also marked as a one-time code.
    "gate_pin": (
        Hook('input[data-uia="profile-gate-pin+input"]', _GATE_2026),
        Hook('input[name="PIN"]', _GATE_2026),
    ),
    "pin": (Hook('input[data-uia*="pin"]', _NO_DATE), Hook('[data-uia*="pin-number"]', _NO_DATE)),
    # Profiles. A tile of 2026 is a button without an address; its GUID is the end of its hook.
    "gate": (
        Hook('[data-uia="profile-gate-screen"]', _GATE_2026),
        Hook('[data-uia="profile-selector"]', _GATE_2026),
        Hook('[data-uia="profile-chooser"]', _GATE_2025),
        Hook(".profile-gate-container", _GATE_2025),
        Hook(".choose-profile", _GATE_2025),
    ),
    "profile": (
        Hook('button[data-uia^="profile-selector+tile-"]', _GATE_2026),
        Hook('a[data-uia="action-select-profile+primary"]', _GATE_2025),
        Hook("a.profile-link", _GATE_2025),
        Hook("[data-profile-guid]", _GATE_2025),
    ),
    "profile_name": (Hook(".profile-name", _GATE_2025), Hook(":scope > span", _GATE_2026)),
    # The viewing activity.
    "activity": (
        Hook('[data-uia="viewing-activity-header"]', _CODE_2026),
        Hook("ul.structural.retable", _CODE_2026),
    ),
    "row": (
        Hook('li.retableRow[data-uia="activity-row"]', _CODE_2026),
        Hook("li.retableRow", _CODE_2026),
    ),
    "download": (
        Hook("a.viewing-activity-footer-download", _DOWNLOAD),
        Hook('a[href*="viewingactivitycsv"]', _CODE_2026),
        Hook('[class*="viewing-activity"][class*="download"]', _NO_DATE),
    ),
    "confirm_download": (Hook(".modal-action-button", "one public project, no dated evidence"),),
}
SELECTORS: dict[str, tuple[str, ...]] = {
    group: tuple(hook.selector for hook in hooks) for group, hooks in HOOKS.items()
}
