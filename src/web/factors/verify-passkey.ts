import type { Passkey, PasskeyUse, NewPasskey } from '../../repositories/passkeys.ts';
import type { CreatedCredential, UsedCredential } from '../forms/passkey.ts';
import type { Site } from '../middleware/request-hosts.ts';
import { PASSKEY_ALGORITHMS } from './passkey-options.ts';

/**
 * Verifies a created passkey: its challenge, the site for which the browser has created it, and that the authenticator
 * has verified the user. Returns null if one of them is wrong.
 */
export async function verifyCreatedPasskey(
  credential: CreatedCredential,
  site: Site,
  isChallenge: (challenge: string) => boolean,
): Promise<Omit<NewPasskey, 'name'> | null> {
  // The library needs 26 MB of memory, and most processes never verify a passkey.
  const { verifyRegistrationResponse } = await import('@simplewebauthn/server');
  const { decodeAttestationObject, isoBase64URL } = await import('@simplewebauthn/server/helpers');
  const { attestationObject, transports } = credential.response;
  try {
    const attestation = decodeAttestationObject(isoBase64URL.toBuffer(attestationObject));
    // MiniTwit requests no statement about the authenticator. The library would verify one, and could request addresses
    // that a client has chosen.
    if (attestation.get('fmt') !== 'none') return null;
    const { registrationInfo } = await verifyRegistrationResponse({
      response: { ...credential, clientExtensionResults: {} },
      expectedChallenge: isChallenge,
      expectedOrigin: listOrigins(site),
      expectedRPID: site.hostname,
      requireUserVerification: true,
      supportedAlgorithmIDs: PASSKEY_ALGORITHMS,
    });
    if (!registrationInfo) return null;
    const { id, publicKey, counter } = registrationInfo.credential;
    return { credentialId: id, publicKey: Buffer.from(publicKey), counter, transports };
  } catch {
    return null;
  }
}

/**
 * Verifies a login with a passkey: the signature, the challenge, the site, and that the authenticator has verified the
 * user. Returns null if one of them is wrong, or if the counter has not increased.
 */
export async function verifyUsedPasskey(
  credential: UsedCredential,
  { credentialId, publicKey, counter }: Passkey,
  site: Site,
  findChallengeMs: (challenge: string) => number | null,
): Promise<PasskeyUse | null> {
  const { verifyAuthenticationResponse } = await import('@simplewebauthn/server');
  let challengeMs: number | null = null;
  try {
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response: { ...credential, clientExtensionResults: {} },
      expectedChallenge: (challenge) => {
        challengeMs = findChallengeMs(challenge);
        return challengeMs !== null;
      },
      expectedOrigin: listOrigins(site),
      expectedRPID: site.hostname,
      credential: { id: credentialId, publicKey: new Uint8Array(publicKey), counter },
      requireUserVerification: true,
    });
    if (!verified || challengeMs === null) return null;
    return { credentialId, counter: authenticationInfo.newCounter, challengeMs };
  } catch {
    return null;
  }
}

/**
 * Lists the origins of a site. A proxy may not forward the scheme, and it need not be checked: browsers offer passkeys
 * only over https, and to pages of the same machine.
 */
function listOrigins({ host }: Site): string[] {
  return [`https://${host}`, `http://${host}`];
}
