"""CSS selectors of what is on Netflix's pages, in one file with a version.

Each group is tried in order. They come from public code that reads these pages, 2019 to 2026, and were not
checked against the pages; docs/scraper.md says what is uncertain. When Netflix changes a page, change this file.
"""

from __future__ import annotations

SELECTORS_VERSION = "2026-11-26"

SELECTORS: dict[str, tuple[str, ...]] = {
    "email": ('input[name="userLoginId"]', 'input[data-uia="login-field"]', "#id_userLoginId"),
    "password": ('input[name="password"]', 'input[data-uia="password-field"]', "#id_password"),
    "submit": ('button[data-uia="login-submit-button"]', 'form button[type="submit"]'),
    "login_page": ('[data-uia="login-page-container"]', 'form[data-uia="login-form"]'),
    "login_error": (
        '[data-uia="alert-message"]',
        ".ui-message-error",
        ".ui-message-container",
        '[data-uia="input-message-error"]',
        ".inputError",
    ),
    # Not the badge of an invisible reCAPTCHA (`api2/anchor`): everybody gets that one.
    "captcha": ('iframe[src*="recaptcha/api2/bframe"]', 'iframe[title*="recaptcha" i]', '[data-uia*="captcha"]'),
    "code": (
        '[data-uia="collect-otp-input-modal-entry"]',
        'input[name="challengeOtp"]',
        'input[autocomplete="one-time-code"]',
    ),
    "code_digit": ('input[inputmode="numeric"][maxlength="1"]',),
    "identity": (
        '[data-uia^="account-mfa-button-"]',
        '[data-uia="collect-password-input-modal-entry"]',
        'input[name="challengePassword"]',
    ),
    "household": ('[data-uia^="upl-"]', '[data-uia^="set-primary-location"]'),
    "no_plan": ('button[data-uia="nmhp-card-cta+hero_card"]',),
    "pin": ('input[data-uia*="pin"]', '[data-uia*="pin-number"]'),
    "gate": ('[data-uia="profile-chooser"]', ".profile-gate-container", ".choose-profile"),
    "profile": ('a[data-uia="action-select-profile+primary"]', "a.profile-link", "[data-profile-guid]"),
    "profile_name": (".profile-name",),
    "activity": ('[data-uia="viewing-activity-header"]', "ul.structural.retable"),
    "row": ('li.retableRow[data-uia="activity-row"]', "li.retableRow"),
    "download": (
        "a.viewing-activity-footer-download",
        'a[href*="viewingactivitycsv"]',
        '[class*="viewing-activity"][class*="download"]',
    ),
    "confirm_download": (".modal-action-button",),
}
