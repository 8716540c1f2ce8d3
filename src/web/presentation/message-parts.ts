import { LinkifyIt } from 'linkify-it';
import { ROUTE_NAMES } from '../forms/reserved-names.ts';
import { parseUsername } from '../forms/username.ts';

/** A piece of a message: plain text, or text that leads somewhere. None of it is HTML. */
export interface MessagePart {
  text: string;
  /** An http(s) address, or the path of a user's page; null for plain text. */
  href: string | null;
  isMention: boolean;
}

// Only addresses that say http:// or https:// themselves.
const linkify = new LinkifyIt({ fuzzyLink: false, fuzzyEmail: false })
  .add('ftp:', null)
  .add('//', null)
  .add('mailto:', null);

// An address with user info, to its next space: `https://bank.example@evil.example/`. A reader takes it for another
// address than a browser does.
const addressWithUserInfo = /(https?:\/\/[^\s/?#\\<>"]*@\S*)/i;

// Scripts without spaces between words, where a name follows a word at once; and what ends an emoji.
const spaceless = ['Han', 'Hira', 'Kana', 'Bopo', 'Thai', 'Laoo', 'Khmr', 'Mymr', 'Tibt']
  .map((script) => String.raw`\p{Script_Extensions=${script}}`)
  .join('');
const beforeMention = String.raw`(?<!(?![${spaceless}\ufe0f\u20e3])[\p{L}\p{M}\p{N}]|[_@/+=])`;

// `@` and a name without spaces, but not inside a word, as in an email address, or an address. A name may have
// letters of any script, digits, emoji and, inside, `.` and `-`.
const mention = new RegExp(
  String.raw`${beforeMention}@(?<username>(?:[\p{L}\p{M}\p{N}\p{Extended_Pictographic}\p{Emoji_Modifier}\p{Regional_Indicator}_\u200c\u200d]|[.-](?=[\p{L}\p{N}_]))+)`,
  'gu',
);

/** Splits a message, in order, into plain text, links and mentions of users. */
export function splitMessage(text: string): MessagePart[] {
  // what most messages are: to look closer takes ten times as long
  if (!text.includes('://') && !text.includes('@')) return text === '' ? [] : [plain(text)];
  return text
    .split(addressWithUserInfo)
    .flatMap((piece, index) => (index % 2 === 1 ? plain(piece) : splitLinks(piece)))
    .filter((part) => part.text !== '');
}

function splitLinks(text: string): MessagePart[] {
  const parts: MessagePart[] = [];
  let end = 0;
  for (const link of linkify.match(text) ?? []) {
    parts.push(...splitMentions(text.slice(end, link.index)));
    const isLink = !changesState(link.url) && !turnsText(link.text);
    parts.push(isLink ? { text: link.text, href: link.url, isMention: false } : plain(link.text));
    end = link.lastIndex;
  }
  return [...parts, ...splitMentions(text.slice(end))];
}

/** Returns whether a text has characters that set its direction, so that an address would look like another. */
function turnsText(text: string): boolean {
  return /\p{Bidi_Control}/u.test(text);
}

/**
 * Tells whether an address ends like one of MiniTwit's that change state by GET. A click on our own
 * page counts as same-origin, so that a link to one could make its readers follow somebody.
 */
function changesState(url: string): boolean {
  try {
    return /\/(?:follow|unfollow|logout)\/?$/.test(decodeURI(new URL(url).pathname));
  } catch {
    // no address, or malformed: it leads to no route
    return false;
  }
}

function splitMentions(text: string): MessagePart[] {
  const parts: MessagePart[] = [];
  let end = 0;
  for (const match of text.matchAll(mention)) {
    const matchEnd = match.index + match[0].length;
    const username = parseUsername(match.groups?.username ?? '');
    // `@name@host` is a user of another site.
    const isUser = username !== null && text[matchEnd] !== '@';
    if (!isUser || ROUTE_NAMES.has(username.toLowerCase())) continue;
    parts.push(plain(text.slice(end, match.index)));
    parts.push({ text: match[0], href: `/${encodeURIComponent(username)}`, isMention: true });
    end = matchEnd;
  }
  return [...parts, plain(text.slice(end))];
}

function plain(text: string): MessagePart {
  return { text, href: null, isMention: false };
}
