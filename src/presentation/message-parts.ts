import { LinkifyIt } from 'linkify-it';
import { normalizeUsername, RESERVED_NAMES } from '../forms/username.ts';

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

// `@` and a name without spaces, but not inside a word, as in an email address. A name may have
// letters of any script, digits, emoji and, inside, `.` and `-`.
const mention =
  /(?<![\p{L}\p{M}\p{N}_@/.+-])@(?<username>(?:[\p{L}\p{M}\p{N}\p{Extended_Pictographic}\p{Emoji_Modifier}\p{Regional_Indicator}_\u200c\u200d]|[.-](?=[\p{L}\p{N}_]))+)/gu;

/** Splits a message, in order, into plain text, links and mentions of users. */
export function splitMessage(text: string): MessagePart[] {
  // what most messages are: to look closer takes ten times as long
  if (!text.includes('://') && !text.includes('@')) return text === '' ? [] : [plain(text)];
  const links = (linkify.match(text) ?? []).filter(({ url }) => !changesState(url));
  const parts: MessagePart[] = [];
  let end = 0;
  for (const link of links) {
    parts.push(...splitMentions(text.slice(end, link.index)));
    parts.push({ text: link.text, href: link.url, isMention: false });
    end = link.lastIndex;
  }
  return [...parts, ...splitMentions(text.slice(end))];
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
    const username = normalizeUsername(match.groups?.username ?? '');
    if (RESERVED_NAMES.has(username.toLowerCase())) continue;
    parts.push(plain(text.slice(end, match.index)));
    parts.push({ text: match[0], href: `/${encodeURIComponent(username)}`, isMention: true });
    end = match.index + match[0].length;
  }
  return [...parts, plain(text.slice(end))].filter((part) => part.text !== '');
}

function plain(text: string): MessagePart {
  return { text, href: null, isMention: false };
}
