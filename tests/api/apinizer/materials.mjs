// Key material for the cases, drawn when the tests run: by node's crypto, which shares no code with the server.
import { createPrivateKey, generateKeyPairSync, randomBytes } from 'node:crypto';

const pem = (key, type) => key.export({ type, format: 'pem' });
const der = (key, type) => key.export({ type, format: 'der' });
export const base64 = (bytes) => Buffer.from(bytes).toString('base64');

function forms({ privateKey, publicKey }, own) {
    const pkcs8 = pem(privateKey, 'pkcs8'), spki = pem(publicKey, 'spki');
    return {
        privateKey, publicKey, pkcs8, spki,
        pkcs8Base64: base64(pkcs8), spkiBase64: base64(spki),
        own: own && pem(privateKey, own), ownDer: own && base64(der(privateKey, own)), ownPublic: own === 'pkcs1' && pem(publicKey, 'pkcs1'),
        pkcs8Der: base64(der(privateKey, 'pkcs8')), spkiDer: base64(der(publicKey, 'spki')),
        jwk: privateKey.export({ format: 'jwk' }), publicJwk: publicKey.export({ format: 'jwk' }),
    };
}

export const rsa = forms(generateKeyPairSync('rsa', { modulusLength: 2048 }), 'pkcs1');
export const rsa2 = forms(generateKeyPairSync('rsa', { modulusLength: 2048 }), 'pkcs1');
export const weak = forms(generateKeyPairSync('rsa', { modulusLength: 1024 }), 'pkcs1');
export const ec = forms(generateKeyPairSync('ec', { namedCurve: 'P-256' }), 'sec1');
export const ec2 = forms(generateKeyPairSync('ec', { namedCurve: 'P-256' }), 'sec1');
export const p521 = forms(generateKeyPairSync('ec', { namedCurve: 'P-521' }), 'sec1');
export const ed = forms(generateKeyPairSync('ed25519'));
export const brainpool = generateKeyPairSync('ec', { namedCurve: 'brainpoolP256r1' }).privateKey.export({ type: 'pkcs8', format: 'pem' });
export const explicit = generateKeyPairSync('ec', { namedCurve: 'P-256', paramEncoding: 'explicit' }).privateKey.export({ type: 'pkcs8', format: 'pem' });
export const encrypted = createPrivateKey(rsa.pkcs8).export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' });
export const secret = (bytes = 32) => base64(randomBytes(bytes));

/** What section 13 saw: the body of a PKCS#8 PEM without its lines, a blank every 64 characters. */
export const spaced = rsa.pkcs8.split('\n').filter((line) => line && !line.startsWith('-----')).join(' ');
/** What `certutil -encode` makes of a PEM file: base64 in lines of a certificate, CRLF. */
export const certutil = (text) => `-----BEGIN CERTIFICATE-----\r\n${base64(text).replace(/(.{64})/g, '$1\r\n')}\r\n-----END CERTIFICATE-----\r\n`;
/** The founding document's sample: letters that only base64url has, and no key. */
export const SAMPLE = 'base64-encoded-updated-key-content';
