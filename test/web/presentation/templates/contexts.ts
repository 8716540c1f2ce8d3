const NASTY = `<b title="x">'&amp;'</b>`;

const MESSAGE = {
  messageId: 7,
  authorId: 3,
  username: `Ann "A" <&'>`,
  email: 'ann@example.com',
  text: `${NASTY} https://example.com/?a=1&b=<2> @bob, mail@example.com${'\n'.repeat(12)}<x>\n@bob`,
  pubDateS: 1_700_000_000,
  isHidden: 0,
  isSuspended: 0,
};

const DECISION = {
  decisionId: 5,
  action: 'hide_message',
  reason: NASTY,
  actor: 'mod&1',
  username: 'a&b',
  currentName: 'a/b',
  createdS: 1_700_000_123,
  messageId: 8,
};

const REPORT = {
  reportId: 4,
  reason: 'spam & lies',
  reporter: 'r<1>',
  username: `u'2`,
  text: NASTY,
  isOpen: true,
  createdS: 1_600_000_000,
  messageId: 7,
  isSuspended: 1,
  message: MESSAGE,
};

const SESSION = { handle: 'h"1', browser: NASTY, isCurrent: false, createdS: 5, usedS: 86_400 };

/** Values for all templates. */
const VALUES = {
  author: 'a<b>',
  button: { action: 'unblock', label: NASTY },
  cases: [
    { report: REPORT, decisions: [DECISION, DECISION] },
    { report: { ...REPORT, message: null }, decisions: [] },
  ],
  change: 'turn_off',
  code: 'not_found',
  codes: ['abc', NASTY],
  codesLeft: 2,
  consumeFlash: () => NASTY,
  currentEmail: 'a&b@example.com',
  decisions: [DECISION, { ...DECISION, action: 'suspend' }],
  description: NASTY,
  draft: NASTY as unknown,
  duration: '7',
  durations: [
    { value: '1', label: '1 day' },
    { value: '7', label: NASTY },
  ],
  email: 'a&b@example.com',
  emptyText: NASTY,
  error: { field: 'name', message: NASTY },
  explanation: NASTY,
  hasConfirmation: true,
  hasNewer: true,
  hasOlder: true,
  heading: NASTY,
  isApart: false,
  isAlone: false,
  isDangerous: true,
  isHidden: false,
  isOutdated: true,
  isOwn: false,
  isTwoFactorOn: true,
  isUserUnknown: true,
  mails: [{ subject: NASTY, recipient: 'a@example.com', createdS: 1, text: MESSAGE.text }],
  message: MESSAGE as unknown,
  messages: '<!-- messages -->',
  name: NASTY,
  notice: NASTY,
  options: '{"a":1}',
  page: {
    messageIds: [9, -7],
    hasNewer: true,
    hasOlder: true,
    usernames: ['a/b', NASTY],
    hasMore: true,
  },
  passkey: { name: NASTY, handle: 'h' },
  passkeyLoginOptions: (site: string) => `{"site":"${site}"}`,
  passkeys: [{ name: NASTY, handle: 'h', createdS: 1, usedS: 2 }],
  passkeysMax: 2,
  path: '/a&b',
  pendingLogin: 'x"y',
  person: { username: 'p&q' },
  profile: { username: 'p<q>', email: 'p@example.com', followers: 2, following: 1 },
  qrCode: { size: 21, path: 'M0 0"' },
  reason: 'spam',
  reasons: [
    { value: 'spam', label: 'Spam' },
    { value: 'x', label: NASTY },
  ],
  relation: {
    isSelf: false,
    hasBlocked: false,
    isBlocked: false,
    isFollowing: true,
    hasMuted: true,
  },
  report: REPORT,
  requestId: 'id<1>',
  sealedSecret: 's"',
  secret: 'ABCD',
  seen: 12,
  session: SESSION,
  sessions: [SESSION, { ...SESSION, isCurrent: true, browser: null, createdS: null }],
  site: 'https://example.com' as unknown,
  submittedFields: [
    { name: 'text', label: 'Text:', value: NASTY },
    { name: 'email', label: 'Email:', value: NASTY },
  ],
  text: NASTY,
  token: 't"',
  user: { userId: 1, username: `u"<&'>`, isModerator: true },
  username: 'u&v',
};

/** The values of templates that have other values for the same name. */
const OTHER_VALUES: Record<string, Partial<typeof VALUES>> = {
  'error.html': { message: NASTY },
  'timeline.html': { draft: { text: NASTY, error: NASTY } },
};

// Texts on which a branch of a template depends, by the name of the value.
const BRANCH_TEXTS: Record<string, string[]> = {
  action: ['suspend', 'lift'],
  change: ['recovery_codes'],
  code: ['unauthenticated'],
  text: [`<1>${'\n'.repeat(12)}<13>`],
  field: [
    'email',
    'password',
    'password2',
    'current_password',
    'username',
    'code',
    'reason',
    'text',
  ],
  name: ['draft', 'email'],
};

/** Returns contexts for a template: with all values, and for each value, with others or none in its place. */
export function listContexts(name: string): object[] {
  const context = { ...VALUES, ...OTHER_VALUES[name] };
  const withoutUser = { ...context, user: null, consumeFlash: undefined, error: null, draft: '' };
  const isBlank = {
    ...context,
    page: { messageIds: [], usernames: [] },
    relation: { isSelf: true },
  };
  const variants = listVariants(context, '') as object[];
  return [context, withoutUser, { ...withoutUser, isUserUnknown: false }, isBlank, ...variants];
}

function listVariants(value: unknown, name: string): unknown[] {
  if (Array.isArray(value)) {
    const variants = value.flatMap((item, index) =>
      listVariants(item, name).map((variant) => value.with(index, variant)),
    );
    return [[], undefined, ...variants];
  }
  if (typeof value === 'object' && value) {
    const variants = Object.entries(value).flatMap(([key, part]) =>
      listVariants(part, key).map((variant) => ({ ...value, [key]: variant })),
    );
    return name === '' ? variants : [null, undefined, ...variants];
  }
  if (typeof value === 'boolean') return [!value, undefined];
  if (typeof value === 'number') return [0, 1, undefined];
  return ['', undefined, ...(BRANCH_TEXTS[name] ?? [])];
}
