// The n-th call of every kind fails, for growing n, under a scripted workload and while a server starts or a directory
// is made: no crash, no hang; every answer is right, a 5xx or a closed connection; nothing acknowledged is lost; when the
// fault is over the server works again without restart, unless its store failed, as documented.
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { Faults, kinds } from '../support/faults.mjs';
import { Ward, init, makeDirectory, sleep } from '../support/ward.mjs';
import { HANG_MS, Ledger, assertRuns, describeEnd, randomOf, recover, run, say, serveArgs, whole, workload } from './common.mjs';

const pointsOf = { allocate: 900, storeAllocate: 400 }; // every one of Ward's own allocations, even in the sample
const pointsMax = (kind) => (whole ? 12 : 1) * (pointsOf[kind] ?? 60) / (whole ? 1 : 6);

for (const kind of Object.keys(kinds)) {
    test(`the n-th ${kind} fails under load`, { timeout: 300_000 }, async (t) => {
        const root = makeDirectory();
        const faults = new Faults(join(root, 'faults'));
        const ward = await Ward.start({ data: join(root, 'data'), faults, args: serveArgs, credentials: init(join(root, 'data')) });
        ward.faults = faults;
        try {
            const random = randomOf(kind);
            const ledger = new Ledger(ward);
            await workload(ledger, random);
            let before = faults.calls(kind);
            for (let i = 0; i < 3; i++) await workload(ledger, random);
            let span = Math.ceil((faults.calls(kind) - before) / 3);
            const isRare = span === 0 && ['storeWrite', 'storeSync'].includes(kind); // a checkpoint, every few dozen rounds
            if (isRare) span = kind === 'storeSync' ? 1 : 40;
            const points = Math.min(span, Math.ceil(pointsMax(kind)));
            let hit = 0, restarts = 0;
            for (let point = 0; point < points; point++) {
                const n = 1 + Math.floor((point + (points < span ? random() : 0)) * span / points);
                const count = point % 4 === 3 ? 20 : 1;
                const where = `${kind} ${n} and ${count - 1} more`;
                faults.failNth(kind, n, { count });
                for (let round = 0; round < (isRare ? 100 : 1) && faults.hits(kind) === 0; round++) await workload(ledger, random);
                hit += faults.hits(kind) > 0;
                faults.lift();
                restarts += await recover(ward, ledger, where);
                ledger.prune(3);
            }
            say(`${kind}: ${span} calls a round, ${points} points, ${hit} of them bit, ${restarts} failed the store; ${ledger.counts.requests} requests, ${ledger.counts.faults} faults answered, ${ledger.counts.acknowledged} writes acknowledged`);
            if (points > 0) assert.ok(hit > 0, `no ${kind} failed: the rig orders nothing`);
            else t.diagnostic(`${kind} is not called under load`);
        } finally {
            faults.lift();
            await ward.kill('SIGTERM');
            rmSync(root, { recursive: true, force: true });
        }
    });
}

test('the n-th call of every kind fails while a server starts', { timeout: 600_000 }, async () => {
    const root = makeDirectory();
    const data = join(root, 'data');
    const faults = new Faults(join(root, 'faults'));
    const credentials = init(data);
    const options = { data, credentials, faults, args: serveArgs };
    let ward;
    const random = randomOf('start');
    let starts = 0, refused = 0, bit = 0, silent = 0;
    try {
        ward = await Ward.start(options);
        const ledger = new Ledger(ward);
        for (let i = 0; i < 8; i++) await workload(ledger, random);
        await ward.kill('SIGKILL'); // leaves a log to recover
        for (const kind of Object.keys(kinds)) {
            faults.reset();
            await ward.spawn();
            const span = faults.calls(kind);
            await ward.kill('SIGKILL');
            const points = Math.min(span, whole ? 80 : 4);
            for (let point = 0; point < points; point++) {
                const n = 1 + Math.floor((point + (points < span ? random() : 0)) * span / points);
                faults.reset();
                faults.failNth(kind, n, { count: point % 3 === 2 ? 5 : 1 });
                starts += 1;
                const began = Date.now();
                const patience = kind === 'write' ? 1000 : 2 * HANG_MS; // the line that says "ready" may be the write that fails
                const isUp = await Promise.race([ward.spawn().then(() => true, () => false), sleep(patience).then(() => 'late')]);
                if (kind === 'write' && isUp && (isUp === 'late' || ward.addresses.length < 3)) {
                    assertRuns(ward, `write ${n}`);
                    silent += 1;
                    await ward.kill('SIGKILL');
                    continue;
                }
                assert.notEqual(isUp, 'late', `${kind} ${n}: neither ready nor ended in ${Date.now() - began} ms`);
                bit += faults.hits(kind) > 0;
                if (!isUp) {
                    refused += 1;
                    assert.equal(ward.child.signalCode, null, `${kind} ${n}: ${describeEnd(ward)}`);
                    assert.ok(ward.child.exitCode > 0 && ward.log.length > 0, `${kind} ${n}: it says why ${describeEnd(ward)}`);
                    continue;
                }
                await ledger.verifyAll();
                faults.lift();
                await ledger.verifyAll({ mustAnswer: true, where: `${kind} ${n}\n${ward.log.slice(-4).join('\n')}` });
                await ward.kill(point % 2 ? 'SIGKILL' : 'SIGTERM');
            }
        }
        faults.reset();
        await ward.spawn();
        await ledger.verifyAll({ mustAnswer: true });
        assert.ok(await ledger.create());
        await ward.kill('SIGTERM');
        say(`start: ${starts} starts, ${bit} bitten, ${refused} refused with a reason, ${silent} could not say where they serve, the others served right`);
    } finally {
        await ward?.kill('SIGKILL');
        rmSync(root, { recursive: true, force: true });
    }
});

test('the n-th call of every kind fails in ward init: the next try succeeds', { timeout: 600_000 }, async () => {
    const root = makeDirectory();
    const faults = new Faults(join(root, 'faults'));
    const random = randomOf('init');
    let tries = 0, refused = 0;
    try {
        for (const kind of Object.keys(kinds)) {
            const data = join(root, kind);
            faults.reset();
            assert.equal((await run(['init', '--data', data, '--output', 'json'], faults)).code, 0);
            const span = faults.calls(kind);
            const points = Math.min(span, whole ? 80 : 4);
            for (let point = 0; point < points; point++) {
                const n = 1 + Math.floor((point + (points < span ? random() : 0)) * span / points);
                rmSync(data, { recursive: true, force: true });
                faults.reset();
                faults.failNth(kind, n);
                const first = await run(['init', '--data', data, '--output', 'json'], faults);
                tries += 1;
                const where = `${kind} ${n}: ${JSON.stringify([first.code, first.signal])} ${first.errors}`;
                assert.equal(first.signal, null, where);
                if (first.code === 0) { assert.ok(JSON.parse(first.out).accessKey, where); continue; }
                refused += 1;
                assert.match(first.errors, /^ward: /m, where);
                faults.reset();
                const second = await run(['init', '--data', data, '--output', 'json'], faults);
                if (second.code === 3) continue; // made, and the answer was lost: ward credential create helps
                assert.equal(second.code, 0, `${where}\nthen ${second.code} ${second.errors}`);
            }
        }
        say(`init: ${tries} tries, ${refused} refused with a reason`);
    } finally {
        rmSync(root, { recursive: true, force: true });
    }
});
