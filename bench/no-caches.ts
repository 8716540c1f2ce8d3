import { LRUCache } from 'lru-cache';

// Node loads this module before the server (`--import`), to measure pages that no cache has. The caches of pages and of
// messages are then empty at each request, with any number of users. All caches with a maximal size in bytes are off: these
// two, and that of verified cookies, which these requests do not have. The others work as usual.
// oxlint-disable-next-line typescript/unbound-method
const { get, set } = LRUCache.prototype;

LRUCache.prototype.get = function (key, options) {
  return this.maxSize > 0 ? undefined : get.call(this, key, options);
};

LRUCache.prototype.set = function (key, value, options) {
  return this.maxSize > 0 ? this : set.call(this, key, value, options);
};
