// The disk is full (a small tmpfs): writes answer 503, verification goes on, and when there is room again the
// server works without restart.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync, closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { Faults, codes } from '../support/faults.mjs';
import { Ward, init, makeDirectory, program, until } from '../support/ward.mjs';
import { Ledger, ask, bulky, randomOf, say, serveArgs, storeFailed, whole } from './common.mjs';

/** A small file system of our own. Null where nobody may mount one. */
function mountSmall(at, megabytes) {
    mkdirSync(at);
    if (process.env.WARD_FAULTS_MOUNT === 'no') return null;
    return spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0700`, 'tmpfs', at]).status === 0 ? new SmallDisk(at) : null;
}

class SmallDisk {
    constructor(at) { Object.assign(this, { at, filler: join(at, 'filler'), options: {} }); }

    /** Take all the room there is. */
    fill() {
        const fd = openSync(this.filler, 'w');
        try {
            for (const size of [1 << 16, 4096, 512]) for (;;) writeSync(fd, Buffer.alloc(size));
        } catch (error) {
            if (error.code !== 'ENOSPC') throw error;
        } finally {
            closeSync(fd);
        }
    }

    free() { rmSync(this.filler); }
    close() { execFileSync('umount', [this.at]); }
}

/** Without root: every call of the program that needs room finds none. No file system is full, so this is said aloud. */
class PlayedDisk {
    constructor(root, at) {
        this.faults = new Faults(join(root, 'faults'));
        Object.assign(this, { at, options: { faults: this.faults } });
    }

    fill() {
        const full = { storeWrite: codes.SQLITE_FULL, logWrite: codes.SQLITE_FULL, allocateFile: codes.ENOSPC };
        for (const [kind, code] of Object.entries(full)) this.faults.failNth(kind, 1, { code, count: 2 ** 40 });
    }

    free() { this.faults.lift(); }
    close() { this.faults.close(); }
}

/** A start finds no room for its table: it says so, and does not die of it; then it has room. */
async function startWithoutRoom(ward, disk) {
    await ward.kill('SIGTERM');
    rmSync(join(ward.data, 'table'), { force: true });
    disk.free();
    disk.fill();
    await ward.spawn().then(() => {}, () => {
        assert.deepEqual([ward.child.exitCode, ward.child.signalCode], [10, null], ward.log.slice(-4).join('\n'));
    });
    await ward.kill('SIGKILL');
    disk.free();
    await ward.spawn();
}

test('a full disk refuses writes, leaves verification alone, and heals without restart', { timeout: 300_000 }, async (t) => {
    const root = makeDirectory();
    const mount = join(root, 'small');
    const disk = mountSmall(mount, 32) ?? new PlayedDisk(root, mount);
    const isPlayed = disk instanceof PlayedDisk;
    if (isPlayed) t.diagnostic('NO SMALL FILE SYSTEM: cannot mount a tmpfs here (not root?); the program is told that there is no room instead');
    const random = randomOf('disk');
    const rounds = whole ? 20 : 2;
    let refused = 0, verified = 0;
    let ward;
    try {
        for (let round = 0; round < rounds; round++) {
            const data = join(mount, `data-${round}`);
            ward = await Ward.start({ data, credentials: init(data), args: serveArgs, ...disk.options });
            const ledger = new Ledger(ward);
            for (let i = 0; i < 5; i++) await ledger.create();
            await ledger.remove([...ledger.live].at(-1));
            // The log has its length: writes have room there when the disk is full, and it is the table that finds none.
            for (let i = 0; i < (round % 2 ? 0 : 200); i++) await ledger.update([...ledger.live][0], { name: 'long', customMetaData: bulky(random, 8192) });
            disk.fill();
            const before = ledger.counts.faults;
            for (let i = 0; i < 400 && ledger.counts.faults < before + 20; i++) {
                await ledger.create({ customMetaData: bulky(random, 4096) });
                await ledger.verify([...ledger.live][0], { mustAnswer: true });
                verified += 3;
            }
            assert.ok(ledger.counts.faults > before, 'the disk was not full');
            // One that is smaller, or a file given up meanwhile, may leave room for the next: but no other refusal comes.
            assert.deepEqual([...ledger.faults], [503], 'a write without room is refused with 503');
            refused += ledger.counts.faults - before;
            await ledger.verifyAll({ mustAnswer: true });
            assert.equal(await storeFailed(ward), false, 'a full disk is no failed store');
            if (round % 4 === 3) await startWithoutRoom(ward, disk);
            else disk.free();
            await until(async () => (await ledger.create()) !== null, 'writes are taken again when there is room');
            await ledger.verifyAll({ mustAnswer: true });
            await ward.kill('SIGTERM');
            const check = spawnSync(program, ['check', '--data', data]);
            assert.equal(check.status, 0, String(check.stderr));
            rmSync(data, { recursive: true });
        }
        say(`disk: ${rounds} times ${isPlayed ? 'PLAYED full (nothing could be mounted)' : 'full (tmpfs of 32 MiB)'}, ${refused} writes refused, ${verified} verifications right meanwhile, no restart`);
    } finally {
        await ward?.kill('SIGKILL');
        disk.close();
        rmSync(root, { recursive: true, force: true });
    }
});

test('SQLite is told that the disk is full: the write is refused, the store goes on', { timeout: 120_000 }, async () => {
    const root = makeDirectory();
    const data = join(root, 'data');
    const faults = new Faults(join(root, 'faults'));
    const ward = await Ward.start({ data, faults, credentials: init(data), args: serveArgs });
    try {
        const ledger = new Ledger(ward);
        const value = await ledger.create();
        let refused = 0;
        for (let n = 1; n <= (whole ? 40 : 8); n++) {
            faults.failNth('logWrite', n, { code: codes.SQLITE_FULL, count: 1000 });
            const answer = await ask(ward, 'POST', '/api-keys', { body: { name: 'n', projectId: ward.credentials.projectId } });
            if (faults.hits('logWrite') > 0) assert.equal(answer.status, 503, answer.text);
            refused += answer.status === 503;
            await ledger.verify(value, { mustAnswer: true });
            faults.lift();
            assert.equal(await storeFailed(ward), false);
            assert.ok(await ledger.create());
        }
        assert.ok(refused > 0, 'no write met a full disk');
        say(`disk: SQLite told so, ${refused} writes refused, the store went on`);
    } finally {
        await ward.kill('SIGTERM');
        rmSync(root, { recursive: true, force: true });
    }
});
