// Stores the text of the post box until it is posted, and restores it where the browser does not: after an error, after
// a login, or with the back/forward cache off. sessionStorage belongs to one tab, and the key to one user.
const box = document.querySelector('#text');
const key = `draft of ${box.form.elements.signed_in_as.value}`;
// Stores the key of the submitted text until the post box is shown again.
const SUBMITTED_KEY = 'submitted draft';

box.addEventListener('input', () => sessionStorage.setItem(key, box.value));
box.form.addEventListener('submit', () => sessionStorage.setItem(SUBMITTED_KEY, key));
document.querySelector('form[action="/logout"]').addEventListener('submit', () => {
  sessionStorage.removeItem(key);
});

window.addEventListener('pageshow', ({ persisted }) => {
  const submittedKey = sessionStorage.getItem(SUBMITTED_KEY);
  sessionStorage.removeItem(SUBMITTED_KEY);
  // A page from the back/forward cache still has its text.
  if (persisted) return;
  if (submittedKey !== null && (isAfterPost() || box.value !== '')) {
    sessionStorage.removeItem(submittedKey);
  }
  // The server sent a text that it refused, or the text of another user. It now belongs to this user.
  if (box.value !== '') sessionStorage.setItem(key, box.value);
  const text = sessionStorage.getItem(key);
  if (!text || box.value !== '') return;
  box.value = text;
  // The counter listens to this event.
  box.dispatchEvent(new Event('input'));
});

/**
 * Returns whether this page follows a post: its redirect is the only one, while a login redirects twice, and its
 * referrer is not the page of a deletion. The flash message proves nothing, because another tab can cause it or consume
 * it.
 */
function isAfterPost() {
  const [navigation] = performance.getEntriesByType('navigation');
  return navigation?.redirectCount === 1 && !document.referrer.includes('/delete_message/');
}
