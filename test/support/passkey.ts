import {
  createHash,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign as signBytes,
} from 'node:crypto';

/** The answers of an authenticator and a browser. A test replaces some of them. */
export interface PasskeyAnswer {
  origin: string;
  rpId: string;
  counter: number;
  isUserVerified: boolean;
  /** The format of the attestation. */
  format: string;
}

interface Options {
  challenge: string;
}

/** A passkey in memory, with the key and the counter of an authenticator. */
export class SoftwarePasskey {
  readonly #answer: PasskeyAnswer;
  readonly #publicKey: KeyObject;
  readonly #privateKey: KeyObject;
  readonly id = randomBytes(32);

  /** @param host the host of the site, with its port */
  constructor(host: string) {
    const [rpId = ''] = host.split(':');
    this.#answer = {
      origin: `http://${host}`,
      rpId,
      counter: 0,
      isUserVerified: true,
      format: 'none',
    };
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.#publicKey = publicKey;
    this.#privateKey = privateKey;
  }

  /** Returns the JSON of a created passkey. */
  create({ challenge }: Options, change: Partial<PasskeyAnswer> = {}): string {
    const answer = { ...this.#answer, ...change };
    const { x = '', y = '' } = this.#publicKey.export({ format: 'jwk' });
    // In CBOR: kty EC2, alg ES256, crv P-256, x and y.
    const coseKey = Buffer.concat([
      Buffer.from('a5010203262001215820', 'hex'),
      Buffer.from(x, 'base64url'),
      Buffer.from('225820', 'hex'),
      Buffer.from(y, 'base64url'),
    ]);
    const idLength = Buffer.from([0, this.id.length]);
    const credential = Buffer.concat([Buffer.alloc(16), idLength, this.id, coseKey]);
    const authData = Buffer.concat([authenticatorData(answer, 0x40), credential]);
    const clientData = clientDataJson('webauthn.create', challenge, answer);
    const statement = answer.format === 'packed' ? this.#attest(authData, clientData) : [0xa0];
    const attestationObject = Buffer.concat([
      Buffer.from([0xa3, 0x63]),
      Buffer.from('fmt'),
      Buffer.from([0x60 + answer.format.length]),
      Buffer.from(answer.format),
      Buffer.from([0x67]),
      Buffer.from('attStmt'),
      Buffer.from(statement),
      Buffer.from([0x68]),
      Buffer.from('authData'),
      Buffer.from([0x58, authData.length]),
      authData,
    ]);
    return this.#toJson({
      clientDataJSON: clientData.toString('base64url'),
      attestationObject: attestationObject.toString('base64url'),
      transports: ['internal', 'hybrid', 'a transport of the future'],
    });
  }

  /** Returns the JSON of a login. */
  use({ challenge }: Options, change: Partial<PasskeyAnswer> = {}): string {
    const answer = { ...this.#answer, ...change };
    const authData = authenticatorData(answer, 0);
    const clientData = clientDataJson('webauthn.get', challenge, answer);
    return this.#toJson({
      clientDataJSON: clientData.toString('base64url'),
      authenticatorData: authData.toString('base64url'),
      signature: this.#sign(authData, clientData).toString('base64url'),
    });
  }

  #sign(authData: Buffer, clientData: Buffer): Buffer {
    const signed = Buffer.concat([authData, createHash('sha256').update(clientData).digest()]);
    return signBytes('sha256', signed, this.#privateKey);
  }

  /** Returns the valid attestation statement of an authenticator without a certificate, in CBOR. */
  #attest(authData: Buffer, clientData: Buffer): Buffer {
    const signature = this.#sign(authData, clientData);
    const head = Buffer.from('a263616c672663736967', 'hex');
    return Buffer.concat([head, Buffer.from([0x58, signature.length]), signature]);
  }

  #toJson(response: object): string {
    const id = this.id.toString('base64url');
    return JSON.stringify({
      id,
      rawId: id,
      type: 'public-key',
      response,
      clientExtensionResults: {},
    });
  }
}

function authenticatorData(
  { rpId, isUserVerified, counter }: PasskeyAnswer,
  flags: number,
): Buffer {
  const count = Buffer.alloc(4);
  count.writeUInt32BE(counter);
  const presence = 0x01 | (isUserVerified ? 0x04 : 0);
  return Buffer.concat([
    createHash('sha256').update(rpId).digest(),
    Buffer.from([flags | presence]),
    count,
  ]);
}

function clientDataJson(type: string, challenge: string, { origin }: PasskeyAnswer): Buffer {
  return Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: false }));
}
