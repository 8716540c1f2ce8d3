import { hashRecoveryCode } from '../../src/web/factors/recovery-codes.ts';
import { createSealer } from '../../src/web/factors/sealer.ts';
import { createTotpSecret, formatTotpUri } from '../../src/web/factors/totp.ts';
import { verifyCreatedPasskey } from '../../src/web/factors/verify-passkey.ts';
import { parseCursor } from '../../src/web/forms/cursor.ts';
import { isBlank, parseForm } from '../../src/web/forms/form.ts';
import { loginForm } from '../../src/web/forms/login.ts';
import { messageForm, validateMessageLength } from '../../src/web/forms/message.ts';
import { validateRegistration, registrationForm } from '../../src/web/forms/registration.ts';
import { parseUsedCredential } from '../../src/web/forms/passkey.ts';
import { parseUsername, validateUsername } from '../../src/web/forms/username.ts';
import { collapseText } from '../../src/web/presentation/collapsed-text.ts';
import { createQrCode } from '../../src/web/presentation/qr-code.ts';
import { splitMessage } from '../../src/web/presentation/message-parts.ts';
import { BODY_BYTES, fill, fillCodePoints, HEADER_BYTES, marks } from './sizes.ts';

const BASE64 = fill('A', 15_000);
const SITE = { host: 'minitwit.example', hostname: 'minitwit.example' };

/** A function with one of the most expensive inputs that a client can send. */
export interface FunctionCase {
  name: string;
  run: () => unknown;
}

// The limit of code points today, and the one of older versions, whose messages are stored.
const MESSAGE = 1000;
const OLDER_MESSAGE = 2800;

// Each text is repeated up to the largest size.
const TEXTS = [
  'a',
  ' ',
  '\n',
  '\r',
  '\u0007',
  '\u200b',
  '"',
  '👩‍👩‍👧‍👦',
  '🇩🇪',
  'क्‍',
  'ᄀ',
  '\u0301',
  '\u1160',
  '\u{1f3f4}\u{e0067}',
];

// Each text is repeated. LINKS are suffixes of a URL.
const MESSAGES = [
  '://',
  'http://',
  'http://a ',
  ' http://a',
  'https://a.a/',
  '@',
  '@a',
  ' @a',
  '語@a',
  '@a.b-',
  '@@a.',
  '/(/[/{',
];
const LINKS = [
  'a.',
  'a-',
  'a-.',
  'xn--a.',
  '/((((',
  '/(a',
  '/()',
  '/([{',
  '/(a)[b]{c}',
  "/'a",
  '/"a',
  '/"a"',
  '/...a',
  '/a!!!!',
  '/a--',
  '/?a=b&',
  '/%F0%9F',
  '/%zz',
  '/\u0316\u0344',
  '@',
  'a@',
  ':1',
  '[::1:',
  '[1:2:3:4:5:6:1.2.3.',
  '1.2.3.4.',
  '_',
];

const register = (form: Record<string, string>) => () =>
  validateRegistration(
    parseForm(registrationForm, {
      username: 'a',
      email: 'a@b',
      password: 'x',
      password2: 'x',
      ...form,
    }),
    { passwordMinLength: 8, refuseGuessablePasswords: true },
  );

function factorCases(): FunctionCase[] {
  const longName = fillCodePoints('👍🏽', 64);
  const sealer = createSealer(['a secret'], 'measurements');
  const createPasskey = (attestationObject: string) => () =>
    verifyCreatedPasskey(
      {
        id: 'A',
        rawId: 'A',
        type: 'public-key',
        response: { clientDataJSON: 'A', attestationObject, transports: [] },
      },
      SITE,
      () => true,
    );
  return [
    { name: 'QR code', run: () => createQrCode(formatTotpUri(longName, createTotpSecret())) },
    { name: 'recovery code', run: () => hashRecoveryCode(fill(' ', BODY_BYTES)) },
    { name: 'sealed value', run: () => sealer.open(`${sealer.prefix}${BASE64}`, '') },
    { name: 'passkey: JSON of [', run: () => parseUsedCredential(fill('[', 16_000)) },
    { name: 'passkey: nested arrays of CBOR', run: createPasskey(fill('gYGB', 12_000)) },
    {
      name: 'passkey: long array of CBOR',
      run: createPasskey(`mf//${BASE64}`.replaceAll('/', '_')),
    },
  ];
}

function formCases(): FunctionCase[] {
  const heavy = marks(BODY_BYTES / 2);
  const spaces = `${fill(' ', BODY_BYTES - 1)}x`;
  return [
    { name: 'login: username of marks', run: () => parseForm(loginForm, { username: heavy }) },
    { name: 'login: username of spaces', run: () => parseForm(loginForm, { username: spaces }) },
    { name: 'login: password of marks', run: () => parseForm(loginForm, { password: heavy }) },
    { name: 'register: username of marks', run: register({ username: heavy }) },
    { name: 'register: email of marks', run: register({ email: heavy }) },
    { name: 'register: email of spaces', run: register({ email: spaces }) },
    { name: 'register: email of @', run: register({ email: fill('@', BODY_BYTES) }) },
    { name: 'register: email of a', run: register({ email: fill('a', BODY_BYTES) }) },
    { name: 'register: passwords', run: register({ password: fill('a', BODY_BYTES / 2) }) },
    {
      name: 'register: two passwords of marks that are normalized',
      run: register({ password: marks(1023), password2: marks(1023) }),
    },
    {
      name: 'register: password of names',
      run: register({ password: fillCodePoints('ab', 256), email: 'ab@b' }),
    },
    { name: 'path: name of marks', run: () => parseUsername(marks(HEADER_BYTES / 6)) },
    {
      name: 'path: cursors',
      run: () =>
        parseCursor(Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`a${i}`, '']))),
    },
  ];
}

function usernameCases(): FunctionCase[] {
  return [
    ...TEXTS,
    '👩‍',
    '❤️',
    '🏴\u{e0061}',
    '🏴\u{e0061}\u{e007f}',
    'സ\u200d',
    'م\u200c',
    '辻\u{e0100}',
  ].map((text) => {
    const name = fillCodePoints(text, 64);
    return { name: `username of ${JSON.stringify(text)}`, run: () => validateUsername(name) };
  });
}

function messageCases(): FunctionCase[] {
  const lengths = TEXTS.flatMap((text) => {
    const [body, message] = [fill(text, BODY_BYTES), fillCodePoints(text, MESSAGE)];
    const name = JSON.stringify(text);
    return [
      { name: `message field of ${name}`, run: () => parseForm(messageForm, { text: body }) },
      { name: `is blank: ${name}`, run: () => isBlank(`${body}x`) },
      { name: `length of ${name}, 32 KB`, run: () => validateMessageLength(body) },
      {
        name: `length of ${name}, ${MESSAGE} code points`,
        run: () => validateMessageLength(message),
      },
    ];
  });
  const texts: [string, string][] = [
    ...MESSAGES.map((text): [string, string] => [text, fillCodePoints(text, OLDER_MESSAGE)]),
    ...LINKS.map((text): [string, string] => [
      `http://a${text}…`,
      `http://a${fillCodePoints(text, OLDER_MESSAGE - 8)}`,
    ]),
    ...LINKS.map((text): [string, string] => [
      `http://a${text} …`,
      fillCodePoints(`http://a${fill(text, 60)} `, OLDER_MESSAGE),
    ]),
    ['@ and marks', `@${marks(OLDER_MESSAGE - 1)}`],
    ['@ and names', fillCodePoints(`@${'\u{1d7d8}'.repeat(64)} `, OLDER_MESSAGE)],
  ];
  const splits = texts.map(([name, text]) => ({
    name: `split ${JSON.stringify(name)}`,
    run: () => splitMessage(text),
  }));
  return [
    ...lengths,
    ...splits,
    { name: 'fold', run: () => collapseText('\n'.repeat(OLDER_MESSAGE)) },
  ];
}

/** The functions that parse clients' input, each with its most expensive inputs. */
export const FUNCTION_CASES: FunctionCase[] = [
  ...formCases(),
  ...factorCases(),
  ...usernameCases(),
  ...messageCases(),
];
