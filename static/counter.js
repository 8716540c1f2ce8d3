// Shows how many characters can be added to the message in the post box. The server counts characters, which are
// graphemes, and code points, of which an emoji or a letter with accents has several. The counter shows the nearer of
// the two limits.
const box = document.querySelector('#text');
const counter = document.querySelector('#text-limit');
const maxCharacters = Number(counter.dataset.maxLength);
const maxCodePoints = Number(counter.dataset.maxCodePoints);
const segmenter = new Intl.Segmenter();

function updateCounter() {
  // The server removes control characters.
  const text = box.value.replaceAll(/(?!\n|\t)\p{Control}/gu, '');
  const characters = maxCharacters - Array.from(segmenter.segment(text)).length;
  const codePoints = maxCodePoints - Array.from(text).length;
  const left = Math.min(characters, codePoints);
  const count = Math.abs(left);
  const unit = (codePoints < characters ? 'code point' : 'character') + (count === 1 ? '' : 's');
  counter.textContent = left < 0 ? `${count} ${unit} too many` : `${count} ${unit} left`;
  counter.classList.toggle('over', left < 0);
}

box.addEventListener('input', updateCounter);
// At this event, the browser has restored the text of the post box.
window.addEventListener('pageshow', updateCounter);
updateCounter();
