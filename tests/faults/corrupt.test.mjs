// Bytes rot: in the table while serving and before a start, in the store while stopped. A rotten table never makes a wrong
// "valid", at worst a refusal, and is right again after a restart. A rotten store is found, and the finding names file and
// offset: of the database always; of its log too, since what was acknowledged is known to the table of the same boot.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, cpSync, openSync, readFileSync, readSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { Ward, alterStore, init, makeDirectory, program, until } from '../support/ward.mjs';
import { Ledger, ask, randomOf, say, serveArgs, whole, workload } from './common.mjs';

/** Flip one bit of one byte; returns what undoes it. */
function flip(path, offset, bit) {
    const fd = openSync(path, 'r+');
    const byte = Buffer.alloc(1);
    readSync(fd, byte, 0, 1, offset);
    writeSync(fd, Buffer.from([byte[0] ^ (1 << bit)]), 0, 1, offset);
    closeSync(fd);
}

const [KIND_AT, FLAGS_AT] = [84, 85]; // of a record

/** Where a table's regions lie (src/table/layout.h): header, live words, index, scopes, records, arena. */
function regionsOf(path) {
    const header = readFileSync(path).subarray(0, 128);
    const [slots, scopes, records, arena] = [24, 32, 40, 48].map((at) => Number(header.readBigUInt64LE(at)));
    const pages = (bytes) => Math.ceil(bytes / 4096) * 4096;
    let at = 4096;
    const regions = { header: [0, 124], live: [2048, 24] };
    for (const [name, bytes] of Object.entries({ index: slots * 8, scopes: scopes * 64, records: records * 128, arena })) {
        regions[name] = [at, bytes];
        at += pages(bytes);
    }
    assert.ok(at <= statSync(path).size + 4096, 'the layout is what this test believes');
    return regions;
}

test('flipped bytes in the table while serving: never a wrong valid; right again within seconds, and after a restart', { timeout: 300_000 }, async () => {
    const ward = await Ward.start({ args: serveArgs });
    const random = randomOf('table');
    const table = join(ward.data, 'table');
    const rounds = whole ? 60 : 6, flips = 60;
    let wrong = 0, refused = 0, looks = 0, total = 0, aimed = 0, slowest = 0;
    try {
        const ledger = new Ledger(ward);
        for (let i = 0; i < 8; i++) await workload(ledger, random);
        for (let i = 0; i < 10; i++) { const value = await ledger.create(); if (i % 2) await ledger.remove(value); }
        const look = (key) => ask(ward, 'GET', '/v1/authorize', { key, port: ward.verifyPort, agent: ward.agent });
        const lookAtDead = async () => { for (const value of ledger.dead) wrong += (await look(value)).status === 200; };
        for (let round = 0; round < rounds; round++) {
            const layout = regionsOf(table); // before its header rots
            // First the one bit that would matter: "enabled" in every record that is not.
            const [recordsAt, recordsBytes] = layout.records;
            const bytes = readFileSync(table);
            for (let at = recordsAt; at < recordsAt + recordsBytes; at += 128) {
                if (bytes[at + KIND_AT] !== 0 && (bytes[at + FLAGS_AT] & 1) === 0) { flip(table, at + FLAGS_AT, 0); total += 1; aimed += 1; }
            }
            await lookAtDead();
            // One region a round: else the header's damage hides the rest, since it denies everything.
            const [at, size] = Object.values(layout)[round % Object.keys(layout).length];
            for (let i = 0; i < flips; i++) {
                const used = size > 65536 ? 65536 : size; // most of a large region is empty
                flip(table, at + Math.floor(random() * used), Math.floor(random() * 8));
                total += 1;
                const dead = [...ledger.dead], live = [...ledger.live];
                const [bad, good] = [dead[Math.floor(random() * dead.length)], live[Math.floor(random() * live.length)]];
                wrong += (await look(bad)).status === 200;
                refused += (await look(good)).status !== 200;
                looks += 2;
            }
            await lookAtDead();
            assert.equal(wrong, 0, 'a revoked key is valid in a damaged table');
            assert.ok(aimed > 0, 'no record of a revoked key was found in the table');
            assert.ok(ward.child.exitCode === null && ward.child.signalCode === null, `the server ended\n${ward.log.slice(-5).join('\n')}`);
            const flipped = Date.now();
            const refusedLive = async () => { let count = 0; for (const value of ledger.live) count += (await look(value)).status !== 200; return count; };
            await until(async () => await refusedLive() === 0, `the table heals while it serves (round ${round})`, 30_000);
            slowest = Math.max(slowest, Date.now() - flipped);
            await lookAtDead();
            assert.equal(wrong, 0, 'a revoked key is valid in a table that was made anew');
            let fresh; // and changes go on: the access key's own record may have been hit, too
            await until(async () => { fresh = await ledger.create(); return fresh !== null; }, 'the access key is valid again', 30_000);
            assert.equal((await look(fresh)).status, 200);
            await ward.kill(round % 2 ? 'SIGKILL' : 'SIGTERM');
            for (let i = 0; i < flips; i++) flip(table, Math.floor(random() * statSync(table).size), Math.floor(random() * 8)); // and before the start
            await ward.spawn();
            await ledger.verifyAll({ mustAnswer: true });
        }
        say(`table: ${total} bits flipped while serving (${aimed} of them "enabled"), ${looks} looks, ${refused} refusals of live keys, 0 wrong valid, right again within ${slowest} ms, and after ${rounds} restarts`);
    } finally {
        await ward.stop();
    }
});

const [COUNTERS_AT, COUNTER_BYTES, LIVE_AT] = [4096, 64, 2048]; // of DIR/limits (src/table/limit.h)

test('flipped bytes in the counters while serving: at worst a refusal or one more window', { timeout: 120_000 }, async () => {
    const ward = await Ward.start({ args: serveArgs });
    const random = randomOf('limits');
    const limits = join(ward.data, 'limits');
    const LIMIT = 5;
    try {
        const ledger = new Ledger(ward);
        const look = (key) => ask(ward, 'GET', '/v1/authorize', { key, port: ward.verifyPort, agent: ward.agent });
        const limited = (rateLimit) => ({ rateLimitConfigs: { rateLimit, rateLimitTtl: 3600 } });
        const countersOf = (bytes) => {
            const found = [];
            for (let at = COUNTERS_AT; at < bytes.length; at += COUNTER_BYTES) if (bytes.subarray(at, at + 16).some((byte) => byte !== 0)) found.push(at);
            return found;
        };
        const keys = [];
        for (let i = 0; i < 24; i++) keys.push({ value: await ledger.create(limited(LIMIT)), passed: 0 });
        const plain = await ledger.create({ expiry: new Date(Date.now() + 3_600_000).toISOString() });
        const attempt = async (key, times) => { for (let i = 0; i < times; i++) key.passed += (await look(key.value)).status === 200; };
        for (const key of keys) await attempt(key, 2);
        const bytes = readFileSync(limits);
        const counters = countersOf(bytes);
        assert.ok(counters.length >= keys.length);
        // Owner, window, count, guard: one bit of each counter. Then the header, and the marks of expiries.
        for (const at of counters) flip(limits, at + Math.floor(random() * 40), Math.floor(random() * 8));
        for (const key of keys) await attempt(key, 3 * LIMIT);
        for (const key of keys) assert.ok(key.passed <= 2 * LIMIT, `${key.passed} passed a limit of ${LIMIT}`);
        flip(limits, Math.floor(random() * 24), Math.floor(random() * 8));
        for (let at = LIVE_AT; at < LIVE_AT + 24; at++) flip(limits, at, Math.floor(random() * 8));
        await until(() => readFileSync(limits).subarray(0, 24).equals(bytes.subarray(0, 24)), 'the header of DIR/limits heals');
        // A counter that is nobody's refuses until its owner is put back.
        const victim = await ledger.create(limited(1_000_000));
        assert.equal((await look(victim)).status, 200);
        const own = countersOf(readFileSync(limits)).filter((at) => !counters.includes(at));
        assert.equal(own.length, 1);
        flip(limits, own[0] + Math.floor(random() * 8), Math.floor(random() * 8));
        await until(async () => (await look(victim)).status === 200, 'a counter that lost its owner gets it back');
        await until(async () => (await look(plain)).status === 200, 'a rotten mark expires nothing');
        await new Promise((resolve) => setTimeout(resolve, 2500)); // a sweep or two
        assert.equal((await look(plain)).status, 200, 'the sweeper disabled a key for a rotten mark');
        for (const key of keys) await attempt(key, LIMIT);
        for (const key of keys) assert.ok(key.passed <= 2 * LIMIT, `${key.passed} passed a limit of ${LIMIT}`);
        assert.ok(ward.child.exitCode === null && ward.child.signalCode === null, `the server ended\n${ward.log.slice(-5).join('\n')}`);
        say(`limits: ${counters.length} counters with a flipped bit, none granted more than one window more; a lost owner was put back`);
    } finally {
        await ward.stop();
    }
});

const check = (data) => {
    const end = spawnSync(program, ['check', '--data', data], { encoding: 'utf8', timeout: 60_000 });
    assert.equal(end.signal, null, `ward check ended by ${end.signal}\n${end.stderr}`);
    return end;
};

const INTEGRITY = 9; // exit code
const PAGE = 4096, LOG_HEADER = 32, FRAME = 24 + PAGE; // SQLite's file format
const pageOf = (offset) => offset - (offset % PAGE);
const frameOf = (offset) => (offset < LOG_HEADER ? 0 : offset - ((offset - LOG_HEADER) % FRAME));
const dump = (at) => spawnSync('sqlite3', [`file:${join(at, 'ward.db')}?immutable=1`, '.dump'], { encoding: 'utf8', maxBuffer: 1 << 28 }).stdout;

/** True when a refusal names the file and the page or frame that a byte lies in. */
const names = (end, file, offset) => new RegExp(`/${file.replace('.', '\\.')} is damaged at offset ${offset}[;:]`).test(end.stderr);

/** A stopped server's directory with some thousand rows of every table. */
async function fill(data, random, { rounds = 6, kill = 'SIGTERM' } = {}) {
    const ward = await Ward.start({ data, credentials: init(data), args: serveArgs });
    try {
        const ledger = new Ledger(ward);
        for (let i = 0; i < rounds; i++) await workload(ledger, random);
    } finally {
        await ward.kill(kill);
    }
}

/** Flip one bit of a file so often, each time in a fresh copy, and hold what ward check says against where it was. */
function flipAndCheck(data, { file, where, tries, random }) {
    const rotten = join(data, '../rotten');
    const found = { named: 0, harmless: 0, unseen: [], misnamed: [] };
    rmSync(rotten, { recursive: true, force: true });
    const fresh = () => cpSync(data, rotten, { recursive: true, preserveTimestamps: true, filter: (from) => !from.endsWith('.sock') });
    fresh();
    assert.equal(check(rotten).status, 0, 'whole before');
    const original = dump(rotten);
    const size = statSync(join(data, file)).size;
    for (let i = 0; i < tries; i++) {
        rmSync(rotten, { recursive: true, force: true });
        fresh();
        const offset = Math.floor(random() * size);
        flip(join(rotten, file), offset, Math.floor(random() * 8));
        const before = readFileSync(join(rotten, file));
        const end = check(rotten);
        if (end.status === 0) {
            if (dump(rotten) === original) found.harmless += 1; else found.unseen.push(offset);
            continue;
        }
        assert.equal(end.status, INTEGRITY, end.stderr);
        if (names(end, file, where(offset))) found.named += 1; else found.misnamed.push(`${offset} (${where(offset)}): ${end.stderr}`);
        assert.ok(readFileSync(join(rotten, file)).equals(before), 'who looks at damage changes nothing');
    }
    rmSync(rotten, { recursive: true, force: true });
    assert.deepEqual(found.unseen, [], 'a flipped byte altered a row unseen');
    assert.deepEqual(found.misnamed, [], 'each refusal names file and offset');
    say(`${file}: of ${tries} flipped bits ward check named ${found.named} by file and offset, ${found.harmless} lie where no row is, 0 unseen`);
}

test('flipped bytes in the store while stopped: each is named by file and offset', { timeout: 900_000 }, async () => {
    const root = makeDirectory(), data = join(root, 'data'), random = randomOf('store');
    try {
        await fill(data, random);
        flipAndCheck(data, { file: 'ward.db', where: pageOf, tries: whole ? 1500 : 60, random });
    } finally {
        rmSync(root, { recursive: true, force: true });
    }
});

test('flipped bytes in the log of a killed server: each is named by file and offset', { timeout: 900_000 }, async () => {
    const root = makeDirectory(), data = join(root, 'data'), random = randomOf('log');
    try {
        await fill(data, random, { rounds: 2, kill: 'SIGKILL' });
        flipAndCheck(data, { file: 'ward.db-wal', where: frameOf, tries: whole ? 1500 : 60, random });
    } finally {
        rmSync(root, { recursive: true, force: true });
    }
});

test('a restore over a store whose log lost its last change does not compare without it', { timeout: 60_000 }, async () => {
    const root = makeDirectory(), data = join(root, 'data'), file = join(root, 'one.backup');
    const ward = await Ward.start({ data, credentials: init(data), args: serveArgs });
    try {
        const ledger = new Ledger(ward);
        const value = await ledger.create({ name: 'leaked' });
        assert.equal(spawnSync(program, ['backup', '--data', data, '--to', file]).status, 0);
        await ledger.remove(value);
        await ward.kill('SIGKILL');
        const log = join(data, 'ward.db-wal');
        flip(log, statSync(log).size - 100, 1); // in the last frame: of the revocation
        const serve = spawnSync(program, ['serve', '--data', data, '--listen', '127.0.0.1:0'], { encoding: 'utf8', timeout: 20_000 });
        assert.equal(serve.status, INTEGRITY, serve.stderr);
        assert.match(serve.stderr, /ward\.db-wal is damaged at offset \d+: it ends there, and changes that were acknowledged after that are missing/);
        const restore = (...more) => spawnSync(program, ['restore', '--data', data, '--from', file, ...more], { encoding: 'utf8', timeout: 20_000 });
        const asked = restore('--undo-changes');
        assert.equal(asked.status, 11, asked.stdout + asked.stderr);
        assert.match(asked.stdout + asked.stderr, /the present store is damaged/);
        assert.equal(restore('--without-comparison').status, 0);
        assert.equal(check(data).status, 0);
    } finally {
        await ward.kill('SIGKILL');
        rmSync(root, { recursive: true, force: true });
    }
});

test('a damaged page while serving: alarm and 500 for what needs it, never "not found"; verification goes on', { timeout: 60_000 }, async () => {
    const root = makeDirectory(), data = join(root, 'data');
    const ward = await Ward.start({ data, credentials: init(data), args: serveArgs });
    try {
        const ledger = new Ledger(ward);
        const value = await ledger.create({ name: 'page' });
        await ward.kill('SIGTERM');
        const sql = (text) => spawnSync('sqlite3', [`file:${join(data, 'ward.db')}?immutable=1`, text], { encoding: 'utf8' }).stdout;
        // The index by which a value is found: nothing at start needs it.
        const offset = (Number(sql("SELECT s.rootpage FROM sqlite_schema s JOIN pragma_index_info(s.name) i WHERE s.type = 'index' AND s.tbl_name = 'api_key_value' AND i.seqno = 0 AND i.name = 'lookup'")) - 1) * PAGE;
        assert.ok(offset > 0);
        flip(join(data, 'ward.db'), offset + 2000, 3);
        await ward.spawn();
        const authorize = () => ask(ward, 'GET', '/v1/authorize', { key: value, port: ward.verifyPort, agent: ward.agent });
        assert.equal((await authorize()).status, 200);
        const got = await ask(ward, 'GET', `/api-keys/${value}`);
        assert.equal(got.status, 500, got.text);
        const made = await ask(ward, 'POST', '/api-keys', { body: { name: 'one more', projectId: ward.credentials.projectId } });
        assert.equal(made.status, 500, made.text);
        const isAlarm = (entry) => entry.event === 'integrity-alarm' && entry.file === join(data, 'ward.db') && entry.offset === offset;
        await until(() => ward.log.some((line) => isAlarm(JSON.parse(line))), 'an alarm with file and offset in the log');
        assert.equal((await authorize()).status, 200);
        const listed = await ask(ward, 'GET', `/api-keys?projectId=${ward.credentials.projectId}`);
        assert.equal(listed.status, 200, 'what does not need the page is answered');
        await ward.kill('SIGTERM');
        assert.ok(names(check(data), 'ward.db', offset));
    } finally {
        await ward.kill('SIGKILL');
        rmSync(root, { recursive: true, force: true });
    }
});

test('a sealed value that was altered: alarm and 500, never "not found"', { timeout: 60_000 }, async () => {
    const root = makeDirectory();
    const data = join(root, 'data');
    const ward = await Ward.start({ data, credentials: init(data), args: serveArgs });
    try {
        const ledger = new Ledger(ward);
        const value = await ledger.create({ name: 'sealed' });
        await ward.kill('SIGTERM');
        const sql = (text) => spawnSync('sqlite3', [`file:${join(data, 'ward.db')}?immutable=1`, text], { encoding: 'utf8' });
        const columns = sql("SELECT m.name || '.' || p.name FROM sqlite_schema m JOIN pragma_table_info(m.name) p WHERE m.type = 'table' AND p.name LIKE '%sealed%'").stdout.trim().split('\n');
        const [tableName, column] = columns.find((name) => /key/.test(name)).split('.');
        alterStore(data, `UPDATE ${tableName} SET ${column} = CAST(substr(${column}, 1, length(${column}) - 1) || x'00' AS BLOB) WHERE ${column} IS NOT NULL`);
        await ward.spawn();
        const answer = await ask(ward, 'GET', `/api-keys/${value}`);
        assert.equal(answer.status, 500, answer.text);
        await until(() => ward.log.some((line) => line.includes('integrity-alarm')), 'an alarm in the log');
        const listed = await ask(ward, 'GET', `/api-keys?projectId=${ward.credentials.projectId}`);
        assert.notEqual(listed.status, 404);
        await ward.kill('SIGTERM');
        assert.equal(check(data).status, 9);
    } finally {
        await ward.kill('SIGKILL');
        rmSync(root, { recursive: true, force: true });
    }
});
