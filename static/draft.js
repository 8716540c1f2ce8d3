// Stores what is typed into the post box until it is posted, and puts it back when its author comes back to the box, also
// where the browser does not: after an error, after a login, or with the back/forward cache off. sessionStorage belongs to
// this tab alone, and the key to one user.
const box = document.querySelector('#text');
const key = `draft of ${box.form.elements.signed_in_as.value}`;
// Holds the key of the text that was submitted last, until the post box is shown again.
const SUBMITTED = 'submitted draft';

box.addEventListener('input', () => sessionStorage.setItem(key, box.value));
box.form.addEventListener('submit', () => sessionStorage.setItem(SUBMITTED, key));
document.querySelector('form[action="/logout"]').addEventListener('submit', () => {
  sessionStorage.removeItem(key);
});

window.addEventListener('pageshow', ({ persisted }) => {
  const submittedKey = sessionStorage.getItem(SUBMITTED);
  sessionStorage.removeItem(SUBMITTED);
  // A page of the back/forward cache still has its text.
  if (persisted) return;
  if (submittedKey !== null && (isAfterPost() || box.value !== '')) {
    sessionStorage.removeItem(submittedKey);
  }
  // The text of a post that was refused, or that another user has written, is this user's now.
  if (box.value !== '') sessionStorage.setItem(key, box.value);
  const text = sessionStorage.getItem(key);
  if (!text || box.value !== '') return;
  box.value = text;
  // For the counter.
  box.dispatchEvent(new Event('input'));
});

/**
 * Returns whether the redirect of a post led here. A login redirects twice, and a deletion comes from another page. The
 * flash does not tell: another tab may have shown it, or it may belong to another tab's post.
 */
function isAfterPost() {
  const [navigation] = performance.getEntriesByType('navigation');
  return navigation?.redirectCount === 1 && !document.referrer.includes('/delete_message/');
}
