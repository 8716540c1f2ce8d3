// Creates or uses a passkey when the button is clicked, and submits the button's form with it. Without this script, the
// button is hidden. Browsers offer passkeys over https and on this machine, and to host names, not to IP addresses.
const button = document.querySelector('[data-passkey]');
const message = document.querySelector('#passkey-message');
const { passkey, options } = button.dataset;

const MESSAGES = {
  InvalidStateError: 'Your device already has a passkey for your account.',
  NotAllowedError: 'Your browser did not use a passkey. Please try again.',
};
const UNSUPPORTED =
  'Passkeys do not work here. They need a current browser, and an address that begins with https:// and a host name.';

if (isSupported()) button.hidden = false;
else if (passkey === 'create') message.textContent = UNSUPPORTED;

button.addEventListener('click', (event) => {
  event.preventDefault();
  void submitPasskey();
});

async function submitPasskey() {
  message.textContent = '';
  try {
    const credential = await requestCredential();
    button.form.elements.credential.value = JSON.stringify(credential);
    button.form.requestSubmit(button);
  } catch (error) {
    message.textContent = MESSAGES[error.name] ?? `Your browser reports: ${error.message}`;
  }
}

function isSupported() {
  const isAddress = /^[\d.]+$|^\[/.test(location.hostname);
  return !isAddress && 'parseRequestOptionsFromJSON' in (window.PublicKeyCredential ?? {});
}

function requestCredential() {
  const parsed = JSON.parse(options);
  if (passkey === 'create') {
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(parsed);
    return navigator.credentials.create({ publicKey });
  }
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(parsed);
  return navigator.credentials.get({ publicKey });
}
