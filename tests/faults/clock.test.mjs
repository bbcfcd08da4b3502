// The clock jumps: an expired key never becomes valid again, no window grants more than its limit, no wait is negative.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Ward, until } from '../support/ward.mjs';
import { Ledger, ask, randomOf, say, serveArgs, whole } from './common.mjs';

const HOUR = 3_600_000, YEAR = 365 * 24 * HOUR;
const at = (ms) => new Date(ms).toISOString();

async function start() {
    const ward = await Ward.start({ clock: true, args: serveArgs });
    const create = async (more) => {
        const answer = await ward.request('POST', '/api-keys', { key: ward.credentials.accessKey, body: { name: 'c', projectId: ward.credentials.projectId, ...more } });
        assert.equal(answer.status, 201, answer.text);
        return answer.body.key;
    };
    const look = (key) => ask(ward, 'GET', '/v1/authorize', { key, port: ward.verifyPort, agent: ward.agent });
    return { ward, create, look };
}

test('a key that was refused as expired is refused after the clock was set back, before the sweeper and after it', { timeout: 120_000 }, async () => {
    const { ward, create, look } = await start();
    try {
        const rounds = whole ? 40 : 4;
        for (let round = 0; round < rounds; round++) {
            const expiring = await create({ expiry: at(ward.now() + HOUR) });
            const later = await create({ expiry: at(ward.now() + 10 * HOUR) });
            assert.equal((await look(expiring)).status, 200);
            ward.moveClock(2 * HOUR);
            assert.equal((await look(expiring)).status, 401);
            ward.moveClock(-2 * HOUR); // at once: the sweeper has hardly seen it
            for (let i = 0; i < 20; i++) assert.equal((await look(expiring)).status, 401, 'an expired key is valid again');
            assert.equal((await ward.request('POST', `/api-keys/auth/${expiring}`, { key: ward.credentials.accessKey })).status, 404);
            assert.equal((await look(later)).status, 200, 'a key whose expiry nobody saw pass');
        }
        const last = await create({ expiry: at(ward.now() + HOUR) });
        ward.moveClock(2 * HOUR);
        assert.equal((await look(last)).headers['ward-verdict'], 'expired');
        ward.moveClock(-2 * HOUR);
        await until(async () => (await look(last)).headers['ward-verdict'] === 'disabled', 'the sweeper disables what was seen to expire');
        // What is made afterwards is judged by the clock as it is.
        const young = await create({ expiry: at(ward.now() + HOUR / 2) });
        await until(async () => (await look(young)).status === 200, 'a key made after the clock was put right is valid');
        say(`clock: ${rounds} keys expired, clock set back, none valid again`);
    } finally {
        await ward.stop();
    }
});

test('no window grants more than its limit under jumps of hours and years; no negative wait', { timeout: 120_000 }, async () => {
    const { ward, create, look } = await start();
    const random = randomOf('jumps');
    try {
        const LIMIT = 5, TTL_S = 3600;
        const key = await create({ rateLimitConfigs: { rateLimit: LIMIT, rateLimitTtl: TTL_S } });
        const jumps = whole ? 400 : 60;
        const ledger = new Ledger(ward);
        let granted = 0, windows = 0, refused = 0;
        for (let jump = 0; jump < jumps; jump++) {
            const size = [1000, 60_000, HOUR, 24 * HOUR, YEAR, 10 * YEAR][Math.floor(random() * 6)];
            const step = Math.round((random() - 0.5) * 2 * size);
            if (Math.abs((ward.clockOffset ?? 0) + step) > 20 * YEAR) continue;
            ward.moveClock(step);
            let inWindow = null;
            const made = jump % 4 === 0 && (await ledger.create());
            if (made && jump % 8 === 0) await ledger.remove(made);
            const answers = await Promise.all(Array.from({ length: 3 * LIMIT }, () => look(key)));
            for (const answer of answers) {
                assert.ok([200, 429].includes(answer.status), `${answer.status} ${answer.headers['ward-verdict']}`);
                assert.ok(Number(answer.headers['ratelimit-remaining']) >= 0);
                assert.ok(Number(answer.headers['ratelimit-reset'] ?? 0) >= 0, `ratelimit-reset ${answer.headers['ratelimit-reset']}`);
                if (answer.status === 429) {
                    refused += 1;
                    const wait = Number(answer.headers['retry-after']);
                    assert.ok(wait >= 0 && wait <= 2 * TTL_S, `retry-after ${answer.headers['retry-after']} after ${step} ms`);
                }
            }
            inWindow = answers.filter((answer) => answer.status === 200).length;
            assert.ok(inWindow <= LIMIT, `${inWindow} of ${LIMIT} in one window`);
            const native = await ward.request('POST', `/api-keys/auth/${key}`, { key: ward.credentials.accessKey });
            if (native.status === 429) assert.ok(Number(native.headers['retry-after-seconds'] ?? native.headers['retry-after'] ?? 0) >= 0);
            granted += inWindow;
            windows += inWindow > 0;
        }
        // A jump back within the window's length reopens nothing.
        const steady = await create({ rateLimitConfigs: { rateLimit: LIMIT, rateLimitTtl: TTL_S } });
        let passed = 0;
        for (let i = 0; i < 30; i++) {
            if ((await look(steady)).status === 200) passed += 1;
            ward.moveClock(i % 2 ? 10_000 : -60_000);
        }
        assert.equal(passed, LIMIT, 'jumps within a window');
        // What was written at all those times is there, whatever the time is when the server starts again.
        assert.equal(ledger.counts.faults, 0, 'a clock that jumps refuses no write');
        for (const back of [0, -10 * YEAR, 15 * YEAR]) {
            ward.moveClock(back);
            await ward.kill('SIGKILL');
            await ward.spawn();
            await ledger.verifyAll({ mustAnswer: true, where: `a start with the clock moved by ${back} ms` });
        }
        say(`clock: ${jumps} jumps, ${windows} windows, ${granted} granted, ${refused} refused, ${ledger.counts.acknowledged} writes acknowledged, none lost`);
    } finally {
        await ward.stop();
    }
});
