// Stores what is typed into the post box until it is posted, and puts it back when its author comes back to the box, also
// where the browser does not: after an error, after a login, or with the back/forward cache off. sessionStorage belongs to
// this tab alone, and the key to one user.
const box = document.querySelector('#text');
const key = `draft of ${box.form.elements.signed_in_as.value}`;
const isPosted = document.querySelector('.flash')?.textContent === 'Your message was recorded';

box.addEventListener('input', () => sessionStorage.setItem(key, box.value));
document.querySelector('form[action="/logout"]').addEventListener('submit', () => {
  sessionStorage.removeItem(key);
});

window.addEventListener('pageshow', ({ persisted }) => {
  // A page of the back/forward cache still has its text, and the message of long ago.
  if (persisted) return;
  if (isPosted) sessionStorage.removeItem(key);
  const text = sessionStorage.getItem(key);
  if (!text || box.value !== '') return;
  box.value = text;
  // For the counter.
  box.dispatchEvent(new Event('input'));
});
