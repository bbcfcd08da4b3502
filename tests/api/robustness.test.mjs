// What arrives broken: framing, sizes, slowness. security.md attacks 8 and 9. Nothing after a refused request is parsed.
import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, describe, test } from 'node:test';

import { Ward, raw, sleep, slow } from '../support/ward.mjs';

let ward;
before(async () => { ward = await Ward.start({ args: ['--head-timeout', '2', '--body-timeout', '2'] }); });
after(() => ward?.stop());

const SECOND = 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n';
const post = (headers, body = '{}') => `POST /api-keys HTTP/1.1\r\nHost: x\r\n${headers}\r\n\r\n${body}`;
const refused = [ // [what, bytes, statuses it may have]
    ['two Content-Length, differing', post('Content-Length: 2\r\nContent-Length: 3'), [400]],
    ['two Content-Length, equal', post('Content-Length: 2\r\nContent-Length: 2'), [400]],
    ['Content-Length list', post('Content-Length: 2, 2'), [400]],
    ['signed Content-Length', post('Content-Length: +2'), [400]],
    ['negative Content-Length', post('Content-Length: -1'), [400]],
    ['hex Content-Length', post('Content-Length: 0x2'), [400]],
    ['Content-Length with a blank in it', post('Content-Length: 1 2'), [400]],
    ['empty Content-Length', post('Content-Length:'), [400]],
    ['huge Content-Length', post('Content-Length: 99999999999999999999999'), [400, 413]],
    ['Content-Length and Transfer-Encoding', post('Content-Length: 2\r\nTransfer-Encoding: chunked', '0\r\n\r\n'), [400]],
    ['Transfer-Encoding and Content-Length', post('Transfer-Encoding: chunked\r\nContent-Length: 2', '0\r\n\r\n'), [400]],
    ['two Transfer-Encoding', post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked', '0\r\n\r\n'), [400]],
    ['Transfer-Encoding gzip, chunked', post('Transfer-Encoding: gzip, chunked', '0\r\n\r\n'), [400, 501]],
    ['Transfer-Encoding identity', post('Transfer-Encoding: identity'), [400, 501]],
    ['Transfer-Encoding xchunked', post('Transfer-Encoding: xchunked'), [400, 501]],
    ['bad chunk size', post('Transfer-Encoding: chunked', 'zz\r\n'), [400]],
    ['no Host', 'GET /healthz HTTP/1.1\r\n\r\n', [400]],
    ['two Host', 'GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', [400]],
    ['space before colon', 'GET /healthz HTTP/1.1\r\nHost : x\r\n\r\n', [400]],
    ['NUL in a header', 'GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: a\0b\r\n\r\n', [400]],
    ['NUL in the target', 'GET /health\0z HTTP/1.1\r\nHost: x\r\n\r\n', [400]],
    ['absolute form', 'GET http://x/healthz HTTP/1.1\r\nHost: x\r\n\r\n', [400]],
    ['unknown Expect', post('Content-Length: 2\r\nExpect: nonsense'), [417]],
    ['CONNECT', 'CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n', [400, 404, 405, 501]],
    ['TRACE', 'TRACE /healthz HTTP/1.1\r\nHost: x\r\n\r\n', [404, 405, 501]],
    ['65 headers', `GET /healthz HTTP/1.1\r\nHost: x\r\n${Array.from({ length: 65 }, (_, i) => `X-${i}: a\r\n`).join('')}\r\n`, [431]],
    ['a header over 8 KiB', `GET /healthz HTTP/1.1\r\nHost: x\r\nX-Big: ${'a'.repeat(9000)}\r\n\r\n`, [431]],
    ['headers over the whole limit', `GET /healthz HTTP/1.1\r\nHost: x\r\n${Array.from({ length: 5 }, (_, i) => `X-${i}: ${'a'.repeat(8000)}\r\n`).join('')}\r\n`, [431]],
    ['a target over 8 KiB', `GET /${'a'.repeat(8200)} HTTP/1.1\r\nHost: x\r\n\r\n`, [414, 431]],
    ['HTTP/0.9', 'GET /healthz\r\n\r\n', [400, 505]],
    ['HTTP/2.0', 'GET /healthz HTTP/2.0\r\nHost: x\r\n\r\n', [400, 505]],
    ['nonsense', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n', [400, 505]],
];

describe('refused and closed, nothing after it parsed', () => {
    for (const [what, bytes, statuses] of refused) {
        test(what, async () => {
            const { text, closed } = await raw(ward.port, Buffer.from(bytes + SECOND, 'latin1'), { quietMs: 1000 * slow });
            const found = [...text.matchAll(/^HTTP\/1\.[01] (\d{3})/gm)].map((m) => Number(m[1]));
            assert.ok(closed, `left open after ${JSON.stringify(found)}`);
            // The library sends the head of its own 400 and 413 twice; the request behind would be answered 200.
            assert.ok(found.every((status) => statuses.includes(status)), `statuses ${found}`);
            assert.ok(!text.includes('"ok"') && !/\n\r?\nok/.test(text), 'a request behind it was parsed');
        });
    }
});

test('well-formed requests that look odd are answered', async () => {
    for (const bytes of ['GET /healthz HTTP/1.0\r\n\r\n', 'GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n', 'POST /api-keys/auth/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 'GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n']) {
        assert.match((await raw(ward.port, bytes)).text, /^HTTP\/1\.[01] (200|401)/, JSON.stringify(bytes));
    }
});

test('pipelined requests are answered in order', async () => {
    const { text } = await raw(ward.port, SECOND + 'GET /nonsense HTTP/1.1\r\nHost: x\r\n\r\n' + SECOND);
    assert.deepEqual([...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map((m) => m[1]), ['200', '404', '200']);
});

test('slow clients are closed by their deadline', async () => {
    const clients = ['GET /healthz HT', 'POST /api-keys HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{', ''].map((start) => new Promise((resolve, reject) => {
        const started = Date.now();
        const socket = net.connect(ward.port, '127.0.0.1', () => socket.write(start));
        const drip = setInterval(() => socket.write(start.startsWith('POST') ? ' ' : 'a', () => {}), 200);
        socket.on('error', () => {});
        socket.resume();
        socket.on('close', () => { clearInterval(drip); resolve(Date.now() - started); });
        setTimeout(() => { clearInterval(drip); socket.destroy(); reject(new Error(`open after 15 s: ${JSON.stringify(start)}`)); }, 15_000).unref();
    }));
    for (const ms of await Promise.all(clients)) assert.ok(ms < 8000 * slow, `${ms} ms`);
    assert.equal((await ward.request('GET', '/healthz')).status, 200);
});

test('half a request and gone: the server goes on', async () => {
    for (let n = 0; n < 50; n += 1) {
        const socket = net.connect(ward.port, '127.0.0.1');
        socket.on('error', () => {});
        await new Promise((resolve) => socket.on('connect', resolve));
        socket.write(post('Content-Length: 100', '{').slice(0, 10 + n * 2));
        socket.destroy();
    }
    await sleep(50);
    assert.equal((await ward.request('GET', '/healthz')).status, 200);
});
