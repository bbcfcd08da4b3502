// kill -9 at random points under acknowledged writes: nothing acknowledged is lost, nothing revoked comes back, the
// change log's chain is whole. Rotation, generation changes and backups run all the while. WARD_CRASH_POINTS (100) and WARD_CRASH_WRITES (10,000) bound it; the seed is printed.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { test, after } from 'node:test';

import { Ward, program } from '../support/ward.mjs';

const points = Number(process.env.WARD_CRASH_POINTS ?? 100);
const writes = Number(process.env.WARD_CRASH_WRITES ?? 10_000);
let seed = Number(process.env.WARD_CRASH_SEED ?? (Date.now() % 2 ** 31));
const first = seed;
const random = () => { seed = (Math.imul(seed, 1103515245) + 12345) >>> 1; return (seed & 0x3fffffff) / 0x40000000; };

let ward;
after(() => ward?.stop());

test(`kill -9 at ${points} random points under ${writes} acknowledged writes (seed ${first})`, { timeout: 600_000 }, async () => {
    ward = await Ward.start();
    const { accessKey: key, projectId } = ward.credentials;
    const live = new Map(); // value → true: acknowledged as active
    const dead = new Set(); // acknowledged as revoked
    const unsure = new Set(); // a write was under way when the server was killed
    let acknowledged = 0;
    let kills = 0;
    const perRound = Math.ceil(writes / points);

    const client = async (stop) => {
        const mine = [];
        while (!stop.now) {
            const choice = mine.length ? random() : 0;
            const value = mine[Math.floor(random() * mine.length)];
            try {
                if (choice < 0.6) {
                    const answer = await ward.request('POST', '/api-keys', { key, body: { name: 'n', projectId, ...(random() < 0.1 && { customMetaData: { bulk: 'x'.repeat(4000 + Math.floor(4000 * random())) } }) } });
                    assert.equal(answer.status, 201, answer.text);
                    live.set(answer.body.key, true);
                    mine.push(answer.body.key);
                } else if (choice < 0.85) {
                    mine.splice(mine.indexOf(value), 1);
                    live.delete(value); unsure.add(value);
                    const answer = await ward.request('DELETE', `/api-keys/${value}`, { key });
                    assert.equal(answer.status, 200, answer.text);
                    unsure.delete(value); dead.add(value);
                } else {
                    mine.splice(mine.indexOf(value), 1);
                    live.delete(value); unsure.add(value);
                    const answer = await ward.request('POST', `/api-keys/${value}/rotate`, { key });
                    assert.equal(answer.status, 201, answer.text);
                    unsure.delete(value); dead.add(value);
                    live.set(answer.body.key, true);
                    mine.push(answer.body.key);
                }
                acknowledged += 1;
            } catch (error) {
                if (error.code === 'ERR_ASSERTION') throw error;
                return; // the connection died with the server
            }
        }
    };
    // One backup after the other; a kill ends the one under way, and the others are whole.
    let backups = 0, cut = 0;
    const back = async (stop) => {
        while (!stop.now) {
            const file = join(ward.root, 'backup');
            rmSync(file, { force: true });
            const child = spawn(program, ['backup', '--data', ward.data, '--to', file], { stdio: 'ignore' });
            const code = await new Promise((resolve) => child.on('exit', (end, signal) => resolve(end ?? signal)));
            if (code === 0) backups += 1; else cut += 1;
            assert.equal(typeof code, 'number', `ward backup ended by ${code}`);
            await new Promise((resolve) => setTimeout(resolve, 50));
        }
    };
    const status = async (value) => (await ward.request('GET', `/api-keys/auth/${value}`, { key })).status;

    const checkSome = async (all) => {
        const pick = (set, count) => { const list = [...set]; return all || list.length <= count ? list : Array.from({ length: count }, () => list[Math.floor(random() * list.length)]); };
        for (const value of pick(live.keys(), 30)) assert.equal(await status(value), 200, 'an acknowledged key is lost');
        for (const value of pick(dead, 30)) assert.equal(await status(value), 404, 'a revoked key is back');
    };

    while (kills < points || acknowledged < writes) {
        const stop = { now: false };
        const goal = acknowledged + Math.max(1, Math.floor(perRound * (0.5 + random())));
        const clients = Array.from({ length: 16 }, () => client(stop));
        clients.push(back(stop));
        const failed = Promise.race(clients.map((c) => c.then(() => new Promise(() => {}), (error) => error)));
        while (acknowledged < goal) {
            const error = await Promise.race([failed, new Promise((resolve) => setTimeout(resolve, 1))]);
            if (error) throw error;
        }
        await ward.kill('SIGKILL');
        stop.now = true;
        await Promise.all(clients);
        kills += 1;
        await ward.spawn();
        await checkSome(false);
    }
    await checkSome(true);
    const listed = new Set();
    for (const active of [true, false]) {
        const answer = await ward.request('GET', `/api-keys?projectId=${projectId}&isActive=${active}`, { key });
        for (const item of answer.body) { listed.add(item.key); if (active) assert.ok(!dead.has(item.key)); else assert.ok(!live.has(item.key)); }
    }
    for (const value of [...live.keys(), ...dead]) assert.ok(listed.has(value), 'an acknowledged key is not listed');
    await ward.kill('SIGTERM');
    const chain = JSON.parse(execFileSync(program, ['check', '--data', ward.data, '--output', 'json'], { encoding: 'utf8' }));
    assert.deepEqual([chain.firstBadRevision, chain.sealedValuesBad], [null, 0], JSON.stringify(chain));
    assert.ok(chain.sealedValues >= live.size + dead.size, JSON.stringify(chain));
    assert.ok(chain.changes >= acknowledged);
    await ward.spawn();
    const { generation } = (await ward.request('GET', '/v1/status', { key })).body;
    console.log(`# ${kills} kills, ${generation} generations, ${backups} backups whole and ${cut} cut off, ${acknowledged} acknowledged writes, ${live.size} active and ${dead.size} revoked keys checked, seed ${first}`);
});
