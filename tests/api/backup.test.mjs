// ward backup and ward restore: one snapshot under load, nothing revoked comes back by itself, every refusal, and
// kill -9 in the middle of either.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { Ward, init, makeDirectory, program, request, slow, sleep } from '../support/ward.mjs';

const root = makeDirectory();
after(() => rmSync(root, { recursive: true, force: true }));
const ward = (...args) => spawnSync(program, args, { encoding: 'utf8', timeout: 60_000 * slow, maxBuffer: 1 << 28 });
const json = (data, ...args) => {
    const result = ward(...args, '--data', data, '--output', 'json');
    assert.equal(result.status, 0, `${args.join(' ')}: ${result.stderr}`);
    return result.stdout ? JSON.parse(result.stdout) : undefined;
};
const restore = (data, from, ...args) => {
    const result = ward('restore', '--data', data, '--from', from, '--output', 'json', ...args);
    return { ...result, told: result.stdout ? JSON.parse(result.stdout) : undefined };
};
const revision = (data) => json(data, 'status').revision;
const isActive = (data, id) => json(data, 'key', 'list', '--project', 'default').find((row) => row.id === id).isActive;
const isWhole = (data) => assert.equal(ward('check', '--data', data).status, 0, ward('check', '--data', data).stdout);
let number = 0;
const fresh = (name = 'x') => join(root, `${name}${number++}`);
const copyOf = (data) => {
    const copy = fresh('copy');
    cpSync(data, copy, { recursive: true });
    chmodSync(copy, 0o700);
    return copy;
};
const leftovers = (data) => readdirSync(data).filter((name) => name.startsWith('ward.db.restoring'));
let seed = Number(process.env.WARD_BACKUP_SEED ?? (Date.now() % 2 ** 31));
const firstSeed = seed;
const random = () => { seed = (Math.imul(seed, 1103515245) + 12345) >>> 1; return (seed & 0x3fffffff) / 0x40000000; };

describe('backup', () => {
    test('while 16 clients write: every key acknowledged before is in it, whole', async () => {
        const server = await Ward.start();
        const { accessKey: key, projectId } = server.credentials;
        const acknowledged = [];
        const stop = { now: false };
        const client = async () => {
            while (!stop.now) {
                const answer = await server.request('POST', '/api-keys', { key, body: { name: 'n', projectId } });
                assert.equal(answer.status, 201, answer.text);
                acknowledged.push({ value: answer.body.key, revision: Number(answer.headers['ward-revision']) });
            }
        };
        const clients = Array.from({ length: 16 }, client);
        const taken = [];
        while (acknowledged.length < 400) await sleep(5);
        for (let i = 0; i < 3; i++) {
            const file = fresh('busy');
            const before = acknowledged.length;
            const child = spawn(program, ['backup', '--data', server.data, '--to', file, '--output', 'json'], { stdio: ['ignore', 'pipe', 'inherit'] });
            let text = '';
            child.stdout.on('data', (part) => { text += part; });
            assert.equal(await new Promise((resolve) => child.on('close', resolve)), 0);
            taken.push({ file, before, made: JSON.parse(text) });
            assert.ok(acknowledged.length >= before);
        }
        stop.now = true;
        await Promise.all(clients);
        await server.kill('SIGTERM');
        for (const { file, before, made } of taken) {
            assert.equal(statSync(file).mode & 0o777, 0o600);
            assert.equal(statSync(file).size, made.bytes);
            const data = fresh('restored');
            mkdirSync(data, { mode: 0o700 });
            copyFileSync(join(server.data, 'root.key'), join(data, 'root.key'));
            const { status, stderr, told } = restore(data, file, '--without-comparison');
            assert.equal(status, 0, stderr);
            assert.equal(told.revision, made.revision);
            isWhole(data);
            const again = await Ward.start({ data, credentials: server.credentials });
            for (const { value, revision: written } of acknowledged.slice(0, before)) {
                assert.ok(written <= made.revision, 'acknowledged before the backup, so it is in its revision');
                assert.equal((await again.request('GET', `/api-keys/auth/${value}`, { key })).status, 200, 'an acknowledged key is lost');
            }
            for (const { value, revision: written } of acknowledged.slice(before)) {
                const { status: found } = await again.request('GET', `/api-keys/auth/${value}`, { key });
                assert.equal(found, written <= made.revision ? 200 : 404, 'the backup is one moment');
            }
            await again.stop();
        }
        await server.stop();
    });
    test('when stopped; it does not hold the root key nor a value', () => {
        const data = fresh(), file = fresh('file');
        const { accessKey } = init(data);
        const made = json(data, 'key', 'create', '--name', 'shown');
        const told = json(data, 'backup', '--to', file);
        assert.equal(told.file, file);
        assert.equal(told.revision, revision(data));
        const bytes = readFileSync(file);
        for (const secret of [readFileSync(join(data, 'root.key')), Buffer.from(accessKey), Buffer.from(made.key)]) assert.equal(bytes.indexOf(secret), -1);
    });
    test('refuses a file that exists, a link, a directory that does not, and what is no path', () => {
        const data = fresh(), file = fresh('file');
        init(data);
        writeFileSync(file, 'mine');
        const exists = ward('backup', '--data', data, '--to', file);
        assert.equal(exists.status, 3);
        assert.match(exists.stderr, /exists already/);
        assert.equal(readFileSync(file, 'utf8'), 'mine');
        execFileSync('ln', ['-s', fresh('nowhere'), `${file}.link`]);
        assert.equal(ward('backup', '--data', data, '--to', `${file}.link`).status, 3);
        for (const path of [join(root, 'no/such'), `${root}/`, `${root}/..`]) assert.equal(ward('backup', '--data', data, '--to', path).status, 2, path);
        assert.equal(ward('backup', '--data', data).status, 2);
        assert.deepEqual(readdirSync(root).filter((name) => name.includes('.tmp-')), []);
    });
    test('the route is on the control socket only, takes absolute paths only, and nothing else', async () => {
        const server = await Ward.start();
        const ask = (body) => request({ socketPath: join(server.data, 'ward.sock'), method: 'POST', path: '/v1/backup', body });
        for (const body of [{ to: 'relative' }, { to: '' }, { to: '/' }, { to: '/tmp/' }, { to: `/tmp/\u0000x` }, {}, { to: 1 }, { to: '/tmp/x', more: 1 }]) assert.equal((await ask(body)).status, 400, JSON.stringify(body));
        const { accessKey: key } = server.credentials;
        assert.equal((await server.request('POST', '/v1/backup', { key, body: { to: fresh() } })).status, 404);
        const file = fresh('relative');
        const result = spawnSync(program, ['backup', '--data', server.data, '--to', file.split('/').at(-1), '--output', 'json'], { cwd: root, encoding: 'utf8' });
        assert.equal(result.status, 0, result.stderr);
        assert.equal(JSON.parse(result.stdout).file, file);
        await server.stop();
    });
    test('a full disk leaves nothing, and says so', (t) => {
        if (!existsSync('/dev/full') || process.getuid() !== 0) return t.skip('needs root for a small file system');
        const data = fresh(), small = fresh('small');
        init(data);
        mkdirSync(small);
        if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', small]).status !== 0) return t.skip('no tmpfs here');
        try {
            const { status, stderr } = ward('backup', '--data', data, '--to', join(small, 'file'));
            assert.equal(status, 10, stderr);
            assert.deepEqual(readdirSync(small), []);
        } finally {
            execFileSync('umount', [small]);
        }
        isWhole(data);
    });
});

describe('restore: what was revoked stays revoked', () => {
    let data, file, ids, told, projectId, otherProject, credential, narrowed;
    before(async () => {
        data = fresh(); file = fresh('file');
        const first = init(data);
        projectId = first.projectId;
        ids = {};
        for (const name of ['kept', 'deleted', 'rotated', 'expired', 'sooner', 'value']) ids[name] = json(data, 'key', 'create', '--name', name, '--project', 'default').id;
        otherProject = json(data, 'project', 'create', '--name', 'other').id;
        ids.inOther = json(data, 'key', 'create', '--name', 'inOther', '--project', 'other').id;
        credential = json(data, 'credential', 'create', '--role', 'viewer', '--name', 'dashboard').id;
        ids.before = json(data, 'key', 'create', '--name', 'before', '--project', 'default').id;
        json(data, 'key', 'delete', ids.before);
        const server = await Ward.start({ data, credentials: first });
        ids.oldValue = (await server.request('POST', '/api-keys', { key: first.accessKey, body: { name: 'changed', projectId, key: `old-${'v'.repeat(30)}` } })).body.key;
        await server.kill('SIGTERM');
        json(data, 'backup', '--to', file);
        json(data, 'key', 'delete', ids.deleted);
        ids.successor = json(data, 'key', 'rotate', ids.rotated).id;
        json(data, 'key', 'update', ids.expired, '--expires', new Date(Date.now() + 200).toISOString());
        json(data, 'key', 'update', ids.sooner, '--expires', '2100-01-01T00:00:00Z');
        json(data, 'project', 'delete', otherProject);
        json(data, 'credential', 'delete', credential);
        json(data, 'key', 'reactivate', ids.before);
        const again = await Ward.start({ data, credentials: first });
        const changed = await again.request('PATCH', `/api-keys/${ids.oldValue}`, { key: first.accessKey, body: { name: 'changed', key: `new-${'v'.repeat(30)}` } });
        assert.equal(changed.status, 200, changed.text);
        await again.kill('SIGTERM');
        await sleep(250);
    });
    test('says what it would undo, refuses with exit 11, and changes nothing', () => {
        const was = revision(data);
        const result = restore(data, file);
        assert.equal(result.status, 11, result.stderr);
        assert.match(result.stderr, /--undo-changes/);
        told = result.told;
        assert.equal(told.restored, false);
        assert.equal(told.presentRevision, was);
        assert.equal(told.changes, was - told.revision);
        assert.equal(told.undoes.reduce((sum, row) => sum + row.count, 0), told.changes);
        const causes = Object.fromEntries(told.revocations.map((row) => [row.name, `${row.kind} ${row.cause}`]));
        assert.deepEqual(causes, {
            other: 'project disabled', deleted: 'api-key disabled', rotated: 'api-key disabled', expired: 'api-key expired', sooner: 'api-key expires-sooner',
            changed: 'api-key value-retired', dashboard: 'credential disabled',
        });
        for (const value of [ids.oldValue, `new-${'v'.repeat(30)}`]) assert.ok(!result.stdout.includes(value), 'names and ids, never values');
        assert.equal(revision(data), was);
        assert.deepEqual(leftovers(data), []);
        const text = ward('restore', '--data', data, '--from', file).stdout;
        for (const row of told.revocations) assert.match(text, new RegExp(`${row.id} +${row.cause} +stays revoked +${row.name}`));
    });
    test('--undo-changes: they stay revoked, as changes of the local operator; revisions go on above', async () => {
        const copy = copyOf(data);
        const { status, stderr, told: done } = restore(copy, file, '--undo-changes');
        assert.equal(status, 0, stderr);
        assert.equal(done.restored, true);
        isWhole(copy);
        for (const name of ['deleted', 'rotated', 'expired']) assert.equal(isActive(copy, ids[name]), false, name);
        assert.equal(isActive(copy, ids.kept), true);
        assert.equal(isActive(copy, ids.before), false, 'what was revoked in the backup is, whatever came later');
        assert.equal(json(copy, 'key', 'show', ids.sooner).expiresAt, '2100-01-01T00:00:00.000Z');
        assert.equal(json(copy, 'credential', 'list').find((row) => row.id === credential).isActive, false);
        assert.notEqual(ward('key', 'show', ids.successor, '--data', copy).status, 0, 'made after the backup');
        const log = JSON.parse(execFileSync('sqlite3', ['-json', join(copy, 'ward.db'), `SELECT revision, kind, action, actor_type, detail FROM change_log WHERE revision > ${told.revision} ORDER BY revision`]));
        assert.deepEqual({ ...log[0], detail: JSON.parse(log[0].detail) }, { revision: told.presentRevision + 1, kind: 'store', action: 'restored', actor_type: 'LOCAL', detail: { from: told.revision, to: told.presentRevision } });
        assert.equal(log.length, 1 + told.revocations.length);
        for (const row of log) assert.equal(row.actor_type, 'LOCAL');
        assert.equal(revision(copy), done.restoredRevision);
        assert.equal(done.putAside, join(copy, `ward.db.before-restore-${done.restoredRevision}`));
        const old = copyOf(copy);
        renameSync(join(old, `ward.db.before-restore-${done.restoredRevision}`), join(old, 'ward.db'));
        isWhole(old);
        assert.equal(revision(old), told.presentRevision, 'the old store is kept, whole');

        const server = await Ward.start({ data: copy });
        const verify = async (value) => (await server.request('POST', '/v1/verify', { socketPath: join(copy, 'ward.sock'), body: { key: value } })).body.verdict;
        assert.equal(await verify(ids.oldValue), 'unknown', 'the value that was given up stays dead');
        assert.equal(await verify(`new-${'v'.repeat(30)}`), 'valid', 'and its key goes on with the new one');
        await server.stop();
        assert.equal(json(copy, 'key', 'create', '--name', 'next', '--project', 'default').isActive, true);
        assert.ok(revision(copy) > done.restoredRevision);
    });
    test('--revive ID lets that one live, all lets all; an id that is not listed is refused', async () => {
        const one = copyOf(data), all = copyOf(data);
        const bad = restore(one, file, '--undo-changes', '--revive', 'aaaaaaaaaa');
        assert.equal(bad.status, 2);
        assert.equal(revision(one), told.presentRevision);
        assert.equal(restore(one, file, '--revive', ids.deleted).status, 11, '--revive alone is no leave to undo');
        assert.equal(restore(one, file, '--undo-changes', '--revive', ids.deleted).status, 0);
        assert.equal(isActive(one, ids.deleted), true);
        assert.equal(isActive(one, ids.rotated), false);
        const { status, told: done } = restore(all, file, '--undo-changes', '--revive', 'all');
        assert.equal(status, 0);
        assert.ok(done.revocations.every((row) => row.revived));
        for (const name of ['deleted', 'rotated', 'expired', 'sooner']) assert.equal(isActive(all, ids[name]), true, name);
        assert.equal(json(all, 'credential', 'list').find((row) => row.id === credential).isActive, true);
        for (const copy of [one, all]) isWhole(copy);
    });
    test('a backup of a history that a restore has undone', () => {
        const copy = copyOf(data), later = fresh('later');
        json(copy, 'backup', '--to', later);
        assert.equal(restore(copy, file, '--undo-changes').status, 0);
        const fork = restore(copy, later);
        assert.equal(fork.status, 11);
        assert.equal(fork.told.commonRevision, told.revision, 'where both histories part');
        assert.equal(fork.told.undoes.find((row) => row.action === 'restored').count, 1);
        const { status, told: done } = restore(copy, later, '--undo-changes');
        assert.equal(status, 0);
        isWhole(copy);
        assert.ok(done.restoredRevision > fork.told.presentRevision);
    });
    test('a backup of this very moment undoes nothing and needs no leave', () => {
        const copy = copyOf(data), now = fresh('now');
        json(copy, 'backup', '--to', now);
        const { status, told: done } = restore(copy, now);
        assert.equal(status, 0);
        assert.equal(done.changes, 0);
        assert.equal(done.restoredRevision, told.presentRevision + 1);
        isWhole(copy);
    });
});

describe('restore refuses', () => {
    let data, file;
    before(() => {
        data = fresh(); file = fresh('file');
        init(data);
        json(data, 'key', 'create', '--name', 'one');
        json(data, 'backup', '--to', file);
    });
    test('while a server runs', async () => {
        const server = await Ward.start({ data });
        const { status, stderr } = restore(data, file);
        assert.equal(status, 5, stderr);
        assert.match(stderr, /pid \d+/);
        await server.stop();
    });
    test('an altered byte anywhere, a cut, an addition, a file that is no backup', () => {
        const whole = readFileSync(file), altered = fresh('altered');
        const was = revision(data);
        const places = new Set([0, 1, 18, 100, 4096, whole.length - 1, ...Array.from({ length: 12 }, (_, i) => whole.length - 1 - i * 43), ...Array.from({ length: 12 }, () => Math.floor(random() * whole.length))]);
        for (const place of places) {
            const bytes = Buffer.from(whole);
            bytes[place] ^= 1 << Math.floor(random() * 8);
            writeFileSync(altered, bytes);
            const { status, stderr } = restore(data, altered, '--undo-changes', '--without-comparison');
            assert.equal(status, 9, `byte ${place}: ${stderr}`);
        }
        for (const bytes of [whole.subarray(0, -1), whole.subarray(1), Buffer.concat([whole, Buffer.from('\n')]), Buffer.alloc(0), Buffer.from('no backup'), whole.subarray(-600)]) {
            writeFileSync(altered, bytes);
            assert.equal(restore(data, altered, '--undo-changes', '--without-comparison').status, 9);
        }
        assert.equal(restore(data, fresh('missing')).status, 2);
        assert.equal(revision(data), was);
        assert.deepEqual(leftovers(data), []);
    });
    test('another root key, and the backup of another store', () => {
        const other = fresh();
        init(other);
        const mismatch = restore(other, file, '--undo-changes', '--without-comparison');
        assert.equal(mismatch.status, 6, mismatch.stderr);
        assert.match(mismatch.stderr, /root key/);
        const keyless = fresh();
        mkdirSync(keyless, { mode: 0o700 });
        const none = restore(keyless, file, '--without-comparison');
        assert.equal(none.status, 4);
        assert.match(none.stderr, /root\.key/);
        unlinkSync(join(other, 'ward.db'));
        copyFileSync(join(data, 'root.key'), join(other, 'root.key'));
        init(other); // the same root key, another store
        const foreign = restore(other, file, '--undo-changes');
        assert.equal(foreign.status, 11, foreign.stderr);
        assert.match(foreign.stderr, /not the one that the backup was made of/);
    });
    test('a log that was left without its store is put aside: SQLite would play it into the new one', async () => {
        const copy = copyOf(data);
        const server = await Ward.start({ data: copy });
        for (let i = 0; i < 20; i++) json(copy, 'key', 'create', '--name', 'in the log only');
        const log = readFileSync(join(copy, 'ward.db-wal'));
        assert.ok(log.length > 40_000);
        await server.kill('SIGKILL');
        unlinkSync(join(copy, 'ward.db'));
        const { status, stderr, told } = restore(copy, file, '--without-comparison');
        assert.equal(status, 0, stderr);
        assert.ok(!existsSync(join(copy, 'ward.db-wal')));
        assert.deepEqual(readFileSync(join(copy, `ward.db.before-restore-${told.restoredRevision}-wal`)), log);
        isWhole(copy);
        assert.equal(json(copy, 'key', 'list').length, 1);
        assert.ok(told.restoredRevision > told.revision + 1_000_000 + 20, 'the table knew how far it had come at least');
    });
    test('a present store that is missing or damaged, unless --without-comparison', () => {
        const missing = copyOf(data), damaged = copyOf(data);
        unlinkSync(join(missing, 'ward.db'));
        const told = restore(missing, file);
        assert.equal(told.status, 11);
        assert.match(told.stderr, /--without-comparison/);
        const found = restore(missing, file, '--without-comparison');
        assert.equal(found.status, 0, found.stderr);
        assert.equal(found.told.putAside, null);
        assert.ok(found.told.restoredRevision > found.told.revision + 1_000_000, 'nobody knows how far it had come');
        isWhole(missing);

        writeFileSync(join(damaged, 'ward.db'), Buffer.alloc(40_960, 0x5a));
        assert.equal(restore(damaged, file, '--undo-changes').status, 11);
        assert.equal(readFileSync(join(damaged, 'ward.db'))[0], 0x5a);
        const { status, stderr, told: done } = restore(damaged, file, '--without-comparison');
        assert.equal(status, 0, stderr);
        assert.equal(readFileSync(done.putAside)[0], 0x5a);
        isWhole(damaged);
    });
    test('a cut-off exchange is told by every command, and the next restore ends it', () => {
        const cut = copyOf(data);
        renameSync(join(cut, 'ward.db'), join(cut, 'ward.db.before-restore-9'));
        for (const command of ['serve', 'init', 'status', 'check']) {
            const { status, stderr } = ward(command, '--data', cut);
            assert.equal(status, 9, `${command}: ${stderr}`);
            assert.match(stderr, /ward restore/);
        }
        assert.equal(restore(cut, file, '--without-comparison').status, 0);
        isWhole(cut);
    });
});

/** Run a command and kill it after so many milliseconds; how it ended. */
const cutOff = (args, ms) => new Promise((resolve) => {
    const child = spawn(program, args, { stdio: 'ignore' });
    const timer = setTimeout(() => child.kill('SIGKILL'), ms);
    child.on('exit', (code, signal) => { clearTimeout(timer); resolve({ code, signal }); });
});

describe(`kill -9 (seed ${firstSeed})`, () => {
    const points = Number(process.env.WARD_BACKUP_POINTS ?? 20);
    let data, file, key, span;
    before(async () => {
        data = fresh(); file = fresh('file');
        const credentials = init(data);
        key = credentials.accessKey;
        const server = await Ward.start({ data, credentials });
        const make = async () => { for (let i = 0; i < 60; i++) await server.request('POST', '/api-keys', { key, body: { name: 'n', projectId: credentials.projectId, customMetaData: { text: 'x'.repeat(8000) } } }); };
        await Promise.all(Array.from({ length: 8 }, make));
        const { bytes } = json(data, 'backup', '--to', file);
        assert.ok(bytes > 1_000_000, `${bytes}`);
        await Promise.all(Array.from({ length: 2 }, make));
        const listed = json(data, 'key', 'list');
        for (const { id } of listed.slice(0, 20)) json(data, 'key', 'delete', id);
        await server.stop();
        const copy = copyOf(data), started = Date.now();
        assert.equal(restore(copy, file, '--undo-changes').status, 0);
        span = Date.now() - started;
    });
    test(`the server, at ${points} points during a backup: no half file under its name, the store whole`, async () => {
        let made = 0;
        for (let i = 0; i < points; i++) {
            const server = await Ward.start({ data: copyOf(data), credentials: { accessKey: key } });
            const to = join(server.data, 'out.backup');
            const asked = request({ socketPath: join(server.data, 'ward.sock'), method: 'POST', path: '/v1/backup', body: { to } }).catch(() => undefined);
            await sleep(random() * 40);
            await server.kill('SIGKILL');
            const answer = await asked;
            if (answer) assert.equal(answer.status, 201);
            if (answer || existsSync(to)) {
                made += 1;
                const { status, stderr } = restore(server.data, to);
                assert.equal(status, 0, stderr);
            }
            isWhole(server.data);
            rmSync(server.data, { recursive: true });
        }
        console.log(`# ${made} of ${points} backups had been made`);
    });
    test(`the command, at ${points} points of a restore: the old store or the new one`, async () => {
        const was = revision(data);
        const ended = { old: 0, new: 0 };
        for (let i = 0; i < points; i++) {
            const copy = copyOf(data);
            await cutOff(['restore', '--data', copy, '--from', file, '--undo-changes'], random() * span * 1.1);
            isWhole(copy);
            const now = revision(copy);
            if (now === was) ended.old += 1; else ended.new += 1;
            const active = json(copy, 'key', 'list').filter((row) => row.isActive).length;
            assert.equal(active, now === was ? 600 - 20 : 480 - 20, `revision ${now}`);
            if (now !== was) assert.equal(now, was + 1 + 20, 'restored and each revocation');
            const again = restore(copy, file, '--undo-changes');
            assert.equal(again.status, 0, again.stderr);
            assert.deepEqual(leftovers(copy), []);
            rmSync(copy, { recursive: true });
        }
        console.log(`# old ${ended.old}, new ${ended.new}`);
    });
});
