/** The first segments of paths that are no user's page, in lower case. A mention of such a name is no link. */
export const ROUTE_NAMES: ReadonlySet<string> = new Set([
  '.',
  '..',
  '.well-known',
  'add_message',
  'avatars',
  'confirm_email',
  'delete_message',
  'favicon.ico',
  'forgot_password',
  'healthz',
  'login',
  'logout',
  'metrics',
  'moderation',
  'outbox',
  'public',
  'readyz',
  'register',
  'report',
  'reset_password',
  'robots.txt',
  'settings',
  'static',
]);

// Paths that later versions may need, and paths that browsers and crawlers request from every site.
const LATER_ROUTES = `
  about account accounts admin api apple-touch-icon.png auth bookmarks contact docs explore export feed fllws
  followers following help humans.txt inbox invite latest lists me mentions messages msgs notifications
  oauth password passwords post posts preferences privacy profile reports reset rss rules search security
  security.txt sessions signin signout signup sitemap.xml status support tag tags terms timeline trending
  user users verify`;

// Names that readers would mistake for the operators of the site, or for no user.
const OFFICIAL_NAMES = `
  administrator minitwit mod moderator null official root staff system undefined webmaster`;

/**
 * Names that cannot be registered, in lower case. A user who registered such a name before it was reserved can log
 * in, and has a page unless a route has its path.
 */
export const RESERVED_NAMES: ReadonlySet<string> = new Set([
  ...ROUTE_NAMES,
  ...LATER_ROUTES.trim().split(/\s+/),
  ...OFFICIAL_NAMES.trim().split(/\s+/),
]);
