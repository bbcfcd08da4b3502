// What a signature costs: management calls of NCP's surface, signed, against the same of The Auth API with an access key.
import { createHmac } from 'node:crypto';
import http from 'node:http';
import { join } from 'node:path';

import { copied, requests, seeded } from '../data.mjs';
import { busyOf, interleave, ratios, shown, spread, statusesOf, table } from '../measure.mjs';
import { load, ward } from '../peers.mjs';

export const about = 'signed management calls/s against unsigned ones (2 minutes)';

function ask(options, body) {
    return new Promise((resolve, reject) => {
        const call = http.request({ agent: false, ...options, headers: { ...options.headers, ...(body && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }) } }, (answer) => {
            let text = '';
            answer.on('data', (part) => { text += part; });
            answer.on('end', () => (answer.statusCode < 300 ? resolve(JSON.parse(text)) : reject(new Error(`${options.path}: ${answer.statusCode} ${text}`))));
        });
        call.on('error', reject);
        call.end(body);
    });
}

export async function run(context) {
    const { rounds, seconds, say } = context;
    const source = copied(context, seeded(context, 1000));
    const { file, create } = requests(context, source);
    const server = await ward(context.program, source.data, context.directory);
    const port = server.addresses.tcp;
    const pair = await ask({ socketPath: join(source.data, 'ward.sock'), method: 'POST', path: '/v1/credentials' }, JSON.stringify({ kind: 'iam', role: 'admin', name: 'bench', projectId: source.projectId }));

    // A signature holds for five minutes and may be used again: a round's requests are all signed at its start.
    const headers = (method, target) => {
        const at = Date.now();
        const signature = createHmac('sha256', pair.value).update(`${method} ${target}\n${at}\n${pair.publicId}`).digest('base64');
        return `x-ncp-apigw-timestamp: ${at}\r\nx-ncp-iam-access-key: ${pair.publicId}\r\nx-ncp-apigw-signature-v2: ${signature}\r\n`;
    };
    const signed = (name, method, target, body) => file(name, `${method} ${target} HTTP/1.1\r\nHost: x\r\n${headers(method, target)}${body ? `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body.replaceAll('%N', '00000000'))}\r\n` : ''}\r\n${body ?? ''}`);
    const listed = await ask({ port, path: '/api/v1/api-keys?limit=1', headers: Object.fromEntries(headers('GET', '/api/v1/api-keys?limit=1').trim().split('\r\n').map((line) => line.split(': '))) });
    const target = `/api/v1/api-keys/${listed.apiKeys[0].apiKeyId}`;
    const value = (await ask({ port, path: target, headers: Object.fromEntries(headers('GET', target).trim().split('\r\n').map((line) => line.split(': '))) })).primaryKey;
    const read = file('read', `GET /api-keys/${value} HTTP/1.1\r\nHost: x\r\nx-api-key: ${source.accessKey}\r\n\r\n`);

    const renamed = '{"name":"bench %N"}';
    const edit = file('edit', `PATCH /api-keys/${value} HTTP/1.1\r\nHost: x\r\nx-api-key: ${source.accessKey}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(renamed.replaceAll('%N', '00000000'))}\r\n\r\n${renamed}`);

    let number = 0;
    const drive = (request, connections) => (round) => {
        number += 1_000_000;
        return load(context.loadProgram, server, { connect: port, request: request(), connections, seconds, number, seed: round + 1 });
    };
    const cases = [
        { name: 'read a key, access key', run: drive(() => read, 48) },
        { name: 'read a key, signed', run: drive(() => signed('signed-read', 'GET', target), 48) },
        { name: 'edit a key, access key', run: drive(() => edit, 64) },
        { name: 'edit a key, signed', run: drive(() => signed('signed-edit', 'PUT', target, '{"isEnabled":true,"apiKeyDescription":"","apiKeyName":"bench %N"}'), 64) },
        { name: 'create a key, access key', run: drive(() => create, 64) },
        { name: 'create a key with two values, signed', run: drive(() => signed('signed-create', 'POST', '/api/v1/api-keys', '{"apiKeyName":"bench %N"}'), 64) },
    ];
    const results = await interleave(cases, rounds, say);
    const rps = results.map((runs) => runs.map((one) => one.rps));
    const rows = cases.map(({ name }, index) => [name, shown(spread(rps[index]), 0), spread(results[index].map((one) => one.p50_us / 1000)).value.toFixed(2), spread(results[index].map((one) => one.p99_us / 1000)).value.toFixed(2), spread(results[index].map((one) => one.cpu_us)).value.toFixed(0), busyOf(results[index]), statusesOf(name, results[index], [index < 4 ? 200 : 201])]);
    return {
        title: 'Signed calls',
        ran: `One key read over and over by 48 connections, durable edits of it by 64, and durable creates by 64, over TCP: through NCP's surface with signature v2, through The Auth API with an access key; ${rounds} interleaved rounds of ${seconds} s. A create is not the same on both: NCP's draws, seals and publishes two values, The Auth API's one.`,
        text: table(['case', 'calls/s (min–max)', 'p50 ms', 'p99 ms', 'CPU µs', 'busy: server / client', 'statuses'], rows),
        figures: { signed_reads: ratios(rps[1], rps[0]), signed_edits: ratios(rps[3], rps[2]), signed_creates: ratios(rps[5], rps[4]) },
    };
}
