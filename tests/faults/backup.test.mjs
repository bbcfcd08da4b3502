// The n-th call of every kind fails while a backup is made and while one is restored: no crash, no hang; a backup is whole
// or not there; a restore is done, or the old store is in place, or it says to run it again; what was revoked stays revoked.
import assert from 'node:assert/strict';
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { Faults, kinds } from '../support/faults.mjs';
import { Ward, init, makeDirectory } from '../support/ward.mjs';
import { Ledger, assertRuns, ask, randomOf, recover, run, say, serveArgs, whole, workload } from './common.mjs';

const INTEGRITY = 9; // exit code
const points = (span) => Math.min(span, whole ? 60 : 2);
const place = (point, count, span, random) => 1 + Math.floor((point + (count < span ? random() : 0)) * span / count);

/** Restore into a directory that has nothing but the root key. */
async function restoreFresh(from, file, data) {
    rmSync(data, { recursive: true, force: true });
    mkdirSync(data, { mode: 0o700 });
    copyFileSync(join(from, 'root.key'), join(data, 'root.key'));
    return run(['restore', '--data', data, '--from', file, '--without-comparison', '--output', 'json']);
}

test('the n-th call of every kind fails while a backup is made: it is whole, or it is not there', { timeout: 600_000 }, async () => {
    const root = makeDirectory();
    const data = join(root, 'data'), backups = join(root, 'backups'), fresh = join(root, 'fresh');
    const faults = new Faults(join(root, 'faults'));
    const ward = await Ward.start({ data, faults, credentials: init(data), args: serveArgs });
    const random = randomOf('backup');
    const ledger = new Ledger(ward);
    const make = () => run(['backup', '--data', data, '--to', join(backups, 'backup'), '--output', 'json']);
    let tries = 0, hit = 0, refused = 0, restored = 0, restarts = 0;
    try {
        mkdirSync(backups);
        for (let i = 0; i < 4; i++) await workload(ledger, random);
        for (const kind of Object.keys(kinds)) {
            const before = faults.calls(kind);
            assert.equal((await make()).code, 0);
            const span = faults.calls(kind) - before;
            rmSync(join(backups, 'backup'));
            const count = points(span);
            for (let point = 0; point < count; point++) {
                const n = place(point, count, span, random);
                const where = `backup: ${kind} ${n}`;
                faults.failNth(kind, n, { count: point % 4 === 3 ? 20 : 1 });
                const end = await make();
                hit += faults.hits(kind) > 0;
                faults.lift();
                tries += 1;
                assert.equal(end.signal, null, `${where}: ward backup hangs or crashes\n${end.errors}`);
                assertRuns(ward, where);
                const left = readdirSync(backups);
                if (end.code === 0) {
                    assert.deepEqual(left, ['backup'], where);
                    const copy = await restoreFresh(data, join(backups, 'backup'), fresh);
                    assert.equal(copy.code, 0, `${where}: acknowledged, and not whole: ${copy.errors}`);
                    assert.equal(JSON.parse(copy.out).revision, JSON.parse(end.out).revision);
                    restored += 1;
                } else {
                    refused += 1;
                    assert.match(end.errors, /^ward: /m, where);
                    // The answer may be what failed; then the backup is whole.
                    for (const name of left) assert.equal((await restoreFresh(data, join(backups, name), fresh)).code, name === 'backup' ? 0 : INTEGRITY, `${where}: left ${name}`);
                }
                for (const name of left) rmSync(join(backups, name));
                restarts += await recover(ward, ledger, where);
                ledger.prune(4);
            }
        }
        say(`backup: ${tries} made under faults, ${hit} bitten, ${refused} refused with a reason, ${restored} acknowledged and restored whole, ${restarts} failed the store`);
        assert.ok(hit > 0 && refused > 0, 'no backup met a fault: the rig orders nothing');
    } finally {
        faults.lift();
        await ward.kill('SIGKILL');
        rmSync(root, { recursive: true, force: true });
    }
});

test('the n-th call of every kind fails while a backup is restored: nothing revoked comes back', { timeout: 600_000 }, async () => {
    const root = makeDirectory();
    const data = join(root, 'data'), file = join(root, 'backup'), copy = join(root, 'copy');
    const faults = new Faults(join(root, 'faults'));
    const credentials = init(data);
    const random = randomOf('restore');
    let ward, tries = 0, hit = 0, old = 0, done = 0, again = 0;
    try {
        ward = await Ward.start({ data, credentials, args: serveArgs });
        const ledger = new Ledger(ward);
        for (let i = 0; i < 4; i++) await workload(ledger, random);
        const made = await run(['backup', '--data', data, '--to', file]);
        assert.equal(made.code, 0, made.errors);
        const revoked = [...ledger.live].slice(0, 3); // alive in the backup
        for (const value of revoked) await ledger.remove(value);
        const kept = [...ledger.live], dead = [...ledger.dead]; // alive in both, in neither
        const young = await ledger.create(); // in the old store alone
        assert.ok(kept.length > 0 && young);
        await ward.kill('SIGTERM');

        const restore = async (with_) => run(['restore', '--data', copy, '--from', file, '--undo-changes', '--output', 'json'], with_);
        const fresh = () => { rmSync(copy, { recursive: true, force: true }); cpSync(data, copy, { recursive: true, filter: (path) => !path.endsWith('.sock'), preserveTimestamps: true }); faults.reset(); };
        const statusOf = async (value) => (await ask(ward, 'POST', `/api-keys/auth/${value}`, { what: 'authenticate' })).status;
        /** Serve what is there. True: the backup; false: the old store. */
        const serve = async (where) => {
            ward = await Ward.start({ data: copy, credentials, args: serveArgs });
            for (const value of dead) assert.equal(await statusOf(value), 404, `${where}: a revoked key is back`);
            for (const value of kept) assert.equal(await statusOf(value), 200, `${where}: a key is lost`);
            const isOld = (await statusOf(young)) === 200;
            assert.equal((await ward.kill('SIGTERM')).code, 0);
            return !isOld;
        };
        for (const kind of Object.keys(kinds)) {
            fresh();
            const first = await restore(faults);
            assert.equal(first.code, 0, first.errors);
            const span = faults.calls(kind);
            const count = points(span);
            assert.ok(await serve('restored without a fault'));
            for (let point = 0; point < count; point++) {
                const n = place(point, count, span, random);
                fresh();
                faults.failNth(kind, n, { count: point % 4 === 3 ? 20 : 1 });
                const end = await restore(faults);
                hit += faults.hits(kind) > 0;
                tries += 1;
                const where = `restore: ${kind} ${n}: ${JSON.stringify([end.code, end.signal])} ${end.errors}`;
                assert.equal(end.signal, null, where);
                if (end.code !== 0) assert.match(end.errors, /^ward: /m, where);
                if (!existsSync(join(copy, 'ward.db'))) { // between two renames: it said so
                    assert.notEqual(end.code, 0, where);
                    assert.equal((await restore()).code, 0, where);
                    again += 1;
                    assert.ok(await serve(where), where);
                } else if (await serve(where)) {
                    done += 1;
                } else {
                    assert.notEqual(end.code, 0, `${where}: done, it said, and the old store is there`);
                    old += 1;
                }
            }
        }
        say(`restore: ${tries} under faults, ${hit} bitten: ${done} done, ${old} left the old store in place, ${again} done when run again; 0 of ${revoked.length} revocations undone`);
        assert.ok(hit > 0 && old > 0, 'no restore met a fault: the rig orders nothing');
    } finally {
        await ward?.kill('SIGKILL');
        rmSync(root, { recursive: true, force: true });
    }
});
