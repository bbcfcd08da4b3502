// Too many and too slow: descriptors run out, clients crawl. Verdicts keep coming, slow ones are closed by their deadline.
import assert from 'node:assert/strict';
import net from 'node:net';
import { test } from 'node:test';

import { Ward, sleep, slow, until } from '../support/ward.mjs';
import { Ledger, ask, say, serveArgs, whole } from './common.mjs';

const open = (port) => new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.closed_ = new Promise((done) => socket.on('close', done));
    socket.on('error', () => {});
    socket.on('connect', () => resolve(socket));
    socket.on('close', () => resolve(socket));
});

test('descriptors run out: no crash, connections that are there go on, and it recovers', { timeout: 120_000 }, async () => {
    const ward = await Ward.start({ args: serveArgs, wrap: ['prlimit', '--nofile=96:96', '--'] });
    try {
        const ledger = new Ledger(ward);
        const value = await ledger.create();
        const gone = await ledger.create();
        await ledger.remove(gone);
        const look = (key) => ask(ward, 'GET', '/v1/authorize', { key, port: ward.verifyPort, agent: ward.agent });
        for (let round = 0; round < (whole ? 20 : 2); round++) {
            await ledger.verify(value, { mustAnswer: true }); // its connections are open now
            const idle = await Promise.all(Array.from({ length: 300 }, () => open(ward.port)));
            for (let i = 0; i < 50; i++) {
                const [live, dead] = [await look(value), await look(gone)];
                assert.equal(live.status, 200, `an open connection goes on: ${live.status} ${live.text}`);
                assert.equal(dead.status, 401, `a revoked key while descriptors are out: ${dead.status} ${dead.text}`);
            }
            await ledger.create(); // may be refused; must not hang
            assert.equal(ward.child.exitCode, null);
            for (const socket of idle) socket.destroy();
            await until(async () => (await ledger.create()) !== null, 'new connections and writes when there is room', 5000 * slow);
            await ledger.verifyAll({ mustAnswer: true });
            for (const other of [...ledger.live].slice(3)) await ledger.remove(other);
        }
        await ward.kill('SIGKILL');
        await ward.spawn();
        await ledger.verifyAll({ mustAnswer: true });
        say(`descriptors: ${whole ? 20 : 2} times exhausted by 300 connections on 96 descriptors`);
    } finally {
        await ward.stop();
    }
});

test('slow clients in head, body and read: verdicts keep coming, each is closed by its deadline', { timeout: 120_000 }, async () => {
    const SECONDS = 2;
    const each = whole ? 950 : 95;
    const readers = whole ? 50 : 10;
    const ward = await Ward.start({ args: [...serveArgs, '--head-timeout', String(SECONDS), '--body-timeout', String(SECONDS), '--write-timeout', String(SECONDS)] });
    const sockets = [];
    let drip;
    try {
        const ledger = new Ledger(ward);
        const value = await ledger.create({ customMetaData: { much: 'x'.repeat(8000) } });
        const gone = await ledger.create();
        await ledger.remove(gone);
        const key = ward.credentials.accessKey;
        const began = Date.now();
        const kinds = {
            head: 'GET /v1/authorize HTTP/1.1\r\nHost: a\r\nX-Slow: ',
            body: `POST /v1/verify HTTP/1.1\r\nHost: a\r\nX-Api-Key: ${key}\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"key":"`,
            read: `POST /api-keys/auth/${value} HTTP/1.1\r\nHost: a\r\nX-Api-Key: ${key}\r\nContent-Length: 0\r\n\r\n`.repeat(1500), // more than the kernel keeps for a client that does not read
        };
        for (const [kind, text] of Object.entries(kinds)) {
            const made = await Promise.all(Array.from({ length: kind === 'read' ? readers : each }, () => open(ward.port)));
            for (const socket of made) {
                socket.kind = kind;
                socket.endedAt = null;
                socket.closed_.then(() => { socket.endedAt = Date.now(); });
                if (kind === 'read') socket.pause(); else socket.resume();
                socket.write(text);
                sockets.push(socket);
            }
        }
        drip = setInterval(() => { for (const socket of sockets) if (socket.kind !== 'read' && !socket.destroyed && socket.writable) socket.write('x'); }, 500);
        let count = 0, worst = 0;
        while (Date.now() - began < (SECONDS + 3) * 1000 * slow) {
            const from = process.hrtime.bigint();
            await ledger.verify(value, { mustAnswer: true });
            worst = Math.max(worst, Number(process.hrtime.bigint() - from) / 3e6);
            await ledger.verify(gone, { mustAnswer: true });
            count += 6;
            await sleep(5);
        }
        const late = sockets.filter((socket) => socket.kind !== 'read' && socket.endedAt === null);
        assert.equal(late.length, 0, `${late.length} slow ones outlived their deadline`);
        // A client that does not read hardly notices that it was closed: the server's own count tells.
        const countTimedOut = async () => Number(/^ward_connections_timed_out_total (\d+)$/m.exec((await ask(ward, 'GET', '/metrics')).text)[1]);
        await until(async () => (await countTimedOut()) >= 2 * each + readers, `${2 * each + readers} closed by their deadline`);
        const timedOut = await countTimedOut();
        assert.ok(count > 50, `only ${count} verdicts in the meantime`);
        say(`slow: ${sockets.length} slow clients, ${count} verdicts meanwhile, the slowest of three took ${worst.toFixed(1)} ms each, ${timedOut} closed by deadline`);
    } finally {
        clearInterval(drip);
        for (const socket of sockets) socket.destroy();
        await ward.stop();
    }
});
