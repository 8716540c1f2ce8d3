// Shows beside the post box how much of a message is left, as the server counts it: in characters as people see them or,
// if fewer of those fit, in code points, of which an emoji or a letter with accents has several.
const box = document.querySelector('#text');
const note = document.querySelector('#text-limit');
const maxCharacters = Number(note.dataset.maxLength);
const maxCodePoints = Number(note.dataset.maxCodePoints);
const segmenter = new Intl.Segmenter();

function showWhatIsLeft() {
  // The server removes control characters.
  const text = box.value.replaceAll(/(?!\n|\t)\p{Control}/gu, '');
  const characters = maxCharacters - Array.from(segmenter.segment(text)).length;
  const codePoints = maxCodePoints - Array.from(text).length;
  const left = Math.min(characters, codePoints);
  const count = Math.abs(left);
  const unit = (codePoints < characters ? 'code point' : 'character') + (count === 1 ? '' : 's');
  note.textContent = left < 0 ? `${count} ${unit} too many` : `${count} ${unit} left`;
  note.classList.toggle('over', left < 0);
}

box.addEventListener('input', showWhatIsLeft);
// By then a browser has put back what was typed before.
window.addEventListener('pageshow', showWhatIsLeft);
showWhatIsLeft();
