/** What the image and user data tell Node: to name TypeScript in stack traces, and how much memory to use, in megabytes. */
export const NODE_OPTIONS =
  '--enable-source-maps --max-old-space-size=256 --max-semi-space-size=16';
