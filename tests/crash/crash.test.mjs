// kill -9 at random points under acknowledged writes: nothing acknowledged is lost, nothing revoked comes back, the
// change log's chain is whole. Keys rotate, values change, generations change and backups are made all the while; every
// tenth kill waits for a generation change and falls into it. Of the backups, a sample is restored and held against what
// had been acknowledged at its revision; what a kill left of the others is never taken for a whole one.
// WARD_CRASH_POINTS (100) and WARD_CRASH_WRITES (10,000) bound it; the seed is printed.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, copyFileSync, cpSync, existsSync, mkdirSync, openSync, readSync, readdirSync, renameSync, rmSync, statSync, truncateSync, watch, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test, after } from 'node:test';

import { Ward, program, slow } from '../support/ward.mjs';

const points = Number(process.env.WARD_CRASH_POINTS ?? 100);
const writes = Number(process.env.WARD_CRASH_WRITES ?? 10_000);
let seed = Number(process.env.WARD_CRASH_SEED ?? (Date.now() % 2 ** 31));
const first = seed;
const random = () => { seed = (Math.imul(seed, 1103515245) + 12345) >>> 1; return (seed & 0x3fffffff) / 0x40000000; };
const pick = (list, count) => (list.length <= count ? list : Array.from({ length: count }, () => list[Math.floor(random() * list.length)]));
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const CLIENTS = 16, CHURNERS = 4, AIMED_EVERY = 10;
const KEPT = 10; // whole backups to restore in the end
const LEFTOVERS = 40; // of what kills left, looked at
const INTEGRITY = 9, UNDOES = 11; // exit codes

/** What was acknowledged. A key's members are revisions; `leaving` while a change that ends it has no answer yet. */
class Book {
    keys = new Map(); // value → {from, gone, leaving}
    counts = { acknowledged: 0, rotated: 0, revalued: 0, deleted: 0 };

    enter(value, answer) { this.keys.set(value, { from: Number(answer.headers['ward-revision']), gone: Infinity, leaving: false }); }
    leave(value) { this.keys.get(value).leaving = true; }
    left(value, answer) { Object.assign(this.keys.get(value), { gone: Number(answer.headers['ward-revision']), leaving: false }); }

    values(test) { return [...this.keys].filter(([, key]) => test(key)).map(([value]) => value); }
    live(revision = Infinity) { return this.values((key) => !key.leaving && key.from <= revision && (key.gone === Infinity || key.gone > revision)); }
    dead(revision = Infinity) { return this.values((key) => key.gone !== Infinity && key.gone <= revision); }
    unborn(revision) { return this.values((key) => key.from > revision); }
}

let ward, other;
after(async () => { await other?.kill('SIGKILL'); await ward?.stop(); });

const run = (args) => new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '', errors = '';
    child.stdout.on('data', (text) => { out += text; });
    child.stderr.on('data', (text) => { errors += text; });
    child.on('close', (code, signal) => resolve({ code, signal, out, errors }));
});

/** The number of the generation that lies at DIR/table. */
function generationIn(data) {
    const head = Buffer.alloc(24), fd = openSync(join(data, 'table'), 'r');
    readSync(fd, head, 0, head.length, 0);
    closeSync(fd);
    assert.equal(head.subarray(0, 7).toString(), 'WARDTBL');
    return Number(head.readBigUInt64LE(16));
}

const statusIn = async (server, value, key) => (await server.request('GET', `/api-keys/auth/${value}`, { key })).status;

async function hold(server, key, valid, refused, where) {
    for (const value of valid) assert.equal(await statusIn(server, value, key), 200, `an acknowledged key is lost (${where})`);
    for (const value of refused) assert.equal(await statusIn(server, value, key), 404, `a revoked key is back (${where})`);
}

function check(data) {
    const found = JSON.parse(execFileSync(program, ['check', '--data', data, '--output', 'json'], { encoding: 'utf8' }));
    assert.deepEqual([found.firstBadRevision, found.sealedValuesBad], [null, 0], JSON.stringify(found));
    return found;
}

/** A data directory that has nothing but the root key, and a backup restored into it. */
async function restoreFresh(file, data) {
    rmSync(data, { recursive: true, force: true });
    mkdirSync(data, { mode: 0o700 });
    copyFileSync(join(ward.data, 'root.key'), join(data, 'root.key'));
    const end = await run(['restore', '--data', data, '--from', file, '--without-comparison', '--output', 'json']);
    assert.equal(end.signal, null, `ward restore ended by ${end.signal}: ${end.errors}`);
    return { ...end, answer: end.code === 0 ? JSON.parse(end.out) : null };
}

/** Hold a restored backup against what was acknowledged at its revision: no more, no less. */
async function holdRestored(book, key, data, revision, where) {
    check(data);
    other = await Ward.start({ data, credentials: ward.credentials });
    await hold(other, key, pick(book.live(revision), 150), [...pick(book.dead(revision), 150), ...pick(book.unborn(revision), 50)], where);
    assert.equal((await other.kill('SIGTERM')).code, 0);
    other = null;
}

async function holdBackup(book, key, backup) {
    const data = join(ward.root, 'restored');
    const { code, errors, answer } = await restoreFresh(backup.file, data);
    assert.equal(code, 0, errors);
    assert.equal(answer.revision, backup.revision, 'a backup is of the revision that ward backup said');
    assert.ok(answer.restoredRevision > backup.revision);
    await holdRestored(book, key, data, backup.revision, `backup of revision ${backup.revision}, restored`);
}

/** Cut and altered, it is refused. */
async function holdDamaged(file) {
    const bad = join(ward.root, 'bad'), { size } = statSync(file);
    for (let i = 0; i < 12; i++) {
        copyFileSync(file, bad);
        const at = i < 4 ? size - 1 - Math.floor(random() * 300) : Math.floor(random() * size); // its end, and anywhere
        if (i % 2) truncateSync(bad, at);
        else {
            const fd = openSync(bad, 'r+'), byte = Buffer.alloc(1);
            readSync(fd, byte, 0, 1, at);
            writeSync(fd, Buffer.from([byte[0] ^ (1 << Math.floor(random() * 8))]), 0, 1, at);
            closeSync(fd);
        }
        const { code, errors } = await restoreFresh(bad, join(ward.root, 'restored'));
        assert.equal(code, INTEGRITY, `${i % 2 ? 'cut' : 'altered'} at ${at} of ${size}: ${errors}`);
    }
}

/** In the place of the present store: what was revoked since stays revoked. */
async function holdInPlace(book, key, backup) {
    const data = join(ward.root, 'in-place');
    cpSync(ward.data, data, { recursive: true, filter: (path) => !path.endsWith('.sock') });
    const args = ['restore', '--data', data, '--from', backup.file, '--output', 'json'];
    const asked = await run(args);
    assert.equal(asked.code, UNDOES, `it says what it would undo and wants to be told: ${asked.code} ${asked.errors}`);
    const lost = book.dead().filter((value) => book.keys.get(value).gone > backup.revision && book.keys.get(value).from <= backup.revision);
    assert.ok(JSON.parse(asked.out).revocations.length >= lost.length, 'each revocation is listed');
    const done = await run([...args, '--undo-changes']);
    assert.equal(done.code, 0, done.errors);
    check(data);
    other = await Ward.start({ data, credentials: ward.credentials });
    const kept = book.live(backup.revision).filter((value) => book.keys.get(value).gone === Infinity);
    await hold(other, key, pick(kept, 150), [...lost, ...pick(book.dead(), 300)], 'restored in place');
    assert.equal((await other.kill('SIGTERM')).code, 0);
    other = null;
    return lost.length;
}

/** Backups one after the other; the files that kills left, and a few whole ones, are kept for the end. */
class Backups {
    constructor(root) {
        this.at = join(root, 'backups');
        this.left = join(root, 'leftovers');
        mkdirSync(this.at);
        mkdirSync(this.left);
        this.kept = [];
        Object.assign(this, { number: 0, whole: 0, cut: 0, found: 0, isAwaited: false });
    }

    async go(stop) {
        while (!stop.now) {
            const file = join(this.at, `backup-${this.number += 1}`);
            const { code, out, errors } = await run(['backup', '--data', ward.data, '--to', file, '--output', 'json']);
            assert.equal(typeof code, 'number', `ward backup was ended: ${errors}`);
            if (code !== 0) this.cut += 1;
            else this.keep(file, JSON.parse(out));
            await pause(10 + 40 * random());
        }
    }

    /** Every whole one is as likely as any other to be kept; one that was waited for is, first in the list. */
    keep(file, answer) {
        this.whole += 1;
        const backup = { file, revision: answer.revision };
        if (this.isAwaited) { this.kept.unshift(backup); this.isAwaited = false; return; }
        if (this.kept.length < KEPT) { this.kept.push(backup); return; }
        const at = 1 + Math.floor(random() * this.whole);
        const [gone] = at < KEPT ? this.kept.splice(at, 1, backup) : [backup];
        rmSync(gone.file);
    }

    /** After a kill: what lies there and was not acknowledged. */
    collect() {
        const known = new Set(this.kept.map(({ file }) => file));
        for (const name of readdirSync(this.at)) {
            const file = join(this.at, name);
            if (known.has(file)) continue;
            this.found += 1;
            renameSync(file, join(this.left, `${this.found % LEFTOVERS}`));
        }
    }

    /** Not acknowledged: either refused, or in truth whole. */
    async holdLeftovers(book, key) {
        let refused = 0, whole = 0;
        for (const name of readdirSync(this.left)) {
            const data = join(ward.root, 'restored');
            const { code, errors, answer } = await restoreFresh(join(this.left, name), data);
            if (code === 0) {
                whole += 1;
                await holdRestored(book, key, data, answer.revision, 'a backup whose answer was cut off');
            } else {
                refused += 1;
                assert.equal(code, INTEGRITY, errors);
                assert.ok(!existsSync(join(data, 'ward.db')), 'nothing of a refused backup is in place');
            }
        }
        return { refused, whole };
    }
}

test(`kill -9 at ${points} random points under ${writes} acknowledged writes (seed ${first})`, { timeout: 900_000 * slow }, async () => {
    ward = await Ward.start();
    const { accessKey: key, projectId } = ward.credentials;
    const book = new Book(), backups = new Backups(ward.root);
    const perRound = Math.ceil(writes / points);
    const bulk = () => ({ customMetaData: { bulk: 'x'.repeat(4000 + Math.floor(4000 * random())) } });
    let kills = 0, generations = 0, amid = 0;

    const steps = {
        async create(mine) {
            const answer = await ward.request('POST', '/api-keys', { key, body: { name: 'n', projectId, ...(random() < 0.1 && bulk()) } });
            assert.equal(answer.status, 201, answer.text);
            book.enter(answer.body.key, answer);
            mine.push(answer.body.key);
        },
        async remove(mine, value) {
            const answer = await ward.request('DELETE', `/api-keys/${value}`, { key });
            assert.equal(answer.status, 200, answer.text);
            book.left(value, answer);
            book.counts.deleted += 1;
        },
        async rotate(mine, value) {
            const answer = await ward.request('POST', `/api-keys/${value}/rotate`, { key });
            assert.equal(answer.status, 201, answer.text);
            book.left(value, answer);
            book.enter(answer.body.key, answer);
            mine.push(answer.body.key);
            book.counts.rotated += 1;
        },
        /* The same key gets another value. */
        async revalue(mine, value) {
            const next = `own-${randomBytes(20).toString('hex')}`;
            const answer = await ward.request('PATCH', `/api-keys/${value}`, { key, body: { name: 'n', key: next } });
            assert.equal(answer.status, 200, answer.text);
            book.left(value, answer);
            book.enter(next, answer);
            mine.push(next);
            book.counts.revalued += 1;
        },
    };
    const died = (error) => { if (error.code === 'ERR_ASSERTION') throw error; }; // else the connection died with the server

    const client = async (stop, mine) => {
        while (!stop.now) {
            const choice = mine.length ? random() : 0;
            const step = choice < 0.6 ? 'create' : choice < 0.8 ? 'remove' : choice < 0.92 ? 'rotate' : 'revalue';
            let value;
            if (step !== 'create') {
                [value] = mine.splice(Math.floor(random() * mine.length), 1);
                book.leave(value);
            }
            try {
                await steps[step](mine, value);
                book.counts.acknowledged += 1;
            } catch (error) { return died(error); }
        }
    };
    /* Large bodies, over and over, until the table has no room and a generation changes. */
    const churn = async (stop) => {
        try {
            const { body } = await ward.request('POST', '/api-keys', { key, body: { name: 'fat', projectId } });
            while (!stop.now) {
                const answer = await ward.request('PATCH', `/api-keys/${body.key}`, { key, body: { name: 'fat', ...bulk() } });
                assert.equal(answer.status, 200, answer.text);
            }
        } catch (error) { return died(error); }
    };
    /* Resolves as soon as the next generation's file is there. */
    const nextGeneration = () => new Promise((resolve) => {
        const watcher = watch(ward.data, (event, name) => { if (name === 'table.new') { watcher.close(); resolve(); } });
        setTimeout(() => { watcher.close(); resolve(); }, 5000 * slow).unref();
    });

    while (kills < points || book.counts.acknowledged < writes) {
        const isAimed = kills % AIMED_EVERY === AIMED_EVERY - 1;
        const stop = { now: false };
        const goal = book.counts.acknowledged + Math.max(1, Math.floor(perRound * (0.5 + random())));
        const before = generationIn(ward.data);
        backups.isAwaited = kills === Math.floor(points / 4);
        const coming = isAimed ? nextGeneration() : null;
        const old = pick(book.live(), 5 * CLIENTS); // what earlier rounds made ends too
        const all = Array.from({ length: CLIENTS }, (_, at) => client(stop, [...new Set(old)].filter((_, place) => place % CLIENTS === at)));
        if (isAimed) all.push(...Array.from({ length: CHURNERS }, () => churn(stop)));
        all.push(backups.go(stop));
        const failed = Promise.race(all.map((one) => one.then(() => new Promise(() => {}), (error) => error)));
        try {
            while (book.counts.acknowledged < goal || backups.isAwaited) {
                const error = await Promise.race([failed, pause(1)]);
                if (error) throw error;
            }
            await coming;
            for (const until = performance.now() + 3 * random(); isAimed && performance.now() < until;); // a timer is too coarse to fall into the copy
            await ward.kill('SIGKILL');
        } finally {
            stop.now = true; // else nothing here would ever end
        }
        await Promise.all(all);
        backups.collect();
        kills += 1;
        generations += generationIn(ward.data) - before;
        amid += existsSync(join(ward.data, 'table.new'));
        await ward.spawn();
        await hold(ward, key, pick(book.live(), 30), pick(book.dead(), 30), `kill ${kills}`);
    }
    const live = book.live(), dead = book.dead();
    await hold(ward, key, live, dead, 'in the end');
    const listed = new Map();
    for (const active of [true, false]) {
        const answer = await ward.request('GET', `/api-keys?projectId=${projectId}&isActive=${active}`, { key });
        for (const item of answer.body) listed.set(item.key, active);
    }
    for (const value of live) assert.equal(listed.get(value), true, 'an acknowledged key is not listed');
    for (const value of dead) assert.notEqual(listed.get(value), true, 'a revoked key is listed as active');
    await ward.kill('SIGTERM');
    const chain = check(ward.data);
    assert.ok(chain.sealedValues >= live.length, JSON.stringify(chain));
    assert.ok(chain.changes >= book.counts.acknowledged);

    const { counts } = book;
    console.log(`# ${kills} kills, ${generations} generation changes while serving, ${amid} kills amid one; ${counts.acknowledged} acknowledged writes: ${counts.deleted} revocations, ${counts.rotated} rotations, ${counts.revalued} values changed; ${live.length} active and ${dead.length} revoked keys checked, seed ${first}`);
    for (const backup of backups.kept) await holdBackup(book, key, backup);
    await holdDamaged(backups.kept[0].file);
    const revoked = await holdInPlace(book, key, backups.kept[0]);
    const leftovers = await backups.holdLeftovers(book, key);
    console.log(`# backups: ${backups.whole} whole, ${backups.kept.length} of them restored and right; ${backups.cut} cut off by a kill, which left ${backups.found} files: of ${leftovers.refused + leftovers.whole} looked at ${leftovers.refused} refused, ${leftovers.whole} whole in truth; restored in place over ${revoked} revocations: 0 undone, seed ${first}`);
    for (const [what, count] of Object.entries({ rotated: counts.rotated, revalued: counts.revalued, generations, backups: backups.whole, revoked, ...(points >= 100 && { amid, cut: backups.cut }) })) assert.ok(count > 0, `${what}: it never came to that`);
    await ward.spawn();
});
