import express from 'express';

// The reference: Express with a handler that does nothing.
const app = express();
app.disable('x-powered-by');
app.get('/', (_req, res) => {
  res.send('hello');
});
app.get('/healthz', (_req, res) => {
  res.send('ok');
});
app.listen(Number(process.env.PORT), '127.0.0.1');
