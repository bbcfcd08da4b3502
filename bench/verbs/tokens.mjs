// What a token costs: JWTs verified by /v1/authorize, against what openssl's own loop gives for the signature alone, on the same core.
import { execFile } from 'node:child_process';
import { createPrivateKey, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import http from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { copied, requests, seeded } from '../data.mjs';
import { busyOf, interleave, ratios, shown, spread, statusesOf, table } from '../measure.mjs';
import { SERVER_CORE, load, ward } from '../peers.mjs';

export const about = 'JWTs on /v1/authorize against openssl speed for the signature alone (3 minutes)';

const ALGORITHMS = [
    { name: 'RS256', openssl: 'rsa2048', line: /^rsa 2048 bits .* ([\d.]+)\s*$/m, digest: 'sha256', make: () => generateKeyPairSync('rsa', { modulusLength: 2048 }) },
    { name: 'ES256', openssl: 'ecdsap256', line: /nistp256\).* ([\d.]+)\s*$/m, digest: 'sha256', dsaEncoding: 'ieee-p1363', make: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }) },
];
const OFTEN = 1_000; // tokens that are presented again and again
const ONCE = 20_000; // so many that few are remembered

function call(door, method, path, headers, body) {
    return new Promise((resolve, reject) => {
        const text = body === undefined ? undefined : JSON.stringify(body);
        const request = http.request({ ...door, method, path, agent: false, headers: { ...headers, ...(text && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }) } }, (answer) => {
            let read = '';
            answer.on('data', (part) => { read += part; });
            answer.on('end', () => (answer.statusCode < 300 ? resolve(JSON.parse(read)) : reject(new Error(`${path}: ${answer.statusCode} ${read}`))));
        });
        request.on('error', reject);
        request.end(text);
    });
}

const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

function tokens(algorithm, key, kid, count) {
    const head = encode({ alg: algorithm.name, typ: 'JWT', kid });
    const exp = Math.floor(Date.now() / 1000) + 3600;
    const made = [];
    for (let n = 0; n < count; n += 1) {
        const input = `${head}.${encode({ iss: 'https://issuer.example', sub: `user-${n}`, iat: exp - 3600, exp, jti: randomUUID() })}`;
        made.push(`${input}.${sign(algorithm.digest, Buffer.from(input), { key, dsaEncoding: algorithm.dsaEncoding }).toString('base64url')}`);
    }
    return made;
}

async function opensslVerifications(algorithm, seconds) {
    const { stdout } = await promisify(execFile)('taskset', ['-c', SERVER_CORE, 'openssl', 'speed', '-seconds', `${seconds}`, algorithm.openssl]);
    return Number(stdout.match(algorithm.line)[1]);
}

export async function run(context) {
    const { rounds, seconds, say } = context;
    const source = copied(context, seeded(context, 1000));
    const { file } = requests(context, source);
    const server = await ward(context.program, source.data, context.directory);
    const control = { socketPath: join(source.data, 'ward.sock') }, door = { port: server.addresses.tcp };
    const { value: token } = await call(control, 'POST', '/v1/credentials', {}, { kind: 'token', role: 'admin', name: 'bench', projectId: source.projectId });
    const project = (await call(door, 'GET', '/apiops/projects/', { authorization: `Bearer ${token}` })).resultList[0];
    const authorize = file('token', `GET /v1/authorize HTTP/1.1\r\nHost: x\r\nward-project: ${source.projectId}\r\nward-environment: production\r\nauthorization: Bearer %K\r\n\r\n`);
    const cases = [];
    for (const algorithm of ALGORITHMS) {
        say(`signing ${OFTEN + ONCE} tokens with ${algorithm.name}`);
        const { privateKey } = algorithm.make();
        const jwk = { ...privateKey.export({ format: 'jwk' }), kid: algorithm.name, alg: algorithm.name, use: 'sig' };
        await call(door, 'POST', `/apiops/projects/${encodeURIComponent(project.name)}/jwks/`, { authorization: `Bearer ${token}` }, { name: algorithm.name, sourceType: 'COPY_PASTE', jwkStr: JSON.stringify(jwk) });
        const key = createPrivateKey({ key: jwk, format: 'jwk' });
        const often = file(`${algorithm.name}-often`, `${tokens(algorithm, key, algorithm.name, OFTEN).join('\n')}\n`);
        const once = file(`${algorithm.name}-once`, `${tokens(algorithm, key, algorithm.name, ONCE).join('\n')}\n`);
        const drive = (connect, keys) => (round) => load(context.loadProgram, server, { connect, request: authorize, keys, seconds, seed: round + 1 });
        cases.push(
            { name: `${algorithm.name}, openssl speed`, run: async () => { const rps = await opensslVerifications(algorithm, seconds); return { rps, text: `${Math.round(rps)} verifications/s` }; } },
            { name: `${algorithm.name}, unix socket, ${OFTEN} tokens again and again`, run: drive(`unix:${server.socket}`, often) },
            { name: `${algorithm.name}, unix socket, ${ONCE} tokens`, run: drive(`unix:${server.socket}`, once) },
            { name: `${algorithm.name}, TCP, ${OFTEN} tokens again and again`, run: drive(server.addresses.verify, often) },
        );
    }
    const results = await interleave(cases, rounds, say);
    const rps = results.map((runs) => runs.map((one) => one.rps));
    const rows = cases.map(({ name }, index) => {
        const own = index - index % 4;
        const runs = results[index];
        const isWard = index !== own;
        return [name, shown(spread(rps[index]), 0), isWard ? shown(ratios(rps[index], rps[own])) : '1', isWard ? spread(runs.map((one) => one.cpu_us)).value.toFixed(1) : '', isWard ? busyOf(runs) : '', isWard ? statusesOf(name, runs, [200]) : ''];
    });
    return {
        title: 'Tokens',
        ran: `JWTs of one deployed JWK on \`/v1/authorize\`, 48 connections, against \`openssl speed\` for one verification of that algorithm on the server's core in the same rounds; ${rounds} interleaved rounds of ${seconds} s. A signature that was found good is remembered by its thread: of ${OFTEN} tokens all are, of ${ONCE} few.`,
        text: table(['case', 'verifications/s (min–max)', 'of openssl', 'CPU µs', 'busy: server / client', 'statuses'], rows),
        figures: { rs256: ratios(rps[1], rps[0]), es256: ratios(rps[5], rps[4]), rs256_once: ratios(rps[2], rps[0]), es256_once: ratios(rps[6], rps[4]) },
    };
}
