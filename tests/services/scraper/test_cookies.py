"""Cookies as three kinds of tools export them; only those of a sign-in are kept."""

from __future__ import annotations

import json
import time

import pytest

from services.scraper.cookies import CookieError, Jar, read_cookies

LATER = int(time.time()) + 86_400
VALUES = {"NetflixId": "v%3D2%26ct%3Dabc", "SecureNetflixId": "v%3D2%26mac%3Dxyz", "nfvdid": "BQFmAAEBE"}
OTHERS = ("memclid", "flwssn", "OptanonConsent")


def netscape(expires=LATER):
    lines = ["# Netscape HTTP Cookie File", "# https://curl.se/docs/http-cookies.html", ""]
    for name in (*VALUES, *OTHERS):
        prefix = "#HttpOnly_" if name == "NetflixId" else ""
        lines.append(f"{prefix}.netflix.com\tTRUE\t/\tTRUE\t{expires}\t{name}\t{VALUES.get(name, 'other')}")
    return "\n".join([*lines, ".example.org\tTRUE\t/\tTRUE\t0\tNetflixId\tforeign", ""])


def cookie_editor(expires=LATER, domain=".netflix.com"):
    common = {"domain": domain, "hostOnly": False, "path": "/", "session": False, "storeId": None, "httpOnly": True}
    named = [{"name": name, "value": VALUES.get(name, "other")} for name in (*VALUES, *OTHERS)]
    return json.dumps([{**one, **common, "secure": True, "expirationDate": expires + 0.5} for one in named])


def playwright(expires=LATER):
    common = {"domain": ".netflix.com", "path": "/", "httpOnly": True, "secure": True, "sameSite": "None"}
    cookies = [
        {"name": name, "value": VALUES.get(name, "x"), "expires": expires, **common} for name in (*VALUES, *OTHERS)
    ]
    return json.dumps({"cookies": cookies, "origins": [{"origin": "https://www.netflix.com", "localStorage": []}]})


@pytest.mark.parametrize("export", [netscape, cookie_editor, playwright])
def test_only_the_cookies_of_a_sign_in_are_read(export):
    found = read_cookies(export())
    assert {cookie["name"]: cookie["value"] for cookie in found} == VALUES
    for cookie in found:
        assert (cookie["domain"], cookie["path"], cookie["secure"], cookie["httpOnly"]) == (
            ".netflix.com",
            "/",
            True,
            True,
        )
        assert LATER <= cookie["expires"] <= LATER + 1


@pytest.mark.parametrize("export", [netscape, cookie_editor, playwright])
def test_expired_cookies_are_refused_in_words_without_values(export):
    with pytest.raises(CookieError) as error:
        read_cookies(export(expires=1_000_000_000))
    assert "expired" in str(error.value)
    assert not any(value in str(error.value) for value in VALUES.values())


@pytest.mark.parametrize("expires", [0, -1])
def test_cookies_of_a_session_have_no_end(expires):
    assert all("expires" not in cookie for cookie in read_cookies(netscape(expires)))


@pytest.mark.parametrize("domain", ["netflix.com.example.org", "example.org", "evilnetflix.com", ""])
def test_cookies_of_other_sites_do_not_count(domain):
    with pytest.raises(CookieError, match="NetflixId and SecureNetflixId"):
        read_cookies(cookie_editor(domain=domain))


@pytest.mark.parametrize("value", ["", "a;b", "a\r\nSet-Cookie: b", "x" * 9000, "ü", 7, None, ["a"]])
def test_values_that_no_cookie_has_do_not_count(value):
    cookies = json.loads(cookie_editor())
    cookies[0]["value"] = value
    with pytest.raises(CookieError):
        read_cookies(json.dumps(cookies))


@pytest.mark.parametrize(
    "text", ["", "hello", "{", "[", "[" * 100_000, "{}", '{"cookies": 3}', "[1, null]", "\ufeff[]"]
)
def test_a_file_without_a_list_of_cookies_is_refused(text):
    with pytest.raises(CookieError):
        read_cookies(text)


def test_a_byte_order_mark_does_not_matter():
    assert read_cookies("\ufeff" + cookie_editor()) == read_cookies(cookie_editor())


def test_the_jar_keeps_them_for_this_user_only(tmp_path):
    jar = Jar(tmp_path / "cookies.json")
    assert jar.load() == []
    jar.save(read_cookies(playwright()))
    assert jar.path.stat().st_mode & 0o777 == 0o600
    assert {cookie["name"] for cookie in jar.load()} == set(VALUES)
    jar.save([{"name": "memclid", "value": "1", "domain": ".netflix.com"}])
    assert len(jar.load()) == 3, "a browser without a sign-in does not take away the one that is kept"
    jar.path.write_text("{")
    assert jar.load() == []
    jar.clear()
    assert not jar.path.exists()


def test_a_cookie_of_netflix_within_another_site_is_not_the_sign_in():
    cookies = json.loads(cookie_editor())
    stale = {**cookies[0], "value": "stale", "partitionKey": {"topLevelSite": "https://example.org"}}
    assert {one["name"]: one["value"] for one in read_cookies(json.dumps([*cookies, stale]))} == VALUES


def test_an_infinite_expiry_is_ignored():
    cookies = [{**one, "expirationDate": 10**400} for one in json.loads(cookie_editor())]
    assert not any("expires" in one for one in read_cookies(json.dumps(cookies)))
