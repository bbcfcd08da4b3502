// ./dev bench [verify] [--keys N] [--rounds N] [--seconds S]: Ward beside nginx and HAProxy, server on one core and
// client on the other, interleaved rounds, medians and spread, every figure as a ratio to nginx `return 204` of the same
// rounds. Absolute figures of a shared machine mean little.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import http from 'node:http';

import { haproxy, load, machine, nginx204, nginxMap, ward } from './peers.mjs';

const option = (name, fallback) => { const at = process.argv.indexOf(`--${name}`); return at > 0 ? Number(process.argv[at + 1]) : fallback; };
const root = new URL('..', import.meta.url).pathname;
const program = join(root, 'build/ward');
const loadProgram = join(root, 'build/bench/load');
const count = option('keys', 100_000);
const rounds = option('rounds', 5);
const seconds = option('seconds', 3);
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const say = (text) => process.stderr.write(`${text}\n`);

/** Make keys through the surface, 64 at once, each with a limit that the run cannot reach. */
async function makeKeys(port, { accessKey, projectId }, wanted) {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
    const body = JSON.stringify({ name: 'bench', projectId, customUserId: 'user', rateLimitConfigs: { rateLimit: 1_000_000_000, rateLimitTtl: 86_400 } });
    const one = () => new Promise((resolve, reject) => {
        const call = http.request({ agent, host: '127.0.0.1', port, method: 'POST', path: '/api-keys', headers: { 'x-api-key': accessKey, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) } }, (answer) => {
            let text = '';
            answer.on('data', (part) => { text += part; });
            answer.on('end', () => (answer.statusCode === 201 ? resolve(JSON.parse(text).key) : reject(new Error(text))));
        });
        call.on('error', reject);
        call.end(body);
    });
    const keys = [];
    let started = 0;
    const worker = async () => { while (started < wanted) { started += 1; keys.push(await one()); if (keys.length % 10_000 === 0) say(`  ${keys.length} of ${wanted} keys made`); } };
    const begin = Date.now();
    await Promise.all(Array.from({ length: 64 }, worker));
    say(`  ${Math.round(wanted / ((Date.now() - begin) / 1000))} durable creates/s, 64 clients`);
    agent.destroy();
    return keys;
}

const directory = mkdtempSync(join(tmpdir(), 'ward-bench-'));
const file = (name, text) => { const path = join(directory, name); writeFileSync(path, text); return path; };
const peers = [];
try {
    const data = join(directory, 'data');
    const credentials = JSON.parse(execFileSync(program, ['init', '--data', data, '--output', 'json'], { encoding: 'utf8' }));
    const server = await ward(program, data, directory);
    peers.push(server);
    say(`making ${count} keys`);
    const keys = await makeKeys(server.addresses.tcp, credentials, count);
    const keysFile = file('keys', `${keys.join('\n')}\n`);
    const authorize = file('authorize', 'GET /v1/authorize HTTP/1.1\r\nHost: x\r\nx-api-key: %K\r\n\r\n');
    const authenticate = file('authenticate', `POST /api-keys/auth/%K HTTP/1.1\r\nHost: x\r\nx-api-key: ${credentials.accessKey}\r\nContent-Length: 0\r\n\r\n`);
    const plain = file('plain', 'GET / HTTP/1.1\r\nHost: x\r\nx-api-key: live_0123456789012345678901234567890123456789012345678901234567890123\r\n\r\n');
    say('noting the first use of every key');
    await load(server, { connect: server.addresses.tcp, request: authenticate, keys: keysFile, seconds: Math.min(60, Math.max(2, count / 3000)), loadProgram });
    const base = await nginx204(directory); peers.push(base);
    const map = await nginxMap(directory, keys); peers.push(map);
    const proxy = await haproxy(directory, keys); peers.push(proxy);
    const common = { keys: keysFile, unknown: 0.05, seconds, loadProgram };
    const cases = [
        ['nginx return 204', base, { ...common, connect: base.port, request: plain, keys: undefined, unknown: 0 }],
        ['ward authorize, TCP', server, { ...common, connect: server.addresses.verify, request: authorize }],
        ['ward authorize, unix socket', server, { ...common, connect: `unix:${server.socket}`, request: authorize }],
        ['ward authenticate, JSON, TCP', server, { ...common, connect: server.addresses.tcp, request: authenticate }],
        ['nginx map + limit_req', map, { ...common, connect: map.port, request: authorize }],
        ['HAProxy map of hashes + stick table', proxy, { ...common, connect: proxy.port, request: authorize }],
    ];
    const results = cases.map(() => []);
    for (let round = 0; round < rounds; round += 1) {
        for (const [index, [name, peer, options]] of cases.entries()) {
            results[index].push(await load(peer, { ...options, seed: round * 100 + index + 1 }));
            say(`  round ${round + 1} ${name}: ${Math.round(results[index].at(-1).rps)} requests/s`);
        }
    }
    const { cpu, kernel, commit } = machine();
    console.log(`# verify: ${count} keys with a limit each, uniform, 5 % unknown, 48 connections, ${rounds} rounds of ${seconds} s\n# commit ${commit}, ${cpu}, Linux ${kernel}, server core 0, client core 1\n`);
    console.log('| case | requests/s (min-max, k) | ratio to nginx 204 | CPU us a request | CPU ratio | p50 us | p99 us | statuses |\n|---|---|---|---|---|---|---|---|');
    const k = (value) => (value / 1000).toFixed(1);
    for (const [index, [name]] of cases.entries()) {
        const rows = results[index];
        const ratio = median(rows.map((row, round) => row.rps / results[0][round].rps));
        const cost = median(rows.map((row, round) => row.cpu_us / results[0][round].cpu_us));
        const rps = rows.map((row) => row.rps);
        console.log(`| ${name} | ${k(median(rps))} (${k(Math.min(...rps))}-${k(Math.max(...rps))}) | ${ratio.toFixed(2)} | ${median(rows.map((r) => r.cpu_us)).toFixed(2)} | ${cost.toFixed(2)} | ${median(rows.map((r) => r.p50_us)).toFixed(0)} | ${median(rows.map((r) => r.p99_us)).toFixed(0)} | ${Object.keys(rows[0].statuses).join(' ')} |`);
    }
} finally {
    for (const peer of peers) await peer.stop();
    rmSync(directory, { recursive: true, force: true });
}
