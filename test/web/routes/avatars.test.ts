import request from 'supertest';
import { expect, test } from 'vitest';
import { useMiniTwit } from '../../support/minitwit.ts';

const { app } = useMiniTwit();

test('a picture is SVG, and may be kept for ever', async () => {
  const response = await request(app).get('/avatars/Roger%20Histand');
  expect(response.status).toBe(200);
  expect(response.type).toBe('image/svg+xml');
  expect(response.headers['cache-control']).toBe('public, max-age=31536000, immutable');
  expect(response.headers['set-cookie']).toBeUndefined();
});

test('a name that nobody can have has none', async () => {
  expect((await request(app).get(`/avatars/${'x'.repeat(65)}`)).status).toBe(404);
});
