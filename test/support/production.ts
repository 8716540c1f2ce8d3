/** Node's options in the image and in user data: source maps, and limits on memory in megabytes. */
export const NODE_OPTIONS = '--enable-source-maps --max-old-space-size=256 --max-semi-space-size=4';
