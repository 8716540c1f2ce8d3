import express from 'express';

// The floor: what Express costs without doing anything.
const app = express();
app.disable('x-powered-by');
app.get('/', (_req, res) => {
  res.send('hello');
});
app.get('/healthz', (_req, res) => {
  res.send('ok');
});
app.listen(Number(process.env.PORT), '127.0.0.1');
