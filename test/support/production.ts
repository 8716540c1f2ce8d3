/** How the image and user data tell Node to run the server: for how much memory, in megabytes. */
export const NODE_OPTIONS = '--max-old-space-size=256 --max-semi-space-size=16';
