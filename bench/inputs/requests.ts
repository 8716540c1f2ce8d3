import { BODY_BYTES, fill, HEADER_BYTES, marks } from './sizes.ts';

/** One of the most expensive requests that a client can send. */
export interface RequestCase {
  name: string;
  method: 'GET' | 'POST';
  path: string;
  headers?: Record<string, string>;
  body?: string;
  /** Whether the request has a user's session. */
  isUser?: boolean;
}

const STATIC = '/static/style.css';

/** Returns a request with a header of the largest size, filled with a text. */
function header(name: string, text: string, path = '/public'): RequestCase {
  const value = fill(text, HEADER_BYTES);
  return {
    name: `${name}: ${text}… on ${path}`,
    method: 'GET',
    path,
    headers: { [name]: value },
  };
}

const numbered = (text: (index: number) => string, bytes: number) => {
  let all = '';
  for (let index = 0; all.length < bytes; index++) all += text(index);
  return all.slice(0, bytes);
};

const MANY_COOKIES: RequestCase = {
  name: 'Cookie: a0=s:x.y;a1=…',
  method: 'GET',
  path: '/public',
  headers: { Cookie: numbered((index) => `${index.toString(36)}=s:.;`, HEADER_BYTES) },
};
const MANY_BROKEN: RequestCase = {
  ...MANY_COOKIES,
  name: 'Cookie: a0=%;a1=…',
  headers: { Cookie: numbered((index) => `${index.toString(36)}=%;`, HEADER_BYTES) },
};
const COOKIES = [
  'a=b;',
  'a;',
  ';',
  '=',
  'flash=s:.;',
  'session=s:.;',
  'session=s%3A',
  'a=%',
  'a="',
];

const HEADERS: RequestCase[] = [
  ...['/public', STATIC].flatMap((path) => [
    ...['a,', ',', 'gzip;q=0,', 'a;q=0.1;b,', ' ', 'a ', ';', '*,'].map((text) =>
      header('Accept-Encoding', text, path),
    ),
    ...['"a",', 'W/"a",', ',', ' ', ' ,', '"'].map((text) => header('If-None-Match', text, path)),
    ...['no-cache ', ' ,', ' '].map((text) => header('Cache-Control', text, path)),
  ]),
  // Redirects negotiate a type.
  ...['a/b,', ',', 'a/b;q=0.1,', '"a,', 'a/b;c="', ';', '*/*,', ' '].map((text) =>
    header('Accept', text, '/'),
  ),
  {
    ...header('Accept', ',', '/'),
    name: 'Accept: a/b;c=",,,…',
    headers: { Accept: `a/b;c="${fill(',', HEADER_BYTES - 8)}` },
  },
  {
    ...header('Accept', ';', '/'),
    name: 'Accept: a/b;c=";;;…',
    headers: { Accept: `a/b;c="${fill(';', HEADER_BYTES - 8)}` },
  },
  {
    ...header('Accept-Encoding', ',', STATIC),
    name: 'Accept-Encoding: a;c=",,,…',
    headers: { 'Accept-Encoding': `a;c="${fill(',', HEADER_BYTES - 8)}` },
  },
  MANY_COOKIES,
  { ...MANY_COOKIES, name: `${MANY_COOKIES.name} by a user`, isUser: true },
  MANY_BROKEN,
  { ...MANY_BROKEN, name: `${MANY_BROKEN.name} by a user`, isUser: true },
  ...COOKIES.map((text) => header('Cookie', text)),
  ...['1,', ',', ' ', '::1,', '1.1.1.1,', '1.1.1.1:1,'].map((text) =>
    header('X-Forwarded-For', text),
  ),
  ...['https,', ' '].map((text) => header('X-Forwarded-Proto', text)),
  ...['Root=a', 'Root=;', ';', 'a'].map((text) => header('X-Amzn-Trace-Id', text)),
  ...['a', '-'].map((text) => header('X-Request-Id', text)),
  ...['a', 'a:', '%CC%96%CD%84', '['].map((text) => header('Host', text)),
  ...['bytes=0-1,', '0-1,'].map((text) => header('Range', text)),
  ...['Mozilla/', ' '].map((text) => header('User-Agent', text)),
];

const ORIGINS: RequestCase[] = [
  'http://a/',
  'http://a.',
  'http://xn--a',
  'http://%CC%96%CD%84',
  'http://a@',
].flatMap((start) => {
  const value = start + fill(start.slice(7), HEADER_BYTES - start.length);
  return ['Origin', 'Referer'].map((name) => ({
    name: `${name}: ${start}…`,
    method: 'POST' as const,
    path: '/logout',
    headers: { [name]: value },
  }));
});
// Marks in percent-encoding, and a Punycode label that decodes to the most letters.
const HOSTS = [
  `http://a${fill('%CD%84', HEADER_BYTES / 2)}${fill('%CC%96', HEADER_BYTES / 2 - 40)}/`,
  `http://xn--${fill('0a', HEADER_BYTES - 20)}/`,
].map((value) => ({
  name: `Origin: ${value.slice(0, 20)}…`,
  method: 'POST' as const,
  path: '/logout',
  headers: { Origin: value },
}));

const encodedMarks = encodeURIComponent(marks(HEADER_BYTES / 6)).slice(0, HEADER_BYTES - 200);
const wholeMarks = encodedMarks.slice(0, encodedMarks.length - (encodedMarks.length % 6) - 5);
const PATHS: RequestCase[] = [
  `/${wholeMarks}`,
  `/${wholeMarks}/follow`,
  `/avatars/${wholeMarks}`,
  `/${fill('a/', HEADER_BYTES)}`,
  `/${fill('/', HEADER_BYTES)}`,
  `/${fill('%25', HEADER_BYTES)}`,
  `/${fill('%', HEADER_BYTES)}`,
  `/static/${fill('.abcdef01', HEADER_BYTES)}`,
  `/static/${fill('.aaaaaaaaaaaaaaaaaaaaaaaa', HEADER_BYTES)}-`,
  `/delete_message/${fill('1', HEADER_BYTES)}`,
  `/public#${fill('a', HEADER_BYTES)}`,
  `/#${fill("'", HEADER_BYTES)}`,
  `//a#${fill('@', HEADER_BYTES)}`,
  `/public?${fill('a&', HEADER_BYTES)}`,
  `/public?${fill('before=1&', HEADER_BYTES)}`,
  `/public?${fill('before[a][b]=1&', HEADER_BYTES)}`,
  `/public?before${fill('[a]', HEADER_BYTES)}=1`,
  `/public?before=${fill('1', HEADER_BYTES)}`,
  `/public?before=${fill('%F0%9F', HEADER_BYTES)}`,
].map((path) => ({
  name: path.slice(0, 32),
  method: 'GET',
  path,
  isUser: path.endsWith('follow'),
}));

/** Returns a form of the largest size, filled with a text. */
function form(path: string, name: string, text: string, isUser = false): RequestCase {
  const body = name + fill(text, BODY_BYTES - name.length);
  return {
    name: `${path} ${name}${text}…${isUser ? ' by a user' : ''}`,
    method: 'POST',
    path,
    body,
    isUser,
  };
}

// A mark has two bytes in UTF-8.
const bodyMarks = marks(BODY_BYTES / 2 - 50);
const FORMS: RequestCase[] = [
  ...['/login', '/register'].flatMap((path) => [
    {
      name: `${path} username of marks`,
      method: 'POST' as const,
      path,
      body: `username=${bodyMarks}`,
    },
    {
      name: `${path} password of marks`,
      method: 'POST' as const,
      path,
      body: `username=a&email=a@b&password=${bodyMarks}`,
    },
    ...['"', 'a', '+', '%20', '%', '%zz', '<'].map((text) => form(path, 'username=', text)),
    form(path, 'username=a&email=', '+'),
    form(path, 'username=a&email=', '@'),
  ]),
  ...[true, false].flatMap((isUser) => [
    ...['"', '%22', '<', '%0D%0A', '\n', 'a', '+', '%F0%9F%91%A9%E2%80%8D', '%00', '%C2%80'].map(
      (text) => form('/add_message', 'text=', text, isUser),
    ),
    form('/add_message', '', 'a=b', isUser),
  ]),
  ...['&', '=', '=&', '[', 'a[', 'a[]', '[a]'].map((text) => form('/login', '', text)),
  {
    name: '/login 1,000 fields',
    method: 'POST',
    path: '/login',
    body: numbered((index) => `a${index}=${fill('x', 26)}&`, 32_000)
      .split('&')
      .slice(0, 1000)
      .join('&'),
  },
  {
    name: '/login a field 1,000 times',
    method: 'POST',
    path: '/login',
    body: fill('username=a&', 11_000).slice(0, -1),
  },
  ...['; a=b', '; charset=', ';', ' ', '; charset="', '\\'].map((text) => ({
    ...form('/login', 'username=', 'a'),
    name: `Content-Type: …${text}…`,
    headers: { 'Content-Type': `application/x-www-form-urlencoded${fill(text, HEADER_BYTES)}` },
    body: 'username=a',
  })),
];

// Each path has the fields before the one that is filled.
const ACCOUNT_FORMS: RequestCase[] = [
  ['/login/code', 'pending_login='],
  ['/login/code', 'pending_login=a&code='],
  ['/login/passkey', 'credential='],
  ['/login/passkey', 'credential={"a":'],
  ['/forgot_password', 'email='],
  ['/settings/password', 'current_password='],
  ['/settings/email', 'current_password=a&email='],
  ['/settings/two_factor', 'current_password=a&code=1&secret='],
  ['/settings/two_factor', 'current_password=a&secret=a&code='],
  ['/settings/passkeys/create', 'name='],
  ['/settings/passkeys/create', 'name=a&credential='],
  ['/settings/export', 'current_password='],
  ['/settings/delete_account', 'current_password='],
].flatMap(([path = '', fields = '']) =>
  ['a', '<', '+', '%F0%9F%91%A9%E2%80%8D', '%CC%96%CD%84', '[', '@'].map((text) =>
    form(path, fields, text, path.startsWith('/settings/')),
  ),
);

/** The requests that take the most time of the main thread. */
export const REQUEST_CASES: RequestCase[] = [
  { name: 'an ordinary page, for comparison', method: 'GET', path: '/public' },
  ...HEADERS,
  ...ORIGINS,
  ...HOSTS,
  ...PATHS,
  ...FORMS,
  ...ACCOUNT_FORMS,
];
