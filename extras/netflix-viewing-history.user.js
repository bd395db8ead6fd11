// ==UserScript==
// @name         Netflix Trend: save my viewing history
// @namespace    netflix-trend
// @version      1.0.0
// @description  One button on Netflix's page of viewing activity. It clicks the page's own link "Download all".
// @license      Apache-2.0
// @match        https://www.netflix.com/settings/viewed*
// @match        https://www.netflix.com/viewingactivity*
// @match        https://www.netflix.com/*/settings/viewed*
// @match        https://www.netflix.com/*/viewingactivity*
// @run-at       document-idle
// @noframes
// @inject-into  content
// @grant        none
// ==/UserScript==

// What it does: it adds one button. When you press it, it clicks the link on the page that downloads your viewing
// history, as you would. Your browser saves the file, NetflixViewingHistory.csv, where it saves every download.
// What it does not do: it sends nothing, reads no titles, signs nobody in, and does nothing before you press.

(() => {
  'use strict';

  // With and without a language: /viewingactivity, /settings/viewed/GUID, /de/viewingactivity, /pt-br/settings/viewed.
  const PAGE = /^\/(?:[a-z]{2}(?:-[a-z]{2,3})?\/)?(?:viewingactivity|settings\/viewed)(?:\/|$)/i;
  // The link, tried in this order. The address is in it whatever its class is called.
  const LINKS = [
    'a.viewing-activity-footer-download',
    'a[href*="viewingactivitycsv"]',
    '[class*="viewing-activity"][class*="download"]',
  ];
  const FILE = 'NetflixViewingHistory.csv';
  const BOX = 'netflix-trend-box';
  // The page makes its lower end a moment after the rest.
  const PATIENCE_MS = 8000;
  const POLL_MS = 200;

  const isRightPage = () =>
    location.protocol === 'https:' && location.hostname === 'www.netflix.com' && PAGE.test(location.pathname);

  const isVisible = (element) => {
    const box = element.getBoundingClientRect();
    return box.width > 1 && box.height > 1 && getComputedStyle(element).visibility !== 'hidden';
  };

  const findLink = () => {
    for (const selector of LINKS) {
      const found = [...document.querySelectorAll(selector)].find(isVisible);
      if (found) return found;
    }
    return null;
  };

  if (!isRightPage() || document.getElementById(BOX)) return;

  // Styles are set one by one: the page's Content-Security-Policy may forbid style sheets that are not its own.
  const box = document.createElement('div');
  box.id = BOX;
  Object.assign(box.style, {
    position: 'fixed', right: '16px', bottom: '16px', zIndex: '2147483647', maxWidth: '340px', padding: '12px',
    background: '#fff', color: '#111', border: '1px solid #767676', borderRadius: '6px', font: '14px/1.4 sans-serif',
  });
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = 'Save for Netflix Trend';
  Object.assign(button.style, {
    font: 'inherit', fontWeight: 'bold', padding: '8px 12px', background: '#fff', color: '#111',
    border: '2px solid #111', borderRadius: '4px', cursor: 'pointer',
  });
  const message = document.createElement('p');
  message.setAttribute('role', 'status');
  Object.assign(message.style, { margin: '8px 0 0' });
  message.hidden = true;
  const say = (text) => {
    message.textContent = text;
    message.hidden = false;
  };

  const click = (link) => {
    link.click();
    say(
      `Your browser saves ${FILE} in its downloads now; if the page or the browser asks, say yes. It is the history of `
      + 'the profile that this page shows. Next: ./run.sh fetch, or import the file.'
    );
  };

  const search = (deadline) => {
    const link = findLink();
    if (link) {
      button.disabled = false;
      click(link);
    } else if (Date.now() < deadline) {
      setTimeout(search, POLL_MS, deadline);
    } else {
      button.disabled = false;
      say(
        'The link was not found; Netflix may have changed this page. Choose a profile if the page asks for one, scroll '
        + 'to the lower end of the list and click "Download all" (in your language) yourself. It saves the same file.'
      );
    }
  };

  button.addEventListener('click', (event) => {
    // Only a person's own press counts, not one that a script of the page makes up.
    if (!event.isTrusted) return;
    if (!isRightPage()) {
      say('This is no longer the page of your viewing activity. Open it again: https://www.netflix.com/viewingactivity');
      return;
    }
    button.disabled = true;
    say('Looking for the link ...');
    search(Date.now() + PATIENCE_MS);
  });

  box.append(button, message);
  document.body.append(box);
})();
