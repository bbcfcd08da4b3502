// A process that stands still for seconds, under load: whoever waits is answered when it goes on, nothing acknowledged is
// lost, nothing that was revoked passes, its readers deny meanwhile, and a kill while it stands still loses nothing either.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

import { Ward, program, sleep, until } from '../support/ward.mjs';
import { HANG_MS, Ledger, ask, randomOf, say, serveArgs, whole } from './common.mjs';

const STALENESS_MS = 1500;

test('a process paused for seconds under load: waiting requests are answered, nothing acknowledged is lost', { timeout: 300_000 }, async () => {
    const ward = await Ward.start({ args: [...serveArgs, '--max-staleness', String(STALENESS_MS)] });
    const random = randomOf('pause');
    const rounds = whole ? 12 : 2;
    let waited = 0, answered = 0, closed = 0, stale = 0, kills = 0, slowest = 0;
    const ledger = new Ledger(ward);
    const look = (value, where) => {
        const isLive = ledger.live.has(value);
        return ask(ward, 'GET', '/v1/authorize', { key: value, port: ward.verifyPort, agent: ward.agent, what: 'authorize' }).then((answer) => {
            // 503 is stale: it has just woken up. A dead key must not pass whatever happened.
            assert.ok((isLive ? [200, 503, 0] : [401, 503, 0]).includes(answer.status), `${where}: ${answer.status} of a key that is ${isLive ? 'live' : 'revoked'}`);
            return answer;
        });
    };
    try {
        for (let round = 0; round < rounds; round++) {
            for (let i = 0; i < 6; i++) await ledger.create();
            for (const value of [...ledger.live].slice(-2)) await ledger.remove(value);
            const pause = 1000 + Math.floor((round % 3 === 1 ? 3000 : 1500) * random());
            const [live, dead] = [[...ledger.live], [...ledger.dead]];
            const leaving = live.splice(0, 2);
            const writing = Promise.all(Array.from({ length: 8 }, () => ledger.create())); // some before, some while it stands
            ward.child.kill('SIGSTOP');
            const stopped = Date.now();
            const later = { key: ward.credentials.accessKey };
            const waiting = [...live, ...dead].flatMap((value) => [
                ward.request('POST', `/api-keys/auth/${value}`, later).then((answer) => [ledger.live.has(value) ? [200, 503] : [404, 503], answer], (error) => [null, error]),
                ward.request('GET', '/v1/authorize', { key: value, port: ward.verifyPort, agent: ward.agent }).then((answer) => [ledger.live.has(value) ? [200, 503] : [401, 503], answer], (error) => [null, error]),
            ]);
            const removals = leaving.map((value) => ledger.remove(value));
            waited += waiting.length + removals.length + 8;
            await sleep(pause);
            if (pause > STALENESS_MS + 300) {
                const verify = spawnSync(program, ['verify', '--data', ward.data, '--max-staleness', String(STALENESS_MS), '--peek'], { input: live[0], encoding: 'utf8' });
                assert.deepEqual([verify.status, verify.stdout.split('\n')[0]], [2, 'stale'], verify.stdout + verify.stderr);
                stale += 1;
            }
            const isKilled = round % 3 === 2;
            if (isKilled) { ward.child.kill('SIGKILL'); kills += 1; } else ward.child.kill('SIGCONT');
            const resumed = Date.now();
            for (const [expected, answer] of await Promise.all(waiting)) {
                if (expected === null) { closed += 1; continue; }
                answered += 1;
                assert.ok(expected.includes(answer.status), `after ${pause} ms of standing still: ${answer.status}, not ${expected}`);
            }
            await Promise.all([writing, ...removals]);
            slowest = Math.max(slowest, Date.now() - resumed);
            assert.ok(Date.now() - resumed < HANG_MS, `${Date.now() - resumed} ms after it went on somebody still waited (stopped for ${resumed - stopped} ms)`);
            if (isKilled) {
                await ward.exited;
                await ward.spawn();
            } else {
                await until(async () => (await look(live[0], 'resumed')).status === 200, 'valid again once it goes on');
            }
            await ledger.verifyAll({ mustAnswer: true, where: `${pause} ms of standing still` });
            assert.ok(await ledger.create(), 'writes go on');
            ledger.prune(6);
        }
        say(`paused: ${rounds} times for 1 to 4 s, ${waited} requests waited, ${answered} verifications answered right, ${closed} connections closed, ${kills} killed while standing still, readers stale ${stale} times; all were answered ${slowest} ms after it went on`);
        assert.ok(answered > 0 && (!whole || (stale > 0 && kills > 0)), 'the rig paused nothing');
    } finally {
        ward.child.kill('SIGCONT');
        await ward.stop();
    }
});
