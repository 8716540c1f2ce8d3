import { domainToASCII } from 'node:url';
import { OperatorError } from '../../errors/operator-error.ts';

const DOMAIN = /^(?=.{1,64}$)([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]([a-z0-9-]*[a-z0-9])?$/;

/**
 * Asserts that a text is the name of a domain as AWS stores it: lower case, ASCII, without a dot at the end, and at
 * most 64 characters, the limit of a certificate's name.
 * @throws OperatorError with the correct name, if it can be derived
 */
export function assertDomainName(text: string): void {
  if (DOMAIN.test(text)) return;
  const near = domainToASCII(text.replace(/^https?:\/\//i, '').replace(/[/.]+$/, ''));
  const hint = DOMAIN.test(near)
    ? `Set Domain=${near}.`
    : 'It must be a name such as minitwit.example.com, of at most 64 characters.';
  throw new OperatorError(`Domain cannot be ${JSON.stringify(text)}. ${hint}`);
}
