// Bytes rot: in the table while serving and before a start, in the store while stopped. A rotten table never makes a wrong
// "valid", at worst a refusal, and is right again after a restart. A rotten store is found, and the finding names the file.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, copyFileSync, cpSync, openSync, readFileSync, readSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { Ward, init, makeDirectory, program } from '../support/ward.mjs';
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

test('flipped bytes in the table while serving: never a wrong valid; right after a restart', { timeout: 300_000 }, async () => {
    const ward = await Ward.start({ args: serveArgs });
    const random = randomOf('table');
    const table = join(ward.data, 'table');
    const rounds = whole ? 60 : 6, flips = 60;
    let wrong = 0, refused = 0, looks = 0, total = 0, aimed = 0;
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
            await ward.kill(round % 2 ? 'SIGKILL' : 'SIGTERM');
            for (let i = 0; i < flips; i++) flip(table, Math.floor(random() * statSync(table).size), Math.floor(random() * 8)); // and before the start
            await ward.spawn();
            await ledger.verifyAll({ mustAnswer: true });
        }
        say(`table: ${total} bits flipped while serving (${aimed} of them "enabled"), ${looks} looks, ${refused} refusals of live keys, 0 wrong valid, right after ${rounds} restarts`);
    } finally {
        await ward.stop();
    }
});

const check = (data) => {
    const end = spawnSync(program, ['check', '--data', data], { encoding: 'utf8', timeout: 60_000 });
    assert.equal(end.signal, null, `ward check ended by ${end.signal}\n${end.stderr}`);
    return end;
};

test('flipped bytes in the store while stopped: ward check finds them and names the file', { timeout: 600_000 }, async () => {
    const root = makeDirectory();
    const data = join(root, 'data'), rotten = join(root, 'rotten');
    const random = randomOf('store');
    const ward = await Ward.start({ data, credentials: init(data), args: serveArgs });
    try {
        const ledger = new Ledger(ward);
        for (let i = 0; i < 6; i++) await workload(ledger, random);
        await ward.kill('SIGTERM');
        assert.equal(check(data).status, 0);
        const size = statSync(join(data, 'ward.db')).size;
        const tries = whole ? 1500 : 60;
        let found = 0, named = 0, unread = 0, altered = 0;
        const dump = (at) => spawnSync('sqlite3', [`file:${join(at, 'ward.db')}?immutable=1`, '.dump'], { encoding: 'utf8', maxBuffer: 1 << 28 }).stdout;
        const original = dump(data);
        cpSync(data, rotten, { recursive: true, preserveTimestamps: true });
        for (let i = 0; i < tries; i++) {
            copyFileSync(join(data, 'ward.db'), join(rotten, 'ward.db'));
            for (const more of ['ward.db-wal', 'ward.db-shm']) rmSync(join(rotten, more), { force: true });
            const offset = Math.floor(random() * size);
            flip(join(rotten, 'ward.db'), offset, Math.floor(random() * 8));
            const end = check(rotten);
            if (end.status === 0) {
                if (dump(rotten) === original) unread += 1; else altered += 1;
                continue;
            }
            found += 1;
            assert.ok([6, 9, 10].includes(end.status), `exit ${end.status}: ${end.stderr}`);
            named += (end.stderr + end.stdout).includes('ward.db');
        }
        say(`store: ward check detected ${found} of ${tries} flipped bits, ${named} named the file; of the others ${unread} lie where no row is, ${altered} altered a row unseen`);
            assert.equal(named, found, 'each finding names the file');
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
        const sql = (text) => spawnSync('sqlite3', [join(data, 'ward.db'), text], { encoding: 'utf8' });
        const columns = sql("SELECT m.name || '.' || p.name FROM sqlite_schema m JOIN pragma_table_info(m.name) p WHERE m.type = 'table' AND p.name LIKE '%sealed%'").stdout.trim().split('\n');
        const [tableName, column] = columns.find((name) => /key/.test(name)).split('.');
        const done = sql(`UPDATE ${tableName} SET ${column} = substr(${column}, 1, length(${column}) - 1) || x'00' WHERE ${column} IS NOT NULL`);
        assert.equal(done.status, 0, done.stderr);
        await ward.spawn();
        const answer = await ask(ward, 'GET', `/api-keys/${value}`);
        assert.equal(answer.status, 500, answer.text);
        assert.ok(ward.log.some((line) => line.includes('integrity-alarm')), 'no alarm in the log');
        const listed = await ask(ward, 'GET', `/api-keys?projectId=${ward.credentials.projectId}`);
        assert.notEqual(listed.status, 404);
        await ward.kill('SIGTERM');
        assert.equal(check(data).status, 9);
    } finally {
        await ward.kill('SIGKILL');
        rmSync(root, { recursive: true, force: true });
    }
});
