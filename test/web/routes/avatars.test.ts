import request from 'supertest';
import { expect, test } from 'vitest';
import { useMiniTwit } from '../../support/minitwit.ts';

const { app } = useMiniTwit();

test('returns an SVG that caches can store for a year', async () => {
  const response = await request(app).get('/avatars/Roger%20Histand');
  expect(response.status).toBe(200);
  expect(response.type).toBe('image/svg+xml');
  expect(response.headers['cache-control']).toBe('public, max-age=31536000, immutable');
  expect(response.headers['set-cookie']).toBeUndefined();
});

test('returns 404 for a username that is too long', async () => {
  expect((await request(app).get(`/avatars/${'x'.repeat(65)}`)).status).toBe(404);
});
