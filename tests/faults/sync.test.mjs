// One sync fails: from then on nothing is acknowledged, verification goes on, a restart recovers, nothing acknowledged is
// lost. And a process that stands still: whoever reads its table denies, and goes on when it goes on.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { Faults } from '../support/faults.mjs';
import { Ward, init, makeDirectory, program, sleep, testProgram, until } from '../support/ward.mjs';
import { Ledger, ask, randomOf, say, serveArgs, whole, workload } from './common.mjs';

test('after one failed sync nothing is acknowledged until restart; verification goes on', { timeout: 300_000 }, async () => {
    const root = makeDirectory();
    const data = join(root, 'data');
    const faults = new Faults(join(root, 'faults'));
    const ward = await Ward.start({ data, faults, credentials: init(data), args: serveArgs });
    const random = randomOf('sync');
    const ledger = new Ledger(ward);
    const rounds = whole ? 60 : 5;
    let refused = 0;
    try {
        for (let round = 0; round < rounds; round++) {
            for (let i = 0; i < 3; i++) await workload(ledger, random);
            const keep = [...ledger.live];
            faults.failNth('logSync', 1);
            const clients = await Promise.all(Array.from({ length: 8 }, () => ledger.create()));
            assert.equal(faults.hits('logSync'), 1);
            assert.ok(clients.some((value) => value === null), 'the batch of the failed sync is refused');
            // The disk is well again from here on, and yet:
            const writes = [
                ['POST', '/api-keys', { body: { name: 'n', projectId: ward.credentials.projectId } }], ['PATCH', `/api-keys/${keep[0]}`, { body: { name: 'm' } }],
                ['DELETE', `/api-keys/${keep[0]}`, {}], ['POST', `/api-keys/${keep[0]}/rotate`, {}], ['POST', '/projects', { body: { name: `p${round}`, accountId: ward.credentials.accountId, env: 'live' } }],
                ['POST', '/v1/keys', { socketPath: join(data, 'ward.sock'), key: undefined, body: { name: 'n', projectId: ward.credentials.projectId } }],
            ];
            for (const [method, path, options] of writes) {
                const answer = await ask(ward, method, path, options);
                assert.equal(answer.status, 503, `${method} ${path.replace(/[A-Za-z0-9_]{20,}/, 'KEY')}: ${answer.status} ${answer.text}`);
                refused += 1;
            }
            const status = await ask(ward, 'GET', '/v1/status');
            assert.deepEqual([status.status, status.body.store.failed], [200, true]);
            assert.equal((await ask(ward, 'GET', '/readyz')).status, 200, 'readyz speaks of verdicts, and they can be had');
            assert.match((await ask(ward, 'GET', '/metrics')).text, /^ward_store_failed 1$/m);
            await ledger.verifyAll({ mustAnswer: true });
            await ward.kill(round % 2 ? 'SIGKILL' : 'SIGTERM');
            await ward.spawn();
            await ledger.verifyAll({ mustAnswer: true });
            assert.equal((await ask(ward, 'GET', '/v1/status')).body.store.failed, false);
            ledger.prune(4);
        }
        await ward.kill('SIGTERM');
        const check = spawnSync(program, ['check', '--data', data]);
        assert.equal(check.status, 0, String(check.stderr));
        say(`sync: ${rounds} failed syncs, ${refused} later writes refused with 503, ${ledger.counts.acknowledged} acknowledged, none lost`);
    } finally {
        await ward.kill('SIGKILL');
        rmSync(root, { recursive: true, force: true });
    }
});

test('a server that stands still longer than max-staleness: readers deny, and recover with it', { timeout: 60_000 }, async () => {
    const ward = await Ward.start({ clock: true, args: [...serveArgs, '--max-staleness', '1500'] });
    try {
        const ledger = new Ledger(ward);
        const value = await ledger.create();
        const verify = () => spawnSync(testProgram, ['verify', '--data', ward.data, '--max-staleness', '1500', '--peek'],
            { input: value, env: { ...process.env, WARD_TEST_CLOCK: ward.clockPath }, encoding: 'utf8' });
        await until(() => verify().status === 0, 'valid while the server beats');
        process.kill(ward.child.pid, 'SIGSTOP');
        await sleep(1800);
        const stale = verify();
        assert.deepEqual([stale.status, stale.stdout.split('\n')[0]], [2, 'stale'], stale.stdout + stale.stderr);
        process.kill(ward.child.pid, 'SIGCONT');
        await until(() => verify().status === 0, 'valid again');
        await ledger.verify(value, { mustAnswer: true });
        // A suspended machine: the boot clock runs on while nobody runs. The first verdicts after it deny.
        let denied = 0, wrong = 0;
        for (let i = 0; i < (whole ? 40 : 5); i++) {
            ward.moveBootClock(3_600_000);
            const answer = await ask(ward, 'GET', '/v1/authorize', { key: value, port: ward.verifyPort, agent: ward.agent });
            if (answer.status === 503) { denied += 1; assert.equal(answer.headers['ward-verdict'], 'stale'); }
            else if (answer.status !== 200 && answer.status !== 0) wrong += 1; // 0: the connection's own deadline went by as well
            await until(async () => (await ask(ward, 'GET', '/v1/authorize', { key: value, port: ward.verifyPort, agent: ward.agent })).status === 200, 'the next beat makes it good');
        }
        assert.ok(denied > 0, 'a table that slept for an hour is stale until its writer has beaten');
        assert.equal(wrong, 0);
        say(`paused: stale while stopped, ${denied} verdicts denied right after a suspend, all recovered`);
    } finally {
        process.kill(ward.child.pid, 'SIGCONT');
        await ward.stop();
    }
});
