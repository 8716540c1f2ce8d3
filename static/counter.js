// Says beside the post box how many characters are left, as the server will count them.
const CODE_POINTS_PER_CHARACTER = 10;
const box = document.querySelector('#text');
const note = document.querySelector('#text-limit');
const maxLength = Number(note.dataset.maxLength);
const segmenter = new Intl.Segmenter();

function showWhatIsLeft() {
  const characters = Array.from(segmenter.segment(box.value)).length;
  const codePoints = Array.from(box.value).length;
  const left = maxLength - Math.max(characters, Math.ceil(codePoints / CODE_POINTS_PER_CHARACTER));
  const count = Math.abs(left);
  const unit = count === 1 ? 'character' : 'characters';
  note.textContent = left < 0 ? `${count} ${unit} too many` : `${count} ${unit} left`;
  note.classList.toggle('over', left < 0);
}

box.addEventListener('input', showWhatIsLeft);
showWhatIsLeft();
