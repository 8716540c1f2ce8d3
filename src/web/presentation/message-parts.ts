import { LinkifyIt } from 'linkify-it';
import { ROUTE_NAMES } from '../forms/reserved-names.ts';
import { normalizeUsername, parseUsername } from '../forms/username.ts';

/** A part of a message: plain text, a link or a mention. It is text, not HTML. */
export interface MessagePart {
  text: string;
  /** An http or https URL, or the path of a user's page; null for plain text. */
  href: string | null;
  isMention: boolean;
}

// Only URLs with http:// or https:// are links.
const linkify = new LinkifyIt({ fuzzyLink: false, fuzzyEmail: false })
  .add('ftp:', null)
  .add('//', null)
  .add('mailto:', null);

// A URL with user info, up to the next space. A reader mistakes the host of `https://bank.example@evil.example/`.
const URL_WITH_USER_INFO = /(https?:\/\/[^\s/?#\\<>"]*@\S*)/i;

// Scripts without spaces between words. A mention can follow a word of such a script, or an emoji, directly.
const SCRIPTS_WITHOUT_SPACES = [
  'Han',
  'Hira',
  'Kana',
  'Bopo',
  'Thai',
  'Laoo',
  'Khmr',
  'Mymr',
  'Tibt',
]
  .map((script) => String.raw`\p{Script_Extensions=${script}}`)
  .join('');
const BEFORE_MENTION = String.raw`(?<!(?![${SCRIPTS_WITHOUT_SPACES}\ufe0f\u20e3])[\p{L}\p{M}\p{N}]|[_@/+=])`;

// `@` and a username without spaces, but not inside a word, an email address or a URL. A mentioned username has
// letters of any script, digits and emoji, and can have `.` and `-` inside.
const MENTION = new RegExp(
  String.raw`${BEFORE_MENTION}@(?<username>(?:[\p{L}\p{M}\p{N}\p{Extended_Pictographic}\p{Emoji_Modifier}\p{Regional_Indicator}_\u200c\u200d]|[.-](?=[\p{L}\p{N}_]))+)`,
  'uy',
);

/** Splits a message into plain text, links and mentions, in their order. */
export function splitMessage(text: string): MessagePart[] {
  // Most messages have no link or mention, and the search for those takes ten times as long.
  const hasUrl = text.includes('://');
  if (!hasUrl && !text.includes('@')) return text === '' ? [] : [plainPart(text)];
  const parts = hasUrl
    ? text
        .split(URL_WITH_USER_INFO)
        .flatMap((part, index) => (index % 2 === 1 ? plainPart(part) : splitLinks(part)))
    : splitMentions(text);
  return parts.filter((part) => part.text !== '');
}

/** Lists the usernames that a message mentions, each once, in NFC. */
export function listMentions(text: string): string[] {
  const mentions = splitMessage(text).filter(({ isMention }) => isMention);
  return Array.from(new Set(mentions.map((part) => normalizeUsername(part.text.slice(1)))));
}

function splitLinks(text: string): MessagePart[] {
  const parts: MessagePart[] = [];
  let end = 0;
  for (const link of linkify.match(text) ?? []) {
    parts.push(...splitMentions(text.slice(end, link.index)));
    const isLink = !isStateChange(link.url) && !hasBidiControl(link.text);
    parts.push(
      isLink ? { text: link.text, href: link.url, isMention: false } : plainPart(link.text),
    );
    end = link.lastIndex;
  }
  return [...parts, ...splitMentions(text.slice(end))];
}

/** Returns whether a text has characters that set its direction. With those, a URL can appear as another URL. */
function hasBidiControl(text: string): boolean {
  return /\p{Bidi_Control}/u.test(text);
}

/**
 * Returns whether a URL ends like one of MiniTwit's that change state by GET. A click on such a link counts as
 * same-origin, so a message could make its readers follow a user.
 */
function isStateChange(url: string): boolean {
  try {
    return /\/(?:follow|unfollow|logout)\/?$/.test(decodeURI(new URL(url).pathname));
  } catch {
    // No route has a malformed path.
    return false;
  }
}

function splitMentions(text: string): MessagePart[] {
  const parts: MessagePart[] = [];
  let end = 0;
  for (const match of listMatches(text)) {
    const matchEnd = match.index + match[0].length;
    const username = parseUsername(match.groups?.username ?? '');
    // `@name@host` is a user of another site.
    const isUser = username !== null && text[matchEnd] !== '@';
    if (!isUser || ROUTE_NAMES.has(username.toLowerCase())) continue;
    parts.push(plainPart(text.slice(end, match.index)));
    parts.push({ text: match[0], href: `/${encodeURIComponent(username)}`, isMention: true });
    end = matchEnd;
  }
  return [...parts, plainPart(text.slice(end))];
}

/** Lists the matches of MENTION. It is tried at each `@` alone, because its first part is slow at any other character. */
function* listMatches(text: string): Generator<RegExpExecArray> {
  let at = text.indexOf('@');
  while (at !== -1) {
    MENTION.lastIndex = at;
    const match = MENTION.exec(text);
    if (match) yield match;
    at = text.indexOf('@', at + (match?.[0].length ?? 1));
  }
}

function plainPart(text: string): MessagePart {
  return { text, href: null, isMention: false };
}
