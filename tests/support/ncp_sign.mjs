// A client of NCP's signed calls that shares no code with the server: the openssl command line hashes, curl sends.
//
// HMAC-SHA-256 is put together from two plain digests (RFC 2104): openssl takes an HMAC key as an argument only, and an
// argument can be read by everybody on the machine. What is secret goes through standard input.
import { execFile, execFileSync } from 'node:child_process';

const BLOCK = 64;
const digest = (bytes) => execFileSync('openssl', ['dgst', '-sha256', '-binary'], { input: bytes });
const padded = (key, pad) => Buffer.from(Buffer.concat([key, Buffer.alloc(BLOCK - key.length)]).map((byte) => byte ^ pad));

export function hmac(secret, message) {
    let key = Buffer.from(secret);
    if (key.length > BLOCK) key = digest(key);
    return digest(Buffer.concat([padded(key, 0x5c), digest(Buffer.concat([padded(key, 0x36), Buffer.from(message)]))]));
}

/** The signature of a call: contracts/ncp.md 3. target is what stands on the request line, byte for byte. */
export function sign({ accessKey, secretKey }, method, target, timestamp) {
    return hmac(secretKey, `${method} ${target}\n${timestamp}\n${accessKey}`).toString('base64');
}

/** The three headers of a signed call. */
export function signed(iam, method, target, timestamp) {
    return {
        'x-ncp-apigw-timestamp': String(timestamp),
        'x-ncp-iam-access-key': iam.accessKey,
        'x-ncp-apigw-signature-v2': sign(iam, method, target, timestamp),
    };
}

function parse(text) {
    const end = text.indexOf('\r\n\r\n');
    const [first, ...lines] = text.slice(0, end).toString('latin1').split('\r\n');
    const headers = {};
    for (const line of lines) headers[line.slice(0, line.indexOf(':')).toLowerCase()] = line.slice(line.indexOf(':') + 1).trim();
    const body = text.slice(end + 4).toString('utf8');
    let parsed;
    try { parsed = JSON.parse(body); } catch { parsed = undefined; }
    const [, status, reason] = first.match(/^HTTP\/1\.1 (\d{3}) ?(.*)$/);
    return { status: Number(status), reason, headers, text: body, body: parsed };
}

/** Send one call with curl. headers: an object, or a list of [name, value] where one is sent twice. body: text or Buffer. */
export function send(url, method, target, { headers = {}, body } = {}) {
    const pairs = Array.isArray(headers) ? headers : Object.entries(headers);
    // The last two: curl must neither wait for "100 Continue" nor say that a body is a form.
    const args = ['-sS', '-i', '--http1.1', '--path-as-is', '--globoff', '--max-time', '60', '--noproxy', '*', '-X', method, '-H', 'Expect:',
        ...(pairs.some(([name]) => name.toLowerCase() === 'content-type') ? [] : ['-H', 'Content-Type:']),
        ...pairs.flatMap(([name, value]) => ['-H', value === '' ? `${name};` : `${name}: ${value}`])];
    if (body !== undefined) args.push('--data-binary', '@-');
    return new Promise((resolve, reject) => {
        const child = execFile('curl', [...args, url + target], { encoding: 'buffer', maxBuffer: 1 << 26 }, (error, out) => {
            if (error) reject(new Error(`curl: ${error.message.split('\n').at(-2) ?? error.message}`));
            else resolve(parse(out));
        });
        child.stdin.on('error', () => {}); // an answer may come before the body was taken
        child.stdin.end(body ?? '');
    });
}

/** One signed call. now: the server's time in ms. */
export function call(url, iam, method, target, { now, headers = {}, body } = {}) {
    const all = { ...signed(iam, method, target, now), ...headers };
    if (body !== undefined && !('content-type' in all)) all['content-type'] = 'application/json';
    return send(url, method, target, { headers: all, body });
}
